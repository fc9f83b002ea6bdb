//! Two trainers compared by cross-validation: the corrected resampled t-test.
//!
//! For fold differences only; on one test set use [`crate::paired`]. The invariant: folds share
//! their training rows, so the correction only ever widens.

use crate::estimate::TestResult;
use crate::input::{self, BadInput};
use crate::sum::{mean, variance};

/// What the folds say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FoldComparison {
    /// The mean difference over folds.
    pub mean: f64,
    /// The corrected test; `None` when all folds differ by the same.
    pub corrected: Option<TestResult>,
    /// The ordinary t-test over folds, which rejects far too often: shown for contrast only.
    pub naive: Option<TestResult>,
}

/// Nadeau and Bengio's corrected t-test: the variance over k folds is multiplied by
/// 1/k + `test_over_train` instead of 1/k.
///
/// `differences[i]` is score(challenger) − score(incumbent) on fold i; `test_over_train` is the
/// number of test rows over the number of training rows.
///
/// - *What it answers.* Would the challenger's training recipe win on new data of this size?
/// - *Assumptions.* The correlation between folds is near test/(test + train).
/// - *When it misleads.* It is a rule of thumb: mildly conservative for k-fold, and no help
///   against choosing the best of many recipes on the same folds.
/// - *Source.* Nadeau and Bengio 2003, section 3; Bouckaert and Frank 2004.
/// - *Checked against.* The formula; its size by simulation.
pub fn nadeau_bengio(differences: &[f64], test_over_train: f64) -> Result<FoldComparison, BadInput> {
    input::at_least("folds", differences.len(), 2)?;
    input::all_finite("fold differences", differences)?;
    let good = test_over_train.is_finite() && test_over_train > 0.0;
    input::parameter("test rows over training rows", test_over_train, "a number above 0", good)?;
    let (k, spread) = (differences.len() as f64, variance(differences));
    let centre = mean(differences);
    let test = |factor: f64| {
        let se = (factor * spread).sqrt();
        (se > f64::EPSILON * centre.abs()).then(|| TestResult::student(centre / se, k - 1.0))
    };
    Ok(FoldComparison { mean: centre, corrected: test(1.0 / k + test_over_train), naive: test(1.0 / k) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn folds_that_all_agree_leave_no_test() {
        assert_eq!(nadeau_bengio(&[0.01; 5], 0.25).unwrap().corrected, None);
    }

    proptest! {
        #[test]
        fn the_correction_only_widens(
            d in prop::collection::vec(-1.0..1.0f64, 2..20),
            share in 0.01..1.0f64,
        ) {
            let folds = nadeau_bengio(&d, share).unwrap();
            let (Some(corrected), Some(naive)) = (folds.corrected, folds.naive) else { return Ok(()) };
            prop_assert!(corrected.p_two_sided >= naive.p_two_sided);
            let swapped: Vec<f64> = d.iter().map(|x| -x).collect();
            let mirrored = nadeau_bengio(&swapped, share).unwrap().corrected.unwrap();
            let (here, there) = (corrected.statistic, mirrored.statistic);
            prop_assert!((here + there).abs() < 1e-9 * (1.0 + here.abs()));
        }
    }
}
