//! DDM: an error rate that has risen three standard deviations above its best.

use crate::input::{self, BadInput};

/// No alarm before more than so many rows.
const LEAST: u64 = 30;

/// The drift detection method on errors (yes or no), which starts afresh after an alarm.
///
/// - *What it answers.* Has the error rate risen from its lowest?
/// - *Assumptions.* Independent errors; a rate that is not 0 at the start.
/// - *When it misleads.* Thirty rows without an error make the next error an alarm. It compares with the
///   luckiest moment so far, so it alarms without a change sooner or later; slow rises it takes in.
/// - *Source.* Gama, Medas, Castillo and Rodrigues 2004.
/// - *Checked against.* river 0.26.1 `drift.binary.DDM`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ddm {
    threshold: f64,
    rows: u64,
    errors: u64,
    best: f64,
    best_sd: f64,
}

impl Ddm {
    /// Alarms at `threshold` (above 0; 3 is usual) standard deviations above the best rate.
    pub fn new(threshold: f64) -> Result<Self, BadInput> {
        let good = threshold.is_finite() && threshold > 0.0;
        input::parameter("threshold", threshold, "a finite number above 0", good)?;
        Ok(Ddm::fresh(threshold))
    }

    fn fresh(threshold: f64) -> Self {
        Ddm { threshold, rows: 0, errors: 0, best: f64::INFINITY, best_sd: 0.0 }
    }

    /// Takes whether a row was an error; whether that raises an alarm.
    pub fn observe(&mut self, error: bool) -> bool {
        self.rows += 1;
        self.errors += u64::from(error);
        let rate = self.errors as f64 / self.rows as f64;
        let sd = (rate * (1.0 - rate) / self.rows as f64).sqrt();
        if self.rows <= LEAST {
            return false;
        }
        if rate + sd <= self.best + self.best_sd {
            (self.best, self.best_sd) = (rate, sd);
        }
        let drift = rate + sd > self.best + self.threshold * self.best_sd;
        if drift {
            *self = Ddm::fresh(self.threshold);
        }
        drift
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_that_falls_is_no_alarm_and_one_that_triples_is() {
        let mut ddm = Ddm::new(3.0).unwrap();
        assert!((0..1_000u32).all(|i| !ddm.observe(i % if i < 300 { 5 } else { 10 } == 0)));
        let first = (0..200u32).find(|i| ddm.observe(i % 3 == 0));
        assert!(first.is_some_and(|i| i < 150), "{first:?}");
        assert!(Ddm::new(f64::NAN).is_err());
    }
}
