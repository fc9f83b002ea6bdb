//! Less noise from what was known beforehand: regression adjustment of the difference of two arms.
//!
//! Not a way to mend a broken assignment. The invariant: covariates were fixed before exposure; only then
//! does the adjusted difference estimate the same effect as the plain one, with less variance.
//!
//! At the end of an experiment: [`cuped`] (one covariate) or [`lin`] (several). While units keep
//! coming, and whenever the allocation changed on the way: [`AdjustedStream`].

mod fit;
mod lin;
mod stream;
mod weighted;

pub use lin::lin;
pub use stream::{AdjustedStream, StreamUnit};

use crate::input::{self, BadInput};
use crate::paired::MeanDifference;
use crate::sum::{mean, sum};
use crate::welch::welch;

/// Units of a finished experiment, one value a unit.
#[derive(Debug, Clone, Copy)]
pub struct Units<'a> {
    /// Whether the unit was assigned to the challenger.
    pub challenger: &'a [bool],
    /// Its outcome, finite.
    pub outcome: &'a [f64],
}

impl Units<'_> {
    fn check(&self) -> Result<(), BadInput> {
        input::same_length("outcomes", self.outcome.len(), self.challenger.len())?;
        input::all_finite("outcome", self.outcome)
    }
}

/// The difference of the two arms' means (challenger minus incumbent) with each outcome less θ times its
/// covariate, θ being the slope over all units together.
///
/// - *What it answers.* The effect, with the part of the noise removed that one earlier value of the
///   same unit explains: the same metric before the experiment, or the incumbent's prediction.
/// - *Assumptions.* The covariate was fixed before exposure. Independent units.
/// - *When it misleads.* With a covariate that the arm can change it removes the effect itself. A
///   constant covariate explains nothing: then this is the plain difference.
/// - *Source.* Deng, Xu, Kohavi and Walker 2013.
/// - *Checked against.* tea-tasting 1.14.0 `Mean(value, covariate)`.
pub fn cuped(units: Units<'_>, covariate: &[f64]) -> Result<MeanDifference, BadInput> {
    units.check()?;
    input::same_length("covariate", covariate.len(), units.outcome.len())?;
    input::all_finite("covariate", covariate)?;
    let theta = slope(covariate, units.outcome);
    let (mut incumbent, mut challenger) = (Vec::new(), Vec::new());
    for ((&ours, y), x) in units.challenger.iter().zip(units.outcome).zip(covariate) {
        if ours { &mut challenger } else { &mut incumbent }.push(y - theta * x);
    }
    welch(&incumbent, &challenger)
}

/// The slope of `y` on `x`; 0 for a constant `x`.
fn slope(x: &[f64], y: &[f64]) -> f64 {
    let (middle_x, middle_y) = (mean(x), mean(y));
    let spread = sum(x.iter().map(|x| (x - middle_x) * (x - middle_x)));
    let both = sum(x.iter().zip(y).map(|(x, y)| (x - middle_x) * (y - middle_y)));
    if spread > 0.0 { both / spread } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARM: [bool; 6] = [false, true, false, true, true, false];
    const OUTCOME: [f64; 6] = [1.0, 2.5, 2.0, 3.5, 4.0, 0.5];

    fn units() -> Units<'static> {
        Units { challenger: &ARM, outcome: &OUTCOME }
    }

    #[test]
    fn a_constant_covariate_changes_nothing() {
        let found = cuped(units(), &[7.0; 6]).unwrap();
        let plain = welch(&[1.0, 2.0, 0.5], &[2.5, 3.5, 4.0]).unwrap();
        assert_eq!((found.mean, found.se), (plain.mean, plain.se));
    }

    #[test]
    fn a_covariate_with_a_hole_is_refused() {
        let error = cuped(units(), &[1.0, 2.0, f64::NAN, 1.0, 2.0, 3.0]).unwrap_err();
        assert_eq!(error.to_string(), "covariate, row 2: found NaN, expected a finite number");
        assert!(cuped(units(), &[1.0; 5]).is_err());
    }
}
