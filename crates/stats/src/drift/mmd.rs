//! Maximum mean discrepancy: whole rows of two samples compared by a kernel.
//!
//! For embeddings of at most a few thousand rows: time and memory grow with the square of their number.
//! Columns are taken as they are, so scale them first. The invariant: the same seed gives the same
//! p-value, which is never 0, since the order observed is one of those counted.

use crate::input::{self, BadInput};
use crate::random;
use crate::sum::{quantile_sorted, sum};

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
    let squared = kernel.discrepancy(&order, n);
    // Equal up to rounding is equal.
    let reach = squared - 1e-12 * squared.abs();
    let mut as_large = 0u32;
    for replicate in 0..permutations {
        shuffle(&mut order, seed, u64::from(replicate));
        as_large += u32::from(kernel.discrepancy(&order, n) >= reach);
    }
    let p_value = (f64::from(as_large) + 1.0) / (f64::from(permutations) + 1.0);
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
        let mut sorted = pairs.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let median = input::finite("the median distance", quantile_sorted(&sorted, 0.5))?;
        let why = "half of all rows are equal; compare them as categories";
        if median == 0.0 {
            return Err(BadInput::Undefined { what: "the kernel's width", why });
        }
        pairs.iter_mut().for_each(|d| *d = (-*d / median).exp());
        let mut kernel = Kernel { pairs, totals: vec![0.0; rows.len()] };
        let others = |i: usize| (0..rows.len()).filter(move |&j| j != i);
        kernel.totals = (0..rows.len()).map(|i| sum(others(i).map(|j| kernel.at(i, j)))).collect();
        Ok((kernel, median))
    }

    fn at(&self, i: usize, j: usize) -> f64 {
        let (low, high) = if i < j { (i, j) } else { (j, i) };
        self.pairs[high * (high - 1) / 2 + low]
    }

    /// The first `n` rows of this order against the rest. Only the pairs within the first are added up:
    /// the rows' totals give the other sums.
    fn discrepancy(&self, order: &[usize], n: usize) -> f64 {
        let mut first = order[..n].to_vec();
        first.sort_unstable();
        let line = |(place, &i): (usize, &usize)| -> f64 {
            let start = i * i.saturating_sub(1) / 2;
            first[..place].iter().map(|&j| self.pairs[start + j]).sum()
        };
        let within = 2.0 * sum(first.iter().enumerate().map(line));
        let of_first = sum(first.iter().map(|&i| self.totals[i]));
        let across = of_first - within;
        let rest = sum(self.totals.iter().copied()) - of_first - across;
        let (n, m) = (n as f64, (order.len() - n) as f64);
        within / (n * (n - 1.0)) + rest / (m * (m - 1.0)) - 2.0 * across / (n * m)
    }
}

fn shuffle(order: &mut [usize], seed: u64, replicate: u64) {
    for last in (1..order.len()).rev() {
        order.swap(last, random::below(last + 1, seed, replicate, last as u64));
    }
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
