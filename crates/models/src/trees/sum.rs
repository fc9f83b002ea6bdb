//! Sums of derivatives as whole numbers.
//!
//! Floating sums depend on their order, and so on the number of threads; and a difference of two of them
//! keeps the rounding of both. Here a row's derivatives are rounded once, to multiples of a power of two,
//! and everything after that is exact: sums in any order, and a parent's histogram less one child's.
//!
//! First derivative: a signed 64-bit number. Second derivative and row count share another one, the count in
//! the low c = `count_bits`. With fewer than 2^c rows in all, a row's first derivative takes up to 61 - c bits and
//! its second up to 63 - 2c, so that no sum over rows can overflow: at 100,000 rows 44 and 29 bits, at a million
//! 41 and 23, at 16 million 37 and 15 (an `f32` has 24, but loses them as it adds).

use std::ops::{AddAssign, Sub};

/// The sums over some rows: first derivatives, second derivatives, how many rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sum {
    gradient: i64,
    /// Second derivatives above, count below.
    packed: u64,
}

/// What the whole numbers of [`Sum`] stand for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    gradient_unit: f64,
    hessian_unit: f64,
    /// The reciprocals of the units, for rounding without a division; exact, as both are powers of two.
    gradients_per_1: f64,
    hessians_per_1: f64,
    count_bits: u32,
}

impl AddAssign for Sum {
    #[inline]
    fn add_assign(&mut self, other: Sum) {
        self.gradient += other.gradient;
        self.packed += other.packed;
    }
}

impl Sub for Sum {
    type Output = Sum;

    /// Only of a part from its whole.
    #[inline]
    fn sub(self, part: Sum) -> Sum {
        Sum { gradient: self.gradient - part.gradient, packed: self.packed - part.packed }
    }
}

impl Sum {
    /// Whether no row was counted.
    #[inline]
    pub(super) fn is_empty(self) -> bool {
        self.packed == 0
    }
}

impl Scale {
    /// For sums over at most `rows` rows whose derivatives are at most this large in magnitude.
    pub(super) fn new(rows: usize, max_gradient: f64, max_hessian: f64) -> Scale {
        let count_bits = usize::BITS - rows.leading_zeros();
        // Above 50 bits an f64 would not hold the rounded number.
        let unit = |max: f64, bits: u32| {
            if max > 0.0 { exp2_at_least(max) / 2f64.powi(bits.min(50) as i32) } else { 1.0 }
        };
        // One bit is kept free, for a derivative that rounds up to the power of two itself.
        let (gradient_unit, hessian_unit) =
            (unit(max_gradient, 61 - count_bits), unit(max_hessian, 63 - 2 * count_bits));
        Scale {
            gradient_unit,
            hessian_unit,
            gradients_per_1: gradient_unit.recip(),
            hessians_per_1: hessian_unit.recip(),
            count_bits,
        }
    }

    /// One row.
    #[inline]
    pub(super) fn row(&self, gradient: f64, hessian: f64) -> Sum {
        let hessian = (hessian * self.hessians_per_1 + 0.5) as u64;
        Sum {
            gradient: (gradient * self.gradients_per_1).round_ties_even() as i64,
            packed: hessian << self.count_bits | 1,
        }
    }

    /// The sum of first derivatives.
    #[inline]
    pub(super) fn gradient(&self, sum: Sum) -> f64 {
        sum.gradient as f64 * self.gradient_unit
    }

    /// The sum of second derivatives.
    #[inline]
    pub(super) fn hessian(&self, sum: Sum) -> f64 {
        (sum.packed >> self.count_bits) as f64 * self.hessian_unit
    }

    /// How many rows were added.
    #[inline]
    pub(super) fn count(&self, sum: Sum) -> usize {
        (sum.packed & ((1 << self.count_bits) - 1)) as usize
    }
}

/// The smallest power of two that is not less, kept where its reciprocal is an ordinary number as well.
fn exp2_at_least(x: f64) -> f64 {
    2f64.powi(x.log2().ceil().clamp(-900.0, 1020.0) as i32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn total(rows: &[Sum]) -> Sum {
        rows.iter().fold(Sum::default(), |mut all, &row| {
            all += row;
            all
        })
    }

    proptest! {
        #[test]
        fn sums_are_close_and_their_differences_exact(
            rows in prop::collection::vec((-3.0..3.0f64, 0.0..0.25f64), 1..300),
            cut in 0.0..1.0f64,
        ) {
            let scale = Scale::new(rows.len(), 3.0, 0.25);
            let sums: Vec<Sum> = rows.iter().map(|&(g, h)| scale.row(g, h)).collect();
            let all = total(&sums);
            let n = rows.len() as f64;
            prop_assert!((scale.gradient(all) - rows.iter().map(|r| r.0).sum::<f64>()).abs() < n * 1e-12);
            prop_assert!((scale.hessian(all) - rows.iter().map(|r| r.1).sum::<f64>()).abs() < n * 1e-12);
            prop_assert_eq!(scale.count(all), rows.len());
            let (left, right) = sums.split_at((cut * n) as usize);
            prop_assert_eq!(all - total(left), total(right));
        }
    }

    #[test]
    fn the_largest_allowed_sums_do_not_overflow() {
        for rows in [1usize, 1 << 10, 100_000, 1 << 24] {
            let scale = Scale::new(rows, 1.0, 1.0);
            let row = scale.row(-1.0, 1.0);
            // As many equal rows, by doubling.
            let (mut all, mut power, mut left) = (Sum::default(), row, rows);
            while left > 0 {
                if left & 1 == 1 {
                    all += power;
                }
                left >>= 1;
                if left > 0 {
                    power += power;
                }
            }
            assert_eq!(scale.count(all), rows);
            assert_eq!(scale.gradient(all), -(rows as f64));
            assert_eq!(scale.hessian(all), rows as f64);
        }
    }

    #[test]
    fn derivatives_of_zero_and_of_any_size_keep_their_count() {
        for size in [0.0, 1e-300, 1e-30, 1e30, 1e300] {
            let scale = Scale::new(3, size, size);
            let row = scale.row(size, size);
            assert_eq!((scale.count(row), row.is_empty()), (1, false));
            assert!((scale.gradient(row) - size).abs() <= 1e-9 * size.max(1e-290));
        }
    }
}
