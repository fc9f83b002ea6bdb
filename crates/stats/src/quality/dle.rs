//! Direct loss estimation: the loss of a regression model, guessed by a model of its errors.
//!
//! Not that model: the caller fits it on reference rows, |error| on the row and its prediction, and brings
//! its answers for the current rows. The invariant: the estimate is their mean.

use super::Assumption;
use crate::Estimate;
use crate::input::{self, BadInput};
use crate::proportion::z;
use crate::sum::{mean, variance};

const ASSUMPTIONS: &[Assumption] = &[
    Assumption::SameConcept,
    Assumption::SharedSupport,
    Assumption::RightErrors,
    Assumption::IndependentAnswers,
];

/// The expected loss of a regression model on rows without answers.
#[derive(Debug, Clone, PartialEq)]
pub struct DirectLoss {
    /// The mean loss, in the unit of the predicted losses: the mean absolute error for |errors|.
    pub loss: Estimate,
    /// What must be true for it to be right.
    pub assumptions: &'static [Assumption],
}

/// DLE: the mean of the predicted losses of the current rows, each 0 or more, with its normal interval at
/// `level`. For the RMSE, predict squared errors and take the root of the value and of both ends.
///
/// - *What it answers.* How large are the errors on rows whose answers have not come yet, if errors depend
///   on the row as they did?
/// - *Assumptions.* Those listed in the result, first of all that P(Y|X) has not changed. The regressor
///   saw errors of rows that the model was not trained on.
/// - *When it misleads.* Under concept drift it does not move: never a gate or an alarm alone. The interval
///   says how much depends on which rows came, and knows nothing of the regressor's own error. A regressor
///   of trees repeats its outermost leaf on rows beyond the reference.
/// - *Source.* NannyML's DLE.
/// - *Checked against.* The formula; simulation under covariate shift.
///
/// # Errors
/// Fewer than two rows, a predicted loss that is negative or not finite, or a level outside (0, 1).
pub fn direct_loss(predicted_losses: &[f64], level: f64) -> Result<DirectLoss, BadInput> {
    let rows = predicted_losses.len();
    input::at_least("rows", rows, 2)?;
    let expected = "a finite number, 0 or more: a loss cannot be below 0";
    input::all("predicted losses", predicted_losses, expected, |l| l.is_finite() && l >= 0.0)?;
    let se = (variance(predicted_losses) / rows as f64).sqrt();
    let reach = input::finite("the standard error", z(level)? * se)?;
    let loss = Estimate::around(mean(predicted_losses), reach, rows as u64).within(0.0, f64::INFINITY);
    Ok(DirectLoss { loss, assumptions: ASSUMPTIONS })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_and_its_interval() {
        let found = direct_loss(&[1.0, 2.0, 3.0], 0.95).unwrap();
        assert_eq!(found.loss.value, 2.0);
        assert!((found.loss.reach() - 1.959963984540054 / 3.0f64.sqrt()).abs() < 1e-9);
        assert_eq!(found.assumptions[0], Assumption::SameConcept);
        assert_eq!(direct_loss(&[0.0, 0.0, 0.1], 0.999).unwrap().loss.low, 0.0);
    }

    #[test]
    fn a_negative_loss_is_named() {
        let error = direct_loss(&[1.0, -0.5], 0.95).unwrap_err();
        assert!(error.to_string().starts_with("predicted losses, row 1: found -0.5"), "{error}");
        assert!(direct_loss(&[1.0, f64::NAN], 0.95).is_err());
        assert!(direct_loss(&[f64::MAX, 0.0, f64::MAX], 0.95).is_err());
        assert!(direct_loss(&[1.0], 0.95).is_err() && direct_loss(&[1.0, 2.0], 0.0).is_err());
    }
}
