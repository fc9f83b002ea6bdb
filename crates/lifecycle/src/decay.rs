//! How the incumbent's trainer ages: paired backtests on the plan's own table and the labelled live rows, and the curve
//! through them.
//!
//! What was measured is kept by the hash of all that went in, so that asking again is instant. Not here: what follows
//! for the cadence ([`domain::cadence`]).

pub mod curve;
pub mod paired;

use crate::live::{self, Live};
use crate::version::open;
use crate::{Progress, Project, StageError, data, retrain, trainers};
use domain::ageing::Ageing;
use domain::{Event, Examples, History, Timestamp};
use paired::{Backtests, How};
use serde::{Deserialize, Serialize};

/// The name of the stage that keeps what was measured.
const STAGE: &str = "decay";
/// Blocks, where nobody asks for more.
pub const BLOCKS: usize = 12;
/// While the server runs, ageing is measured again once labelled live rows have grown by this factor.
const GROWN: f64 = 1.5;

/// What was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// The trainer whose models were compared.
    pub trainer: String,
    /// The row loss.
    pub loss: String,
    /// How many labelled rows there were.
    pub rows: u64,
    /// Every model on every later block.
    pub backtests: Backtests,
    /// The curve.
    pub ageing: Ageing,
}

/// What the stage keeps: what was measured, or why it could not be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Kept {
    /// Labelled live rows by then.
    live: u64,
    measured: Option<Measured>,
    why: Option<String>,
}

/// Measures, or reads what was measured of the same rows by the same rules.
pub fn run(
    project: &Project,
    live: &Live,
    blocks: usize,
    progress: &mut dyn Progress,
) -> Result<Measured, StageError> {
    let history = project.history()?;
    let name = trainer(project, &history)?;
    let rows = rows(project, &history, live)?;
    let how = how(project, &rows, blocks);
    let inputs = inputs(project, &name, &rows, &how);
    let same = history.stages.get(STAGE).filter(|done| done.inputs == inputs);
    if let Some(measured) = same.and_then(|done| kept(&done.summary)).and_then(|kept| kept.measured) {
        return Ok(measured);
    }
    progress.begin(STAGE, &format!("{name} at {blocks} origins, {} rows", rows.len()));
    let fit = trainers::named(project, &name)?;
    let backtests = paired::paired(&rows, fit.as_ref(), &how, &project.plan.data.source, progress)?;
    let ageing = curve::fit(&backtests, how.seed)?.ageing;
    let measured = Measured { trainer: name, loss: how.loss, rows: rows.len() as u64, backtests, ageing };
    record(project, live, inputs, Some(measured.clone()), None)?;
    Ok(measured)
}

/// How the trainer ages as far as it was measured.
pub fn known(history: &History) -> Option<Ageing> {
    let kept = history.stages.get(STAGE).and_then(|done| kept(&done.summary))?;
    kept.measured.map(|measured| measured.ageing)
}

/// Measures for the loop that keeps a model in order: the first time, for another trainer, and when there is much more
/// to measure by. What cannot be measured yet is noted, and asked again when there is more.
pub fn renew(project: &Project, live: &Live, progress: &mut dyn Progress) -> Result<(), StageError> {
    let history = project.history()?;
    let last = history.stages.get(STAGE).and_then(|done| kept(&done.summary));
    let name = trainer(project, &history)?;
    let enough = |kept: &Kept| {
        let other = kept.measured.as_ref().is_some_and(|measured| measured.trainer != name);
        !other && (live.rows.len() as f64) < GROWN * kept.live.max(1) as f64
    };
    if last.as_ref().is_some_and(enough) {
        return Ok(());
    }
    match run(project, live, BLOCKS, progress) {
        Err(StageError::Data { found, .. }) => {
            progress.say(&format!("ageing not measured: {found}"));
            record(project, live, String::new(), last.and_then(|kept| kept.measured), Some(found))
        }
        other => other.map(drop),
    }
}

fn record(
    project: &Project,
    live: &Live,
    inputs: String,
    measured: Option<Measured>,
    why: Option<String>,
) -> Result<(), StageError> {
    let kept = Kept { live: live.rows.len() as u64, measured, why };
    let summary = serde_json::to_value(kept).expect("what was measured is plain data");
    project.record(&[Event::StageDone { stage: STAGE.into(), inputs, summary }])?;
    Ok(())
}

fn kept(summary: &serde_json::Value) -> Option<Kept> {
    serde_json::from_value(summary.clone()).ok()
}

/// The incumbent's own trainer; the plan's last while something else serves.
fn trainer(project: &Project, history: &History) -> Result<String, StageError> {
    let all = history.incumbent().map(|standing| retrain::names(project, &standing.origin));
    let none = || StageError::data("incumbent.toml", "the plan has no trainer", "name one in train.trainers");
    all.unwrap_or_else(|| trainers::names(&project.plan)).pop().ok_or_else(none)
}

/// The table's rows and the live ones whose label is known, in order of time.
fn rows(project: &Project, history: &History, live: &Live) -> Result<Examples, StageError> {
    let table = live::history_rows(project)?;
    // rows that people saw since the model doubted them stand for no others
    let known = retrain::judging(project, live, Timestamp(i64::MIN))?;
    let Some(incumbent) = history.incumbent().filter(|_| !known.is_empty() && table.at.is_some()) else {
        return Ok(table);
    };
    let output = open(project, &incumbent.version)?.model.signature().output.clone();
    let newer = live::examples(project, &known, &table.rows.schema(0), &output)?;
    live::joined(&table, &newer, &project.plan.data.source)
}

fn how(project: &Project, rows: &Examples, blocks: usize) -> How {
    let plan = &project.plan;
    let loss = match plan.primary() {
        // a ranking has no loss of its own on a row
        "auc" => "log_loss",
        "rmse" => "mse",
        other => other,
    };
    How {
        loss: loss.into(),
        blocks,
        window: plan.retrain.window.0,
        delay: plan.retrain.label_delay.0 + data::lead(plan, rows),
        least_rows: plan.gate.min_rows as usize,
        seed: plan.train.seed,
    }
}

fn inputs(project: &Project, trainer: &str, rows: &Examples, how: &How) -> String {
    let train = &project.plan.train;
    let text = format!("{trainer} {train:?} {how:?} {} {}", live::digest(rows), env!("CARGO_PKG_VERSION"));
    store::digest::sha256(text.as_bytes())
}
