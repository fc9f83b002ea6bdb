//! The tripwire: harm that is seen at once, request by request, before anybody reads the journal.
//!
//! Not the rule of a release, which weighs everything: this only stops what fails or is slow too often. A pure state
//! machine; whoever answers requests tells it what each showed. Invariants: a fallback counts as a failure whatever
//! its reason, since the challenger was meant to answer; and a challenger that keeps within the tolerances is stopped
//! with a chance of at most `alpha` for each guardrail, however often one looks.
//!
//! Two tests share `alpha`. One matches units of treatment and control as they come. Where callers are so few that
//! control is hardly seen, the other holds the challenger alone against how often the incumbent's calls fail.

use super::{Arm, Guardrail, Pairs};
use stats::sequential::{self, HarmCounts, HarmLimit, Pairing, RateLimit};

/// With this many units in control, pairs alone decide: what makes both arms fail is not the challenger's fault.
const ENOUGH_CONTROL: u64 = 30;

/// How often something was bad, and out of how many.
type Share = (u64, u64);

/// What one request showed of one arm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bad {
    /// The version that was meant did not answer.
    pub failed: bool,
    /// The answer came later than the service level says.
    pub slow: bool,
}

/// What may not get worse, watched request by request.
#[derive(Debug, Clone)]
pub struct Tripwire {
    alpha: f64,
    errors: Wire,
    slow: Wire,
    tripped: Option<Guardrail>,
}

/// One guardrail.
#[derive(Debug, Clone)]
struct Wire {
    name: &'static str,
    tolerance: f64,
    pairing: Pairing,
    arms: [Share; 2],
}

impl Tripwire {
    /// How much more often than control the challenger may fail and be slow (0 to 1; from 1 on it may do so always),
    /// and the chance taken of stopping one that keeps to it, for each.
    pub fn new(errors: f64, slow: f64, alpha: f64) -> Tripwire {
        let wire =
            |name, tolerance| Wire { name, tolerance, pairing: Pairing::default(), arms: Default::default() };
        Tripwire { alpha, errors: wire("errors", errors), slow: wire("slow", slow), tripped: None }
    }

    /// Takes in what a request showed of an arm; `calls` are the incumbent's failed calls and all its calls so far, by
    /// whomever. Gives the guardrail once harm is shown; from then on nothing is taken in.
    pub fn observe(&mut self, arm: Arm, bad: Bad, calls: Share) -> Option<&Guardrail> {
        if self.tripped.is_none() {
            let alpha = self.alpha;
            let errors = self.errors.observe(arm, bad.failed, Some(calls), alpha);
            let slow = self.slow.observe(arm, bad.slow, None, alpha);
            self.tripped = errors.or(slow);
        }
        self.tripped()
    }

    /// The guardrail that showed harm, if one did.
    pub fn tripped(&self) -> Option<&Guardrail> {
        self.tripped.as_ref()
    }
}

impl Wire {
    fn observe(&mut self, arm: Arm, bad: bool, calls: Option<Share>, alpha: f64) -> Option<Guardrail> {
        let seen = &mut self.arms[arm as usize];
        *seen = (seen.0 + u64::from(bad), seen.1 + 1);
        let before = self.pairing.counts();
        let counts = self.pairing.observe(side(arm), bad);
        // evidence only grows by a bad unit of treatment, matched or not
        let grew = counts.worse > before.worse || (bad && arm == Arm::Treatment);
        let log_evidence = if grew { self.evidence(counts, calls, alpha)? } else { return None };
        (log_evidence >= -alpha.ln()).then(|| self.told(counts, log_evidence, alpha))
    }

    /// The larger of both tests' evidence, less what it costs to look at two; `None` where there is no test.
    fn evidence(&self, counts: HarmCounts, calls: Option<Share>, alpha: f64) -> Option<f64> {
        let paired = HarmLimit::new(self.tolerance).ok()?.log_e_value(counts) - 2.0_f64.ln();
        let few = self.arms[Arm::Control as usize].1 < ENOUGH_CONTROL;
        let alone = calls.filter(|_| few).and_then(|calls| self.alone(calls, alpha / 4.0));
        Some(alone.map_or(paired, |alone| paired.max(alone - 4.0_f64.ln())))
    }

    /// The evidence that treatment is bad more often than the incumbent's calls fail and is tolerated besides. How
    /// often they fail is bounded from above, which fails with chance `alpha`.
    fn alone(&self, (failed, calls): Share, alpha: f64) -> Option<f64> {
        let usual = RateLimit::highest_rate(failed.min(calls), calls, alpha).ok()?;
        let (bad, units) = self.arms[Arm::Treatment as usize];
        RateLimit::new(usual + self.tolerance).ok()?.log_e_value(bad, units).ok()
    }

    fn told(&self, counts: HarmCounts, log_evidence: f64, alpha: f64) -> Guardrail {
        let HarmCounts { worse, same, better } = counts;
        Guardrail {
            name: self.name.into(),
            control: self.arms[Arm::Control as usize],
            treatment: self.arms[Arm::Treatment as usize],
            pairs: Pairs { worse, same, better },
            tolerance: self.tolerance,
            log_evidence,
            // a level that is no level leaves the bound where nothing is known
            high: HarmLimit::highest_excess(counts, alpha).unwrap_or(1.0),
        }
    }
}

