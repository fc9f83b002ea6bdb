//! From an answer to the journal: a bounded queue and one thread that commits in groups.
//!
//! A prediction counts as logged only when the journal says it is durable. A journal that is slow or
//! fails costs log entries, which are counted, but never an answer. Shadow answers have a share of the queue of
//! their own, so that they never take a prediction's place. Invariant: every row handed over is counted exactly
//! once, as journaled or as dropped.

use crate::answer::Answer;
use crate::counters::Counters;
use crate::lane::panic_message;
use crate::row;
use domain::{Prediction, ShadowAnswer, Table, Timestamp};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{io, thread};
use store::{Entry, Journal};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// A group is committed once it has this many rows, or nothing more is waiting.
const GROUP_ROWS: usize = 4_096;

/// The part of the queue's length that shadow answers may take besides.
const SHADOW_SHARE: usize = 8;

/// What to do with an answer's log entry when the queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenFull {
    /// Hold the answer back until there is room, or else until its deadline; then drop and count.
    Wait,
    /// Drop and count.
    Drop,
}

/// The rows of one answer, as they go into the queue.
#[derive(Debug, Clone)]
pub(crate) struct Answered {
    pub at: Timestamp,
    pub answer: Answer,
    /// Who each row is about; empty or one entry a row.
    pub units: Vec<Option<String>>,
    pub rows: Arc<Table>,
}

/// The queue's sending end.
pub(crate) struct Recorder {
    queue: Sender<Message>,
    room: Arc<Semaphore>,
    shadow_room: Arc<Semaphore>,
    capacity: usize,
    when_full: WhenFull,
    counters: Arc<Counters>,
    health: Arc<Mutex<Health>>,
}

/// How the journal took what it was given.
#[derive(Default)]
struct Health {
    /// Why the last group that could not be logged was not.
    error: Option<String>,
    /// Whether that was the last group of all.
    failing: bool,
}

enum Message {
    /// The room is given back when the rows are durable or lost.
    Answered(Box<Answered>, OwnedSemaphorePermit),
    Shadow(Vec<ShadowAnswer>, OwnedSemaphorePermit),
    Flush(oneshot::Sender<()>),
}

struct Writer {
    journal: Arc<dyn Journal>,
    counters: Arc<Counters>,
    health: Arc<Mutex<Health>>,
}

impl Recorder {
    /// Starts the writing thread. The queue holds at most `capacity` rows.
    pub(crate) fn start(
        journal: Arc<dyn Journal>,
        capacity: usize,
        when_full: WhenFull,
        counters: Arc<Counters>,
    ) -> io::Result<Recorder> {
        let capacity = capacity.clamp(1, u32::MAX as usize);
        let (queue, messages) = channel();
        let health = Arc::new(Mutex::new(Health::default()));
        let writer = Writer { journal, counters: Arc::clone(&counters), health: Arc::clone(&health) };
        thread::Builder::new().name("journal".into()).spawn(move || writer.run(&messages))?;
        let room = Arc::new(Semaphore::new(capacity));
        let shadow_room = Arc::new(Semaphore::new((capacity / SHADOW_SHARE).max(1)));
        Ok(Recorder { queue, room, shadow_room, capacity, when_full, counters, health })
    }

    /// Queues an answer's rows, or drops and counts them; `left` is the time left to the answer's deadline. Tells
    /// whether they are queued.
    pub(crate) async fn record(&self, answered: Answered, left: Duration) -> bool {
        let rows = answered.rows.rows();
        let sent = match self.find_room(rows, left).await {
            Some(room) => self.queue.send(Message::Answered(Box::new(answered), room)).is_ok(),
            None => false,
        };
        if !sent {
            self.counters.dropped_full.add(rows as u64);
        }
        sent
    }

    /// Queues shadow answers behind the predictions that they belong to, or drops and counts them. Never waits.
    pub(crate) fn record_shadows(&self, shadows: Vec<ShadowAnswer>) {
        let (rows, room) = (shadows.len(), Arc::clone(&self.shadow_room));
        // more rows than the whole share never fit
        let room = u32::try_from(rows).ok().and_then(|places| room.try_acquire_many_owned(places).ok());
        let sent = room.is_some_and(|room| self.queue.send(Message::Shadow(shadows, room)).is_ok());
        if !sent {
            self.counters.shadows_dropped.add(rows as u64);
        }
    }

    /// Ends when everything queued before is durable or lost.
    pub(crate) async fn flush(&self) {
        let (done, flushed) = oneshot::channel();
        if self.queue.send(Message::Flush(done)).is_ok() {
            // an error means that the thread is gone, and nothing is left to wait for
            let _ = flushed.await;
        }
    }

    /// Rows that are neither durable nor lost yet.
    pub(crate) fn depth(&self) -> usize {
        self.capacity - self.room.available_permits()
    }

