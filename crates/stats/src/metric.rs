//! Additive losses: one number a row, whose mean is the metric.
//!
//! Because they are additive, the gate compares two versions row by row (see [`crate::paired`]);
//! metrics that are not a mean over rows live in [`crate::ranking`], [`crate::confusion`],
//! [`crate::regression`], [`crate::forecast`] and [`crate::calibration`]. Smaller is always
//! better here. The invariant: a row's loss is finite, or the whole call is an error naming the row.
//!
//! Shapes: `classes[i]` is the index of the true class of row i; `probabilities` is row-major,
//! `width` numbers a row.

use crate::input::{self, BadInput};
use crate::sum::sum;

/// Probabilities are kept this far from 0 and 1 before the logarithm: the largest loss of a row
/// is then 36.04. The same as scikit-learn for 64-bit floats.
pub const LOG_LOSS_CLIP: f64 = f64::EPSILON;

/// A row of class probabilities may miss 1 by this much: what a 32-bit softmax over a thousand
/// classes loses.
pub const SUM_TOLERANCE: f64 = 1e-4;

/// The logarithmic loss of each row, −ln p(true class), in nats.
///
/// - *What it answers.* How surprised the model was by what happened.
/// - *Assumptions.* The numbers are probabilities; each row sums to 1 within [`SUM_TOLERANCE`].
/// - *When it misleads.* One confident mistake outweighs hundreds of good rows; clipping at
///   [`LOG_LOSS_CLIP`] bounds it at 36 nats and no lower.
/// - *Source.* Good 1952; Gneiting and Raftery 2007, equation 24.
/// - *Checked against.* scikit-learn 1.9.1 `log_loss`.
pub fn log_losses(classes: &[usize], probabilities: &[f64], width: usize) -> Result<Vec<f64>, BadInput> {
    check_probabilities(classes, probabilities, width)?;
    let log = |(row, &class): (usize, &usize)| {
        -probabilities[row * width + class].clamp(LOG_LOSS_CLIP, 1.0 - LOG_LOSS_CLIP).ln()
    };
    Ok(classes.iter().enumerate().map(log).collect())
}

/// The logarithmic loss of each row for a yes-or-no question; `probabilities[i]` is P(yes).
/// See [`log_losses`].
pub fn binary_log_losses(actual: &[bool], probabilities: &[f64]) -> Result<Vec<f64>, BadInput> {
    check_binary(actual, probabilities)?;
    let log = |(&yes, &p): (&bool, &f64)| {
        let p = p.clamp(LOG_LOSS_CLIP, 1.0 - LOG_LOSS_CLIP);
        if yes { -p.ln() } else { -libm::log1p(-p) }
    };
    Ok(actual.iter().zip(probabilities).map(log).collect())
}

/// The Brier loss of each row: the squared distance between the probabilities and the truth,
/// summed over the classes, from 0 to 2. Half of it is the binary form when there are two classes.
///
/// - *What it answers.* How far the probabilities were from what happened; blunter than log loss.
/// - *Assumptions.* As for [`log_losses`].
/// - *When it misleads.* With rare classes almost everything scores well: compare by skill.
/// - *Source.* Brier 1950.
/// - *Checked against.* scikit-learn 1.9.1 `brier_score_loss`.
pub fn brier_losses(classes: &[usize], probabilities: &[f64], width: usize) -> Result<Vec<f64>, BadInput> {
    check_probabilities(classes, probabilities, width)?;
    let loss = |(row, &class): (usize, &usize)| {
        let truth = |k: usize| if k == class { 1.0 } else { 0.0 };
        let row = &probabilities[row * width..(row + 1) * width];
        sum(row.iter().enumerate().map(|(k, p)| (p - truth(k)) * (p - truth(k))))
    };
    Ok(classes.iter().enumerate().map(loss).collect())
}

/// The Brier loss of each row for a yes-or-no question, (p − y)², from 0 to 1.
pub fn binary_brier_losses(actual: &[bool], probabilities: &[f64]) -> Result<Vec<f64>, BadInput> {
    check_binary(actual, probabilities)?;
    let loss = |(&yes, &p): (&bool, &f64)| if yes { (1.0 - p) * (1.0 - p) } else { p * p };
    Ok(actual.iter().zip(probabilities).map(loss).collect())
}

/// 1 where the prediction is wrong, 0 where it is right: one minus the accuracy, row by row.
pub fn zero_one_losses<T: PartialEq>(actual: &[T], predicted: &[T]) -> Result<Vec<f64>, BadInput> {
    input::same_length("predictions", predicted.len(), actual.len())?;
    input::at_least("rows", actual.len(), 1)?;
    Ok(actual.iter().zip(predicted).map(|(a, p)| if a == p { 0.0 } else { 1.0 }).collect())
}

