//! The data plane as its users hold it: deploy snapshots, ask for predictions, note outcomes.
//!
//! Invariant: a request that fits the signature and got a permit is always answered; only overload, a
//! missing deployment and the caller's own errors are refusals.

use crate::admit::Admission;
use crate::answer::{Answer, merge};
use crate::arms;
use crate::clock::Clock;
use crate::counters::Counters;
use crate::doubt::Unseen;
use crate::link::Link;
use crate::outcome::{Claim, OutcomeError, Outcomes, Receipt};
use crate::predict::Walk;
use crate::record::{Answered, Recorder, WhenFull};
use crate::shadow::Shadow;
use crate::snapshot::Snapshot;
use crate::trial::Trial;
use crate::tripwire::Tripped;
use crate::validate::{InputError, conform};
use arc_swap::ArcSwapOption;
use domain::{PredictionId, ServedBy, Table, Timestamp, VersionId};
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use store::Journal;
use thiserror::Error;

/// How an engine is set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Requests under way at once; one more is refused as overloaded.
    pub max_in_flight: usize,
    /// Rows that may wait for the journal.
    pub queue_rows: usize,
    /// What to do when that many wait.
    pub when_full: WhenFull,
    /// How long after a prediction its outcome may come; without, no outcome is late.
    pub label_window: Option<Duration>,
}

/// Rows to be answered.
#[derive(Debug, Clone)]
pub struct Request {
    /// The raw rows.
    pub rows: Table,
    /// The version asked for, by its hash or first digits; the intended one where not given.
    pub version: Option<String>,
    /// Who each row is about; empty or one entry a row.
    pub units: Vec<Option<String>>,
    /// [`Engine::now`] when the request came in; its deadline counts from here.
    pub arrived: Duration,
}

/// Why a request was not answered.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
pub enum Refusal {
    /// All permits are out.
    #[error("overloaded: {limit} requests are under way; try again")]
    Overloaded {
        /// How many may be.
        limit: usize,
    },
    /// Nothing is deployed yet.
    #[error("nothing is deployed yet")]
    NotReady,
    /// A version that is not in the chain.
    #[error("version `{0}` does not serve here")]
    UnknownVersion(String),
    /// The rows do not fit the signature.
    #[error(transparent)]
    Input(#[from] InputError),
    /// Some rows have a unit and others do not.
    #[error("found {found} units for {rows} rows, expected one a row or none")]
    Units {
        /// The units given.
        found: usize,
        /// The rows given.
        rows: usize,
    },
}

/// The data plane.
pub struct Engine {
    snapshot: ArcSwapOption<Snapshot>,
    admission: Admission,
    recorder: Arc<Recorder>,
    shadow: Shadow,
    outcomes: Outcomes,
    clock: Arc<dyn Clock>,
    counters: Arc<Counters>,
    names: Names,
    /// What [`Engine::take_dropped`] has told of, for either reason.
    reported: Mutex<(u64, u64)>,
    /// What [`Engine::take_openings`] has told of.
    openings: Mutex<HashMap<VersionId, u64>>,
}

/// Gives out prediction names that no other process gives out.
struct Names {
    salt: u32,
    next: AtomicU64,
}

impl Default for Settings {
    fn default() -> Settings {
        let when_full = WhenFull::Wait;
        Settings { max_in_flight: 64, queue_rows: 65_536, when_full, label_window: None }
    }
}

impl Engine {
    /// An engine that writes to this journal and serves nothing yet.
    pub fn start(settings: Settings, journal: Arc<dyn Journal>, clock: Arc<dyn Clock>) -> io::Result<Engine> {
        let counters = Arc::new(Counters::default());
        let (queue, when_full) = (settings.queue_rows, settings.when_full);
        let recorder = Recorder::start(Arc::clone(&journal), queue, when_full, Arc::clone(&counters))?;
        let recorder = Arc::new(recorder);
        Ok(Engine {
            snapshot: ArcSwapOption::empty(),
            admission: Admission::new(settings.max_in_flight),
            shadow: Shadow { recorder: Arc::clone(&recorder), clock: Arc::clone(&clock) },
            recorder,
            outcomes: Outcomes::start(journal, Arc::clone(&counters), settings.label_window)?,
            clock,
            counters,
            names: Names { salt: RandomState::new().hash_one("salt") as u32, next: AtomicU64::new(0) },
            reported: Mutex::new((0, 0)),
            openings: Mutex::default(),
        })
    }

