//! Matrices that are mostly zero, by rows.
//!
//! Invariant: the columns of a row ascend, and sums over them are made in that order, so that they do not
//! depend on the number of threads.

/// Rows of columns that are not zero, with their values.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sparse {
    /// The number of columns.
    pub width: usize,
    starts: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f32>,
}

impl Sparse {
    /// No rows yet.
    pub fn new(width: usize) -> Sparse {
        Sparse { width, starts: vec![0], columns: vec![], values: vec![] }
    }

    /// Appends a row whose columns ascend.
    pub fn push(&mut self, row: impl IntoIterator<Item = (u32, f32)>) {
        for (column, value) in row {
            self.columns.push(column);
            self.values.push(value);
        }
        self.starts.push(self.columns.len());
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.starts.len() - 1
    }

    /// A row's columns that are not zero, with their values.
    pub fn row(&self, row: usize) -> impl Iterator<Item = (u32, f32)> + '_ {
        let range = self.starts[row]..self.starts[row + 1];
        self.columns[range.clone()].iter().copied().zip(self.values[range].iter().copied())
    }

    /// These rows, in the order given.
    pub fn take(&self, rows: &[usize]) -> Sparse {
        let mut taken = Sparse::new(self.width);
        rows.iter().for_each(|&row| taken.push(self.row(row)));
        taken
    }

    /// Every column times its factor.
    pub fn scaled(&self, factors: &[f64]) -> Sparse {
        let values = self.columns.iter().zip(&self.values);
        let values = values.map(|(&c, &x)| (f64::from(x) * factors[c as usize]) as f32).collect();
        Sparse { values, ..self.clone() }
    }

    /// Columns as rows.
    pub fn turned(&self) -> Sparse {
        let mut starts = vec![0; self.width + 1];
        self.columns.iter().for_each(|&c| starts[c as usize + 1] += 1);
        (0..self.width).for_each(|c| starts[c + 1] += starts[c]);
        let mut next = starts.clone();
        let (mut columns, mut values) = (vec![0; self.columns.len()], vec![0.0; self.columns.len()]);
        for row in 0..self.rows() {
            for (column, value) in self.row(row) {
                let place = &mut next[column as usize];
                (columns[*place], values[*place]) = (row as u32, value);
                *place += 1;
            }
        }
        Sparse { width: self.rows(), starts, columns, values }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turning_twice_changes_nothing() {
        let mut matrix = Sparse::new(3);
        matrix.push([(0, 1.0), (2, 2.0)]);
        matrix.push([]);
        matrix.push([(1, 3.0), (2, 4.0)]);
        let turned = matrix.turned();
        assert_eq!(turned.row(2).collect::<Vec<_>>(), [(0, 2.0), (2, 4.0)]);
        assert_eq!(turned.turned(), matrix);
        assert_eq!(
            matrix.take(&[2]).scaled(&[1.0, 2.0, 0.5]).row(0).collect::<Vec<_>>(),
            [(1, 6.0), (2, 2.0)]
        );
    }
}
