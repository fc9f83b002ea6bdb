//! How a series resembles itself some steps later, and whether that amounts to a season.
//!
//! Not a forecast. The invariant: autocorrelations lie in [−1, 1], and that at lag 0 is 1.

use crate::input::{self, BadInput};
use crate::proportion::z;
use crate::sum::{mean, sum};

/// The autocorrelations at lags 0 to `lags`, the autocovariances all divided by n. An error for a
/// constant series.
///
/// - *What it answers.* How much of this value is still in the value k steps later?
/// - *Assumptions.* A stationary series; take out trends first.
/// - *When it misleads.* With a trend, every lag looks correlated.
/// - *Source.* Box and Jenkins 1970, section 2.1.
/// - *Checked against.* The formula, computed with numpy 2.4.
pub fn autocorrelations(values: &[f64], lags: usize) -> Result<Vec<f64>, BadInput> {
    input::at_least("rows", values.len(), lags + 2)?;
    input::all_finite("values", values)?;
    let middle = mean(values);
    let at = |lag: usize| sum((lag..values.len()).map(|t| (values[t] - middle) * (values[t - lag] - middle)));
    let whole = at(0);
    if values.iter().all(|&v| v == values[0]) || whole <= 0.0 {
        let why = "the series is constant";
        return Err(BadInput::Undefined { what: "an autocorrelation", why });
    }
    Ok((0..=lags).map(|lag| at(lag) / whole).collect())
}

/// Whether the autocorrelation at lag `season` differs from 0 at `level` (0.9 for the Theta
/// method), allowing for those at shorter lags. A series shorter than two seasons, or constant,
/// is not seasonal.
///
/// - *What it answers.* Is it worth taking a season out before forecasting?
/// - *Assumptions.* Two full seasons at least; better four.
/// - *When it misleads.* A strong trend hides or fakes a season.
/// - *Source.* Bartlett 1946; Assimakopoulos and Nikolopoulos 2000, and the M4 benchmarks.
/// - *Checked against.* The formula.
pub fn is_seasonal(values: &[f64], season: usize, level: f64) -> Result<bool, BadInput> {
    let z = z(level)?;
    input::all_finite("values", values)?;
    let constant = values.windows(2).all(|w| w[0] == w[1]);
    if season < 2 || values.len() < 2 * season || constant {
        return Ok(false);
    }
    let r = autocorrelations(values, season)?;
    let before = sum(r[1..season].iter().map(|r| r * r));
    Ok(r[season].abs() > z * ((1.0 + 2.0 * before) / values.len() as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;
    use proptest::prelude::*;

    #[test]
    fn values_agree_with_numpy() {
        let found = autocorrelations(&[2.0, 4.0, 1.0, 7.0, 3.0, 6.0], 2).unwrap();
        for (f, e) in found.iter().zip([1.0, -0.5289855072463768, 0.5569358178053831]) {
            assert!((f - e).abs() < 1e-14, "{f} and {e}");
        }
        assert!(autocorrelations(&[1.0; 9], 2).is_err());
    }

    #[test]
    fn a_week_is_found_in_a_weekly_pattern_and_seldom_in_noise() {
        let noise = |seed: u64, t: u64| random::unit(seed, t, 0) - 0.5;
        let weekly: Vec<f64> = (0..70).map(|t| f64::from(u8::from(t % 7 == 0)) + 0.3 * noise(1, t)).collect();
        assert!(is_seasonal(&weekly, 7, 0.9).unwrap());
        let plain = |seed| (0..70).map(|t| noise(seed, t)).collect::<Vec<f64>>();
        let false_alarms = (0..300).filter(|&seed| is_seasonal(&plain(seed), 7, 0.9).unwrap()).count();
        assert!((5..50).contains(&false_alarms), "{false_alarms} of 300, about 30 expected at most");
        assert!(!is_seasonal(&weekly[..10], 7, 0.9).unwrap());
    }

    proptest! {
        #[test]
        fn they_are_correlations(values in prop::collection::vec(-5.0..5.0f64, 6..50)) {
            let Ok(r) = autocorrelations(&values, 4) else { return Ok(()) };
            prop_assert!((r[0] - 1.0).abs() < 1e-12 && r.iter().all(|r| r.abs() <= 1.0 + 1e-12));
        }
    }
}
