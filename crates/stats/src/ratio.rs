//! Ratio metrics: sums of one thing per sum of another, such as clicks per page view.
//!
//! Not for a mean of ratios. The invariant: the unit of analysis is the unit of randomisation (a user),
//! although numerator and denominator count smaller things (clicks, views), since those of one user
//! belong together.

use crate::input::{self, BadInput};
use crate::paired::MeanDifference;
use crate::sequential::Seen;

/// One arm's sums over its units.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct RatioArm {
    units: u64,
    numerator: f64,
    denominator: f64,
    /// Centred sums of squares and of products.
    squares: (f64, f64),
    products: f64,
}

/// Two ratios compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RatioDifference {
    /// The incumbent's ratio.
    pub incumbent: f64,
    /// The challenger's ratio.
    pub challenger: f64,
    /// The challenger's minus the incumbent's, with its standard error, degrees of freedom and units.
    pub difference: MeanDifference,
}

impl RatioArm {
    /// Takes a unit's numerator and denominator, both finite.
    pub fn observe(&mut self, numerator: f64, denominator: f64) -> Result<(), BadInput> {
        input::parameter("numerator", numerator, "a finite number", numerator.is_finite())?;
        input::parameter("denominator", denominator, "a finite number", denominator.is_finite())?;
        self.units += 1;
        let n = self.units as f64;
        let (up, down) = (numerator - self.numerator, denominator - self.denominator);
        self.numerator += up / n;
        self.denominator += down / n;
        let rest = denominator - self.denominator;
        self.squares.0 += up * (numerator - self.numerator);
        self.squares.1 += down * rest;
        self.products += up * rest;
        Ok(())
    }

    /// Units.
    pub fn units(&self) -> u64 {
        self.units
    }

    /// The sum of numerators per sum of denominators. An error where the denominators sum to 0.
    pub fn ratio(&self) -> Result<f64, BadInput> {
        if self.denominator == 0.0 {
            return Err(BadInput::Undefined {
                what: "a ratio metric",
                why: "the denominators sum to 0; wait for units, or use another denominator",
            });
        }
        Ok(self.numerator / self.denominator)
    }

    /// The variance of a unit's linearised value L = (N − R·D)/mean(D), whose mean is 0.
    fn variance(&self) -> Result<f64, BadInput> {
        input::at_least("units in an arm", self.units as usize, 2)?;
        let ratio = self.ratio()?;
        let squares = self.squares.0 - 2.0 * ratio * self.products + ratio * ratio * self.squares.1;
        Ok(squares.max(0.0) / ((self.units - 1) as f64 * self.denominator * self.denominator))
    }
}

/// The difference of two arms' ratios, by the delta method.
///
/// - *What it answers.* Does the challenger change clicks per view, cost per request, and the like?
/// - *Assumptions.* Independent units; enough of them that the mean denominator is nearly certain (its
///   standard error below a tenth of it).
/// - *When it misleads.* When the arm also moves the denominator, the ratio can rise while the numerator
///   falls: show both.
/// - *Source.* Deng, Knoblich and Lu 2018; Budylin et al. 2018 for the linearisation.
/// - *Checked against.* tea-tasting 1.14.0 `RatioOfMeans`.
pub fn ratio_difference(incumbent: &RatioArm, challenger: &RatioArm) -> Result<RatioDifference, BadInput> {
    let part = |arm: &RatioArm| Ok::<f64, BadInput>(arm.variance()? / arm.units as f64);
    let (a, b) = (part(incumbent)?, part(challenger)?);
    let (first, second) = (incumbent.ratio()?, challenger.ratio()?);
    let units = incumbent.units + challenger.units;
    // Welch and Satterthwaite on the linearised values.
    let below = a * a / (incumbent.units - 1) as f64 + b * b / (challenger.units - 1) as f64;
    let df = if below > 0.0 { (a + b) * (a + b) / below } else { (units - 2) as f64 };
    let difference =
        MeanDifference { mean: second - first, se: (a + b).sqrt(), df, rows: units, clusters: units };
    Ok(RatioDifference { incumbent: first, challenger: second, difference })
}

impl RatioDifference {
    /// What a [`crate::sequential::Monitor`] sees of it; skewness is not followed.
    pub fn seen(&self) -> Seen {
        let MeanDifference { mean, se, rows, .. } = self.difference;
        Seen { units: rows, mean, sd: se * (rows as f64).sqrt(), ..Seen::NOTHING }
    }
}

/// Linearised unit values (N − R·D)/D̄ with R and D̄ of a reference arm, usually the incumbent: a metric
/// of its own, whose difference between arms has the sign of the difference of the ratios. It can be
/// adjusted and streamed as any other.
pub fn linearised(
    numerators: &[f64],
    denominators: &[f64],
    reference: &RatioArm,
) -> Result<Vec<f64>, BadInput> {
    input::same_length("denominators", denominators.len(), numerators.len())?;
    input::all_finite("numerator", numerators)?;
    input::all_finite("denominator", denominators)?;
    let ratio = reference.ratio()?;
    let value = |(n, d): (&f64, &f64)| (n - ratio * d) / reference.denominator;
    Ok(numerators.iter().zip(denominators).map(value).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sum;
    use proptest::prelude::*;

    fn arm(units: &[(f64, f64)]) -> RatioArm {
        let mut arm = RatioArm::default();
        units.iter().for_each(|&(n, d)| arm.observe(n, d).unwrap());
        arm
    }

    #[test]
    fn denominators_of_0_have_no_ratio() {
        let error = arm(&[(1.0, 0.0), (2.0, 0.0)]).ratio().unwrap_err().to_string();
        assert!(error.contains("sum to 0"), "{error}");
        assert!(ratio_difference(&arm(&[(1.0, 1.0)]), &arm(&[(1.0, 2.0), (2.0, 1.0)])).is_err());
    }

    #[test]
    fn arms_without_noise_have_no_test() {
        let (first, second) = (arm(&[(1.0, 2.0), (2.0, 4.0)]), arm(&[(3.0, 2.0), (6.0, 4.0)]));
        let found = ratio_difference(&first, &second).unwrap();
        assert_eq!((found.difference.mean, found.difference.test(0.0)), (1.0, None));
        assert_eq!((found.seen().units, found.seen().sd), (4, 0.0));
    }

    proptest! {
        #[test]
        fn the_error_is_that_of_the_linearised_values(
            units in prop::collection::vec((0.0..9.0f64, 1.0..5.0f64), 2..40),
        ) {
            let whole = arm(&units);
            let (n, d): (Vec<f64>, Vec<f64>) = units.iter().copied().unzip();
            let values = linearised(&n, &d, &whole).unwrap();
            prop_assert!(sum::mean(&values).abs() < 1e-12);
            prop_assert!((sum::variance(&values) - whole.variance().unwrap()).abs() < 1e-9);
        }
    }
}
