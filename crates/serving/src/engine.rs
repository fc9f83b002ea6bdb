//! The data plane as its users hold it: deploy snapshots, ask for predictions, note outcomes.
//!
//! Invariant: a request that fits the signature and got a permit is always answered; only overload, a
//! missing deployment and the caller's own errors are refusals.

use crate::admit::Admission;
use crate::clock::Clock;
use crate::counters::Counters;
use crate::outcome::{Claim, Noted, OutcomeError, Outcomes};
use crate::predict::walk;
use crate::record::{Answered, Recorder, WhenFull};
use crate::snapshot::{Link, Snapshot};
use crate::validate::{Doubt, InputError, conform};
use arc_swap::ArcSwapOption;
use domain::{OutputKind, Outputs, PredictionId, ServedBy, Table, Timestamp, VersionId};
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

/// The answer to a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// One name a row, under which outcomes are reported.
    pub ids: Vec<PredictionId>,
    /// The version that the request was meant for.
    pub version: VersionId,
    /// Who really answered, for all rows alike.
    pub served_by: ServedBy,
    /// The numbers.
    pub outputs: Outputs,
    /// Cells unlike the training data, in the rows that are out of domain.
    pub doubts: Vec<Doubt>,
    /// From arrival to answer.
    pub latency: Duration,
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
    recorder: Recorder,
    outcomes: Outcomes,
    clock: Arc<dyn Clock>,
    counters: Arc<Counters>,
    names: Names,
    /// What [`Engine::take_dropped`] has told of, for either reason.
    reported: Mutex<(u64, u64)>,
}

/// Gives out prediction names that no other process gives out.
struct Names {
    salt: u32,
    next: AtomicU64,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { max_in_flight: 64, queue_rows: 65_536, when_full: WhenFull::Wait }
    }
}

impl Engine {
    /// An engine that writes to this journal and serves nothing yet.
    pub fn start(settings: Settings, journal: Arc<dyn Journal>, clock: Arc<dyn Clock>) -> io::Result<Engine> {
        let counters = Arc::new(Counters::default());
        let (queue, when_full) = (settings.queue_rows, settings.when_full);
        Ok(Engine {
            snapshot: ArcSwapOption::empty(),
            admission: Admission::new(settings.max_in_flight),
            recorder: Recorder::start(Arc::clone(&journal), queue, when_full, Arc::clone(&counters))?,
            outcomes: Outcomes::start(journal, Arc::clone(&counters))?,
            clock,
            counters,
            names: Names { salt: RandomState::new().hash_one("salt") as u32, next: AtomicU64::new(0) },
            reported: Mutex::new((0, 0)),
        })
    }

    /// From now on requests are answered by this snapshot; those under way end with theirs.
    pub fn deploy(&self, snapshot: Snapshot) {
        self.snapshot.store(Some(Arc::new(snapshot)));
    }

    /// What serves.
    pub fn snapshot(&self) -> Result<Arc<Snapshot>, Refusal> {
        self.snapshot.load_full().ok_or(Refusal::NotReady)
    }

    /// The loaded link of a version, to be used again in the next snapshot.
    pub fn link(&self, version: &VersionId) -> Option<Arc<Link>> {
        let snapshot = self.snapshot().ok()?;
        snapshot.chain().iter().find(|link| link.version() == version).cloned()
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
    pub async fn note(&self, claims: Vec<Claim>) -> Result<Vec<Noted>, OutcomeError> {
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
        let checked = conform(rows, &meant.signature().inputs)?;
        let rows = Arc::new(checked.rows);
        let (outputs, served_by) =
            walk(snapshot, chain, &rows, arrived, self.clock.as_ref(), &self.counters).await;
        let latency = self.clock.monotonic().saturating_sub(arrived);
        let at = self.clock.wall();
        let ids = self.names.take(at, rows.rows());
        let version = meant.version().clone();
        let answer = Answer { ids, version, served_by, outputs, doubts: checked.doubts, latency };
        self.count(&answer);
        let left = snapshot.deadline().saturating_sub(latency);
        self.recorder.record(answered(&answer, at, rows, units), left).await;
        Ok(answer)
    }

    fn count(&self, answer: &Answer) {
        let counters = &self.counters;
        let rows = match answer.served_by {
            ServedBy::Intended => &counters.intended_rows,
            ServedBy::Fallback { .. } => &counters.fallback_rows,
            ServedBy::Floor { .. } => &counters.floor_rows,
        };
        rows.add(answer.ids.len() as u64);
        counters.out_of_domain_rows.add(answer.doubtful_rows() as u64);
        counters.latency.observe(answer.latency);
    }
}

impl Answer {
    /// The class with the largest probability in a row; the first of equals. `None` where the answer is
    /// not a distribution.
    pub fn label(&self, row: usize) -> Option<&str> {
        let OutputKind::Probabilities { classes } = &self.outputs.kind else { return None };
        let numbers = self.outputs.row(row).iter().zip(classes);
        let best = numbers.reduce(|best, next| if next.0 > best.0 { next } else { best });
        best.map(|(_, class)| class.as_str())
    }

    /// The version that answered; `None` for the floor.
    pub fn answered_by(&self) -> Option<&VersionId> {
        match &self.served_by {
            ServedBy::Intended => Some(&self.version),
            ServedBy::Fallback { version, .. } => Some(version),
            ServedBy::Floor { .. } => None,
        }
    }

    fn doubtful_rows(&self) -> usize {
        // doubts are sorted by row
        self.doubts.chunk_by(|a, b| a.row == b.row).count()
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

fn answered(answer: &Answer, at: Timestamp, rows: Arc<Table>, units: Vec<Option<String>>) -> Answered {
    Answered {
        at,
        ids: answer.ids.clone(),
        version: answer.version.clone(),
        served_by: answer.served_by.clone(),
        units,
        rows,
        outputs: answer.outputs.clone(),
        latency_us: u64::try_from(answer.latency.as_micros()).unwrap_or(u64::MAX),
    }
}
