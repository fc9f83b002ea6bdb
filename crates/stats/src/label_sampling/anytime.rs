//! The active mean with bounds that hold at every look, however few labels there are.
//!
//! Not for losses without bounds: bring them to [0, 1]. The invariant: each summand lies within bounds that
//! were set beforehand, so it can be bet on, and no normal approximation is made.

use super::POSSIBLE;
use crate::Estimate;
use crate::input::{self, BadInput};
use crate::sequential::Hedged;

/// The mean loss of a stream of rows, each labelled or not by its own coin.
///
/// - *What it answers.* Between what bounds is the mean loss so far, whenever I look?
/// - *Assumptions.* Losses in [0, 1]; each row is labelled with the logged probability, which is at least
///   the floor set beforehand, whatever its loss; the guess is made before the coin. Rows come with one
///   mean loss, given those before.
/// - *When it misleads.* Where the mean moves, it encloses neither the old nor the new one. With a floor of
///   0.02 a summand ranges over 50 or more, and the bounds stay wide for thousands of rows: the normal
///   interval of [`super::active_mean`] is narrower, at one planned look.
/// - *Source.* Zrnic and Candès 2024, section 4, with the bets of Waudby-Smith and Ramdas 2024: the summand
///   f + (loss − f)/probability lies in [−g(1/floor − 1), 1/floor] for guesses of at most g.
/// - *Checked against.* [`super::active_mean`] for the point; its coverage at every look by simulation.
#[derive(Debug, Clone, PartialEq)]
pub struct AnytimeActiveMean {
    floor: f64,
    largest_guess: f64,
    hedged: Hedged,
}

impl AnytimeActiveMean {
    /// For labels of probability at least `floor`, in (0, 1], and guesses from 0 to `largest_guess`, in
    /// [0, 1]: 0 for no guesses, which halves the range. Both bounds together fail with chance `alpha`.
    pub fn new(floor: f64, largest_guess: f64, alpha: f64) -> Result<Self, BadInput> {
        input::parameter("least probability of a label", floor, POSSIBLE, floor > 0.0 && floor <= 1.0)?;
        let good = (0.0..=1.0).contains(&largest_guess);
        input::parameter("largest guess", largest_guess, "a number in [0, 1]", good)?;
        Ok(AnytimeActiveMean { floor, largest_guess, hedged: Hedged::new(alpha)? })
    }

    /// Takes a row: the probability of its label, the guess of its loss, and the loss if it was labelled.
    ///
    /// # Errors
    /// A probability below the floor or above 1, a guess above the largest or below 0, a loss outside
    /// [0, 1]. The row then leaves no trace.
    pub fn observe(&mut self, probability: f64, guess: f64, loss: Option<f64>) -> Result<(), BadInput> {
        let good = probability >= self.floor && probability <= 1.0;
        input::parameter("probability of a label", probability, "at least the floor and at most 1", good)?;
        let good = (0.0..=self.largest_guess).contains(&guess);
        input::parameter("guess", guess, "a number from 0 to the largest guess", good)?;
        let found = loss.unwrap_or(0.0);
        input::parameter("loss", found, "a number in [0, 1]", (0.0..=1.0).contains(&found))?;
        let summand = guess + loss.map_or(0.0, |loss| (loss - guess) / probability);
        // Rounding may carry a summand past its end.
        self.hedged.observe(((summand - self.low()) / self.range()).clamp(0.0, 1.0))
    }

    /// The mean of the summands and its bounds now, within those of all looks before and [0, 1]. Before the
    /// first row the bounds are 0 and 1.
    pub fn look(&mut self) -> Estimate {
        let (low, range) = (self.low(), self.range());
        let found = self.hedged.look();
        let back = |x: f64| low + range * x;
        let bounds = Estimate { low: back(found.low), high: back(found.high), ..found }.within(0.0, 1.0);
        Estimate { value: if found.rows == 0 { 0.5 } else { back(found.value) }, ..bounds }
    }

    fn low(&self) -> f64 {
        -self.largest_guess * (1.0 / self.floor - 1.0)
    }

    fn range(&self) -> f64 {
        1.0 / self.floor - self.low()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::label_sampling::{Coins, active_mean};
    use proptest::prelude::*;

    #[test]
    fn rows_outside_what_was_agreed_leave_no_trace() {
        let mut mean = AnytimeActiveMean::new(0.1, 0.5, 0.05).unwrap();
        assert!(mean.observe(0.05, 0.2, None).is_err() && mean.observe(0.2, 0.6, None).is_err());
        assert!(mean.observe(0.2, 0.2, Some(1.5)).is_err() && mean.observe(f64::NAN, 0.2, None).is_err());
        assert!(mean.observe(0.2, 0.2, Some(f64::NAN)).is_err());
        assert_eq!(mean.look(), Estimate { value: 0.5, low: 0.0, high: 1.0, rows: 0 });
        let error = AnytimeActiveMean::new(0.0, 0.5, 0.05).unwrap_err().to_string();
        assert!(error.ends_with("no estimator can repair that"), "{error}");
    }

    proptest! {
        #[test]
        fn the_point_is_the_active_mean(
            rows in prop::collection::vec((0.1..=1.0f64, 0.0..=1.0f64, any::<bool>(), 0.0..=1.0f64), 3..60),
        ) {
            prop_assume!(rows.iter().filter(|r| r.2).count() > 1);
            let losses: Vec<Option<f64>> = rows.iter().map(|r| r.2.then_some(r.3)).collect();
            let probabilities: Vec<f64> = rows.iter().map(|r| r.0).collect();
            let guessed: Vec<f64> = rows.iter().map(|r| r.1).collect();
            let mut anytime = AnytimeActiveMean::new(0.1, 1.0, 0.05).unwrap();
            for row in 0..rows.len() {
                anytime.observe(probabilities[row], guessed[row], losses[row]).unwrap();
            }
            let coins = Coins { losses: &losses, probabilities: &probabilities };
            let found = active_mean(coins, &guessed).unwrap();
            prop_assert!((anytime.look().value - found.value).abs() < 1e-9);
        }
    }
}
