//! The choice of a calibrator, and one type for all of them.
//!
//! Not a search: the choice follows from the shape and the number of rows alone, so that it does not
//! depend on the labels. The invariant: rows of probabilities go in and come out.

use super::{Isotonic, Platt, Temperature};
use crate::input::{self, BadInput};
use crate::metric::{LOG_LOSS_CLIP, check_binary, check_probabilities, check_rows, check_weights};
use crate::off_policy::effective_sample_size;

/// Isotonic regression from this many rows, Platt scaling below.
pub const ISOTONIC_ROWS: f64 = 1_000.0;

/// Platt scaling sees log-odds of probabilities at least this far from 0 and 1: a few rows that are stated
/// as certain would otherwise decide its slope.
const NEAREST: f64 = 1e-6;

/// A fitted calibrator of probabilities.
///
/// - *What it answers.* What does a stated probability mean, judged by rows whose answers are known?
/// - *Assumptions.* Those of the one chosen; rows that the model was not trained on.
/// - *When it misleads.* It is right on average over rows like those it was fitted on, not for every kind
///   of row: where the mix of rows moves, weight it ([`crate::quality::importance`]).
/// - *Source.* Niculescu-Mizil and Caruana 2005 for the number of rows; Guo et al. 2017 for classes.
///   Platt scaling is on the log-odds, on which probabilities that are right already are a straight line.
/// - *Checked against.* Each one on its own; the choice by test.
#[derive(Debug, Clone, PartialEq)]
pub enum Calibrator {
    /// Two classes, on at least [`ISOTONIC_ROWS`] rows.
    Isotonic(Isotonic),
    /// Two classes, on fewer; on log-odds.
    Platt(Platt),
    /// Three classes or more; on log-probabilities.
    Temperature(Temperature),
}

impl Calibrator {
    /// Fits on row-major `probabilities`, `width` a row, each row summing to 1, and the index of each
    /// row's true class. With two classes the second is the yes of [`Calibrator::fit_yes_no`].
    ///
    /// # Errors
    /// No rows, columns of different lengths, a number that is no probability, rows that do not sum to 1,
    /// an unknown class, or weights that are negative or all 0.
    pub fn fit(
        classes: &[usize],
        probabilities: &[f64],
        width: usize,
        weights: Option<&[f64]>,
    ) -> Result<Self, BadInput> {
        check_probabilities(classes, probabilities, width)?;
        if width == 2 {
            let actual: Vec<bool> = classes.iter().map(|&class| class == 1).collect();
            return Calibrator::fit_yes_no(&actual, &second(probabilities), weights);
        }
        Temperature::fit(classes, &logs(probabilities), width, weights).map(Calibrator::Temperature)
    }

    /// Fits on the stated probability of yes of each row. With weights, the effective number of rows
    /// (Σw)²/Σw² decides between the two methods and is what Platt's smoothing counts.
    pub fn fit_yes_no(
        actual: &[bool],
        probabilities: &[f64],
        weights: Option<&[f64]>,
    ) -> Result<Self, BadInput> {
        check_binary(actual, probabilities)?;
        check_weights(weights, actual.len())?;
        let effective = weights.map_or(Ok(actual.len() as f64), effective_sample_size)?;
        if effective >= ISOTONIC_ROWS {
            return Isotonic::fit_yes_no(probabilities, actual, weights).map(Calibrator::Isotonic);
        }
        let scaled = weights.map(|w| {
            let scale = effective / crate::sum::sum(w.iter().copied());
            w.iter().map(|weight| weight * scale).collect::<Vec<f64>>()
        });
        let scores: Vec<f64> = probabilities.iter().map(|&p| log_odds(p)).collect();
        Platt::fit_yes_no(&scores, actual, scaled.as_deref()).map(Calibrator::Platt)
    }

    /// Calibrated rows, in the shape they came in.
    ///
    /// # Errors
    /// Rows that are no probabilities, or more than two classes for a calibrator of two.
    pub fn apply(&self, probabilities: &[f64], width: usize) -> Result<Vec<f64>, BadInput> {
        check_rows(probabilities, width)?;
        if let Calibrator::Temperature(fitted) = self {
            return fitted.apply(&logs(probabilities), width);
        }
        let expected = "2: this calibrator answers yes or no";
        input::parameter("probabilities a row", width as f64, expected, width == 2)?;
        let yes = self.apply_yes_no(&second(probabilities))?;
        Ok(yes.into_iter().flat_map(|p| [1.0 - p, p]).collect())
    }

