//! The matrix in bins, twice: by column, to send rows left or right, and by row, to fill histograms.
//!
//! By row only the bins are kept that are not the column's most frequent one, the default: a table of mostly
//! zeros costs its non-zeros. What a default bin sums to is the leaf's total less the column's other bins.
//! Invariant: the columns of one number and no missing have one bin and no entries.

use super::bins::{Counted, Cuts};
use super::matrix::{Column, Matrix};
use super::params::Params;
use super::sum::Sum;
use rayon::prelude::*;
use std::ops::Range;

/// A column is kept sparse by column as well when fewer rows than one in so many differ from the default.
const SPARSE: usize = 16;

/// A matrix in bins.
#[derive(Debug)]
pub(super) struct Binned {
    pub(super) rows: usize,
    pub(super) features: Vec<Feature>,
    /// How many bins all columns have together; the length of a histogram.
    pub(super) bins: usize,
    starts: Vec<usize>,
    entries: Entries,
}

/// A column in bins.
#[derive(Debug)]
pub(super) struct Feature {
    /// Where its bins lie in a histogram: those of numbers, ascending, then that of missing, if there is one.
    pub(super) place: Range<usize>,
    pub(super) cuts: Cuts,
    /// The most frequent bin.
    pub(super) default: u8,
    stored: Stored,
}

#[derive(Debug)]
enum Stored {
    /// The bin of every row.
    Dense(Vec<u8>),
    /// The rows that are not in the default bin, ascending, with their bins.
    Sparse(Vec<(u32, u8)>),
}

/// The bins of all rows, as places in a histogram.
#[derive(Debug)]
enum Entries {
    Narrow(Vec<u16>),
    Wide(Vec<u32>),
}

impl Binned {
    /// Cuts every column and sorts its rows into bins.
    pub(super) fn new(matrix: &Matrix, params: &Params) -> Binned {
        let rows = matrix.rows();
        let mut features: Vec<Feature> = (0..matrix.columns())
            .into_par_iter()
            .map(|c| Feature::new(matrix.column(c), rows, params))
            .collect();
        let mut bins = 0;
        for feature in &mut features {
            feature.place = bins..bins + feature.place.len();
            bins = feature.place.end;
        }
        let starts = row_starts(rows, &features);
        let entries = if bins <= 1 << 16 {
            Entries::Narrow(entries(&starts, &features, |place| place as u16))
        } else {
            Entries::Wide(entries(&starts, &features, |place| place as u32))
        };
        Binned { rows, features, bins, starts, entries }
    }

    /// Adds what these rows sum to, but for the default bins.
    pub(super) fn add_rows(&self, rows: &[u32], sums: &[Sum], histogram: &mut [Sum]) {
        match &self.entries {
            Entries::Narrow(entries) => add_rows(&self.starts, entries, rows, sums, histogram),
            Entries::Wide(entries) => add_rows(&self.starts, entries, rows, sums, histogram),
        }
    }

    /// About how many entries a row has.
    pub(super) fn entries_per_row(&self) -> usize {
        self.starts[self.rows].div_ceil(self.rows.max(1))
    }
}

fn add_rows<T: Copy + Into<u32>>(
    starts: &[usize],
    entries: &[T],
    rows: &[u32],
    sums: &[Sum],
    histogram: &mut [Sum],
) {
    for &row in rows {
        let row = row as usize;
        let sum = sums[row];
        if sum.is_empty() {
            continue;
        }
        for &place in &entries[starts[row]..starts[row + 1]] {
            let place: u32 = place.into();
            histogram[place as usize] += sum;
        }
    }
}

