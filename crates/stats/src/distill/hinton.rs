//! What a student learns by: the truth and its teacher's soft targets, mixed.

use super::temperature::{FLOOR, check_temperature, softmax_row};
use crate::input::{self, BadInput};
use crate::metric;

/// One row's loss in its parts, and its slope.
#[derive(Debug, Clone, PartialEq)]
pub struct Hinton {
    /// a·hard + (1 − a)·T²·soft, in nats.
    pub loss: f64,
    /// Cross entropy with the true class, at temperature 1.
    pub hard: f64,
    /// KL(teacher ‖ student), both at the temperature.
    pub soft: f64,
    /// The derivative of `loss` by each logit of the student.
    pub gradient: Vec<f64>,
    /// The derivative of T²·soft by each logit of the student.
    pub soft_gradient: Vec<f64>,
}

/// The distillation loss of each row; `hard_share` is a, 0 to 1.
///
/// - *What it answers.* How far a student is from the truth and from its teacher.
/// - *Assumptions.* Both give logits of the same classes; the teacher's are of rows that it never saw.
/// - *When it misleads.* With in-fold targets, which are nearly one-hot, it is the hard loss in disguise.
/// - *Source.* Hinton, Vinyals and Dean 2015, section 2: T² keeps the soft part's slope as large as the hard one's.
/// - *Checked against.* The formula in numpy; differences of the loss.
pub fn hinton(
    teacher: &[f64],
    student: &[f64],
    classes: &[usize],
    width: usize,
    temperature: f64,
    hard_share: f64,
) -> Result<Vec<Hinton>, BadInput> {
    check_temperature(temperature)?;
    let good = (0.0..=1.0).contains(&hard_share);
    input::parameter("hard share", hard_share, "a number in [0, 1]", good)?;
    input::at_least("classes", width, 2)?;
    input::same_length("teacher's logits", teacher.len(), classes.len() * width)?;
    input::same_length("student's logits", student.len(), classes.len() * width)?;
    input::all_finite("teacher's logits", teacher)?;
    input::all_finite("student's logits", student)?;
    if let Some(row) = classes.iter().position(|&class| class >= width) {
        let expected = "a class index below the number of classes";
        return Err(BadInput::Value { what: "class", row: Some(row), found: classes[row] as f64, expected });
    }
    let rows = teacher.chunks_exact(width).zip(student.chunks_exact(width)).zip(classes);
    Ok(rows.map(|((t, s), &class)| row_loss(t, s, class, temperature, hard_share)).collect())
}

fn row_loss(teacher: &[f64], student: &[f64], class: usize, temperature: f64, share: f64) -> Hinton {
    let (plain, target) = (softmax_row(student, 1.0), softmax_row(teacher, temperature));
    let softened = softmax_row(student, temperature);
    let hard = -plain[class].max(FLOOR).ln();
    let soft = divergence(&target, &softened);
    let soft_gradient: Vec<f64> = softened.iter().zip(&target).map(|(s, t)| temperature * (s - t)).collect();
    let truth = |k: usize| if k == class { 1.0 } else { 0.0 };
    let slope = |(k, g): (usize, &f64)| share * (plain[k] - truth(k)) + (1.0 - share) * g;
    let gradient = soft_gradient.iter().enumerate().map(slope).collect();
    let loss = share * hard + (1.0 - share) * temperature * temperature * soft;
    Hinton { loss, hard, soft, gradient, soft_gradient }
}

/// KL(p ‖ q) in nats; what p calls impossible costs nothing.
pub(super) fn divergence(p: &[f64], q: &[f64]) -> f64 {
    let term = |(&p, &q): (&f64, &f64)| if p > 0.0 { p * (p / q.max(FLOOR)).ln() } else { 0.0 };
    p.iter().zip(q).map(term).sum::<f64>().max(0.0)
}

/// First and second derivative of the cross entropy with soft targets, by each raw score of a boosted student:
/// p − q and p(1 − p).
///
/// - *What it answers.* What the next tree is grown on.
/// - *Assumptions.* Softmax links scores and probabilities; only the diagonal of second derivatives is used.
/// - *When it misleads.* Packages scale the second one: by 2 (XGBoost) or K/(K − 1) (our trees), which is a
///   learning rate in disguise.
/// - *Source.* Friedman 2001; Chen and Guestrin 2016.
/// - *Checked against.* The formula in numpy.
pub fn soft_target_derivatives(
    target: &[f64],
    scores: &[f64],
    width: usize,
) -> Result<(Vec<f64>, Vec<f64>), BadInput> {
    metric::check_rows(target, width)?;
    input::same_length("scores", scores.len(), target.len())?;
    let p = super::softmax(scores, width, 1.0)?;
    let first = p.iter().zip(target).map(|(p, q)| p - q).collect();
    Ok((first, p.iter().map(|p| p * (1.0 - p)).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_gradient_is_that_of_the_loss(
            t in prop::collection::vec(-3.0..3.0f64, 3),
            s in prop::collection::vec(-3.0..3.0f64, 3),
            temperature in 0.5..8.0f64,
            share in 0.0..1.0f64,
        ) {
            let at = |s: &[f64]| hinton(&t, s, &[1], 3, temperature, share).unwrap().remove(0);
            for k in 0..3 {
                let moved = |by: f64| {
                    let mut s = s.clone();
                    s[k] += by;
                    at(&s).loss
                };
                let slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
                prop_assert!((at(&s).gradient[k] - slope).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn a_student_that_copies_has_no_soft_loss() {
        let same = hinton(&[1.0, 2.0], &[4.0, 5.0], &[0], 2, 3.0, 0.0).unwrap();
        assert!(same[0].loss < 1e-15 && same[0].gradient.iter().all(|g| g.abs() < 1e-15));
        let error = hinton(&[1.0, 2.0], &[4.0, 5.0], &[2], 2, 3.0, 0.0).unwrap_err();
        assert_eq!(
            error.to_string(),
            "class, row 0: found 2, expected a class index below the number of classes"
        );
    }
}
