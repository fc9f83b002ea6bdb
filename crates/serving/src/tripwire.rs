//! The tripwire where it is tripped: between requests, at once, for every thread.
//!
//! The rule stands in `domain`; here is the lock around it, and the flag that the next request reads. Invariant: once
//! it has tripped it stays so as long as its experiment is deployed, whatever phase that is in.

use crate::trial::Rules;
use domain::experiment::{Bad, Guardrail, Tripwire as Rule};
use domain::{Arm, ExperimentId};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A challenger that was stopped for harm before anybody read the journal.
#[derive(Debug, Clone, PartialEq)]
pub struct Tripped {
    /// In which experiment.
    pub experiment: ExperimentId,
    /// What got worse, in the terms of the rule of a release. It is about this process's requests alone.
    pub guardrail: Guardrail,
}

pub(crate) struct Tripwire {
    rule: Mutex<Rule>,
    tripped: AtomicBool,
}

impl Tripwire {
    pub fn new(rules: &Rules) -> Tripwire {
        let rule = Rule::new(rules.errors, rules.slow, rules.harm_alpha);
        Tripwire { rule: Mutex::new(rule), tripped: AtomicBool::new(false) }
    }

    pub fn is_tripped(&self) -> bool {
        self.tripped.load(Ordering::Relaxed)
    }

    /// What tripped it.
    pub fn tripped(&self) -> Option<Guardrail> {
        self.lock().tripped().cloned()
    }

    /// What a request showed of an arm; `calls` are those of the incumbent, failed and all.
    pub fn observe(&self, arm: Arm, bad: Bad, calls: (u64, u64)) {
        if self.is_tripped() {
            return;
        }
        if let Some(guardrail) = self.lock().observe(arm, bad, calls)
            && !self.tripped.swap(true, Ordering::Relaxed)
        {
            tracing::error!(?guardrail, "a challenger does harm and is not asked any more");
        }
    }

    fn lock(&self) -> MutexGuard<'_, Rule> {
        self.rule.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use crate::faults::{Fault, signature};
    use crate::house::{CANARY, House, fallback, house, limits, rules, units, who};
    use crate::link::Link;
    use domain::experiment::{Phase, Step};
    use domain::{Arm, ExperimentId, OutputKind, Outputs, Signature, Table, VersionId};
    use models::{Predict, PredictError};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    const AB: Phase = Phase { step: Step::Ab, treatment: 0.5 };

    /// A challenger that fails a share of its calls, drawn by a seed.
    struct Unsteady {
        signature: Signature,
        seed: u64,
        share: f64,
        calls: AtomicU64,
    }

    impl Predict for Unsteady {
        fn signature(&self) -> &Signature {
            &self.signature
        }

        fn predict(&self, rows: &Table) -> Result<Outputs, PredictError> {
            let call = self.calls.fetch_add(1, Ordering::Relaxed);
            if unit(self.seed, call) < self.share {
                return Err(PredictError::Graph { node: "unsteady".into(), why: "told to fail".into() });
            }
            Ok(Outputs { kind: OutputKind::Value, values: vec![10.0; rows.rows()] })
        }
    }

    /// A number in [0, 1), by SplitMix64.
    fn unit(seed: u64, draw: u64) -> f64 {
        let mut word = (seed << 32 | draw).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((word ^ (word >> 31)) >> 11) as f64 * 0.5_f64.powi(53)
    }

    fn unsteady(seed: u64, share: f64) -> House {
        let house = house(&[Fault::None]);
        let model = Unsteady { signature: signature(), seed, share, calls: AtomicU64::new(0) };
        let link = Link::start(VersionId("c".into()), Arc::new(model), limits()).expect("threads to spare");
        house.try_link(AB, Arc::new(link), rules());
        house
    }

