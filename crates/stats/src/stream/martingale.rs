//! Conformal test martingales: capital that grows when new scores stop looking like old ones.
//!
//! No labels are needed: a nonconformity score of each row is compared with a *fixed* reference set, since
//! one that grows takes the change in. The invariant: capital is kept as a logarithm; ties among scores
//! are broken by a seed, so the same stream gives the same capital.

use crate::distribution::normal_quantile;
use crate::input::{self, BadInput};
use crate::random;

/// The scores of reference rows, against which new scores become p-values.
#[derive(Debug, Clone, PartialEq)]
pub struct ConformalReference {
    sorted: Vec<f64>,
    seed: u64,
}

impl ConformalReference {
    /// Of finite scores, one or more, higher being stranger; `seed` breaks ties.
    pub fn new(mut scores: Vec<f64>, seed: u64) -> Result<Self, BadInput> {
        input::at_least("reference scores", scores.len(), 1)?;
        input::all_finite("reference scores", &scores)?;
        scores.sort_unstable_by(f64::total_cmp);
        Ok(ConformalReference { sorted: scores, seed })
    }

    /// The p-value of the score of the stream's row number `row`: the share of reference scores above it,
    /// and of a random part of those equal to it and itself.
    pub fn p_value(&self, score: f64, row: u64) -> Result<f64, BadInput> {
        input::parameter("score", score, "a finite number", score.is_finite())?;
        let through = self.sorted.partition_point(|&s| s <= score);
        let equal = through - self.sorted.partition_point(|&s| s < score);
        let above = (self.sorted.len() - through) as f64;
        let part = random::unit(self.seed, 0, row);
        Ok((above + part * (equal as f64 + 1.0)) / (self.sorted.len() as f64 + 1.0))
    }

    /// How far the mean p-value of unchanged rows may lie from ½ because the reference is a sample: exceeded
    /// in a share `alpha` of references. For [`SimpleJumper::with_tolerance`].
    pub fn tolerance(&self, alpha: f64) -> Result<f64, BadInput> {
        input::open_unit("alpha", alpha)?;
        let n = self.sorted.len() as f64;
        Ok(normal_quantile(1.0 - 0.5 * alpha) * (n / 12.0).sqrt() / (n + 1.0))
    }
}

/// The Simple Jumper: accounts that bet on high, on low and on even p-values, with a little of the capital
/// moved between them after each row.
///
/// - *What it answers.* Have the scores changed, at any time? Capital of c under no change comes with
///   chance at most 1/c, ever; the CUSUM of it suits repeated use, with c rows or more between alarms.
/// - *Assumptions.* P-values that are uniform given the past under no change. Against a fixed reference
///   they nearly are, until the stream is about as long as the reference; beyond, ask for a tolerance.
/// - *When it misleads.* It sees a change of the mean p-value; a change of the spread of the score alone
///   leaves that. Change is not harm.
/// - *Source.* Vovk, Gammerman and Shafer 2022, algorithm 8.1 and section 8.3; Vovk et al. 2021 for CUSUM.
/// - *Checked against.* crepes 0.9.1 `martingales.SimpleJumper`; its false alarms by simulation.
#[derive(Debug, Clone, PartialEq)]
pub struct SimpleJumper {
    jump: f64,
    tolerance: f64,
    /// Each account's bet and its share of the capital.
    accounts: Vec<(f64, f64)>,
    log_capital: f64,
    log_cusum: f64,
}

impl SimpleJumper {
    /// With these bets in [−1, 1] (usually −1, 0 and 1) and the share `jump` of capital that is spread anew
    /// after each row, strictly between 0 and 1 (usually 0.01).
    pub fn new(bets: &[f64], jump: f64) -> Result<Self, BadInput> {
        input::at_least("bets", bets.len(), 1)?;
        input::all("bets", bets, "a number in [-1, 1]", |b| (-1.0..=1.0).contains(&b))?;
        input::open_unit("jump", jump)?;
        let share = 1.0 / bets.len() as f64;
        let accounts = bets.iter().map(|&bet| (bet, share)).collect();
        Ok(SimpleJumper { jump, tolerance: 0.0, accounts, log_capital: 0.0, log_cusum: 0.0 })
    }

