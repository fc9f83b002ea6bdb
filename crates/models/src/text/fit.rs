//! Weights of sums over sparse features: logistic regression and the support vector machine of squared hinge.
//!
//! Minimised is the sum over rows of `weight * loss`, plus `penalty / 2` times the sum of squared weights;
//! intercepts are free. Source of the hinge: Fan, Chang, Hsieh, Wang, Lin, *LIBLINEAR*, JMLR 9 (2008),
//! equation 2. Not for few dense columns, which `linear` fits faster.

use super::sparse::Sparse;
use crate::linear::lbfgs::{self, Stop};
use rayon::prelude::*;

/// The most steps of the minimiser.
const STEPS: usize = 500;
/// Rows and columns are shared out in blocks of so many.
const BLOCK: usize = 1024;

/// What a wrong sum costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loss {
    /// Minus the log of the probability given to what was true.
    Log,
    /// The square of what a margin of 1 is missed by; two classes only.
    SquaredHinge,
}

/// Rows to learn from, with the probability of each class.
pub(super) struct Problem {
    matrix: Sparse,
    turned: Sparse,
    classes: usize,
    probability: Vec<f64>,
    weight: Vec<f64>,
}

/// A class's sum: one weight a feature, and last the intercept. Two classes share one sum, that of the second.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Weights {
    width: usize,
    values: Vec<f64>,
}

impl Weights {
    /// No preference.
    pub fn zero(width: usize, classes: usize) -> Weights {
        Weights { width, values: vec![0.0; sums(classes) * (width + 1)] }
    }

    /// The weights of one sum, and its intercept.
    pub fn sum(&self, sum: usize) -> (&[f64], f64) {
        let block = &self.values[sum * (self.width + 1)..(sum + 1) * (self.width + 1)];
        (&block[..self.width], block[self.width])
    }
}

fn sums(classes: usize) -> usize {
    if classes == 2 { 1 } else { classes }
}

/// The sum of weighted features of each row.
pub(super) fn scores(matrix: &Sparse, weights: &[f64], intercept: f64) -> Vec<f64> {
    let score = |row: usize| {
        matrix.row(row).map(|(c, x)| weights[c as usize] * f64::from(x)).sum::<f64>() + intercept
    };
    (0..matrix.rows()).into_par_iter().with_min_len(BLOCK).map(score).collect()
}

impl Problem {
    /// `probability` has `rows * classes` entries, `weight` one a row.
    pub fn new(matrix: Sparse, classes: usize, probability: Vec<f64>, weight: Vec<f64>) -> Problem {
        let turned = matrix.turned();
        Problem { matrix, turned, classes, probability, weight }
    }

    /// The weights of least penalised loss, sought from `start` until no slope is above `content` times the
    /// weight of all rows; `None` when `keep_on` said no.
    pub fn fit(
        &self,
        loss: Loss,
        penalty: f64,
        start: Weights,
        content: f64,
        keep_on: impl FnMut(usize) -> bool,
    ) -> Option<Weights> {
        let total: f64 = self.weight.iter().sum();
        let stop = Stop { gradient: content * total, steps: STEPS };
        let function = |values: &[f64]| self.value_and_gradient(values, loss, penalty);
        let values = lbfgs::minimise(start.values, stop, function, keep_on)?;
        Some(Weights { width: start.width, values })
    }

    /// The mean loss of the rows.
    pub fn loss(&self, loss: Loss, weights: &Weights) -> f64 {
        self.losses(&weights.values, loss).0 / self.weight.iter().sum::<f64>()
    }

    fn value_and_gradient(&self, values: &[f64], loss: Loss, penalty: f64) -> (f64, Vec<f64>) {
        let (mut value, pull) = self.losses(values, loss);
        let (width, count) = (self.matrix.width, sums(self.classes));
        let mut gradient = vec![0.0; values.len()];
        for (sum, gradient) in gradient.chunks_mut(width + 1).enumerate() {
            let weights = &values[sum * (width + 1)..sum * (width + 1) + width];
            gradient[width] = pull.iter().skip(sum).step_by(count).sum();
            let slope = |(column, g): (usize, &mut f64)| {
                let pulls =
                    self.turned.row(column).map(|(r, x)| pull[r as usize * count + sum] * f64::from(x));
                *g = pulls.sum::<f64>() + penalty * weights[column];
            };
            gradient[..width].par_iter_mut().with_min_len(BLOCK).enumerate().for_each(slope);
            value += 0.5 * penalty * weights.iter().map(|w| w * w).sum::<f64>();
        }
        (value, gradient)
    }

    /// The summed loss, and its derivative by each row's sums: `rows * sums`.
    fn losses(&self, values: &[f64], loss: Loss) -> (f64, Vec<f64>) {
        let (width, count) = (self.matrix.width, sums(self.classes));
        let mut pull = vec![0.0; self.matrix.rows() * count];
        for (sum, block) in values.chunks(width + 1).enumerate() {
            let found = scores(&self.matrix, &block[..width], block[width]);
            pull.iter_mut().skip(sum).step_by(count).zip(found).for_each(|(p, s)| *p = s);
        }
        let truth = self.probability.chunks(self.classes).zip(&self.weight);
        let value = pull.chunks_mut(count).zip(truth).map(|(sums, (truth, &weight))| {
            weight
                * match (loss, &mut *sums) {
                    (Loss::SquaredHinge, [sum, ..]) => squared_hinge(sum, truth[1], weight),
                    (Loss::Log, [sum]) => logistic(sum, truth[1], weight),
                    (Loss::Log, many) => softmax(many, truth, weight),
                    (_, []) => 0.0,
                }
        });
        (value.sum(), pull)
    }
}

/// The expected squared hinge where the second class has probability `q`; the sum becomes its derivative.
fn squared_hinge(sum: &mut f64, q: f64, weight: f64) -> f64 {
    let (second, first) = ((1.0 - *sum).max(0.0), (1.0 + *sum).max(0.0));
    *sum = weight * 2.0 * ((1.0 - q) * first - q * second);
    q * second * second + (1.0 - q) * first * first
}

fn logistic(sum: &mut f64, q: f64, weight: f64) -> f64 {
    let z = *sum;
    *sum = weight * (1.0 / (1.0 + (-z).exp()) - q);
    // ln(1 + e^z) - q z, arranged so that nothing overflows
    z.max(0.0) + (-z.abs()).exp().ln_1p() - q * z
}

fn softmax(sums: &mut [f64], truth: &[f64], weight: f64) -> f64 {
    let top = sums.iter().copied().fold(f64::MIN, f64::max);
    let log_sum = top + sums.iter().map(|s| (s - top).exp()).sum::<f64>().ln();
    let mut loss = 0.0;
    for (sum, &q) in sums.iter_mut().zip(truth) {
        loss += q * (log_sum - *sum);
        *sum = weight * ((*sum - log_sum).exp() - q);
    }
    loss
}
