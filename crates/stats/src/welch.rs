//! Two independent columns: do their means differ?
//!
//! For *different* rows in the two groups; on the same rows use [`crate::paired`], which is far
//! sharper. The invariant: swapping the columns only changes the sign.

use crate::input::{self, BadInput};
use crate::paired::MeanDifference;
use crate::sum::{mean, variance};

/// The mean of `second` minus the mean of `first`, two independent columns, by Welch.
///
/// - *What it answers.* Do two groups of *different* rows differ in the mean?
/// - *Assumptions.* Independent rows; means near normal; variances may differ.
/// - *When it misleads.* On paired rows it wastes the pairing; with heavy tails and few rows.
/// - *Source.* Welch 1947; Satterthwaite's degrees of freedom.
/// - *Checked against.* scipy 1.17.1 `ttest_ind(equal_var=False)`.
pub fn welch(first: &[f64], second: &[f64]) -> Result<MeanDifference, BadInput> {
    for (what, column) in [("rows of the first", first), ("rows of the second", second)] {
        input::at_least(what, column.len(), 2)?;
        input::all_finite(what, column)?;
    }
    let part = |column: &[f64]| variance(column) / column.len() as f64;
    let (a, b) = (part(first), part(second));
    let below = a * a / (first.len() as f64 - 1.0) + b * b / (second.len() as f64 - 1.0);
    let df = if below > 0.0 { (a + b) * (a + b) / below } else { (first.len() + second.len() - 2) as f64 };
    let rows = (first.len() + second.len()) as u64;
    Ok(MeanDifference { mean: mean(second) - mean(first), se: (a + b).sqrt(), df, rows, clusters: rows })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn constant_columns_leave_no_test() {
        let found = welch(&[1.0, 1.0, 1.0], &[2.0, 2.0]).unwrap();
        assert_eq!((found.mean, found.test(0.0)), (1.0, None));
        assert!(welch(&[1.0], &[2.0, 3.0]).is_err());
    }

    proptest! {
        #[test]
        fn swapping_changes_the_sign(
            a in prop::collection::vec(-5.0..5.0f64, 2..20),
            b in prop::collection::vec(-5.0..5.0f64, 2..20),
        ) {
            let (here, there) = (welch(&a, &b).unwrap(), welch(&b, &a).unwrap());
            prop_assert!((here.mean + there.mean).abs() < 1e-12);
            prop_assert!((here.se - there.se).abs() < 1e-12 && (here.df - there.df).abs() < 1e-6);
            let smaller = a.len().min(b.len()) as f64 - 1.0;
            prop_assert!(here.se == 0.0 || here.df >= smaller - 1e-9);
        }
    }
}
