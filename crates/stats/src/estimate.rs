//! A number never travels alone: an estimate with its interval, and what a test says.
//!
//! Not a verdict: whether a bound is good enough is the gate's business. The invariant:
//! `low ≤ value ≤ high` up to rounding, unless the method shrinks its point and says so.

use crate::distribution::{normal_upper, t_upper};

/// A number, the interval around it, and how much data it rests on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The point.
    pub value: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end of the interval.
    pub high: f64,
    /// On how many rows.
    pub rows: u64,
}

/// What a test says. The alternative "greater" is that the quantity tested is above the null.
///
/// Where a variance of 0 leaves no test, functions return `None` instead: neither p = 0 nor
/// p = 1 would be true.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TestResult {
    /// The distance from the null in standard errors.
    pub statistic: f64,
    /// The p-value against "greater".
    pub p_greater: f64,
    /// The p-value against "different".
    pub p_two_sided: f64,
}

impl Estimate {
    /// Symmetric around the value: ± `reach`.
    pub fn around(value: f64, reach: f64, rows: u64) -> Self {
        Estimate { value, low: value - reach, high: value + reach, rows }
    }

    /// Half the width of the interval.
    pub fn reach(&self) -> f64 {
        0.5 * (self.high - self.low)
    }

    /// Whether the interval covers `truth`.
    pub fn covers(&self, truth: f64) -> bool {
        self.low <= truth && truth <= self.high
    }

    /// The same with both ends kept within `[low, high]`, for quantities that cannot leave it.
    pub fn within(self, low: f64, high: f64) -> Self {
        Estimate { low: self.low.clamp(low, high), high: self.high.clamp(low, high), ..self }
    }
}

impl TestResult {
    /// From a statistic that is standard normal under the null.
    pub fn normal(z: f64) -> Self {
        TestResult {
            statistic: z,
            p_greater: normal_upper(z),
            p_two_sided: (2.0 * normal_upper(z.abs())).min(1.0),
        }
    }

    /// From a statistic that is Student's t with `df` degrees of freedom under the null.
    pub fn student(t: f64, df: f64) -> Self {
        TestResult {
            statistic: t,
            p_greater: t_upper(t, df),
            p_two_sided: (2.0 * t_upper(t.abs(), df)).min(1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn clamping_moves_the_ends_only() {
        let clamped = Estimate::around(0.95, 0.2, 10).within(0.0, 1.0);
        assert_eq!(clamped, Estimate { value: 0.95, low: 0.75, high: 1.0, rows: 10 });
        assert!(clamped.covers(1.0) && !clamped.covers(0.7));
    }

    proptest! {
        #[test]
        fn the_two_directions_share_one_probability(t in -30.0..30.0f64, df in 1.0..500.0f64) {
            for (here, mirrored) in [
                (TestResult::normal(t), TestResult::normal(-t)),
                (TestResult::student(t, df), TestResult::student(-t, df)),
            ] {
                prop_assert!((here.p_greater + mirrored.p_greater - 1.0).abs() < 1e-12);
                prop_assert_eq!(here.p_two_sided, mirrored.p_two_sided);
                prop_assert!((0.0..=1.0).contains(&here.p_two_sided));
            }
        }
    }
}
