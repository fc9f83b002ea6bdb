//! Bounds for the mean of values in [0, 1] that adapt to their variance, in closed form.
//!
//! Not the tightest (that is [`crate::sequential::hedged`]), but O(1) in memory. The invariant: a lower
//! bound; the upper one is 1 less the lower bound of the mirrored values 1 − x, and each side has its
//! own α.
//!
//! - *What they answer.* What is the least that a bounded mean can be, however often I look?
//! - *Assumptions.* Values in [0, 1], whose mean given the past is always the same.
//! - *When they mislead.* Early on they say nothing: 0.
//! - *Source.* [`PredictableBernstein`]: Waudby-Smith and Ramdas 2024, theorem 2. [`ConjugateBernstein`]:
//!   Howard et al. 2021, theorem 4 with the gamma-exponential mixture.
//! - *Checked against.* confseq 0.0.11 `predmix_empbern_lower_cs` and `conjmix_empbern_lower_cs`, of
//!   which the latter halves its α once more, and once again for two sides.

use super::mixture::{Tuning, gamma_exponential_bound};
use crate::input::{self, BadInput};

/// No bet above it.
const LARGEST_BET: f64 = 0.5;

/// A lower bound by bets that shrink as evidence gathers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PredictableBernstein {
    alpha: f64,
    rows: f64,
    total: f64,
    /// Squares around the mean that starts at ½, for the bets.
    squares: f64,
    bets: f64,
    staked: f64,
    cost: f64,
}

impl PredictableBernstein {
    /// One-sided, at `alpha`.
    pub fn new(alpha: f64) -> Result<Self, BadInput> {
        input::open_unit("alpha", alpha)?;
        Ok(PredictableBernstein {
            alpha,
            rows: 0.0,
            total: 0.0,
            squares: 0.0,
            bets: 0.0,
            staked: 0.0,
            cost: 0.0,
        })
    }

    /// Takes a value in [0, 1].
    pub fn observe(&mut self, value: f64) -> Result<(), BadInput> {
        unit("value", value)?;
        let before = if self.rows == 0.0 { 0.0 } else { self.total / self.rows };
        self.rows += 1.0;
        let variance = (0.25 + self.squares) / self.rows;
        let bet = (-2.0 * self.alpha.ln() / (self.rows * libm::log1p(self.rows) * variance)).sqrt();
        let bet = bet.min(LARGEST_BET);
        self.bets += bet;
        self.staked += bet * value;
        self.cost += (value - before) * (value - before) * (-libm::log1p(-bet) - bet);
        self.total += value;
        let with_it = (0.5 + self.total) / (self.rows + 1.0);
        self.squares += (value - with_it) * (value - with_it);
        Ok(())
    }

    /// The bound; 0 before the first value.
    pub fn low(&self) -> f64 {
        if self.rows == 0.0 {
            return 0.0;
        }
        ((self.staked + self.alpha.ln() - self.cost) / self.bets).max(0.0)
    }
}

/// A lower bound that is tightest when the variance gathered is `tuned`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ConjugateBernstein {
    alpha: f64,
    tuned: f64,
    rows: f64,
    total: f64,
    variance: f64,
}

impl ConjugateBernstein {
    /// One-sided, at `alpha`; `tuned` is the planned number of values times their variance.
    pub fn new(alpha: f64, tuned: f64) -> Result<Self, BadInput> {
        input::open_unit("alpha", alpha)?;
        input::parameter("alpha of one bound", alpha, "below 1/2", alpha < 0.5)?;
        input::parameter("tuned variance", tuned, "a number above 0", tuned.is_finite() && tuned > 0.0)?;
        Ok(ConjugateBernstein { alpha, tuned, rows: 0.0, total: 0.0, variance: 0.0 })
    }

    /// Takes a value in [0, 1].
    pub fn observe(&mut self, value: f64) -> Result<(), BadInput> {
        unit("value", value)?;
        let before = if self.rows == 0.0 { 0.5 } else { self.total / self.rows };
        self.variance += (value - before) * (value - before);
        self.rows += 1.0;
        self.total += value;
        Ok(())
    }

    /// The bound; 0 before the first value.
    pub fn low(&self) -> Result<f64, BadInput> {
        if self.rows == 0.0 || self.variance == 0.0 {
            return Ok(0.0);
        }
        let tuning = Tuning { variance: self.tuned, alpha: self.alpha };
        let bound = gamma_exponential_bound(self.variance, self.alpha, tuning, 1.0)?;
        Ok(((self.total - bound) / self.rows).max(0.0))
    }
}

fn unit(what: &'static str, value: f64) -> Result<(), BadInput> {
    input::parameter(what, value, "a number in [0, 1]", (0.0..=1.0).contains(&value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;

    fn lows(mean: f64, rows: u64) -> (f64, f64) {
        let mut predictable = PredictableBernstein::new(0.025).unwrap();
        let mut conjugate = ConjugateBernstein::new(0.025, 0.2 * rows.max(1) as f64).unwrap();
        for row in 0..rows {
            let value = f64::from(u8::from(random::unit(7, 0, row) < mean));
            predictable.observe(value).unwrap();
            conjugate.observe(value).unwrap();
        }
        (predictable.low(), conjugate.low().unwrap())
    }

    #[test]
    fn bounds_come_near_the_mean_from_below() {
        let (predictable, conjugate) = lows(0.7, 5_000);
        for low in [predictable, conjugate] {
            assert!((0.65..0.7).contains(&low), "{low}");
        }
    }

    #[test]
    fn nothing_seen_is_nothing_known() {
        assert_eq!(lows(0.5, 0), (0.0, 0.0));
        assert!(PredictableBernstein::new(0.05).unwrap().observe(1.5).is_err());
        assert!(ConjugateBernstein::new(0.05, 0.0).is_err());
    }
}