    /// Each bet pays for a mean p-value that is off ½ by `tolerance` (0 to ½), so that only more than that
    /// makes capital; see [`ConformalReference::tolerance`].
    pub fn with_tolerance(self, tolerance: f64) -> Result<Self, BadInput> {
        input::parameter("tolerance", tolerance, "a number in [0, 0.5)", (0.0..0.5).contains(&tolerance))?;
        Ok(SimpleJumper { tolerance, ..self })
    }

    /// Takes a p-value in [0, 1] and returns the log of the capital after it.
    pub fn observe(&mut self, p: f64) -> Result<f64, BadInput> {
        input::parameter("p-value", p, "a number in [0, 1]", (0.0..=1.0).contains(&p))?;
        let tolerance = self.tolerance;
        let reward = |bet: f64| 1.0 + bet * (p - 0.5) - bet.abs() * tolerance;
        self.accounts.iter_mut().for_each(|(bet, share)| *share *= reward(*bet));
        let growth: f64 = self.accounts.iter().map(|account| account.1).sum();
        let spread = self.jump / self.accounts.len() as f64;
        self.accounts.iter_mut().for_each(|(_, share)| *share = (1.0 - self.jump) * *share / growth + spread);
        self.log_capital += growth.ln();
        self.log_cusum = (self.log_cusum + growth.ln()).max(0.0);
        Ok(self.log_capital)
    }

    /// The log of the capital: alarm at ln 100.
    pub fn log_capital(&self) -> f64 {
        self.log_capital
    }

    /// The log of the capital over its lowest so far: alarm at ln 100 and start afresh.
    pub fn log_cusum(&self) -> f64 {
        self.log_cusum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn p_values_count_those_above_and_part_of_the_ties() {
        let reference = ConformalReference::new(vec![3.0, 1.0, 2.0, 2.0], 7).unwrap();
        let (p, part) = (reference.p_value(2.0, 5).unwrap(), random::unit(7, 0, 5));
        assert!((p - (1.0 + part * 3.0) / 5.0).abs() < 1e-15);
        assert!(reference.p_value(9.0, 0).unwrap() <= 0.2 && reference.p_value(0.0, 0).unwrap() >= 0.8);
        assert!(reference.p_value(f64::NAN, 0).is_err() && ConformalReference::new(vec![], 0).is_err());
    }

    #[test]
    fn capital_beyond_any_float_is_still_a_number() {
        let mut jumper = SimpleJumper::new(&[-1.0, 0.0, 1.0], 0.01).unwrap();
        (0..20_000).for_each(|_| assert!(jumper.observe(0.0).unwrap().is_finite()));
        assert!(jumper.log_capital() > 4_000.0);
        assert!(jumper.observe(1.1).is_err() && SimpleJumper::new(&[2.0], 0.01).is_err());
    }

    proptest! {
        #[test]
        fn tolerance_costs_and_cusum_never_falls_below_capital_gained(
            p in prop::collection::vec(0.0..1.0f64, 1..80), tolerance in 0.0..0.4f64,
        ) {
            let mut plain = SimpleJumper::new(&[-1.0, 0.0, 1.0], 0.01).unwrap();
            let mut shy = plain.clone().with_tolerance(tolerance).unwrap();
            let mut lowest = 0.0f64;
            for &p in &p {
                plain.observe(p).unwrap();
                shy.observe(p).unwrap();
                lowest = lowest.min(plain.log_capital());
            }
            prop_assert!(shy.log_capital() <= plain.log_capital() + 1e-9);
            prop_assert!((plain.log_cusum() - (plain.log_capital() - lowest)).abs() < 1e-9);
        }
    }
}
