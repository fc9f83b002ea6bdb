//! The ladders: a fixed holdout asked again and again without being learned by heart.
//!
//! They bound what a shown loss gives away; they do not test anything. The invariant: a released
//! loss never rises, and the same submissions in the same order are answered the same.

use crate::input::{self, BadInput};
use crate::sum::{mean, variance};

/// The Ladder with a fixed step: a submission's loss is released, rounded to the step, only when
/// it beats the best so far by more than the step; otherwise the best is released again.
///
/// - *What it answers.* What may be said of a holdout loss when many submissions are tried?
/// - *Assumptions.* Losses in [0, 1]; the holdout is fixed.
/// - *When it misleads.* A step below the noise of the holdout leaks; see [`Ladder`].
/// - *Source.* Blum and Hardt 2015, algorithm 1.
/// - *Checked against.* The algorithm by hand.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FixedLadder {
    step: f64,
    best: Option<f64>,
}

impl FixedLadder {
    /// With this step, such as 0.01.
    pub fn new(step: f64) -> Result<Self, BadInput> {
        input::open_unit("step", step)?;
        Ok(FixedLadder { step, best: None })
    }

    /// Takes a submission's mean holdout loss; returns the loss to show.
    pub fn release(&mut self, loss: f64) -> Result<f64, BadInput> {
        input::parameter("loss", loss, "a finite number", loss.is_finite())?;
        match self.best {
            Some(best) if loss >= best - self.step => Ok(best),
            _ => {
                let rounded = (loss / self.step).round() * self.step;
                self.best = Some(rounded);
                Ok(rounded)
            }
        }
    }
}

/// The Ladder without a parameter: a submission must beat the best so far by one standard error
/// of their row differences; the loss released is rounded to 1/n.
///
/// - *What it answers.* As [`FixedLadder`], the step set by the data.
/// - *Assumptions.* Independent rows, the same rows in the same order each time.
/// - *When it misleads.* It bounds what leaks; it does not say that a release is significant.
/// - *Source.* Blum and Hardt 2015, algorithm 3.
/// - *Checked against.* The algorithm.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ladder {
    best: Option<Rung>,
}

#[derive(Debug, Clone, PartialEq)]
struct Rung {
    released: f64,
    losses: Vec<f64>,
}

impl Ladder {
    /// Before any submission.
    pub fn new() -> Self {
        Ladder::default()
    }

    /// Takes a submission's loss on every holdout row; returns the mean loss to show. At least
    /// two rows.
    pub fn release(&mut self, losses: &[f64]) -> Result<f64, BadInput> {
        input::at_least("rows", losses.len(), 2)?;
        input::all_finite("losses", losses)?;
        let n = losses.len() as f64;
        let loss = mean(losses);
        if let Some(best) = &self.best {
            let change = crate::paired::differences(losses, &best.losses)?;
            if loss >= best.released - (variance(&change) / n).sqrt() {
                return Ok(best.released);
            }
        }
        let released = (loss * n).round() / n;
        self.best = Some(Rung { released, losses: losses.to_vec() });
        Ok(released)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_holdout_of_another_length_is_refused() {
        let mut ladder = Ladder::new();
        ladder.release(&[0.5, 0.6, 0.7]).unwrap();
        assert!(ladder.release(&[0.5, 0.6]).is_err());
    }

    #[test]
    fn a_gain_within_the_noise_is_not_shown() {
        let mut ladder = Ladder::new();
        let first: Vec<f64> = (0..100).map(|i| f64::from(i % 2)).collect();
        assert_eq!(ladder.release(&first), Ok(0.5));
        // Better on one row and worse on none: one standard error is 0.01 as well.
        let mut barely = first.clone();
        barely[1] = 0.0;
        assert_eq!(ladder.release(&barely), Ok(0.5));
        let better: Vec<f64> = first.iter().map(|l| 0.5 * l).collect();
        assert_eq!(ladder.release(&better), Ok(0.25));
    }

    proptest! {
        #[test]
        fn released_losses_never_rise(losses in prop::collection::vec(0.0..1.0f64, 1..40)) {
            let mut ladder = FixedLadder::new(0.02).unwrap();
            let released: Vec<f64> = losses.iter().map(|&l| ladder.release(l).unwrap()).collect();
            prop_assert!(released.windows(2).all(|w| w[1] <= w[0]));
        }
    }
}
