//! HDDM: a mean of bounded values that has risen further than Hoeffding's bound allows.
//!
//! Only rises are looked for: a loss that falls is no news. The invariant: values in [0, 1], and a fresh
//! start after each alarm.

use crate::input::{self, BadInput};
use crate::moments::Moments;

/// The plain means (A) of a stream in [0, 1] before and after its best moment.
///
/// - *What it answers.* Has the mean loss risen, at whatever moment?
/// - *Assumptions.* Independent values in [0, 1]; no distribution.
/// - *When it misleads.* The chance `confidence` is that of one comparison, not of the stream. Long after a
///   small rise it still compares with all that came before.
/// - *Source.* Frías-Blanco et al. 2015, HDDM-A test.
/// - *Checked against.* river 0.26.1 `drift.binary.HDDM_A`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HddmA {
    confidence: f64,
    all: Moments,
    best: Moments,
}

impl HddmA {
    /// With this chance of a false alarm at one comparison; 0.001 is usual.
    pub fn new(confidence: f64) -> Result<Self, BadInput> {
        input::open_unit("confidence", confidence)?;
        Ok(HddmA { confidence, all: Moments::default(), best: Moments::default() })
    }

    /// Takes a value in [0, 1]; whether it raises an alarm.
    pub fn observe(&mut self, value: f64) -> Result<bool, BadInput> {
        unit(value)?;
        self.all.observe(value)?;
        if self.best.count() == 0 || self.upper(&self.best) >= self.upper(&self.all) {
            self.best = self.all;
        }
        let drift = self.has_risen();
        if drift {
            (self.all, self.best) = (Moments::default(), Moments::default());
        }
        Ok(drift)
    }

    fn upper(&self, part: &Moments) -> f64 {
        part.mean() + (-self.confidence.ln() / (2.0 * part.count() as f64)).sqrt()
    }

    fn has_risen(&self) -> bool {
        let (all, best) = (self.all.count() as f64, self.best.count() as f64);
        let reach = ((all - best) / (best * all) / 2.0 * (2.0 / self.confidence).ln()).sqrt();
        all > best && self.all.mean() - self.best.mean() >= reach
    }
}

/// The exponentially weighted means (W) of a stream in [0, 1] up to and since its best moment.
///
/// - *What it answers.* Has the mean loss risen lately? Quicker than [`HddmA`] for gradual rises.
/// - *Assumptions.* As there.
/// - *When it misleads.* As there; the weight decides how long a rise must last to be seen.
/// - *Source.* Frías-Blanco et al. 2015, HDDM-W test (McDiarmid's bound).
/// - *Checked against.* river 0.26.1 `drift.binary.HDDM_W`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HddmW {
    confidence: f64,
    weight: f64,
    all: Weighted,
    best: Weighted,
    since: Weighted,
}

impl HddmW {
    /// With this chance of a false alarm at one comparison (0.001 is usual) and this weight of the newest
    /// value (0.05 is usual), both strictly between 0 and 1.
    pub fn new(confidence: f64, weight: f64) -> Result<Self, BadInput> {
        input::open_unit("confidence", confidence)?;
        input::open_unit("weight", weight)?;
        let none = Weighted { mean: None, squares: 1.0 };
        Ok(HddmW { confidence, weight, all: none, best: none, since: none })
    }

    /// Takes a value in [0, 1]; whether it raises an alarm.
    pub fn observe(&mut self, value: f64) -> Result<bool, BadInput> {
        unit(value)?;
        let none = Weighted { mean: None, squares: 1.0 };
        self.all.add(value, self.weight);
        if self.upper(&self.all) < self.upper(&self.best) {
            (self.best, self.since) = (self.all, none);
        } else {
            self.since.add(value, self.weight);
        }
        let drift = self.has_risen();
        if drift {
            (self.all, self.best, self.since) = (none, none, none);
        }
        Ok(drift)
    }

    fn upper(&self, part: &Weighted) -> f64 {
        part.mean.map_or(f64::INFINITY, |mean| mean + self.reach(part.squares))
    }

    fn reach(&self, squares: f64) -> f64 {
        (-0.5 * squares * self.confidence.ln()).sqrt()
    }

    fn has_risen(&self) -> bool {
        let (Some(before), Some(after)) = (self.best.mean, self.since.mean) else { return false };
        after - before > self.reach(self.best.squares + self.since.squares)
    }
}

/// An exponentially weighted mean and the sum of its squared weights.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Weighted {
    mean: Option<f64>,
    squares: f64,
}

impl Weighted {
    fn add(&mut self, value: f64, weight: f64) {
        self.mean = Some(self.mean.map_or(value, |mean| weight * value + (1.0 - weight) * mean));
        self.squares = weight * weight + (1.0 - weight) * (1.0 - weight) * self.squares;
    }
}

fn unit(value: f64) -> Result<(), BadInput> {
    input::parameter("value", value, "a number in [0, 1]", (0.0..=1.0).contains(&value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rise_alarms_a_fall_does_not_and_loud_values_are_refused() {
        let (mut a, mut w) = (HddmA::new(0.001).unwrap(), HddmW::new(0.001, 0.05).unwrap());
        let rate = |i: u32| f64::from(u8::from(i.is_multiple_of(if i < 300 { 4 } else { 20 })));
        assert!((0..900).all(|i| !a.observe(rate(i)).unwrap() && !w.observe(rate(i)).unwrap()));
        assert!((0..90).any(|_| a.observe(0.9).unwrap()) && (0..90).any(|_| w.observe(0.9).unwrap()));
        assert!(a.observe(1.5).is_err() && w.observe(f64::NAN).is_err());
        assert!(HddmA::new(1.0).is_err() && HddmW::new(0.001, 0.0).is_err());
    }
}
