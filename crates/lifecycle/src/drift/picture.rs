//! Both distributions of a column as shares of the same bins, ready to be drawn.

use stats::drift::{Ecdf, bin_counts};

/// Bins of a number.
const BINS: usize = 24;
/// Categories that are drawn; the rest are added up.
const DRAWN: usize = 12;
/// The share of values at either end that may lie outside of the even bins.
const TAIL: f64 = 0.005;

/// Shares of the reference and of the current rows, bin by bin.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// What each bin is: a category, or the range of numbers.
    pub bins: Vec<String>,
    /// The reference's shares, summing to 1.
    pub reference: Vec<f64>,
    /// The current rows' shares, summing to 1.
    pub current: Vec<f64>,
    /// The ends of the axis, where bins are of numbers.
    pub range: Option<(f64, f64)>,
}

impl Picture {
    /// Nothing to draw.
    pub fn none() -> Picture {
        Picture { bins: Vec::new(), reference: Vec::new(), current: Vec::new(), range: None }
    }
}

/// Even bins over nearly all values of both; the outer two hold the rest.
pub(super) fn of_numbers(reference: &Ecdf, current: &Ecdf) -> Picture {
    let end = |share: f64, pick: fn(f64, f64) -> f64, other: f64| {
        let of = |ecdf: &Ecdf| ecdf.quantile(share).unwrap_or(other);
        pick(of(reference), of(current))
    };
    let low = end(TAIL, f64::min, reference.min());
    let high = end(1.0 - TAIL, f64::max, reference.max());
    let bins = if high > low { BINS } else { 1 };
    let width = (high - low) / bins as f64;
    let edges: Vec<f64> = (1..bins).map(|i| low + width * i as f64).collect();
    let name = |i: usize| format!("{:.4} to {:.4}", low + width * i as f64, low + width * (i + 1) as f64);
    Picture {
        bins: (0..bins).map(name).collect(),
        reference: shares(&bin_counts(reference, &edges)),
        current: shares(&bin_counts(current, &edges)),
        range: Some((low, high)),
    }
}

/// The most frequent categories; counts come in that order.
pub(super) fn of_categories(names: Vec<String>, before: &[u64], now: &[u64]) -> Picture {
    let drawn = names.len().min(DRAWN);
    let cut = |counts: &[u64]| {
        let shares = shares(counts);
        let mut kept = shares[..drawn].to_vec();
        if drawn < shares.len() {
            kept.push(shares[drawn..].iter().sum());
        }
        kept
    };
    let others = (drawn < names.len()).then(|| "all others".to_string());
    let bins = names.iter().take(drawn).cloned().chain(others).collect();
    Picture { bins, reference: cut(before), current: cut(now), range: None }
}

fn shares(counts: &[u64]) -> Vec<f64> {
    let total = counts.iter().sum::<u64>().max(1) as f64;
    counts.iter().map(|&count| count as f64 / total).collect()
}