impl Feature {
    fn new(column: &Column, rows: usize, params: &Params) -> Feature {
        let (values, missing) = distinct(column, rows);
        let cuts = Cuts::find(&values, params.max_bins, params.min_data_in_bin);
        let bins = cuts.bins() + usize::from(missing > 0);
        let mut counts = vec![0; bins];
        for &(value, count) in &values {
            counts[cuts.bin(value)] += count;
        }
        if missing > 0 {
            counts[bins - 1] = missing;
        }
        let default = (0..bins).rev().max_by_key(|&bin| counts[bin]).expect("there is at least one bin");
        let stored = Stored::new(column, rows, &cuts, default, rows - counts[default]);
        Feature { place: 0..bins, cuts, default: default as u8, stored }
    }

    /// The bin of missing, where a row of the training data misses the column.
    pub(super) fn missing(&self) -> Option<usize> {
        (self.place.len() > self.cuts.bins()).then_some(self.place.len() - 1)
    }

    /// The bins of some rows, ascending.
    pub(super) fn bins_of(&self, rows: &[u32], bins: &mut Vec<u8>) {
        bins.clear();
        match &self.stored {
            Stored::Dense(all) => bins.extend(rows.iter().map(|&row| all[row as usize])),
            Stored::Sparse(others) => {
                let (first, last) = (rows.first().copied().unwrap_or(0), rows.last().copied().unwrap_or(0));
                let from = others.partition_point(|other| other.0 < first);
                let to = others.partition_point(|other| other.0 <= last);
                bins.extend(rows.iter().map(self.lookup(&others[from..to], rows.len())));
            }
        }
    }

    /// Finds the bins of ascending rows: by walking along, or by jumping where there is far to walk.
    fn lookup<'a>(&self, mut others: &'a [(u32, u8)], rows: usize) -> impl FnMut(&u32) -> u8 + use<'a> {
        let jump = others.len() / 8 > rows;
        let default = self.default;
        move |&row| {
            let passed = if jump {
                others.partition_point(|other| other.0 < row)
            } else {
                others.iter().take_while(|other| other.0 < row).count()
            };
            others = &others[passed..];
            others.first().filter(|other| other.0 == row).map_or(default, |other| other.1)
        }
    }

    /// The rows that are not in the default bin, ascending, with their bins.
    fn others(&self) -> Box<dyn Iterator<Item = (usize, u8)> + '_> {
        match &self.stored {
            Stored::Dense(bins) => {
                Box::new(bins.iter().copied().enumerate().filter(|&(_, bin)| bin != self.default))
            }
            Stored::Sparse(others) => Box::new(others.iter().map(|&(row, bin)| (row as usize, bin))),
        }
    }
}

impl Stored {
    fn new(column: &Column, rows: usize, cuts: &Cuts, default: usize, others: usize) -> Stored {
        let zero = cuts.bin(0.0);
        let bin = |x: f32| if x.is_nan() { cuts.bins() } else { cuts.bin(x) };
        if others < rows / SPARSE && default == zero {
            let binned = column.nonzero().map(|(row, x)| (row as u32, bin(x) as u8));
            return Stored::Sparse(binned.filter(|other| usize::from(other.1) != default).collect());
        }
        let mut bins = vec![zero as u8; rows];
        column.nonzero().for_each(|(row, x)| bins[row] = bin(x) as u8);
        Stored::Dense(bins)
    }
}

/// The distinct numbers of a column, ascending, with their counts, and how many are missing.
fn distinct(column: &Column, rows: usize) -> (Vec<Counted>, usize) {
    let mut nonzero: Vec<f32> = column.nonzero().map(|(_, x)| x).collect();
    let all = nonzero.len();
    nonzero.retain(|x| !x.is_nan());
    let missing = all - nonzero.len();
    nonzero.sort_unstable_by(f32::total_cmp);
    let zeros = rows - all;
    let mut values: Vec<Counted> = Vec::new();
    let negative = nonzero.partition_point(|&x| x < 0.0);
    count_runs(&nonzero[..negative], &mut values);
    if zeros > 0 {
        values.push((0.0, zeros));
    }
    count_runs(&nonzero[negative..], &mut values);
    (values, missing)
}

