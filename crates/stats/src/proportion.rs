//! Shares: the interval of one, the difference of two independent ones.
//!
//! For counts that are independent rows; two versions on the *same* rows are paired and belong
//! to [`crate::mcnemar`] and [`crate::bonett_price`]. The invariant: intervals of one share lie
//! in [0, 1] and contain it.

use crate::distribution::{beta_quantile, normal_cdf, normal_quantile, normal_upper};
use crate::estimate::{Estimate, TestResult};
use crate::input::{self, BadInput};

/// Successes out of trials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// How many were.
    pub successes: u64,
    /// Out of how many; at least 1.
    pub trials: u64,
}

/// How to put an interval around the difference of two shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    /// Plus and minus z standard errors. Too narrow with few rows or shares near 0 and 1.
    Wald,
    /// Wald after adding one success and one failure to each side (Agresti and Caffo 2000).
    AgrestiCaffo,
    /// From the Wilson intervals of the two (Newcombe 1998, method 10). The default choice.
    Newcombe,
}

/// The Wilson interval of a share at `level`, such as 0.95.
///
/// - *What it answers.* Which true shares go with this count: the default interval here.
/// - *Assumptions.* Independent rows with one common share.
/// - *When it misleads.* With clustered rows it is too narrow; near 0 and 1 its coverage dips a
///   little below the level, where Clopper and Pearson's never does.
/// - *Source.* Wilson 1927; Brown, Cai and DasGupta 2001.
/// - *Checked against.* statsmodels 0.15.0 `proportion_confint(method="wilson")`.
pub fn wilson(count: Count, level: f64) -> Result<Estimate, BadInput> {
    count.check()?;
    let z = z(level)?;
    let (n, share, square) = (count.trials as f64, count.share(), z * z);
    let centre = (share + square / (2.0 * n)) / (1.0 + square / n);
    let reach = z / (1.0 + square / n) * (share * (1.0 - share) / n + square / (4.0 * n * n)).sqrt();
    let low = if count.successes == 0 { 0.0 } else { (centre - reach).max(0.0) };
    let high = if count.successes == count.trials { 1.0 } else { (centre + reach).min(1.0) };
    Ok(Estimate { value: share, low, high, rows: count.trials })
}

/// The Clopper–Pearson interval of a share: covers with at least `level`, always.
///
/// - *What it answers.* As [`wilson`], when a guarantee is quoted.
/// - *Assumptions.* Independent rows with one common share.
/// - *When it misleads.* It is wider than needed, most with few rows.
/// - *Source.* Clopper and Pearson 1934.
/// - *Checked against.* statsmodels 0.15.0 `proportion_confint(method="beta")`.
pub fn clopper_pearson(count: Count, level: f64) -> Result<Estimate, BadInput> {
    count.check()?;
    input::open_unit("level", level)?;
    let (k, n, tail) = (count.successes as f64, count.trials as f64, 0.5 * (1.0 - level));
    let low = if k == 0.0 { 0.0 } else { beta_quantile(tail, k, n - k + 1.0) };
    let high = if k == n { 1.0 } else { beta_quantile(1.0 - tail, k + 1.0, n - k) };
    Ok(Estimate { value: count.share(), low, high, rows: count.trials })
}

/// The Jeffreys interval of a share: the middle `level` of its posterior under a Beta(½, ½) prior.
///
/// - *What it answers.* As [`wilson`]; close to it, and a probability statement as well.
/// - *Assumptions.* Independent rows; the prior.
/// - *When it misleads.* At 0 or all successes it excludes the observed share (by a hair), as
///   the plain posterior does.
/// - *Source.* Brown, Cai and DasGupta 2001, section 4.
/// - *Checked against.* statsmodels 0.15.0 `proportion_confint(method="jeffreys")`.
pub fn jeffreys(count: Count, level: f64) -> Result<Estimate, BadInput> {
    count.check()?;
    input::open_unit("level", level)?;
    let (a, b) = (count.successes as f64 + 0.5, (count.trials - count.successes) as f64 + 0.5);
    let tail = 0.5 * (1.0 - level);
    let (low, high) = (beta_quantile(tail, a, b), beta_quantile(1.0 - tail, a, b));
    Ok(Estimate { value: count.share(), low, high, rows: count.trials })
}

