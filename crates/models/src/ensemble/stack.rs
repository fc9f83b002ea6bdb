//! Stacking: members, judges over their answers, a blend of the judges.
//!
//! One fold index for all: what a judge learns from, and what a student will learn from, are answers of models that
//! never saw the row. Invariant: an interrupted fit with the same data, seed and shelf goes on where it was and ends in
//! the same bytes.

use super::run::{Part, Run};
use super::second::Second;
use super::shelf::{Nothing, Shelf};
use super::write::write;
use crate::contract::{Artifact, Fit, FitError, Seed};
use crate::supervise::{self, Classes};
use crate::zoo::Member;
use domain::{Examples, OutputKind, Task};
use stats::distill::{Blend, fit_blend};
use stats::metric::most_probable;

/// An ensemble, to be fitted.
///
/// - *What it answers.* The probability of each class, by many models that err differently.
/// - *Assumptions.* Rows of different folds are independent: entities stand in one fold, times in blocks.
/// - *When it misleads.* A judge's answers to a fold rest on members of other folds that saw it; the blend of the last
///   level is fitted on few numbers, and scored on folds that it was not fitted to. So small differences are noise.
/// - *Source.* Wolpert 1992; van der Laan, Polley and Hubbard 2007; Titericz and Semenov 2015 for the levels.
/// - *Checked against.* Its own graph; the best of its members on rows held out.
#[derive(Debug, Clone, PartialEq)]
pub struct Stack {
    /// The first level; at least one, no two called alike.
    pub members: Vec<Member>,
    /// The second level; at least one, called otherwise than members.
    pub second: Vec<Second>,
    /// Places in `second`: geometric means within a group, an arithmetic one of the groups.
    pub groups: Vec<Vec<usize>>,
    /// How many folds; at least 2.
    pub folds: usize,
}

/// A part of an ensemble with what it answered, out of fold, to every training row.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    /// What it is called.
    pub name: String,
    /// One row of classes a training row.
    pub out_of_fold: Vec<f64>,
    /// The weighted mean cross entropy of those answers, in nats.
    pub log_loss: f64,
}

/// A fitted ensemble.
#[derive(Debug, Clone, PartialEq)]
pub struct Stacked {
    /// The whole of it as one graph.
    pub artifact: Artifact,
    /// Class names, sorted.
    pub classes: Vec<String>,
    /// The fold of each training row.
    pub fold: Vec<usize>,
    /// What the whole answers, out of fold, to every training row: a student's soft targets. The blend of a row was
    /// fitted on the other folds.
    pub out_of_fold: Vec<f64>,
    /// The weighted mean cross entropy of those answers, in nats.
    pub log_loss: f64,
    /// The first level.
    pub members: Vec<Scored>,
    /// The first level as models of their own, fitted on all rows: what to serve where the whole is no better.
    pub artifacts: Vec<Artifact>,
    /// The second level.
    pub second: Vec<Scored>,
    /// How the second level is blended.
    pub blend: Blend,
}

/// What is told while an ensemble is fitted: the share done, 0 to 1, and what is being fitted. `false` stops it.
pub type Telling<'a> = &'a mut dyn FnMut(f64, &str) -> bool;

impl Stack {
    /// Fits all levels, with what stands on the shelf taken from there.
    pub fn fit_on(
        &self,
        data: &Examples,
        seed: Seed,
        shelf: &dyn Shelf,
        progress: Telling<'_>,
    ) -> Result<Stacked, FitError> {
        let run = Run::new(self, data, seed, shelf)?;
        let answers = run.out_of_fold(progress)?;
        let said = run.judged(&answers, progress)?;
        let members = run.members(Part::Whole, progress)?.into_iter().map(|e| e.onnx).collect::<Vec<_>>();
        let judges =
            run.judges(Part::Whole, &answers, progress)?.into_iter().map(|e| e.onnx).collect::<Vec<_>>();
        let all: Vec<usize> = (0..data.len()).collect();
        let blend = self.blend(&run.target, &said, &all)?;
        let onnx = write(&members, &judges, &blend, run.classes())?;
        let out_of_fold = self.cross_fitted(&run, &said)?;
        Ok(Stacked {
            artifact: run.artifact(onnx)?,
            artifacts: members.into_iter().map(|onnx| run.artifact(onnx)).collect::<Result<_, _>>()?,
            classes: run.target.names.to_vec(),
            log_loss: loss(&run.target, &out_of_fold),
            out_of_fold,
            members: scored(&run.target, self.members.iter().map(|m| &m.name), answers),
            second: scored(&run.target, self.second.iter().map(|s| &s.name), said),
            blend,
            fold: run.fold,
        })
    }

