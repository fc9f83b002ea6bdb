//! What was predicted against what was true, counted; and the metrics of those counts.
//!
//! For decisions, not for probabilities. The invariant: counts (or weights) are not negative and
//! sum to more than 0. A share of nothing (precision when the class was never predicted) is 0,
//! as in scikit-learn's default.

use crate::input::{self, BadInput};
use crate::metric::check_weights;
use crate::sum::sum;

/// Counts, or weights, by true and predicted class.
#[derive(Debug, Clone, PartialEq)]
pub struct Confusion {
    classes: usize,
    /// `cells[actual * classes + predicted]`.
    cells: Vec<f64>,
}

impl Confusion {
    /// Counts rows. Both columns hold class indices below `classes`.
    pub fn count(
        actual: &[usize],
        predicted: &[usize],
        classes: usize,
        weights: Option<&[f64]>,
    ) -> Result<Self, BadInput> {
        input::at_least("rows", actual.len(), 1)?;
        input::at_least("classes", classes, 2)?;
        input::same_length("predictions", predicted.len(), actual.len())?;
        check_weights(weights, actual.len())?;
        let mut cells = vec![0.0; classes * classes];
        for (row, (&a, &p)) in actual.iter().zip(predicted).enumerate() {
            let worst = a.max(p);
            if worst >= classes {
                let expected = "a class index below the number of classes";
                return Err(BadInput::Value { what: "class", row: Some(row), found: worst as f64, expected });
            }
            cells[a * classes + p] += weights.map_or(1.0, |w| w[row]);
        }
        Ok(Confusion { classes, cells })
    }

    /// Counts a yes-or-no question; a row is predicted yes when its probability is at or above
    /// `threshold`.
    pub fn at_threshold(
        actual: &[bool],
        probabilities: &[f64],
        threshold: f64,
        weights: Option<&[f64]>,
    ) -> Result<Self, BadInput> {
        input::all_finite("probabilities", probabilities)?;
        let actual: Vec<usize> = actual.iter().map(|&y| usize::from(y)).collect();
        let predicted: Vec<usize> = probabilities.iter().map(|&p| usize::from(p >= threshold)).collect();
        Confusion::count(&actual, &predicted, 2, weights)
    }

    /// The count of rows of class `actual` predicted as `predicted`.
    pub fn cell(&self, actual: usize, predicted: usize) -> f64 {
        self.cells[actual * self.classes + predicted]
    }

    /// The share of rows predicted right.
    pub fn accuracy(&self) -> f64 {
        self.right() / self.total()
    }

    /// Of the rows predicted as `class`, the share that are.
    pub fn precision(&self, class: usize) -> f64 {
        share(self.cell(class, class), self.predicted(class))
    }

    /// Of the rows that are `class`, the share predicted so.
    pub fn recall(&self, class: usize) -> f64 {
        share(self.cell(class, class), self.actual(class))
    }

    /// The harmonic mean of precision and recall of one class, 0 to 1.
    ///
    /// - *What it answers.* How well one class is found and how clean what is found is.
    /// - *Assumptions.* One threshold, the one in use.
    /// - *When it misleads.* It ignores the rows rightly left out, so it depends on how rare the
    ///   class is; it is not a mean over rows, so compare versions by bootstrap.
    /// - *Source.* van Rijsbergen 1979.
    /// - *Checked against.* scikit-learn 1.9.1 `f1_score`.
    pub fn f1(&self, class: usize) -> f64 {
        share(2.0 * self.cell(class, class), self.actual(class) + self.predicted(class))
    }

    /// F1 averaged over the classes that occur or are predicted, all alike.
    pub fn f1_macro(&self) -> f64 {
        let seen: Vec<f64> = (0..self.classes)
            .filter(|&k| self.actual(k) + self.predicted(k) > 0.0)
            .map(|k| self.f1(k))
            .collect();
        crate::sum::mean(&seen)
    }

