//! Metrics of numbers that are not plain means of row losses.
//!
//! The means (MAE, MSE) are [`crate::metric::absolute_losses`] and
//! [`crate::metric::squared_losses`]; forecasts scaled by their own past are in
//! [`crate::forecast`]. The invariant: finite, or an error that says why.

use crate::input::{self, BadInput};
use crate::metric::{absolute_losses, check_numeric, check_weights, squared_losses, weighted_mean};

/// The root of the mean squared error, in the units of the target.
///
/// - *What it answers.* The typical size of an error, large ones counting more.
/// - *Assumptions.* None beyond finite numbers.
/// - *When it misleads.* A few outliers decide it; look at the MAE beside it.
/// - *Source.* Textbook.
/// - *Checked against.* scikit-learn 1.9.1 `root_mean_squared_error`.
pub fn rmse(actual: &[f64], predicted: &[f64], weights: Option<&[f64]>) -> Result<f64, BadInput> {
    Ok(weighted_mean(&squared_losses(actual, predicted)?, weights)?.sqrt())
}

/// 1 − squared error / squared spread of the target.
///
/// - *What it answers.* The share of the target's variance that is explained: the skill against
///   the mean of these very rows.
/// - *Assumptions.* At least two rows. A constant target has no variance: then 1 if every
///   prediction is exact and 0 if not, as in scikit-learn.
/// - *When it misleads.* The reference is a mean nobody knew beforehand; prefer skill against a
///   baseline.
/// - *Source.* Wright 1921.
/// - *Checked against.* scikit-learn 1.9.1 `r2_score`.
pub fn r_squared(actual: &[f64], predicted: &[f64], weights: Option<&[f64]>) -> Result<f64, BadInput> {
    input::at_least("rows", actual.len(), 2)?;
    let error = weighted_mean(&squared_losses(actual, predicted)?, weights)?;
    let middle = vec![weighted_mean(actual, weights)?; actual.len()];
    let spread = weighted_mean(&squared_losses(actual, &middle)?, weights)?;
    explained(error, spread)
}

/// 1 − variance of the error / variance of the target: [`r_squared`] with a constant offset
/// forgiven.
pub fn explained_variance(
    actual: &[f64],
    predicted: &[f64],
    weights: Option<&[f64]>,
) -> Result<f64, BadInput> {
    check_numeric(actual, predicted)?;
    let error: Vec<f64> = actual.iter().zip(predicted).map(|(y, f)| y - f).collect();
    explained(spread(&error, weights)?, spread(actual, weights)?)
}

/// The mean of |y − f| / |y|.
///
/// - *What it answers.* The typical error in percent of the actual.
/// - *Assumptions.* No actual is 0: then it is an error here (scikit-learn divides by 2·10⁻¹⁶,
///   other packages drop the row).
/// - *When it misleads.* Near zero it explodes, and it rewards forecasting too low. Not for the
///   gate.
/// - *Source.* Makridakis 1993 on its faults.
/// - *Checked against.* scikit-learn 1.9.1 `mean_absolute_percentage_error`.
pub fn mape(actual: &[f64], predicted: &[f64], weights: Option<&[f64]>) -> Result<f64, BadInput> {
    let losses = absolute_losses(actual, predicted)?;
    if actual.contains(&0.0) {
        return Err(BadInput::Undefined { what: "MAPE", why: "an actual value is 0; use WAPE" });
    }
    let shares: Vec<f64> = losses.iter().zip(actual).map(|(loss, y)| loss / y.abs()).collect();
    weighted_mean(&shares, weights)
}

/// The median of |y − f|. With weights: the value at which half of the weight is reached, the
/// mean of it and the next when half is reached exactly.
pub fn median_absolute_error(
    actual: &[f64],
    predicted: &[f64],
    weights: Option<&[f64]>,
) -> Result<f64, BadInput> {
    let losses = absolute_losses(actual, predicted)?;
    check_weights(weights, losses.len())?;
    let weight = |row: usize| weights.map_or(1.0, |w| w[row]);
    let mut order: Vec<usize> = (0..losses.len()).filter(|&row| weight(row) > 0.0).collect();
    order.sort_by(|&a, &b| losses[a].total_cmp(&losses[b]));
    let half = 0.5 * order.iter().map(|&row| weight(row)).sum::<f64>();
    let mut reached = 0.0;
    let place = order.iter().position(|&row| {
        reached += weight(row);
        reached >= half
    });
    let place = place.unwrap_or(order.len() - 1);
    let next = order[(place + 1).min(order.len() - 1)];
    let here = losses[order[place]];
    Ok(if reached == half { 0.5 * (here + losses[next]) } else { here })
}

/// The largest |y − f|.
pub fn max_error(actual: &[f64], predicted: &[f64]) -> Result<f64, BadInput> {
    Ok(absolute_losses(actual, predicted)?.into_iter().fold(0.0, f64::max))
}

fn explained(error: f64, spread: f64) -> Result<f64, BadInput> {
    match (error == 0.0, spread == 0.0) {
        (true, _) => Ok(1.0),
        (false, true) => Ok(0.0),
        (false, false) => input::finite("the explained share", 1.0 - error / spread),
    }
}

fn spread(values: &[f64], weights: Option<&[f64]>) -> Result<f64, BadInput> {
    let middle = vec![weighted_mean(values, weights)?; values.len()];
    weighted_mean(&squared_losses(values, &middle)?, weights)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_actual_of_zero_has_no_mape() {
        let error = mape(&[0.0, 1.0], &[0.0, 1.5], None).unwrap_err();
        assert_eq!(error.to_string(), "MAPE is undefined: an actual value is 0; use WAPE");
    }

    #[test]
    fn squares_that_overflow_are_an_error_not_infinity() {
        assert!(rmse(&[1e300, 2.0], &[-1e300, 2.0], None).is_err());
        assert!(r_squared(&[2.0], &[3.0], None).is_err());
    }

    #[test]
    fn an_offset_costs_r_squared_but_not_explained_variance() {
        let (actual, shifted) = ([1.0, 2.0, 3.0], [2.0, 3.0, 4.0]);
        assert_eq!(explained_variance(&actual, &shifted, None), Ok(1.0));
        assert_eq!(r_squared(&actual, &shifted, None), Ok(-0.5));
    }

    #[test]
    fn a_median_splits_the_weight() {
        let zeros = [0.0; 4];
        assert_eq!(median_absolute_error(&[1.0, 2.0, 3.0, 4.0], &zeros, None), Ok(2.5));
        let weights = [1.0, 1.0, 1.0, 5.0];
        assert_eq!(median_absolute_error(&[1.0, 2.0, 3.0, 4.0], &zeros, Some(&weights)), Ok(4.0));
    }
}
