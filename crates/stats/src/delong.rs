//! The AUC of one version with its variance, and of two on the same rows with their covariance.
//!
//! The invariant: equal scores count one half, in O(n log n) time; when the variance of the
//! difference is 0 there is no test, which is reported and never turned into p = 0.

use crate::estimate::{Estimate, TestResult};
use crate::input::{self, BadInput};
use crate::proportion::z;
use crate::sum::{mean, sum};

/// Two AUCs on the same rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DeLong {
    /// The incumbent's AUC.
    pub incumbent: f64,
    /// The challenger's AUC.
    pub challenger: f64,
    /// The variance of the incumbent's AUC.
    pub incumbent_variance: f64,
    /// The variance of the challenger's AUC.
    pub challenger_variance: f64,
    /// The covariance of the two.
    pub covariance: f64,
    /// On how many rows.
    pub rows: u64,
}

/// DeLong's comparison of two correlated AUCs.
///
/// - *What it answers.* Does the challenger rank yes above no better than the incumbent?
/// - *Assumptions.* Independent rows; at least two of each class, in practice fifty; the scores
///   were not fitted on these rows.
/// - *When it misleads.* With clustered rows (bootstrap clusters instead); for nested models
///   fitted on the same rows; when the two rank all rows alike the variance is 0 and there is no
///   test; when an AUC is 1 its variance is 0, which is not certainty.
/// - *Source.* DeLong, DeLong and Clarke-Pearson 1988; fast form by Sun and Xu 2014.
/// - *Checked against.* Direct structural components, and MLstatkit 0.1.91 where it is right.
pub fn delong(actual: &[bool], incumbent: &[f64], challenger: &[f64]) -> Result<DeLong, BadInput> {
    let first = components("incumbent's scores", actual, incumbent)?;
    let second = components("challenger's scores", actual, challenger)?;
    Ok(DeLong {
        incumbent: first.auc(),
        challenger: second.auc(),
        incumbent_variance: covariance(&first, &first),
        challenger_variance: covariance(&second, &second),
        covariance: covariance(&first, &second),
        rows: actual.len() as u64,
    })
}

/// One AUC with its normal interval at `level`, kept within [0, 1]. `None` when the variance is 0,
/// as when every yes ranks above every no: the data cannot say how far below 1 the truth lies.
pub fn auc_interval(actual: &[bool], scores: &[f64], level: f64) -> Result<Option<Estimate>, BadInput> {
    let one = components("scores", actual, scores)?;
    let reach = z(level)? * covariance(&one, &one).sqrt();
    let estimate = Estimate::around(one.auc(), reach, actual.len() as u64).within(0.0, 1.0);
    Ok((reach > 0.0).then_some(estimate))
}

impl DeLong {
    /// Challenger minus incumbent.
    pub fn difference(&self) -> f64 {
        self.challenger - self.incumbent
    }

    /// The standard error of the difference. Rounding noise counts as 0.
    pub fn se(&self) -> f64 {
        let total = self.incumbent_variance + self.challenger_variance;
        let variance = total - 2.0 * self.covariance;
        if variance <= 1e-12 * total { 0.0 } else { variance.sqrt() }
    }

    /// The difference with its interval at `level`; `None` when its variance is 0.
    pub fn estimate(&self, level: f64) -> Result<Option<Estimate>, BadInput> {
        let reach = z(level)? * self.se();
        let estimate = Estimate::around(self.difference(), reach, self.rows).within(-1.0, 1.0);
        Ok((reach > 0.0).then_some(estimate))
    }

    /// The test of "the difference is `null`": 0 for superiority, −δ for non-inferiority; `None`
    /// when its variance is 0.
    pub fn test(&self, null: f64) -> Option<TestResult> {
        let se = self.se();
        (se > 0.0).then(|| TestResult::normal((self.difference() - null) / se))
    }
}

/// For each yes the share of no rows below it, and for each no the share of yes rows above it.
struct Components {
    yes: Vec<f64>,
    no: Vec<f64>,
}

