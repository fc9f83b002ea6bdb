//! Shadow: the challenger answers what the incumbent has answered, unseen and beside the request.
//!
//! A request hands over a pointer to its rows and goes; it waits for nothing here, and where all permits are out its
//! rows are left out and counted. What the challenger answers is checked as if it served, logged, and shown to nobody.
//! Invariant: a failure here is told in the journal and in the challenger's breaker, and nowhere on the live path.

use crate::batch::Batch;
use crate::clock::Clock;
use crate::failure::{Failure, Reason};
use crate::link::Link;
use crate::predict::{ask, sift};
use crate::record::Recorder;
use crate::trial::Trial;
use domain::{PredictionId, ShadowAnswer, Table};
use std::sync::Arc;
use std::time::Duration;

/// Where shadow answers are made.
pub(crate) struct Shadow {
    pub recorder: Arc<Recorder>,
    pub clock: Arc<dyn Clock>,
}

/// One request's rows on the challenger's side.
struct Question {
    ids: Vec<PredictionId>,
    trial: Arc<Trial>,
    recorder: Arc<Recorder>,
    clock: Arc<dyn Clock>,
    /// The challenger has as long as the incumbent had.
    until: Duration,
}

impl Shadow {
    /// Asks the challenger the rows of an answer, which were logged under these ids, and returns at once.
    pub fn ask(&self, trial: &Arc<Trial>, ids: Vec<PredictionId>, rows: Arc<Table>, deadline: Duration) {
        let Some(permit) = trial.enter_shadow() else {
            trial.tally().shadow_left_out.add(ids.len() as u64);
            return;
        };
        let (recorder, clock) = (Arc::clone(&self.recorder), Arc::clone(&self.clock));
        let until = clock.monotonic() + deadline;
        let question = Question { ids, trial: Arc::clone(trial), recorder, clock, until };
        let batch = Batch::whole(rows);
        tokio::spawn(async move {
            question.put(batch).await;
            drop(permit);
        });
    }
}

impl Question {
    async fn put(&self, batch: Batch) {
        let challenger = self.trial.challenger();
        let (own, odd) = sift(challenger, batch, false);
        if let Some(odd) = odd {
            let unlike = Failure::new(Reason::Domain, "unlike its training data");
            self.tell(challenger, &odd, Err(&unlike), Duration::ZERO);
        }
        if let Some(own) = own {
            let start = self.clock.monotonic();
            let answer = ask(challenger, &own.table, self.until, self.clock.as_ref()).await;
            let took = self.clock.monotonic().saturating_sub(start);
            let answer = answer.as_ref().map(|outputs| outputs.values.as_slice());
            self.tell(challenger, &own, answer, took);
        }
    }

