//! Metrics of order alone: the area under the ROC curve and average precision.
//!
//! They do not judge whether the scores are probabilities; any increasing transform leaves them
//! unchanged. Equal scores count half in the AUC and are one threshold in average precision, so
//! the order of rows never matters.

use crate::input::{self, BadInput};
use crate::metric::{check_probabilities, check_weights};

/// The area under the ROC curve: P(a yes row scores above a no row), ties counting one half.
///
/// - *What it answers.* How well the scores rank yes above no.
/// - *Assumptions.* Both classes are present with positive weight; otherwise an error, not NaN.
/// - *When it misleads.* It weighs all thresholds alike, also the ones nobody would use, and says
///   nothing about calibration. For an interval or a comparison see [`crate::delong`].
/// - *Source.* Hanley and McNeil 1982; Bamber 1975 for ties.
/// - *Checked against.* scikit-learn 1.9.1 `roc_auc_score`, with and without weights.
pub fn auc(actual: &[bool], scores: &[f64], weights: Option<&[f64]>) -> Result<f64, BadInput> {
    check(actual, scores, weights)?;
    let (mut below, mut area, mut yes, mut no) = (0.0, 0.0, 0.0, 0.0);
    for tie in ties(scores, weights, actual).iter().rev() {
        area += tie.yes * (below + 0.5 * tie.no);
        below += tie.no;
        yes += tie.yes;
        no += tie.no;
    }
    if yes == 0.0 || no == 0.0 {
        let why = "only one class is present; use log loss or collect more labels";
        return Err(BadInput::Undefined { what: "AUC", why });
    }
    Ok(area / (yes * no))
}

/// Average precision: precision at each distinct threshold, weighted by the recall it adds.
///
/// - *What it answers.* How clean the top of the ranking is, when yes is rare.
/// - *Assumptions.* At least one yes row with positive weight; otherwise an error (scikit-learn
///   returns 0, which reads like a bad model).
/// - *When it misleads.* Its floor is the share of yes rows, so values on different data differ
///   for that reason alone.
/// - *Source.* Manning, Raghavan and Schütze 2008, section 8.4; no interpolation.
/// - *Checked against.* scikit-learn 1.9.1 `average_precision_score`.
pub fn average_precision(actual: &[bool], scores: &[f64], weights: Option<&[f64]>) -> Result<f64, BadInput> {
    check(actual, scores, weights)?;
    let (mut yes, mut all, mut area) = (0.0, 0.0, 0.0);
    for tie in ties(scores, weights, actual) {
        yes += tie.yes;
        all += tie.yes + tie.no;
        if all > 0.0 {
            area += tie.yes * yes / all;
        }
    }
    if yes == 0.0 {
        return Err(BadInput::Undefined { what: "average precision", why: "no row is a yes" });
    }
    Ok(area / yes)
}

/// How several classes become one AUC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Averaging {
    /// Each class against the rest, all classes alike.
    OneVersusRest,
    /// Each class against the rest, by the share of rows in it.
    OneVersusRestWeighted,
    /// Each pair of classes alone, all pairs alike (Hand and Till 2001): untouched by class sizes.
    OneVersusOne,
}