/// |y − f| of each row.
pub fn absolute_losses(actual: &[f64], predicted: &[f64]) -> Result<Vec<f64>, BadInput> {
    numeric_losses(actual, predicted, "absolute error", |y, f| (y - f).abs())
}

/// (y − f)² of each row.
pub fn squared_losses(actual: &[f64], predicted: &[f64]) -> Result<Vec<f64>, BadInput> {
    numeric_losses(actual, predicted, "squared error", |y, f| (y - f) * (y - f))
}

/// The pinball loss of each row for a forecast of the quantile `share` (0 to 1).
///
/// - *What it answers.* How good a quantile forecast is: misses above cost `share` a unit,
///   misses below 1 − `share`.
/// - *Assumptions.* The forecast is of that quantile and no other.
/// - *When it misleads.* Losses of different quantiles are not comparable.
/// - *Source.* Koenker and Bassett 1978.
/// - *Checked against.* scikit-learn 1.9.1 `mean_pinball_loss`.
pub fn pinball_losses(actual: &[f64], predicted: &[f64], share: f64) -> Result<Vec<f64>, BadInput> {
    input::open_unit("quantile", share)?;
    let loss = |y: f64, f: f64| if y >= f { share * (y - f) } else { (1.0 - share) * (f - y) };
    numeric_losses(actual, predicted, "pinball loss", loss)
}

/// The mean, with weights if any: how row losses become the metric. Weights are not negative
/// and not all zero.
pub fn weighted_mean(values: &[f64], weights: Option<&[f64]>) -> Result<f64, BadInput> {
    input::at_least("rows", values.len(), 1)?;
    input::all_finite("values", values)?;
    check_weights(weights, values.len())?;
    let Some(weights) = weights else {
        return input::finite("the mean", crate::sum::mean(values));
    };
    let total = sum(weights.iter().copied());
    input::finite("the mean", sum(values.iter().zip(weights).map(|(v, w)| v * w)) / total)
}

/// 1 − loss / baseline loss: 1 is perfect, 0 no better than the baseline, below 0 worse.
///
/// - *What it answers.* How much of the baseline's loss the model removes.
/// - *Assumptions.* Both losses are on the same rows, and smaller is better.
/// - *When it misleads.* Against a weak baseline, or when a pooled skill hides the series in
///   which the baseline wins. Undefined, and an error, when the baseline makes no mistakes.
/// - *Source.* Murphy 1988.
/// - *Checked against.* The formula.
pub fn skill(loss: f64, baseline_loss: f64) -> Result<f64, BadInput> {
    input::parameter("loss", loss, "a finite number, 0 or more", loss.is_finite() && loss >= 0.0)?;
    let good = baseline_loss.is_finite() && baseline_loss >= 0.0;
    input::parameter("baseline loss", baseline_loss, "a finite number, 0 or more", good)?;
    if baseline_loss == 0.0 {
        let why = "the baseline's loss is 0; there is nothing to improve on";
        return Err(BadInput::Undefined { what: "skill", why });
    }
    Ok(1.0 - loss / baseline_loss)
}

/// The most probable class of each row; the lowest index of equals.
pub fn most_probable(probabilities: &[f64], width: usize) -> Vec<usize> {
    let best = |row: &[f64]| (0..row.len()).fold(0, |best, k| if row[k] > row[best] { k } else { best });
    probabilities.chunks(width.max(1)).map(best).collect()
}

pub(crate) fn check_weights(weights: Option<&[f64]>, rows: usize) -> Result<(), BadInput> {
    let Some(weights) = weights else { return Ok(()) };
    input::same_length("weights", weights.len(), rows)?;
    input::all("weights", weights, "a finite number, 0 or more", |w| w.is_finite() && w >= 0.0)?;
    if weights.iter().all(|&w| w == 0.0) {
        return Err(BadInput::Undefined { what: "a weighted mean", why: "every weight is 0" });
    }
    Ok(())
}

pub(crate) fn check_binary(actual: &[bool], probabilities: &[f64]) -> Result<(), BadInput> {
    input::at_least("rows", actual.len(), 1)?;
    input::same_length("probabilities", probabilities.len(), actual.len())?;
    input::all_unit("probabilities", probabilities)
}

pub(crate) fn check_numeric(actual: &[f64], predicted: &[f64]) -> Result<(), BadInput> {
    input::at_least("rows", actual.len(), 1)?;
    input::same_length("predictions", predicted.len(), actual.len())?;
    input::all_finite("actual", actual)?;
    input::all_finite("predictions", predicted)
}

