//! Small dense symmetric systems, by Cholesky's factorisation.
//!
//! Not a linear algebra library: a handful of covariates, not thousands. The invariant: a matrix that is
//! not positive definite (columns that say the same) is refused, never divided by.

/// The lower factor L of a symmetric positive definite matrix A = L·Lᵀ, row by row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cholesky {
    size: usize,
    lower: Vec<f64>,
}

impl Cholesky {
    /// Factors `matrix`, of `size` × `size` values row by row; only its lower half is read. `None` when a
    /// pivot has lost all but 10⁻¹² of its diagonal.
    pub fn of(matrix: &[f64], size: usize) -> Option<Cholesky> {
        let mut lower = vec![0.0; size * size];
        for row in 0..size {
            for column in 0..=row {
                let dot: f64 = (0..column).map(|k| lower[row * size + k] * lower[column * size + k]).sum();
                let rest = matrix[row * size + column] - dot;
                lower[row * size + column] = if row == column {
                    let kept = rest > 1e-12 * matrix[row * size + row] && rest.is_finite();
                    kept.then(|| rest.sqrt())?
                } else {
                    rest / lower[column * size + column]
                };
            }
        }
        Some(Cholesky { size, lower })
    }

    /// The x with A·x = `right`.
    pub fn solve(&self, right: &[f64]) -> Vec<f64> {
        let at = |row: usize, column: usize| self.lower[row * self.size + column];
        let mut x = right.to_vec();
        for row in 0..self.size {
            let dot: f64 = (0..row).map(|k| at(row, k) * x[k]).sum();
            x[row] = (x[row] - dot) / at(row, row);
        }
        for row in (0..self.size).rev() {
            let dot: f64 = (row + 1..self.size).map(|k| at(k, row) * x[k]).sum();
            x[row] = (x[row] - dot) / at(row, row);
        }
        x
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn columns_that_say_the_same_are_refused() {
        assert_eq!(Cholesky::of(&[1.0, 2.0, 2.0, 4.0], 2), None);
        assert_eq!(Cholesky::of(&[0.0], 1), None);
        assert_eq!(Cholesky::of(&[f64::NAN], 1), None);
    }

    proptest! {
        #[test]
        fn a_solution_solves(values in prop::collection::vec(-2.0..2.0f64, 9), right in prop::collection::vec(-3.0..3.0f64, 3)) {
            let product = |i: usize, j: usize| -> f64 { (0..3).map(|k| values[3 * i + k] * values[3 * j + k]).sum() };
            let matrix: Vec<f64> =
                (0..9).map(|at| product(at / 3, at % 3) + f64::from(u8::from(at / 3 == at % 3))).collect();
            let x = Cholesky::of(&matrix, 3).unwrap().solve(&right);
            for row in 0..3 {
                let found: f64 = (0..3).map(|k| matrix[3 * row + k] * x[k]).sum();
                prop_assert!((found - right[row]).abs() < 1e-9);
            }
        }
    }
}