    /// From now on requests are answered by this snapshot; those under way end with theirs. An experiment that
    /// runs already goes on with what was counted of it.
    pub fn deploy(&self, mut snapshot: Snapshot) {
        if let (Some(trial), Some(before)) = (snapshot.trial_mut(), self.trial()) {
            trial.carry_on(&before);
        }
        self.snapshot.store(Some(Arc::new(snapshot)));
    }

    /// What serves.
    pub fn snapshot(&self) -> Result<Arc<Snapshot>, Refusal> {
        self.snapshot.load_full().ok_or(Refusal::NotReady)
    }

    /// The loaded link of a version, to be used again in the next snapshot.
    pub fn link(&self, version: &VersionId) -> Option<Arc<Link>> {
        let snapshot = self.snapshot().ok()?;
        snapshot.links().find(|link| link.version() == version).cloned()
    }

    /// The experiment that runs, if one does.
    pub fn trial(&self) -> Option<Arc<Trial>> {
        self.snapshot().ok()?.trial().cloned()
    }

    /// The harm that stopped the challenger of the running experiment, if any did.
    pub fn tripped(&self) -> Option<Tripped> {
        self.trial()?.tripped()
    }

    /// How often breakers opened since this was last asked, by version, for `BreakerOpened` events.
    pub fn take_openings(&self) -> Vec<(VersionId, u64)> {
        let Ok(snapshot) = self.snapshot() else { return Vec::new() };
        let now = self.clock.monotonic();
        let mut reported = self.openings.lock().unwrap_or_else(PoisonError::into_inner);
        let mut news = Vec::new();
        for link in snapshot.links() {
            let openings = link.breaker(now).1;
            let before = reported.insert(link.version().clone(), openings).unwrap_or(0);
            // a version that was loaded anew counts from nothing
            let fresh = if openings < before { openings } else { openings - before };
            if fresh > 0 {
                news.push((link.version().clone(), fresh));
            }
        }
        news
    }

    /// Answers a request from the snapshot that it was read by: whoever decodes rows needs a signature
    /// first, and a swap in between must not change what they mean.
    pub async fn predict(&self, snapshot: &Snapshot, request: Request) -> Result<Answer, Refusal> {
        let Some(_permit) = self.admission.enter() else {
            self.counters.overloaded.add(1);
            return Err(Refusal::Overloaded { limit: self.admission.limit() });
        };
        let answered = self.answer(snapshot, request).await;
        if let Err(Refusal::Input(_) | Refusal::Units { .. }) = answered {
            self.counters.invalid.add(1);
        }
        answered
    }

    /// Records what turned out to be true: one answer a claim; all are durable or none.
    pub async fn note(&self, claims: Vec<Claim>) -> Result<Vec<Receipt>, OutcomeError> {
        self.outcomes.note(claims, self.clock.wall(), &self.recorder).await
    }

    /// Ends when every answer given so far is durable or counted as lost.
    pub async fn drain(&self) {
        self.recorder.flush().await;
    }

    /// The monotonic time, for [`Request::arrived`].
    pub fn now(&self) -> Duration {
        self.clock.monotonic()
    }

    /// The time of day.
    pub fn wall(&self) -> Timestamp {
        self.clock.wall()
    }

    /// What was counted so far.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Requests under way.
    pub fn in_flight(&self) -> usize {
        self.admission.in_flight()
    }

    /// Rows that wait for the journal.
    pub fn queue_depth(&self) -> usize {
        self.recorder.depth()
    }

    /// Why the journal cannot be written, while it cannot.
    pub fn complaint(&self) -> Option<String> {
        self.recorder.complaint()
    }

