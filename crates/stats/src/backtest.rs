//! Rolling-origin splits: train on the past, leave a gap, test on what follows.
//!
//! Only indices; nothing is fitted here. The invariant: in each split every training row comes
//! before every test row by more than the gap, test windows do not overlap, and the last one ends
//! with the data.

use crate::input::{self, BadInput};
use std::ops::Range;

/// How to roll the origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rolling {
    /// How many origins; 5 or more to compare models.
    pub splits: usize,
    /// Rows in each test window: the horizon.
    pub test: usize,
    /// Rows left out before each test window: the delay of labels plus that of deployment.
    pub gap: usize,
    /// The most training rows to use (a sliding window); all of the past when `None`.
    pub window: Option<usize>,
}

/// One split, as ranges of row numbers in the order of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// The rows to train on.
    pub train: Range<usize>,
    /// The rows to test on.
    pub test: Range<usize>,
}

/// The splits of `rows` rows, earliest first. Origins are as far apart as the test window is
/// long, so errors of different splits share no row.
///
/// - *What it answers.* How would this recipe have done, had it been used all along?
/// - *Assumptions.* Rows are in the order of time; the gap is as long as the real delay.
/// - *When it misleads.* With a gap of 0 it tests a model that production could not have had.
/// - *Source.* Tashman 2000.
/// - *Checked against.* scikit-learn 1.9.1 `TimeSeriesSplit(gap=…)`.
pub fn rolling_origin(rows: usize, plan: Rolling) -> Result<Vec<Split>, BadInput> {
    input::at_least("splits", plan.splits, 1)?;
    input::at_least("rows in a test window", plan.test, 1)?;
    input::at_least("rows in a training window", plan.window.unwrap_or(1), 1)?;
    let needed = plan.splits.saturating_mul(plan.test).saturating_add(plan.gap).saturating_add(1);
    input::at_least("rows", rows, needed)?;
    let split = |index: usize| {
        let start = rows - (plan.splits - index) * plan.test;
        let end = start - plan.gap;
        Split { train: end.saturating_sub(plan.window.unwrap_or(end))..end, test: start..start + plan.test }
    };
    Ok((0..plan.splits).map(split).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn too_short_a_series_says_how_long_it_must_be() {
        let plan = Rolling { splits: 5, test: 7, gap: 2, window: None };
        let error = rolling_origin(30, plan).unwrap_err();
        assert_eq!(error.to_string(), "too few rows: found 30, need at least 38");
        assert_eq!(rolling_origin(38, plan).unwrap()[0], Split { train: 0..1, test: 3..10 });
    }

    proptest! {
        #[test]
        fn the_past_stays_before_the_gap(
            splits in 1usize..8,
            test in 1usize..9,
            gap in 0usize..5,
            spare in 1usize..50,
            window in prop::option::of(1usize..20),
        ) {
            let rows = splits * test + gap + spare;
            let found = rolling_origin(rows, Rolling { splits, test, gap, window }).unwrap();
            prop_assert_eq!(found.len(), splits);
            prop_assert_eq!(found[splits - 1].test.end, rows);
            for split in &found {
                prop_assert!(!split.train.is_empty() && split.test.len() == test);
                prop_assert_eq!(split.train.end + gap, split.test.start);
                prop_assert!(split.train.len() <= window.unwrap_or(rows));
            }
            prop_assert!(found.windows(2).all(|w| w[0].test.end == w[1].test.start));
        }
    }
}