impl Components {
    fn auc(&self) -> f64 {
        mean(&self.yes)
    }
}

fn components(what: &'static str, actual: &[bool], scores: &[f64]) -> Result<Components, BadInput> {
    input::same_length(what, scores.len(), actual.len())?;
    input::all_finite(what, scores)?;
    let of = |class: bool| -> Vec<f64> {
        actual.iter().zip(scores).filter(|(a, _)| **a == class).map(|(_, s)| *s).collect()
    };
    let (yes, no) = (of(true), of(false));
    input::at_least("rows labelled yes", yes.len(), 2)?;
    input::at_least("rows labelled no", no.len(), 2)?;
    // A row's rank among all, minus its rank within its own class, counts the other class below it.
    let (among_all, among_yes, among_no) = (midranks(scores), midranks(&yes), midranks(&no));
    let rank_of =
        |class: bool| among_all.iter().zip(actual).filter(move |(_, a)| **a == class).map(|(r, _)| *r);
    let (m, n) = (yes.len() as f64, no.len() as f64);
    Ok(Components {
        yes: rank_of(true).zip(&among_yes).map(|(all, own)| (all - own) / n).collect(),
        no: rank_of(false).zip(&among_no).map(|(all, own)| 1.0 - (all - own) / m).collect(),
    })
}

fn covariance(a: &Components, b: &Components) -> f64 {
    let part = |x: &[f64], y: &[f64]| {
        let (mx, my, n) = (mean(x), mean(y), x.len() as f64);
        sum(x.iter().zip(y).map(|(x, y)| (x - mx) * (y - my))) / (n - 1.0) / n
    };
    part(&a.yes, &b.yes) + part(&a.no, &b.no)
}

/// Ranks from 1, equal values sharing the mean of theirs.
pub(crate) fn midranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    for tied in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let shared = before as f64 + 0.5 * (tied.len() as f64 + 1.0);
        tied.iter().for_each(|&row| ranks[row] = shared);
        before += tied.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_version_against_itself_leaves_no_test() {
        let (actual, scores) = ([true, false, true, false, true], [0.9, 0.8, 0.7, 0.3, 0.2]);
        let same = delong(&actual, &scores, &scores).unwrap();
        assert_eq!((same.difference(), same.se(), same.test(0.0)), (0.0, 0.0, None));
        assert_eq!(same.estimate(0.95), Ok(None));
    }

    #[test]
    fn a_perfect_ranking_has_no_interval() {
        assert_eq!(auc_interval(&[true, true, false, false], &[4.0, 3.0, 2.0, 1.0], 0.95), Ok(None));
    }

    #[test]
    fn one_yes_is_too_few() {
        let error = auc_interval(&[true, false, false], &[3.0, 2.0, 1.0], 0.95).unwrap_err();
        assert_eq!(error.to_string(), "too few rows labelled yes: found 1, need at least 2");
    }

    #[test]
    fn ties_share_their_rank() {
        assert_eq!(midranks(&[0.0, -0.0, 5.0, 5.0, 5.0, 1.0]), [1.5, 1.5, 5.0, 5.0, 5.0, 3.0]);
    }

    proptest! {
        #[test]
        fn swapping_changes_the_sign_and_the_auc_is_the_auc(
            rows in prop::collection::vec((any::<bool>(), 0u8..9, 0u8..9), 4..50),
        ) {
            let actual: Vec<bool> = rows.iter().map(|r| r.0).collect();
            let first: Vec<f64> = rows.iter().map(|r| f64::from(r.1)).collect();
            let second: Vec<f64> = rows.iter().map(|r| f64::from(r.2)).collect();
            let Ok(here) = delong(&actual, &first, &second) else { return Ok(()) };
            let there = delong(&actual, &second, &first).unwrap();
            prop_assert_eq!((here.difference(), here.se()), (-there.difference(), there.se()));
            let area = crate::ranking::auc(&actual, &second, None).unwrap();
            prop_assert!((here.challenger - area).abs() < 1e-12);
            prop_assert!(here.challenger_variance >= 0.0);
        }
    }
}
