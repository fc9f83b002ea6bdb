//! What a classifier that tells current rows from reference rows says of drift.
//!
//! Not the classifier: its out-of-fold scores come in. An AUC of ½ means that the rows cannot be told
//! apart. The invariant: scores count by their order alone in [`separation`], by their value as
//! probabilities in [`density_ratios`].

use crate::estimate::TestResult;
use crate::input::{self, BadInput};
use crate::ranking::auc;

/// How well current rows can be told from reference rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Separation {
    /// The AUC of the scores: the effect. ½ is no drift.
    pub auc: f64,
    /// The standard deviation of the AUC under no drift, given the ties in the scores.
    pub null_sd: f64,
    /// The test against ½, "greater" being "can be told apart"; `None` where all scores are equal.
    pub test: Option<TestResult>,
}

/// The AUC of out-of-fold scores, higher meaning "current", with its test (Mann–Whitney, corrected for
/// ties).
///
/// - *What it answers.* Have the rows moved, in any way the classifier can see?
/// - *Assumptions.* Each score comes from a fit without its row; independent rows.
/// - *When it misleads.* Scores of different folds on different scales bias the AUC below ½. Out-of-fold
///   scores share their training rows, which makes the p-value approximate. A column that merely counts up
///   (a time, an id) tells everything apart and nothing about harm.
/// - *Source.* Lopez-Paz and Oquab 2017; Mann and Whitney 1947; ties as in Lehmann 1975, section 1.4.
/// - *Checked against.* scikit-learn 1.9.1 `roc_auc_score`, scipy 1.17.1 `mannwhitneyu` without
///   continuity correction.
pub fn separation(current: &[bool], scores: &[f64]) -> Result<Separation, BadInput> {
    let auc = auc(current, scores, None)?;
    let yes = current.iter().filter(|&&c| c).count() as u64;
    let all = current.len() as f64;
    let plain = auc_null_sd(current.len() as u64 - yes, yes)?;
    let kept = 1.0 - tied(scores) / (all * (all * all - 1.0));
    let null_sd = plain * kept.max(0.0).sqrt();
    Ok(Separation { auc, null_sd, test: (null_sd > 0.0).then(|| TestResult::normal((auc - 0.5) / null_sd)) })
}

/// The standard deviation of an AUC under no drift, without ties: √((n+m+1)/(12nm)). Each sample has one
/// row or more.
pub fn auc_null_sd(reference_rows: u64, current_rows: u64) -> Result<f64, BadInput> {
    input::parameter("reference rows", reference_rows as f64, "1 or more", reference_rows >= 1)?;
    input::parameter("current rows", current_rows as f64, "1 or more", current_rows >= 1)?;
    let (n, m) = (reference_rows as f64, current_rows as f64);
    Ok(((n + m + 1.0) / (12.0 * n * m)).sqrt())
}

/// What each row's chance of being current makes of its weight, when reference rows stand in for current
/// ones: p/(1 − p) times the sizes' ratio, at most `limit` (above 0).
///
/// - *What it answers.* How much more often does a row like this occur now than then?
/// - *Assumptions.* Calibrated out-of-fold probabilities from a classifier that saw `reference_rows` and
///   `current_rows` rows.
/// - *When it misleads.* What never occurred then has no weight to carry it. Read
///   [`crate::off_policy::effective_sample_size`] of the weights before any mean under them.
/// - *Source.* Bickel, Brückner and Scheffer 2009; the limit as in Ionides 2008.
/// - *Checked against.* The ratio of two known densities.
pub fn density_ratios(
    current_chance: &[f64],
    reference_rows: u64,
    current_rows: u64,
    limit: f64,
) -> Result<Vec<f64>, BadInput> {
    input::all_unit("chances of being current", current_chance)?;
    auc_null_sd(reference_rows, current_rows)?;
    input::parameter("largest weight", limit, "a number above 0", limit > 0.0 && limit.is_finite())?;
    let sizes = reference_rows as f64 / current_rows as f64;
    Ok(current_chance.iter().map(|p| (p / (1.0 - p) * sizes).min(limit)).collect())
}

/// Σ t³ − t over the groups of equal scores.
fn tied(scores: &[f64]) -> f64 {
    let mut sorted = scores.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let size = |group: &[f64]| group.len() as f64;
    sorted.chunk_by(|a, b| a == b).map(|group| size(group).powi(3) - size(group)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::off_policy::effective_sample_size;

    #[test]
    fn equal_scores_are_no_test() {
        let found = separation(&[true, false, true], &[0.5; 3]).unwrap();
        assert_eq!((found.auc, found.test), (0.5, None));
        assert!(separation(&[true, true], &[0.1, 0.2]).is_err());
    }

    #[test]
    fn chances_become_the_ratio_of_the_densities() {
        // N(0, 1) then and N(1, 1) now: the ratio is exp(x − ½), and two now for each then.
        let xs = [-1.0, 0.0, 0.5, 2.0];
        let ratio = |x: f64| (x - 0.5f64).exp();
        let chances: Vec<f64> = xs.iter().map(|&x| 2.0 * ratio(x) / (1.0 + 2.0 * ratio(x))).collect();
        let found = density_ratios(&chances, 100, 200, 50.0).unwrap();
        found.iter().zip(xs).for_each(|(w, x)| assert!((w - ratio(x)).abs() < 1e-12, "{w} at {x}"));
    }

    #[test]
    fn certainty_is_cut_and_shows_in_the_effective_size() {
        let weights = density_ratios(&[1.0, 0.5, 0.5, 0.0], 10, 10, 20.0).unwrap();
        assert_eq!(weights, [20.0, 1.0, 1.0, 0.0]);
        assert!(effective_sample_size(&weights).unwrap() < 1.3);
        assert!(
            density_ratios(&[f64::NAN], 1, 1, 2.0).is_err() && density_ratios(&[0.5], 0, 1, 2.0).is_err()
        );
    }

    #[test]
    fn without_ties_the_spread_is_the_plain_one() {
        let scores: Vec<f64> = (0..20).map(|i| f64::from(i) * 0.05).collect();
        let current: Vec<bool> = (0..20).map(|i| i % 3 == 0).collect();
        let found = separation(&current, &scores).unwrap();
        assert!((found.null_sd - auc_null_sd(13, 7).unwrap()).abs() < 1e-15);
    }
}
