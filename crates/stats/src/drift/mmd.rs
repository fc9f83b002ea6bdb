//! Maximum mean discrepancy: whole rows of two samples compared by a kernel.
//!
//! For embeddings of at most a few thousand rows: time and memory grow with the square of their number.
//! Columns are taken as they are, so scale them first. The invariant: the same seed gives the same
//! p-value, which is never 0, since the order observed is one of those counted.

use crate::input::{self, BadInput};
use crate::random;
use crate::sum::sum;

/// Permutations that are added up side by side.
const LANES: usize = 8;

/// The squared discrepancy and its permutation p-value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mmd {
    /// The unbiased estimate of the squared discrepancy; around 0 under no drift, and then often below.
    pub squared: f64,
    /// The median squared distance between rows, which sets the kernel's width.
    pub median_distance: f64,
    /// The share of permutations with as large a discrepancy.
    pub p_value: f64,
}

/// Compares rows of `width` numbers, laid end to end, by the kernel exp(−d²/median d²), with `permutations`
/// (1 or more) random relabellings under `seed`.
///
/// - *What it answers.* Do the two samples of rows come from one distribution, whatever way they differ?
/// - *Assumptions.* Rows may change places under no drift; two rows or more in each sample.
/// - *When it misleads.* In many dimensions, and when a change is much finer or coarser than the median
///   distance, its power is small. Rows of one user or one day do not change places freely.
/// - *Source.* Gretton et al. 2012, equation 3; the observed order counts as one (Phipson and Smyth 2010).
/// - *Checked against.* The formula by numpy 2 in the vector `mmd2_unbiased_rbf`; its size by simulation.
pub fn mmd(
    reference: &[f64],
    current: &[f64],
    width: usize,
    permutations: u32,
    seed: u64,
) -> Result<Mmd, BadInput> {
    input::at_least("columns", width, 1)?;
    input::at_least("permutations", permutations as usize, 1)?;
    let n = rows("values of the reference", reference, width)?;
    let m = rows("values of the current sample", current, width)?;
    let all: Vec<&[f64]> = reference.chunks(width).chain(current.chunks(width)).collect();
    let (kernel, median_distance) = Kernel::of(&all)?;
    let mut order: Vec<usize> = (0..n + m).collect();
    let squared = kernel.discrepancies(&[&order[..n]; LANES], m)[0];
    // Equal up to rounding is equal.
    let reach = squared - 1e-12 * squared.abs();
    let mut as_large = 0;
    for batch in 0..permutations.div_ceil(LANES as u32) {
        let replicates = (batch * LANES as u32..permutations).take(LANES);
        let firsts: Vec<Vec<usize>> = replicates.map(|r| shuffled(&mut order, n, seed, r)).collect();
        let lane = |i: usize| firsts.get(i).map_or(&[][..], |first| first);
        let found = kernel.discrepancies(&std::array::from_fn(lane), m);
        as_large += found.iter().take(firsts.len()).filter(|&&d| d >= reach).count();
    }
    let p_value = (as_large as f64 + 1.0) / (f64::from(permutations) + 1.0);
    Ok(Mmd { squared, median_distance, p_value })
}

fn rows(what: &'static str, values: &[f64], width: usize) -> Result<usize, BadInput> {
    input::at_least(what, values.len(), 2 * width)?;
    let rows = values.len() / width;
    input::same_length(what, values.len(), rows * width)?;
    input::all_finite(what, values)?;
    Ok(rows)
}

/// The kernel of all pairs of rows: for each row, those to the rows before it.
struct Kernel {
    pairs: Vec<f64>,
    /// Each row's sum with all others.
    totals: Vec<f64>,
}

impl Kernel {
    fn of(rows: &[&[f64]]) -> Result<(Kernel, f64), BadInput> {
        let apart = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum::<f64>();
        let mut pairs: Vec<f64> = Vec::with_capacity(rows.len() * (rows.len() - 1) / 2);
        (1..rows.len()).for_each(|i| pairs.extend((0..i).map(|j| apart(rows[i], rows[j]))));
        let median = input::finite("the median distance", median(&mut pairs.clone()))?;
        let why = "half of all rows are equal; compare them as categories";
        if median == 0.0 {
            return Err(BadInput::Undefined { what: "the kernel's width", why });
        }
        pairs.iter_mut().for_each(|d| *d = (-*d / median).exp());
        let totals = totals(&pairs, rows.len());
        Ok((Kernel { pairs, totals }, median))
    }