/// The AUC of several classes. Every class must occur; see [`auc`].
pub fn multiclass_auc(
    classes: &[usize],
    probabilities: &[f64],
    width: usize,
    averaging: Averaging,
) -> Result<f64, BadInput> {
    check_probabilities(classes, probabilities, width)?;
    let score = |row: usize, k: usize| probabilities[row * width + k];
    let rest = |k: usize| {
        let actual: Vec<bool> = classes.iter().map(|&c| c == k).collect();
        let scores: Vec<f64> = (0..classes.len()).map(|row| score(row, k)).collect();
        let share = actual.iter().filter(|&&a| a).count() as f64 / classes.len() as f64;
        auc(&actual, &scores, None).map(|auc| (auc, share))
    };
    let pair = |j: usize, k: usize| {
        let rows: Vec<usize> = (0..classes.len()).filter(|&r| classes[r] == j || classes[r] == k).collect();
        let one = |yes: usize| {
            let actual: Vec<bool> = rows.iter().map(|&r| classes[r] == yes).collect();
            let scores: Vec<f64> = rows.iter().map(|&r| score(r, yes)).collect();
            auc(&actual, &scores, None)
        };
        Ok::<f64, BadInput>(0.5 * (one(j)? + one(k)?))
    };
    match averaging {
        Averaging::OneVersusRest => Ok((0..width).map(rest).sum_of(|(auc, _)| auc)? / width as f64),
        Averaging::OneVersusRestWeighted => (0..width).map(rest).sum_of(|(auc, share)| auc * share),
        Averaging::OneVersusOne => {
            let pairs = (0..width).flat_map(|j| (j + 1..width).map(move |k| (j, k)));
            let total = pairs.map(|(j, k)| pair(j, k)).sum_of(|auc| auc)?;
            Ok(total / (width * (width - 1) / 2) as f64)
        }
    }
}

/// Adds up what is computed, stopping at the first error.
trait SumOf<T>: Iterator<Item = Result<T, BadInput>> + Sized {
    fn sum_of(self, value: impl Fn(T) -> f64) -> Result<f64, BadInput> {
        self.map(|item| item.map(&value)).sum()
    }
}

impl<T, I: Iterator<Item = Result<T, BadInput>>> SumOf<T> for I {}

/// The weight of yes and no rows at one score.
struct Tie {
    yes: f64,
    no: f64,
}

/// The distinct scores from the highest down.
fn ties(scores: &[f64], weights: Option<&[f64]>, actual: &[bool]) -> Vec<Tie> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    let mut ties: Vec<Tie> = Vec::new();
    let mut last = None;
    for row in order {
        let weight = weights.map_or(1.0, |w| w[row]);
        if last != Some(scores[row]) {
            ties.push(Tie { yes: 0.0, no: 0.0 });
            last = Some(scores[row]);
        }
        if let Some(tie) = ties.last_mut() {
            if actual[row] { tie.yes += weight } else { tie.no += weight }
        }
    }
    ties
}

fn check(actual: &[bool], scores: &[f64], weights: Option<&[f64]>) -> Result<(), BadInput> {
    input::at_least("rows", actual.len(), 1)?;
    input::same_length("scores", scores.len(), actual.len())?;
    input::all_finite("scores", scores)?;
    check_weights(weights, actual.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_class_has_no_auc_and_no_yes_has_no_average_precision() {
        assert!(auc(&[true, true], &[0.1, 0.9], None).is_err());
        assert!(average_precision(&[false, false], &[0.1, 0.9], None).is_err());
        assert!(auc(&[true, false], &[0.1, f64::NAN], None).is_err());
    }

    proptest! {
        #[test]
        fn auc_mirrors_and_ignores_order_and_scale(
            rows in prop::collection::vec((any::<bool>(), 0u8..12), 2..60),
        ) {
            let (actual, raw): (Vec<bool>, Vec<u8>) = rows.iter().copied().unzip();
            let scores: Vec<f64> = raw.iter().map(|&s| f64::from(s)).collect();
            let Ok(area) = auc(&actual, &scores, None) else { return Ok(()) };
            prop_assert!((0.0..=1.0).contains(&area));
            let flipped: Vec<f64> = scores.iter().map(|s| -s).collect();
            prop_assert!((area + auc(&actual, &flipped, None).unwrap() - 1.0).abs() < 1e-12);
            let scaled: Vec<f64> = scores.iter().map(|s| (0.3 * s).exp()).collect();
            prop_assert!((area - auc(&actual, &scaled, None).unwrap()).abs() < 1e-12);
            let (back, backs): (Vec<bool>, Vec<f64>) =
                actual.iter().rev().copied().zip(scores.iter().rev().copied()).unzip();
            prop_assert_eq!(area, auc(&back, &backs, None).unwrap());
        }
    }
}
