//! The difference of two accuracies on the same rows, with an interval: non-inferiority.
//!
//! The gate's margin test for right-or-wrong answers, and the rule that compares a model with
//! people. The invariant: the interval is never empty of meaning: even with no discordant row it
//! has a width, which shrinks as rows come in.

use crate::distribution::normal_quantile;
use crate::estimate::{Estimate, TestResult};
use crate::input::{self, BadInput};
use crate::mcnemar::PairedCounts;

/// The adjusted difference in accuracy, challenger minus incumbent, and its standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedAccuracy {
    /// The difference as observed.
    pub observed: f64,
    /// The difference after one row is added to each discordant cell: the centre of the interval.
    pub adjusted: f64,
    /// The standard error of the adjusted difference.
    pub se: f64,
    /// On how many rows.
    pub rows: u64,
}

/// Bonett and Price's adjusted Wald interval for paired shares.
///
/// - *What it answers.* By how much is the challenger right more often, and could it be worse by
///   more than the margin?
/// - *Assumptions.* Independent rows, labelled by the same truth for both; a margin set before.
/// - *When it misleads.* If labels are unreliable, every model is "similar" to every other. With
///   clustered rows take [`crate::paired::paired_mean`] of the 0/1 losses.
/// - *Source.* Bonett and Price 2012, equation 4.
/// - *Checked against.* The formula; its size at the boundary by simulation.
pub fn bonett_price(counts: PairedCounts) -> Result<PairedAccuracy, BadInput> {
    input::at_least("rows", usize::try_from(counts.rows()).unwrap_or(usize::MAX), 1)?;
    let n = counts.rows() as f64 + 2.0;
    let (wins, losses) =
        ((counts.challenger_only as f64 + 1.0) / n, (counts.incumbent_only as f64 + 1.0) / n);
    let adjusted = wins - losses;
    let se = ((wins + losses - adjusted * adjusted) / n).sqrt();
    Ok(PairedAccuracy { observed: counts.difference(), adjusted, se, rows: counts.rows() })
}

impl PairedAccuracy {
    /// The observed difference with its two-sided interval at `level`.
    pub fn estimate(&self, level: f64) -> Result<Estimate, BadInput> {
        let tail = 0.5 * (1.0 - level);
        let (low, high) = (self.lower_bound(tail)?, self.upper_bound(tail)?);
        Ok(Estimate { value: self.observed, low, high, rows: self.rows })
    }

    /// The one-sided lower bound at `alpha`.
    pub fn lower_bound(&self, alpha: f64) -> Result<f64, BadInput> {
        input::open_unit("alpha", alpha)?;
        Ok((self.adjusted - normal_quantile(1.0 - alpha) * self.se).max(-1.0))
    }

    /// The one-sided upper bound at `alpha`.
    pub fn upper_bound(&self, alpha: f64) -> Result<f64, BadInput> {
        input::open_unit("alpha", alpha)?;
        Ok((self.adjusted + normal_quantile(1.0 - alpha) * self.se).min(1.0))
    }

    /// The test of "the difference is `null`": 0 for superiority, −δ for non-inferiority.
    pub fn test(&self, null: f64) -> TestResult {
        TestResult::normal((self.adjusted - null) / self.se)
    }

    /// Whether the challenger is not worse by `margin` or more.
    pub fn non_inferior(&self, margin: f64, alpha: f64) -> Result<bool, BadInput> {
        Ok(self.lower_bound(alpha)? > -margin)
    }

    /// Whether the two differ by less than `margin` either way (two one-sided tests).
    pub fn equivalent(&self, margin: f64, alpha: f64) -> Result<bool, BadInput> {
        Ok(self.non_inferior(margin, alpha)? && self.upper_bound(alpha)? < margin)
    }

    /// Whether the challenger is better.
    pub fn superior(&self, alpha: f64) -> Result<bool, BadInput> {
        Ok(self.lower_bound(alpha)? > 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn counts(challenger_only: u64, incumbent_only: u64, agree: u64) -> PairedCounts {
        PairedCounts { both_right: agree, challenger_only, incumbent_only, both_wrong: 0 }
    }

    #[test]
    fn agreement_on_few_rows_is_not_yet_non_inferiority() {
        let on = |rows: u64| bonett_price(counts(0, 0, rows)).unwrap().non_inferior(0.01, 0.05).unwrap();
        assert!(!on(50));
        assert!(on(500));
    }

    proptest! {
        #[test]
        fn swapping_the_versions_mirrors_the_interval(b in 0u64..80, c in 0u64..80, agree in 1u64..500) {
            let here = bonett_price(counts(b, c, agree)).unwrap();
            let there = bonett_price(counts(c, b, agree)).unwrap();
            prop_assert!((here.lower_bound(0.05).unwrap() + there.upper_bound(0.05).unwrap()).abs() < 1e-12);
            prop_assert_eq!(here.observed, -there.observed);
            let both = here.superior(0.05).unwrap() && there.superior(0.05).unwrap();
            prop_assert!(!both);
        }

        #[test]
        fn a_wider_margin_is_easier(
            b in 0u64..80,
            c in 0u64..80,
            agree in 1u64..500,
            margin in 0.001..0.2f64,
        ) {
            let here = bonett_price(counts(b, c, agree)).unwrap();
            if here.non_inferior(margin, 0.05).unwrap() {
                prop_assert!(here.non_inferior(margin * 1.5, 0.05).unwrap());
            }
        }
    }
}
