//! One-sided CUSUM: what a standardised stream has gained above an allowance.

use crate::input::{self, BadInput};

/// The sum max(0, C + x − k), which alarms above h.
///
/// - *What it answers.* Has the mean risen by about twice the allowance or more?
/// - *Assumptions.* Values in standard deviations from their mean before the change; that mean and spread
///   are known. The allowance k is half the rise looked for.
/// - *When it misleads.* A reference mean that is off by a tenth of a standard deviation multiplies the false
///   alarms. For falls, hand in the values with their sign turned.
/// - *Source.* Page 1954; Moustakides 1986 for its optimality.
/// - *Checked against.* The formula by numpy 2 in the vector `cusum_one_sided`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cusum {
    allowance: f64,
    threshold: f64,
    sum: f64,
}

impl Cusum {
    /// With an allowance k (0 or more) and a threshold h (above 0; 8 is usual), in standard deviations.
    pub fn new(allowance: f64, threshold: f64) -> Result<Self, BadInput> {
        let good = allowance.is_finite() && allowance >= 0.0;
        input::parameter("allowance", allowance, "a finite number, 0 or more", good)?;
        let good = threshold.is_finite() && threshold > 0.0;
        input::parameter("threshold", threshold, "a finite number above 0", good)?;
        Ok(Cusum { allowance, threshold, sum: 0.0 })
    }

    /// Takes a finite standardised value; whether the sum stands above the threshold. It goes on counting
    /// after an alarm: take a new one to start afresh.
    pub fn observe(&mut self, value: f64) -> Result<bool, BadInput> {
        input::parameter("value", value, "a finite number", value.is_finite())?;
        self.sum = (self.sum + value - self.allowance).max(0.0);
        Ok(self.sum > self.threshold)
    }

    /// The sum.
    pub fn sum(&self) -> f64 {
        self.sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_allowance_is_taken_off_each_value_and_nothing_is_owed() {
        let mut cusum = Cusum::new(0.5, 3.0).unwrap();
        let alarms: Vec<bool> =
            [-9.0, 2.0, 2.0, 0.0, 1.5].iter().map(|&x| cusum.observe(x).unwrap()).collect();
        assert_eq!(alarms, [false, false, false, false, true]);
        assert_eq!(cusum.sum(), 3.5);
        assert!(cusum.observe(f64::NAN).is_err() && Cusum::new(0.5, -1.0).is_err());
    }
}