    /// Each of these choices of first rows against the `m` rows left. Only the pairs within the first are
    /// added up: the rows' totals give the other sums.
    fn discrepancies(&self, firsts: &[&[usize]; LANES], m: usize) -> [f64; LANES] {
        let within = self.within(firsts);
        let all = sum(self.totals.iter().copied());
        std::array::from_fn(|lane| {
            let of_first = sum(firsts[lane].iter().map(|&i| self.totals[i]));
            let across = of_first - within[lane];
            let rest = all - of_first - across;
            let (n, m) = (firsts[lane].len() as f64, m as f64);
            within[lane] / (n * (n - 1.0)) + rest / (m * (m - 1.0)) - 2.0 * across / (n * m)
        })
    }

    /// Twice the sum over the pairs within the chosen rows, for all choices in one pass: the kernel is
    /// read once for eight of them.
    fn within(&self, firsts: &[&[usize]; LANES]) -> [f64; LANES] {
        let mut chosen = vec![[0.0; LANES]; self.totals.len()];
        for (lane, first) in firsts.iter().enumerate() {
            first.iter().for_each(|&i| chosen[i][lane] = 1.0);
        }
        let mut totals = [0.0; LANES];
        let mut left = &self.pairs[..];
        for (i, row) in chosen.iter().enumerate() {
            let (line, after) = left.split_at(i);
            left = after;
            let mut sums = [0.0; LANES];
            for (pair, other) in line.iter().zip(&chosen) {
                (0..LANES).for_each(|lane| sums[lane] += pair * other[lane]);
            }
            (0..LANES).for_each(|lane| totals[lane] += 2.0 * sums[lane] * row[lane]);
        }
        totals
    }
}

/// The median, the mean of the middle two of an even number; reorders the values.
fn median(values: &mut [f64]) -> f64 {
    let odd = values.len() % 2 == 1;
    let middle = values.len() / 2;
    let (below, &mut upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    let lower = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if odd { upper } else { 0.5 * (lower + upper) }
}

/// Each row's sum over the pairs it is in.
fn totals(pairs: &[f64], rows: usize) -> Vec<f64> {
    let mut totals = vec![0.0; rows];
    let mut left = pairs;
    for i in 0..rows {
        let (line, after) = left.split_at(i);
        left = after;
        totals[i] += line.iter().sum::<f64>();
        totals.iter_mut().zip(line).for_each(|(total, pair)| *total += pair);
    }
    totals
}

/// The first `n` rows after another shuffle.
fn shuffled(order: &mut [usize], n: usize, seed: u64, replicate: u32) -> Vec<usize> {
    for last in (1..order.len()).rev() {
        order.swap(last, random::below(last + 1, seed, u64::from(replicate), last as u64));
    }
    order[..n].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(rows: u64, shift: f64, seed: u64) -> Vec<f64> {
        (0..2 * rows).map(|i| random::unit(seed, 0, i) + shift).collect()
    }

    #[test]
    fn a_shift_is_found_and_none_is_not() {
        let reference = sample(60, 0.0, 1);
        assert!(mmd(&reference, &sample(50, 0.5, 2), 2, 200, 3).unwrap().p_value < 0.01);
        assert!(mmd(&reference, &sample(50, 0.0, 2), 2, 200, 3).unwrap().p_value > 0.05);
    }

    #[test]
    fn swapping_the_samples_leaves_the_discrepancy() {
        let (a, b) = (sample(20, 0.0, 1), sample(30, 0.2, 2));
        let here = mmd(&a, &b, 2, 1, 0).unwrap().squared;
        assert!((here - mmd(&b, &a, 2, 1, 0).unwrap().squared).abs() < 1e-12);
    }

    #[test]
    fn rows_that_are_all_equal_or_broken_are_refused() {
        assert!(mmd(&[1.0; 6], &[1.0; 6], 2, 9, 0).is_err());
        assert!(mmd(&[1.0; 5], &[2.0; 6], 2, 9, 0).is_err());
        assert!(mmd(&[1.0, f64::NAN], &[2.0, 3.0], 1, 9, 0).is_err());
    }
}
