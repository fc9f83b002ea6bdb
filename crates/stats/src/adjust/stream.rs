//! Adjusted unit values while units keep coming: the augmented, inverse-propensity-weighted stream.
//!
//! Not the sharpest at the end (that is [`super::lin`]), but valid at every look and through changes of
//! the allocation, where plain means of pooled stages mix times (Simpson's paradox). The invariant: a
//! unit's value uses its own outcome, its logged propensity and predictions fitted on earlier units
//! only; so given the past its mean is the effect, however poor the predictions are. Its weight depends
//! on the propensity alone.

use super::fit::Fit;
use super::weighted::Sums;
use crate::input::{self, BadInput};
use crate::sequential::Seen;

/// The first units are learned from and not counted: this many, and two more per covariate.
const LEARNED_FIRST: u64 = 20;

/// An arm's own fit has half of the weight against the fit on both arms at this many of its units,
/// times one more than there are covariates.
const HALF_WEIGHT: f64 = 10.0;

/// One unit of the stream, in the order of assignment.
#[derive(Debug, Clone, Copy)]
pub struct StreamUnit<'a> {
    /// Whether it was assigned to the challenger, whoever answered.
    pub challenger: bool,
    /// The chance with which it would be assigned to the challenger, as logged then; strictly between 0
    /// and 1.
    pub propensity: f64,
    /// Its outcome, finite.
    pub outcome: f64,
    /// What was known of it before exposure: finite, always as many as announced.
    pub covariates: &'a [f64],
}

/// The stream ψ = m₁ − m₀ + A(Y − m₁)/p − (1 − A)(Y − m₀)/(1 − p), whose weighted mean estimates the
/// effect of the challenger: hand [`AdjustedStream::seen`] to a [`crate::sequential::Monitor`].
///
/// A value has the weight 2√(p(1 − p)), which is 1 at an even split. So weighted, values of all stages of
/// a ramp have about the same variance: early stages do not drown the later ones, and boundaries
/// that count units count the same amount of chance in each. For planning, a unit of a stage at p is
/// worth as much as 2√(p(1 − p)) units of an even split: 0.44 at 5%.
///
/// - *What it answers.* The difference of the arms' means, with the noise removed that covariates
///   explain, through a ramp.
/// - *Assumptions.* The propensities are those that were used; covariates were fixed before exposure; an
///   effect that is about the same over time, or whose weighted average over the units is wanted.
/// - *When it misleads.* At propensities near 0 or 1 single units weigh 1/p: the interval is honest only
///   once both arms have many. Units must come in the order in which they were assigned.
/// - *Source.* Robins, Rotnitzky and Zhao 1994; sequentially, with predictions from the past:
///   Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas 2024, section 3. Weights that stabilise the
///   variance: Hadad, Hirshberg, Zhan, Wager and Athey 2021.
/// - *Checked against.* The plain difference on the same units; size under a ramp and gain by simulation
///   (`tests/simulation/adjust.rs`).
#[derive(Debug, Clone, PartialEq)]
pub struct AdjustedStream {
    covariates: usize,
    seen: u64,
    both: Fit,
    arms: [Fit; 2],
    sums: Sums,
}

impl AdjustedStream {
    /// With this many covariates, which may be none.
    pub fn new(covariates: usize) -> Self {
        let fit = || Fit::new(covariates);
        AdjustedStream { covariates, seen: 0, both: fit(), arms: [fit(), fit()], sums: Sums::default() }
    }

    /// Takes the next unit; returns its value ψ, or `None` while only learning.
    pub fn observe(&mut self, unit: StreamUnit<'_>) -> Result<Option<f64>, BadInput> {
        input::open_unit("propensity", unit.propensity)?;
        input::parameter("outcome", unit.outcome, "a finite number", unit.outcome.is_finite())?;
        input::same_length("covariates", unit.covariates.len(), self.covariates)?;
        input::all_finite("covariate", unit.covariates)?;
        let counted = self.seen >= LEARNED_FIRST + 2 * self.covariates as u64;
        let value = counted.then(|| self.value(unit));
        if let Some(value) = value {
            self.sums.add(value, 2.0 * (unit.propensity * (1.0 - unit.propensity)).sqrt());
        }
        self.seen += 1;
        self.both.learn(unit.covariates, unit.outcome);
        self.arms[usize::from(unit.challenger)].learn(unit.covariates, unit.outcome);
        Ok(value)
    }

    /// What a monitor sees: the weighted mean, and the standard deviation per unit that goes with it. The
    /// units are short by those that were only learned from.
    pub fn seen(&self) -> Seen {
        self.sums.seen()
    }

    fn value(&self, unit: StreamUnit<'_>) -> f64 {
        let (incumbent, challenger) = (self.predict(0, unit.covariates), self.predict(1, unit.covariates));
        let residual = if unit.challenger {
            (unit.outcome - challenger) / unit.propensity
        } else {
            -(unit.outcome - incumbent) / (1.0 - unit.propensity)
        };
        challenger - incumbent + residual
    }