    /// The calibrated probability of yes of each row.
    pub fn apply_yes_no(&self, probabilities: &[f64]) -> Result<Vec<f64>, BadInput> {
        input::all_unit("probabilities", probabilities)?;
        match self {
            Calibrator::Isotonic(fitted) => probabilities.iter().map(|&p| fitted.apply(p)).collect(),
            Calibrator::Platt(fitted) => probabilities.iter().map(|&p| fitted.apply(log_odds(p))).collect(),
            Calibrator::Temperature(_) => {
                let both: Vec<f64> = probabilities.iter().flat_map(|p| [1.0 - p, *p]).collect();
                self.apply(&both, 2).map(|rows| second(&rows))
            }
        }
    }

    /// The method's name: `isotonic`, `platt` or `temperature`.
    pub fn name(&self) -> &'static str {
        match self {
            Calibrator::Isotonic(_) => "isotonic",
            Calibrator::Platt(_) => "platt",
            Calibrator::Temperature(_) => "temperature",
        }
    }
}

fn second(rows: &[f64]) -> Vec<f64> {
    rows.chunks_exact(2).map(|row| row[1]).collect()
}

fn logs(probabilities: &[f64]) -> Vec<f64> {
    probabilities.iter().map(|p| p.max(LOG_LOSS_CLIP).ln()).collect()
}

fn log_odds(p: f64) -> f64 {
    let p = p.clamp(NEAREST, 1.0 - NEAREST);
    p.ln() - libm::log1p(-p)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::unit;

    /// A model that states half of the log-odds that are true.
    fn timid(rows: u64) -> (Vec<bool>, Vec<f64>) {
        let row = |i: u64| {
            let odds = 6.0 * unit(1, i, 0) - 3.0;
            let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
            (unit(1, i, 1) < sigmoid(odds), sigmoid(0.5 * odds))
        };
        (0..rows).map(row).unzip()
    }

    #[test]
    fn the_number_of_rows_chooses_and_weights_count_as_what_they_are_worth() {
        let (actual, stated) = timid(1_000);
        assert_eq!(Calibrator::fit_yes_no(&actual, &stated, None).unwrap().name(), "isotonic");
        assert_eq!(Calibrator::fit_yes_no(&actual[1..], &stated[1..], None).unwrap().name(), "platt");
        let uneven: Vec<f64> = (0..1_000).map(|i| if i % 10 == 0 { 9.0 } else { 0.1 }).collect();
        assert_eq!(Calibrator::fit_yes_no(&actual, &stated, Some(&uneven)).unwrap().name(), "platt");
        let even = vec![0.3; 1_000];
        assert_eq!(Calibrator::fit_yes_no(&actual, &stated, Some(&even)).unwrap().name(), "isotonic");
    }

    #[test]
    fn a_timid_model_is_repaired_by_all_three() {
        let odds = |p: f64| (p / (1.0 - p)).ln();
        for rows in [900, 40_000] {
            let (actual, stated) = timid(rows);
            let found = Calibrator::fit_yes_no(&actual, &stated, None).unwrap();
            for p in [0.3, 0.5, 0.7] {
                let said = found.apply_yes_no(&[p]).unwrap()[0];
                assert!((odds(said) - 2.0 * odds(p)).abs() < 0.35, "{} of {p}: {said}", found.name());
            }
        }
        let (actual, stated) = timid(20_000);
        let rows: Vec<f64> = stated.iter().flat_map(|p| [0.999 * (1.0 - p), 0.999 * p, 0.001]).collect();
        let classes: Vec<usize> = actual.iter().map(|&yes| usize::from(yes)).collect();
        let found = Calibrator::fit(&classes, &rows, 3, None).unwrap();
        let Calibrator::Temperature(fitted) = &found else { panic!("{}", found.name()) };
        assert!((fitted.temperature() - 0.5).abs() < 0.03, "{}", fitted.temperature());
    }

    #[test]
    fn rows_of_two_are_the_yes_and_its_rest() {
        let (actual, stated) = timid(300);
        let classes: Vec<usize> = actual.iter().map(|&yes| usize::from(yes)).collect();
        let rows: Vec<f64> = stated.iter().flat_map(|p| [1.0 - p, *p]).collect();
        let (by_row, by_yes) = (
            Calibrator::fit(&classes, &rows, 2, None).unwrap(),
            Calibrator::fit_yes_no(&actual, &stated, None),
        );
        assert_eq!(by_row, by_yes.unwrap());
        let said = by_row.apply(&rows, 2).unwrap();
        assert_eq!(second(&said), by_row.apply_yes_no(&stated).unwrap());
        let error = by_row.apply(&[0.2, 0.3, 0.5], 3).unwrap_err();
        assert_eq!(
            error.to_string(),
            "probabilities a row: found 3, expected 2: this calibrator answers yes or no"
        );
        assert!(by_row.apply_yes_no(&[f64::NAN]).is_err() && by_row.apply(&[0.5, 0.6], 2).is_err());
    }
}
