//! The Wasserstein-1 distance of two samples: the area between their distributions.
//!
//! The invariant: in the units of the column, so shifting one sample by c moves it by at most c;
//! [`normalised_wasserstein`] alone can be compared across columns.

use super::columns::{self, TERMS};
use super::ecdf::{Ecdf, Step, steps};
use crate::sum::sum;

/// How far, on average, values must move to turn one sample into the other.
///
/// - *What it answers.* By how much has the column moved, in its own units?
/// - *Assumptions.* None; it is a description of the two samples.
/// - *When it misleads.* A few extreme values can be all of it. It is above 0 without any drift, by about
///   the spread times √(1/n + 1/m).
/// - *Source.* Vallender 1974; Ramdas, Trillos and Cuturi 2017.
/// - *Checked against.* scipy 1.17.1 `wasserstein_distance`.
pub fn wasserstein(reference: &Ecdf, current: &Ecdf) -> f64 {
    if let (Some(left), Some(right)) = (reference.rows(), current.rows()) {
        return columns::area(left, right) / (left.len() as f64 * right.len() as f64);
    }
    let mut areas = Areas::none(reference, current);
    steps(reference, current, |step| areas.add(&step));
    areas.total()
}

/// The distance in population standard deviations of the reference; `None` where that is constant, since
/// then any move is infinitely many of them.
pub fn normalised_wasserstein(reference: &Ecdf, current: &Ecdf) -> Option<f64> {
    let sd = reference.sd();
    (sd > 0.0).then(|| wasserstein(reference, current) / sd)
}

/// The area step by step, as sums of [`TERMS`] terms each.
pub(super) struct Areas {
    n: f64,
    m: f64,
    done: Vec<f64>,
    part: f64,
    terms: usize,
}

impl Areas {
    pub(super) fn none(reference: &Ecdf, current: &Ecdf) -> Areas {
        Areas { n: reference.len() as f64, m: current.len() as f64, done: vec![], part: 0.0, terms: 0 }
    }

    pub(super) fn add(&mut self, step: &Step) {
        // Whole numbers differ without rounding, and one division at the end serves all.
        self.part += (step.reference as f64 * self.m - step.current as f64 * self.n).abs() * step.width;
        self.terms += 1;
        if self.terms == TERMS {
            self.done.push(std::mem::take(&mut self.part));
            self.terms = 0;
        }
    }

    pub(super) fn total(self) -> f64 {
        (sum(self.done) + self.part) / (self.n * self.m)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_constant_reference_has_no_normalised_distance() {
        let (constant, moved) = (Ecdf::of(vec![7.0; 3]).unwrap(), Ecdf::of(vec![8.0; 2]).unwrap());
        assert_eq!(normalised_wasserstein(&constant, &moved), None);
        assert_eq!(wasserstein(&constant, &moved), 1.0);
    }

    proptest! {
        #[test]
        fn a_shift_is_its_own_distance_and_the_triangle_holds(
            a in prop::collection::vec(-5.0..5.0f64, 1..40), b in prop::collection::vec(-5.0..5.0f64, 1..40),
            shift in -3.0..3.0f64,
        ) {
            let of = |values: &[f64]| Ecdf::of(values.to_vec()).unwrap();
            let moved = of(&a.iter().map(|v| v + shift).collect::<Vec<_>>());
            let (a, b) = (of(&a), of(&b));
            prop_assert!((wasserstein(&a, &moved) - shift.abs()).abs() < 1e-9);
            prop_assert!((wasserstein(&a, &b) - wasserstein(&b, &a)).abs() < 1e-12);
            prop_assert!(wasserstein(&moved, &b) <= shift.abs() + wasserstein(&a, &b) + 1e-9);
            prop_assert!(wasserstein(&a, &b) >= (a.mean() - b.mean()).abs() - 1e-9);
        }
    }
}
