//! Scores of every method on a competition's series, as the competitions count them.
//!
//! sMAPE on 0 to 200 and MASE on the season of the training part, averaged over series (M4) and pooled over forecast
//! points (M3). *Checked against* the published benchmark figures: see `docs/decisions/forecast.md`.

use super::method::methods;
use rayon::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A series with the part that was held back.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// What methods see.
    pub train: Vec<f64>,
    /// What they are judged on.
    pub test: Vec<f64>,
    /// Steps of a season.
    pub season: usize,
}

/// How one method did.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// The method.
    pub method: &'static str,
    /// The mean over series of each series' mean sMAPE, 0 to 200.
    pub smape: f64,
    /// The mean over all forecast points.
    pub smape_pooled: f64,
    /// The mean over the series whose MASE exists (the training part is not constant).
    pub mase: f64,
    /// Series that it forecast.
    pub series: usize,
    /// Series that were too short for it.
    pub left_out: usize,
}

/// Scores every method. `progress` is told the share done, from any thread.
pub fn score(series: &[Series], progress: &(dyn Fn(f64) + Sync)) -> Vec<Score> {
    let methods = methods();
    let done = AtomicUsize::new(0);
    let of_series = |s: &Series| -> Vec<Option<(f64, f64)>> {
        let each = methods.iter().map(|method| {
            let path = method.forecast(&s.train, s.season, s.test.len()).ok()?;
            let smape = 100.0 * stats::forecast::smape(&s.test, &path).ok()?;
            let mase = stats::forecast::mase(&s.train, &s.test, &path, s.season).unwrap_or(f64::NAN);
            Some((smape, mase))
        });
        let each = each.collect();
        progress((done.fetch_add(1, Ordering::Relaxed) + 1) as f64 / series.len() as f64);
        each
    };
    let errors: Vec<Vec<Option<(f64, f64)>>> = series.par_iter().map(of_series).collect();
    methods
        .iter()
        .enumerate()
        .map(|(i, method)| summed(method.name, series, errors.iter().map(|e| e[i])))
        .collect()
}

fn summed(
    method: &'static str,
    series: &[Series],
    errors: impl Iterator<Item = Option<(f64, f64)>>,
) -> Score {
    let known: Vec<(f64, f64, f64)> = series
        .iter()
        .zip(errors)
        .filter_map(|(s, e)| e.map(|(smape, mase)| (smape, mase, s.test.len() as f64)))
        .collect();
    let mean = |values: &mut dyn Iterator<Item = (f64, f64)>| {
        let (mut sum, mut weight) = (0.0, 0.0);
        values.for_each(|(value, by)| (sum, weight) = (sum + value * by, weight + by));
        sum / weight
    };
    Score {
        method,
        smape: mean(&mut known.iter().map(|(smape, _, _)| (*smape, 1.0))),
        smape_pooled: mean(&mut known.iter().map(|(smape, _, points)| (*smape, *points))),
        mase: mean(
            &mut known.iter().filter(|(_, mase, _)| mase.is_finite()).map(|(_, mase, _)| (*mase, 1.0)),
        ),
        series: known.len(),
        left_out: series.len() - known.len(),
    }
}