    /// Logs and counts what became of some rows.
    fn tell(&self, challenger: &Link, batch: &Batch, answer: Result<&[f64], &Failure>, took: Duration) {
        let (at, width) = (self.clock.wall(), challenger.signature().output.width());
        let row = |(row, place): (usize, usize)| ShadowAnswer {
            prediction: self.ids[place],
            at,
            version: challenger.version().clone(),
            answer: match answer {
                Ok(numbers) => Ok(numbers[row * width..(row + 1) * width].to_vec()),
                Err(failure) => Err(failure.reason.name().into()),
            },
            latency_us: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        };
        self.recorder.record_shadows(batch.places().enumerate().map(row).collect());
        let tally = self.trial.tally();
        let counter = if answer.is_ok() { &tally.shadow_answered } else { &tally.shadow_failed };
        counter.add(batch.rows() as u64);
        if let Err(failure) = answer {
            tracing::debug!(version = %challenger.version(), %failure, "a challenger did not answer in shadow");
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::breaker::State;
    use crate::clock::Clock;
    use crate::faults::{Fault, Rule, signature};
    use crate::house::{DEADLINE, House, house, rules, who};
    use crate::trial::Rules;
    use domain::experiment::{Phase, Step};
    use domain::{Domain, Field, Kind, ServedBy, ShadowAnswer, Timestamp, VersionId};
    use std::sync::Arc;
    use std::time::Duration;
    use store::{Entry, Journal};

    const SHADOW: Phase = Phase { step: Step::Shadow, treatment: 0.0 };

    /// Ends when this many rows were answered, failed or were left out in shadow.
    async fn until_told(house: &House, rows: u64) {
        let trial = house.engine.trial().expect("it runs");
        let told = || {
            let tally = trial.tally();
            tally.shadow_answered.get() + tally.shadow_failed.get() + tally.shadow_left_out.get()
        };
        while told() < rows {
            tokio::task::yield_now().await;
        }
    }

    async fn shadows(house: &House) -> Vec<ShadowAnswer> {
        house.engine.drain().await;
        let mut found = Vec::new();
        let all = house.journal.scan(Timestamp(i64::MIN), Timestamp(i64::MAX), &mut |entry| {
            found.extend(match entry {
                Entry::Shadow(shadow) => Some(shadow),
                Entry::Prediction(_) | Entry::Outcome(_) => None,
            });
        });
        all.expect("memory is readable");
        found
    }

    #[tokio::test]
    async fn every_answered_row_is_also_asked_of_the_challenger() {
        let mut house = house(&[Fault::None]);
        house.try_out(SHADOW, Fault::None);
        let answer = house.ask_for(&["a".into(), "b".into()]).await;
        assert_eq!((who(&answer), answer.outputs.values.as_slice()), (ServedBy::Intended, &[1.0, 2.0][..]));
        let without_unit = house.ask(&[5.0]).await;
        until_told(&house, 3).await;
        let told: Vec<_> = shadows(&house).await.into_iter().map(|s| (s.prediction, s.answer)).collect();
        let ids = [answer.ids, without_unit.ids].concat();
        assert_eq!(told, [(ids[0], Ok(vec![10.0])), (ids[1], Ok(vec![11.0])), (ids[2], Ok(vec![15.0]))]);
        let logged = house.logged().await;
        assert!(logged.iter().all(|p| p.assignment.is_none() && p.version.0 == "v0"));
        assert_eq!(logged[0].unit.as_deref(), Some("a"), "the comparison goes by units");
    }

    #[tokio::test]
    async fn faults_in_shadow_are_logged_and_touch_no_answer() {
        let faults = [
            (Fault::Error, "error"),
            (Fault::Panic, "panic"),
            (Fault::Nan, "invalid"),
            (Fault::Width, "invalid"),
            (Fault::Kind, "invalid"),
        ];
        for (fault, why) in faults {
            let mut house = house(&[Fault::None]);
            house.try_out(SHADOW, fault);
            for request in 1..=25 {
                assert_eq!(who(&house.ask(&[1.0]).await), ServedBy::Intended, "{fault:?}");
                until_told(&house, request).await;
            }
            let told: Vec<_> = shadows(&house).await.into_iter().map(|s| s.answer).collect();
            let expected = |place| if place < 20 { why } else { "breaker" };
            assert!(told.iter().enumerate().all(|(i, a)| *a == Err(expected(i).into())), "{told:?}");
            let (challenger, own) = (link(&house, "c"), link(&house, "v0"));
            let now = house.clock.monotonic();
            assert_eq!((challenger.breaker(now), own.breaker(now)), ((State::Open, 1), (State::Closed, 0)));
            assert_eq!(house.engine.counters().fallback_rows.get(), 0);
            assert_eq!(house.engine.tripped(), None);
        }
    }

    fn link(house: &House, version: &str) -> Arc<crate::Link> {
        house.engine.link(&VersionId(version.into())).expect("loaded")
    }

    #[tokio::test]
    async fn a_challenger_that_hangs_in_shadow_holds_up_nobody() {
        let mut house = house(&[Fault::None]);
        house.try_out(SHADOW, Fault::Hang);
        for _ in 0..5 {
            let answer = house.ask(&[1.0]).await;
            assert_eq!((who(&answer), answer.latency), (ServedBy::Intended, Duration::ZERO));
        }
        let trial = house.engine.trial().expect("it runs");
        assert_eq!(trial.tally().shadow_left_out.get(), 3, "two permits are out");
        house.clock.sleeping(2).await;
        house.clock.advance(DEADLINE);
        until_told(&house, 5).await;
        let told = shadows(&house).await;
        assert_eq!(told.len(), 2);
        let late = |s: &ShadowAnswer| s.answer == Err("deadline".into()) && s.latency_us == 80_000;
        assert!(told.iter().all(late), "{told:?}");
    }

    #[tokio::test]
    async fn permits_come_back() {
        let mut house = house(&[Fault::None]);
        house.try_out(SHADOW, Fault::None);
        for request in 1..=10 {
            house.ask(&[1.0]).await;
            until_told(&house, request).await;
        }
        let trial = house.engine.trial().expect("it runs");
        assert_eq!((trial.tally().shadow_answered.get(), trial.tally().shadow_left_out.get()), (10, 0));
    }

    #[tokio::test]
    async fn rows_unlike_the_challengers_training_data_are_told_so() {
        let house = house(&[Fault::None]);
        let mut narrow = signature();
        let domain = Domain::Range { min: 0.0, max: 1.0 };
        narrow.inputs.fields = vec![Field { name: "x".into(), kind: Kind::Number, nullable: false, domain }];
        let link = Rule::new(narrow, |rows| vec![7.0; rows.rows()]).link("c");
        house.try_link(SHADOW, Arc::new(link), Rules { shadow_permits: 1, ..rules() });
        house.ask(&[0.5, 9.0, 1.0]).await;
        until_told(&house, 3).await;
        let told: Vec<_> = shadows(&house).await.into_iter().map(|s| s.answer).collect();
        assert_eq!(told, [Ok(vec![7.0]), Err("domain".into()), Ok(vec![7.0])]);
    }

    #[tokio::test]
    async fn a_failing_journal_loses_shadow_answers_apart_from_predictions() {
        let mut house = house(&[Fault::None]);
        house.try_out(SHADOW, Fault::None);
        house.journal.fail(true);
        house.ask(&[1.0]).await;
        until_told(&house, 1).await;
        house.engine.drain().await;
        assert_eq!(house.engine.counters().shadows_dropped.get(), 1);
        assert_eq!(house.engine.take_dropped().map(|(rows, _)| rows), Some(1), "predictions alone");
    }
}
