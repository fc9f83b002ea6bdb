//! Taking a season out of a series and putting it back: the multiplicative way of the M competitions.
//!
//! *Source* Makridakis, Spiliotis and Assimakopoulos 2020 (the M4 benchmarks' code); the decomposition is R's
//! `decompose(type = "multiplicative")`. Series with values at or below 0 are left as they are: ratios to a
//! trend mean nothing there.

/// The level of the test that decides whether there is a season.
const LEVEL: f64 = 0.9;

/// One factor for each step of the season, beginning with the first value's step; they average 1.
/// `None` where there is no season to be seen.
pub fn factors(y: &[f64], season: usize) -> Option<Vec<f64>> {
    if season < 2 || y.len() < 3 * season || y.iter().any(|v| *v <= 0.0) {
        return None;
    }
    let seasonal = stats::autocorrelation::is_seasonal(y, season, LEVEL).unwrap_or(false);
    seasonal.then(|| decompose(y, season))
}

/// Forecasts with the season taken out before and put back after, where there is one. No forecast is below 0
/// then, since what had a factor was positive.
pub fn deseasonalised(
    y: &[f64],
    season: usize,
    horizon: usize,
    path: impl Fn(&[f64], usize) -> Vec<f64>,
) -> Vec<f64> {
    let Some(factors) = factors(y, season) else { return path(y, horizon) };
    let plain: Vec<f64> = y.iter().enumerate().map(|(t, v)| v / factors[t % season]).collect();
    let ahead = path(&plain, horizon).into_iter().enumerate();
    ahead.map(|(step, v)| (v * factors[(y.len() + step) % season]).max(0.0)).collect()
}

fn decompose(y: &[f64], season: usize) -> Vec<f64> {
    let trend = trend_weights(season);
    let reach = trend.len() / 2;
    let mut sums = vec![(0.0, 0.0); season];
    for t in reach..y.len() - reach {
        let level: f64 = trend.iter().zip(&y[t - reach..]).map(|(w, v)| w * v).sum();
        let sum = &mut sums[t % season];
        *sum = (sum.0 + y[t] / level, sum.1 + 1.0);
    }
    let raw: Vec<f64> = sums.iter().map(|(sum, count)| sum / count).collect();
    let middle = raw.iter().sum::<f64>() / season as f64;
    raw.into_iter().map(|factor| factor / middle).collect()
}

/// A centred moving average over one season; an even season has half a weight at each end.
pub fn trend_weights(season: usize) -> Vec<f64> {
    let weight = 1.0 / season as f64;
    if season % 2 == 1 {
        return vec![weight; season];
    }
    let mut weights = vec![weight; season + 1];
    (weights[0], weights[season]) = (weight / 2.0, weight / 2.0);
    weights
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_factors_of_a_pure_season_are_found() {
        let shape = [0.5, 1.0, 1.5, 1.0];
        let y: Vec<f64> = (0..40).map(|t| 10.0 * shape[t % 4]).collect();
        let found = factors(&y, 4).expect("a season");
        found.iter().zip(shape).for_each(|(f, s)| assert!((f - s).abs() < 1e-9, "{found:?}"));
    }

    #[test]
    fn noise_has_no_season() {
        let y: Vec<f64> = (0..40u64).map(|t| 10.0 + (t * 2_654_435_761 % 97) as f64).collect();
        assert_eq!(factors(&y, 7), None);
    }
}