    /// Requests of units of their own until the challenger is stopped; gives how many were treatment's. Every one of
    /// them must be answered by a version.
    async fn until_stopped(house: &House, most: u64) -> u64 {
        let mut treated = 0;
        for request in 0..most {
            let answer = house.ask_for(&[format!("caller {request}")]).await;
            let part = answer.part(0);
            assert!(part.answered_by().is_some(), "no version answered request {request}");
            let assignment = part.assignment.as_ref().expect("all units take part in an A/B at the half");
            treated += u64::from(assignment.arm == Arm::Treatment);
            if house.engine.tripped().is_some() {
                break;
            }
        }
        treated
    }

    #[tokio::test]
    async fn a_challenger_that_always_fails_is_stopped_within_a_hundred_of_its_requests() {
        for fault in [Fault::Error, Fault::Panic, Fault::Nan, Fault::Width] {
            let mut house = house(&[Fault::None]);
            house.try_out(AB, fault);
            let treated = until_stopped(&house, 1_000).await;
            assert!(treated <= 100, "{fault:?}: {treated}");
            let treatment = units(AB, Some(Arm::Treatment), 1);
            let answer = house.ask_for(&treatment).await;
            assert_eq!(who(&answer), fallback("v0", "stopped"), "from now on it is not asked");
            let logged = house.logged().await.pop().expect("logged");
            let arm = logged.assignment.as_ref().map(|a| a.arm);
            assert_eq!((logged.version.0.as_str(), arm), ("c", Some(Arm::Treatment)));
            let tripped = house.engine.tripped().expect("it was stopped");
            assert_eq!(tripped.guardrail.name, "errors");
        }
    }

    #[tokio::test]
    async fn a_challenger_that_fails_five_points_too_often_is_stopped_within_two_thousand() {
        let mut stopped = Vec::new();
        for seed in 0..101 {
            stopped.push(until_stopped(&unsteady(seed, 0.06), 20_000).await);
        }
        stopped.sort_unstable();
        assert!(stopped[50] <= 2_000, "median {}", stopped[50]);
    }

    #[tokio::test]
    async fn a_challenger_that_fails_as_often_as_is_tolerated_goes_on() {
        let house = unsteady(1, 0.01);
        until_stopped(&house, 4_000).await;
        assert_eq!(house.engine.tripped(), None);
    }

    #[tokio::test]
    async fn a_lonely_caller_in_treatment_is_not_left_with_a_broken_challenger() {
        let mut house = house(&[Fault::None]);
        house.try_out(AB, Fault::Error);
        let caller = units(AB, Some(Arm::Treatment), 1);
        for _ in 0..100 {
            house.ask_for(&caller).await;
        }
        let tripped = house.engine.tripped().expect("nobody else ever asked");
        assert_eq!(tripped.guardrail.control, (0, 0));
    }

    #[tokio::test]
    async fn it_stays_tripped_over_snapshots_and_another_experiment_begins_anew() {
        let mut house = house(&[Fault::None]);
        house.try_out(AB, Fault::Error);
        until_stopped(&house, 1_000).await;
        let challenger = house.engine.link(&VersionId("c".into())).expect("on trial");
        house.try_link(CANARY, Arc::clone(&challenger), rules());
        assert!(house.engine.tripped().is_some(), "the same experiment, one step back");
        house.deploy(ExperimentId("2-v0-c".into()), CANARY, challenger, rules());
        assert_eq!(house.engine.tripped(), None);
    }

    #[tokio::test]
    async fn rows_that_fail_together_count_once() {
        let mut house = house(&[Fault::None]);
        house.try_out(AB, Fault::Error);
        let both =
            |count| [units(AB, Some(Arm::Control), count), units(AB, Some(Arm::Treatment), count)].concat();
        house.ask_for(&both(50)).await;
        assert_eq!(house.engine.tripped(), None, "one failed call is no proof");
        assert_eq!(house.engine.trial().expect("it runs").tally().fell_back(Arm::Treatment).get(), 50);
    }
}
