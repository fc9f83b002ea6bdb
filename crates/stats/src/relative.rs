//! How much larger one mean is than another, relative to it.
//!
//! For independent arms with positive means; an absolute difference is in [`crate::proportion`] and
//! [`crate::welch`]. The invariant: the interval stays above −1 (a mean cannot fall by more than all
//! of itself) and mirrors as 1/(1 + x) when the arms swap.

use crate::estimate::Estimate;
use crate::input::{self, BadInput};
use crate::proportion::z;

/// The mean of an arm (a share is one too) with its standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ArmMean {
    /// The mean.
    pub value: f64,
    /// Its standard error.
    pub se: f64,
    /// On how many units.
    pub rows: u64,
}

/// second / first − 1, with its interval at `level` from the logarithm of the ratio. `None` unless
/// both means are above 0.
///
/// - *What it answers.* By what share of the control's mean does the treatment's differ?
/// - *Assumptions.* Independent arms; each mean near normal and several standard errors above 0.
/// - *When it misleads.* With a control near 0 every relative difference is large and uncertain.
/// - *Source.* Katz, Baptista, Azen and Pike 1978, for shares; the delta method for any mean.
/// - *Checked against.* scipy 1.17.1 `stats.contingency.relative_risk`.
pub fn relative_difference(
    first: ArmMean,
    second: ArmMean,
    level: f64,
) -> Result<Option<Estimate>, BadInput> {
    let z = z(level)?;
    for arm in [first, second] {
        input::parameter("mean", arm.value, "a finite number", arm.value.is_finite())?;
        input::parameter("standard error", arm.se, "0 or more", arm.se.is_finite() && arm.se >= 0.0)?;
    }
    if first.value <= 0.0 || second.value <= 0.0 {
        return Ok(None);
    }
    let ratio = second.value / first.value;
    let reach = z * ((first.se / first.value).powi(2) + (second.se / second.value).powi(2)).sqrt();
    let (low, high) = (ratio * (-reach).exp() - 1.0, ratio * reach.exp() - 1.0);
    Ok(Some(Estimate { value: ratio - 1.0, low, high, rows: first.rows + second.rows }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn share(successes: f64, rows: u64) -> ArmMean {
        let p = successes / rows as f64;
        ArmMean { value: p, se: (p * (1.0 - p) / rows as f64).sqrt(), rows }
    }

    /// Successes and rows of both arms; ratio − 1 and its interval by the reference.
    type Case = ((f64, u64), (f64, u64), f64, f64, f64);
    const CASES: [Case; 3] = [
        ((8502.0, 44700), (8279.0, 45489), -0.043119034896460184, -0.06889115043161786, -0.01663357425727363),
        ((17.0, 120), (31.0, 140), 0.5630252100840336, -0.08816577561088801, 1.6792675050061536),
        ((3.0, 1000), (1.0, 900), -0.6296296296296297, -0.9614049347513292, 2.5541904221294054),
    ];

    #[test]
    fn shares_agree_with_the_reference() {
        for (first, second, value, low, high) in CASES {
            let found = relative_difference(share(first.0, first.1), share(second.0, second.1), 0.95);
            let found = found.unwrap().unwrap();
            for (found, expected) in [(found.value, value), (found.low, low), (found.high, high)] {
                assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
            }
        }
    }

    #[test]
    fn a_mean_that_is_not_positive_has_no_relative_difference() {
        assert_eq!(relative_difference(share(0.0, 10), share(3.0, 10), 0.95), Ok(None));
        let below = ArmMean { value: -1.0, se: 0.1, rows: 10 };
        assert_eq!(relative_difference(share(3.0, 10), below, 0.95), Ok(None));
    }

    proptest! {
        #[test]
        fn swapping_the_arms_inverts_the_ratio(
            a in 0.1..9.0f64, b in 0.1..9.0f64, sa in 0.0..0.5f64, sb in 0.0..0.5f64,
        ) {
            let arm = |value: f64, share: f64| ArmMean { value, se: share * value, rows: 5 };
            let here = relative_difference(arm(a, sa), arm(b, sb), 0.9).unwrap().unwrap();
            let there = relative_difference(arm(b, sb), arm(a, sa), 0.9).unwrap().unwrap();
            prop_assert!(((1.0 + here.low) * (1.0 + there.high) - 1.0).abs() < 1e-9);
            prop_assert!(here.low >= -1.0 && here.covers(here.value));
        }
    }
}
