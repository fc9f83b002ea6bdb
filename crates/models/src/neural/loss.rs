//! What is made small, and its gradient at the network's answers.

/// What a network answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loss {
    /// Cross entropy of the softmax of the answers against probabilities.
    Classes,
    /// Half the squared distance.
    Numbers,
}

impl Loss {
    /// The weighted loss of rows of `width` answers; these become the gradient.
    pub fn of(self, answers: &mut [f32], truth: &[f32], weight: &[f32], width: usize) -> f64 {
        let rows = answers.chunks_exact_mut(width).zip(truth.chunks_exact(width)).zip(weight);
        rows.map(|((answer, truth), &weight)| f64::from(weight) * self.row(answer, truth, weight)).sum()
    }

    fn row(self, answer: &mut [f32], truth: &[f32], weight: f32) -> f64 {
        let mut loss = 0.0;
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