    /// An arm's prediction leans on both arms while it has few units of its own.
    fn predict(&self, arm: usize, covariates: &[f64]) -> f64 {
        let count = self.arms[arm].count();
        let own = count / (count + HALF_WEIGHT * (self.covariates + 1) as f64);
        let both = self.both.predict(covariates);
        both + own * (self.arms[arm].predict(covariates) - both)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moments::Moments;
    use crate::random;
    use proptest::prelude::*;

    fn unit(challenger: bool, outcome: f64, covariates: &[f64]) -> StreamUnit<'_> {
        StreamUnit { challenger, propensity: 0.5, outcome, covariates }
    }

    #[test]
    fn the_first_units_only_teach() {
        let mut stream = AdjustedStream::new(1);
        let values: Vec<_> =
            (0..40).map(|i| stream.observe(unit(i % 2 == 0, 1.0, &[f64::from(i)])).unwrap()).collect();
        assert_eq!(values.iter().take_while(|v| v.is_none()).count(), 22);
        assert_eq!(stream.seen().units, 18);
    }

    #[test]
    fn a_large_offset_is_learned_before_it_counts() {
        let mut stream = AdjustedStream::new(0);
        (0..1_000).for_each(|i| {
            let noise = random::unit(1, 0, i);
            stream.observe(unit(random::unit(1, 1, i) < 0.5, 1e6 + noise, &[])).unwrap();
        });
        assert!(stream.seen().mean.abs() < 0.1 && stream.seen().sd < 0.8);
    }

    #[test]
    fn covariates_that_explain_everything_leave_the_effect() {
        let mut stream = AdjustedStream::new(2);
        (0..4_000).for_each(|i| {
            let x = [random::unit(2, 0, i), 5.0 * random::unit(2, 1, i)];
            let challenger = random::unit(2, 2, i) < 0.3;
            let outcome = 3.0 * x[0] - x[1] + if challenger { 0.25 } else { 0.0 };
            let unit = StreamUnit { challenger, propensity: 0.3, outcome, covariates: &x };
            stream.observe(unit).unwrap();
        });
        let found = stream.seen();
        assert!((found.mean - 0.25).abs() < 0.02 && found.sd < 0.5, "{found:?}");
    }

    #[test]
    fn a_covariate_that_never_varies_or_says_the_same_does_no_harm() {
        let mut stream = AdjustedStream::new(3);
        (0..500).for_each(|i| {
            let x = random::unit(3, 0, i);
            let value = stream.observe(unit(random::unit(3, 1, i) < 0.5, x, &[7.0, x, x]));
            assert!(value.unwrap().is_none_or(f64::is_finite));
        });
        assert!(stream.seen().mean.abs() < 0.05);
    }

    #[test]
    fn what_no_log_can_hold_is_refused() {
        let mut stream = AdjustedStream::new(1);
        let before = stream.clone();
        assert!(stream.observe(StreamUnit { propensity: 0.0, ..unit(true, 1.0, &[1.0]) }).is_err());
        assert!(stream.observe(unit(true, f64::NAN, &[1.0])).is_err());
        assert!(stream.observe(unit(true, 1.0, &[])).is_err());
        assert!(stream.observe(unit(true, 1.0, &[f64::NAN])).is_err());
        assert_eq!(stream, before);
    }

    #[test]
    fn at_an_even_split_the_mean_is_the_plain_mean_of_the_values() {
        let (mut stream, mut moments) = (AdjustedStream::new(0), Moments::default());
        (0..300).for_each(|i| {
            let next = unit(random::unit(5, 0, i) < 0.5, random::unit(5, 1, i), &[]);
            let value = stream.observe(next).unwrap();
            value.into_iter().for_each(|v| moments.observe(v).unwrap());
        });
        let (seen, plain) = (stream.seen(), Seen::of(&moments));
        assert_eq!(seen.units, plain.units);
        assert!((seen.mean - plain.mean).abs() < 1e-13 && (seen.sd - plain.sd).abs() < 1e-12);
        assert!((seen.skewness - plain.skewness).abs() < 1e-10);
    }

    #[test]
    fn stages_of_a_ramp_have_the_same_spread() {
        let sd = |propensity: f64| {
            let mut stream = AdjustedStream::new(0);
            (0..40_000).for_each(|i| {
                let challenger = random::unit(6, 0, i) < propensity;
                let outcome = random::unit(6, 1, i);
                stream.observe(StreamUnit { propensity, ..unit(challenger, outcome, &[]) }).unwrap();
            });
            stream.seen().sd * 2.0 * (propensity * (1.0 - propensity)).sqrt()
        };
        assert!((sd(0.05) / sd(0.5) - 1.0).abs() < 0.05);
    }

    proptest! {
        #[test]
        fn a_units_value_never_uses_its_own_outcome_in_a_prediction(outcome in -5.0..5.0f64) {
            let mut stream = AdjustedStream::new(1);
            (0..60).for_each(|i| {
                let x = random::unit(4, 0, i);
                stream.observe(unit(random::unit(4, 1, i) < 0.5, x, &[x])).unwrap();
            });
            // Linear in the outcome with slope 1/p: the predictions did not move with it.
            let value = |outcome: f64| stream.clone().observe(unit(true, outcome, &[0.3])).unwrap().unwrap();
            prop_assert!((value(outcome) - value(0.0) - 2.0 * outcome).abs() < 1e-9);
        }
    }
}
