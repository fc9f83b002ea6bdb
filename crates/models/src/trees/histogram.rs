//! What the derivatives of a leaf's rows sum to, bin by bin.
//!
//! Built from the rows for the smaller of two children; the larger is the parent less that one. Both are
//! exact, see [`Sum`], so it does not matter which way a histogram came about or how many threads added to it.

use super::binned::Binned;
use super::sum::Sum;

/// So many additions are worth a thread of their own.
const WORK: usize = 1 << 16;

/// The histogram of these rows, written over `histogram`; `total` is what they sum to.
pub(super) fn build(binned: &Binned, rows: &[u32], sums: &[Sum], total: Sum, histogram: &mut [Sum]) {
    histogram.fill(Sum::default());
    // A second thread's histogram must be cleared and added, bin by bin.
    let worth = WORK.max(4 * histogram.len());
    let chunk = worth / binned.entries_per_row().max(1) + 1;
    add(binned, rows, sums, chunk, histogram);
    for feature in &binned.features {
        let bins = &mut histogram[feature.place.clone()];
        let default = usize::from(feature.default);
        bins[default] = bins.iter().fold(total, |rest, &bin| rest - bin);
    }
}

/// Turns the histogram of a parent into that of one child, given the other's.
pub(super) fn subtract(parent: &mut [Sum], child: &[Sum]) {
    parent.iter_mut().zip(child).for_each(|(all, &part)| *all = *all - part);
}

fn add(binned: &Binned, rows: &[u32], sums: &[Sum], chunk: usize, histogram: &mut [Sum]) {
    if rows.len() <= chunk {
        return binned.add_rows(rows, sums, histogram);
    }
    let (first, second) = rows.split_at(rows.len() / 2);
    let ((), other) = rayon::join(
        || add(binned, first, sums, chunk, histogram),
        || {
            let mut other = vec![Sum::default(); binned.bins];
            add(binned, second, sums, chunk, &mut other);
            other
        },
    );
    histogram.iter_mut().zip(other).for_each(|(all, part)| *all += part);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trees::draw::uniform;
    use crate::trees::sum::Scale;
    use crate::trees::{Matrix, Params};

    const ROWS: usize = 60_000;

    fn problem() -> (Binned, Vec<Sum>) {
        let value = |column, row| (uniform([column, 0, 0, row]) * 12.0 - 9.0).max(0.0).round() as f32;
        let columns = (0..5).map(|column| (0..ROWS as u64).map(|row| value(column, row)).collect()).collect();
        let matrix = Matrix::from_columns(columns).expect("equal lengths");
        let scale = Scale::new(ROWS, 1.0, 0.25);
        let derivatives = |row| scale.row(uniform([9, 0, 0, row]) - 0.5, uniform([9, 1, 0, row]) / 4.0);
        (Binned::new(&matrix, &Params::default()), (0..ROWS as u64).map(derivatives).collect())
    }

    fn histogram(binned: &Binned, rows: &[u32], sums: &[Sum]) -> Vec<Sum> {
        let mut total = Sum::default();
        rows.iter().for_each(|&row| total += sums[row as usize]);
        let mut histogram = vec![Sum::default(); binned.bins];
        build(binned, rows, sums, total, &mut histogram);
        histogram
    }

    #[test]
    fn each_bin_holds_its_rows_however_the_work_is_divided() {
        let (binned, sums) = problem();
        let rows: Vec<u32> = (0..ROWS as u32).collect();
        let built = histogram(&binned, &rows, &sums);
        let mut divided = vec![Sum::default(); binned.bins];
        add(&binned, &rows, &sums, 100, &mut divided);
        for feature in &binned.features {
            let mut bins = Vec::new();
            feature.bins_of(&rows, &mut bins);
            let mut expect = vec![Sum::default(); feature.place.len()];
            bins.iter().zip(&sums).for_each(|(&bin, &sum)| expect[usize::from(bin)] += sum);
            assert_eq!(built[feature.place.clone()], expect);
            expect[usize::from(feature.default)] = Sum::default();
            assert_eq!(divided[feature.place.clone()], expect);
        }
    }

    #[test]
    fn the_parent_less_one_child_is_the_other() {
        let (binned, sums) = problem();
        let (left, right): (Vec<u32>, Vec<u32>) = (0..ROWS as u32).partition(|row| row % 3 == 0);
        let mut parent = histogram(&binned, &(0..ROWS as u32).collect::<Vec<_>>(), &sums);
        subtract(&mut parent, &histogram(&binned, &left, &sums));
        assert_eq!(parent, histogram(&binned, &right, &sums));
    }
}