    /// Why the journal cannot be written, while it cannot.
    pub(crate) fn complaint(&self) -> Option<String> {
        let health = lock(&self.health);
        health.error.clone().filter(|_| health.failing)
    }

    /// Why the last group that was lost was lost.
    pub(crate) fn last_error(&self) -> Option<String> {
        lock(&self.health).error.clone()
    }

    /// A request with more rows than the whole queue takes all of it.
    async fn find_room(&self, rows: usize, left: Duration) -> Option<OwnedSemaphorePermit> {
        let places = u32::try_from(rows.min(self.capacity)).expect("the capacity was clamped to u32");
        let room = Arc::clone(&self.room);
        match self.when_full {
            WhenFull::Drop => room.try_acquire_many_owned(places).ok(),
            WhenFull::Wait => tokio::time::timeout(left, room.acquire_many_owned(places)).await.ok()?.ok(),
        }
    }
}

impl Writer {
    fn run(&self, messages: &Receiver<Message>) {
        while let Ok(first) = messages.recv() {
            let (mut group, mut held, mut flushed) = (Vec::new(), Vec::new(), Vec::new());
            let mut next = Some(first);
            while let Some(message) = next {
                match message {
                    Message::Answered(answered, room) => {
                        group.extend(entries(*answered));
                        held.push(room);
                    }
                    Message::Shadow(shadows, room) => {
                        group.extend(shadows.into_iter().map(Entry::Shadow));
                        held.push(room);
                    }
                    Message::Flush(done) => flushed.push(done),
                }
                next = if group.len() < GROUP_ROWS { messages.try_recv().ok() } else { None };
            }
            self.commit(&group);
            drop(held);
            for done in flushed {
                // whoever asked may have gone
                let _ = done.send(());
            }
        }
    }

    fn commit(&self, group: &[Entry]) {
        if group.is_empty() {
            return;
        }
        let appended = append(self.journal.as_ref(), group);
        let mut health = lock(&self.health);
        health.failing = appended.is_err();
        let shadows = group.iter().filter(|entry| matches!(entry, Entry::Shadow(_))).count() as u64;
        let predictions = group.len() as u64 - shadows;
        match appended {
            Ok(()) => {
                self.counters.journaled.add(predictions);
                self.counters.shadows.add(shadows);
            }
            Err(why) => {
                tracing::error!(predictions, shadows, %why, "predictions could not be logged");
                self.counters.dropped_failed.add(predictions);
                self.counters.shadows_dropped.add(shadows);
                health.error = Some(why);
            }
        }
    }
}

fn lock(health: &Mutex<Health>) -> MutexGuard<'_, Health> {
    health.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Appends, and takes a panic of the journal for an error, so that the writing thread survives it.
pub(crate) fn append(journal: &dyn Journal, entries: &[Entry]) -> Result<(), String> {
    match catch_unwind(AssertUnwindSafe(|| journal.append(entries))) {
        Ok(done) => done.map_err(|error| crate::chain(&error)),
        Err(panic) => Err(format!("the journal panicked: {}", panic_message(panic.as_ref()))),
    }
}