    /// The ensemble that never saw one fold, as a graph: what labels rows that were bred in that fold. Taken from the
    /// shelf that [`Stack::fit_on`] filled; what is missing there is fitted again.
    pub fn without(
        &self,
        data: &Examples,
        seed: Seed,
        fold: usize,
        shelf: &dyn Shelf,
        progress: Telling<'_>,
    ) -> Result<Artifact, FitError> {
        let run = Run::new(self, data, seed, shelf)?;
        let answers = run.out_of_fold(progress)?;
        let said = run.judged(&answers, progress)?;
        let members =
            run.members(Part::Without(fold), progress)?.into_iter().map(|e| e.onnx).collect::<Vec<_>>();
        let judges = run.judges(Part::Without(fold), &answers, progress)?;
        let judges = judges.into_iter().map(|e| e.onnx).collect::<Vec<_>>();
        let others: Vec<usize> = (0..data.len()).filter(|&row| run.fold[row] != fold).collect();
        let blend = self.blend(&run.target, &said, &others)?;
        run.artifact(write(&members, &judges, &blend, run.classes())?)
    }

    /// The blend of least loss on some rows.
    fn blend(&self, target: &Classes<'_>, said: &[Vec<f64>], rows: &[usize]) -> Result<Blend, FitError> {
        let width = target.names.len();
        let truth = most_probable(&target.probability, width);
        let classes: Vec<usize> = rows.iter().map(|&row| truth[row]).collect();
        let taken: Vec<Vec<f64>> = said.iter().map(|p| take(p, rows, width)).collect();
        let taken: Vec<&[f64]> = taken.iter().map(Vec::as_slice).collect();
        fit_blend(&taken, &classes, width, &self.groups)
            .map_err(|e| supervise::bad("ensemble", e.to_string()))
    }

    /// The blend's answers to each fold, with weights from the others.
    fn cross_fitted(&self, run: &Run<'_>, said: &[Vec<f64>]) -> Result<Vec<f64>, FitError> {
        let width = run.classes();
        let mut out = vec![0.0; run.fold.len() * width];
        for fold in 0..self.folds {
            let (held, others): (Vec<usize>, Vec<usize>) =
                (0..run.fold.len()).partition(|&row| run.fold[row] == fold);
            let blend = self.blend(&run.target, said, &others)?;
            let taken: Vec<Vec<f64>> = said.iter().map(|p| take(p, &held, width)).collect();
            let taken: Vec<&[f64]> = taken.iter().map(Vec::as_slice).collect();
            let answers =
                blend.apply(&taken, width).map_err(|e| supervise::bad("ensemble", e.to_string()))?;
            put(&mut out, &held, &answers, width);
        }
        Ok(out)
    }
}

impl Fit for Stack {
    fn name(&self) -> &str {
        "ensemble"
    }

    fn fit(
        &self,
        data: &Examples,
        seed: Seed,
        progress: &mut dyn FnMut(f64) -> bool,
    ) -> Result<Artifact, FitError> {
        Ok(self.fit_on(data, seed, &Nothing, &mut |share, _| progress(share))?.artifact)
    }
}

impl Run<'_> {
    fn artifact(&self, onnx: Vec<u8>) -> Result<Artifact, FitError> {
        let output = OutputKind::Probabilities { classes: self.target.names.to_vec() };
        let signature = domain::Signature { task: Task::Classification, inputs: self.schema()?, output };
        Ok(Artifact { onnx, signature })
    }
}

/// These rows of `width` numbers each.
pub(super) fn take(from: &[f64], rows: &[usize], width: usize) -> Vec<f64> {
    rows.iter().flat_map(|&row| &from[row * width..(row + 1) * width]).copied().collect()
}

/// Puts rows of `width` numbers where they belong.
pub(crate) fn put(into: &mut [f64], rows: &[usize], from: &[f64], width: usize) {
    for (&row, cells) in rows.iter().zip(from.chunks_exact(width)) {
        into[row * width..(row + 1) * width].copy_from_slice(cells);
    }
}

/// The weighted mean cross entropy, in nats.
fn loss(target: &Classes<'_>, answers: &[f64]) -> f64 {
    let width = target.names.len();
    let rows = answers.chunks_exact(width).zip(target.probability.chunks_exact(width)).zip(&target.weight);
    let row = |p: &[f64], q: &[f64]| -p.iter().zip(q).map(|(p, q)| q * p.max(f64::EPSILON).ln()).sum::<f64>();
    let sum: f64 = rows.map(|((p, q), w)| w * row(p, q)).sum();
    sum / target.weight.iter().sum::<f64>()
}

fn scored<'a>(
    target: &Classes<'_>,
    names: impl Iterator<Item = &'a String>,
    answers: Vec<Vec<f64>>,
) -> Vec<Scored> {
    let one = |(name, out_of_fold): (&String, Vec<f64>)| {
        let log_loss = loss(target, &out_of_fold);
        Scored { name: name.clone(), out_of_fold, log_loss }
    };
    names.zip(answers).map(one).collect()
}
