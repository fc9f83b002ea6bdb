//! Labels that look wrong, by what a model says that has not seen them.
//!
//! Not proof: what it finds goes to a person. Probabilities must be *out of fold*: a model that was trained
//! on a label agrees with it. The invariant: what is counted are rows, so nothing rests on calibration
//! beyond each class's own mean.

use crate::input::BadInput;
use crate::metric::{check_probabilities, most_probable};
use crate::sum::mean;

/// A probability this close below a threshold, or to a rival's, counts as there, as in cleanlab.
const CLOSE: f64 = 1e-6;

/// What the probabilities say of the labels.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfidentLearning {
    /// For each class, the mean probability of the class over rows with that label: a row above it is
    /// confidently of the class. `None` for a class without rows.
    pub thresholds: Vec<Option<f64>>,
    /// `[label][confident class]`: how many rows. The diagonal is at least 1.
    pub joint: Vec<Vec<u64>>,
    /// The probability of each row's own label.
    pub self_confidence: Vec<f64>,
    /// (1 + the probability of the row's own label − the largest of the others) / 2, from 0 to 1.
    pub normalized_margin: Vec<f64>,
    /// The rows whose label looks wrong, the least self-confident first; then the lowest index.
    pub issues: Vec<usize>,
}

/// Finds label issues; `labels[i]` is the index of the label of row i, `out_of_fold` is row-major, `width`
/// probabilities a row.
///
/// - *What it answers.* Which labels should a person look at again, and which classes are confused?
/// - *Assumptions.* Out-of-fold probabilities of a model better than chance; noise that depends on the class
///   and not on the row.
/// - *When it misleads.* Rows that are truly unusual look mislabelled. A class labelled wrongly in most rows
///   has a threshold that hides it. Few rows a class make a threshold that says little.
/// - *Source.* Northcutt, Jiang and Chuang 2021, section 3: the confident joint, its off-diagonal rows, less
///   those whose label is the most probable class.
/// - *Checked against.* cleanlab 2.9.0 `get_confident_thresholds`, `compute_confident_joint(calibrate=False)`,
///   `get_label_quality_scores`, `find_label_issues(filter_by="confident_learning")`.
///
/// # Errors
/// No rows, fewer than two classes, shapes that do not fit, rows that are no probabilities, an unknown
/// class.
pub fn confident_learning(
    labels: &[usize],
    out_of_fold: &[f64],
    width: usize,
) -> Result<ConfidentLearning, BadInput> {
    check_probabilities(labels, out_of_fold, width)?;
    let rows: Vec<&[f64]> = out_of_fold.chunks(width).collect();
    let thresholds: Vec<Option<f64>> = (0..width).map(|class| threshold(labels, &rows, class)).collect();
    let confident: Vec<Option<usize>> = rows.iter().map(|row| confident_class(row, &thresholds)).collect();
    let self_confidence: Vec<f64> = labels.iter().zip(&rows).map(|(&label, row)| row[label]).collect();
    let suspect = |&i: &usize| {
        let rival = largest_other(rows[i], labels[i]);
        confident[i].is_some_and(|class| class != labels[i]) && rival > self_confidence[i] + CLOSE
    };
    let mut issues: Vec<usize> = (0..labels.len()).filter(suspect).collect();
    issues.sort_by(|&a, &b| self_confidence[a].total_cmp(&self_confidence[b]));
    let margin = |(row, &label): (&&[f64], &usize)| 0.5 * (1.0 + row[label] - largest_other(row, label));
    let normalized_margin = rows.iter().zip(labels).map(margin).collect();
    let joint = count(labels, &confident, width);
    Ok(ConfidentLearning { thresholds, joint, self_confidence, normalized_margin, issues })
}

fn threshold(labels: &[usize], rows: &[&[f64]], class: usize) -> Option<f64> {
    let own = labels.iter().zip(rows).filter(|(label, _)| **label == class).map(|(_, row)| row[class]);
    let own: Vec<f64> = own.collect();
    // Above the closeness, or a probability of 0 would reach it.
    (!own.is_empty()).then(|| mean(&own).max(2.0 * CLOSE))
}

