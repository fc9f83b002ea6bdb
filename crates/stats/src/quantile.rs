//! A quantile of what was measured, with an interval that assumes no shape.

use crate::distribution::binomial_cdf;
use crate::estimate::Estimate;
use crate::input::{self, BadInput};

/// The `share` quantile (above 0, below 1) of independent measurements, with an interval of at least `level`.
///
/// - *What it answers.* What do 99 of 100 requests stay below, and how sure is that?
/// - *Assumptions.* Measurements are independent and alike.
/// - *When it misleads.* While a machine is busy with something else for a while, measurements are not independent, and
///   the interval is too narrow. With fewer than log(1 - level) / log(share) of them the upper end is infinite: even
///   the largest may lie below the quantile.
/// - *Source.* Order statistics, David and Nagaraja 2003, section 7.1; the point is the ⌈share n⌉-th smallest.
/// - *Checked against.* The binomial by hand at n = 100, and its coverage in a simulation.
pub fn quantile(values: &[f64], share: f64, level: f64) -> Result<Estimate, BadInput> {
    input::all_finite("measurements", values)?;
    input::parameter("share", share, "a number above 0 and below 1", share > 0.0 && share < 1.0)?;
    input::parameter("level", level, "a number above 0 and below 1", level > 0.0 && level < 1.0)?;
    input::at_least("measurements", values.len(), 1)?;
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len() as u64;
    let tail = (1.0 - level) / 2.0;
    let point = ((share * n as f64).ceil() as u64).clamp(1, n);
    // the k-th smallest lies below the quantile with chance P(K >= k), K the number of measurements below it
    let below = (1..=point).rev().find(|&k| binomial_cdf(k - 1, n, share) <= tail);
    let above = (point..=n).find(|&k| binomial_cdf(k - 1, n, share) >= 1.0 - tail);
    let at = |k: u64| sorted[k as usize - 1];
    Ok(Estimate {
        value: at(point),
        low: below.map_or(f64::NEG_INFINITY, at),
        high: above.map_or(f64::INFINITY, at),
        rows: n,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::unit;

    #[test]
    fn the_median_of_a_hundred_lies_between_the_40th_and_the_61st() {
        let values: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        let found = quantile(&values, 0.5, 0.95).unwrap();
        // P(K <= 39) = 0.0176 and P(K <= 60) = 0.9824
        assert_eq!((found.value, found.low, found.high), (50.0, 40.0, 61.0));
    }

    #[test]
    fn few_measurements_do_not_bound_a_far_quantile() {
        let values: Vec<f64> = (0..300).map(f64::from).collect();
        assert_eq!(quantile(&values, 0.99, 0.95).unwrap().high, f64::INFINITY);
        assert!(quantile(&[&values[..], &values[..]].concat(), 0.99, 0.95).unwrap().high.is_finite());
        assert!(quantile(&[], 0.5, 0.95).is_err() && quantile(&[f64::NAN], 0.5, 0.95).is_err());
    }

    #[test]
    fn the_interval_covers_as_often_as_it_says() {
        let covers = |run: u64| {
            let values: Vec<f64> = (0..1000).map(|i| -unit(3, run, i).max(1e-300).ln()).collect();
            let found = quantile(&values, 0.99, 0.95).unwrap();
            // of an exponential
            found.low <= 100f64.ln() && 100f64.ln() <= found.high
        };
        let covered = (0..1000).filter(|run| covers(*run)).count();
        assert!(covered >= 940, "{covered} of 1000");
    }
}
