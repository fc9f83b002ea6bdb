//! A regression that learns unit by unit.
//!
//! Not a model for serving: a prediction here only takes noise away. The invariant: a prediction depends on the
//! units learned so far, and is finite whatever the covariates are.

use crate::cholesky::Cholesky;

/// The ridge, as a share of each covariate's own spread.
const RIDGE: f64 = 1e-3;

/// Recursive least squares: centred sums of squares and products, and the slopes from them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fit {
    count: f64,
    /// Means of the covariates, then of the outcome.
    means: Vec<f64>,
    /// Sums of products of the centred covariates, row by row.
    gram: Vec<f64>,
    /// Sums of products of the centred covariates and the outcome.
    right: Vec<f64>,
    slopes: Vec<f64>,
    /// Slopes are solved for again at this count: a sixteenth more units hardly move them.
    next_solve: f64,
}

impl Fit {
    /// Nothing learned yet.
    pub fn new(covariates: usize) -> Self {
        Fit {
            count: 0.0,
            means: vec![0.0; covariates + 1],
            gram: vec![0.0; covariates * covariates],
            right: vec![0.0; covariates],
            slopes: vec![0.0; covariates],
            next_solve: 2.0 * covariates as f64,
        }
    }

    /// Units learned from.
    pub fn count(&self) -> f64 {
        self.count
    }

    /// The outcome expected at these covariates; 0 before the first unit.
    pub fn predict(&self, covariates: &[f64]) -> f64 {
        let part = |((x, mean), slope): ((&f64, &f64), &f64)| slope * (x - mean);
        let slopes: f64 = covariates.iter().zip(&self.means).zip(&self.slopes).map(part).sum();
        self.means[covariates.len()] + slopes
    }

    /// Takes a unit.
    pub fn learn(&mut self, covariates: &[f64], outcome: f64) {
        let size = covariates.len();
        self.count += 1.0;
        if size == 0 {
            self.means[0] += (outcome - self.means[0]) / self.count;
            return;
        }
        let before: Vec<f64> = covariates.iter().zip(&self.means).map(|(x, mean)| x - mean).collect();
        for (at, value) in covariates.iter().chain([&outcome]).enumerate() {
            self.means[at] += (value - self.means[at]) / self.count;
        }
        let left = outcome - self.means[size];
        for (i, before) in before.into_iter().enumerate() {
            self.right[i] += before * left;
            (0..=i).for_each(|j| self.gram[i * size + j] += before * (covariates[j] - self.means[j]));
        }
        if self.count >= self.next_solve {
            self.solve(size);
        }
    }

    /// A covariate that never varied, or follows from others, gets its slope from the ridge alone.
    fn solve(&mut self, size: usize) {
        self.next_solve = self.count + (self.count / 16.0).max(1.0);
        let mut gram = self.gram.clone();
        for i in 0..size {
            let spread = self.gram[i * size + i];
            gram[i * size + i] = if spread > 0.0 { spread * (1.0 + RIDGE) } else { 1.0 };
        }
        if let Some(factor) = Cholesky::of(&gram, size) {
            self.slopes = factor.solve(&self.right);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;

    #[test]
    fn it_finds_the_line_through_the_units() {
        let mut fit = Fit::new(2);
        for i in 0..2_000 {
            let x = [1e6 + random::unit(1, 0, i), 1e-3 * random::unit(1, 1, i)];
            fit.learn(&x, 2.0 + 5.0 * (x[0] - 1e6) - 300.0 * x[1]);
        }
        let found = fit.predict(&[1e6 + 0.5, 2e-4]);
        assert!((found - (2.0 + 2.5 - 0.06)).abs() < 0.01, "{found}");
    }

    #[test]
    fn without_units_it_expects_nothing_and_without_covariates_the_mean() {
        assert_eq!(Fit::new(3).predict(&[1.0, 2.0, 3.0]), 0.0);
        let mut fit = Fit::new(0);
        [1.0, 2.0, 6.0].into_iter().for_each(|y| fit.learn(&[], y));
        assert!((fit.predict(&[]) - 3.0).abs() < 1e-15);
    }
}
