//! Two versions on the same rows: the mean of the row differences, honest about clusters.
//!
//! For additive losses (see [`crate::metric`]). A difference is loss(incumbent) −
//! loss(challenger): above 0 the challenger is better. Rows of one cluster (a user, a store, a
//! day) may depend on each other in any way; clusters may not. The invariant: results do not depend
//! on the order of rows, to the last bit, and swapping the versions only changes the sign.

use crate::distribution::t_quantile;
use crate::estimate::{Estimate, TestResult};
use crate::input::{self, BadInput};
use crate::sum::sum;

/// A mean with its standard error, ready to be compared with any margin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeanDifference {
    /// The mean difference.
    pub mean: f64,
    /// Its standard error; 0 when every cluster differs by the same.
    pub se: f64,
    /// Degrees of freedom of the t distribution it is compared with.
    pub df: f64,
    /// On how many rows.
    pub rows: u64,
    /// In how many clusters.
    pub clusters: u64,
}

/// incumbent − challenger, row by row.
pub fn differences(incumbent: &[f64], challenger: &[f64]) -> Result<Vec<f64>, BadInput> {
    input::same_length("challenger's losses", challenger.len(), incumbent.len())?;
    input::all_finite("incumbent's losses", incumbent)?;
    input::all_finite("challenger's losses", challenger)?;
    Ok(incumbent.iter().zip(challenger).map(|(i, c)| i - c).collect())
}

/// The mean of row differences with a cluster-robust standard error and t with clusters − 1
/// degrees of freedom. `cluster[i]` names the cluster of row i; give each row its own when rows
/// are independent, and the result is the ordinary paired t-test.
///
/// - *What it answers.* Is the challenger's loss lower, and by how much?
/// - *Assumptions.* Independent clusters, none of which dominates; enough of them (20 or more)
///   for the mean to be near normal.
/// - *When it misleads.* With few or very unequal clusters the interval is too narrow. With
///   drifting data the rows must still be those the versions would see. A standard error of 0
///   leaves no test: see [`MeanDifference::test`].
/// - *Source.* Liang and Zeger 1986; the factor G/(G − 1) as in Cameron and Miller 2015,
///   equation 12.
/// - *Checked against.* The formula; scipy 1.17.1 `ttest_rel` when every row is its own cluster.
pub fn paired_mean(differences: &[f64], cluster: &[u64]) -> Result<MeanDifference, BadInput> {
    input::same_length("clusters", cluster.len(), differences.len())?;
    input::all_finite("differences", differences)?;
    let mut rows: Vec<(u64, f64)> = cluster.iter().copied().zip(differences.iter().copied()).collect();
    rows.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let groups: Vec<&[(u64, f64)]> = rows.chunk_by(|a, b| a.0 == b.0).collect();
    input::at_least("clusters", groups.len(), 2)?;
    let (n, g) = (rows.len() as f64, groups.len() as f64);
    let middle = sum(rows.iter().map(|r| r.1)) / n;
    let squares = sum(groups.iter().map(|group| sum(group.iter().map(|r| r.1 - middle)).powi(2)));
    // Below this the deviations are what rounding left of a constant column.
    let noise = (f64::EPSILON * middle * n).powi(2);
    let squares = if squares <= noise { 0.0 } else { squares };
    let se = (g / (g - 1.0) * squares).sqrt() / n;
    let (rows, clusters) = (rows.len() as u64, groups.len() as u64);
    input::finite("the standard error", se)?;
    Ok(MeanDifference { mean: middle, se, df: g - 1.0, rows, clusters })
}

impl MeanDifference {
    /// The mean with its two-sided interval at `level`. It has no width when the standard error
    /// is 0, which says that the rows are all alike and not that the truth is known.
    pub fn estimate(&self, level: f64) -> Result<Estimate, BadInput> {
        input::open_unit("level", level)?;
        let reach = self.se * t_quantile(0.5 + 0.5 * level, self.df);
        Ok(Estimate::around(self.mean, reach, self.rows))
    }

