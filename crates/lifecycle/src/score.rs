//! Scores of one version, and comparisons of two on the same rows.
//!
//! Which statistic fits which metric stands here, once; the statistics themselves are in `stats`, and what to
//! think of them in `domain::gate`.

mod compare;
mod losses;

pub use compare::{Rows, compare, default_margin};
pub use losses::{higher_is_better, losses};

use crate::StageError;
use domain::gate::Estimate;
use domain::{Outputs, Target};
use stats::proportion::Count;

const LEVEL: f64 = 0.95;

/// A metric's value on some rows, with its 95% interval: Wilson for accuracy, DeLong for the AUC, cluster-robust
/// t for mean losses, and their square roots for the RMSE.
pub fn score(metric: &str, outputs: &Outputs, rows: &Rows<'_>) -> Result<Estimate, StageError> {
    let bad = |why: stats::BadInput| measure(metric, &why);
    match metric {
        "auc" => {
            let (yes, scores) = losses::binary(metric, outputs, rows.target)?;
            let value = stats::ranking::auc(&yes, &scores, None).map_err(bad)?;
            let interval = stats::delong::auc_interval(&yes, &scores, LEVEL).map_err(bad)?;
            // Perfect separation has no variance; the honest interval is then the whole range above a half.
            Ok(interval
                .map_or(Estimate { value, low: 0.5, high: 1.0, rows: yes.len() as u64 }, Estimate::from))
        }
        "accuracy" => {
            let wrong = losses(metric, outputs, rows.target)?;
            let successes = wrong.iter().filter(|w| **w == 0.0).count() as u64;
            let count = Count { successes, trials: wrong.len() as u64 };
            stats::proportion::wilson(count, LEVEL).map(Estimate::from).map_err(bad)
        }
        "rmse" => Ok(root(mean(metric, &losses("mse", outputs, rows.target)?, rows)?)),
        _ => mean(metric, &losses(metric, outputs, rows.target)?, rows),
    }
}

fn mean(metric: &str, losses: &[f64], rows: &Rows<'_>) -> Result<Estimate, StageError> {
    let mean = stats::paired::paired_mean(losses, &rows.clusters).map_err(|why| measure(metric, &why))?;
    mean.estimate(LEVEL).map(Estimate::from).map_err(|why| measure(metric, &why))
}

fn root(e: Estimate) -> Estimate {
    Estimate { value: e.value.sqrt(), low: e.low.max(0.0).sqrt(), high: e.high.sqrt(), rows: e.rows }
}

fn measure(metric: &str, why: &dyn std::fmt::Display) -> StageError {
    StageError::Measure { metric: metric.into(), why: why.to_string() }
}

/// Whether two versions answer alike on every row, to the bit.
pub fn identical(a: &Outputs, b: &Outputs) -> bool {
    a.kind == b.kind && a.values == b.values
}

/// The answers of these rows.
pub(crate) fn taken(outputs: &Outputs, rows: &[usize]) -> Outputs {
    let values = rows.iter().flat_map(|&row| outputs.row(row)).copied().collect();
    Outputs { kind: outputs.kind.clone(), values }
}

/// The target's distribution in words, for people: `11.3% yes`, `mean 3.2`.
pub fn describe(target: &Target) -> String {
    match target {
        Target::Class { classes, index } => {
            let share = |k: usize| {
                index.iter().filter(|&&i| i as usize == k).count() as f64 / index.len().max(1) as f64
            };
            let shares = classes.iter().enumerate().rev().take(3);
            shares.map(|(k, name)| format!("{:.1}% {name}", 100.0 * share(k))).collect::<Vec<_>>().join(", ")
        }
        Target::Soft { classes, .. } => format!("soft labels of {} classes", classes.len()),
        Target::Number(values) | Target::Path { values, .. } => {
            format!("mean {:.4}", values.iter().sum::<f64>() / values.len().max(1) as f64)
        }
    }
}
