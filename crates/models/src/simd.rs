//! Loops compiled for the widest vectors that the machine has, chosen when they run.
//!
//! Not a set of vector types: loops stay loops, and the compiler makes vectors of them. Invariant: no number
//! changes by it, since products and sums are never fused into one rounding.

use rten_simd::{Isa, SimdOp};

struct Wide<F>(F);

impl<R, F: FnOnce() -> R> SimdOp for Wide<F> {
    type Output = R;

    #[inline(always)]
    fn eval<I: Isa>(self, _: I) -> R {
        (self.0)()
    }
}

/// Runs `work`, compiled once for each kind of vector. Only what is inlined into it gains: it and the functions that it
/// calls are marked `#[inline(always)]`, and their loops are `for` loops, since the closure of a `for_each` with much in it
/// is compiled by itself.
#[inline]
pub(crate) fn wide<R>(work: impl FnOnce() -> R) -> R {
    Wide(work).dispatch()
}

#[cfg(test)]
mod tests {
    use super::wide;

    #[test]
    fn a_wide_loop_answers_what_a_plain_one_does() {
        let xs: Vec<f32> = (0..1000).map(|i| (i as f32 * 0.37).sin()).collect();
        let mut plain = xs.clone();
        plain.iter_mut().zip(&xs).for_each(|(y, &x)| *y += x * 1.7);
        let mut found = xs.clone();
        wide(
            #[inline(always)]
            || found.iter_mut().zip(&xs).for_each(|(y, &x)| *y += x * 1.7),
        );
        assert_eq!(found, plain);
    }
}