fn count_runs(sorted: &[f32], values: &mut Vec<Counted>) {
    values.extend(sorted.chunk_by(|a, b| a == b).map(|run| (run[0], run.len())));
}

/// Where each row's entries start, and after the last row where they end.
fn row_starts(rows: usize, features: &[Feature]) -> Vec<usize> {
    let mut starts = vec![0; rows + 1];
    for feature in features {
        feature.others().for_each(|(row, _)| starts[row + 1] += 1);
    }
    for row in 0..rows {
        starts[row + 1] += starts[row];
    }
    starts
}

fn entries<T: Copy + Default>(starts: &[usize], features: &[Feature], narrow: impl Fn(usize) -> T) -> Vec<T> {
    let mut next = starts.to_vec();
    let mut entries = vec![T::default(); starts[starts.len() - 1]];
    for feature in features {
        for (row, bin) in feature.others() {
            entries[next[row]] = narrow(feature.place.start + usize::from(bin));
            next[row] += 1;
        }
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trees::draw::uniform;

    /// One column in `1 - share` of whose rows stands 0, a missing one now and then.
    fn column(rows: usize, share: f64, seed: u64) -> Vec<f32> {
        let value = |row: u64| match uniform([seed, 0, 0, row]) {
            u if u > share => 0.0,
            u if u < share / 20.0 => f32::NAN,
            _ => (uniform([seed, 1, 0, row]) * 9.0 - 3.0).round() as f32,
        };
        (0..rows as u64).map(value).collect()
    }

    fn binned(columns: Vec<Vec<f32>>) -> Binned {
        Binned::new(&Matrix::from_columns(columns).expect("equal lengths"), &Params::default())
    }

    #[test]
    fn every_row_is_found_in_its_bin_dense_or_sparse() {
        for share in [0.9, 0.5, 0.03] {
            let values = column(2000, share, 1);
            let binned = binned(vec![values.clone()]);
            let feature = &binned.features[0];
            assert_eq!(matches!(feature.stored, Stored::Sparse(_)), share < 0.05);
            for step in [1, 7, 300] {
                let rows: Vec<u32> = (3..2000).step_by(step).collect();
                let mut bins = Vec::new();
                feature.bins_of(&rows, &mut bins);
                for (&row, &bin) in rows.iter().zip(&bins) {
                    let x = values[row as usize];
                    let expect = if x.is_nan() { feature.missing() } else { Some(feature.cuts.bin(x)) };
                    assert_eq!(Some(usize::from(bin)), expect);
                }
            }
        }
    }

    #[test]
    fn a_sparse_column_is_binned_like_its_dense_twin() {
        let values = column(1000, 0.2, 2);
        let (rows, kept): (Vec<u32>, Vec<f32>) =
            (0..).zip(values.iter().copied()).filter(|e: &(u32, f32)| e.1 != 0.0).unzip();
        let mut twin = Matrix::from_columns(vec![values]).expect("one column");
        twin.push_sparse(rows, kept).expect("ascending");
        let binned = Binned::new(&twin, &Params::default());
        let [dense, sparse] = &binned.features[..] else { panic!("two columns") };
        assert_eq!((&dense.cuts, dense.default), (&sparse.cuts, sparse.default));
        assert!(dense.others().eq(sparse.others()));
    }

    #[test]
    fn entries_skip_the_default_bin_and_constant_columns() {
        let binned = binned(vec![vec![4.0; 100], column(100, 0.3, 3)]);
        assert_eq!(binned.features[0].place.len(), 1);
        let others = binned.features[1].others().count();
        assert_eq!(binned.starts[100], others);
        assert!(others < 50);
    }

    #[test]
    fn a_column_of_missing_only_has_a_bin_for_it() {
        let binned = binned(vec![vec![f32::NAN; 10]]);
        assert_eq!(binned.features[0].missing(), Some(1));
        assert_eq!(binned.features[0].default, 1);
    }
}
