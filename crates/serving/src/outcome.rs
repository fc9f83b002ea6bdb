//! What turned out to be true, on its way into the journal.
//!
//! One thread takes outcomes, so that sending one twice is noticed whoever sends it. It first waits until
//! the predictions before it are durable: an outcome may come right behind its answer. Unlike a
//! prediction's log entry, an outcome that could not be kept is told to the caller, who has to send it
//! again.
//!
//! Sending an outcome again is always safe. What counts of several outcomes of one prediction and source is the one
//! with the latest time, and of equal times the one that came last; nothing that was kept is ever changed. An outcome
//! may come before its prediction's time (clocks differ), and after the label window: then it is kept and called late,
//! since an experiment that counted it would favour the arm whose labels come in slowly. Invariant: whatever was not
//! answered with [`Noted::Unknown`] is durable.

mod unit;

use crate::counters::Counters;
use crate::record::{Recorder, append};
use domain::{Outcome, OutputKind, PredictionId, Source, Story, Timestamp};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Seen;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;
use std::{io, thread};
use store::{Entry, Journal, StoreError};
use thiserror::Error;
use tokio::sync::oneshot;

/// An outcome as somebody reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Of which prediction.
    pub about: About,
    /// When it became known; the time of its arrival where the caller does not say. An outcome of a unit that comes
    /// without is taken to be of this moment.
    pub at: Option<Timestamp>,
    /// The class name or the number(s), as text or JSON.
    pub value: String,
    /// Who says so.
    pub source: Source,
}

/// Which prediction an outcome is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// The one of this name.
    Prediction(PredictionId),
    /// The latest of this unit at or before the outcome's time, and within the label window before it.
    Unit(String),
}

/// What became of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noted {
    /// It is kept, the first of its prediction and source, or older than another, which goes on to count.
    Recorded,
    /// It is kept, and counts from now on instead of a different outcome that was kept before.
    Corrected,
    /// It is kept, but came after the label window: experiments leave it out.
    Late,
    /// It was kept before; nothing was added.
    Known,
    /// There is no such prediction; nothing is kept.
    Unknown,
}

/// The answer to a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// What became of it.
    pub noted: Noted,
    /// The prediction that it belongs to; `None` where no prediction of its unit was found.
    pub prediction: Option<PredictionId>,
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
    done: oneshot::Sender<Result<Vec<Receipt>, OutcomeError>>,
}

/// What the thread goes by.
struct Notary {
    journal: Arc<dyn Journal>,
    counters: Arc<Counters>,
    label_window: Option<Duration>,
}

impl Outcomes {
    /// Without a label window no outcome is late.
    pub(crate) fn start(
        journal: Arc<dyn Journal>,
        counters: Arc<Counters>,
        label_window: Option<Duration>,
    ) -> io::Result<Outcomes> {
        let (queue, requests) = channel();
        let thread = thread::Builder::new().name("outcomes".into());
        let notary = Notary { journal, counters, label_window };
        thread.spawn(move || notary.run(&requests))?;
        Ok(Outcomes { queue })
    }

