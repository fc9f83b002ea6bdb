//! Squared distances from rows to many others, for the operator `CDist` and for trainers that look for neighbours.
//!
//! Not a search tree: with many columns none beats looking at all. Invariant: a pair's distance is summed column by
//! column in one order, so it does not depend on which rows stand beside it, and equal rows are exactly 0 apart.

use crate::simd::wide;
use rayon::prelude::*;
use std::collections::BinaryHeap;

/// Others that are looked at together, so that their sums stay in the fastest memory.
const BLOCK: usize = 512;
/// Rows that look at a block while it is near.
const TOGETHER: usize = 16;

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
        wide(
            #[inline(always)]
            || {
                for (block, sums) in to.chunks_mut(BLOCK).enumerate() {
                    self.block(block, row, sums);
                }
            },
        );
    }

    /// What `each` makes of every row, given its place and its squared distances to all; on all threads.
    pub fn map<R: Send>(&self, rows: &[f32], each: impl Fn(usize, &[f32]) -> R + Sync) -> Vec<R> {
        let some = |(place, rows): (usize, &[f32])| {
            let squares = self.all(rows);
            let of = |(i, squares): (usize, &[f32])| each(TOGETHER * place + i, squares);
            squares.chunks_exact(self.count.max(1)).enumerate().map(of).collect::<Vec<R>>()
        };
        let parts: Vec<Vec<R>> = rows.par_chunks(TOGETHER * self.width).enumerate().map(some).collect();
        parts.into_iter().flatten().collect()
    }

    /// The squared distances from each of some rows to all, one row after the other.
    pub fn all(&self, rows: &[f32]) -> Vec<f32> {
        let mut to = vec![0.0; rows.len() / self.width * self.count];
        let together = rows.chunks(TOGETHER * self.width).zip(to.chunks_mut((TOGETHER * self.count).max(1)));
        for (rows, to) in together {
            wide(
                #[inline(always)]
                || self.some(rows, to),
            );
        }
        to
    }

    /// Of rows that look at each block while it is near.
    #[inline(always)]
    fn some(&self, rows: &[f32], to: &mut [f32]) {
        for block in 0..self.count.div_ceil(BLOCK) {
            let (start, end) = (block * BLOCK, self.count.min((block + 1) * BLOCK));
            let lines = to.chunks_exact_mut(self.count).zip(rows.chunks_exact(self.width));
            for (line, row) in lines {
                self.block(block, row, &mut line[start..end]);
            }
        }
    }

    #[inline(always)]
    fn block(&self, block: usize, row: &[f32], sums: &mut [f32]) {
        for (column, &x) in row.iter().enumerate().take(self.width) {
            let from = column * self.count + block * BLOCK;
            let cells = &self.columns[from..from + sums.len()];
            sums.iter_mut().zip(cells).for_each(|(sum, &y)| *sum += (x - y) * (x - y));
        }
    }
}

/// The places of the k smallest, in their order; of equals the first. Squares are finite and not negative, and such
/// floats are ordered as their bits are.
pub(crate) fn smallest(squares: &[f32], k: usize) -> Vec<usize> {
    let (first, rest) = squares.split_at(k.min(squares.len()));
    let mut kept: BinaryHeap<(u32, usize)> =
        first.iter().enumerate().map(|(place, d)| (d.to_bits(), place)).collect();
    let mut bound = kept.peek().map_or(0, |largest| largest.0);
    for (place, d) in (k..).zip(rest) {
        if d.to_bits() < bound {
            kept.pop();
            kept.push((d.to_bits(), place));
            bound = kept.peek().map_or(0, |largest| largest.0);
        }
    }
    let mut places: Vec<usize> = kept.into_iter().map(|(_, place)| place).collect();
    places.sort_unstable();
    places
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
        let together = others.map(&rows[..3 * 701], |place, squares| (place, squares.to_vec()));
        assert_eq!((together.len(), together[700].0), (701, 700));
        assert_eq!(together[700].1, found, "rows that look together see what each sees alone");
    }

    #[test]
    fn the_smallest_are_found_and_of_equals_the_first() {
        assert_eq!(smallest(&[3.0, 1.0, 2.0, 1.0, 1.0, 0.0], 3), [1, 3, 5]);
        assert_eq!(smallest(&[3.0, 1.0], 2), [0, 1]);
    }
}
