//! Paired backtests: at each of several origins a model is trained on what was known then, and on every later block of
//! rows its loss is compared with that of a model trained at the block's beginning, row by row.
//!
//! Comparing on the same rows lets hard periods and seasons cancel, which the loss of one model over time does not.
//! Invariant: a model sees no label that was not known at its origin, and no instant stands on both sides of one.

use crate::score::losses;
use crate::{Progress, StageError};
use domain::time::DAY;
use domain::{Examples, Timestamp};
use models::onnx::OnnxModel;
use models::{Fit, FitError, Predict, Seed};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// The fewest blocks: eight origins that have a later block each.
pub const LEAST_BLOCKS: usize = 9;
/// The share of rows before the first origin.
const BEFORE: usize = 3;
/// The fewest rows of a block whose mean says anything.
const LEAST_ROWS: usize = 30;

/// How to go about it.
#[derive(Debug, Clone)]
pub struct How {
    /// The row loss, such as `log_loss`.
    pub loss: String,
    /// How many blocks, [`LEAST_BLOCKS`] or more.
    pub blocks: usize,
    /// How far back training rows go, in microseconds; 0 is all the way.
    pub window: i64,
    /// How long a label takes to become known, in microseconds.
    pub delay: i64,
    /// The fewest rows that a model is trained on.
    pub least_rows: usize,
    /// Where all randomness starts.
    pub seed: u64,
}

/// One origin and the block that begins there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// When its model was trained, and its block begins.
    pub at: Timestamp,
    /// How many rows its model was trained on.
    pub trained: u64,
    /// How many rows its block has.
    pub rows: u64,
    /// How old its model is on average over its own block, in days.
    pub fresh_age: f64,
    /// What its model loses a row on its own block.
    pub fresh_loss: f64,
}

/// One model on one later block.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// The place of the model's origin.
    pub origin: usize,
    /// The place of the block's origin, a later one.
    pub block: usize,
    /// Days between the two.
    pub age: f64,
    /// What the model loses a row above the one that was trained at the block's beginning.
    pub excess: f64,
}

/// All of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Backtests {
    /// The origins, oldest first.
    pub origins: Vec<Origin>,
    /// One point for each pair of them.
    pub points: Vec<Point>,
}

/// Trains and compares. `examples` have times and are in their order; `file` is named in errors.
pub fn paired(
    examples: &Examples,
    trainer: &dyn Fit,
    how: &How,
    file: &str,
    progress: &mut dyn Progress,
) -> Result<Backtests, StageError> {
    let at = examples.at.as_deref().ok_or_else(|| {
        StageError::data(file, "rows have no time, so nothing tells how old a model is", "name data.time")
    })?;
    let cuts = cuts(at, how);
    if cuts.len() < LEAST_BLOCKS {
        return Err(too_few(at.len(), cuts.len(), how, file));
    }
    let mut found = Backtests { origins: Vec::new(), points: Vec::new() };
    let mut models: Vec<OnnxModel> = Vec::new();
    for (place, cut) in cuts.iter().enumerate() {
        let share = |within: f64| (place as f64 + within) / cuts.len() as f64;
        let train = examples.take(&cut.train.clone().collect::<Vec<_>>());
        models.push(fit(trainer, &train, how.seed, &mut |within| progress.share(share(within)))?);
        let block = examples.take(&cut.block.clone().collect::<Vec<_>>());
        let fresh = loss(&models[place], &block, how)?;
        for (origin, model) in models[..place].iter().enumerate() {
            let excess = mean_difference(&loss(model, &block, how)?, &fresh);
            let age = days(cut.at.0 - cuts[origin].at.0);
            found.points.push(Point { origin, block: place, age, excess });
        }
        found.origins.push(origin(cut, at, &fresh));
    }
    Ok(found)
}

/// Where a model is trained, on which rows, and the block that begins there.
struct Cut {
    at: Timestamp,
    train: Range<usize>,
    block: Range<usize>,
}