    /// Records the claims, all or none; one answer a claim.
    pub(crate) async fn note(
        &self,
        claims: Vec<Claim>,
        now: Timestamp,
        predictions: &Recorder,
    ) -> Result<Vec<Receipt>, OutcomeError> {
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

impl Notary {
    fn run(&self, requests: &Receiver<Request>) {
        while let Ok(Request { claims, now, done }) = requests.recv() {
            let noted = catch_unwind(AssertUnwindSafe(|| self.note(&claims, now)));
            let noted = noted.unwrap_or_else(|_| Err(OutcomeError::Journal("the journal panicked".into())));
            if let Ok(receipts) = &noted {
                let kept = receipts.iter().filter(|r| !matches!(r.noted, Noted::Known | Noted::Unknown));
                self.counters.outcomes.add(kept.count() as u64);
            }
            // whoever asked may have gone; the outcomes are kept all the same
            let _ = done.send(noted);
        }
    }

    fn note(&self, claims: &[Claim], now: Timestamp) -> Result<Vec<Receipt>, OutcomeError> {
        let journal = self.journal.as_ref();
        let ids = unit::resolve(claims, now, self.label_window, journal).map_err(unreadable)?;
        let mut known: BTreeMap<PredictionId, Option<Story>> = BTreeMap::new();
        let (mut receipts, mut fresh) = (Vec::with_capacity(claims.len()), Vec::new());
        for (claim, id) in claims.iter().zip(ids) {
            let story = match id.map(|id| (id, known.entry(id))) {
                None => None,
                Some((_, Seen::Occupied(seen))) => seen.into_mut().as_mut(),
                Some((id, Seen::Vacant(new))) => new.insert(journal.story(id).map_err(unreadable)?).as_mut(),
            };
            let noted = story.map_or(Noted::Unknown, |story| self.judge(claim, story, now, &mut fresh));
            receipts.push(Receipt { noted, prediction: id });
        }
        if !fresh.is_empty() {
            append(journal, &fresh).map_err(OutcomeError::Journal)?;
        }
        Ok(receipts)
    }

    /// What becomes of a claim about this prediction; what is to be kept is added to both.
    fn judge(&self, claim: &Claim, story: &mut Story, now: Timestamp, fresh: &mut Vec<Entry>) -> Noted {
        if repeats(claim, &story.outcomes) {
            return Noted::Known;
        }
        let (at, prediction) = (claim.at.unwrap_or(now), story.prediction.id);
        let latest = story.outcomes.iter().rfind(|o| o.source == claim.source);
        let noted = match latest {
            _ if self.is_late(story.prediction.at, at) => Noted::Late,
            Some(latest) if latest.at <= at && latest.value != claim.value => Noted::Corrected,
            _ => Noted::Recorded,
        };
        let outcome = Outcome { prediction, at, value: claim.value.clone(), source: claim.source };
        let place = story.outcomes.partition_point(|o| o.at <= at);
        story.outcomes.insert(place, outcome.clone());
        fresh.push(Entry::Outcome(outcome));
        noted
    }

    fn is_late(&self, predicted: Timestamp, at: Timestamp) -> bool {
        self.label_window.is_some_and(|window| at > later(predicted, window))
    }
}

/// A claim with a time repeats an outcome of that time; one without repeats the latest of its source.
fn repeats(claim: &Claim, before: &[Outcome]) -> bool {
    let mut same_source = before.iter().filter(|o| o.source == claim.source);
    match claim.at {
        Some(at) => same_source.any(|o| o.at == at && o.value == claim.value),
        None => same_source.next_back().is_some_and(|o| o.value == claim.value),
    }
}

fn later(at: Timestamp, by: Duration) -> Timestamp {
    Timestamp(at.0.saturating_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
}

fn unreadable(error: StoreError) -> OutcomeError {
    OutcomeError::Journal(crate::chain(&error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::twin::Twin;
    use domain::{Prediction, ServedBy, VersionId};

    const ID: PredictionId = PredictionId(7);
    /// The prediction's time.
    const PREDICTED: i64 = 1_000;

    fn prediction(id: u128, at: i64, unit: &str) -> Entry {
        Entry::Prediction(Prediction {
            id: PredictionId(id),
            at: Timestamp(at),
            version: VersionId("v".into()),
            served_by: ServedBy::Intended,
            unit: Some(unit.into()),
            assignment: None,
            input: "{}".into(),
            output: vec![1.0],
            latency_us: 1,
        })
    }

    /// A label window of 500 microseconds.
    fn notary(entries: &[Entry]) -> (Notary, Arc<Twin>) {
        let journal = Arc::new(Twin::default());
        journal.append(entries).expect("memory");
        let label_window = Some(Duration::from_micros(500));
        let notary = Notary { journal: Arc::clone(&journal) as _, counters: Arc::default(), label_window };
        (notary, journal)
    }

    fn one() -> (Notary, Arc<Twin>) {
        notary(&[prediction(7, PREDICTED, "anna")])
    }

    fn claim(value: &str, at: Option<i64>) -> Claim {
        let (about, at) = (About::Prediction(ID), at.map(Timestamp));
        Claim { about, at, value: value.into(), source: Source::Observed }
    }

    fn noted(notary: &Notary, claims: &[Claim]) -> Vec<Noted> {
        let receipts = notary.note(claims, Timestamp(PREDICTED + 100)).expect("memory");
        receipts.into_iter().map(|receipt| receipt.noted).collect()
    }

    /// What counts: the value of the latest outcome.
    fn counts(journal: &Twin) -> Option<String> {
        journal.outcomes(ID).expect("memory").pop().map(|o| o.value)
    }

    #[test]
    fn the_same_outcome_twice_is_kept_once() {
        let (notary, journal) = one();
        let twice = [claim("yes", None), claim("yes", None)];
        assert_eq!(noted(&notary, &twice), [Noted::Recorded, Noted::Known]);
        assert_eq!(noted(&notary, &twice), [Noted::Known, Noted::Known]);
        assert_eq!(journal.outcomes(ID).expect("memory").len(), 1);
    }

    #[test]
    fn a_correction_counts_and_a_retry_of_what_it_corrects_does_not() {
        let (notary, journal) = one();
        let claims = [claim("yes", Some(1_001)), claim("no", Some(1_002)), claim("yes", Some(1_001))];
        assert_eq!(noted(&notary, &claims), [Noted::Recorded, Noted::Corrected, Noted::Known]);
        assert_eq!(counts(&journal).as_deref(), Some("no"));
    }

    #[test]
    fn an_older_outcome_that_comes_later_is_kept_and_does_not_count() {
        let (notary, journal) = one();
        assert_eq!(noted(&notary, &[claim("no", Some(1_050))]), [Noted::Recorded]);
        assert_eq!(noted(&notary, &[claim("yes", Some(1_001))]), [Noted::Recorded]);
        assert_eq!(counts(&journal).as_deref(), Some("no"));
        assert_eq!(noted(&notary, &[claim("no", Some(1_060))]), [Noted::Recorded], "the same, seen again");
    }

    #[test]
    fn of_two_values_of_one_time_the_last_to_come_counts() {
        let (notary, journal) = one();
        let claims = [claim("yes", Some(1_001)), claim("no", Some(1_001))];
        assert_eq!(noted(&notary, &claims), [Noted::Recorded, Noted::Corrected]);
        assert_eq!(counts(&journal).as_deref(), Some("no"));
        assert_eq!(
            noted(&notary, &claims),
            [Noted::Known, Noted::Known],
            "sending both again changes nothing"
        );
        assert_eq!(counts(&journal).as_deref(), Some("no"));
    }

    #[test]
    fn what_comes_after_the_label_window_is_kept_and_called_late() {
        let (notary, journal) = one();
        assert_eq!(noted(&notary, &[claim("yes", Some(PREDICTED + 500))]), [Noted::Recorded], "just in time");
        assert_eq!(noted(&notary, &[claim("no", Some(PREDICTED + 501))]), [Noted::Late]);
        assert_eq!(journal.outcomes(ID).expect("memory").len(), 2);
        let unlimited = Notary { label_window: None, ..notary };
        assert_eq!(noted(&unlimited, &[claim("yes", Some(i64::MAX))]), [Noted::Corrected]);
    }

    #[test]
    fn an_outcome_may_be_older_than_its_prediction() {
        let (notary, _) = one();
        assert_eq!(noted(&notary, &[claim("yes", Some(PREDICTED - 100))]), [Noted::Recorded]);
    }

    #[test]
    fn another_source_is_another_outcome() {
        let (notary, _) = one();
        let person = Claim { source: Source::Reviewer, ..claim("no", None) };
        assert_eq!(noted(&notary, &[claim("yes", None), person]), [Noted::Recorded; 2]);
    }

    #[test]
    fn an_outcome_of_nothing_is_told() {
        let (notary, _) = one();
        let about = [About::Prediction(PredictionId(8)), About::Unit("bert".into())];
        let claims = about.map(|about| Claim { about, ..claim("yes", None) });
        assert_eq!(noted(&notary, &claims), [Noted::Unknown; 2]);
    }

    #[test]
    fn an_outcome_of_a_unit_goes_to_its_latest_prediction_before_it() {
        let (notary, journal) = notary(&[
            prediction(1, 1_000, "anna"),
            prediction(2, 1_200, "anna"),
            prediction(3, 1_300, "bert"),
            prediction(4, 1_900, "anna"),
        ]);
        let of = |unit: &str, at| Claim { about: About::Unit(unit.into()), ..claim("yes", Some(at)) };
        let claims = [
            of("anna", 1_199),
            of("anna", 1_200),
            of("anna", 1_699),
            of("anna", 1_701),
            of("anna", 999),
            of("bert", 1_400),
        ];
        let receipts = notary.note(&claims, Timestamp(2_000)).expect("memory");
        let found: Vec<Option<u128>> = receipts.iter().map(|r| r.prediction.map(|id| id.0)).collect();
        assert_eq!(found, [Some(1), Some(2), Some(2), None, None, Some(3)], "at 1,701 the window is over");
        let now = Claim { at: None, ..of("anna", 0) };
        let receipts = notary.note(&[now], Timestamp(2_000)).expect("memory");
        assert_eq!(receipts[0].prediction, Some(PredictionId(4)), "of this moment");
        assert_eq!(noted(&notary, &claims[..2]), [Noted::Known; 2], "sending them again changes nothing");
        assert_eq!(journal.outcomes(PredictionId(2)).expect("memory").len(), 2);
    }

    #[test]
    fn a_failing_journal_is_told() {
        let (notary, journal) = one();
        journal.fail(true);
        let error = notary.note(&[claim("yes", None)], Timestamp(0)).expect_err("told to fail");
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
