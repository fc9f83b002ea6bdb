//! A member of an ensemble: a recipe and a learner. It is a trainer of its own, too.

use super::learner::{Head, Job, Learner, Mean};
use super::prep::Prep;
use super::recipe::{Inputs, Recipe, Transform};
use crate::contract::{Artifact, Fit, FitError, PredictError, Seed};
use crate::encode::Features;
use crate::neural::{Heat, Perceptron, Trained};
use crate::onnx::{Dtype, GraphBuilder};
use crate::split::{Split, splits};
use crate::supervise::{self, Classes};
use crate::trees::{Averaging, Params};
use domain::{Examples, OutputKind, Table, Task};
use std::sync::Arc;

/// One in so many rows is held back to choose settings by.
const PARTS: usize = 5;
/// Fewer rows than this say too little when held back.
const FEW_ROWS: usize = 100;

/// A model of the zoo, to be fitted.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// What it is called; in an ensemble no two members are called alike.
    pub name: String,
    /// What it looks at.
    pub recipe: Recipe,
    /// What learns.
    pub learner: Learner,
    /// How many fits, each by a seed of its own, are averaged; at least 1.
    pub bags: usize,
}

/// A fitted member.
pub struct Learned {
    prep: Arc<Prep>,
    head: Box<dyn Head>,
    classes: Vec<String>,
}

/// Recipes learned on one set of rows, each once, however many members use it.
pub(crate) struct Bench<'a> {
    data: &'a Examples,
    target: Classes<'a>,
    split: Option<Split>,
    seed: Seed,
    done: Vec<(Recipe, Arc<Prep>, Arc<Features>)>,
    /// Other rows, and what recipes make of them.
    others: Option<&'a Table>,
    taught: Option<(Heat, Vec<f64>)>,
    encoded: Vec<(Recipe, Features)>,
}

impl<'a> Bench<'a> {
    /// For these training rows, and `others` that members will be asked about.
    pub fn new(
        trainer: &str,
        data: &'a Examples,
        others: Option<&'a Table>,
        seed: Seed,
    ) -> Result<Bench<'a>, FitError> {
        let target = supervise::classes(trainer, data)?;
        target.need_two(trainer)?;
        let split = splits(data, PARTS, seed).into_iter().next().filter(|_| data.len() >= FEW_ROWS);
        Ok(Bench { data, target, split, seed, done: Vec::new(), others, taught: None, encoded: Vec::new() })
    }

    /// Networks learn from a teacher, too: its probabilities at the temperature, one row of classes a row.
    pub fn taught(mut self, heat: Heat, soft: Vec<f64>) -> Bench<'a> {
        self.taught = Some((heat, soft));
        self
    }

    fn prepared(&mut self, trainer: &str, recipe: &Recipe) -> Result<(Arc<Prep>, Arc<Features>), FitError> {
        if let Some((_, prep, x)) = self.done.iter().find(|(known, ..)| known == recipe) {
            return Ok((prep.clone(), x.clone()));
        }
        let (prep, x) = Prep::learn(trainer, recipe, self.data, &self.target, self.seed)?;
        let (prep, x) = (Arc::new(prep), Arc::new(x));
        self.done.push((recipe.clone(), prep.clone(), x.clone()));
        Ok((prep, x))
    }

    /// Fits a member.
    pub fn fit(
        &mut self,
        member: &Member,
        progress: &mut dyn FnMut(f64) -> bool,
    ) -> Result<Learned, FitError> {
        member.check()?;
        if !progress(0.0) {
            return Err(FitError::Interrupted);
        }
        let (prep, x) = self.prepared(&member.name, &member.recipe)?;
        supervise::check_names(&member.name, prep.schema(), "probabilities")?;
        let mut heads = Vec::with_capacity(member.bags);
        for bag in 0..member.bags {
            let job = self.job(member, &x, bag as u64);
            let mut part = |share: f64| progress((bag as f64 + share) / member.bags as f64);
            heads.push(member.learner.fit(&job, &mut part)?);
        }
        let head: Box<dyn Head> = if heads.len() == 1 { heads.remove(0) } else { Box::new(Mean(heads)) };
        Ok(Learned { prep, head, classes: self.target.names.to_vec() })
    }

    /// Gives a perceptron's graph without a tenth of the numbers between its layers, then two, as long as `keep` says yes:
    /// it is told how many tenths are left. Nothing for other members, and for those of several bags.
    pub fn thin(
        &mut self,
        member: &Member,
        keep: &mut dyn FnMut(usize, Artifact) -> Result<bool, FitError>,
        progress: &mut dyn FnMut(f64) -> bool,
    ) -> Result<(), FitError> {
        let (Learner::Perceptron(perceptron), 1) = (&member.learner, member.bags) else { return Ok(()) };
        member.check()?;
        let (prep, x) = self.prepared(&member.name, &member.recipe)?;
        let classes = self.target.names.to_vec();
        let mut graph = |tenths: usize, trained: Trained| {
            let (prep, head, classes) = (prep.clone(), Box::new(trained), classes.clone());
            keep(tenths, Learned { prep, head, classes }.artifact())
        };
        super::perceptron::thin(&self.job(member, &x, 0), perceptron, &mut graph, progress)
    }

    /// What a bag of a member learns from.
    fn job<'b>(&'b self, member: &'b Member, x: &'b Features, bag: u64) -> Job<'b> {
        let seed = Seed(stats::random::bits(self.seed.0, 91, bag));
        let taught = self.taught.as_ref().map(|(heat, soft)| (*heat, soft.as_slice()));
        Job { trainer: &member.name, x, target: &self.target, split: self.split.as_ref(), taught, seed }
    }

    /// What a member that was fitted here answers to the other rows; none where there are none.
    pub fn others(&mut self, member: &Member, learned: &Learned) -> Result<Vec<f64>, PredictError> {
        let Some(others) = self.others else { return Ok(Vec::new()) };
        let known = self.encoded.iter().position(|(known, _)| *known == member.recipe);
        let place = match known {
            Some(place) => place,
            None => {
                self.encoded.push((member.recipe.clone(), learned.prep.encode(others)?));
                self.encoded.len() - 1
            }
        };
        Ok(learned.head.probabilities(&self.encoded[place].1))
    }
}

