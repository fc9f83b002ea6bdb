//! What is made small, and its gradient at the network's answers.

/// What a network answers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Loss {
    /// Cross entropy of the softmax of the answers against probabilities.
    Classes,
    /// Half the squared distance.
    Numbers,
    /// What a student learns by: the truth's cross entropy and, at a temperature, the teacher's. A row's truth is
    /// first its own probabilities, then the teacher's at the temperature.
    Taught(Heat),
}

/// How warm a teacher's answers are taken, and how much the truth counts beside them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Heat {
    /// Above 0; 1 takes them as they are.
    pub temperature: f32,
    /// 0 to 1.
    pub hard_share: f32,
}

impl Heat {
    /// a·CE(truth) + (1 − a)·T²·CE(teacher at T), which is Hinton's loss but for the teacher's entropy.
    fn row(self, answer: &mut [f32], truth: &[f32], weight: f32) -> f64 {
        let (t, a) = (self.temperature, self.hard_share);
        let (hard, soft) = truth.split_at(answer.len());
        let warm: Vec<f32> = answer.iter().map(|z| z / t).collect();
        let (cold_sum, warm_sum) = (log_sum(answer), log_sum(&warm));
        let mut loss = 0.0;
        for (k, z) in answer.iter_mut().enumerate() {
            let part = a * hard[k] * (cold_sum - *z) + (1.0 - a) * t * t * soft[k] * (warm_sum - warm[k]);
            loss += f64::from(part);
            let slope = a * ((*z - cold_sum).exp() - hard[k]);
            *z = weight * (slope + (1.0 - a) * t * ((warm[k] - warm_sum).exp() - soft[k]));
        }
        loss
    }
}

impl Loss {
    /// The weighted loss of rows of `width` answers; these become the gradient.
    pub fn of(self, answers: &mut [f32], truth: &[f32], weight: &[f32], width: usize) -> f64 {
        let wide = if let Loss::Taught(_) = self { 2 * width } else { width };
        let rows = answers.chunks_exact_mut(width).zip(truth.chunks_exact(wide)).zip(weight);
        rows.map(|((answer, truth), &weight)| f64::from(weight) * self.row(answer, truth, weight)).sum()
    }

    fn row(self, answer: &mut [f32], truth: &[f32], weight: f32) -> f64 {
        let mut loss = 0.0;
        if let Loss::Taught(heat) = self {
            return heat.row(answer, truth, weight);
        }
        if self == Loss::Classes {
            let log_sum = log_sum(answer);
            for (a, &t) in answer.iter_mut().zip(truth) {
                loss += f64::from(t) * f64::from(log_sum - *a);
                *a = weight * ((*a - log_sum).exp() - t);
            }
        } else {
            for (a, &t) in answer.iter_mut().zip(truth) {
                loss += 0.5 * f64::from(*a - t).powi(2);
                *a = weight * (*a - t);
            }
        }
        loss
    }
}

/// The logarithm of the sum of exponentials, arranged so that nothing overflows.
fn log_sum(answer: &[f32]) -> f32 {
    let top = answer.iter().copied().fold(f32::MIN, f32::max);
    top + answer.iter().map(|a| (a - top).exp()).sum::<f32>().ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_student_learns_by_the_loss_that_statistics_knows() {
        let (teacher, student) = ([1.5, -0.5, 0.2], [0.3, 0.9, -1.0]);
        let expected =
            stats::distill::hinton(&teacher, &student, &[1], 3, 2.0, 0.3).expect("three logits").remove(0);
        let soft = stats::distill::softmax(&teacher, 3, 2.0).expect("three logits");
        let truth: Vec<f32> = [0.0, 1.0, 0.0].into_iter().chain(soft).map(|p| p as f32).collect();
        let mut answers = student.map(|z| z as f32);
        Loss::Taught(Heat { temperature: 2.0, hard_share: 0.3 }).of(&mut answers, &truth, &[1.0], 3);
        for (found, expected) in answers.iter().zip(&expected.gradient) {
            assert!((f64::from(*found) - expected).abs() < 1e-6, "{found} {expected}");
        }
    }
}
