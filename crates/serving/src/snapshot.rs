//! What serves: one immutable picture of the intended version, the chain behind it and the floor.
//!
//! A request takes one `Arc` of it and keeps that to its end, so a swap neither waits for a request nor
//! disturbs one. Invariant: every link and the floor answer the same kind of output, so that a caller
//! cannot tell from the answer's shape who gave it.

use crate::breaker::{self, Breaker, Pass, State};
use crate::engine::Refusal;
use crate::failure::{Failure, Reason};
use crate::floor::Floor;
use crate::lane::{Lane, Reply};
use crate::output::{Plausible, describe};
use domain::{OutputKind, Signature, Table, VersionId};
use models::Predict;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{io, thread};
use thiserror::Error;
use tokio::sync::oneshot;

/// The share of the deadline that is kept for each link behind the one that is tried...
const RESERVE: f64 = 0.125;
/// ...and the most that is kept for all of them.
const MOST_RESERVED: f64 = 0.5;

/// A loaded version with its threads and its breaker. Reuse it over snapshots: it carries its history.
pub struct Link {
    version: VersionId,
    signature: Signature,
    limits: Limits,
    lane: Lane,
    breaker: Mutex<Breaker>,
    answered: AtomicU64,
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
    /// When its breaker opens.
    pub breaker: breaker::Settings,
}

/// What serves.
pub struct Snapshot {
    model: String,
    chain: Vec<Arc<Link>>,
    floor: Floor,
    deadline: Duration,
}

/// Why links did not make a snapshot.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum SnapshotError {
    /// There is nothing to serve.
    #[error("nothing to serve: the chain has no version")]
    Empty,
    /// A link or the floor answers something else than the first link.
    #[error("{who} answers {found}, expected {expected} like the intended version")]
    Disagrees {
        /// The version, or `the floor`.
        who: String,
        /// What it answers.
        found: String,
        /// What the intended version answers.
        expected: String,
    },
    /// No time to answer in.
    #[error("the deadline is zero")]
    NoTime,
}

/// A call that the breaker let through. Dropping it unsettled tells the breaker nothing.
pub(crate) struct Call<'a> {
    link: &'a Link,
    pass: Option<Pass>,
}

impl Default for Limits {
    fn default() -> Limits {
        let threads = thread::available_parallelism().map_or(2, |n| n.get().max(2));
        Limits { threads, patience: None, plausible: None, breaker: breaker::Settings::default() }
    }
}

