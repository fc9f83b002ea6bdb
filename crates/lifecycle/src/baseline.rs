//! Lesson 1: before any model, the simplest things that answer. The best of them becomes version 1.

use crate::data::{Split, split};
use crate::gate::{deployed, score_version, scores};
use crate::version::{Version, keep, trained_on};
use crate::{Progress, Project, StageError, trainers};
use domain::gate::Estimate;
use domain::{Examples, Origin};
use models::onnx::OnnxModel;
use models::{Fit, Predict, Seed};

/// How one baseline did.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Which baseline.
    pub name: String,
    /// The primary metric on the test rows, and each guardrail.
    pub scores: Vec<(String, Estimate)>,
    /// The primary metric on the rows that chose between baselines; infinite where it could not answer.
    pub chosen_by: f64,
    /// Whether it became version 1.
    pub chosen: bool,
    /// Why it could not be fitted, where it could not.
    pub failed: Option<String>,
}

/// Fits every baseline that suits the task, chooses the best on the last part of the training rows, and puts it
/// in service where nothing serves yet. The test rows only tell how it did; they choose nothing.
pub fn run(
    project: &Project,
    data: &str,
    rows: &Split,
    progress: &mut dyn Progress,
) -> Result<(Version, Vec<Candidate>), StageError> {
    let candidates = compare(project, rows, progress)?;
    let best = candidates.iter().position(|c| c.chosen);
    let best = best.ok_or_else(|| StageError::TooEarly("no baseline could be fitted".into()))?;
    let version = publish(project, trainers::baselines(&project.plan)[best].as_ref(), data, rows)?;
    Ok((version, candidates))
}

/// How every baseline that suits the task does; nothing is kept.
pub fn compare(
    project: &Project,
    rows: &Split,
    progress: &mut dyn Progress,
) -> Result<Vec<Candidate>, StageError> {
    let inner = split(&project.plan, &rows.train)?;
    let fits = trainers::baselines(&project.plan);
    let mut candidates = Vec::new();
    for (done, fit) in fits.iter().enumerate() {
        if !progress.share(done as f64 / fits.len() as f64) {
            return Err(StageError::Interrupted);
        }
        candidates.push(candidate(project, fit.as_ref(), rows, &inner)?);
    }
    if let Some(best) = best(&candidates) {
        candidates[best].chosen = true;
    }
    Ok(candidates)
}

fn publish(project: &Project, fit: &dyn Fit, data: &str, rows: &Split) -> Result<Version, StageError> {
    let artifact = fit.fit(&rows.train, Seed(project.plan.train.seed), &mut |_| true)?;
    let origin = Origin::Baseline { name: fit.name().into() };
    let version = keep(project, &artifact, origin, trained_on(data, &rows.train), &rows.train.rows)?;
    score_version(project, &version, &rows.test, data)?;
    let history = project.history()?;
    if history.incumbent().is_none() {
        project.record(&[deployed(&history, &version.id)])?;
    }
    Ok(version)
}

fn candidate(project: &Project, fit: &dyn Fit, rows: &Split, inner: &Split) -> Result<Candidate, StageError> {
    let name = fit.name().to_string();
    let fitted =
        fitted(project, fit, &inner.train).and_then(|model| Ok((model, fitted(project, fit, &rows.train)?)));
    let (young, whole) = match fitted {
        Ok(models) => models,
        // A baseline that does not suit these rows is left out; the others still answer.
        Err(why) => {
            let failed = Some(why.to_string());
            return Ok(Candidate {
                name,
                scores: Vec::new(),
                chosen_by: f64::INFINITY,
                chosen: false,
                failed,
            });
        }
    };
    let chosen_by = loss(project, &young, &inner.test)?;
    let answers = answer(&whole, &rows.test)?;
    let scores = scores(project, &answers, &rows.test)?.into_iter().map(|s| (s.metric, s.estimate)).collect();
    Ok(Candidate { name, scores, chosen_by, chosen: false, failed: None })
}

fn fitted(project: &Project, fit: &dyn Fit, rows: &Examples) -> Result<OnnxModel, StageError> {
    let artifact = fit.fit(rows, Seed(project.plan.train.seed), &mut |_| true)?;
    OnnxModel::load(&artifact)
        .map_err(|e| StageError::Load { version: fit.name().into(), why: e.to_string() })
}

fn answer(model: &OnnxModel, rows: &Examples) -> Result<domain::Outputs, StageError> {
    model.predict(&rows.rows).map_err(|source| StageError::Predict { version: "baseline".into(), source })
}

fn loss(project: &Project, model: &OnnxModel, rows: &Examples) -> Result<f64, StageError> {
    let scores = scores(project, &answer(model, rows)?, rows)?;
    let value = scores[0].estimate.value;
    Ok(if crate::score::higher_is_better(&scores[0].metric) { -value } else { value })
}

fn best(candidates: &[Candidate]) -> Option<usize> {
    let usable = candidates.iter().enumerate().filter(|(_, c)| c.failed.is_none());
    usable.min_by(|a, b| a.1.chosen_by.total_cmp(&b.1.chosen_by)).map(|(i, _)| i)
}

/// The events' summary of this stage, for the page and for a later run.
pub fn summary(version: &Version, candidates: &[Candidate]) -> serde_json::Value {
    serde_json::json!({"version": version.id.0, "candidates": candidates_json(candidates)})
}

/// The candidates as data.
pub fn candidates_json(candidates: &[Candidate]) -> serde_json::Value {
    let each = candidates.iter().map(|c| {
        let scores = c.scores.iter().map(|(metric, e)| {
            serde_json::json!({"metric": metric, "value": e.value, "low": e.low, "high": e.high, "rows": e.rows})
        });
        serde_json::json!({"name": c.name, "chosen": c.chosen, "failed": c.failed, "scores": scores.collect::<Vec<_>>()})
    });
    each.collect()
}
