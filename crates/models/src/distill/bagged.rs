//! A teacher of pictures: networks that differ by their seed alone, and the mean of what they say.
//!
//! Not a stack: networks of one shape need no judge. Invariant: what it says out of fold of a row comes from networks
//! that never saw it, and an interrupted fit with the same data, seed and shelf goes on where it was.

use crate::contract::{Artifact, Fit, FitError, Seed};
use crate::ensemble::{Scored, Shelf, Stacked, Telling, mark, put};
use crate::neural::Cnn;
use crate::onnx::{Dtype, Merger, OnnxError, OnnxModel};
use crate::split::folds;
use crate::supervise::{self, Classes, bad};
use crate::zoo::normalised;
use domain::{Examples, Field, OutputKind, Schema, Signature, Task};
use stats::distill::{Blend, Group};
use stats::random;

/// Networks of one shape, to be fitted.
///
/// - *What it answers.* The probability of each class, by the mean of networks that began elsewhere and saw the rows in
///   another order.
/// - *Assumptions.* Where they err is a matter of their luck; rows of different folds are independent.
/// - *When it misleads.* What all of them cannot see stays unseen.
/// - *Source.* Lakshminarayanan, Pritzel and Blundell 2017 (deep ensembles).
/// - *Checked against.* Its own graph; each of its networks alone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bagged {
    /// Each of them.
    pub cnn: Cnn,
    /// How many; at least 1.
    pub bags: usize,
    /// How many folds; at least 2.
    pub folds: usize,
}

impl Bagged {
    /// Fits what is not on the shelf: all networks without each fold, then on all rows. The networks are the members of
    /// what it gives, and there is no second level.
    pub fn fit_on(
        &self,
        data: &Examples,
        seed: Seed,
        shelf: &dyn Shelf,
        progress: Telling<'_>,
    ) -> Result<Stacked, FitError> {
        let run = Run::new(*self, data, seed, shelf)?;
        let width = run.target.names.len();
        let mut members = vec![vec![0.0; data.len() * width]; self.bags];
        for fold in 0..self.folds {
            let (held, learn): (Vec<usize>, Vec<usize>) =
                (0..data.len()).partition(|&row| run.fold[row] == fold);
            let (learn, rows) = (data.take(&learn), data.rows.take(&held));
            for (bag, out) in members.iter_mut().enumerate() {
                let network = run.network(&learn, (fold, bag), &format!("without fold {fold}"), progress)?;
                let model = OnnxModel::load(&network).map_err(|e| bad("cnn", e.to_string()))?;
                let said = super::answers(&model, &rows).map_err(|e| bad("cnn", e.to_string()))?;
                put(out, &held, &said, width);
            }
        }
        let whole = |bag| run.network(data, (self.folds, bag), "all rows", progress);
        let artifacts = (0..self.bags).map(whole).collect::<Result<Vec<_>, _>>()?;
        run.gather(members, artifacts)
    }

    fn check(&self, data: &Examples) -> Result<(), FitError> {
        if self.bags == 0 {
            return Err(bad("bagged", "bags is 0, expected 1 or more".into()));
        }
        if self.folds < 2 || data.len() < 2 * self.folds {
            let why = format!("{} rows cannot be held out in {} folds", data.len(), self.folds);
            return Err(bad("bagged", why));
        }
        Ok(())
    }
}

/// A fit under way.
struct Run<'a> {
    bagged: Bagged,
    target: Classes<'a>,
    seed: Seed,
    shelf: &'a dyn Shelf,
    fold: Vec<usize>,
    signature: Signature,
    mark: u64,
}

impl<'a> Run<'a> {
    fn new(
        bagged: Bagged,
        data: &'a Examples,
        seed: Seed,
        shelf: &'a dyn Shelf,
    ) -> Result<Run<'a>, FitError> {
        let target = supervise::classes("bagged", data)?;
        target.need_two("bagged")?;
        bagged.check(data)?;
        let fields = data.rows.columns().iter().map(|column| Field::observed(column, 0)).collect();
        let output = OutputKind::Probabilities { classes: target.names.to_vec() };
        let signature = Signature { task: Task::Classification, inputs: Schema { fields }, output };
        let (fold, mark) = (folds(data, bagged.folds, seed), mark(data, seed, bagged.folds));
        Ok(Run { bagged, target, seed, shelf, fold, signature, mark })
    }

    /// One network, from the shelf or made; the parts are numbered as folds are, and the last is the whole.
    fn network(
        &self,
        data: &Examples,
        (part, bag): (usize, usize),
        told: &str,
        progress: Telling<'_>,
    ) -> Result<Artifact, FitError> {
        let Bagged { cnn, bags, folds } = self.bagged;
        let key = format!("{:016x}-{cnn:?}-bag{bag}-part{part}of{folds}", self.mark);
        let artifact = |onnx| Artifact { onnx, signature: self.signature.clone() };
        let kept = self.shelf.get(&key).map(artifact).filter(|kept| OnnxModel::load(kept).is_ok());
        if let Some(kept) = kept {
            return Ok(kept);
        }
        let (done, all) = ((part * bags + bag) as f64, ((folds + 1) * bags) as f64);
        let what = format!("network {} of {bags}, {told}", bag + 1);
        let seed = Seed(random::bits(self.seed.0, 92, bag as u64));
        let fitted = cnn.fit(data, seed, &mut |share| progress((done + share) / all, &what))?;
        let refused = |why| FitError::Write { trainer: "bagged".into(), why };
        self.shelf.put(&key, &fitted.onnx).map_err(refused)?;
        Ok(artifact(fitted.onnx))
    }

    /// The whole: one graph, and the means of what its networks said out of fold.
    fn gather(self, members: Vec<Vec<f64>>, artifacts: Vec<Artifact>) -> Result<Stacked, FitError> {
        let share = 1.0 / members.len() as f64;
        let alone = |bag| Group { weight: share, members: vec![(bag, 1.0)] };
        let blend = Blend { groups: (0..members.len()).map(alone).collect() };
        let said: Vec<&[f64]> = members.iter().map(Vec::as_slice).collect();
        let width = self.target.names.len();
        let out_of_fold = blend.apply(&said, width).map_err(|e| bad("bagged", e.to_string()))?;
        let log_loss = self.loss(&out_of_fold)?;
        let scored = |(bag, out_of_fold): (usize, Vec<f64>)| {
            let log_loss = self.loss(&out_of_fold)?;
            Ok(Scored { name: format!("cnn_{}", bag + 1), out_of_fold, log_loss })
        };
        let members = members.into_iter().enumerate().map(scored).collect::<Result<_, FitError>>()?;
        let refused = |e: OnnxError| FitError::Write { trainer: "bagged".into(), why: e.to_string() };
        Ok(Stacked {
            artifact: Artifact { onnx: mean(&artifacts, width).map_err(refused)?, signature: self.signature },
            classes: self.target.names.to_vec(),
            fold: self.fold,
            out_of_fold,
            log_loss,
            members,
            artifacts,
            second: Vec::new(),
            blend,
        })
    }

    fn loss(&self, said: &[f64]) -> Result<f64, FitError> {
        super::search::loss("bagged", said, &self.target).map(|(_, mean)| mean)
    }
}

