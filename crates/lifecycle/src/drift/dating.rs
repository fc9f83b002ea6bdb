//! When something began: the most likely single change in the mean of a series of rows, and whether it came at once.
//!
//! *What it answers.* Since when, and as a step or little by little?
//! *Assumptions.* One change; rows independent within blocks.
//! *When it misleads.* A season looks like a change; of two changes it dates the larger.
//! *Source.* Hinkley 1970 (least squares in place of likelihood), over equal blocks.
//! *Checked against.* Steps and ramps at known places.

use domain::Timestamp;
use stats::drift::Ecdf;
use stats::stream::one_change;

/// Blocks that a series is cut into, at most.
const BLOCKS: usize = 60;
/// The fewest rows of a block.
const LEAST: usize = 20;
/// A change of fewer standard errors than this is none.
const ERRORS: f64 = 5.0;
/// The share of the whole change that must be there in the first three blocks after it, for a step.
const AT_ONCE: f64 = 0.7;

/// A change.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dated {
    /// The first row after it.
    pub row: usize,
    /// The instant of that row.
    pub since: Timestamp,
    /// The mean before.
    pub before: f64,
    /// The mean after.
    pub after: f64,
    /// Whether it came at once.
    pub step: bool,
}

/// The change in these values, whose rows are in the order of time; `None` where there is none to be seen.
pub fn date(values: &[f64], at: &[Timestamp]) -> Option<Dated> {
    let size = values.len().div_ceil(BLOCKS).max(LEAST);
    let blocks: Vec<f64> = values.chunks(size).map(mean).collect();
    let split = one_change(&blocks, 1).ok()??.at;
    let row = split * size;
    let (first, second) = values.split_at(row);
    let error = (square_error(first) + square_error(second)).sqrt();
    let (before, after) = (mean(first), mean(second));
    if (after - before).abs() <= ERRORS * error || after == before {
        return None;
    }
    let near = mean(&blocks[split..(split + 3).min(blocks.len())]);
    let step = (near - before) / (after - before) >= AT_ONCE && rest_is_flat(&blocks[..split], before, after);
    Some(Dated { row, since: at[row], before, after, step })
}

/// Of a ramp, part of the rise stands before the split: its last blocks are no longer at the level before.
fn rest_is_flat(blocks: &[f64], before: f64, after: f64) -> bool {
    let last = mean(&blocks[blocks.len().saturating_sub(3)..]);
    (last - before) / (after - before) < 1.0 - AT_ONCE
}

/// Where each number stands among those of before, from 0 to 1; a missing one in the middle.
pub(super) fn standings(before: &Ecdf, cells: &[f64]) -> Vec<f64> {
    let place = |x: &f64| before.below(*x) as f64 / before.len() as f64;
    cells.iter().map(|x| if x.is_finite() { place(x) } else { 0.5 }).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// The squared standard error of a mean.
pub(crate) fn square_error(values: &[f64]) -> f64 {
    if values.len() < 2 { 0.0 } else { stats::sum::variance(values) / values.len() as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(rows: usize, seed: u64, level: impl Fn(usize) -> f64) -> (Vec<f64>, Vec<Timestamp>) {
        let draw = |row: usize| store::digest::mix64(seed, row as u64) as f64 / u64::MAX as f64 - 0.5;
        let values = (0..rows).map(|row| level(row) + draw(row)).collect();
        (values, (0..rows).map(|row| Timestamp(row as i64)).collect())
    }

    #[test]
    fn a_step_is_dated_and_called_one() {
        let (values, at) = series(3000, 1, |row| if row < 1900 { 0.0 } else { 0.6 });
        let found = date(&values, &at).expect("a change");
        assert!(found.row.abs_diff(1900) <= 50 && found.step, "{found:?}");
        assert!((found.after - found.before - 0.6).abs() < 0.05);
    }

    #[test]
    fn a_ramp_is_no_step_and_noise_is_no_change() {
        let (values, at) = series(3000, 2, |row| (row as f64 - 1000.0).max(0.0) / 2000.0);
        assert!(!date(&values, &at).expect("a change").step);
        for seed in 0..200 {
            let (values, at) = series(2000, 100 + seed, |_| 0.0);
            assert_eq!(date(&values, &at), None);
        }
    }
}
