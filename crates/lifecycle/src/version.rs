//! Versions: from a fitted artifact to bytes in the store, and back to a model that answers.

use crate::{Project, StageError};
use domain::{Event, Examples, Origin, Outputs, Table, TrainedOn, VersionId};
use models::artifact::{Card, Difference, golden};
use models::{Artifact, Predict};
use std::sync::Arc;
use store::version::{Golden, VersionFiles, load_version, put_version};

/// How many rows are kept with their answers, to check a served version against: enough to bound the rate of
/// wrong answers at 1.5% (rule of three).
const GOLDEN_ROWS: usize = 200;

/// A version with its model in memory.
#[derive(Clone)]
pub struct Version {
    /// The hash of its bytes.
    pub id: VersionId,
    /// What answers.
    pub model: Arc<dyn Predict>,
}

/// Keeps an artifact and registers it. Golden rows are drawn from `rows`, raw as served.
pub fn keep(
    project: &Project,
    artifact: &Artifact,
    origin: Origin,
    trained_on: TrainedOn,
    rows: &Table,
) -> Result<Version, StageError> {
    let model = models::onnx::OnnxModel::load(artifact).map_err(|e| load("new", &e))?;
    let used = rows.select(|name| artifact.signature.inputs.field(name).is_some());
    let (rows, outputs) = golden(&model, &used, GOLDEN_ROWS).map_err(|e| predict("new", e))?;
    register(project, model, artifact, origin, trained_on, Golden { rows, outputs })
}

/// Keeps an artifact, which was loaded as this model, with these golden rows and registers it.
pub fn register(
    project: &Project,
    model: models::onnx::OnnxModel,
    artifact: &Artifact,
    origin: Origin,
    trained_on: TrainedOn,
    golden: Golden,
) -> Result<Version, StageError> {
    let signature = artifact.signature.clone();
    let shown = Card {
        model: &project.plan.name,
        origin: &origin,
        signature: &signature,
        trained_on: Some(&trained_on),
        scores: &[],
    };
    let card = shown.markdown();
    let files = VersionFiles { onnx: artifact.onnx.clone(), signature, golden, card };
    let id = put_version(project.blobs.as_ref(), &files)?;
    let name = project.plan.name.clone();
    project.record(&[Event::Registered { version: id.clone(), model: name, origin, trained_on }])?;
    Ok(Version { id, model: Arc::new(model) })
}

/// Loads a version's model from the store.
pub fn open(project: &Project, id: &VersionId) -> Result<Version, StageError> {
    let artifact = artifact(project, id)?;
    let model = models::onnx::OnnxModel::load(&artifact).map_err(|e| load(id.short(), &e))?;
    Ok(Version { id: id.clone(), model: Arc::new(model) })
}

/// A version's artifact, as it was kept.
pub fn artifact(project: &Project, id: &VersionId) -> Result<Artifact, StageError> {
    let files = load_version(project.blobs.as_ref(), id)?;
    Ok(Artifact { onnx: files.onnx, signature: files.signature })
}

/// Answers a version's golden rows again and compares.
pub fn check_golden(project: &Project, id: &VersionId) -> Result<Difference, StageError> {
    let golden = load_version(project.blobs.as_ref(), id)?.golden;
    let version = open(project, id)?;
    let found = models::artifact::check_golden(version.model.as_ref(), &golden.rows, &golden.outputs);
    found.map_err(|e| predict(id.short(), e))
}

impl Version {
    /// Answers these rows.
    pub fn answer(&self, rows: &Table) -> Result<Outputs, StageError> {
        self.model.predict(rows).map_err(|e| predict(self.id.short(), e))
    }
}

/// What these examples are, for the registry.
pub fn trained_on(data: &str, examples: &Examples) -> TrainedOn {
    let until = examples.at.as_ref().and_then(|at| at.last().copied());
    TrainedOn { data: data.into(), rows: examples.len() as u64, until, reviewed: None }
}

fn load(version: &str, why: &dyn std::fmt::Display) -> StageError {
    StageError::Load { version: version.into(), why: why.to_string() }
}

fn predict(version: &str, source: models::PredictError) -> StageError {
    StageError::Predict { version: version.into(), source }
}