/// The class whose threshold the row reaches; of several, the most probable class.
fn confident_class(row: &[f64], thresholds: &[Option<f64>]) -> Option<usize> {
    let reached = |class: &usize| thresholds[*class].is_some_and(|t| row[*class] >= t - CLOSE);
    let mut classes = (0..row.len()).filter(reached);
    let first = classes.next()?;
    Some(if classes.next().is_some() { most_probable(row, row.len())[0] } else { first })
}

fn largest_other(row: &[f64], label: usize) -> f64 {
    let others = row.iter().enumerate().filter(|(class, _)| *class != label);
    others.map(|(_, &p)| p).fold(0.0, f64::max)
}

fn count(labels: &[usize], confident: &[Option<usize>], width: usize) -> Vec<Vec<u64>> {
    let mut joint = vec![vec![0; width]; width];
    for (&label, class) in labels.iter().zip(confident) {
        if let Some(class) = class {
            joint[label][*class] += 1;
        }
    }
    (0..width).for_each(|class| joint[class][class] = joint[class][class].max(1));
    joint
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bad_input_is_refused() {
        assert!(
            confident_learning(&[], &[], 2).is_err() && confident_learning(&[2], &[0.5, 0.5], 2).is_err()
        );
        assert!(confident_learning(&[0], &[0.5, f64::NAN], 2).is_err());
        assert!(confident_learning(&[0, 1], &[0.5, 0.5], 2).is_err());
    }

    /// cleanlab 2.9.0 on rows of two labels out of three classes.
    #[test]
    fn a_class_without_rows_is_never_confident() {
        let p = [
            [0.32, 0.6, 0.08],
            [0.0, 0.89, 0.11],
            [0.1, 0.35, 0.55],
            [0.12, 0.01, 0.87],
            [0.85, 0.13, 0.02],
            [0.61, 0.0, 0.39],
            [0.42, 0.36, 0.22],
            [0.16, 0.65, 0.19],
            [0.06, 0.28, 0.66],
            [0.81, 0.06, 0.13],
            [0.09, 0.33, 0.58],
            [0.15, 0.35, 0.5],
        ];
        let labels = [0, 0, 1, 0, 1, 1, 0, 1, 0, 0, 0, 1];
        let found = confident_learning(&labels, p.as_flattened(), 3).unwrap();
        assert_eq!(found.thresholds[2], None);
        let thresholds: Vec<f64> = found.thresholds.iter().copied().flatten().collect();
        assert!((thresholds[0] - 0.26).abs() < 1e-12 && (thresholds[1] - 0.296).abs() < 1e-12);
        assert_eq!(found.joint, [[2, 3, 0], [2, 3, 0], [0, 0, 1]]);
        assert_eq!(found.issues, [1, 5, 10, 4, 0]);
    }

    proptest! {
        #[test]
        fn an_issue_is_a_row_whose_label_is_not_the_most_probable(
            rows in prop::collection::vec(([0.05..1.0f64, 0.05..1.0f64, 0.05..1.0f64], 0usize..3), 1..40),
        ) {
            let labels: Vec<usize> = rows.iter().map(|r| r.1).collect();
            let p: Vec<f64> =
                rows.iter().flat_map(|r| r.0.map(|v| v / r.0.iter().sum::<f64>())).collect();
            let found = confident_learning(&labels, &p, 3).unwrap();
            let likely = most_probable(&p, 3);
            prop_assert!(found.issues.iter().all(|&i| likely[i] != labels[i]));
            prop_assert!(found.normalized_margin.iter().all(|m| (0.0..=1.0).contains(m)));
            prop_assert!(found.joint.iter().flatten().sum::<u64>() <= labels.len() as u64 + 3);
        }
    }
}
