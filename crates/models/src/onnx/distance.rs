//! Squared distances from a row to many others, for the operator `CDist` and for trainers that look for neighbours.
//!
//! Not a search tree: with many columns none beats looking at all. Invariant: a pair's distance is summed column by
//! column in one order, so it does not depend on which rows stand beside it, and equal rows are exactly 0 apart.

/// Others that are looked at together, so that their sums stay in the fastest memory.
const BLOCK: usize = 512;

/// Rows to measure to, column by column.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Others {
    columns: Vec<f32>,
    count: usize,
    width: usize,
}

impl Others {
    /// From `width` numbers a row, row by row; `width` is not 0.
    pub fn new(rows: &[f32], width: usize) -> Others {
        let count = rows.len() / width;
        let mut columns = vec![0.0; rows.len()];
        for (row, cells) in rows.chunks_exact(width).enumerate() {
            cells.iter().enumerate().for_each(|(column, &x)| columns[column * count + row] = x);
        }
        Others { columns, count, width }
    }

    /// How many rows there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The squared distance from `row` to each, in their order, written over `to`.
    pub fn squares(&self, row: &[f32], to: &mut Vec<f32>) {
        to.clear();
        to.resize(self.count, 0.0);
        for (block, sums) in to.chunks_mut(BLOCK).enumerate() {
            let start = block * BLOCK;
            for (column, &x) in row.iter().enumerate().take(self.width) {
                let from = column * self.count + start;
                let cells = &self.columns[from..from + sums.len()];
                sums.iter_mut().zip(cells).for_each(|(sum, &y)| *sum += (x - y) * (x - y));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_change_nothing_and_equal_rows_are_not_apart() {
        let rows: Vec<f32> = (0..3 * 1200).map(|i| ((i * 7919) % 1013) as f32 / 7.0).collect();
        let others = Others::new(&rows, 3);
        let mut found = Vec::new();
        others.squares(&rows[3 * 700..3 * 701], &mut found);
        assert_eq!((others.count(), found.len(), found[700]), (1200, 1200, 0.0));
        for (other, &d) in rows.chunks(3).zip(&found) {
            let expected: f32 = rows[2100..2103].iter().zip(other).map(|(a, b)| (a - b) * (a - b)).sum();
            assert_eq!(d, expected);
        }
    }
}
