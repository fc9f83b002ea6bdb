//! Running moments: the mean and the variance of a stream, one value at a time.
//!
//! Not for a column that is already here ([`crate::sum`] is exact there). The invariant: merged in any
//! order, parts give the moments of the whole up to rounding, and a large offset costs no digits.

use crate::input::{self, BadInput};

/// Count, mean, spread and skewness of the values so far.
///
/// - *Source.* Welford 1962; Pébay 2008 for the merge and the third moment.
/// - *Checked against.* [`crate::sum::variance`], and the sums themselves.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Moments {
    count: u64,
    mean: f64,
    squares: f64,
    cubes: f64,
}

impl Moments {
    /// Of `yes` ones and `trials − yes` zeros.
    pub fn of_yes_no(yes: u64, trials: u64) -> Result<Self, BadInput> {
        input::parameter("yes", yes as f64, "at most the trials", yes <= trials)?;
        if trials == 0 {
            return Ok(Moments::default());
        }
        let (yes, n) = (yes as f64, trials as f64);
        let squares = yes * (n - yes) / n;
        Ok(Moments { count: trials, mean: yes / n, squares, cubes: squares * (n - 2.0 * yes) / n })
    }

    /// From a count, a mean and a variance with n − 1 below, as another program may report them; the
    /// skewness is not known and taken to be 0.
    pub fn of_summary(count: u64, mean: f64, variance: f64) -> Result<Self, BadInput> {
        input::parameter("mean", mean, "a finite number", mean.is_finite())?;
        let good = variance.is_finite() && variance >= 0.0;
        input::parameter("variance", variance, "a finite number, 0 or more", good)?;
        Ok(Moments { count, mean, squares: variance * (count as f64 - 1.0).max(0.0), cubes: 0.0 })
    }

    /// Takes a finite value.
    pub fn observe(&mut self, value: f64) -> Result<(), BadInput> {
        input::parameter("value", value, "a finite number", value.is_finite())?;
        self.count += 1;
        let (n, before) = (self.count as f64, value - self.mean);
        let step = before / n;
        let term = before * step * (n - 1.0);
        self.mean += step;
        self.cubes += term * step * (n - 2.0) - 3.0 * step * self.squares;
        self.squares += term;
        Ok(())
    }

    /// Takes all values of another stream.
    pub fn merge(&mut self, other: &Moments) {
        if other.count == 0 {
            return;
        }
        let (mine, theirs) = (self.count as f64, other.count as f64);
        let (gap, all) = (other.mean - self.mean, mine + theirs);
        self.cubes += other.cubes
            + gap.powi(3) * mine * theirs * (mine - theirs) / (all * all)
            + 3.0 * gap * (mine * other.squares - theirs * self.squares) / all;
        self.squares += other.squares + gap * gap * (mine * theirs / all);
        self.count += other.count;
        self.mean += gap * (theirs / all);
    }

    /// How many values.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Their mean; 0 before the first.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// Their variance with n − 1 below; 0 before the second.
    pub fn variance(&self) -> f64 {
        if self.count < 2 { 0.0 } else { self.squares / (self.count - 1) as f64 }
    }

    /// The mean of their cubed distances from the mean, per cubed standard deviation; 0 where they do not
    /// vary.
    pub fn skewness(&self) -> f64 {
        let n = self.count as f64;
        if self.squares > 0.0 { self.cubes / self.squares * (n / self.squares).sqrt() } else { 0.0 }
    }

    /// The mean of their cubed distances from the mean; 0 before the first.
    pub(crate) fn third(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.cubes / self.count as f64 }
    }

    /// Their standard deviation; 0 before the second.
    pub fn sd(&self) -> f64 {
        self.variance().sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sum;
    use proptest::prelude::*;

    fn of(values: &[f64]) -> Moments {
        let mut moments = Moments::default();
        values.iter().for_each(|&v| moments.observe(v).unwrap());
        moments
    }

    #[test]
    fn yes_and_no_are_ones_and_zeros() {
        let (found, expected) = (Moments::of_yes_no(2, 5).unwrap(), of(&[1.0, 0.0, 0.0, 1.0, 0.0]));
        assert_eq!((found.count(), found.mean()), (5, expected.mean()));
        assert!((found.variance() - expected.variance()).abs() < 1e-15);
        assert!((found.skewness() - expected.skewness()).abs() < 1e-15);
        assert!(Moments::of_yes_no(6, 5).is_err());
        assert_eq!(Moments::of_yes_no(0, 0), Ok(Moments::default()));
    }

    #[test]
    fn what_is_no_number_leaves_no_trace() {
        let mut moments = of(&[1.0, 2.0]);
        assert!(moments.observe(f64::NAN).is_err() && moments.observe(f64::INFINITY).is_err());
        assert_eq!(moments, of(&[1.0, 2.0]));
    }

    proptest! {
        #[test]
        fn parts_merge_to_the_whole(
            values in prop::collection::vec(-9.0..9.0f64, 2..60), cut in 0usize..60, offset in -1e6..1e6f64,
        ) {
            let values: Vec<f64> = values.iter().map(|v| v + offset).collect();
            let (left, right) = values.split_at(cut.min(values.len()));
            let mut merged = of(left);
            merged.merge(&of(right));
            prop_assert_eq!(merged.count(), values.len() as u64);
            prop_assert!((merged.mean() - sum::mean(&values)).abs() < 1e-8);
            prop_assert!((merged.variance() - sum::variance(&values)).abs() < 1e-7);
            let third = sum::mean(&values.iter().map(|v| (v - sum::mean(&values)).powi(3)).collect::<Vec<_>>());
            prop_assert!((merged.third() - third).abs() < 1e-5);
        }
    }
}