/// Blocks of equally many rows after the first third. Those that begin at one instant are one, and those before which
/// too little is known to train on are left out.
fn cuts(at: &[Timestamp], how: &How) -> Vec<Cut> {
    let first = at.len() / BEFORE;
    let begin = |block: usize| {
        let row = first + block * (at.len() - first) / how.blocks;
        at.get(row).map_or(at.len(), |instant| at.partition_point(|t| t < instant))
    };
    let mut begins: Vec<usize> = (0..how.blocks).map(begin).collect();
    begins.dedup();
    let end = |place: usize| begins.get(place + 1).copied().unwrap_or(at.len());
    let cut = |(place, &begin): (usize, &usize)| {
        let known = at[begin].0.saturating_sub(how.delay);
        let from = if how.window > 0 { known.saturating_sub(how.window) } else { i64::MIN };
        let train = at.partition_point(|t| t.0 < from)..at.partition_point(|t| t.0 < known);
        Cut { at: at[begin], train, block: begin..end(place) }
    };
    let all = begins.iter().enumerate().filter(|(_, begin)| **begin < at.len()).map(cut);
    all.filter(|cut| cut.train.len() >= how.least_rows && cut.block.len() >= LEAST_ROWS).collect()
}

fn too_few(rows: usize, blocks: usize, how: &How, file: &str) -> StageError {
    let found = format!(
        "{rows} rows give {blocks} origins with {} rows known before and {LEAST_ROWS} after; ageing needs {LEAST_BLOCKS}",
        how.least_rows
    );
    StageError::data(file, found, "bring more rows, or lower gate.min_rows or retrain.label_delay")
}

fn fit(
    trainer: &dyn Fit,
    rows: &Examples,
    seed: u64,
    progress: &mut dyn FnMut(f64) -> bool,
) -> Result<OnnxModel, StageError> {
    let artifact = trainer.fit(rows, Seed(seed), progress).map_err(|error| match error {
        FitError::Interrupted => StageError::Interrupted,
        other => StageError::Fit(other),
    })?;
    let load = |why: String| StageError::Load { version: trainer.name().into(), why };
    OnnxModel::load(&artifact).map_err(|error| load(error.to_string()))
}

fn loss(model: &OnnxModel, rows: &Examples, how: &How) -> Result<Vec<f64>, StageError> {
    let failed = |source| StageError::Predict { version: "of a backtest".into(), source };
    losses(&how.loss, &model.predict(&rows.rows).map_err(failed)?, &rows.target)
}

fn mean_difference(old: &[f64], fresh: &[f64]) -> f64 {
    old.iter().zip(fresh).map(|(old, fresh)| old - fresh).sum::<f64>() / fresh.len() as f64
}

fn origin(cut: &Cut, at: &[Timestamp], fresh: &[f64]) -> Origin {
    let rows = cut.block.len() as f64;
    let ages = at[cut.block.clone()].iter().map(|t| days(t.0 - cut.at.0));
    Origin {
        at: cut.at,
        trained: cut.train.len() as u64,
        rows: cut.block.len() as u64,
        fresh_age: ages.sum::<f64>() / rows,
        fresh_loss: fresh.iter().sum::<f64>() / rows,
    }
}

fn days(microseconds: i64) -> f64 {
    microseconds as f64 / DAY as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn how(delay: i64, window: i64) -> How {
        How { loss: "mse".into(), blocks: 12, window, delay, least_rows: 20, seed: 1 }
    }

    #[test]
    fn what_was_not_known_yet_is_not_learned() {
        let at: Vec<Timestamp> = (0..900).map(|row| Timestamp(row / 2 * DAY)).collect();
        let cuts = cuts(&at, &how(10 * DAY, 60 * DAY));
        assert_eq!(cuts.len(), 12);
        for cut in &cuts {
            assert!(
                at[cut.train.end - 1].0 < cut.at.0 - 10 * DAY && at[cut.train.end].0 >= cut.at.0 - 10 * DAY
            );
            assert_eq!(cut.train.len(), 120);
            assert!(at[cut.block.start - 1] < cut.at && at[cut.block.start] == cut.at);
        }
        assert!(cuts.windows(2).all(|pair| pair[0].block.end == pair[1].block.start));
        assert_eq!(cuts[11].block.end, 900);
    }

    #[test]
    fn instants_that_hold_many_rows_are_one_origin() {
        let at: Vec<Timestamp> = (0..900).map(|row| Timestamp(row / 300 * DAY)).collect();
        assert_eq!(cuts(&at, &how(0, 0)).len(), 2);
    }
}
