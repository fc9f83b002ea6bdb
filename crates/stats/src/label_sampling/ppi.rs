//! Prediction-powered inference: a uniform sample of labels, and guesses for everything.
//!
//! Not for labels drawn with different probabilities ([`super::active_mean`]). The invariant: with lambda 0
//! the guesses are ignored, and the estimate is the labelled rows' mean.

use super::SampledMean;
use crate::Estimate;
use crate::input::{self, BadInput};
use crate::sum::{mean, sum};

/// A mean by PPI++.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PpiMean {
    /// The estimate; its rows are labelled and unlabelled together.
    pub mean: SampledMean,
    /// How far the guesses were followed.
    pub lambda: f64,
}

/// The mean of `lambda` times the guesses of the unlabelled rows, plus the mean of what the labelled rows
/// say beyond them. Without `lambda` it is tuned for the least variance and kept within [0, 1].
///
/// - *What it answers.* What is the mean over all rows, from few labels and a guess for every row?
/// - *Assumptions.* The labelled rows are a uniform sample of the same population as the unlabelled ones;
///   guesses do not depend on the labels. They need not be good.
/// - *When it misleads.* Labels that were chosen are no uniform sample: use [`super::active_mean`]. With a
///   dozen labels the tuned lambda follows their noise, and the interval is too narrow.
/// - *Source.* Angelopoulos et al. 2023 (PPI); Angelopoulos, Duchi and Zrnic 2023 (PPI++, the tuned lambda).
/// - *Checked against.* ppi-python 0.2.3 `ppi_mean_pointestimate` and `ppi_mean_ci`.
///
/// # Errors
/// Fewer than two labelled or two unlabelled rows, columns of different lengths, or a number that is not
/// finite.
pub fn ppi_mean(
    actual: &[f64],
    guessed: &[f64],
    guessed_unlabelled: &[f64],
    lambda: Option<f64>,
) -> Result<PpiMean, BadInput> {
    input::at_least("labelled rows", actual.len(), 2)?;
    input::at_least("unlabelled rows", guessed_unlabelled.len(), 2)?;
    input::same_length("guesses", guessed.len(), actual.len())?;
    input::all_finite("actual", actual)?;
    input::all_finite("guesses", guessed)?;
    input::all_finite("guesses of unlabelled rows", guessed_unlabelled)?;
    let lambda = lambda.unwrap_or_else(|| tuned(actual, guessed, guessed_unlabelled));
    input::parameter("lambda", lambda, "a finite number", lambda.is_finite())?;
    let beyond: Vec<f64> = actual.iter().zip(guessed).map(|(y, f)| y - lambda * f).collect();
    let value = lambda * mean(guessed_unlabelled) + mean(&beyond);
    let (labels, others) = (actual.len(), guessed_unlabelled.len());
    let part = lambda * lambda * spread(guessed_unlabelled) / others as f64;
    let se = input::finite("the standard error", (part + spread(&beyond) / labels as f64).sqrt())?;
    let mean = SampledMean { value, se, rows: (labels + others) as u64, labels: labels as u64 };
    Ok(PpiMean { mean, lambda })
}

impl PpiMean {
    /// The mean with its two-sided normal interval at `level`.
    pub fn estimate(&self, level: f64) -> Result<Estimate, BadInput> {
        self.mean.estimate(level)
    }
}

/// Cov(y, f) / ((1 + n/N) Var f), the variance over all guesses; 0 where they are all alike.
fn tuned(actual: &[f64], guessed: &[f64], unlabelled: &[f64]) -> f64 {
    let (y, f, labels) = (mean(actual), mean(guessed), actual.len() as f64);
    let together = sum(actual.iter().zip(guessed).map(|(a, g)| (a - y) * (g - f))) / labels;
    let all = [guessed, unlabelled].concat();
    let below = (1.0 + labels / unlabelled.len() as f64) * crate::sum::variance(&all);
    if below > 0.0 { (together / below).clamp(0.0, 1.0) } else { 0.0 }
}

/// The variance with n below, as the reference package has it.
fn spread(values: &[f64]) -> f64 {
    let middle = mean(values);
    sum(values.iter().map(|v| (v - middle) * (v - middle))) / values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bad_numbers_are_refused_and_constant_guesses_ignored() {
        let (y, f) = ([1.0, 2.0, 4.0], [0.5; 3]);
        assert!(ppi_mean(&y, &f, &[0.5, f64::NAN], None).is_err());
        assert!(ppi_mean(&y[..1], &f[..1], &f, None).is_err() && ppi_mean(&y, &f[..2], &f, None).is_err());
        assert!(ppi_mean(&y, &f, &f, Some(f64::INFINITY)).is_err());
        let found = ppi_mean(&y, &f, &f, None).unwrap();
        assert_eq!((found.lambda, found.mean.labels, found.mean.rows), (0.0, 3, 6));
        assert!((found.mean.value - 7.0 / 3.0).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn a_constant_in_all_guesses_changes_nothing(
            rows in prop::collection::vec((-3.0..3.0f64, -3.0..3.0f64), 2..30),
            others in prop::collection::vec(-3.0..3.0f64, 2..30), by in -9.0..9.0f64,
        ) {
            let (y, f): (Vec<f64>, Vec<f64>) = rows.into_iter().unzip();
            let here = ppi_mean(&y, &f, &others, None).unwrap();
            let moved = |values: &[f64]| values.iter().map(|v| v + by).collect::<Vec<_>>();
            let there = ppi_mean(&y, &moved(&f), &moved(&others), Some(here.lambda)).unwrap();
            prop_assert!((0.0..=1.0).contains(&here.lambda));
            prop_assert!((here.mean.value - there.mean.value).abs() < 1e-9);
            prop_assert!((here.mean.se - there.mean.se).abs() < 1e-9);
        }
    }
}
