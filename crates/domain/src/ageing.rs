//! How a trainer's models age, as it was measured: the loss of a model of some age above a fresh one on the same rows.
//!
//! Not the measuring (`lifecycle::decay`), and not what follows from it ([`crate::cadence`]). Ages are days since a
//! model's release. A fresh model knows only labels that had come in by then, so the label delay is no age.

use serde::{Deserialize, Serialize};
use stats::decay::Decay;

/// Excess loss L(1 - 2^(-a/h)) at age a, and how sure that is. Every interval is of 95%.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Ageing {
    /// The curve; `None` where no ageing is seen.
    pub curve: Option<Curve>,
    /// The interval of the half-life, in days; an end is `None` where it is not known.
    pub half_life: (Option<f64>, Option<f64>),
    /// The oldest age that was measured, in days, above 0.
    pub oldest: f64,
    /// The interval of the excess loss at that age: with no ageing seen, how much there may be all the same.
    pub at_oldest: (f64, f64),
    /// The share of resampled origins that do not age, 0 to 1.
    pub ageless: f64,
}

/// The two numbers of a curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// What a very old model loses above a fresh one (L), above 0.
    pub limit: f64,
    /// Days after which half of it is lost (h), above 0.
    pub half_life: f64,
}

impl Curve {
    /// The same for `stats`.
    pub fn decay(self) -> Decay {
        Decay { limit: self.limit, half_life: self.half_life }
    }

    /// What is lost to labels that come `delay` days late, at every age and whatever the cadence: the curve goes on
    /// to the left of a release in the same shape. `None` where the delay is so many half-lives that this says nothing.
    pub fn lost_to_delay(self, delay: f64) -> Option<f64> {
        const KNOWN: f64 = 3.0;
        let halves = delay / self.half_life;
        (halves <= KNOWN).then(|| self.limit * (halves.exp2() - 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_of_a_half_life_loses_as_much_as_there_is_left_to_lose() {
        // the whole curve has a limit of 2: half of it is gone at release, and 1 is what still can be lost
        let left = Curve { limit: 1.0, half_life: 30.0 };
        assert_eq!(left.lost_to_delay(0.0), Some(0.0));
        assert!((left.lost_to_delay(30.0).expect("known") - 1.0).abs() < 1e-12);
        assert_eq!(left.lost_to_delay(91.0), None);
    }
}
