//! Two-sided bounds for the mean of bounded values, by betting both ways: no normal approximation.
//!
//! Not for streams of millions: every value is kept, since each candidate mean is bet against anew. The
//! invariant: the bounds hold at every look with chance 1 − α, at the first value already.

use crate::Estimate;
use crate::distribution::bisect;
use crate::input::{self, BadInput};

/// A bet never risks more than this share of the capital.
const LARGEST_STAKE: f64 = 0.5;

/// The values so far, each with the bet that was set before it came.
///
/// - *What it answers.* Between what bounds is a mean of values in [0, 1], however few there are and
///   however often I look?
/// - *Assumptions.* Values in [0, 1], whose mean given the past is always the same.
/// - *When it misleads.* Where the mean moves, it encloses neither the old nor the new one.
/// - *Source.* Waudby-Smith and Ramdas 2024, section 4: the hedged capital max(½K⁺, ½K⁻) with bets as
///   for the empirical Bernstein mixture, truncated at half of what ruin would take. Both capitals are
///   monotone in the candidate mean, so each bound is found by bisection.
/// - *Checked against.* confseq 0.0.11 `betting_mart` at 1e-8, `betting_cs` and `hedged_cs` on their
///   grids of 1/1000.
#[derive(Debug, Clone, PartialEq)]
pub struct Hedged {
    alpha: f64,
    /// (value, bet before it).
    bets: Vec<(f64, f64)>,
    total: f64,
    squares: f64,
    low: f64,
    high: f64,
}

impl Hedged {
    /// For both bounds together at `alpha`.
    pub fn new(alpha: f64) -> Result<Self, BadInput> {
        input::open_unit("alpha", alpha)?;
        Ok(Hedged { alpha, bets: Vec::new(), total: 0.0, squares: 0.0, low: 0.0, high: 1.0 })
    }

    /// Takes a value in [0, 1].
    pub fn observe(&mut self, value: f64) -> Result<(), BadInput> {
        input::parameter("value", value, "a number in [0, 1]", (0.0..=1.0).contains(&value))?;
        let rows = self.bets.len() as f64 + 1.0;
        let variance = (0.25 + self.squares) / rows;
        // Two sides at α/2 each.
        let bet = (2.0 * (2.0 / self.alpha).ln() / (rows * libm::log1p(rows) * variance)).sqrt();
        self.bets.push((value, bet));
        self.total += value;
        let with_it = (0.5 + self.total) / (rows + 1.0);
        self.squares += (value - with_it) * (value - with_it);
        Ok(())
    }

    /// The logarithm of the capital won against the candidate `mean`, strictly between 0 and 1: reject
    /// it at −ln α or more.
    pub fn log_capital(&self, mean: f64) -> Result<f64, BadInput> {
        input::open_unit("candidate mean", mean)?;
        Ok(self.log_above(mean).max(self.log_below(mean)) - std::f64::consts::LN_2)
    }

    /// The mean and its bounds now, within those of all looks before.
    pub fn look(&mut self) -> Estimate {
        let enough = std::f64::consts::LN_2 - self.alpha.ln();
        // Capital on "above" falls with the candidate, capital on "below" rises.
        let low = bisect(0.0, 1.0, |mean| self.log_above(mean) < enough);
        let high = bisect(0.0, 1.0, |mean| self.log_below(mean) >= enough);
        (self.low, self.high) = (self.low.max(low), self.high.min(high));
        let rows = self.bets.len() as u64;
        let value = if rows == 0 { 0.5 } else { self.total / rows as f64 };
        Estimate { value, low: self.low, high: self.high, rows }
    }

    fn log_above(&self, mean: f64) -> f64 {
        let log = |&(value, bet): &(f64, f64)| libm::log1p(bet.min(LARGEST_STAKE / mean) * (value - mean));
        self.bets.iter().map(log).sum()
    }

    fn log_below(&self, mean: f64) -> f64 {
        let largest = LARGEST_STAKE / (1.0 - mean);
        let log = |&(value, bet): &(f64, f64)| libm::log1p(bet.min(largest) * (mean - value));
        self.bets.iter().map(log).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn no_values_bound_nothing() {
        let mut hedged = Hedged::new(0.05).unwrap();
        let look = hedged.look();
        assert_eq!((look.rows, look.high), (0, 1.0));
        assert!(look.low < 1e-300);
        assert!(hedged.observe(-0.1).is_err() && hedged.log_capital(0.0).is_err());
    }

    proptest! {
        #[test]
        fn mirrored_values_have_mirrored_bounds(values in prop::collection::vec(0.0..=1.0f64, 1..80)) {
            let look = |mirror: bool| {
                let mut hedged = Hedged::new(0.05).unwrap();
                values.iter().for_each(|&v| hedged.observe(if mirror { 1.0 - v } else { v }).unwrap());
                hedged.look()
            };
            let (here, there) = (look(false), look(true));
            prop_assert!((here.low + there.high - 1.0).abs() < 1e-9);
            prop_assert!(here.low < here.high);
        }

        #[test]
        fn bounds_are_where_the_capital_is_won(values in prop::collection::vec(0.6..=1.0f64, 30..80)) {
            let mut hedged = Hedged::new(0.05).unwrap();
            values.iter().for_each(|&v| hedged.observe(v).unwrap());
            let low = hedged.look().low;
            prop_assert!(hedged.log_capital(low - 1e-6).unwrap() > -0.05f64.ln());
            prop_assert!(hedged.log_capital(low + 1e-6).unwrap() < -0.05f64.ln());
        }
    }
}