fn entries(answered: Answered) -> Vec<Entry> {
    let Answered { at, answer, mut units, rows } = answered;
    units.resize(rows.rows(), None);
    let rows = answer.ids.iter().zip(row::objects(&rows)).zip(units).enumerate();
    rows.map(|(row, ((id, input), unit))| {
        let part = answer.part(row);
        Entry::Prediction(Prediction {
            id: *id,
            at,
            version: part.version.clone(),
            served_by: part.served_by.clone(),
            unit,
            assignment: part.assignment.clone(),
            input,
            output: answer.outputs.row(row).to_vec(),
            latency_us: u64::try_from(part.latency.as_micros()).unwrap_or(u64::MAX),
        })
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::Part;
    use crate::faults::rows;
    use crate::twin::Twin;
    use domain::{OutputKind, Outputs, PredictionId, ServedBy, VersionId};

    const MINUTE: Duration = Duration::from_secs(60);

    fn answered(first: u128, count: usize) -> Answered {
        let values: Vec<f64> = (0..count).map(|i| i as f64).collect();
        let (version, latency) = (VersionId("v".into()), Duration::from_micros(5));
        let rows = Arc::new(rows(&values));
        let part =
            Part { version: version.clone(), served_by: ServedBy::Intended, assignment: None, latency };
        let answer = Answer {
            ids: (0..count as u128).map(|i| PredictionId(first + i)).collect(),
            version,
            parts: vec![part],
            part_of: vec![],
            outputs: Outputs { kind: OutputKind::Value, values },
            doubts: vec![],
            review: vec![],
            latency,
        };
        Answered { at: Timestamp(0), answer, units: vec![], rows }
    }

    fn recorder(journal: &Arc<Twin>, capacity: usize, when_full: WhenFull) -> Recorder {
        let journal: Arc<dyn Journal> = Arc::clone(journal) as _;
        Recorder::start(journal, capacity, when_full, Arc::default()).expect("threads to spare")
    }

    #[tokio::test]
    async fn what_is_flushed_is_durable_and_counted() {
        let journal = Arc::new(Twin::default());
        let recorder = recorder(&journal, 100, WhenFull::Drop);
        for i in 0..10 {
            recorder.record(answered(i * 10, 3), MINUTE).await;
        }
        recorder.flush().await;
        assert_eq!((journal.len(), recorder.counters.journaled.get(), recorder.depth()), (30, 30, 0));
        let kept = journal.prediction(PredictionId(12)).expect("readable").expect("recorded");
        assert_eq!((kept.input.as_str(), kept.output), (r#"{"x":2.0}"#, vec![2.0]));
    }

    #[tokio::test]
    async fn a_full_queue_drops_and_counts() {
        let journal = Arc::new(Twin::default());
        journal.stall();
        let recorder = recorder(&journal, 4, WhenFull::Drop);
        recorder.record(answered(0, 3), MINUTE).await;
        recorder.record(answered(10, 3), MINUTE).await;
        assert_eq!((recorder.counters.dropped_full.get(), recorder.depth()), (3, 3));
        journal.go_on();
        recorder.flush().await;
        assert_eq!((journal.len(), recorder.counters.journaled.get()), (3, 3));
    }

    #[tokio::test]
    async fn waiting_for_room_loses_nothing_while_the_journal_moves() {
        let journal = Arc::new(Twin::default());
        let recorder = recorder(&journal, 2, WhenFull::Wait);
        for i in 0..50 {
            recorder.record(answered(i * 10, 2), MINUTE).await;
        }
        recorder.flush().await;
        assert_eq!((journal.len(), recorder.counters.dropped()), (100, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_for_room_has_an_end() {
        let journal = Arc::new(Twin::default());
        journal.stall();
        let recorder = recorder(&journal, 2, WhenFull::Wait);
        recorder.record(answered(0, 2), MINUTE).await;
        recorder.record(answered(10, 2), MINUTE).await;
        assert_eq!(recorder.counters.dropped_full.get(), 2);
        journal.go_on();
    }

    #[tokio::test]
    async fn more_rows_than_the_queue_holds_are_still_logged() {
        let journal = Arc::new(Twin::default());
        let recorder = recorder(&journal, 4, WhenFull::Drop);
        recorder.record(answered(0, 9), MINUTE).await;
        recorder.flush().await;
        assert_eq!(journal.len(), 9);
    }

    #[tokio::test]
    async fn a_journal_that_fails_or_panics_is_counted_and_written_to_again() {
        let journal = Arc::new(Twin::default());
        let recorder = recorder(&journal, 100, WhenFull::Drop);
        journal.fail(true);
        recorder.record(answered(0, 2), MINUTE).await;
        recorder.flush().await;
        assert_eq!(recorder.counters.dropped_failed.get(), 2);
        assert!(recorder.complaint().expect("it failed").contains("could not append"));
        journal.panic(true);
        recorder.record(answered(10, 2), MINUTE).await;
        recorder.flush().await;
        assert_eq!(recorder.counters.dropped_failed.get(), 4);
        journal.fail(false);
        journal.panic(false);
        recorder.record(answered(20, 2), MINUTE).await;
        recorder.flush().await;
        assert_eq!((recorder.counters.journaled.get(), journal.len()), (2, 2));
        assert_eq!(recorder.complaint(), None, "it can be written again");
        assert!(recorder.last_error().is_some());
    }

    #[tokio::test]
    async fn shadow_answers_have_a_share_of_their_own_and_never_take_a_predictions_place() {
        let journal = Arc::new(Twin::default());
        let recorder = recorder(&journal, 16, WhenFull::Drop);
        let shadow = |id: u128| ShadowAnswer {
            prediction: PredictionId(id),
            at: Timestamp(0),
            version: VersionId("c".into()),
            answer: Ok(vec![1.0]),
            latency_us: 5,
        };
        journal.stall();
        recorder.record_shadows(vec![shadow(1), shadow(2)]);
        recorder.record_shadows(vec![shadow(3)]);
        assert_eq!(recorder.counters.shadows_dropped.get(), 1, "two are an eighth of 16");
        assert!(recorder.record(answered(0, 16), MINUTE).await, "all places are left for predictions");
        journal.go_on();
        recorder.flush().await;
        let counters = &recorder.counters;
        assert_eq!((counters.journaled.get(), counters.shadows.get(), counters.dropped()), (16, 2, 0));
        let story = journal.story(PredictionId(2)).expect("readable").expect("recorded");
        assert_eq!(story.shadows, [shadow(2)]);
    }
}