impl Link {
    /// Starts the version's threads.
    pub fn start(version: VersionId, model: Arc<dyn Predict>, limits: Limits) -> io::Result<Link> {
        let signature = model.signature().clone();
        let lane = Lane::start(&version, model, limits.threads)?;
        let breaker = Mutex::new(Breaker::new(limits.breaker));
        let (answered, late) = (AtomicU64::new(0), AtomicU64::new(0));
        Ok(Link { version, signature, limits, lane, breaker, answered, late })
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
            Some(pass) => Ok(Call { link: self, pass: Some(pass) }),
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

impl Snapshot {
    /// The intended version first, then what to fall back on, and the floor under them. Every request is
    /// answered within `deadline` of its arrival.
    pub fn new(
        model: impl Into<String>,
        chain: Vec<Arc<Link>>,
        floor: Floor,
        deadline: Duration,
    ) -> Result<Snapshot, SnapshotError> {
        let first = chain.first().ok_or(SnapshotError::Empty)?;
        let expected = &first.signature.output;
        for link in &chain {
            agree(link.version.short(), &link.signature.output, expected)?;
        }
        agree("the floor", floor.kind(), expected)?;
        if deadline.is_zero() {
            return Err(SnapshotError::NoTime);
        }
        Ok(Snapshot { model: model.into(), chain, floor, deadline })
    }

    /// The model's name, as in the plan.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// The version that requests are meant for.
    pub fn intended(&self) -> &Arc<Link> {
        self.chain.first().expect("a snapshot is only made of a chain that has a version")
    }

    /// All links, the intended version first.
    pub fn chain(&self) -> &[Arc<Link>] {
        &self.chain
    }

    /// The constant answer under the chain.
    pub fn floor(&self) -> &Floor {
        &self.floor
    }

    /// From a request's arrival to its answer, at most.
    pub fn deadline(&self) -> Duration {
        self.deadline
    }

    /// The part of the chain that starts at a version, named by its hash or the hash's first digits
    /// (8 or more); all of it where no version is named. It is never empty.
    pub fn chain_for(&self, name: Option<&str>) -> Result<&[Arc<Link>], Refusal> {
        let Some(name) = name else { return Ok(&self.chain) };
        let named = |link: &Arc<Link>| {
            link.version.0 == name || (name.len() >= 8 && link.version.0.starts_with(name))
        };
        let place = self.chain.iter().position(named);
        place.map(|place| &self.chain[place..]).ok_or_else(|| Refusal::UnknownVersion(name.into()))
    }

    /// Until when the link may be waited for that is called at `now` with `behind` links behind it, in a
    /// request that arrived at `arrived`.
    pub(crate) fn until(&self, link: &Link, behind: usize, arrived: Duration, now: Duration) -> Duration {
        let reserved = (behind as f64 * RESERVE).min(MOST_RESERVED);
        let until = arrived + self.deadline.mul_f64(1.0 - reserved);
        link.limits.patience.map_or(until, |patience| until.min(now + patience))
    }
}

fn agree(who: &str, found: &OutputKind, expected: &OutputKind) -> Result<(), SnapshotError> {
    if found == expected {
        return Ok(());
    }
    let name = |kind: &OutputKind| match kind {
        OutputKind::Probabilities { classes } => format!("probabilities of {}", classes.join(", ")),
        other => describe(other),
    };
    Err(SnapshotError::Disagrees { who: who.into(), found: name(found), expected: name(expected) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::{Fake, Fault};

    fn link(name: &str, limits: Limits) -> Arc<Link> {
        Arc::new(Fake::answering(0.5).with(Fault::None).link(name, limits))
    }

    fn floor() -> Floor {
        Floor::ignorant(OutputKind::Value)
    }

    #[test]
    fn every_link_must_answer_alike() {
        let chain = vec![link("a", Limits::default())];
        let floor = Floor::ignorant(OutputKind::Path { horizon: 2 });
        let error = Snapshot::new("m", chain, floor, Duration::from_millis(1)).err();
        let error = error.expect("a path is not a value").to_string();
        assert_eq!(
            error,
            "the floor answers a path of 2 steps, expected one value like the intended version"
        );
        assert_eq!(
            Snapshot::new("m", vec![], self::floor(), Duration::from_millis(1)).err(),
            Some(SnapshotError::Empty)
        );
    }

    #[test]
    fn a_version_is_found_by_its_first_digits() {
        let chain = vec![link("0123456789", Limits::default()), link("abcdefabcdef", Limits::default())];
        let snapshot = Snapshot::new("m", chain, floor(), Duration::from_millis(1)).expect("alike");
        assert_eq!(snapshot.chain_for(Some("abcdefab")).map(<[_]>::len), Ok(1));
        assert_eq!(snapshot.chain_for(Some("0123456789")).map(<[_]>::len), Ok(2));
        assert!(snapshot.chain_for(Some("0123")).is_err(), "too short to be meant");
        assert_eq!(snapshot.chain_for(None).map(<[_]>::len), Ok(2));
    }

    #[test]
    fn each_link_leaves_time_for_those_behind_it() {
        let ms = Duration::from_millis;
        let quick = Limits { patience: Some(ms(10)), ..Limits::default() };
        let chain = vec![link("a", Limits::default()), link("b", quick)];
        let snapshot = Snapshot::new("m", chain, floor(), ms(80)).expect("alike");
        let (a, b) = (&snapshot.chain()[0], &snapshot.chain()[1]);
        assert_eq!(snapshot.until(a, 1, ms(100), ms(100)), ms(170));
        assert_eq!(snapshot.until(a, 9, ms(100), ms(100)), ms(140));
        assert_eq!(snapshot.until(b, 0, ms(100), ms(120)), ms(130));
        assert_eq!(snapshot.until(b, 0, ms(100), ms(175)), ms(180));
    }
}
