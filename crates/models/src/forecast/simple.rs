//! Forecasts without parameters: what every model has to beat.
//!
//! *Source* Hyndman and Athanasopoulos, Forecasting: Principles and Practice, 3rd ed., section 5.2. *Checked
//! against* their formulas as statsforecast has them. All take at least the values that their doc names.

/// The last value, for ever. At least one value.
pub fn naive(y: &[f64], horizon: usize) -> Vec<f64> {
    vec![y[y.len() - 1]; horizon]
}

/// The last season, again and again. At least one season.
pub fn seasonal_naive(y: &[f64], season: usize, horizon: usize) -> Vec<f64> {
    let last = &y[y.len() - season..];
    (0..horizon).map(|step| last[step % season]).collect()
}

/// The line through the first and the last value, carried on. At least two values.
pub fn drift(y: &[f64], horizon: usize) -> Vec<f64> {
    let last = y[y.len() - 1];
    let slope = (last - y[0]) / (y.len() - 1) as f64;
    (1..=horizon).map(|step| last + slope * step as f64).collect()
}

/// The mean of all values.
pub fn mean(y: &[f64], horizon: usize) -> Vec<f64> {
    vec![y.iter().sum::<f64>() / y.len() as f64; horizon]
}

/// The mean of the last `window` values.
pub fn window_average(y: &[f64], window: usize, horizon: usize) -> Vec<f64> {
    mean(&y[y.len() - window..], horizon)
}

/// For each step of the season the mean of its last `seasons` values. At least that many seasons.
pub fn seasonal_window_average(y: &[f64], season: usize, seasons: usize, horizon: usize) -> Vec<f64> {
    let slot = |step: usize| {
        let back = (1..=seasons).map(|k| y[y.len() - k * season + step % season]);
        back.sum::<f64>() / seasons as f64
    };
    (0..horizon).map(slot).collect()
}
