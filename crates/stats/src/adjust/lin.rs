//! Several covariates at the end of an experiment: Lin's interacted regression.
//!
//! Not for a stream (see [`super::AdjustedStream`]). The invariant: each arm has its own slopes, so the
//! adjusted difference is never less sharp than the plain one in large samples, whatever the truth.

use super::Units;
use crate::cholesky::Cholesky;
use crate::input::{self, BadInput};
use crate::paired::MeanDifference;
use crate::sum::mean;

/// The effect from the regression of the outcome on arm, centred covariates and their products, with the
/// HC2 standard error. `covariates` holds one column per covariate.
///
/// - *What it answers.* The effect, with the noise removed that several earlier values explain.
/// - *Assumptions.* Covariates were fixed before exposure. Independent units, many more per arm than
///   covariates.
/// - *When it misleads.* With covariates that the arm can change.
/// - *Source.* Lin 2013; MacKinnon and White 1985 for HC2.
/// - *Checked against.* statsmodels 0.15.0 `OLS(...).fit(cov_type="HC2")`.
///
/// # Errors
///
/// An arm with no more units than covariates and 2; covariates of which one follows from the others.
pub fn lin(units: Units<'_>, covariates: &[&[f64]]) -> Result<MeanDifference, BadInput> {
    units.check()?;
    for column in covariates {
        input::same_length("covariate", column.len(), units.outcome.len())?;
        input::all_finite("covariate", column)?;
    }
    let middle: Vec<f64> = covariates.iter().map(|column| mean(column)).collect();
    let arm = |ours: bool| {
        let rows = (0..units.outcome.len()).filter(|&row| units.challenger[row] == ours);
        let design = |row: usize| {
            let centred = covariates.iter().zip(&middle).map(|(column, middle)| column[row] - middle);
            (std::iter::once(1.0).chain(centred).collect(), units.outcome[row])
        };
        at_the_centre(rows.map(design).collect())
    };
    // With products of arm and covariates, one regression is two: each arm's own, both read at the
    // common centre. Their errors are independent.
    let (incumbent, challenger) = (arm(false)?, arm(true)?);
    let rows = units.outcome.len() as u64;
    let df = rows as f64 - 2.0 * (covariates.len() as f64 + 1.0);
    let se = (incumbent.1 + challenger.1).sqrt();
    Ok(MeanDifference { mean: challenger.0 - incumbent.0, se, df, rows, clusters: rows })
}

/// The intercept of a least-squares fit and its HC2 variance, from (design row, outcome).
fn at_the_centre(rows: Vec<(Vec<f64>, f64)>) -> Result<(f64, f64), BadInput> {
    let size = rows.first().map_or(1, |(design, _)| design.len());
    input::at_least("units in an arm", rows.len(), size + 2)?;
    let (mut gram, mut right) = (vec![0.0; size * size], vec![0.0; size]);
    for (design, outcome) in &rows {
        for i in 0..size {
            right[i] += design[i] * outcome;
            (0..=i).for_each(|j| gram[i * size + j] += design[i] * design[j]);
        }
    }
    let collinear = || BadInput::Undefined {
        what: "the regression adjustment",
        why: "a covariate is constant or follows from the others; leave it out",
    };
    let factor = Cholesky::of(&gram, size).ok_or_else(collinear)?;
    let coefficients = factor.solve(&right);
    let dot = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
    let first: Vec<f64> = (0..size).map(|i| f64::from(u8::from(i == 0))).collect();
    let to_intercept = factor.solve(&first);
    let variance = rows.iter().map(|(design, outcome)| {
        let leverage = dot(design, &factor.solve(design));
        let influence = dot(design, &to_intercept) * (outcome - dot(design, &coefficients));
        influence * influence / (1.0 - leverage).max(f64::EPSILON)
    });
    Ok((coefficients[0], variance.sum()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::welch::welch;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn without_covariates_it_is_the_plain_difference(
            a in prop::collection::vec(-5.0..5.0f64, 3..20), b in prop::collection::vec(-5.0..5.0f64, 3..20),
        ) {
            let challenger: Vec<bool> = (0..a.len() + b.len()).map(|row| row >= a.len()).collect();
            let outcome: Vec<f64> = a.iter().chain(&b).copied().collect();
            let found = lin(Units { challenger: &challenger, outcome: &outcome }, &[]).unwrap();
            let plain = welch(&a, &b).unwrap();
            // HC2 without covariates is Welch's standard error.
            prop_assert!((found.mean - plain.mean).abs() < 1e-12 && (found.se - plain.se).abs() < 1e-12);
        }
    }

    #[test]
    fn covariates_that_say_the_same_are_refused() {
        let challenger = [true, false, true, false, true, false, true, false, true, false];
        let outcome = [1.0, 2.0, 3.0, 1.0, 2.0, 4.0, 2.0, 1.0, 0.0, 1.0];
        let units = Units { challenger: &challenger, outcome: &outcome };
        let x = [0.0, 1.0, 2.0, 4.0, 1.0, 0.0, 3.0, 2.0, 5.0, 1.0];
        let error = lin(units, &[&x, &x]).unwrap_err().to_string();
        assert!(error.contains("leave it out"), "{error}");
        assert!(lin(units, &[&x]).is_ok());
        assert!(lin(units, &[&x[..4]]).is_err());
    }
}
