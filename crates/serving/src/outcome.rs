//! What turned out to be true, on its way into the journal.
//!
//! One thread takes outcomes, so that sending one twice is noticed whoever sends it. It first waits until
//! the predictions before it are durable: an outcome may come right behind its answer. Unlike a
//! prediction's log entry, an outcome that could not be kept is told to the caller, who has to send it
//! again. Invariant: an outcome that was answered with [`Noted::Recorded`] is durable.

use crate::counters::Counters;
use crate::record::{Recorder, append};
use domain::{Outcome, OutputKind, PredictionId, Source, Timestamp};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Seen;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::{io, thread};
use store::{Entry, Journal, StoreError};
use thiserror::Error;
use tokio::sync::oneshot;

/// An outcome as somebody reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Of which prediction.
    pub prediction: PredictionId,
    /// When it became known; the time of its arrival where the caller does not say.
    pub at: Option<Timestamp>,
    /// The class name or the number(s), as text or JSON.
    pub value: String,
    /// Who says so.
    pub source: Source,
}

/// What became of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noted {
    /// It is durable. A different outcome recorded before is corrected by it: the latest counts.
    Recorded,
    /// It was recorded before; nothing was added.
    Known,
    /// There is no such prediction.
    Unknown,
}

/// Why outcomes were not recorded; they should be sent again.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
pub enum OutcomeError {
    /// The journal could not be read or written.
    #[error("the outcomes could not be recorded: {0}")]
    Journal(String),
    /// The thread is gone.
    #[error("the outcomes could not be recorded: the server is shutting down")]
    Closed,
}

/// The sending end.
pub(crate) struct Outcomes {
    queue: Sender<Request>,
}

struct Request {
    claims: Vec<Claim>,
    now: Timestamp,
    done: oneshot::Sender<Result<Vec<Noted>, OutcomeError>>,
}

impl Outcomes {
    pub(crate) fn start(journal: Arc<dyn Journal>, counters: Arc<Counters>) -> io::Result<Outcomes> {
        let (queue, requests) = channel();
        let thread = thread::Builder::new().name("outcomes".into());
        thread.spawn(move || run(&requests, journal.as_ref(), &counters))?;
        Ok(Outcomes { queue })
    }

    /// Records the claims, all or none; one answer a claim.
    pub(crate) async fn note(
        &self,
        claims: Vec<Claim>,
        now: Timestamp,
        predictions: &Recorder,
    ) -> Result<Vec<Noted>, OutcomeError> {
        predictions.flush().await;
        let (done, noted) = oneshot::channel();
        self.queue.send(Request { claims, now, done }).map_err(|_| OutcomeError::Closed)?;
        noted.await.map_err(|_| OutcomeError::Closed)?
    }
}

/// Whether a value can be an outcome of this kind of output; the error says what was expected.
pub fn check_value(value: &str, kind: &OutputKind) -> Result<(), String> {
    let finite = |text: &str| text.parse::<f64>().is_ok_and(f64::is_finite);
    match kind {
        OutputKind::Probabilities { classes } if classes.iter().any(|class| class == value) => Ok(()),
        OutputKind::Probabilities { classes } => {
            Err(format!("found `{value}`, expected one of the classes {}", classes.join(", ")))
        }
        OutputKind::Value if finite(value) => Ok(()),
        OutputKind::Value => Err(format!("found `{value}`, expected a number")),
        OutputKind::Path { horizon } => match serde_json::from_str::<Vec<f64>>(value) {
            Ok(path) if path.len() == *horizon => Ok(()),
            _ => Err(format!("found `{value}`, expected an array of {horizon} numbers")),
        },
    }
}

fn run(requests: &Receiver<Request>, journal: &dyn Journal, counters: &Counters) {
    while let Ok(Request { claims, now, done }) = requests.recv() {
        let noted = catch_unwind(AssertUnwindSafe(|| note(&claims, now, journal)));
        let noted = noted.unwrap_or_else(|_| Err(OutcomeError::Journal("the journal panicked".into())));
        if let Ok(noted) = &noted {
            counters.outcomes.add(noted.iter().filter(|n| **n == Noted::Recorded).count() as u64);
        }
        // whoever asked may have gone; the outcomes are kept all the same
        let _ = done.send(noted);
    }
}

