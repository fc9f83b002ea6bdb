//! Boundaries in closed form for sums that may be looked at at any time: mixtures of exponential
//! supermartingales.
//!
//! Not statistics of data: they take an intrinsic time (the variance gathered so far) and give a
//! boundary for the sum. The invariant: a sum whose increments fit the boundary's kind stays below it
//! for ever with chance 1 − α.
//!
//! - *What they answer.* How far can a sum of centred values stray by chance, over all times?
//! - *Assumptions.* Normal mixture: sub-Gaussian increments. Gamma-exponential: sub-exponential ones, as
//!   the empirical Bernstein processes of values in [0, 1] (scale 1).
//! - *When they mislead.* With a variance that was guessed too small. They are tightest near the variance
//!   they were tuned for.
//! - *Source.* Howard, Ramdas, McAuliffe and Sekhon 2021: theorem 1 and propositions 5 to 9.
//! - *Checked against.* confseq 0.0.11 `boundaries`.

use crate::distribution::{bisect, normal_cdf};
use crate::input::{self, BadInput};
use libm::lgamma;

/// Whether a boundary guards one side or both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sides {
    /// The sum may be as low as it likes.
    One,
    /// The sum's absolute value.
    Two,
}

/// What a boundary is tightest for: an intrinsic time (rows times variance) and an α.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tuning {
    /// Rows times variance, above 0.
    pub variance: f64,
    /// The error rate to be used, or near to it.
    pub alpha: f64,
}

impl Tuning {
    /// The ρ of the mixture.
    pub(super) fn precision(&self, sides: Sides) -> Result<f64, BadInput> {
        input::open_unit("tuning alpha", self.alpha)?;
        positive("tuning variance", self.variance)?;
        let alpha = if sides == Sides::One { 2.0 * self.alpha } else { self.alpha };
        input::parameter("tuning alpha of one side", alpha, "below 1/2", alpha < 1.0)?;
        let log = -2.0 * alpha.ln();
        Ok(self.variance / (log + libm::log1p(log)))
    }
}

/// The mixture of Gaussian supermartingales over a normal (or half-normal) prior.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NormalMixture {
    precision: f64,
    sides: Sides,
}

impl NormalMixture {
    /// Tightest at a tuning.
    pub fn tuned(tuning: Tuning, sides: Sides) -> Result<Self, BadInput> {
        Ok(NormalMixture { precision: tuning.precision(sides)?, sides })
    }

    /// With a prior of variance 1/`precision` on the mean per unit of variance.
    pub fn with_precision(precision: f64, sides: Sides) -> Result<Self, BadInput> {
        positive("precision", precision)?;
        Ok(NormalMixture { precision, sides })
    }

    /// The logarithm of the evidence against a mean of 0 (with one side, of 0 or less).
    pub fn log_evidence(&self, sum: f64, variance: f64) -> Result<f64, BadInput> {
        input::parameter("sum", sum, "a finite number", sum.is_finite())?;
        input::parameter("variance", variance, "0 or more", variance.is_finite() && variance >= 0.0)?;
        Ok(self.log(sum, variance))
    }

    /// The boundary of the sum at an intrinsic time.
    pub fn bound(&self, variance: f64, alpha: f64) -> Result<f64, BadInput> {
        positive("variance", variance)?;
        input::open_unit("alpha", alpha)?;
        let (whole, enough) = (variance + self.precision, -alpha.ln());
        let two = (whole * ((whole / self.precision).ln() + 2.0 * enough)).sqrt();
        // One side has at most twice the evidence of two, so its boundary is the nearer one.
        Ok(match self.sides {
            Sides::Two => two,
            Sides::One => bisect(0.0, two, |sum| self.log(sum, variance) >= enough),
        })
    }

    fn log(&self, sum: f64, variance: f64) -> f64 {
        let whole = variance + self.precision;
        let two = 0.5 * (self.precision / whole).ln() + sum * sum / (2.0 * whole);
        match self.sides {
            Sides::Two => two,
            Sides::One => two + (2.0 * normal_cdf(sum / whole.sqrt())).ln(),
        }
    }
}

/// The boundary for sub-exponential sums of scale `scale` (above 0) after `variance`, by a mixture over a
/// gamma prior.
pub fn gamma_exponential_bound(
    variance: f64,
    alpha: f64,
    tuning: Tuning,
    scale: f64,
) -> Result<f64, BadInput> {
    positive("variance", variance)?;
    positive("scale", scale)?;
    input::open_unit("alpha", alpha)?;
    let square = scale * scale;
    let precision = tuning.precision(Sides::One)? / square;
    let front = precision * precision.ln() - lgamma(precision) - log_gamma_lower(precision, precision);
    let shape = variance / square + precision;
    let log = |sum: f64| {
        let place = (scale * sum + variance) / square;
        let at = place + precision;
        front + lgamma(shape) + log_gamma_lower(shape, at) - shape * at.ln() + place
    };
    Ok(least_sum(variance, |sum| log(sum) >= -alpha.ln()))
}

