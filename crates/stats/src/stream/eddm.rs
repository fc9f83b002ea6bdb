//! EDDM: errors that have come closer together than they were at their best.

use crate::input::{self, BadInput};
use crate::moments::Moments;

/// No alarm before more than so many rows, and so many errors.
const LEAST: u64 = 30;

/// The early drift detection method on errors (yes or no), which starts afresh after an alarm.
///
/// - *What it answers.* Have the gaps between errors shrunk?
/// - *Assumptions.* Independent errors, and more than thirty of them.
/// - *When it misleads.* It has no error rate of its own and is easily alarmed: 4 of its 5 alarms on the
///   reference stream, which changes once, come without a change. Context, never a page.
/// - *Source.* Baena-García et al. 2006.
/// - *Checked against.* river 0.26.1 `drift.binary.EDDM`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Eddm {
    threshold: f64,
    rows: u64,
    last: u64,
    gaps: Moments,
    best: f64,
}

impl Eddm {
    /// Alarms when mean + 2 sd of the gaps falls below a share `threshold` of its highest; 0.9 is usual.
    pub fn new(threshold: f64) -> Result<Self, BadInput> {
        input::open_unit("threshold", threshold)?;
        Ok(Eddm::fresh(threshold))
    }

    fn fresh(threshold: f64) -> Self {
        Eddm { threshold, rows: 0, last: 0, gaps: Moments::default(), best: f64::NEG_INFINITY }
    }

    /// Takes whether a row was an error; whether that raises an alarm.
    pub fn observe(&mut self, error: bool) -> bool {
        self.rows += 1;
        if !error {
            return false;
        }
        self.gaps.observe((self.rows - self.last) as f64).expect("a count is a finite number");
        self.last = self.rows;
        let reach = self.gaps.mean() + 2.0 * self.gaps.sd();
        if self.rows <= LEAST {
            return false;
        }
        let risen = reach > self.best;
        self.best = self.best.max(reach);
        let drift = !risen && self.gaps.count() > LEAST && reach / self.best < self.threshold;
        if drift {
            *self = Eddm::fresh(self.threshold);
        }
        drift
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_that_come_closer_alarm() {
        let mut eddm = Eddm::new(0.9).unwrap();
        assert!((0..400u32).all(|i| !eddm.observe(i % 10 == 9)));
        let first = (0..400u32).find(|i| eddm.observe(i % 2 == 0));
        assert!(first.is_some_and(|i| i < 200), "{first:?}");
        assert!(Eddm::new(1.0).is_err());
    }
}
