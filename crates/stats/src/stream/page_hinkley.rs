//! Page and Hinkley's test: how far a sum of deviations has come from its lowest and its highest point.

use crate::input::{self, BadInput};
use crate::moments::Moments;

/// No alarm before so many values.
const LEAST: u64 = 30;
/// How much of each sum is left after another value.
const KEPT: f64 = 0.9999;

/// The two-sided test on finite values, which starts afresh after an alarm.
///
/// - *What it answers.* Has the mean moved from what it has been since the last alarm?
/// - *Assumptions.* A tolerance and a threshold in the units of the values.
/// - *When it misleads.* The usual threshold of 50 is for unbounded values and takes hundreds of rows on
///   losses in [0, 1]; about 10 suits those. The mean it compares with takes the change in as well, so a
///   slow one is missed.
/// - *Source.* Page 1954; Hinkley 1971; with the forgetting of Gama, Sebastião and Rodrigues 2013.
/// - *Checked against.* river 0.26.1 `drift.PageHinkley`, three thresholds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PageHinkley {
    tolerance: f64,
    threshold: f64,
    mean: Moments,
    rise: f64,
    lowest: f64,
    fall: f64,
    highest: f64,
}

impl PageHinkley {
    /// Deviations up to `tolerance` (0 or more; usually 0.005) count nothing; alarm at `threshold` (above 0).
    pub fn new(tolerance: f64, threshold: f64) -> Result<Self, BadInput> {
        let good = tolerance.is_finite() && tolerance >= 0.0;
        input::parameter("tolerance", tolerance, "a finite number, 0 or more", good)?;
        let good = threshold.is_finite() && threshold > 0.0;
        input::parameter("threshold", threshold, "a finite number above 0", good)?;
        Ok(PageHinkley::fresh(tolerance, threshold))
    }

    fn fresh(tolerance: f64, threshold: f64) -> Self {
        let (lowest, highest) = (f64::INFINITY, f64::NEG_INFINITY);
        PageHinkley { tolerance, threshold, mean: Moments::default(), rise: 0.0, lowest, fall: 0.0, highest }
    }

    /// Takes a finite value; whether it raises an alarm.
    pub fn observe(&mut self, value: f64) -> Result<bool, BadInput> {
        self.mean.observe(value)?;
        let deviation = value - self.mean.mean();
        self.rise = KEPT * self.rise + deviation - self.tolerance;
        self.fall = KEPT * self.fall + deviation + self.tolerance;
        self.lowest = self.lowest.min(self.rise);
        self.highest = self.highest.max(self.fall);
        let furthest = (self.rise - self.lowest).max(self.highest - self.fall);
        let drift = self.mean.count() >= LEAST && furthest > self.threshold;
        if drift {
            *self = PageHinkley::fresh(self.tolerance, self.threshold);
        }
        Ok(drift)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rises_and_falls_alarm_alike() {
        for sign in [1.0, -1.0] {
            let mut test = PageHinkley::new(0.005, 10.0).unwrap();
            let value = |i: u32| f64::from(i % 2) + if i < 100 { 0.0 } else { 2.0 * sign };
            let first = (0..200).find(|&i| test.observe(value(i)).unwrap());
            assert!(first.is_some_and(|i| (100..110).contains(&i)), "{first:?}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        let mut test = PageHinkley::new(0.005, 10.0).unwrap();
        let before = test;
        assert!(test.observe(f64::INFINITY).is_err());
        assert_eq!(test, before);
        assert!(PageHinkley::new(-1.0, 10.0).is_err() && PageHinkley::new(0.0, 0.0).is_err());
    }
}
