//! Challenger against incumbent on the same rows: the right paired test for each metric.

use super::losses::{binary, losses};
use super::{higher_is_better, measure, score};
use crate::StageError;
use domain::gate::{Comparison, Estimate};
use domain::time::DAY;
use domain::{Examples, Outputs, Target, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// Days that rows must span before a day counts as one piece of evidence.
const ENOUGH_DAYS: usize = 20;

/// Labelled rows, and which of them depend on each other.
pub struct Rows<'a> {
    /// What was true.
    pub target: &'a Target,
    /// The cluster of each row: its entity, else its day where there are enough days, else itself.
    pub clusters: Vec<u64>,
    /// How many origins a forecast's path reaches over; 1 where forecasts do not overlap.
    pub overlap: usize,
    /// When each forecast was made; empty where rows are no forecasts.
    origins: Vec<Timestamp>,
}

impl<'a> Rows<'a> {
    /// The rows of some examples. `overlap` is 1 unless forecast origins are closer than the horizon.
    pub fn of(examples: &'a Examples, overlap: usize) -> Rows<'a> {
        let forecasts = matches!(examples.target, Target::Path { .. });
        let origins = examples.at.clone().filter(|_| forecasts).unwrap_or_default();
        Rows { target: &examples.target, clusters: clusters(examples, forecasts), overlap, origins }
    }

    /// A part of the rows, in the clusters that they have among all.
    pub fn part(&self, target: &'a Target, part: &[usize]) -> Rows<'a> {
        let clusters = part.iter().map(|&row| self.clusters[row]).collect();
        let origins = if self.origins.is_empty() {
            Vec::new()
        } else {
            part.iter().map(|&row| self.origins[row]).collect()
        };
        Rows { target, clusters, overlap: self.overlap, origins }
    }

    /// In how many clusters the rows are.
    pub fn clusters(&self) -> usize {
        self.clusters.iter().collect::<BTreeSet<_>>().len()
    }

    /// Whether some rows share a cluster.
    fn clustered(&self) -> bool {
        self.clusters() < self.clusters.len()
    }
}

/// Compares two versions' answers by one metric. The gain is positive where the challenger is better; `margin`
/// is how much worse it may be.
pub fn compare(
    metric: &str,
    incumbent: &Outputs,
    challenger: &Outputs,
    rows: &Rows<'_>,
    margin: f64,
) -> Result<Comparison, StageError> {
    let paired = match metric {
        "auc" => by_auc(metric, incumbent, challenger, rows)?,
        "accuracy" if !rows.clustered() => by_accuracy(metric, incumbent, challenger, rows)?,
        _ if rows.overlap > 1 => by_series(metric, incumbent, challenger, rows)?,
        _ => by_mean(metric, incumbent, challenger, rows)?,
    };
    let paired = if metric == "rmse" { root(paired, incumbent, challenger, rows)? } else { paired };
    let reach =
        paired.df.map_or(1.959_963_984_540_054, |df| stats::distribution::t_quantile(0.975, df)) * paired.se;
    let count = paired.rows;
    Ok(Comparison {
        metric: metric.into(),
        method: paired.method.into(),
        incumbent: score(metric, incumbent, rows)?,
        challenger: score(metric, challenger, rows)?,
        gain: Estimate {
            value: paired.gain,
            low: paired.gain - reach,
            high: paired.gain + reach,
            rows: count,
        },
        se: paired.se,
        df: paired.df,
        p_superior: paired.p_superior,
        sd: paired.se * (paired.units as f64).sqrt(),
        units: paired.units,
        disagreement: disagreement(incumbent, challenger),
        margin,
    })
}

/// A tenth of what the incumbent has over the baseline, and never less than 1% of its score.
pub fn default_margin(metric: &str, incumbent: f64, baseline: f64) -> f64 {
    let skill = if higher_is_better(metric) { incumbent - baseline } else { baseline - incumbent };
    (0.1 * skill).max(0.01 * incumbent.abs())
}

struct Paired {
    method: &'static str,
    gain: f64,
    se: f64,
    df: Option<f64>,
    p_superior: Option<f64>,
    units: u64,
    rows: u64,
}

fn by_mean(
    metric: &str,
    incumbent: &Outputs,
    challenger: &Outputs,
    rows: &Rows<'_>,
) -> Result<Paired, StageError> {
    let bad = |why: stats::BadInput| measure(metric, &why);
    let (a, b) = (losses(metric, incumbent, rows.target)?, losses(metric, challenger, rows.target)?);
    let difference = stats::paired::differences(&a, &b).map_err(bad)?;
    let mean = stats::paired::paired_mean(&difference, &rows.clusters).map_err(bad)?;
    let method = if mean.clusters == mean.rows { "paired t" } else { "paired t, clustered" };
    let (units, rows) = (mean.clusters, mean.rows);
    Ok(Paired { method, gain: mean.mean, se: mean.se, df: Some(mean.df), p_superior: None, units, rows })
}

/// Overlapping forecasts: origins of one instant are one observation, and neighbours depend on each other.
fn by_series(
    metric: &str,
    incumbent: &Outputs,
    challenger: &Outputs,
    rows: &Rows<'_>,
) -> Result<Paired, StageError> {
    let a = by_origin(&losses(metric, incumbent, rows.target)?, &rows.origins);
    let b = by_origin(&losses(metric, challenger, rows.target)?, &rows.origins);
    let kernel = stats::diebold_mariano::Kernel::RectangularElseBartlett;
    let test = stats::diebold_mariano::diebold_mariano(&a, &b, rows.overlap, kernel, true)
        .map_err(|why| measure(metric, &why))?;
    let (gain, units) = (test.difference.mean, a.len() as u64);
    let (se, df, count) = (test.se(), Some(test.df()), rows.target.len() as u64);
    Ok(Paired { method: "Diebold-Mariano", gain, se, df, p_superior: None, units, rows: count })
}

fn by_accuracy(
    metric: &str,
    incumbent: &Outputs,
    challenger: &Outputs,
    rows: &Rows<'_>,
) -> Result<Paired, StageError> {
    let bad = |why: stats::BadInput| measure(metric, &why);
    let right = |o: &Outputs| -> Result<Vec<bool>, StageError> {
        Ok(losses(metric, o, rows.target)?.iter().map(|wrong| *wrong == 0.0).collect())
    };
    let counts = stats::mcnemar::PairedCounts::count(&right(incumbent)?, &right(challenger)?).map_err(bad)?;
    let interval = stats::bonett_price::bonett_price(counts).map_err(bad)?;
    let p = stats::mcnemar::mcnemar(counts).mid_p_greater;
    let n = counts.rows();
    let (gain, se) = (interval.adjusted, interval.se);
    Ok(Paired {
        method: "McNemar mid-p, Bonett-Price",
        gain,
        se,
        df: None,
        p_superior: Some(p),
        units: n,
        rows: n,
    })
}

fn by_auc(
    metric: &str,
    incumbent: &Outputs,
    challenger: &Outputs,
    rows: &Rows<'_>,
) -> Result<Paired, StageError> {
    let (yes, first) = binary(metric, incumbent, rows.target)?;
    let (_, second) = binary(metric, challenger, rows.target)?;
    let test = stats::delong::delong(&yes, &first, &second).map_err(|why| measure(metric, &why))?;
    let (gain, se) = (test.difference(), test.se());
    let units = test.rows;
    Ok(Paired { method: "DeLong", gain, se, df: None, p_superior: None, units, rows: units })
}

/// From mean squared errors to their roots, by the delta method: the paired difference over the roots' sum.
fn root(
    paired: Paired,
    incumbent: &Outputs,
    challenger: &Outputs,
    rows: &Rows<'_>,
) -> Result<Paired, StageError> {
    let rmse = |o: &Outputs| -> Result<f64, StageError> { Ok(score("rmse", o, rows)?.value) };
    let sum = (rmse(incumbent)? + rmse(challenger)?).max(f64::MIN_POSITIVE);
    Ok(Paired { method: "paired t, delta method", gain: paired.gain / sum, se: paired.se / sum, ..paired })
}

fn clusters(examples: &Examples, forecasts: bool) -> Vec<u64> {
    let each = || (0..examples.len() as u64).collect();
    match (&examples.entity, &examples.at) {
        (_, Some(at)) if forecasts => at.iter().map(|t| t.0 as u64).collect(),
        (Some(entity), _) => entity.clone(),
        (None, Some(at)) => {
            let days: Vec<u64> = at.iter().map(|t| t.0.div_euclid(DAY) as u64).collect();
            let distinct: BTreeSet<&u64> = days.iter().collect();
            if distinct.len() >= ENOUGH_DAYS { days } else { each() }
        }
        (None, None) => each(),
    }
}

fn by_origin(losses: &[f64], origins: &[Timestamp]) -> Vec<f64> {
    let mut sums: BTreeMap<Timestamp, (f64, f64)> = BTreeMap::new();
    for (loss, origin) in losses.iter().zip(origins) {
        let sum = sums.entry(*origin).or_default();
        *sum = (sum.0 + loss, sum.1 + 1.0);
    }
    sums.into_values().map(|(sum, count)| sum / count).collect()
}

/// The share of rows on which the two answer differently: another class, or another number at all.
fn disagreement(a: &Outputs, b: &Outputs) -> f64 {
    let width = a.kind.width();
    let differ = match a.kind {
        domain::OutputKind::Probabilities { .. } => {
            let (a, b) = (
                stats::metric::most_probable(&a.values, width),
                stats::metric::most_probable(&b.values, width),
            );
            a.iter().zip(&b).filter(|(a, b)| a != b).count()
        }
        _ => a.values.chunks(width).zip(b.values.chunks(width)).filter(|(a, b)| a != b).count(),
    };
    differ as f64 / a.rows().max(1) as f64
}