    /// Predictions lost to the log since this was last asked, and why: for a `Dropped` event.
    pub fn take_dropped(&self) -> Option<(u64, String)> {
        let (full, failed) = (self.counters.dropped_full.get(), self.counters.dropped_failed.get());
        let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        let (full_before, failed_before) = std::mem::replace(&mut *reported, (full, failed));
        let (full, failed) = (full - full_before, failed - failed_before);
        let error = || self.recorder.last_error().unwrap_or_default();
        let why = match (full, failed) {
            (0, 0) => return None,
            (_, 0) => "the queue was full".into(),
            (0, _) => error(),
            _ => format!("{full}: the queue was full; {failed}: {}", error()),
        };
        Some((full + failed, why))
    }

    async fn answer(&self, snapshot: &Snapshot, request: Request) -> Result<Answer, Refusal> {
        let Request { rows, version, units, arrived } = request;
        let chain = snapshot.chain_for(version.as_deref())?;
        let meant = &chain[0];
        if !units.is_empty() && units.len() != rows.rows() {
            return Err(Refusal::Units { found: units.len(), rows: rows.rows() });
        }
        let rows = Arc::new(conform(rows, &meant.signature().inputs)?);
        let unseen = Unseen::of(&rows, &meant.signature().inputs);
        // who names a version wants to see that one, whoever they are
        let trial = snapshot.trial().filter(|_| version.is_none());
        let units = match trial {
            Some(trial) => trial.units(units, &rows),
            None => units,
        };
        let (clock, counters) = (self.clock.as_ref(), &self.counters);
        let walk = Walk { snapshot, arrived, clock, counters, meant, unseen: &unseen };
        let (parts, pieces) = arms::answer(&walk, chain, trial.map(Arc::as_ref), &units, &rows).await;
        let (outputs, part_of) = merge(rows.rows(), pieces);
        let latency = clock.monotonic().saturating_sub(arrived);
        let at = clock.wall();
        let ids = self.names.take(at, rows.rows());
        let version = meant.version().clone();
        let (doubts, review) = (unseen.flagged(), Vec::new());
        let mut answer = Answer { ids, version, parts, part_of, outputs, doubts, review, latency };
        if let Some(deferral) = snapshot.deferral() {
            let defers = |row| deferral.defers(answer.part(row), answer.outputs.row(row));
            answer.review = (0..answer.ids.len()).map(defers).collect();
        }
        self.count(&answer, trial.map(Arc::as_ref));
        let logged = Answered { at, answer: answer.clone(), units, rows };
        self.log(snapshot, trial, logged).await;
        Ok(answer)
    }

    /// Hands an answer to the journal, and its rows to the challenger where that is asked in shadow.
    async fn log(&self, snapshot: &Snapshot, trial: Option<&Arc<Trial>>, answered: Answered) {
        let left = snapshot.deadline().saturating_sub(answered.answer.latency);
        let Some(trial) = trial.filter(|trial| trial.is_shadow()) else {
            self.recorder.record(answered, left).await;
            return;
        };
        let (ids, rows) = (answered.answer.ids.clone(), Arc::clone(&answered.rows));
        if self.recorder.record(answered, left).await {
            self.shadow.ask(trial, ids, rows, snapshot.deadline());
        } else {
            // without the answer there is nothing to compare with
            trial.tally().shadow_left_out.add(ids.len() as u64);
        }
    }

    fn count(&self, answer: &Answer, trial: Option<&Trial>) {
        let counters = &self.counters;
        for (part, rows) in answer.sizes() {
            let by = match part.served_by {
                ServedBy::Intended => &counters.intended_rows,
                ServedBy::Fallback { .. } => &counters.fallback_rows,
                ServedBy::Floor { .. } => &counters.floor_rows,
            };
            by.add(rows as u64);
        }
        if let Some(trial) = trial {
            trial.observe(answer);
        }
        counters.out_of_domain_rows.add(answer.doubtful_rows() as u64);
        counters.review_rows.add(answer.review.iter().filter(|review| **review).count() as u64);
        counters.latency.observe(answer.latency);
    }
}

impl Names {
    fn take(&self, at: Timestamp, rows: usize) -> Vec<PredictionId> {
        let first = self.next.fetch_add(rows as u64, Ordering::Relaxed);
        // a process writes its own file within the hour
        let bucket = self.salt as u16;
        (0..rows as u64).map(|i| PredictionId::new(at, bucket, self.salt, first + i)).collect()
    }
}
