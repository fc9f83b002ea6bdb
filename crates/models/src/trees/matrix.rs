//! The features: columns of single-precision numbers, dense or sparse.
//!
//! Single precision, because that is what the written graph compares. A missing number is NaN.
//! Invariant: every column has the matrix's number of rows.

use super::error::TreesError;

/// The most rows that a matrix can have: row numbers are 32 bits, and sums over rows must stay exact.
pub const MAX_ROWS: usize = 1 << 24;

/// Columns of equal length.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    rows: usize,
    columns: Vec<Column>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Column {
    Dense(Vec<f32>),
    /// The rows that are not 0, ascending, and what they hold.
    Sparse(Vec<u32>, Vec<f32>),
}

impl Matrix {
    /// A matrix of so many rows, at most [`MAX_ROWS`], and no columns yet.
    pub fn new(rows: usize) -> Result<Matrix, TreesError> {
        if rows > MAX_ROWS {
            return Err(TreesError::Rows(rows));
        }
        Ok(Matrix { rows, columns: Vec::new() })
    }

    /// A matrix of dense columns.
    pub fn from_columns(columns: Vec<Vec<f32>>) -> Result<Matrix, TreesError> {
        let mut matrix = Matrix::new(columns.first().map_or(0, Vec::len))?;
        for column in columns {
            matrix.push(column)?;
        }
        Ok(matrix)
    }

    /// Adds a column with a value, or NaN, for every row.
    pub fn push(&mut self, values: Vec<f32>) -> Result<(), TreesError> {
        self.check_length(values.len(), self.rows)?;
        self.columns.push(Column::Dense(values));
        Ok(())
    }

    /// Adds a column that is 0 but in `rows`, which ascend.
    pub fn push_sparse(&mut self, rows: Vec<u32>, values: Vec<f32>) -> Result<(), TreesError> {
        self.check_length(values.len(), rows.len())?;
        let bad = (0..rows.len()).find(|&i| rows[i] as usize >= self.rows || i > 0 && rows[i] <= rows[i - 1]);
        if let Some(i) = bad {
            return Err(TreesError::Entry {
                what: format!("sparse column {}", self.columns.len()),
                row: rows[i] as usize,
                found: format!("row {} at place {i}", rows[i]),
                expected: "rows that ascend and lie within the matrix",
            });
        }
        self.columns.push(Column::Sparse(rows, values));
        Ok(())
    }

    /// How many rows it has.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many columns it has.
    pub fn columns(&self) -> usize {
        self.columns.len()
    }

    /// What stands in a row and column; NaN is missing.
    pub fn get(&self, row: usize, column: usize) -> f32 {
        match &self.columns[column] {
            Column::Dense(values) => values[row],
            Column::Sparse(rows, values) => {
                rows.binary_search(&(row as u32)).map_or(0.0, |place| values[place])
            }
        }
    }

    pub(super) fn column(&self, column: usize) -> &Column {
        &self.columns[column]
    }

    fn check_length(&self, found: usize, expected: usize) -> Result<(), TreesError> {
        let what = || format!("column {}", self.columns.len());
        if found == expected { Ok(()) } else { Err(TreesError::Length { what: what(), found, expected }) }
    }
}

impl Column {
    /// The entries that are not 0 (NaN is not), with their rows, which ascend.
    pub(super) fn nonzero(&self) -> Box<dyn Iterator<Item = (usize, f32)> + '_> {
        match self {
            Column::Dense(values) => Box::new(values.iter().copied().enumerate().filter(|&(_, x)| x != 0.0)),
            Column::Sparse(rows, values) => {
                let entries = rows.iter().map(|&row| row as usize).zip(values.iter().copied());
                Box::new(entries.filter(|&(_, x)| x != 0.0))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sparse_column_answers_like_a_dense_one() {
        let mut matrix = Matrix::from_columns(vec![vec![0.0, 2.0, 0.0, f32::NAN]]).expect("one column");
        matrix.push_sparse(vec![1, 3], vec![2.0, f32::NAN]).expect("ascending rows");
        for row in 0..3 {
            assert_eq!(matrix.get(row, 0), matrix.get(row, 1));
        }
        assert!(matrix.get(3, 0).is_nan() && matrix.get(3, 1).is_nan());
        let dense: Vec<usize> = matrix.column(0).nonzero().map(|(row, _)| row).collect();
        let sparse: Vec<usize> = matrix.column(1).nonzero().map(|(row, _)| row).collect();
        assert_eq!((dense, sparse), (vec![1, 3], vec![1, 3]));
    }

    #[test]
    fn columns_that_do_not_fit_are_refused() {
        let mut matrix = Matrix::new(3).expect("few rows");
        let short = matrix.push(vec![1.0]).expect_err("too short");
        assert_eq!(short.to_string(), "column 0 has 1 entries, expected 3");
        assert!(matrix.push_sparse(vec![2, 1], vec![1.0, 1.0]).is_err());
        assert!(matrix.push_sparse(vec![1, 1], vec![1.0, 1.0]).is_err());
        assert!(matrix.push_sparse(vec![3], vec![1.0]).is_err());
        let many = Matrix::new(MAX_ROWS + 1).expect_err("too many");
        assert_eq!(many.to_string(), "16777217 rows are more than trees can be fitted to, 16777216");
    }
}