impl Learned {
    /// What it answers: one row of classes a row.
    pub fn probabilities(&self, rows: &Table) -> Result<Vec<f64>, PredictError> {
        Ok(self.head.probabilities(&self.prep.encode(rows)?))
    }

    /// Its graph, from raw rows to probabilities.
    pub fn artifact(&self) -> Artifact {
        let mut graph = GraphBuilder::new("member");
        let features = self.prep.write(&mut graph);
        graph.output("probabilities", Dtype::F32, &[self.classes.len()]);
        let answers = self.head.write(&mut graph, &features);
        graph.node("", "Identity", &[&answers], &["probabilities"], vec![]);
        let output = OutputKind::Probabilities { classes: self.classes.clone() };
        supervise::artifact(Task::Classification, self.prep.schema().clone(), output, &graph)
    }
}

impl Member {
    /// A member of this name, fitted once.
    pub fn new(name: &str, recipe: Recipe, learner: Learner) -> Member {
        Member { name: name.into(), recipe, learner, bags: 1 }
    }

    /// The trainer `naive_bayes`, on ln(1 + x) of counts.
    pub fn naive_bayes() -> Member {
        let recipe = Recipe::of(Inputs::Filled(Transform::Log1p));
        Member::new("naive_bayes", recipe, Learner::NaiveBayes { smoothing: 1.0 })
    }

    /// The trainer `neighbours`: k nearest rows on scaled ln(1 + x).
    pub fn neighbours(k: usize) -> Member {
        Member::new("neighbours", Recipe::of(Inputs::Scaled(Transform::Log1p)), Learner::Neighbours { k })
    }

    /// The trainer `random_forest`.
    pub fn random_forest(trees: usize) -> Member {
        let learner = Learner::Averaged(Averaging::random_forest(trees));
        Member::new("random_forest", Recipe::of(Inputs::Raw), learner)
    }

    /// The trainer `extra_trees`.
    pub fn extra_trees(trees: usize) -> Member {
        Member::new("extra_trees", Recipe::of(Inputs::Raw), Learner::Averaged(Averaging::extra_trees(trees)))
    }

    /// The trainer `one_vs_all`: boosted trees that tell each class from all others.
    pub fn one_vs_all(params: Params) -> Member {
        let learner = Learner::Boosted { params, one_vs_all: true, search: true };
        Member::new("one_vs_all", Recipe::of(Inputs::Raw), learner)
    }

    /// A perceptron on scaled columns, transformed so.
    pub fn perceptron(transform: Transform, perceptron: Perceptron) -> Member {
        Member::new("perceptron", Recipe::of(Inputs::Scaled(transform)), Learner::Perceptron(perceptron))
    }

    /// Fits it; see [`Fit::fit`], which gives the graph at once.
    pub fn learn(
        &self,
        data: &Examples,
        seed: Seed,
        progress: &mut dyn FnMut(f64) -> bool,
    ) -> Result<Learned, FitError> {
        Bench::new(&self.name, data, None, seed)?.fit(self, progress)
    }

    fn check(&self) -> Result<(), FitError> {
        if self.recipe.inputs == Some(Inputs::Raw) && !self.learner.takes_missing() {
            return Err(supervise::bad(
                &self.name,
                "raw inputs may be missing, which only trees take; fill them".into(),
            ));
        }
        if self.bags == 0 {
            return Err(supervise::bad(&self.name, "bags is 0, expected 1 or more".into()));
        }
        Ok(())
    }
}

impl Fit for Member {
    fn name(&self) -> &str {
        &self.name
    }

    fn fit(
        &self,
        data: &Examples,
        seed: Seed,
        progress: &mut dyn FnMut(f64) -> bool,
    ) -> Result<Artifact, FitError> {
        Ok(self.learn(data, seed, progress)?.artifact())
    }
}
