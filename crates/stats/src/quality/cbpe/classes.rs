//! The expected accuracy and log loss of a model with any number of classes.
//!
//! Not the metrics of single classes: give a class against the rest to [`super::cbpe()`]. The invariant: a
//! model whose stated probabilities are the calibrated ones has their mean entropy as its log loss.

use super::{ASSUMPTIONS, Assumption};
use crate::Estimate;
use crate::input::{self, BadInput};
use crate::metric::{LOG_LOSS_CLIP, check_probabilities};
use crate::proportion::z;
use crate::sum::sum;

/// What was served for each of the current rows; matrices are row-major, `width` numbers a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ServedClasses<'a> {
    /// The calibrated probabilities, each row summing to 1.
    pub calibrated: &'a [f64],
    /// The probabilities that the model stated, each row summing to 1: the log loss is theirs.
    pub stated: &'a [f64],
    /// The index of the class that the model answered.
    pub predicted: &'a [usize],
    /// The number of classes.
    pub width: usize,
}

/// The expected quality of a model of classes on rows without answers.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassQuality {
    /// The share answered rightly.
    pub accuracy: Estimate,
    /// The standard deviation of the accuracy over draws of the answers.
    pub accuracy_sd: f64,
    /// The mean log loss of the stated probabilities, in nats.
    pub log_loss: Estimate,
    /// What must be true for any of this to be right.
    pub assumptions: &'static [Assumption],
}

/// CBPE of a model of classes, with normal intervals at `level`. Two classes are fine.
///
/// - *What it answers.* How good is the model on rows whose answers have not come yet, if its calibrated
///   probabilities are right?
/// - *Assumptions.* Those listed in the result, first of all that P(Y|X) has not changed.
/// - *When it misleads.* As [`super::cbpe()`]: blind to concept drift, so never a gate or an alarm alone. A
///   temperature is right for no single class; the accuracy depends on the largest probability only.
/// - *Source.* NannyML's CBPE; the expected log loss is the cross-entropy of calibrated and stated, with
///   stated probabilities clipped as in [`crate::metric::log_losses`].
/// - *Checked against.* The vector `cbpe_multiclass_log_loss` of the reference file.
///
/// # Errors
/// No rows, fewer than two classes, shapes that do not fit, rows that are no probabilities, an unknown
/// class, or a level outside (0, 1).
pub fn cbpe_classes(served: ServedClasses<'_>, level: f64) -> Result<ClassQuality, BadInput> {
    let ServedClasses { calibrated, stated, predicted, width } = served;
    check_probabilities(predicted, calibrated, width)?;
    input::same_length("stated probabilities", stated.len(), calibrated.len())?;
    check_probabilities(predicted, stated, width)?;
    let (z, rows) = (z(level)?, predicted.len());
    let right: Vec<f64> = (0..rows).map(|i| calibrated[i * width + predicted[i]]).collect();
    let accuracy = sum(right.iter().copied()) / rows as f64;
    let accuracy_sd = sum(right.iter().map(|p| p * (1.0 - p))).max(0.0).sqrt() / rows as f64;
    let losses: Vec<(f64, f64)> =
        calibrated.chunks(width).zip(stated.chunks(width)).map(|(p, q)| loss_and_variance(p, q)).collect();
    let log_loss = sum(losses.iter().map(|l| l.0)) / rows as f64;
    let log_loss_sd = sum(losses.iter().map(|l| l.1)).sqrt() / rows as f64;
    Ok(ClassQuality {
        accuracy: Estimate::around(accuracy, z * accuracy_sd, rows as u64).within(0.0, 1.0),
        accuracy_sd,
        log_loss: Estimate::around(log_loss, z * log_loss_sd, rows as u64).within(0.0, f64::INFINITY),
        assumptions: ASSUMPTIONS,
    })
}

/// The mean and variance of one row's log loss over draws of its answer.
fn loss_and_variance(calibrated: &[f64], stated: &[f64]) -> (f64, f64) {
    let loss = |q: &f64| -q.clamp(LOG_LOSS_CLIP, 1.0 - LOG_LOSS_CLIP).ln();
    let average = |of: &dyn Fn(f64) -> f64| sum(calibrated.iter().zip(stated).map(|(p, q)| p * of(loss(q))));
    let middle = average(&|loss| loss);
    (middle, average(&|loss| (loss - middle) * (loss - middle)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quality::{ServedYesNo, cbpe};
    use proptest::prelude::*;

    #[test]
    fn an_overconfident_model_pays_for_what_it_stated() {
        let (calibrated, stated) = ([0.7, 0.3, 0.7, 0.3], [0.99, 0.01, 0.99, 0.01]);
        let of = |stated| {
            let served = ServedClasses { calibrated: &calibrated, stated, predicted: &[0, 0], width: 2 };
            cbpe_classes(served, 0.95).unwrap()
        };
        let (honest, bold) = (of(&calibrated), of(&stated));
        assert_eq!(honest.accuracy, bold.accuracy);
        assert!((bold.log_loss.value - (-0.7 * 0.99f64.ln() - 0.3 * 0.01f64.ln())).abs() < 1e-12);
        assert!(honest.log_loss.value < bold.log_loss.value);
        assert_eq!(bold.assumptions[0], Assumption::SameConcept);
    }

    #[test]
    fn bad_shapes_and_numbers_are_refused() {
        let of = |calibrated, stated, predicted| {
            cbpe_classes(ServedClasses { calibrated, stated, predicted, width: 2 }, 0.95).is_err()
        };
        let good: &[f64] = &[0.5, 0.5];
        assert!(!of(good, good, &[1]));
        assert!(of(good, &[0.5], &[1]) && of(good, good, &[2]) && of(&[f64::NAN, 0.5], good, &[0]));
        assert!(of(good, &[0.5, 0.6], &[1]) && of(&[], &[], &[]));
    }

    proptest! {
        #[test]
        fn two_classes_have_the_accuracy_of_yes_or_no(
            rows in prop::collection::vec((0.0..=1.0f64, any::<bool>()), 1..40),
        ) {
            let (p, said): (Vec<f64>, Vec<bool>) = rows.into_iter().unzip();
            let both: Vec<f64> = p.iter().flat_map(|p| [1.0 - p, *p]).collect();
            let predicted: Vec<usize> = said.iter().map(|&yes| usize::from(yes)).collect();
            let served = ServedClasses { calibrated: &both, stated: &both, predicted: &predicted, width: 2 };
            let here = cbpe_classes(served, 0.95).unwrap();
            let there = cbpe(ServedYesNo { calibrated: &p, predicted: &said, scores: &p }, 0.95).unwrap();
            prop_assert!((here.accuracy.value - there.accuracy.value).abs() < 1e-12);
            prop_assert!((here.accuracy_sd - there.accuracy_sd).abs() < 1e-12);
        }
    }
}
