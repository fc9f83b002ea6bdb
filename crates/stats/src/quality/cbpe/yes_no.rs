//! The expected confusion matrix of a yes-or-no model, and the metrics that follow from it.
//!
//! Not for several classes ([`super::cbpe_classes`]). The invariant: every interval is that of answers
//! drawn by the calibrated probabilities, so rows that are certain have none.

use super::auc::expected_auc;
use super::{ASSUMPTIONS, Assumption};
use crate::Estimate;
use crate::input::{self, BadInput};
use crate::proportion::z;
use crate::sum::sum;

/// What was served for each of the current rows; columns of one length.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ServedYesNo<'a> {
    /// The calibrated probability of yes.
    pub calibrated: &'a [f64],
    /// What the model answered at its threshold.
    pub predicted: &'a [bool],
    /// What the model ranks by, usually its stated probability: only its order matters.
    pub scores: &'a [f64],
}

/// How many rows are expected in each cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExpectedConfusion {
    /// Answered yes, and yes.
    pub true_positive: f64,
    /// Answered yes, and no.
    pub false_positive: f64,
    /// Answered no, and yes.
    pub false_negative: f64,
    /// Answered no, and no.
    pub true_negative: f64,
}

/// The expected quality of a yes-or-no model on rows without answers.
#[derive(Debug, Clone, PartialEq)]
pub struct BinaryQuality {
    /// The expected cells.
    pub confusion: ExpectedConfusion,
    /// The share answered rightly.
    pub accuracy: Estimate,
    /// The standard deviation of the accuracy over draws of the answers.
    pub accuracy_sd: f64,
    /// Right among those answered yes; `None` if no row was.
    pub precision: Option<Estimate>,
    /// Answered yes among those that are; `None` if no row can be.
    pub recall: Option<Estimate>,
    /// 2tp / (2tp + fp + fn); `None` if no row was answered yes or can be.
    pub f1: Option<Estimate>,
    /// The area under the ROC curve of expected rates; `None` if all rows are certain to be of one class.
    pub auc: Option<Estimate>,
    /// What must be true for any of this to be right.
    pub assumptions: &'static [Assumption],
}

/// CBPE of a yes-or-no model, with normal intervals at `level`.
///
/// - *What it answers.* How good is the model on rows whose answers have not come yet, if its calibrated
///   probabilities are right?
/// - *Assumptions.* Those listed in the result, first of all that P(Y|X) has not changed. Metrics are
///   ratios of expectations; intervals are by the delta method from the variance p(1 − p) of each answer.
/// - *When it misleads.* Under concept drift it does not move at all: it must never gate or alarm alone.
///   Its interval holds the luck of the answers only, not the error of the calibration. Where the mix of
///   rows has moved, calibrate with weights ([`crate::quality::importance`]). Each row also meets itself in
///   the AUC, which on few rows draws it towards ½.
/// - *Source.* NannyML's CBPE; Białek et al. 2024 for what it assumes.
/// - *Checked against.* The vector `cbpe_binary` of the reference file; its points by simulation.
///
/// # Errors
/// No rows, columns of different lengths, probabilities outside [0, 1], scores that are not finite, or a
/// level outside (0, 1).
pub fn cbpe(served: ServedYesNo<'_>, level: f64) -> Result<BinaryQuality, BadInput> {
    served.check()?;
    let z = z(level)?;
    let (p, answered) = (served.calibrated, Answered::of(served));
    let confusion = answered.confusion(p.len() as f64);
    let tp = confusion.true_positive;
    let accuracy = (tp + confusion.true_negative) / p.len() as f64;
    let accuracy_sd = served.spread(|yes| (2.0 * yes - 1.0) / p.len() as f64);
    // A ratio N/D moves by (dN − ratio · dD)/D with each answer.
    let ratio = |above: f64, below: f64, step: &dyn Fn(f64, f64) -> f64| {
        (below > 0.0).then(|| {
            let value = above / below;
            served.estimate(value, z * served.spread(|yes| step(yes, value) / below))
        })
    };
    Ok(BinaryQuality {
        confusion,
        accuracy: served.estimate(accuracy, z * accuracy_sd),
        accuracy_sd,
        precision: ratio(tp, answered.said_yes, &|yes, _| yes),
        recall: ratio(tp, answered.are_yes, &|yes, recall| yes - recall),
        f1: ratio(2.0 * tp, answered.said_yes + answered.are_yes, &|yes, f1| 2.0 * yes - f1),
        auc: expected_auc(served).map(|(value, sd)| served.estimate(value, z * sd)),
        assumptions: ASSUMPTIONS,
    })
}

/// The three sums that all cells follow from.
struct Answered {
    said_yes: f64,
    are_yes: f64,
    both: f64,
}

