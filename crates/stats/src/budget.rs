//! What a model's whole life of decisions may cost: the evidence ledger.
//!
//! It spends a false-promotion budget over gates that arrive one by one. Asking one holdout again
//! and again is [`crate::ladder`]. The invariant: the same decisions in the same order give the
//! same ledger, so it can be replayed from events, and nothing is ever given back.

use crate::input::{self, BadInput};

/// e-LOND: promote when the evidence of decision j is at least 1/(α γⱼ (R + 1)), R being the
/// promotions so far.
///
/// - *What it answers.* Over all gates this model ever passes, what share of promotions is wrong?
///   At most α in expectation, at every moment.
/// - *Assumptions.* Each value is an e-value given the past; the decisions may depend on each
///   other in any way.
/// - *When it misleads.* A p-value is not an e-value. The level falls with every decision that
///   promotes nothing, so trying often costs.
/// - *Source.* Xu and Ramdas 2024, theorem 1; γⱼ as in Javanmard and Montanari 2018.
/// - *Checked against.* online-fdr 1.0.0 `ELond`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EvidenceLedger {
    alpha: f64,
    decisions: u64,
    promotions: u64,
}

impl EvidenceLedger {
    /// A fresh ledger with budget `alpha`.
    pub fn new(alpha: f64) -> Result<Self, BadInput> {
        input::open_unit("alpha", alpha)?;
        Ok(EvidenceLedger { alpha, decisions: 0, promotions: 0 })
    }

    /// A ledger that has seen this many decisions, of which so many promoted.
    pub fn resume(alpha: f64, decisions: u64, promotions: u64) -> Result<Self, BadInput> {
        let found = promotions as f64;
        input::parameter("promotions", found, "at most the number of decisions", promotions <= decisions)?;
        Ok(EvidenceLedger { decisions, promotions, ..EvidenceLedger::new(alpha)? })
    }

    /// The level of the next decision: promote when the e-value is at least one over it.
    pub fn level(&self) -> f64 {
        self.alpha * share_of_decision(self.decisions + 1) * (self.promotions + 1) as f64
    }

    /// Takes the next decision's evidence, as a natural logarithm so that it cannot overflow, and
    /// says whether to promote. NaN is refused.
    pub fn decide(&mut self, log_e_value: f64) -> Result<bool, BadInput> {
        input::parameter("log e-value", log_e_value, "a number", !log_e_value.is_nan())?;
        let promote = log_e_value >= -self.level().ln();
        self.decisions += 1;
        self.promotions += u64::from(promote);
        Ok(promote)
    }

    /// Decisions taken so far.
    pub fn decisions(&self) -> u64 {
        self.decisions
    }

    /// Promotions so far.
    pub fn promotions(&self) -> u64 {
        self.promotions
    }
}

/// The evidence in a p-value, as the logarithm of an e-value: for comparisons that have a fixed
/// sample and no betting form.
///
/// - *What it answers.* What may a p-value be entered as in the [`EvidenceLedger`]?
/// - *Assumptions.* The p-value is valid, from a sample size fixed beforehand.
/// - *When it misleads.* Converting costs power: p = 0.001 becomes e = 21, p = 10⁻⁵ becomes 754.
///   Where rows can be bet on ([`crate::sequential::Bettor`]), do that instead.
/// - *Source.* Vovk and Wang 2021, equation 2: ∫ κp^(κ−1) dκ = (1 − p + p ln p)/(p ln² p).
/// - *Checked against.* Its expectation under the null, which is 1.
pub fn evidence_in_p_value(p: f64) -> Result<f64, BadInput> {
    input::parameter("p-value", p, "a number in [0, 1]", (0.0..=1.0).contains(&p))?;
    // The smallest positive float stands for p-values that underflowed.
    let log = p.max(f64::MIN_POSITIVE).ln();
    if log > -1e-4 {
        // The limit towards p = 1, where the formula is 0/0.
        return Ok((0.5 - log / 6.0).ln());
    }
    Ok((libm::expm1(-log) + log).ln() - 2.0 * (-log).ln())
}

/// γⱼ: how the budget is spread over decisions without end; together no more than all of it.
fn share_of_decision(j: u64) -> f64 {
    let j = j as f64;
    0.077_208_38 * j.max(2.0).ln() / (j * j.ln().sqrt().exp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn all_decisions_together_spend_no_more_than_the_budget() {
        let last = 100_000;
        let early: f64 = (1..=last).map(share_of_decision).sum();
        // The rest is close to the integral of u·e^(−√u) over u = ln j, in closed form.
        let s = (last as f64).ln().sqrt();
        let rest = 0.077_208_38 * 2.0 * (-s).exp() * (((s + 3.0) * s + 6.0) * s + 6.0);
        assert!((0.95..1.0).contains(&(early + rest)), "{early} + {rest}");
    }

    #[test]
    fn a_resumed_ledger_goes_on_where_it_was() {
        let mut ledger = EvidenceLedger::new(0.1).unwrap();
        for e in [5.0f64, 900.0, 30.0, 1200.0] {
            ledger.decide(e.ln()).unwrap();
        }
        let resumed = EvidenceLedger::resume(0.1, ledger.decisions(), ledger.promotions()).unwrap();
        assert_eq!(resumed, ledger);
        assert!(EvidenceLedger::resume(0.1, 1, 2).is_err());
    }

    #[test]
    fn evidence_too_large_for_a_float_still_promotes() {
        let mut ledger = EvidenceLedger::new(0.05).unwrap();
        assert_eq!(ledger.decide(5_000.0), Ok(true));
        assert!(ledger.decide(f64::NAN).is_err());
    }

    #[test]
    fn a_p_value_is_worth_one_on_average_and_less_is_worth_more() {
        let e = |p: f64| evidence_in_p_value(p).unwrap().exp();
        // In u = −ln p the mean over p is a sum of thin slices; beyond u = U it is close to 1/U.
        let step = 1e-3;
        let slices = (0..200_000).map(|i| (i as f64 + 0.5) * step);
        let mean: f64 = slices.map(|u| e((-u).exp()) * (-u).exp() * step).sum::<f64>() + 1.0 / 200.0;
        assert!((mean - 1.0).abs() < 1e-3, "{mean}");
        assert!((e(1.0) - 0.5).abs() < 1e-12 && (e(1.0 - 1e-4) - e(1.0 - 1.01e-4)).abs() < 1e-6);
        assert!((e(0.001) - 20.8).abs() < 0.1 && (e(1e-5) - 754.4).abs() < 0.5);
        assert!(e(0.0).is_finite() && evidence_in_p_value(-0.1).is_err());
    }

    proptest! {
        #[test]
        fn levels_fall_without_promotions_and_rise_with_one(alpha in 0.01..0.2f64, quiet in 2u64..200) {
            let at = |decisions, promotions| {
                EvidenceLedger::resume(alpha, decisions, promotions).unwrap().level()
            };
            prop_assert!(at(quiet, 0) > at(quiet + 1, 0));
            prop_assert!(at(quiet, 0) < at(quiet, 1));
        }
    }
}
