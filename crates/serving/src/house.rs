//! A data plane for tests: fakes in a chain, a clock that stands still, a journal in memory, and a challenger that may
//! be put on trial.

use crate::answer::Answer;
use crate::engine::{Engine, Refusal, Request, Settings};
use crate::faults::{Fake, Fault, ManualClock, Switch, rows};
use crate::link::{Limits, Link};
use crate::trial::{Rules, Setup, Trial};
use crate::twin::Twin;
use crate::{Clock, Floor, Snapshot};
use domain::experiment::{Phase, Step};
use domain::{Arm, ExperimentId, OutputKind, Prediction, ServedBy, Timestamp, VersionId};
use std::sync::Arc;
use std::time::Duration;
use store::{Entry, Journal};

pub const DEADLINE: Duration = Duration::from_millis(80);

/// A canary in which half of the units that take part, which are two fifths, see the challenger.
pub const CANARY: Phase = Phase { step: Step::Canary, treatment: 0.2 };

pub struct House {
    pub engine: Arc<Engine>,
    pub clock: Arc<ManualClock>,
    pub journal: Arc<Twin>,
    /// One for each link of the chain, and then those of the challengers.
    pub switches: Vec<Arc<Switch>>,
}

/// Links `v0`, `v1`, ... that answer `x + 1`, `x + 2`, ... over a floor that answers -1.
pub fn house(faults: &[Fault]) -> House {
    let (clock, journal) = (Arc::new(ManualClock::default()), Arc::new(Twin::default()));
    let settings = Settings { max_in_flight: 4, ..Settings::default() };
    let engine = Engine::start(settings, Arc::clone(&journal) as _, Arc::clone(&clock) as _);
    let engine = Arc::new(engine.expect("threads to spare"));
    let fakes = faults.iter().enumerate().map(|(i, fault)| Fake::answering(i as f64 + 1.0).with(*fault));
    let fakes: Vec<Fake> = fakes.collect();
    let switches = fakes.iter().map(Fake::switch).collect();
    let links = fakes.into_iter().enumerate();
    let chain = links.map(|(i, fake)| Arc::new(fake.link(&format!("v{i}"), limits()))).collect();
    engine.deploy(Snapshot::new("fake", chain, floor(), DEADLINE).expect("alike"));
    House { engine, clock, journal, switches }
}

pub fn limits() -> Limits {
    Limits { threads: 1, plausible: Some((-100.0, 100.0)), ..Limits::default() }
}

pub fn floor() -> Floor {
    Floor::new(OutputKind::Value, vec![-1.0]).expect("one number")
}

pub fn experiment() -> ExperimentId {
    ExperimentId("1-v0-c".into())
}

/// What the trials of these tests go by.
pub fn rules() -> Rules {
    Rules {
        unit_column: Some("who".into()),
        slo: DEADLINE,
        patience: None,
        shadow_permits: 2,
        errors: 0.01,
        slow: 0.01,
        harm_alpha: 0.01,
    }
}

/// The first units that fall into an arm, or into none, in a phase.
pub fn units(phase: Phase, arm: Option<Arm>, count: usize) -> Vec<String> {
    let is = |unit: &String| phase.allocation().assign(&experiment(), unit).map(|a| a.arm) == arm;
    (0..).map(|i| format!("u{i}")).filter(is).take(count).collect()
}

pub async fn predict(engine: &Engine, request: Request) -> Result<Answer, Refusal> {
    let snapshot = engine.snapshot()?;
    engine.predict(&snapshot, request).await
}

/// Who answered all rows.
pub fn who(answer: &Answer) -> ServedBy {
    let [part] = answer.parts.as_slice() else { panic!("{:?} are not one part", answer.parts) };
    part.served_by.clone()
}

pub fn fallback(version: &str, why: &str) -> ServedBy {
    ServedBy::Fallback { version: VersionId(version.into()), why: why.into() }
}

impl House {
    pub fn request(&self, x: &[f64]) -> Request {
        Request { rows: rows(x), version: None, units: vec![], arrived: self.clock.monotonic() }
    }

    /// One row for each unit; the rows are 0, 1, 2, ...
    pub fn request_of(&self, units: &[String]) -> Request {
        let x: Vec<f64> = (0..units.len()).map(|i| i as f64).collect();
        Request { units: units.iter().cloned().map(Some).collect(), ..self.request(&x) }
    }

    pub async fn predict(&self, request: Request) -> Result<Answer, Refusal> {
        predict(&self.engine, request).await
    }

    pub async fn ask(&self, x: &[f64]) -> Answer {
        self.predict(self.request(x)).await.expect("every fitting request is answered")
    }

    pub async fn ask_for(&self, units: &[String]) -> Answer {
        self.predict(self.request_of(units)).await.expect("every fitting request is answered")
    }

    /// Asks once while the first link hangs, and lets the deadline of that link pass.
    pub async fn ask_a_hanging_link(&self) -> Answer {
        let (engine, request) = (Arc::clone(&self.engine), self.request(&[1.0]));
        let asked = tokio::spawn(async move { predict(&engine, request).await });
        self.switches[0].hanging(1).await;
        self.clock.advance(DEADLINE.mul_f64(0.875));
        asked.await.expect("no panic").expect("answered")
    }

    /// Puts a challenger `c` that answers `x + 10` on trial, before the chain that serves.
    pub fn try_out(&mut self, phase: Phase, fault: Fault) {
        let fake = Fake::answering(10.0).with(fault);
        self.switches.push(fake.switch());
        self.try_link(phase, Arc::new(fake.link("c", limits())), rules());
    }

    /// The same with a link that is loaded already.
    pub fn try_link(&self, phase: Phase, challenger: Arc<Link>, rules: Rules) {
        self.deploy(experiment(), phase, challenger, rules);
    }

    /// The same as an experiment of another name.
    pub fn deploy(&self, experiment: ExperimentId, phase: Phase, challenger: Arc<Link>, rules: Rules) {
        let control = self.engine.snapshot().expect("deployed").chain().to_vec();
        let treatment = [&[challenger][..], &control].concat();
        let setup = Setup { experiment, phase, control: control.clone(), treatment, rules };
        let snapshot = Snapshot::new("fake", control, floor(), DEADLINE).expect("alike");
        self.engine.deploy(snapshot.with_trial(Trial::new(setup)).expect("alike"));
    }

    /// What was logged, in the order of the ids.
    pub async fn logged(&self) -> Vec<Prediction> {
        self.engine.drain().await;
        let mut logged = Vec::new();
        let all = self.journal.scan(Timestamp(i64::MIN), Timestamp(i64::MAX), &mut |entry| {
            logged.extend(match entry {
                Entry::Prediction(prediction) => Some(prediction),
                Entry::Outcome(_) | Entry::Shadow(_) => None,
            });
        });
        all.expect("memory is readable");
        logged
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.switches.iter().for_each(|switch| switch.release());
    }
}