    /// F1 averaged by the share of rows in each class.
    pub fn f1_weighted(&self) -> f64 {
        (0..self.classes).map(|k| self.f1(k) * self.actual(k)).sum::<f64>() / self.total()
    }

    /// Recall averaged over the classes that occur.
    pub fn balanced_accuracy(&self) -> f64 {
        let seen: Vec<f64> =
            (0..self.classes).filter(|&k| self.actual(k) > 0.0).map(|k| self.recall(k)).collect();
        crate::sum::mean(&seen)
    }

    /// Matthews' correlation between truth and prediction, −1 to 1; 0 when either is constant
    /// (Gorodkin 2004 for more than two classes).
    pub fn matthews(&self) -> f64 {
        let total = self.total();
        let sums = |f: &dyn Fn(usize) -> f64| sum((0..self.classes).map(f));
        let both = sums(&|k| self.actual(k) * self.predicted(k));
        let spread = |f: &dyn Fn(usize) -> f64| total * total - sums(&|k| f(k) * f(k));
        let below = (spread(&|k| self.actual(k)) * spread(&|k| self.predicted(k))).sqrt();
        share(self.right() * total - both, below)
    }

    /// Cohen's kappa between truth and prediction: agreement beyond chance (see
    /// [`crate::agreement`]); 0 when both are constant.
    pub fn kappa(&self) -> f64 {
        let total = self.total();
        let chance = sum((0..self.classes).map(|k| self.actual(k) * self.predicted(k))) / (total * total);
        share(self.accuracy() - chance, 1.0 - chance)
    }

    fn total(&self) -> f64 {
        sum(self.cells.iter().copied())
    }

    fn right(&self) -> f64 {
        sum((0..self.classes).map(|k| self.cell(k, k)))
    }

    fn actual(&self, class: usize) -> f64 {
        sum((0..self.classes).map(|k| self.cell(class, k)))
    }

    fn predicted(&self, class: usize) -> f64 {
        sum((0..self.classes).map(|k| self.cell(k, class)))
    }
}

/// The share of rows whose true class is among the `top` most probable. Equal probabilities are
/// taken in favour of the lowest index.
pub fn top_accuracy(
    classes: &[usize],
    probabilities: &[f64],
    width: usize,
    top: usize,
) -> Result<f64, BadInput> {
    crate::metric::check_probabilities(classes, probabilities, width)?;
    let found = |&(row, class): &(usize, usize)| {
        let row = &probabilities[row * width..(row + 1) * width];
        let ahead = |(k, p): (usize, &f64)| *p > row[class] || (*p == row[class] && k < class);
        row.iter().enumerate().filter(|&(k, p)| ahead((k, p))).count() < top
    };
    Ok(classes.iter().copied().enumerate().filter(found).count() as f64 / classes.len() as f64)
}

fn share(part: f64, whole: f64) -> f64 {
    if whole == 0.0 { 0.0 } else { part / whole }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_class_beyond_the_last_is_named_with_its_row() {
        let error = Confusion::count(&[0, 1], &[0, 2], 2, None).unwrap_err();
        assert!(error.to_string().starts_with("class, row 1: found 2"), "{error}");
    }

    proptest! {
        #[test]
        fn every_share_is_a_share(rows in prop::collection::vec((0usize..4, 0usize..4), 1..60)) {
            let (actual, predicted): (Vec<usize>, Vec<usize>) = rows.into_iter().unzip();
            let c = Confusion::count(&actual, &predicted, 4, None).unwrap();
            for value in [c.accuracy(), c.f1_macro(), c.f1_weighted(), c.balanced_accuracy(), c.f1(2)] {
                prop_assert!((0.0..=1.0).contains(&value), "{value}");
            }
            prop_assert!((-1.0 - 1e-12..=1.0 + 1e-12).contains(&c.matthews()));
            let swapped = Confusion::count(&predicted, &actual, 4, None).unwrap();
            prop_assert!((c.matthews() - swapped.matthews()).abs() < 1e-12);
            prop_assert!((c.kappa() - swapped.kappa()).abs() < 1e-12);
        }
    }
}
