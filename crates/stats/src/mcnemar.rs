//! Two versions' right and wrong answers on the same rows: is one right more often?
//!
//! Superiority only; "not worse by more than a margin" is [`crate::bonett_price`]. The invariant:
//! only rows on which exactly one version is right count, and without any the p-value is 1
//! (not 0, as in a well-known package, and not NaN).

use crate::distribution::{binomial_cdf, binomial_pmf, binomial_upper, chi_square_1_upper};
use crate::input::{self, BadInput};

/// How two versions agree, row by row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PairedCounts {
    /// Rows both get right.
    pub both_right: u64,
    /// Rows only the challenger gets right.
    pub challenger_only: u64,
    /// Rows only the incumbent gets right.
    pub incumbent_only: u64,
    /// Rows both get wrong.
    pub both_wrong: u64,
}

/// McNemar's test in its forms. One-sided p-values are against "the challenger is better".
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct McNemar {
    /// Exact and two-sided: never above its size, and often far below.
    pub exact: f64,
    /// Mid-p and two-sided: the default.
    pub mid_p: f64,
    /// Exact, one-sided.
    pub exact_greater: f64,
    /// Mid-p, one-sided: the gate's default.
    pub mid_p_greater: f64,
    /// The chi-square statistic without correction, (b − c)²/(b + c).
    pub chi_square: f64,
    /// Its p-value.
    pub chi_square_p: f64,
    /// The chi-square statistic with the continuity correction, (|b − c| − 1)²/(b + c).
    pub corrected: f64,
    /// Its p-value.
    pub corrected_p: f64,
}

impl PairedCounts {
    /// Counts the rows. `true` means right.
    pub fn count(incumbent_right: &[bool], challenger_right: &[bool]) -> Result<Self, BadInput> {
        input::same_length("challenger's answers", challenger_right.len(), incumbent_right.len())?;
        input::at_least("rows", incumbent_right.len(), 1)?;
        let mut counts = PairedCounts::default();
        for (&incumbent, &challenger) in incumbent_right.iter().zip(challenger_right) {
            match (incumbent, challenger) {
                (true, true) => counts.both_right += 1,
                (false, true) => counts.challenger_only += 1,
                (true, false) => counts.incumbent_only += 1,
                (false, false) => counts.both_wrong += 1,
            }
        }
        Ok(counts)
    }

    /// All rows.
    pub fn rows(&self) -> u64 {
        self.both_right + self.discordant() + self.both_wrong
    }

    /// Rows on which exactly one is right: the only ones whose labels matter.
    pub fn discordant(&self) -> u64 {
        self.challenger_only + self.incumbent_only
    }

    /// Accuracy of the challenger minus that of the incumbent.
    pub fn difference(&self) -> f64 {
        (self.challenger_only as f64 - self.incumbent_only as f64) / self.rows() as f64
    }

    /// The same rows with the versions' places taken.
    pub fn swapped(&self) -> Self {
        PairedCounts { challenger_only: self.incumbent_only, incumbent_only: self.challenger_only, ..*self }
    }
}

/// McNemar's test.
///
/// - *What it answers.* Of the rows that only one version gets right, does the challenger get
///   more than half?
/// - *Assumptions.* Independent rows. With clustered rows take [`crate::paired::paired_mean`] of
///   the 0/1 losses.
/// - *When it misleads.* A small p on millions of rows may be a difference nobody would notice;
///   a large p is not evidence of equality. The corrected chi-square is as conservative as the
///   exact test.
/// - *Source.* McNemar 1947; mid-p by Fagerland, Lydersen and Laake 2013.
/// - *Checked against.* statsmodels 0.15.0 `mcnemar`; mid-p by its formula.
pub fn mcnemar(counts: PairedCounts) -> McNemar {
    let (b, c, n) = (counts.challenger_only, counts.incumbent_only, counts.discordant());
    if n == 0 {
        return NO_DISCORDANT_ROWS;
    }
    let less = b.min(c);
    let two_tails = 2.0 * binomial_cdf(less, n, 0.5);
    let upper = binomial_upper(b, n, 0.5);
    let gap = b.abs_diff(c) as f64;
    let chi_square = gap * gap / n as f64;
    let corrected = (gap - 1.0).max(0.0).powi(2) / n as f64;
    McNemar {
        exact: two_tails.min(1.0),
        mid_p: (two_tails - binomial_pmf(less, n, 0.5)).min(1.0),
        exact_greater: upper,
        mid_p_greater: upper - 0.5 * binomial_pmf(b, n, 0.5),
        chi_square,
        chi_square_p: chi_square_1_upper(chi_square),
        corrected,
        corrected_p: chi_square_1_upper(corrected),
    }
}

const NO_DISCORDANT_ROWS: McNemar = McNemar {
    exact: 1.0,
    mid_p: 1.0,
    exact_greater: 1.0,
    mid_p_greater: 1.0,
    chi_square: 0.0,
    chi_square_p: 1.0,
    corrected: 0.0,
    corrected_p: 1.0,
};

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn only(challenger_only: u64, incumbent_only: u64) -> PairedCounts {
        PairedCounts { both_right: 50, challenger_only, incumbent_only, both_wrong: 20 }
    }

    #[test]
    fn rows_are_counted_by_who_is_right() {
        let counts =
            PairedCounts::count(&[true, true, false, false, true], &[true, false, true, false, true])
                .unwrap();
        let expected = PairedCounts { both_right: 2, challenger_only: 1, incumbent_only: 1, both_wrong: 1 };
        assert_eq!(counts, expected);
        assert_eq!((counts.rows(), counts.difference()), (5, 0.0));
    }

    #[test]
    fn without_discordant_rows_nothing_is_shown() {
        let test = mcnemar(only(0, 0));
        assert_eq!((test.mid_p_greater, test.corrected_p, test.exact), (1.0, 1.0, 1.0));
    }

    proptest! {
        #[test]
        fn swapping_mirrors_the_test(b in 0u64..200, c in 0u64..200) {
            let (here, there) = (mcnemar(only(b, c)), mcnemar(only(b, c).swapped()));
            prop_assert_eq!((here.exact, here.mid_p), (there.exact, there.mid_p));
            prop_assert_eq!(here.corrected_p, there.corrected_p);
            for p in [here.exact, here.mid_p, here.exact_greater, here.mid_p_greater, here.chi_square_p] {
                prop_assert!((0.0..=1.0).contains(&p), "{p}");
            }
            prop_assert!(here.mid_p <= here.exact + 1e-12);
            if b + c > 0 {
                prop_assert!((here.mid_p_greater + there.mid_p_greater - 1.0).abs() < 1e-9);
            }
        }

        #[test]
        fn more_wins_are_more_evidence(b in 0u64..100, c in 1u64..100) {
            let (fewer, more) = (mcnemar(only(b, c)), mcnemar(only(b + 1, c)));
            prop_assert!(more.mid_p_greater < fewer.mid_p_greater + 1e-12);
        }
    }
}
