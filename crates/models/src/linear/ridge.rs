//! The weights of a ridge regression: one sum of features, by least squares with a price on large weights.
//!
//! *What it answers*: the expected value of a row. *Assumptions*: the value is a sum of the features plus noise
//! of one size. *When it misleads*: a few huge targets (squares weigh them most), interactions, numbers far
//! outside of training. *Source*: Hoerl and Kennard, *Technometrics* 12 (1970), equation 2.3, on centred
//! columns, so that the intercept is free. *Checked against*: scikit-learn's `Ridge` at alpha = penalty, see
//! `tests/golden/linear.py`.

use crate::encode::Features;
use rayon::prelude::*;

/// Sums over rows from which the weights at any penalty follow.
pub struct Moments {
    middle: Vec<f64>,
    target: f64,
    /// `width * width`: the products of centred features, summed by weight.
    square: Vec<f64>,
    /// The products of centred features with the centred target.
    with_target: Vec<f64>,
}

/// Weights, and last the intercept.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// One a feature.
    pub weights: Vec<f64>,
    /// The value where all features are 0.
    pub intercept: f64,
}

impl Moments {
    /// Sums up rows, of which `weight` must have some above 0.
    pub fn of(features: &Features, target: &[f64], weight: &[f64]) -> Moments {
        let total: f64 = weight.iter().sum();
        let average = |column: &Vec<f32>| weighted(column, weight) / total;
        let middle: Vec<f64> = features.columns.par_iter().map(average).collect();
        let target_middle = target.iter().zip(weight).map(|(y, w)| y * w).sum::<f64>() / total;
        let width = middle.len();
        let centred = |i: usize| {
            let middle = middle[i];
            features.columns[i].iter().map(move |&x| f64::from(x) - middle)
        };
        let rows: Vec<(Vec<f64>, f64)> = (0..width)
            .into_par_iter()
            .map(|i| {
                let scaled: Vec<f64> = centred(i).zip(weight).map(|(x, w)| x * w).collect();
                let row = (0..=i).map(|j| centred(j).zip(&scaled).map(|(x, s)| x * s).sum()).collect();
                (row, scaled.iter().zip(target).map(|(s, y)| s * (y - target_middle)).sum())
            })
            .collect();
        let mut square = vec![0.0; width * width];
        for (i, (row, _)) in rows.iter().enumerate() {
            for (j, &product) in row.iter().enumerate() {
                square[i * width + j] = product;
                square[j * width + i] = product;
            }
        }
        let with_target = rows.into_iter().map(|(_, product)| product).collect();
        Moments { middle, target: target_middle, square, with_target }
    }

    /// The weights of least squares plus `penalty` times the sum of squared weights. `None` where the
    /// penalty is too small for columns that follow from each other.
    pub fn solve(&self, penalty: f64) -> Option<Line> {
        let width = self.middle.len();
        let mut square = self.square.clone();
        (0..width).for_each(|i| square[i * width + i] += penalty);
        let weights = cholesky(square, &self.with_target)?;
        let shift: f64 = weights.iter().zip(&self.middle).map(|(w, m)| w * m).sum();
        Some(Line { weights, intercept: self.target - shift })
    }
}

impl Line {
    /// The values of rows.
    pub fn values(&self, features: &Features) -> Vec<f64> {
        let mut values = vec![self.intercept; features.rows];
        for (column, &w) in features.columns.iter().zip(&self.weights) {
            values.iter_mut().zip(column).for_each(|(v, &x)| *v += w * f64::from(x));
        }
        values
    }
}

fn weighted(cells: &[f32], weight: &[f64]) -> f64 {
    cells.iter().zip(weight).map(|(&x, w)| f64::from(x) * w).sum()
}

/// Solves `matrix * x = right` for a symmetric matrix, row-major; `None` unless it is positive definite.
fn cholesky(mut matrix: Vec<f64>, right: &[f64]) -> Option<Vec<f64>> {
    let n = right.len();
    for i in 0..n {
        for j in 0..=i {
            let done: f64 = (0..j).map(|k| matrix[i * n + k] * matrix[j * n + k]).sum();
            let rest = matrix[i * n + j] - done;
            if i == j && rest <= f64::EPSILON * matrix[i * n + i] {
                return None;
            }
            matrix[i * n + j] = if i == j { rest.sqrt() } else { rest / matrix[j * n + j] };
        }
    }
    let mut x = right.to_vec();
    for i in 0..n {
        let done: f64 = (0..i).map(|k| matrix[i * n + k] * x[k]).sum();
        x[i] = (x[i] - done) / matrix[i * n + i];
    }
    for i in (0..n).rev() {
        let done: f64 = (i + 1..n).map(|k| matrix[k * n + i] * x[k]).sum();
        x[i] = (x[i] - done) / matrix[i * n + i];
    }
    Some(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symmetric_system_is_solved() {
        let x = cholesky(vec![4.0, 2.0, 2.0, 3.0], &[2.0, 5.0]).expect("positive definite");
        assert!((x[0] + 0.5).abs() < 1e-15 && (x[1] - 2.0).abs() < 1e-15, "{x:?}");
        assert_eq!(cholesky(vec![1.0, 1.0, 1.0, 1.0], &[1.0, 1.0]), None);
    }

    #[test]
    fn a_row_of_weight_two_is_two_rows() {
        let features = |x: &[f32]| Features { rows: x.len(), columns: vec![x.to_vec()] };
        let once = Moments::of(&features(&[1.0, 2.0, 4.0]), &[1.0, 5.0, 2.0], &[1.0, 2.0, 1.0]);
        let twice = Moments::of(&features(&[1.0, 2.0, 2.0, 4.0]), &[1.0, 5.0, 5.0, 2.0], &[1.0; 4]);
        let (once, twice) = (once.solve(0.1).expect("one column"), twice.solve(0.1).expect("one column"));
        assert!((once.weights[0] - twice.weights[0]).abs() < 1e-12);
        assert!((once.intercept - twice.intercept).abs() < 1e-12);
    }
}
