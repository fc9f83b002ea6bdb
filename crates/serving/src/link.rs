//! One loaded version: its threads, its breaker, and what it is held to.
//!
//! A link outlives the snapshots that it stands in, and carries its history from one to the next. Invariant: a call
//! that was let through is settled once or cancelled, so that the breaker and the counts agree with what happened.

use crate::breaker::{self, Breaker, Pass, State};
use crate::counters::Histogram;
use crate::failure::{Failure, Reason};
use crate::lane::{Lane, Reply};
use crate::output::Plausible;
use domain::{Signature, Table, VersionId};
use models::Predict;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{io, thread};
use tokio::sync::oneshot;

/// A loaded version with its threads and its breaker. Reuse it over snapshots: it carries its history.
pub struct Link {
    version: VersionId,
    signature: Signature,
    limits: Limits,
    lane: Lane,
    breaker: Mutex<Breaker>,
    took: Histogram,
    answered: AtomicU64,
    failed: AtomicU64,
    late: AtomicU64,
}

/// What a link is held to.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Compute threads of its own; at least one.
    pub threads: usize,
    /// The longest that one call may take, besides the request's deadline: twice the p99 is a good value.
    pub patience: Option<Duration>,
    /// Numbers outside are taken for a fault; probabilities are not affected.
    pub plausible: Option<Plausible>,
    /// The share of a row's columns that may be unlike the training data, 0 to 1. Beyond it the row is left to
    /// the link behind, if there is one; 1 leaves none.
    pub out_of_domain: f64,
    /// When its breaker opens.
    pub breaker: breaker::Settings,
}

/// A call that the breaker let through. Dropping it unsettled tells the breaker nothing.
pub(crate) struct Call<'a> {
    link: &'a Link,
    pass: Option<Pass>,
    start: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        let threads = thread::available_parallelism().map_or(2, |n| n.get().max(2));
        let breaker = breaker::Settings::default();
        Limits { threads, patience: None, plausible: None, out_of_domain: 0.05, breaker }
    }
}

impl Link {
    /// Starts the version's threads.
    pub fn start(version: VersionId, model: Arc<dyn Predict>, limits: Limits) -> io::Result<Link> {
        let signature = model.signature().clone();
        let lane = Lane::start(&version, model, limits.threads)?;
        let breaker = Mutex::new(Breaker::new(limits.breaker));
        let (answered, failed, late) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
        let took = Histogram::default();
        Ok(Link { version, signature, limits, lane, breaker, took, answered, failed, late })
    }

    /// Which version.
    pub fn version(&self) -> &VersionId {
        &self.version
    }

    /// What it takes and answers.
    pub fn signature(&self) -> &Signature {
        &self.signature
    }

    /// Rows that it answered.
    pub fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    /// How long its calls took, failed ones included.
    pub fn took(&self) -> &Histogram {
        &self.took
    }

    /// Calls that failed or were late, and all calls.
    pub fn calls(&self) -> (u64, u64) {
        // read in this order: a call counts as made before it counts as failed
        let failed = self.failed.load(Ordering::Acquire);
        (failed, self.took.count())
    }

    /// Calls that missed their deadline.
    pub fn late(&self) -> u64 {
        self.late.load(Ordering::Relaxed)
    }

    /// Late calls that have still not come back: threads that may be hung.
    pub fn overdue(&self) -> u64 {
        self.late().saturating_sub(self.lane.abandoned())
    }

    /// The breaker's state at `now` and how often it opened.
    pub fn breaker(&self, now: Duration) -> (State, u64) {
        let breaker = self.lock();
        (breaker.state(now), breaker.openings())
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(crate) fn enter(&self, now: Duration) -> Result<Call<'_>, Failure> {
        match self.lock().enter(now) {
            Some(pass) => Ok(Call { link: self, pass: Some(pass), start: now }),
            None => Err(Failure::new(Reason::Breaker, "too many of its last calls failed")),
        }
    }

    pub(crate) fn submit(&self, rows: Arc<Table>) -> Result<oneshot::Receiver<Reply>, Failure> {
        self.lane.submit(rows)
    }

    pub(crate) fn count_answered(&self, rows: usize) {
        self.answered.fetch_add(rows as u64, Ordering::Relaxed);
    }

    pub(crate) fn count_late(&self) {
        self.late.fetch_add(1, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Call<'_> {
    pub(crate) fn settle(mut self, now: Duration, ok: bool) {
        if let Some(pass) = self.pass.take() {
            self.link.lock().settle(pass, now, ok);
            self.link.took.observe(now.saturating_sub(self.start));
            self.link.failed.fetch_add(u64::from(!ok), Ordering::Release);
        }
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        if let Some(pass) = self.pass.take() {
            self.link.lock().cancel(pass);
        }
    }
}
