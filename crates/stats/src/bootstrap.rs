//! Intervals by resampling, for metrics that are not a mean over rows (AUC, F1, …).
//!
//! Whole clusters are drawn with replacement, and both versions are scored on the same draw, so
//! pairing and dependence survive. The invariant: the same seed gives the same interval, whatever the
//! order of clusters and the number of threads.

use crate::estimate::Estimate;
use crate::input::{self, BadInput};
use crate::random;
use crate::sum::{mean, quantile_sorted, variance};
use std::collections::BTreeMap;

/// How to resample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Resampling {
    /// How many replicates; 2,000 unless there is a reason.
    pub replicates: u32,
    /// Of the interval, such as 0.95.
    pub level: f64,
    /// Everything random follows from it: the run's id, say.
    pub seed: u64,
}

/// An interval by bootstrap.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bootstrapped {
    /// The statistic on the rows themselves, and the percentile interval.
    pub estimate: Estimate,
    /// The standard deviation over replicates.
    pub se: f64,
    /// Replicates on which the statistic did not exist, such as an AUC of one class. The interval
    /// ignores them: with more than a few percent do not trust it.
    pub skipped: u32,
}

/// The percentile interval of any statistic of the rows, by cluster bootstrap.
///
/// `statistic` is given row indices, with repetition; for a comparison it scores both versions on
/// them and returns the difference. `cluster[i]` names the cluster of row i.
///
/// - *What it answers.* How sure is a metric for which there is no formula?
/// - *Assumptions.* Independent clusters, 20 or more; a statistic that changes smoothly.
/// - *When it misleads.* With few clusters it is too narrow; for extremes (a maximum, a p99 of few
///   rows) it is wrong; a heavily skewed statistic is off-centre, since no bias is corrected.
/// - *Source.* Efron 1979; clusters as in Davison and Hinkley 1997, section 3.8; quantiles of
///   type 7.
/// - *Checked against.* scipy 1.17.1 `bootstrap(method="percentile")`; numpy on fixed indices.
pub fn cluster_bootstrap(
    cluster: &[u64],
    plan: Resampling,
    statistic: impl Fn(&[usize]) -> Option<f64>,
) -> Result<Bootstrapped, BadInput> {
    check(plan)?;
    let groups = groups(cluster);
    input::at_least("clusters", groups.len(), 2)?;
    let rows: Vec<usize> = (0..cluster.len()).collect();
    let undefined = BadInput::Undefined { what: "the statistic", why: "it does not exist on the rows given" };
    let value = statistic(&rows).ok_or(undefined)?;
    let one = |replicate| statistic(&draw(&groups, plan.seed, u64::from(replicate)));
    let replicates: Vec<f64> = (0..plan.replicates).filter_map(one).collect();
    input::at_least("replicates on which the statistic exists", replicates.len(), 2)?;
    input::all_finite("replicates", &replicates)?;
    let (low, high) = percentiles(&replicates, plan.level);
    Ok(Bootstrapped {
        estimate: Estimate { value, low, high, rows: cluster.len() as u64 },
        se: variance(&replicates).sqrt(),
        skipped: plan.replicates - replicates.len() as u32,
    })
}

/// The middle `level` of the replicates, by quantiles of type 7. At least one replicate.
pub fn percentiles(replicates: &[f64], level: f64) -> (f64, f64) {
    let mut sorted = replicates.to_vec();
    sorted.sort_by(f64::total_cmp);
    let tail = 0.5 * (1.0 - level);
    (quantile_sorted(&sorted, tail), quantile_sorted(&sorted, 1.0 - tail))
}

/// The mean difference of two versions' row losses with a bootstrap interval: a cross-check of
/// [`crate::paired::paired_mean`].
pub fn bootstrap_mean(
    differences: &[f64],
    cluster: &[u64],
    plan: Resampling,
) -> Result<Bootstrapped, BadInput> {
    input::same_length("clusters", cluster.len(), differences.len())?;
    input::all_finite("differences", differences)?;
    cluster_bootstrap(cluster, plan, |rows| {
        let drawn: Vec<f64> = rows.iter().map(|&row| differences[row]).collect();
        Some(mean(&drawn))
    })
}

/// The rows of each cluster, clusters in the order of their ids.
pub(crate) fn groups(cluster: &[u64]) -> Vec<Vec<usize>> {
    let mut groups: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    cluster.iter().enumerate().for_each(|(row, &id)| groups.entry(id).or_default().push(row));
    groups.into_values().collect()
}

/// The rows of as many groups as there are, drawn with replacement.
pub(crate) fn draw(groups: &[Vec<usize>], seed: u64, replicate: u64) -> Vec<usize> {
    let pick = |i: usize| &groups[random::below(groups.len(), seed, replicate, i as u64)];
    (0..groups.len()).flat_map(pick).copied().collect()
}

pub(crate) fn check(plan: Resampling) -> Result<(), BadInput> {
    input::open_unit("level", plan.level)?;
    input::at_least("replicates", plan.replicates as usize, 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PLAN: Resampling = Resampling { replicates: 400, level: 0.9, seed: 7 };

    #[test]
    fn replicates_without_a_value_are_counted() {
        let actual = [true, false, false, false];
        let share = |rows: &[usize]| rows.iter().any(|&r| actual[r]).then_some(rows.len() as f64);
        let found = cluster_bootstrap(&[0, 1, 2, 3], PLAN, share).unwrap();
        // A yes is missed with chance (3/4)^4 = 0.32.
        assert!((90..170).contains(&found.skipped), "{}", found.skipped);
        assert!(cluster_bootstrap(&[0, 1], PLAN, |_| None).is_err());
    }

    #[test]
    fn clusters_widen_what_copies_would_narrow() {
        let d: Vec<f64> = (0..120).map(|i| random::unit(3, 0, i / 4)).collect();
        let own: Vec<u64> = (0..120).collect();
        let of_four: Vec<u64> = (0..120).map(|i| i / 4).collect();
        let narrow = bootstrap_mean(&d, &own, PLAN).unwrap();
        let wide = bootstrap_mean(&d, &of_four, PLAN).unwrap();
        assert!((wide.se / narrow.se - 2.0).abs() < 0.35, "{} and {}", wide.se, narrow.se);
    }

    proptest! {
        #[test]
        fn order_does_not_matter(d in prop::collection::vec(-1.0..1.0f64, 3..20), seed: u64) {
            let plan = Resampling { replicates: 50, seed, ..PLAN };
            let clusters: Vec<u64> = (0..d.len() as u64).map(|i| i * 31 % 97).collect();
            let here = bootstrap_mean(&d, &clusters, plan).unwrap();
            let (back, ids): (Vec<f64>, Vec<u64>) = d.iter().copied().zip(clusters).rev().unzip();
            let there = bootstrap_mean(&back, &ids, plan).unwrap();
            prop_assert!((here.estimate.low - there.estimate.low).abs() < 1e-12);
            prop_assert!((here.estimate.high - there.estimate.high).abs() < 1e-12);
            prop_assert!(here.estimate.low <= here.estimate.high);
        }
    }
}