/// Whether the challenger's share differs from the incumbent's, on different rows.
///
/// - *What it answers.* Could both arms have the same share?
/// - *Assumptions.* Independent rows, large counts.
/// - *When it misleads.* With fewer than about five expected successes or failures in an arm.
///   `None` when all rows of both agree: there is no variance to test with.
/// - *Source.* The pooled z test; Fleiss, Levin and Paik 2003, section 3.1.
/// - *Checked against.* statsmodels 0.15.0 `proportions_ztest`.
pub fn two_proportion_z(incumbent: Count, challenger: Count) -> Result<Option<TestResult>, BadInput> {
    incumbent.check()?;
    challenger.check()?;
    let (a, b) = (incumbent.trials as f64, challenger.trials as f64);
    let pooled = (incumbent.successes + challenger.successes) as f64 / (a + b);
    let variance = pooled * (1.0 - pooled) * (1.0 / a + 1.0 / b);
    let gap = challenger.share() - incumbent.share();
    Ok((variance > 0.0).then(|| TestResult::normal(gap / variance.sqrt())))
}

/// The challenger's share minus the incumbent's, with its interval; independent rows.
///
/// - *What it answers.* By how much the shares differ.
/// - *Assumptions.* Independent rows in both arms.
/// - *When it misleads.* See [`Difference`]; on the same rows it ignores the pairing and is far
///   too wide.
/// - *Source.* Newcombe 1998; Agresti and Caffo 2000.
/// - *Checked against.* statsmodels 0.15.0 `confint_proportions_2indep`.
pub fn proportion_difference(
    incumbent: Count,
    challenger: Count,
    method: Difference,
    level: f64,
) -> Result<Estimate, BadInput> {
    incumbent.check()?;
    challenger.check()?;
    let z = z(level)?;
    let gap = challenger.share() - incumbent.share();
    let rows = incumbent.trials + challenger.trials;
    let (low, high) = match method {
        Difference::Wald => {
            let reach = z * deviation(incumbent, challenger, 0.0);
            (gap - reach, gap + reach)
        }
        Difference::AgrestiCaffo => {
            let centre = challenger.shrunk(1.0) - incumbent.shrunk(1.0);
            let reach = z * deviation(incumbent, challenger, 1.0);
            (centre - reach, centre + reach)
        }
        Difference::Newcombe => {
            let (a, b) = (wilson(incumbent, level)?, wilson(challenger, level)?);
            let low = ((b.value - b.low).powi(2) + (a.high - a.value).powi(2)).sqrt();
            let high = ((b.high - b.value).powi(2) + (a.value - a.low).powi(2)).sqrt();
            (gap - low, gap + high)
        }
    };
    Ok(Estimate { value: gap, low, high, rows }.within(-1.0, 1.0))
}

/// Two one-sided tests that two independent shares differ by less than a margin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Equivalence {
    /// Against "the first is lower by the margin or more".
    pub p_lower: f64,
    /// Against "the first is higher by the margin or more".
    pub p_upper: f64,
}

impl Equivalence {
    /// The p-value of equivalence: the larger of the two.
    pub fn p_value(&self) -> f64 {
        self.p_lower.max(self.p_upper)
    }
}