fn note(claims: &[Claim], now: Timestamp, journal: &dyn Journal) -> Result<Vec<Noted>, OutcomeError> {
    let mut known: BTreeMap<PredictionId, Option<Vec<Outcome>>> = BTreeMap::new();
    let (mut noted, mut fresh) = (Vec::with_capacity(claims.len()), Vec::new());
    for claim in claims {
        let before = match known.entry(claim.prediction) {
            Seen::Occupied(seen) => seen.into_mut(),
            Seen::Vacant(new) => new.insert(look_up(claim.prediction, journal).map_err(unreadable)?),
        };
        noted.push(match before {
            None => Noted::Unknown,
            Some(before) if repeats(claim, before) => Noted::Known,
            Some(before) => {
                let outcome = outcome(claim, now);
                before.push(outcome.clone());
                fresh.push(Entry::Outcome(outcome));
                Noted::Recorded
            }
        });
    }
    if !fresh.is_empty() {
        append(journal, &fresh).map_err(OutcomeError::Journal)?;
    }
    Ok(noted)
}

/// A claim with a time repeats an outcome of that time; one without repeats the latest of its source.
fn repeats(claim: &Claim, before: &[Outcome]) -> bool {
    let mut same_source = before.iter().filter(|o| o.source == claim.source);
    match claim.at {
        Some(at) => same_source.any(|o| o.at == at && o.value == claim.value),
        None => same_source.next_back().is_some_and(|o| o.value == claim.value),
    }
}

fn outcome(claim: &Claim, now: Timestamp) -> Outcome {
    let at = claim.at.unwrap_or(now);
    Outcome { prediction: claim.prediction, at, value: claim.value.clone(), source: claim.source }
}

fn look_up(id: PredictionId, journal: &dyn Journal) -> Result<Option<Vec<Outcome>>, StoreError> {
    Ok(journal.story(id)?.map(|story| story.outcomes))
}

fn unreadable(error: StoreError) -> OutcomeError {
    OutcomeError::Journal(crate::chain(&error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::twin::Twin;
    use domain::{Prediction, ServedBy, VersionId};

    fn journal() -> Twin {
        let journal = Twin::default();
        let prediction = Prediction {
            id: PredictionId(7),
            at: Timestamp(0),
            version: VersionId("v".into()),
            served_by: ServedBy::Intended,
            unit: None,
            assignment: None,
            input: "{}".into(),
            output: vec![1.0],
            latency_us: 1,
        };
        journal.append(&[Entry::Prediction(prediction)]).expect("memory");
        journal
    }

    fn claim(id: u128, value: &str, at: Option<i64>) -> Claim {
        let at = at.map(Timestamp);
        Claim { prediction: PredictionId(id), at, value: value.into(), source: Source::Observed }
    }

    fn noted(journal: &Twin, claims: &[Claim]) -> Vec<Noted> {
        note(claims, Timestamp(100), journal).expect("memory")
    }

    #[test]
    fn the_same_outcome_twice_is_kept_once() {
        let journal = journal();
        let twice = [claim(7, "yes", None), claim(7, "yes", None)];
        assert_eq!(noted(&journal, &twice), [Noted::Recorded, Noted::Known]);
        assert_eq!(noted(&journal, &twice), [Noted::Known, Noted::Known]);
        assert_eq!(journal.outcomes(PredictionId(7)).expect("memory").len(), 1);
    }

    #[test]
    fn a_correction_is_kept_and_a_retry_with_its_time_is_not() {
        let journal = journal();
        let claims = [claim(7, "yes", Some(1)), claim(7, "no", Some(2)), claim(7, "yes", Some(1))];
        assert_eq!(noted(&journal, &claims), [Noted::Recorded, Noted::Recorded, Noted::Known]);
    }

    #[test]
    fn another_source_is_another_outcome() {
        let journal = journal();
        let person = Claim { source: Source::Reviewer, ..claim(7, "yes", None) };
        assert_eq!(noted(&journal, &[claim(7, "yes", None), person]), [Noted::Recorded; 2]);
    }

    #[test]
    fn an_outcome_of_nothing_is_told() {
        assert_eq!(noted(&journal(), &[claim(8, "yes", None)]), [Noted::Unknown]);
    }

    #[test]
    fn a_failing_journal_is_told() {
        let journal = journal();
        journal.fail(true);
        let error = note(&[claim(7, "yes", None)], Timestamp(0), &journal).expect_err("told to fail");
        assert!(error.to_string().contains("told to fail"), "{error}");
    }

    #[test]
    fn values_must_fit_the_output() {
        let classes = OutputKind::Probabilities { classes: vec!["no".into(), "yes".into()] };
        assert_eq!(check_value("yes", &classes), Ok(()));
        let error = check_value("ja", &classes).expect_err("no such class");
        assert_eq!(error, "found `ja`, expected one of the classes no, yes");
        assert!(
            check_value("1.5", &OutputKind::Value).is_ok() && check_value("NaN", &OutputKind::Value).is_err()
        );
        let path = OutputKind::Path { horizon: 2 };
        assert!(check_value("[1, 2.5]", &path).is_ok() && check_value("[1]", &path).is_err());
    }
}
