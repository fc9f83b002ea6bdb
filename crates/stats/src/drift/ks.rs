//! The Kolmogorov–Smirnov test of two samples: the largest gap between their distributions.
//!
//! The invariant: tied values move both distributions at once, so order within a tie never matters, and
//! the statistic is a ratio of whole numbers, rounded once.

use super::ecdf::{Ecdf, Step, steps};
use super::{columns, kolmogorov};
use crate::input::{self, BadInput};

/// Below this product of the two sizes every path is counted; above it the limit law is close.
const EXACT_PAIRS: u128 = 10_000;

/// The largest gap of two distributions and its p-value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KolmogorovSmirnov {
    /// The gap D, in [0, 1]: the effect.
    pub statistic: f64,
    /// The two-sided p-value of a gap at least as large.
    pub p_value: f64,
}

/// How the p-value is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tail {
    /// By counting all orders of the two samples, in time and memory of the product of their sizes.
    Exact,
    /// From one sample of nm/(n+m) rows against a known distribution.
    Asymptotic,
}

/// The test, exact up to 10,000 pairs of values and asymptotic above.
///
/// - *What it answers.* Could both samples come from one continuous distribution?
/// - *Assumptions.* Independent rows. Ties make it conservative.
/// - *When it misleads.* A shift of 0.01 standard deviations has p = 2e-7 at a million rows: alarm on the
///   statistic as well. It is weak against changes in the tails. The weights of a sketch hide the
///   sketch's own error, which adds to the statistic.
/// - *Source.* Smirnov 1939; Simard and L'Ecuyer 2011 for the distribution; paths as in Hodges 1958.
/// - *Checked against.* scipy 1.17.1 `ks_2samp(method="exact" | "asymp")`.
pub fn kolmogorov_smirnov(reference: &Ecdf, current: &Ecdf) -> KolmogorovSmirnov {
    let gap = LargestGap::between(reference, current);
    gap.test(gap.tail())
}

/// The test with the p-value computed as told; see [`kolmogorov_smirnov`].
pub fn kolmogorov_smirnov_by(reference: &Ecdf, current: &Ecdf, tail: Tail) -> KolmogorovSmirnov {
    LargestGap::between(reference, current).test(tail)
}

/// The asymptotic p-value of a `statistic` in [0, 1] between samples of these sizes, each 1 or more; for a
/// statistic that was found elsewhere, or is only imagined.
pub fn kolmogorov_smirnov_p(statistic: f64, reference_rows: u64, current_rows: u64) -> Result<f64, BadInput> {
    input::parameter("statistic", statistic, "a number in [0, 1]", (0.0..=1.0).contains(&statistic))?;
    let least = reference_rows.min(current_rows);
    input::parameter("rows", least as f64, "1 or more", least >= 1)?;
    Ok(asymptotic(statistic, reference_rows, current_rows))
}

fn asymptotic(statistic: f64, n: u64, m: u64) -> f64 {
    let rows = n as f64 * (m as f64 / (n as f64 + m as f64));
    kolmogorov::upper(rows.round_ties_even().max(1.0) as u64, statistic)
}

/// The largest difference of the two shares, times the product of the sizes.
pub(super) struct LargestGap {
    n: u64,
    m: u64,
    largest: u128,
}

impl LargestGap {
    pub(super) fn between(reference: &Ecdf, current: &Ecdf) -> LargestGap {
        let mut gap = LargestGap::none(reference, current);
        match (reference.rows(), current.rows()) {
            (Some(left), Some(right)) => gap.largest = columns::largest_gap(left, right),
            _ => steps(reference, current, |step| gap.add(&step)),
        }
        gap
    }

    /// Before any step.
    pub(super) fn none(reference: &Ecdf, current: &Ecdf) -> LargestGap {
        LargestGap { n: reference.len(), m: current.len(), largest: 0 }
    }

    #[cfg(test)]
    pub(super) fn largest(&self) -> u128 {
        self.largest
    }