/// The boundary by stitching over times that double: a curve of the order of the law of the iterated
/// logarithm, √(v·ln ln v), so tighter than any mixture after very long times. `from` is the variance
/// where it starts (it is flat before), `scale` is 0 for sub-Gaussian sums.
pub fn poly_stitching_bound(variance: f64, alpha: f64, from: f64, scale: f64) -> Result<f64, BadInput> {
    /// The power of the epochs' error rates, and ζ of it.
    const POWER: f64 = 1.4;
    const ZETA: f64 = 3.105_547_277_977_580_6;
    positive("variance", variance)?;
    positive("first variance", from)?;
    input::parameter("scale", scale, "0 or more", scale.is_finite() && scale >= 0.0)?;
    input::open_unit("alpha", alpha)?;
    let variance = variance.max(from);
    let epochs = (2.0 * variance / from).ln().ln() * POWER;
    let chances = ZETA.ln() - POWER * std::f64::consts::LN_2.ln() - alpha.ln();
    let ell = epochs + chances;
    // With factor 2: k₁² = (2^¼ + 2^−¼)²/2 and k₂ = (√2 + 1)/2.
    let first = (2f64.powf(0.25) + 2f64.powf(-0.25)).powi(2) / 2.0;
    let second = 0.5 * (std::f64::consts::SQRT_2 + 1.0) * scale * ell;
    Ok((first * variance * ell + second * second).sqrt() + second)
}

/// ln P(a, x) of the regularised lower incomplete gamma function.
fn log_gamma_lower(a: f64, x: f64) -> f64 {
    statrs::function::gamma::gamma_lr(a, x).ln()
}

/// The least sum at which `reached` holds, for one that comes to hold at some sum.
fn least_sum(start: f64, reached: impl Fn(f64) -> bool) -> f64 {
    let mut high = start.max(1.0);
    while !reached(high) {
        high *= 2.0;
    }
    bisect(0.0, high, reached)
}

pub(super) fn positive(what: &'static str, found: f64) -> Result<(), BadInput> {
    input::parameter(what, found, "a finite number above 0", found.is_finite() && found > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sequential::always_valid_bound_reach;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_variance_is_refused() {
        let tuning = Tuning { variance: 100.0, alpha: 0.05 };
        assert!(NormalMixture::tuned(Tuning { variance: 0.0, ..tuning }, Sides::Two).is_err());
        assert!(NormalMixture::tuned(Tuning { alpha: 0.6, ..tuning }, Sides::One).is_err());
        assert!(NormalMixture::tuned(tuning, Sides::Two).unwrap().bound(-1.0, 0.05).is_err());
        assert!(gamma_exponential_bound(1.0, 0.05, tuning, 0.0).is_err());
        assert!(poly_stitching_bound(1.0, 0.05, 1.0, f64::NAN).is_err());
    }

    proptest! {
        #[test]
        fn the_asymptotic_bound_is_never_below_the_mixture_it_rounds_up(
            rows in 1.0..1e6f64, planned in 10.0..1e6f64, alpha in 0.001..0.1f64,
        ) {
            let mixture = NormalMixture::tuned(Tuning { variance: planned, alpha }, Sides::One).unwrap();
            let exact = mixture.bound(rows, alpha).unwrap();
            let closed = rows * always_valid_bound_reach(rows, planned, alpha).unwrap();
            prop_assert!(exact <= closed * (1.0 + 1e-9) && closed <= 1.1 * exact, "{} {}", exact, closed);
        }

        #[test]
        fn boundaries_rise_with_time_and_with_strictness(variance in 0.1..1e4f64, alpha in 0.001..0.2f64) {
            let tuning = Tuning { variance: 100.0, alpha: 0.05 };
            let bounds = |variance: f64, alpha: f64| {
                [
                    NormalMixture::tuned(tuning, Sides::One).unwrap().bound(variance, alpha).unwrap(),
                    NormalMixture::tuned(tuning, Sides::Two).unwrap().bound(variance, alpha).unwrap(),
                    gamma_exponential_bound(variance, alpha, tuning, 1.0).unwrap(),
                    poly_stitching_bound(variance, alpha, 1.0, 0.0).unwrap(),
                ]
            };
            let here = bounds(variance, alpha);
            for (at, (later, stricter)) in bounds(1.5 * variance, alpha).iter().zip(bounds(variance, 0.5 * alpha)).enumerate() {
                prop_assert!(here[at] <= *later && here[at] <= stricter);
            }
        }
    }
}
