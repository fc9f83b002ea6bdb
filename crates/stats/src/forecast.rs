//! Error measures of forecasts, scaled so that series of different size compare.
//!
//! Not the forecasts themselves. The invariant: when the scale is 0 (a constant history, or
//! nothing but zeros) the measure is an error that names the measure to use instead.

use crate::input::{self, BadInput};
use crate::metric::{absolute_losses, check_numeric, squared_losses, weighted_mean};
use crate::sum::{mean, sum};

/// Mean absolute error over the mean absolute step of the seasonal naive forecast in the history.
///
/// - *What it answers.* Whether the forecast errs less than repeating the last season did in
///   sample: below 1 it does.
/// - *Assumptions.* The history is longer than one season and not constant.
/// - *When it misleads.* The denominator is an in-sample one-step error, so long horizons exceed
///   1 with good forecasts; compare by skill.
/// - *Source.* Hyndman and Koehler 2006, equation 3.
/// - *Checked against.* utilsforecast 0.2.17 `mase`.
pub fn mase(history: &[f64], actual: &[f64], forecast: &[f64], season: usize) -> Result<f64, BadInput> {
    let error = weighted_mean(&absolute_losses(actual, forecast)?, None)?;
    let scale = naive_scale(history, season, f64::abs)?;
    scaled("MASE", error, scale)
}

/// The root of mean squared error over the mean squared seasonal step of the history: MASE with
/// squares. See [`mase`]; the measure of the M5 competition (Makridakis et al. 2022).
pub fn rmsse(history: &[f64], actual: &[f64], forecast: &[f64], season: usize) -> Result<f64, BadInput> {
    let error = weighted_mean(&squared_losses(actual, forecast)?, None)?;
    let scale = naive_scale(history, season, |step| step * step)?;
    Ok(scaled("RMSSE", error, scale)?.sqrt())
}

/// The mean of 2|y − f| / (|y| + |f|), from 0 to 2 (times 100 for percent); a row of two zeros
/// counts 0.
///
/// - *What it answers.* A relative error that is bounded.
/// - *Assumptions.* Values are positive, or it means little.
/// - *When it misleads.* Near zero every miss costs the full 2, and too low costs more than too
///   high. Not for the gate. Some packages define it on [0, 1].
/// - *Source.* Makridakis 1993, in the M4 form.
/// - *Checked against.* utilsforecast 0.2.17 `smape` times 2.
pub fn smape(actual: &[f64], forecast: &[f64]) -> Result<f64, BadInput> {
    check_numeric(actual, forecast)?;
    let share = |(y, f): (&f64, &f64)| {
        let size = y.abs() + f.abs();
        if size == 0.0 { 0.0 } else { 2.0 * ((y - f).abs() / size) }
    };
    let shares: Vec<f64> = actual.iter().zip(forecast).map(share).collect();
    weighted_mean(&shares, None)
}

/// The sum of |y − f| over the sum of |y|.
///
/// - *What it answers.* The share of the total volume that is misforecast; sound with zeros.
/// - *Assumptions.* Not every actual is 0.
/// - *When it misleads.* Large series decide it.
/// - *Source.* Kolassa and Schütz 2007.
/// - *Checked against.* The formula, on the cases of utilsforecast.
pub fn wape(actual: &[f64], forecast: &[f64]) -> Result<f64, BadInput> {
    let errors = absolute_losses(actual, forecast)?;
    let volume = sum(actual.iter().map(|y| y.abs()));
    if volume == 0.0 {
        return Err(BadInput::Undefined { what: "WAPE", why: "every actual value is 0; use MAE" });
    }
    input::finite("WAPE", sum(errors) / volume)
}

/// The mean of forecast − actual: above 0 the forecast is too high.
pub fn bias(actual: &[f64], forecast: &[f64]) -> Result<f64, BadInput> {
    check_numeric(actual, forecast)?;
    let errors: Vec<f64> = actual.iter().zip(forecast).map(|(y, f)| f - y).collect();
    input::finite("bias", mean(&errors))
}

/// The share of series in which the model beats the baseline, ties counting half: what a pooled
/// skill hides.
pub fn share_won(model: &[f64], baseline: &[f64]) -> Result<f64, BadInput> {
    check_numeric(baseline, model)?;
    let point = |(m, b): (&f64, &f64)| match m.total_cmp(b) {
        std::cmp::Ordering::Less => 1.0,
        std::cmp::Ordering::Equal => 0.5,
        std::cmp::Ordering::Greater => 0.0,
    };
    Ok(model.iter().zip(baseline).map(point).sum::<f64>() / model.len() as f64)
}

fn naive_scale(history: &[f64], season: usize, size: impl Fn(f64) -> f64) -> Result<f64, BadInput> {
    input::at_least("steps in a season", season, 1)?;
    input::at_least("rows of history", history.len(), season + 1)?;
    input::all_finite("history", history)?;
    let steps: Vec<f64> = (season..history.len()).map(|t| size(history[t] - history[t - season])).collect();
    Ok(mean(&steps))
}

fn scaled(what: &'static str, error: f64, scale: f64) -> Result<f64, BadInput> {
    if scale == 0.0 {
        let why = "the history repeats itself exactly, so its naive error is 0; use WAPE";
        return Err(BadInput::Undefined { what, why });
    }
    input::finite(what, error / scale)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_constant_history_has_no_scale() {
        let error = mase(&[5.0; 10], &[5.0, 6.0], &[5.0, 5.5], 1).unwrap_err();
        assert!(error.to_string().contains("use WAPE"), "{error}");
    }

    #[test]
    fn a_history_shorter_than_the_season_is_too_short() {
        let error = mase(&[1.0, 2.0], &[5.0], &[5.0], 12).unwrap_err();
        assert_eq!(error.to_string(), "too few rows of history: found 2, need at least 13");
    }

    #[test]
    fn ties_between_series_count_half() {
        assert_eq!(share_won(&[1.0, 2.0, 3.0, 3.0], &[2.0, 2.0, 1.0, 4.0]), Ok(0.625));
    }

    proptest! {
        #[test]
        fn smape_is_bounded_and_symmetric(
            rows in prop::collection::vec((-50.0..50.0f64, -50.0..50.0f64), 1..30),
        ) {
            let (y, f): (Vec<f64>, Vec<f64>) = rows.into_iter().unzip();
            let value = smape(&y, &f).unwrap();
            prop_assert!((0.0..=2.0).contains(&value));
            prop_assert_eq!(value, smape(&f, &y).unwrap());
        }

        #[test]
        fn scaled_errors_ignore_units(
            history in prop::collection::vec(1.0..9.0f64, 5..20),
            rows in prop::collection::vec((1.0..9.0f64, 1.0..9.0f64), 1..9),
            unit in 0.01..100.0f64,
        ) {
            let (y, f): (Vec<f64>, Vec<f64>) = rows.into_iter().unzip();
            let times = |v: &[f64]| v.iter().map(|x| x * unit).collect::<Vec<_>>();
            let Ok(before) = rmsse(&history, &y, &f, 1) else { return Ok(()) };
            let after = rmsse(&times(&history), &times(&y), &times(&f), 1).unwrap();
            prop_assert!((before - after).abs() <= 1e-9 * (1.0 + before));
        }
    }
}
