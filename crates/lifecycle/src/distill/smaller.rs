//! Students made smaller, step by step: weights as 8-bit integers, then fewer numbers between a network's layers.
//!
//! Each step is gated by [`StepFact::pays`] on rows that neither teacher nor student saw. Not the choice among students.

use super::{Class, fit, measure};
use crate::StageError;
use domain::distill::{Step, StepFact};
use models::Artifact;
use models::distill::Tried;
use models::onnx::{OnnxError, narrow};
use stats::paired::differences;

/// A student after the steps that paid.
pub(super) struct Smaller {
    pub(super) artifact: Artifact,
    /// Its row losses on the guard.
    pub(super) losses: Vec<f64>,
    pub(super) steps: Vec<StepFact>,
}

/// Tries int8 weights, and then networks of nine tenths of the width, eight tenths, until one is no longer worth it.
pub(super) fn smaller(
    class: &Class<'_>,
    lesson: &models::distill::Lesson,
    tried: &Tried,
    share: &mut dyn FnMut(f64) -> bool,
) -> Result<Smaller, StageError> {
    let (artifact, losses) = (tried.artifact.clone(), tried.losses.clone());
    let mut so_far = Smaller { artifact, losses, steps: Vec::new() };
    if class.project.plan.distill.tolerance == 0.0 {
        return Ok(so_far);
    }
    let name = &tried.student.name;
    let int8 = match narrowed(name, &tried.artifact)? {
        Some(narrow) => so_far.step(class, tried, Step::Int8, narrow)?,
        None => false,
    };
    // A failed measurement ends the steps, and is told afterwards: the student hears of no stage.
    let mut broken = None;
    let mut keep = |tenths: usize, graph: Artifact| {
        let narrow = if int8 { narrowed(name, &graph) } else { Ok(None) };
        let what = Step::Width(tenths as u8);
        let step = narrow.and_then(|narrow| so_far.step(class, tried, what, narrow.unwrap_or(graph)));
        Ok(step.unwrap_or_else(|why| {
            broken = Some(why);
            false
        }))
    };
    tried.student.thin(lesson, class.seed, &mut keep, share).map_err(fit)?;
    broken.map_or(Ok(so_far), Err)
}

impl Smaller {
    /// Measures a step, and takes it where it pays.
    fn step(
        &mut self,
        class: &Class<'_>,
        tried: &Tried,
        what: Step,
        artifact: Artifact,
    ) -> Result<bool, StageError> {
        let losses = class.losses(&artifact)?;
        let change = class.mean(&differences(&losses, &tried.losses).map_err(measure)?)?.0;
        let (before, bytes) = (self.artifact.onnx.len() as u64, artifact.onnx.len() as u64);
        let fact = StepFact { what, before, bytes, change };
        let pays = fact.pays(class.project.plan.distill.tolerance);
        self.steps.push(fact);
        if pays {
            (self.artifact, self.losses) = (artifact, losses);
        }
        Ok(pays)
    }
}

/// A student with int8 weights; `None` where there are none to narrow.
pub(super) fn narrowed(name: &str, wide: &Artifact) -> Result<Option<Artifact>, StageError> {
    let failed = |e: OnnxError| StageError::Load { version: name.into(), why: e.to_string() };
    let onnx = narrow(&wide.onnx).map_err(failed)?;
    Ok(onnx.map(|onnx| Artifact { onnx, signature: wide.signature.clone() }))
}