/// The graph of the mean of graphs; rows are divided by their sums, which rounding moves off 1.
fn mean(artifacts: &[Artifact], classes: usize) -> Result<Vec<u8>, OnnxError> {
    let mut merger = Merger::new("bagged");
    // The answer's name is taken before a part's own answer can have it.
    let answer = merger.graph.fresh("probabilities");
    let mut said = Vec::new();
    for artifact in artifacts {
        said.extend(merger.add(&artifact.onnx, &[])?);
    }
    let mut graph = merger.graph;
    let sum = graph.op("Sum", &said, vec![]);
    let mean = normalised(&mut graph, &sum);
    graph.output(&answer, Dtype::F32, &[classes]);
    graph.node("", "Identity", &[&mean], &[&answer], vec![]);
    Ok(graph.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ensemble::Memory;
    use testkit::pictures::bars;

    fn small() -> Bagged {
        let cnn = Cnn { channels: 4, most: 4, dense: 0, epochs: Some(6), ..Cnn::default() };
        Bagged { cnn, bags: 3, folds: 2 }
    }

    fn fit(data: &Examples, shelf: &Memory) -> Stacked {
        small().fit_on(data, Seed(1), shelf, &mut |_, _| true).expect("a fit")
    }

    #[test]
    fn the_graph_answers_the_mean_and_the_mean_beats_its_parts() {
        let data = bars(400, 1).examples;
        let stacked = fit(&data, &Memory::default());
        let said = |artifact: &Artifact| {
            let model = OnnxModel::load(artifact).expect("our own bytes");
            crate::distill::answers(&model, &data.rows).expect("answers")
        };
        let parts: Vec<Vec<f64>> = stacked.artifacts.iter().map(said).collect();
        assert_ne!(parts[0], parts[1], "each has a seed of its own");
        for (place, p) in said(&stacked.artifact).iter().enumerate() {
            let mean = parts.iter().map(|part| part[place]).sum::<f64>() / 3.0;
            assert!((p - mean).abs() < 1e-6, "{p} against {mean}");
        }
        let alone = stacked.members.iter().map(|member| member.log_loss).sum::<f64>() / 3.0;
        assert!(stacked.log_loss < alone, "{} against {alone}", stacked.log_loss);
    }

    #[test]
    fn what_it_says_out_of_fold_is_of_networks_that_never_saw_the_row() {
        let data = bars(120, 1).examples;
        let stacked = fit(&data, &Memory::default());
        let (held, others): (Vec<usize>, Vec<usize>) = (0..120).partition(|&row| stacked.fold[row] == 1);
        let seed = Seed(random::bits(1, 92, 2));
        let network = small().cnn.fit(&data.take(&others), seed, &mut |_| true).expect("a fit");
        let model = OnnxModel::load(&network).expect("our own bytes");
        let said = crate::distill::answers(&model, &data.rows.take(&held)).expect("answers");
        let own = held.iter().flat_map(|&row| &stacked.members[2].out_of_fold[2 * row..2 * row + 2]);
        assert_eq!(said, own.copied().collect::<Vec<f64>>());
    }

    #[test]
    fn an_interrupted_fit_goes_on_and_ends_in_the_same_bytes() {
        let (data, shelf) = (bars(80, 1).examples, Memory::default());
        let mut looks = 0;
        let stopped = small().fit_on(&data, Seed(1), &shelf, &mut |share, _| {
            assert!((0.0..=1.0).contains(&share));
            looks += 1;
            looks < 100
        });
        assert!(matches!(stopped, Err(FitError::Interrupted)), "{looks}");
        let kept = shelf.len();
        assert!((1..9).contains(&kept), "{kept}");
        assert_eq!(fit(&data, &shelf), fit(&data, &Memory::default()));
        assert_eq!(shelf.len(), 9, "three networks of two folds and of the whole");
        let none = Bagged { bags: 0, ..small() }.fit_on(&data, Seed(1), &shelf, &mut |_, _| true);
        assert_eq!(none.expect_err("none").to_string(), "cannot fit `bagged`: bags is 0, expected 1 or more");
    }
}