    pub(super) fn add(&mut self, step: &Step) {
        let (a, b) = (u128::from(step.reference), u128::from(step.current));
        self.largest = self.largest.max((a * u128::from(self.m)).abs_diff(b * u128::from(self.n)));
    }

    pub(super) fn tail(&self) -> Tail {
        let few = u128::from(self.n) * u128::from(self.m) <= EXACT_PAIRS;
        if few { Tail::Exact } else { Tail::Asymptotic }
    }

    pub(super) fn test(&self, tail: Tail) -> KolmogorovSmirnov {
        let statistic = self.largest as f64 / (self.n as f64 * self.m as f64);
        let p_value = match tail {
            Tail::Exact => share_of_paths_outside(self.n, self.m, self.largest),
            Tail::Asymptotic => asymptotic(statistic, self.n, self.m),
        };
        KolmogorovSmirnov { statistic, p_value }
    }
}

/// The share of all orders of `n` and `m` values whose gap reaches `gap` anywhere.
///
/// Walks all paths at once: from i and j values taken, the next is one of the first sample with chance
/// (n − i)/(n − i + m − j). What steps outside is added up, so that small p-values lose no digits.
fn share_of_paths_outside(n: u64, m: u64, gap: u128) -> f64 {
    if gap == 0 {
        return 1.0;
    }
    let outside =
        |i: u64, j: u64| (u128::from(i) * u128::from(m)).abs_diff(u128::from(j) * u128::from(n)) >= gap;
    let mut chances = vec![0.0; m as usize + 1];
    let mut left = 0.0;
    for i in 0..=n {
        // The chance to arrive by a value of the second sample.
        let mut from_before = if i == 0 { 1.0 } else { 0.0 };
        for j in 0..=m {
            let mut here = chances[j as usize] + from_before;
            if outside(i, j) {
                left += here;
                here = 0.0;
            }
            let (a, b) = ((n - i) as f64, (m - j) as f64);
            let first = if a + b > 0.0 { a / (a + b) } else { 0.0 };
            chances[j as usize] = here * first;
            from_before = here * (1.0 - first);
        }
    }
    left.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ecdf(values: &[f64]) -> Ecdf {
        Ecdf::of(values.to_vec()).unwrap()
    }

    #[test]
    fn ties_move_both_at_once() {
        let found = kolmogorov_smirnov(&ecdf(&[1.0, 1.0, 2.0, 2.0]), &ecdf(&[1.0, 2.0]));
        assert_eq!(found, KolmogorovSmirnov { statistic: 0.0, p_value: 1.0 });
    }

    #[test]
    fn samples_apart_have_the_chance_of_one_order_in_all() {
        // Two of the C(10, 5) orders keep them apart.
        let found = kolmogorov_smirnov(&ecdf(&[1.0, 2.0, 3.0, 4.0, 5.0]), &ecdf(&[6.0, 7.0, 8.0, 9.0, 10.0]));
        assert_eq!(found.statistic, 1.0);
        assert!((found.p_value - 2.0 / 252.0).abs() < 1e-15);
    }

    proptest! {
        #[test]
        fn the_samples_may_swap_and_a_sketch_of_the_same_rows_agrees(
            a in prop::collection::vec(0u8..9, 1..40), b in prop::collection::vec(0u8..9, 1..40),
        ) {
            let of = |values: &[u8]| ecdf(&values.iter().map(|&v| f64::from(v)).collect::<Vec<_>>());
            let count = |v: u8| a.iter().filter(|&&x| x == v).count() as u64;
            let twin = Ecdf::weighted((0..9).map(|v| (f64::from(v), count(v))).collect()).unwrap();
            let found = kolmogorov_smirnov(&of(&a), &of(&b));
            prop_assert_eq!(found, kolmogorov_smirnov(&twin, &of(&b)));
            let swapped = kolmogorov_smirnov(&of(&b), &of(&a));
            prop_assert_eq!(found.statistic, swapped.statistic);
            prop_assert!((found.p_value - swapped.p_value).abs() < 1e-12);
            prop_assert!((0.0..=1.0).contains(&found.p_value));
        }
    }
}
