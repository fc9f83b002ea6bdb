//! Temperature scaling: all classes at once, one number learned.
//!
//! Not a repair of single classes: a class that is stated too often stays so. The invariant: the order of
//! the classes within a row does not change, so neither does the accuracy.

use super::check;
use crate::distribution::bisect;
use crate::input::{self, BadInput};
use crate::metric::check_weights;
use crate::sum::sum;

/// The temperature is kept within these: rows that are all right ask for 0, rows worse than chance for
/// infinity.
const COLDEST: f64 = 0.05;
const HOTTEST: f64 = 20.0;

/// softmax(logits / T): above 1 the probabilities become less sure, below 1 surer.
///
/// - *What it answers.* By which one factor are the logits too large?
/// - *Assumptions.* Logits, or log-probabilities, which differ from logits by a constant a row; all
///   classes and all rows are too sure (or too unsure) by the same factor.
/// - *When it misleads.* Where some classes are overstated and others understated, or where it depends on
///   the row: the log loss falls, and the single class stays wrong.
/// - *Source.* Guo, Pleiss, Sun and Weinberger 2017, section 4.2. The loss is convex in 1/T, so the
///   optimum is where its slope changes sign.
/// - *Checked against.* scipy `minimize_scalar` on the same loss.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Temperature {
    temperature: f64,
}

impl Temperature {
    /// A temperature known beforehand, above 0; 1 changes nothing.
    pub fn new(temperature: f64) -> Result<Self, BadInput> {
        let good = temperature.is_finite() && temperature > 0.0;
        input::parameter("temperature", temperature, "a finite number above 0", good)?;
        Ok(Temperature { temperature })
    }

    /// Fits on row-major `logits`, `width` a row, and the index of each row's true class. `weights` are 0
    /// or more, one a row. The temperature is kept within [0.05, 20].
    ///
    /// # Errors
    /// No rows, fewer than two classes, columns of different lengths, a number that is not finite, a class
    /// that is not below `width`, or weights that are all 0.
    pub fn fit(
        classes: &[usize],
        logits: &[f64],
        width: usize,
        weights: Option<&[f64]>,
    ) -> Result<Self, BadInput> {
        check_shape(logits, classes.len(), width)?;
        check_weights(weights, classes.len())?;
        if let Some(row) = classes.iter().position(|&class| class >= width) {
            let (found, expected) = (classes[row] as f64, "a class index below the number of logits a row");
            return Err(BadInput::Value { what: "class", row: Some(row), found, expected });
        }
        let row = |i: usize| &logits[i * width..(i + 1) * width];
        let slope = |factor: f64| {
            let one = |i: usize| expected_gain(row(i), classes[i], factor);
            sum((0..classes.len()).map(|i| weights.map_or(1.0, |w| w[i]) * one(i)))
        };
        let factor = bisect(1.0 / HOTTEST, 1.0 / COLDEST, |factor| slope(factor) >= 0.0);
        Temperature::new(1.0 / factor)
    }

    /// The probabilities of row-major logits, `width` a row.
    pub fn apply(&self, logits: &[f64], width: usize) -> Result<Vec<f64>, BadInput> {
        input::at_least("classes", width, 2)?;
        check_shape(logits, logits.len() / width, width)?;
        let mut answers = Vec::with_capacity(logits.len());
        for row in logits.chunks(width) {
            answers.extend(softmax(row, 1.0 / self.temperature));
        }
        Ok(answers)
    }

    /// The temperature.
    pub fn temperature(&self) -> f64 {
        self.temperature
    }
}

fn check_shape(logits: &[f64], rows: usize, width: usize) -> Result<(), BadInput> {
    input::at_least("classes", width, 2)?;
    input::same_length("logits", logits.len(), rows * width)?;
    check(logits, logits.len(), None)
}

/// The softmax of the logits times `factor`.
fn softmax(logits: &[f64], factor: f64) -> Vec<f64> {
    let high = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let parts: Vec<f64> = logits.iter().map(|z| (factor * (z - high)).exp()).collect();
    let total = sum(parts.iter().copied());
    parts.into_iter().map(|part| part / total).collect()
}

/// The mean logit under that softmax, less the logit of the row's true class. The difference is taken before
/// the mean: of a row that is right and sure it is far smaller than the rounding of either.
fn expected_gain(logits: &[f64], class: usize, factor: f64) -> f64 {
    sum(softmax(logits, factor).iter().zip(logits).map(|(p, z)| p * (z - logits[class])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rows_that_leave_no_optimum_stay_within_the_ends() {
        let right = Temperature::fit(&[0, 1], &[1.0, 0.0, 0.0, 1.0], 2, None).unwrap();
        assert!((right.temperature() - COLDEST).abs() < 1e-9);
        let wrong = Temperature::fit(&[1, 0], &[1.0, 0.0, 0.0, 1.0], 2, None).unwrap();
        assert!((wrong.temperature() - HOTTEST).abs() < 1e-9);
    }

    #[test]
    fn rows_that_are_right_ask_for_the_coldest_wherever_their_logits_lie() {
        let row = [1.2416663427876187, -1.9618359428720513, -1.3368933769480837];
        let moved = row.map(|z| z + 3.3247862319598194);
        for row in [row, moved] {
            let logits = [&[0.0; 3], row.as_slice()].concat();
            let fitted = Temperature::fit(&[0, 0], &logits, 3, None).unwrap();
            assert!((fitted.temperature() - COLDEST).abs() < 1e-9, "{}", fitted.temperature());
        }
    }

    #[test]
    fn bad_rows_are_named() {
        let error = Temperature::fit(&[0, 2], &[1.0, 0.0, 0.0, 1.0], 2, None).unwrap_err();
        assert!(error.to_string().starts_with("class, row 1: found 2"), "{error}");
        assert!(Temperature::fit(&[0], &[1.0, f64::NAN], 2, None).is_err());
        assert!(Temperature::new(1.0).unwrap().apply(&[1.0, 2.0, 3.0], 2).is_err());
        assert!(Temperature::new(0.0).is_err());
    }

    proptest! {
        #[test]
        fn a_constant_a_row_changes_nothing_and_order_stays(
            rows in prop::collection::vec((prop::array::uniform3(-3.0..3.0f64), 0usize..3, -9.0..9.0f64), 2..40),
        ) {
            let logits: Vec<f64> = rows.iter().flat_map(|r| r.0).collect();
            let moved: Vec<f64> = rows.iter().flat_map(|r| r.0.map(|z| z + r.2)).collect();
            let classes: Vec<usize> = rows.iter().map(|r| r.1).collect();
            let fitted = Temperature::fit(&classes, &logits, 3, None).unwrap();
            let other = Temperature::fit(&classes, &moved, 3, None).unwrap();
            prop_assert!((fitted.temperature().ln() - other.temperature().ln()).abs() < 1e-6);
            let answers = fitted.apply(&logits, 3).unwrap();
            for (said, row) in answers.chunks(3).zip(logits.chunks(3)) {
                prop_assert!((said.iter().sum::<f64>() - 1.0).abs() < 1e-12);
                prop_assert!((0..3).all(|a| (0..3).all(|b| row[a] > row[b] || said[a] <= said[b])));
            }
        }
    }
}
