//! The weights of a logistic regression: one sum of features a class, turned into probabilities.
//!
//! *What it answers*: the probability of each class of a row. *Assumptions*: log odds are sums of the features;
//! rows are independent. *When it misleads*: features that work together (it knows no interactions), numbers
//! far outside of training (sums extrapolate), one-hot levels of few rows (pulled to 0). *Source*: Bishop,
//! *Pattern Recognition and Machine Learning*, sections 4.3.2 to 4.3.4, with a Gaussian prior on the weights.
//! *Checked against*: scikit-learn's `LogisticRegression` at C = 1 / penalty, see `tests/golden/linear.py`.
//!
//! Minimised is the sum over rows of `weight * cross entropy`, plus `penalty / 2` times the sum of squared
//! weights; intercepts are free. Two classes share one sum, whose sign tells them apart, as there.

use super::lbfgs::{self, Stop};
use crate::encode::Features;
use rayon::prelude::*;

/// Rows are summed in chunks of so many, whatever the number of threads, so that sums do not depend on it.
const CHUNK: usize = 2048;
/// The most steps of the minimiser.
const STEPS: usize = 1000;

/// How small a gradient counts as zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// Enough to compare penalties.
    Rough,
    /// Weights to seven digits or so.
    Final,
}

/// Rows to learn from, with the probability of each class.
pub struct Problem<'a> {
    /// One column a feature.
    pub features: &'a Features,
    /// How many classes.
    pub classes: usize,
    /// `rows * classes`, each row summing to 1.
    pub probability: &'a [f64],
    /// One a row.
    pub weight: &'a [f64],
}

/// What was learned: `sums * (features + 1)` numbers, a sum's intercept last. There is one sum for two
/// classes, and one a class for more.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    width: usize,
    values: Vec<f64>,
}

impl Weights {
    /// No preference: all weights 0.
    pub fn zero(width: usize, classes: usize) -> Weights {
        Weights { width, values: vec![0.0; sums(classes) * (width + 1)] }
    }

    /// The weights of one sum, and its intercept.
    pub fn sum(&self, sum: usize) -> (&[f64], f64) {
        let block = &self.values[sum * (self.width + 1)..(sum + 1) * (self.width + 1)];
        (&block[..self.width], block[self.width])
    }

    /// The mean cross entropy on a problem's rows; infinite where a class was called impossible.
    pub fn loss(&self, problem: &Problem<'_>) -> f64 {
        problem.value_and_gradient(&self.values, 0.0).0 / problem.weight.iter().sum::<f64>()
    }
}

/// The weights of least penalised loss, sought from `start`; `None` when `keep_on` said no.
pub fn fit(
    problem: &Problem<'_>,
    penalty: f64,
    start: Weights,
    precision: Precision,
    keep_on: impl FnMut(usize) -> bool,
) -> Option<Weights> {
    let total: f64 = problem.weight.iter().sum();
    let content = if precision == Precision::Rough { 1e-5 } else { 1e-9 };
    let stop = Stop { gradient: content * total, steps: STEPS };
    let function = |weights: &[f64]| problem.value_and_gradient(weights, penalty);
    let values = lbfgs::minimise(start.values, stop, function, keep_on)?;
    Some(Weights { width: start.width, values })
}

fn sums(classes: usize) -> usize {
    if classes == 2 { 1 } else { classes }
}

impl Problem<'_> {
    fn value_and_gradient(&self, weights: &[f64], penalty: f64) -> (f64, Vec<f64>) {
        let chunks: Vec<usize> = (0..self.features.rows).step_by(CHUNK).collect();
        let parts: Vec<(f64, Vec<f64>)> = chunks.par_iter().map(|&from| self.chunk(weights, from)).collect();
        let mut total = (0.0, vec![0.0; weights.len()]);
        for (value, gradient) in parts {
            total.0 += value;
            total.1.iter_mut().zip(&gradient).for_each(|(t, g)| *t += g);
        }
        let width = self.features.columns.len();
        for (place, (w, g)) in weights.iter().zip(&mut total.1).enumerate() {
            if place % (width + 1) < width {
                total.0 += 0.5 * penalty * w * w;
                *g += penalty * w;
            }
        }
        total
    }

    /// The loss of some rows and its gradient.
    fn chunk(&self, weights: &[f64], from: usize) -> (f64, Vec<f64>) {
        let rows = CHUNK.min(self.features.rows - from);
        let width = self.features.columns.len();
        let mut scores: Vec<Vec<f64>> = Vec::new();
        for block in weights.chunks(width + 1) {
            let mut score = vec![block[width]; rows];
            for (column, &w) in self.features.columns.iter().zip(block) {
                let cells = &column[from..from + rows];
                score.iter_mut().zip(cells).for_each(|(s, &x)| *s += w * f64::from(x));
            }
            scores.push(score);
        }
        let loss = (0..rows).map(|row| self.surprise(&mut scores, from, row)).sum();
        let mut gradient = Vec::with_capacity(weights.len());
        for pull in &scores {
            for column in &self.features.columns {
                let cells = &column[from..from + rows];
                gradient.push(pull.iter().zip(cells).map(|(p, &x)| p * f64::from(x)).sum());
            }
            gradient.push(pull.iter().sum());
        }
        (loss, gradient)
    }

    /// A row's weighted cross entropy; its scores become the derivatives of that.
    fn surprise(&self, scores: &mut [Vec<f64>], from: usize, row: usize) -> f64 {
        let truth = &self.probability[(from + row) * self.classes..(from + row + 1) * self.classes];
        let weight = self.weight[from + row];
        if let [score] = scores {
            let z = score[row];
            score[row] = weight * (1.0 / (1.0 + (-z).exp()) - truth[1]);
            // ln(1 + e^z) - q z, arranged so that nothing overflows
            return weight * (z.max(0.0) + (-z.abs()).exp().ln_1p() - truth[1] * z);
        }
        let top = scores.iter().map(|s| s[row]).fold(f64::MIN, f64::max);
        let log_sum = top + scores.iter().map(|s| (s[row] - top).exp()).sum::<f64>().ln();
        let mut loss = 0.0;
        for (score, &q) in scores.iter_mut().zip(truth) {
            loss += weight * q * (log_sum - score[row]);
            score[row] = weight * ((score[row] - log_sum).exp() - q);
        }
        loss
    }
}
