//! Both distances of two columns without weights, without a visit to each of their steps.
//!
//! Not for sketches, whose values have weights; [`super::ecdf::steps`] serves both. The invariant: the gap is
//! the same whole number that the steps give, the area the same up to its rounding.

/// Rows of the reference between two cuts.
const BLOCK: usize = 128;

/// Terms that are added up plainly before their sum joins the others: a million small ones then lose no
/// digits and cost no more than plain addition.
pub(super) const TERMS: usize = 1_000;

/// How many rows of both columns lie below a value: one of those at which the distributions are compared.
#[derive(Clone, Copy)]
struct Cut {
    left: usize,
    right: usize,
}

/// The largest difference of the two shares, times the product of the sizes; both columns ascend.
///
/// Between two cuts no gap is larger than the rows between them allow. Only where that is more than the
/// largest gap at a cut, both columns are walked; mostly they are not.
pub(super) fn largest_gap(left: &[f64], right: &[f64]) -> u128 {
    let (n, m) = (left.len() as u128, right.len() as u128);
    let gap = |a: usize, b: usize| (a as u128 * m).abs_diff(b as u128 * n);
    let cuts = cuts(left, right);
    let mut largest = cuts.iter().map(|cut| gap(cut.left, cut.right)).max().unwrap_or(0);
    for pair in cuts.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        // what it is if all rows of one column come first
        let most = (to.left as u128 * m).saturating_sub(from.right as u128 * n);
        let most = most.max((to.right as u128 * n).saturating_sub(from.left as u128 * m));
        if most > largest {
            largest = largest.max(walk(left, right, from, to, gap));
        }
    }
    largest
}

/// The cuts at every block of the left column, ascending, from nothing to everything.
fn cuts(left: &[f64], right: &[f64]) -> Vec<Cut> {
    let mut cuts = Vec::with_capacity(left.len() / BLOCK + 2);
    let mut last = Cut { left: 0, right: 0 };
    cuts.push(last);
    for place in (BLOCK..left.len()).step_by(BLOCK) {
        let value = left[place];
        last.left += left[last.left..place].partition_point(|&v| v < value);
        last.right += below(&right[last.right..], value);
        cuts.push(last);
    }
    cuts.push(Cut { left: left.len(), right: right.len() });
    cuts
}

/// How many of these ascending values are below one; it is quick where they are few.
fn below(values: &[f64], value: f64) -> usize {
    let mut reach = BLOCK;
    while reach < values.len() && values[reach] < value {
        reach *= 2;
    }
    let from = reach / 2;
    let from = if from < BLOCK { 0 } else { from };
    let to = reach.min(values.len());
    from + values[from..to].partition_point(|&v| v < value)
}

/// The largest gap between two cuts.
fn walk(left: &[f64], right: &[f64], from: Cut, to: Cut, gap: impl Fn(usize, usize) -> u128) -> u128 {
    let (left, right) = (&left[..to.left], &right[..to.right]);
    let at = |values: &[f64], place: usize| values.get(place).copied().unwrap_or(f64::INFINITY);
    let Cut { left: mut i, right: mut j } = from;
    let mut largest = 0;
    let mut here = at(left, i).min(at(right, j));
    while here < f64::INFINITY {
        // Adding a comparison instead of branching on it: merged columns are unpredictable.
        i += usize::from(at(left, i) <= here);
        j += usize::from(at(right, j) <= here);
        let next = at(left, i).min(at(right, j));
        // rows of one value move both at once
        if here < next {
            largest = largest.max(gap(i, j));
        }
        here = next;
    }
    largest
}

/// The area between the two distributions, times the product of the sizes; both columns ascend.
///
/// It is the area between the two quantile functions too, whose steps are known without a look at the
/// values: each row of one column is as high as the other column has rows.
pub(super) fn area(left: &[f64], right: &[f64]) -> f64 {
    let (n, m) = (left.len() as u64, right.len() as u64);
    let (mut i, mut j) = (0, 0);
    // where the row of either ends
    let (mut a, mut b) = (m, n);
    let (mut here, mut parts) = (0, Vec::with_capacity((left.len() + right.len()) / TERMS + 1));
    while i < left.len() && j < right.len() {
        let mut part = 0.0;
        for _ in 0..TERMS {
            let (Some(x), Some(y)) = (left.get(i), right.get(j)) else { break };
            let end = a.min(b);
            part += (x - y).abs() * (end - here) as f64;
            here = end;
            // A comparison as a mask instead of a branch: which row ends first is close to even.
            let (first, second) = (a == end, b == end);
            i += usize::from(first);
            j += usize::from(second);
            a += m & 0u64.wrapping_sub(u64::from(first));
            b += n & 0u64.wrapping_sub(u64::from(second));
        }
        parts.push(part);
    }
    crate::sum::sum(parts)
}

#[cfg(test)]
mod tests {
    use super::super::ecdf::{Ecdf, steps};
    use super::super::ks::LargestGap;
    use super::super::wasserstein::Areas;
    use super::*;
    use proptest::prelude::*;

    fn check(left: &[f64], right: &[f64]) {
        let of = |values: &[f64]| Ecdf::of(values.to_vec()).unwrap();
        let (a, b) = (of(left), of(right));
        let (mut gap, mut areas) = (LargestGap::none(&a, &b), Areas::none(&a, &b));
        steps(&a, &b, |step| {
            gap.add(&step);
            areas.add(&step);
        });
        let (left, right) = (a.rows().unwrap(), b.rows().unwrap());
        assert_eq!(largest_gap(left, right), gap.largest());
        let (found, wanted) = (area(left, right) / (a.len() * b.len()) as f64, areas.total());
        assert!((found - wanted).abs() <= 1e-12 * wanted.max(1e-12), "{found} and {wanted}");
    }

    #[test]
    fn large_columns_agree_with_their_steps() {
        let draw = |seed: u64, rows: u64, round: f64, shift: f64| -> Vec<f64> {
            (0..rows).map(|i| (crate::random::unit(seed, 0, i) * round).floor() / round + shift).collect()
        };
        for round in [3.0, 500.0, 1e9] {
            for shift in [0.0, 0.004, 0.3, 2.0] {
                check(&draw(1, 20_000, round, 0.0), &draw(2, 20_000, round, shift));
                check(&draw(3, 20_011, round, 0.0), &draw(4, 7_000, round, shift));
                check(&draw(5, 300, round, 0.0), &draw(6, 30_000, round, shift));
            }
        }
    }

    proptest! {
        #[test]
        fn small_columns_agree_with_their_steps(
            left in prop::collection::vec(-20i8..20, 1..1500), right in prop::collection::vec(-20i8..20, 1..900),
        ) {
            let of = |values: &[i8]| values.iter().map(|&v| f64::from(v) / 7.0).collect::<Vec<f64>>();
            check(&of(&left), &of(&right));
        }
    }
}