fn side(arm: Arm) -> sequential::Arm {
    match arm {
        Arm::Control => sequential::Arm::Incumbent,
        Arm::Treatment => sequential::Arm::Challenger,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stats::random::unit;

    const FAILED: Bad = Bad { failed: true, slow: false };
    const GOOD: Bad = Bad { failed: false, slow: false };

    /// Requests of treatment until it trips, out of at most so many, with the arms drawn evenly.
    fn stopped(seed: u64, control: f64, treatment: f64, most: u64) -> Option<u64> {
        let mut wire = Tripwire::new(0.01, 0.01, 0.01);
        let (mut units, mut calls) = (0, (0, 0));
        for request in 0.. {
            let arm = if unit(seed, request, 0) < 0.5 { Arm::Control } else { Arm::Treatment };
            let rate = if arm == Arm::Control { control } else { treatment };
            let bad = Bad { failed: unit(seed, request, 1) < rate, slow: false };
            if arm == Arm::Control {
                calls = (calls.0 + u64::from(bad.failed), calls.1 + 1);
            } else {
                units += 1;
            }
            if wire.observe(arm, bad, calls).is_some() {
                return Some(units);
            }
            if units >= most {
                return None;
            }
        }
        None
    }

    #[test]
    fn what_fails_always_is_stopped_within_a_hundred_of_its_requests() {
        let most = (0..200).map(|seed| stopped(seed, 0.0, 1.0, 1_000)).max().expect("200 runs");
        assert!(most.is_some_and(|most| most <= 40), "{most:?}");
    }

    #[test]
    fn what_fails_five_points_too_often_is_stopped_within_two_thousand() {
        for control in [0.0, 0.02, 0.1] {
            let runs = (0..101).map(|seed| stopped(seed, control, control + 0.06, 20_000));
            let mut runs: Vec<u64> = runs.map(|run| run.unwrap_or(u64::MAX)).collect();
            runs.sort_unstable();
            assert!(runs[50] <= 2_000, "control fails {control}: median {}", runs[50]);
        }
    }

    #[test]
    fn what_fails_as_often_as_is_tolerated_goes_on() {
        let runs = 1_000;
        for control in [0.0, 0.05] {
            let stopped = (0..runs).filter(|&seed| stopped(seed, control, control + 0.01, 3_000).is_some());
            let stopped = stopped.count();
            assert!(stopped <= runs as usize / 100, "control fails {control}: {stopped} of {runs} stopped");
        }
    }

    #[test]
    fn harm_is_told_in_the_terms_of_the_rule() {
        let mut wire = Tripwire::new(0.01, 0.01, 0.01);
        let told = (0..100).find_map(|_| {
            wire.observe(Arm::Control, GOOD, (0, 10));
            wire.observe(Arm::Treatment, Bad { failed: false, slow: true }, (0, 10)).cloned()
        });
        let told = told.expect("it is always slow");
        assert_eq!((told.name.as_str(), told.tolerance), ("slow", 0.01));
        assert_eq!(told.control, (0, told.treatment.1));
        assert_eq!((told.treatment.0, told.pairs.worse), (told.treatment.1, told.treatment.1));
        assert!(told.log_evidence >= -0.01_f64.ln() && told.high > 0.5);
        assert_eq!(wire.observe(Arm::Treatment, GOOD, (0, 10)), Some(&told), "it stays tripped");
    }

    #[test]
    fn a_caller_who_is_alone_in_treatment_is_saved_by_what_is_known_of_the_incumbent() {
        let alone = |calls: &dyn Fn(u64) -> Share| {
            let mut wire = Tripwire::new(0.01, 0.01, 0.01);
            (1..=1_000).find(|&i| wire.observe(Arm::Treatment, FAILED, calls(i)).is_some())
        };
        assert!(alone(&|_| (0, 10_000)).is_some_and(|after| after <= 10));
        // the incumbent answers for the challenger, and so shows itself
        assert!(alone(&|i| (0, i)).is_some_and(|after| after <= 100));
        assert_eq!(alone(&|i| (i, i)), None, "when both fail, nobody knows whose fault it is");
        assert_eq!(alone(&|_| (0, 0)), None);
    }

    #[test]
    fn once_control_is_seen_what_makes_both_fail_stops_nobody() {
        let mut wire = Tripwire::new(0.01, 0.01, 0.01);
        for _ in 0..ENOUGH_CONTROL {
            assert_eq!(wire.observe(Arm::Treatment, GOOD, (0, 10_000)), None);
            assert_eq!(wire.observe(Arm::Control, GOOD, (0, 10_000)), None);
        }
        for _ in 0..200 {
            assert_eq!(wire.observe(Arm::Control, FAILED, (100, 10_000)), None);
            assert_eq!(wire.observe(Arm::Treatment, FAILED, (100, 10_000)), None);
        }
    }

    #[test]
    fn what_is_tolerated_always_never_trips() {
        let mut wire = Tripwire::new(1.0, 1.0, 0.01);
        let bad = Bad { failed: true, slow: true };
        assert!((0..1_000).all(|_| wire.observe(Arm::Treatment, bad, (0, 10_000)).is_none()));
    }
}
