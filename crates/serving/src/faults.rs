//! Models that misbehave on request, a clock that waits to be told, a journal that fails: for tests of the
//! data plane, here and wherever the feature `faults` is on. Never part of a served build.

use crate::clock::{Clock, Sleep};
use crate::link::{Limits, Link};
use domain::{
    Column, Domain, Field, Kind, OutputKind, Outputs, Schema, Signature, Table, Task, Timestamp, Values,
    VersionId,
};
use models::{Predict, PredictError};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// What a [`Fake`] does when it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Answers.
    None,
    /// Returns an error.
    Error,
    /// Panics.
    Panic,
    /// Answers NaN.
    Nan,
    /// Answers one number too many.
    Width,
    /// Answers another kind of output.
    Kind,
    /// Does not return until [`Switch::release`] is called.
    Hang,
}

/// A model of one column `x` that answers `x + offset`.
pub struct Fake {
    signature: Signature,
    offset: f64,
    switch: Arc<Switch>,
}

/// A model that answers by a function of the rows, for signatures that a [`Fake`] does not have.
pub struct Rule {
    signature: Signature,
    answer: Box<Answers>,
}

type Answers = dyn Fn(&Table) -> Vec<f64> + Send + Sync;

/// Sets a [`Fake`]'s fault while it runs, and lets those that hang go on.
pub struct Switch {
    fault: Mutex<Fault>,
    changed: Condvar,
    hanging: watch::Sender<usize>,
}

/// A clock that stands still until it is told to go on.
pub struct ManualClock {
    now: watch::Sender<Duration>,
}

impl Fake {
    /// A model that answers `x + offset` and has no fault.
    pub fn answering(offset: f64) -> Fake {
        let switch =
            Switch { fault: Mutex::new(Fault::None), changed: Condvar::new(), hanging: watch::channel(0).0 };
        Fake { signature: signature(), offset, switch: Arc::new(switch) }
    }

    /// The same with this fault.
    pub fn with(self, fault: Fault) -> Fake {
        self.switch.set(fault);
        self
    }

    /// What sets the fault later.
    pub fn switch(&self) -> Arc<Switch> {
        Arc::clone(&self.switch)
    }

    /// The model as a link.
    pub fn link(self, version: &str, limits: Limits) -> Link {
        let link = Link::start(VersionId(version.into()), Arc::new(self), limits);
        link.expect("the machine has threads to spare")
    }
}

impl Predict for Fake {
    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn predict(&self, rows: &Table) -> Result<Outputs, PredictError> {
        let kind = OutputKind::Value;
        let values = match rows.column("x").map(|c| &c.values) {
            Some(Values::Number(x)) => x.iter().map(|x| x + self.offset).collect(),
            _ => vec![],
        };
        match self.switch.wait_while_hanging() {
            Fault::Error => Err(PredictError::Graph { node: "fake".into(), why: "told to fail".into() }),
            Fault::Panic => panic!("told to panic"),
            Fault::Nan => Ok(Outputs { kind, values: vec![f64::NAN; values.len()] }),
            Fault::Width => Ok(Outputs { kind, values: [values, vec![0.0]].concat() }),
            Fault::Kind => Ok(Outputs { kind: OutputKind::Path { horizon: 1 }, values }),
            Fault::None | Fault::Hang => Ok(Outputs { kind, values }),
        }
    }
}

impl Rule {
    /// A model of this signature; `answer` gives the numbers of all rows.
    pub fn new(signature: Signature, answer: impl Fn(&Table) -> Vec<f64> + Send + Sync + 'static) -> Rule {
        Rule { signature, answer: Box::new(answer) }
    }

    /// The model as a link.
    pub fn link(self, version: &str) -> Link {
        let link = Link::start(VersionId(version.into()), Arc::new(self), Limits::default());
        link.expect("the machine has threads to spare")
    }
}

impl Predict for Rule {
    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn predict(&self, rows: &Table) -> Result<Outputs, PredictError> {
        Ok(Outputs { kind: self.signature.output.clone(), values: (self.answer)(rows) })
    }
}

impl Switch {
    /// From now on, what the model does; calls that hang go on.
    pub fn set(&self, fault: Fault) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
        self.changed.notify_all();
    }

    /// Ends every hang.
    pub fn release(&self) {
        self.set(Fault::None);
    }

    /// Ends when `count` calls hang.
    pub async fn hanging(&self, count: usize) {
        let mut hanging = self.hanging.subscribe();
        hanging.wait_for(|now| *now >= count).await.expect("the switch holds the sender");
    }

    fn wait_while_hanging(&self) -> Fault {
        let mut fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        if *fault == Fault::Hang {
            self.hanging.send_modify(|count| *count += 1);
            while *fault == Fault::Hang {
                fault = self.changed.wait(fault).unwrap_or_else(PoisonError::into_inner);
            }
            self.hanging.send_modify(|count| *count -= 1);
        }
        *fault
    }
}

impl Default for ManualClock {
    fn default() -> ManualClock {
        ManualClock { now: watch::channel(Duration::ZERO).0 }
    }
}

impl ManualClock {
    /// Goes on by this much, and wakes who waits for a time up to then.
    pub fn advance(&self, by: Duration) {
        self.now.send_modify(|now| *now += by);
    }

    /// Ends when `count` tasks wait for a time, so that none of them starts to wait after the next advance.
    pub async fn sleeping(&self, count: usize) {
        while self.now.receiver_count() < count {
            tokio::task::yield_now().await;
        }
    }
}

impl Clock for ManualClock {
    fn wall(&self) -> Timestamp {
        Timestamp(i64::try_from(self.monotonic().as_micros()).unwrap_or(i64::MAX))
    }

    fn monotonic(&self) -> Duration {
        *self.now.borrow()
    }

    fn sleep_until(&self, at: Duration) -> Sleep {
        let mut now = self.now.subscribe();
        Box::pin(async move {
            // an error means that the clock is gone; then nobody is left to be woken
            let _ = now.wait_for(|now| *now >= at).await;
        })
    }
}

/// The signature of a [`Fake`]: one number `x` from 0 to 10, one value.
pub fn signature() -> Signature {
    let domain = Domain::Range { min: 0.0, max: 10.0 };
    let field = Field { name: "x".into(), kind: Kind::Number, nullable: false, domain };
    Signature { task: Task::Regression, inputs: Schema { fields: vec![field] }, output: OutputKind::Value }
}

/// Rows for a [`Fake`].
pub fn rows(x: &[f64]) -> Table {
    let column = Column { name: "x".into(), values: Values::Number(x.to_vec()) };
    Table::new(vec![column]).expect("one column is a table")
}
