//! Students that were taught all rows: what each is worth beside its twin, and what it costs at the server's door.

use super::smaller::{Smaller, smaller};
use super::{Class, fit, measure};
use crate::{Progress, StageError, cost, version};
use domain::distill::{StepFact, StudentFact};
use domain::gate::{Estimate, Resource};
use models::Artifact;
use models::artifact::golden;
use models::distill::{Halving, Lesson, Student, halve};
use models::onnx::{OnnxModel, parameters};
use stats::distill::share_of_gain;
use std::sync::Arc;
use store::version::{Golden, VersionFiles, put_version};

/// Rows that a student is kept with while its cost is measured.
const ROWS: usize = 10;
/// The share of numbers that a twin drops.
const DROPPED: f32 = 0.3;

/// A student.
pub(super) struct Pupil {
    pub(super) name: String,
    pub(super) artifact: Artifact,
    parameters: u64,
    losses: Vec<f64>,
    twin: Vec<f64>,
    steps: Vec<StepFact>,
}

/// Teaches the whole ladder a little and the better ones all of it; then their twins the same rows, from hard labels.
pub(super) fn teach(
    class: &Class<'_>,
    lesson: &Lesson,
    progress: &mut dyn Progress,
) -> Result<Vec<Pupil>, StageError> {
    let ladder = class.who.students(class.project.plan.distill.epochs);
    progress.begin("distill", &format!("{} students, {} rows", ladder.len(), lesson.len()));
    let most = class.project.plan.budget.size_mb.map(|mb| mb * 1e6);
    let mut bytes = |_: &Student, artifact: &Artifact| {
        let bytes = artifact.onnx.len() as f64;
        most.is_none_or(|most| bytes <= most).then_some(bytes)
    };
    let mut share = |share: f64| progress.share(share);
    let tried = halve(&ladder, lesson, class.guard, Halving::default(), class.seed, &mut bytes, &mut share)
        .map_err(fit)?;
    let hard = lesson.hard_twin();
    progress.begin("distill", &format!("{} twins from hard labels", tried.len()));
    let count = tried.len().max(1) as f64;
    let pupil = |(place, tried): (usize, models::distill::Tried)| {
        let mut share = |share: f64| progress.share((place as f64 + share) / count);
        let twin = twin(class, &tried.student, &hard, &mut share)?;
        let Smaller { artifact, losses, steps } = smaller(class, lesson, &tried, &mut share)?;
        let parameters = match parameters(&artifact.onnx) {
            Ok(count) => count as u64,
            Err(why) => return Err(class.failed(&tried.student.name, &why)),
        };
        Ok(Pupil { name: tried.student.name, twin, losses, parameters, artifact, steps })
    };
    tried.into_iter().enumerate().map(pupil).collect()
}

/// What the better of two twins loses: a network that learns hard labels by heart unless it drops some of its numbers
/// would flatter the teacher.
fn twin(
    class: &Class<'_>,
    student: &Student,
    hard: &Lesson,
    share: &mut dyn FnMut(f64) -> bool,
) -> Result<Vec<f64>, StageError> {
    let mut best: Option<Vec<f64>> = None;
    let dropping = student.clone().dropping(DROPPED);
    let twins = if dropping == *student { vec![student.clone()] } else { vec![student.clone(), dropping] };
    for twin in twins {
        let losses = class.losses(&twin.learn(hard, class.seed, share).map_err(fit)?)?;
        let less = |best: &Vec<f64>| losses.iter().sum::<f64>() < best.iter().sum::<f64>();
        if best.as_ref().is_none_or(less) {
            best = Some(losses);
        }
    }
    Ok(best.expect("there is one twin at least"))
}

impl Pupil {
    /// What the rule is told of it; `teacher` are the teacher's losses on the same rows.
    pub(super) fn fact(&self, class: &Class<'_>, teacher: &[f64]) -> Result<StudentFact, StageError> {
        let twin = class.mean(&self.twin)?.0;
        let gap = class.mean(teacher)?.0.value < twin.value;
        let kept = share_of_gain(&self.twin, teacher, &self.losses, &class.clusters(), 0.95);
        let kept = if gap { Some(kept.map_err(measure)?.into()) } else { None };
        Ok(StudentFact {
            name: self.name.clone(),
            loss: class.mean(&self.losses)?.0,
            twin: Some(twin),
            kept,
            parameters: self.parameters,
            bytes: self.artifact.onnx.len() as u64,
            p99: self.p99(class)?,
            steps: self.steps.clone(),
        })
    }

    /// What its requests take, where the plan bounds that and a server is at hand. Its bytes are kept as a version's are,
    /// but no version is registered.
    fn p99(&self, class: &Class<'_>) -> Result<Option<Estimate>, StageError> {
        if class.project.plan.budget.p99.is_none() {
            return Ok(None);
        }
        let model = OnnxModel::load(&self.artifact).map_err(|e| class.failed(&self.name, &e))?;
        let used = class.rows.rows.select(|name| self.artifact.signature.inputs.field(name).is_some());
        let (rows, outputs) = golden(&model, &used, ROWS).map_err(|e| class.failed(&self.name, &e))?;
        let (onnx, signature) = (self.artifact.onnx.clone(), self.artifact.signature.clone());
        let files =
            VersionFiles { onnx, signature, golden: Golden { rows, outputs }, card: self.name.clone() };
        let id = put_version(class.project.blobs.as_ref(), &files)?;
        let version = version::Version { id, model: Arc::new(model) };
        let costs = cost::costs(class.project, &version, &class.guard.examples().rows)?;
        Ok(costs.into_iter().find(|cost| cost.resource == Resource::P99).and_then(|cost| cost.found))
    }
}
