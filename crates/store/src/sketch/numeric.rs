//! What is kept of a column of numbers: moments, extremes, quantiles and how many are distinct.

use super::bytes::{Input, put_f64, put_u64};
use super::distinct::Distinct;
use super::kll::Kll;

/// The finite numbers of a column. Mean and squares are merged as in Chan, Golub and LeVeque 1983.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Numeric {
    count: u64,
    pub infinite: u64,
    mean: f64,
    /// The sum of squared distances from the mean.
    squares: f64,
    min: f64,
    max: f64,
    pub quantiles: Kll,
    pub distinct: Distinct,
}

/// Mean, spread and extremes of the finite numbers that a sketch has seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moments {
    /// How many numbers there are, at least one.
    pub count: u64,
    /// Their mean.
    pub mean: f64,
    /// Their variance with divisor n, so that one number has 0.
    pub variance: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
}

impl Numeric {
    pub fn new() -> Numeric {
        let (min, max) = (f64::INFINITY, f64::NEG_INFINITY);
        let (quantiles, distinct) = (Kll::new(), Distinct::new());
        Numeric { count: 0, infinite: 0, mean: 0.0, squares: 0.0, min, max, quantiles, distinct }
    }

    /// Sees a number that is not NaN.
    pub fn add(&mut self, x: f64) {
        if x.is_infinite() {
            self.infinite = self.infinite.saturating_add(1);
            return;
        }
        self.count = self.count.saturating_add(1);
        let off = x - self.mean;
        self.mean += off / self.count as f64;
        self.squares += off * (x - self.mean);
        (self.min, self.max) = (self.min.min(x), self.max.max(x));
        self.quantiles.add(x);
        self.distinct.add_number(x);
    }

    pub fn merge(&mut self, other: &Numeric) {
        self.infinite = self.infinite.saturating_add(other.infinite);
        if other.count == 0 {
            return;
        }
        let (a, b) = (self.count as f64, other.count as f64);
        let off = other.mean - self.mean;
        self.mean += off * (b / (a + b));
        self.squares += other.squares + off * off * (a * b / (a + b));
        self.count = self.count.saturating_add(other.count);
        (self.min, self.max) = (self.min.min(other.min), self.max.max(other.max));
        self.quantiles.merge(&other.quantiles);
        self.distinct.merge(&other.distinct);
    }

    pub fn moments(&self) -> Option<Moments> {
        let &Numeric { count, mean, min, max, .. } = self;
        (count > 0).then(|| Moments { count, mean, variance: self.squares / count as f64, min, max })
    }

    pub fn write(&self, out: &mut Vec<u8>) {
        put_u64(out, self.count);
        put_u64(out, self.infinite);
        [self.mean, self.squares, self.min, self.max].iter().for_each(|&x| put_f64(out, x));
        self.quantiles.write(out);
        self.distinct.write(out);
    }

    pub fn read(input: &mut Input<'_>) -> Option<Numeric> {
        let (count, infinite) = (input.u64()?, input.u64()?);
        let (mean, squares, min, max) = (input.f64()?, input.f64()?, input.f64()?, input.f64()?);
        let quantiles = Kll::read(input, count)?;
        let distinct = Distinct::read(input)?;
        Some(Numeric { count, infinite, mean, squares, min, max, quantiles, distinct })
    }
}
