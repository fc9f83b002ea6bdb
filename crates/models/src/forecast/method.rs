//! The methods by name, and what they refuse.

use super::{ets, season, simple, smoothing, theta};
use thiserror::Error;

/// Why a method made no forecast.
#[derive(Debug, Error, Clone, PartialEq)]
pub enum MethodError {
    /// Too little to go on.
    #[error("{method} needs at least {needed} values, found {found}")]
    Short {
        /// The method.
        method: &'static str,
        /// How many values it needs.
        needed: usize,
        /// How many there are.
        found: usize,
    },
    /// A value that is no number.
    #[error("value {index} of the series is {found}, expected a number")]
    Value {
        /// Counted from 0.
        index: usize,
        /// What stands there.
        found: f64,
    },
}

/// A way to continue a series.
#[derive(Debug, Clone, Copy)]
pub struct Method {
    /// Its name in tables.
    pub name: &'static str,
    needed: fn(usize) -> usize,
    path: fn(&[f64], usize, usize) -> Vec<f64>,
}

impl Method {
    /// The next `horizon` values after `history`, whose season has `season` steps.
    pub fn forecast(&self, history: &[f64], season: usize, horizon: usize) -> Result<Vec<f64>, MethodError> {
        let needed = (self.needed)(season);
        if history.len() < needed {
            return Err(MethodError::Short { method: self.name, needed, found: history.len() });
        }
        if let Some(index) = history.iter().position(|v| !v.is_finite()) {
            return Err(MethodError::Value { index, found: history[index] });
        }
        Ok((self.path)(history, season.max(1), horizon))
    }
}

/// Every method, simplest first.
pub fn methods() -> Vec<Method> {
    let of = |name, needed, path| Method { name, needed, path };
    vec![
        of("naive", |_| 1, |y, _, h| simple::naive(y, h)),
        of("seasonal_naive", |m| m, simple::seasonal_naive),
        of("naive2", |_| 2, |y, m, h| season::deseasonalised(y, m, h, simple::naive)),
        of("drift", |_| 2, |y, _, h| simple::drift(y, h)),
        of("mean", |_| 1, |y, _, h| simple::mean(y, h)),
        of("window_average", |m| m, simple::window_average),
        of("seasonal_window_average", |m| 2 * m, |y, m, h| simple::seasonal_window_average(y, m, 2, h)),
        of("ses", |_| 3, |y, _, h| smoothing::fit_ses(y).forecast(h)),
        of("damped_holt", |_| 5, |y, _, h| ets::fit(y, 1, ets::Form::DampedTrend).forecast(h)),
        of("ets", |m| if m > 1 { 2 * m + 5 } else { 5 }, ets::automatic),
        of("theta", |_| 4, |y, m, h| season::deseasonalised(y, m, h, theta::classic)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_gives_a_finite_path_on_constant_rising_and_seasonal_series() {
        let constant = vec![5.0; 60];
        let rising: Vec<f64> = (0..60).map(f64::from).collect();
        let seasonal: Vec<f64> = (0..60).map(|t| 50.0 + f64::from(t % 12) * 3.0).collect();
        for method in methods() {
            for series in [&constant, &rising, &seasonal] {
                let path = method.forecast(series, 12, 18).expect("sixty values are enough");
                assert_eq!(path.len(), 18, "{}", method.name);
                assert!(path.iter().all(|v| v.is_finite()), "{}: {path:?}", method.name);
            }
            let path = method.forecast(&constant, 12, 3).expect("sixty values");
            assert!(path.iter().all(|v| (v - 5.0).abs() < 1e-6), "{}: {path:?}", method.name);
        }
    }

    #[test]
    fn short_and_broken_series_are_refused_by_name_and_index() {
        let seasonal = methods()[1];
        let short = seasonal.forecast(&[1.0, 2.0], 12, 1);
        assert_eq!(short, Err(MethodError::Short { method: "seasonal_naive", needed: 12, found: 2 }));
        let broken = methods()[0].forecast(&[1.0, f64::INFINITY], 1, 1);
        assert_eq!(broken, Err(MethodError::Value { index: 1, found: f64::INFINITY }));
    }
}