/// Equivalence of two independent shares within ± `margin`, by Agresti and Caffo's standard error.
///
/// - *What it answers.* Are the two close enough to call the same?
/// - *Assumptions.* Independent rows in both groups; a margin set beforehand.
/// - *When it misleads.* On the same items it wastes the pairing: use [`crate::bonett_price`].
///   "Not shown equivalent" is not "different".
/// - *Source.* Schuirmann 1987; Agresti and Caffo 2000.
/// - *Checked against.* statsmodels 0.15.0 `tost_proportions_2indep(method="agresti-caffo")`.
pub fn equivalence(first: Count, second: Count, margin: f64) -> Result<Equivalence, BadInput> {
    first.check()?;
    second.check()?;
    input::open_unit("margin", margin)?;
    let gap = first.shrunk(1.0) - second.shrunk(1.0);
    let spread = deviation(first, second, 1.0);
    Ok(Equivalence {
        p_lower: normal_upper((gap + margin) / spread),
        p_upper: normal_cdf((gap - margin) / spread),
    })
}

impl Count {
    /// The share observed.
    pub fn share(&self) -> f64 {
        self.successes as f64 / self.trials as f64
    }

    /// The share after adding `extra` successes and as many failures.
    fn shrunk(&self, extra: f64) -> f64 {
        (self.successes as f64 + extra) / (self.trials as f64 + 2.0 * extra)
    }

    fn check(&self) -> Result<(), BadInput> {
        input::at_least("rows", usize::try_from(self.trials).unwrap_or(usize::MAX), 1)?;
        let found = self.successes as f64;
        input::parameter("successes", found, "at most the number of trials", self.successes <= self.trials)
    }
}

/// The two-sided normal quantile of a level.
pub(crate) fn z(level: f64) -> Result<f64, BadInput> {
    input::open_unit("level", level)?;
    Ok(normal_quantile(0.5 + 0.5 * level))
}

fn deviation(a: Count, b: Count, extra: f64) -> f64 {
    let part = |c: Count| c.shrunk(extra) * (1.0 - c.shrunk(extra)) / (c.trials as f64 + 2.0 * extra);
    (part(a) + part(b)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn count(successes: u64, trials: u64) -> Count {
        Count { successes, trials }
    }

    #[test]
    fn impossible_counts_are_refused() {
        assert!(wilson(count(0, 0), 0.95).is_err());
        let error = wilson(count(5, 4), 0.95).unwrap_err();
        assert_eq!(error.to_string(), "successes: found 5, expected at most the number of trials");
        assert!(clopper_pearson(count(1, 4), 1.0).is_err());
    }

    #[test]
    fn arms_that_agree_on_every_row_leave_no_test() {
        assert_eq!(two_proportion_z(count(0, 9), count(0, 12)), Ok(None));
    }

    proptest! {
        #[test]
        fn intervals_hold_the_share_and_mirror(k in 0u64..60, more in 0u64..60) {
            let n = k + more;
            prop_assume!(n > 0);
            for interval in [wilson, clopper_pearson] {
                let here = interval(count(k, n), 0.95).unwrap();
                let there = interval(count(more, n), 0.95).unwrap();
                prop_assert!(here.low >= 0.0 && here.high <= 1.0 && here.covers(here.value));
                prop_assert!((here.low + there.high - 1.0).abs() < 1e-9);
                let wider = interval(count(k, n), 0.99).unwrap();
                prop_assert!(wider.low <= here.low && here.high <= wider.high);
            }
        }

        #[test]
        fn a_difference_changes_sign_when_the_arms_swap(
            a in 0u64..40,
            more in 0u64..40,
            b in 0u64..40,
            rest in 0u64..40,
        ) {
            prop_assume!(a + more > 0 && b + rest > 0);
            let (x, y) = (count(a, a + more), count(b, b + rest));
            for method in [Difference::Wald, Difference::AgrestiCaffo, Difference::Newcombe] {
                let here = proportion_difference(x, y, method, 0.9).unwrap();
                let there = proportion_difference(y, x, method, 0.9).unwrap();
                prop_assert!((here.low + there.high).abs() < 1e-12 && (here.high + there.low).abs() < 1e-12);
                prop_assert!(here.low >= -1.0 && here.high <= 1.0);
            }
        }
    }
}