impl Answered {
    fn of(served: ServedYesNo<'_>) -> Self {
        let said = || served.calibrated.iter().zip(served.predicted).filter(|(_, yes)| **yes);
        Answered {
            said_yes: said().count() as f64,
            are_yes: sum(served.calibrated.iter().copied()),
            both: sum(said().map(|(p, _)| *p)),
        }
    }

    fn confusion(&self, rows: f64) -> ExpectedConfusion {
        ExpectedConfusion {
            true_positive: self.both,
            false_positive: self.said_yes - self.both,
            // Sums of the same numbers in another grouping: rounding must not leave a negative count.
            false_negative: (self.are_yes - self.both).max(0.0),
            true_negative: (rows - self.said_yes - (self.are_yes - self.both)).max(0.0),
        }
    }
}

impl ServedYesNo<'_> {
    fn check(&self) -> Result<(), BadInput> {
        input::at_least("rows", self.calibrated.len(), 1)?;
        input::same_length("predictions", self.predicted.len(), self.calibrated.len())?;
        input::same_length("scores", self.scores.len(), self.calibrated.len())?;
        input::all_unit("calibrated probabilities", self.calibrated)?;
        input::all_finite("scores", self.scores)
    }

    /// The standard deviation of Σ step · answer; the step is asked by whether yes was predicted (1 or 0).
    fn spread(&self, step: impl Fn(f64) -> f64) -> f64 {
        let steps = self.predicted.iter().map(|&yes| step(if yes { 1.0 } else { 0.0 }));
        answers_sd(self.calibrated, steps)
    }

    fn estimate(&self, value: f64, reach: f64) -> Estimate {
        Estimate::around(value, reach, self.calibrated.len() as u64).within(0.0, 1.0)
    }
}

/// The standard deviation of Σ stepᵢ yᵢ for independent answers yᵢ of chance pᵢ.
pub(super) fn answers_sd(p: &[f64], steps: impl Iterator<Item = f64>) -> f64 {
    sum(p.iter().zip(steps).map(|(p, step)| p * (1.0 - p) * step * step)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn served<'a>(p: &'a [f64], predicted: &'a [bool]) -> ServedYesNo<'a> {
        ServedYesNo { calibrated: p, predicted, scores: p }
    }

    #[test]
    fn certain_rows_have_the_metrics_of_their_answers_and_no_interval() {
        let found = cbpe(served(&[1.0, 0.0, 1.0, 0.0], &[true, true, false, false]), 0.95).unwrap();
        assert_eq!(found.confusion.false_negative, 1.0);
        assert_eq!(found.accuracy, Estimate { value: 0.5, low: 0.5, high: 0.5, rows: 4 });
        assert_eq!(found.auc.unwrap().value, 1.0);
        assert_eq!(found.assumptions[0], Assumption::SameConcept);
    }

    #[test]
    fn a_metric_without_a_denominator_is_none() {
        let never = cbpe(served(&[0.2, 0.3], &[false, false]), 0.95).unwrap();
        assert_eq!((never.precision, never.recall.unwrap().value), (None, 0.0));
        let nobody = cbpe(served(&[0.0, 0.0], &[false, false]), 0.95).unwrap();
        assert_eq!((nobody.recall, nobody.f1, nobody.auc), (None, None, None));
    }

    #[test]
    fn what_is_no_probability_is_refused() {
        let error = cbpe(served(&[0.2, f64::NAN], &[true, false]), 0.95).unwrap_err();
        assert_eq!(
            error.to_string(),
            "calibrated probabilities, row 1: found NaN, expected a number in [0, 1]"
        );
        assert!(cbpe(served(&[0.2], &[true, false]), 0.95).is_err());
        assert!(cbpe(served(&[], &[]), 0.95).is_err() && cbpe(served(&[0.2], &[true]), 1.0).is_err());
        let scores = ServedYesNo { calibrated: &[0.5], predicted: &[true], scores: &[f64::INFINITY] };
        assert!(cbpe(scores, 0.95).is_err());
    }

    proptest! {
        #[test]
        fn cells_add_up_and_metrics_stay_within_their_range(
            rows in prop::collection::vec((0.0..=1.0f64, any::<bool>()), 1..60),
        ) {
            let (p, predicted): (Vec<f64>, Vec<bool>) = rows.into_iter().unzip();
            let found = cbpe(served(&p, &predicted), 0.9).unwrap();
            let c = found.confusion;
            let cells = [c.true_positive, c.false_positive, c.false_negative, c.true_negative];
            prop_assert!((cells.iter().sum::<f64>() - p.len() as f64).abs() < 1e-9);
            prop_assert!(cells.iter().all(|&cell| cell >= 0.0));
            let all = [Some(found.accuracy), found.precision, found.recall, found.f1, found.auc];
            for estimate in all.into_iter().flatten() {
                prop_assert!((-1e-9..=1.0 + 1e-9).contains(&estimate.value));
                prop_assert!(estimate.low <= estimate.value + 1e-9 && estimate.value <= estimate.high + 1e-9);
            }
        }
    }
}