pub(crate) fn check_probabilities(
    classes: &[usize],
    probabilities: &[f64],
    width: usize,
) -> Result<(), BadInput> {
    input::at_least("rows", classes.len(), 1)?;
    input::at_least("classes", width, 2)?;
    input::same_length("probabilities", probabilities.len(), classes.len() * width)?;
    check_rows(probabilities, width)?;
    if let Some(row) = classes.iter().position(|&class| class >= width) {
        let expected = "a class index below the number of probability columns";
        return Err(BadInput::Value { what: "class", row: Some(row), found: classes[row] as f64, expected });
    }
    Ok(())
}

/// Whole rows of `width` probabilities, each summing to 1.
pub(crate) fn check_rows(probabilities: &[f64], width: usize) -> Result<(), BadInput> {
    input::at_least("classes", width, 2)?;
    input::same_length("probabilities", probabilities.len(), probabilities.len() / width * width)?;
    if let Some(bad) = probabilities.iter().position(|p| !(0.0..=1.0).contains(p)) {
        let expected = "a number in [0, 1]";
        let (row, found) = (Some(bad / width), probabilities[bad]);
        return Err(BadInput::Value { what: "probabilities", row, found, expected });
    }
    for (row, parts) in probabilities.chunks_exact(width).enumerate() {
        let found = sum(parts.iter().copied());
        if (found - 1.0).abs() > SUM_TOLERANCE {
            let expected = "probabilities that sum to 1";
            return Err(BadInput::Value { what: "sum of probabilities", row: Some(row), found, expected });
        }
    }
    Ok(())
}

fn numeric_losses(
    actual: &[f64],
    predicted: &[f64],
    what: &'static str,
    loss: impl Fn(f64, f64) -> f64,
) -> Result<Vec<f64>, BadInput> {
    check_numeric(actual, predicted)?;
    actual.iter().zip(predicted).map(|(&y, &f)| input::finite(what, loss(y, f))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rows_that_do_not_sum_to_one_are_named() {
        let error = log_losses(&[0, 1], &[0.5, 0.5, 0.5, 0.6], 2).unwrap_err();
        assert_eq!(
            error.to_string(),
            "sum of probabilities, row 1: found 1.1, expected probabilities that sum to 1"
        );
    }

    #[test]
    fn an_unknown_class_is_named() {
        let error = brier_losses(&[2], &[0.5, 0.5], 2).unwrap_err();
        assert!(error.to_string().starts_with("class, row 0: found 2"), "{error}");
    }

    #[test]
    fn weights_that_are_all_zero_have_no_mean() {
        assert!(weighted_mean(&[1.0, 2.0], Some(&[0.0, 0.0])).is_err());
        assert!(weighted_mean(&[1.0, 2.0], Some(&[1.0, -1.0])).is_err());
        assert_eq!(weighted_mean(&[1.0, 3.0], Some(&[1.0, 3.0])), Ok(2.5));
    }

    #[test]
    fn a_perfect_baseline_leaves_no_skill() {
        assert!(skill(0.1, 0.0).is_err());
        assert_eq!(skill(0.25, 0.5), Ok(0.5));
    }

    #[test]
    fn ties_go_to_the_lowest_class() {
        assert_eq!(most_probable(&[0.4, 0.4, 0.2, 0.1, 0.2, 0.7], 3), [0, 2]);
    }

    proptest! {
        #[test]
        fn two_classes_agree_with_the_binary_forms(
            rows in prop::collection::vec((any::<bool>(), 0.0..=1.0f64), 1..40),
        ) {
            let (yes, p): (Vec<bool>, Vec<f64>) = rows.into_iter().unzip();
            let classes: Vec<usize> = yes.iter().map(|&y| usize::from(y)).collect();
            let both: Vec<f64> = p.iter().flat_map(|p| [1.0 - p, *p]).collect();
            let log = log_losses(&classes, &both, 2).unwrap();
            for (a, b) in log.iter().zip(binary_log_losses(&yes, &p).unwrap()) {
                prop_assert!((a - b).abs() < 1e-9 * (1.0 + b) && *a >= 0.0 && *a < 36.1);
            }
            let brier = brier_losses(&classes, &both, 2).unwrap();
            for (a, b) in brier.iter().zip(binary_brier_losses(&yes, &p).unwrap()) {
                prop_assert!((a - 2.0 * b).abs() < 1e-12 && (0.0..=2.0).contains(a));
            }
        }

        #[test]
        fn a_mean_lies_between_its_ends_and_ignores_order(
            mut v in prop::collection::vec(-1e6..1e6f64, 1..50),
        ) {
            let before = weighted_mean(&v, None).unwrap();
            let low = v.iter().copied().fold(f64::INFINITY, f64::min);
            let high = v.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            prop_assert!(before >= low - 1e-9 && before <= high + 1e-9);
            v.reverse();
            prop_assert!((before - weighted_mean(&v, None).unwrap()).abs() < 1e-9);
        }
    }
}
