//! Numbers that the thresholds of trees are, single and double.

/// A number that thresholds are compared with.
pub(super) trait Threshold: Copy + PartialOrd + Send + Sync {
    const INFINITY: Self;
    const NAN: Self;
    /// The largest number below; NaN, which nothing is below, for the smallest.
    fn below(self) -> Self;
    fn is_nan(self) -> bool;
}

impl Threshold for f32 {
    const INFINITY: f32 = f32::INFINITY;
    const NAN: f32 = f32::NAN;
    fn below(self) -> f32 {
        if self == f32::NEG_INFINITY { f32::NAN } else { self.next_down() }
    }
    fn is_nan(self) -> bool {
        f32::is_nan(self)
    }
}

impl Threshold for f64 {
    const INFINITY: f64 = f64::INFINITY;
    const NAN: f64 = f64::NAN;
    fn below(self) -> f64 {
        if self == f64::NEG_INFINITY { f64::NAN } else { self.next_down() }
    }
    fn is_nan(self) -> bool {
        f64::is_nan(self)
    }
}