    /// The one-sided lower bound: the truth is below it with chance `alpha` at most.
    pub fn lower_bound(&self, alpha: f64) -> Result<f64, BadInput> {
        input::open_unit("alpha", alpha)?;
        Ok(self.mean - self.se * t_quantile(1.0 - alpha, self.df))
    }

    /// The one-sided upper bound: the truth is above it with chance `alpha` at most.
    pub fn upper_bound(&self, alpha: f64) -> Result<f64, BadInput> {
        input::open_unit("alpha", alpha)?;
        Ok(self.mean + self.se * t_quantile(1.0 - alpha, self.df))
    }

    /// The test of "the difference is `null`": 0 for superiority, −δ for non-inferiority. `None`
    /// when the standard error is 0, as when a version meets itself.
    pub fn test(&self, null: f64) -> Option<TestResult> {
        (self.se > 0.0).then(|| TestResult::student((self.mean - null) / self.se, self.df))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rows_and_clusters() -> impl Strategy<Value = Vec<(f64, u64)>> {
        prop::collection::vec((-3.0..3.0f64, 0u64..8), 2..60)
    }

    #[test]
    fn a_version_against_itself_leaves_no_test() {
        let same = paired_mean(&[0.0; 30], &(0..30).collect::<Vec<u64>>()).unwrap();
        assert_eq!((same.mean, same.se, same.test(0.0)), (0.0, 0.0, None));
        let constant = paired_mean(&[0.1; 30], &(0..30).collect::<Vec<u64>>()).unwrap();
        assert_eq!(constant.test(0.0), None);
    }

    #[test]
    fn one_cluster_is_too_few() {
        let error = paired_mean(&[0.1, 0.2], &[7, 7]).unwrap_err();
        assert_eq!(error.to_string(), "too few clusters: found 1, need at least 2");
    }

    #[test]
    fn copying_every_row_within_its_cluster_changes_nothing() {
        let d = [0.3, -0.1, 0.2, 0.5, -0.4];
        let once = paired_mean(&d, &[0, 1, 2, 3, 4]).unwrap();
        let twice: Vec<f64> = d.iter().flat_map(|&x| [x, x]).collect();
        let doubled = paired_mean(&twice, &[0, 0, 1, 1, 2, 2, 3, 3, 4, 4]).unwrap();
        assert!((once.se - doubled.se).abs() < 1e-15 && once.df == doubled.df);
        let naive = paired_mean(&twice, &(0..10).collect::<Vec<u64>>()).unwrap();
        assert!(naive.se < 0.75 * once.se, "ignoring clusters must look more certain than it is");
    }

    proptest! {
        #[test]
        fn order_does_not_matter_and_swapping_changes_the_sign(mut rows in rows_and_clusters()) {
            let run = |rows: &[(f64, u64)], sign: f64| {
                let (d, c): (Vec<f64>, Vec<u64>) = rows.iter().map(|r| (sign * r.0, r.1)).unzip();
                paired_mean(&d, &c)
            };
            let Ok(here) = run(&rows, 1.0) else { return Ok(()) };
            let swapped = run(&rows, -1.0).unwrap();
            prop_assert!((here.mean + swapped.mean).abs() < 1e-12 && (here.se - swapped.se).abs() < 1e-12);
            rows.reverse();
            prop_assert_eq!(here, run(&rows, 1.0).unwrap());
        }

        #[test]
        fn bounds_follow_the_test(
            rows in rows_and_clusters(),
            margin in -1.0..1.0f64,
            alpha in 0.01..0.5f64,
        ) {
            let (d, c): (Vec<f64>, Vec<u64>) = rows.into_iter().unzip();
            let Ok(here) = paired_mean(&d, &c) else { return Ok(()) };
            let Some(test) = here.test(margin) else { return Ok(()) };
            prop_assume!((test.p_greater - alpha).abs() > 1e-9);
            prop_assert_eq!(here.lower_bound(alpha).unwrap() > margin, test.p_greater < alpha);
            prop_assert!(here.lower_bound(alpha).unwrap() <= here.upper_bound(alpha).unwrap());
        }
    }
}
