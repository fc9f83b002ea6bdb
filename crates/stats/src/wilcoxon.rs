//! Wilcoxon's signed-rank test: paired differences without normality.
//!
//! The normal approximation with ties; zeros are left out. Not for testing a mean: it tests that
//! the differences are symmetric about 0. The invariant: only the order of sizes matters.

use crate::delong::midranks;
use crate::estimate::TestResult;
use crate::input::{self, BadInput};
use crate::sum::sum;

/// What the ranks say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SignedRank {
    /// The sum of the ranks of differences above 0.
    pub above: f64,
    /// The sum of the ranks of differences below 0.
    pub below: f64,
    /// The test; "greater" is a difference above 0.
    pub result: TestResult,
}

/// The signed-rank test of paired differences, not all of them 0.
///
/// - *What it answers.* Are the differences mostly on one side of 0, large ones counting more?
/// - *Assumptions.* Independent differences, symmetric under the null; ten or more not 0.
/// - *When it misleads.* With skewed differences, whose mean it does not test.
/// - *Source.* Wilcoxon 1945; ties as in Pratt and Gibbons 1981, without continuity correction.
/// - *Checked against.* scipy 1.17.1 `wilcoxon(method="approx")`.
pub fn wilcoxon_signed_rank(differences: &[f64]) -> Result<SignedRank, BadInput> {
    input::all_finite("differences", differences)?;
    let kept: Vec<f64> = differences.iter().copied().filter(|&d| d != 0.0).collect();
    input::at_least("differences other than 0", kept.len(), 2)?;
    let mut sizes: Vec<f64> = kept.iter().map(|d| d.abs()).collect();
    let ranks = midranks(&sizes);
    let side = |up: bool| sum(kept.iter().zip(&ranks).filter(|(d, _)| (**d > 0.0) == up).map(|(_, r)| *r));
    sizes.sort_by(f64::total_cmp);
    let ties = sum(sizes.chunk_by(|a, b| a == b).map(|tied| (tied.len() as f64).powi(3) - tied.len() as f64));
    let n = kept.len() as f64;
    let variance = n * (n + 1.0) * (2.0 * n + 1.0) / 24.0 - ties / 48.0;
    let (above, below) = (side(true), side(false));
    let z = (above - n * (n + 1.0) / 4.0) / variance.sqrt();
    Ok(SignedRank { above, below, result: TestResult::normal(z) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn zeros_are_left_out() {
        let with = wilcoxon_signed_rank(&[0.0, 1.0, -2.0, 3.0, 0.0]).unwrap();
        assert_eq!(with, wilcoxon_signed_rank(&[1.0, -2.0, 3.0]).unwrap());
        assert!(wilcoxon_signed_rank(&[0.0, 0.0, 1.0]).is_err());
    }

    proptest! {
        #[test]
        fn turning_signs_mirrors_the_test(d in prop::collection::vec(-9i32..9, 2..40)) {
            let d: Vec<f64> = d.into_iter().map(f64::from).collect();
            let Ok(here) = wilcoxon_signed_rank(&d) else { return Ok(()) };
            let there = wilcoxon_signed_rank(&d.iter().map(|x| -x).collect::<Vec<_>>()).unwrap();
            prop_assert_eq!((here.above, here.below), (there.below, there.above));
            prop_assert!((here.result.statistic + there.result.statistic).abs() < 1e-12);
        }
    }
}
