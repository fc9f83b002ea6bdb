//! The Theta method: half a trend line, half simple exponential smoothing of a series with twice the curvature.
//!
//! *Source* Assimakopoulos and Nikolopoulos 2000; Hyndman and Billah 2003 for the closed form. *Checked against*
//! the published M3 and M4 figures ([`classic`]) and statsmodels 0.15.0 `ThetaModel` ([`model`]).

use super::smoothing::{best_ses, fit_ses, level, ses};

/// The method as it entered the M3 and M4 competitions, theta = 2: the mean of the trend line and of the smoothed
/// second line. Seasons are taken out before. At least two values.
pub fn classic(y: &[f64], horizon: usize) -> Vec<f64> {
    let (intercept, slope) = line(y);
    let trend = |t: usize| intercept + slope * t as f64;
    let curved: Vec<f64> = y.iter().enumerate().map(|(t, v)| 2.0 * v - trend(t)).collect();
    let smoothed = fit_ses(&curved).forecast(horizon);
    smoothed.into_iter().enumerate().map(|(step, s)| 0.5 * s + 0.5 * trend(y.len() + step)).collect()
}

/// The closed form: smoothing of the series itself with a drift of (theta - 1) / theta times its slope.
pub fn model(y: &[f64], theta: f64, horizon: usize) -> Vec<f64> {
    let (alpha, start) = best_ses(y);
    let last = ses(alpha).run(y, &level(start)).state.level;
    let (_, slope) = line(y);
    let share = (theta - 1.0) / theta;
    let behind = 1.0 / alpha - (1.0 - alpha).powi(y.len() as i32) / alpha;
    (1..=horizon).map(|h| last + share * slope * (h as f64 - 1.0 + behind)).collect()
}

/// Intercept (at the first value) and slope of the least-squares line.
pub fn line(y: &[f64]) -> (f64, f64) {
    let n = y.len() as f64;
    let (middle, mean) = ((n - 1.0) / 2.0, y.iter().sum::<f64>() / n);
    let cross: f64 = y.iter().enumerate().map(|(t, v)| (t as f64 - middle) * (v - mean)).sum();
    let squares: f64 = (0..y.len()).map(|t| (t as f64 - middle).powi(2)).sum();
    let slope = if squares > 0.0 { cross / squares } else { 0.0 };
    (mean - slope * middle, slope)
}
