//! A stream cut into steps, the models that could have been trained at each, and what each loses on each step.

use crate::streams::Stream;
use domain::{Examples, Timestamp};
use lifecycle::score::losses;
use lifecycle::trainers;
use models::onnx::OnnxModel;
use models::{Predict, Seed};
use std::collections::BTreeMap;
use std::error::Error;
use std::ops::Range;

/// What a model did on one step.
#[derive(Clone)]
pub struct Did {
    pub losses: Vec<f64>,
    pub wrong: f64,
}

/// Models and what they did are made when somebody asks, and kept: every policy is told the same.
pub struct World<'a> {
    pub stream: &'a Stream,
    /// Rows of each step; the steps begin after the first third.
    pub steps: Vec<Range<usize>>,
    models: BTreeMap<usize, OnnxModel>,
    did: BTreeMap<(usize, usize), Did>,
}

impl<'a> World<'a> {
    pub fn new(stream: &'a Stream) -> World<'a> {
        let at = times(stream);
        let mut begin = at.len() / 3;
        let mut steps = Vec::new();
        while begin < at.len() {
            let until = at[begin].0 + stream.step;
            let end = at.partition_point(|t| t.0 < until);
            steps.push(begin..end);
            begin = end;
        }
        World { stream, steps, models: BTreeMap::new(), did: BTreeMap::new() }
    }

    /// When a step begins.
    pub fn moment(&self, step: usize) -> Timestamp {
        times(self.stream)[self.steps[step].start]
    }

    /// How many rows have a label by then.
    pub fn known(&self, step: usize) -> usize {
        let until = self.moment(step).0 - self.stream.plan.retrain.label_delay.0;
        times(self.stream).partition_point(|t| t.0 < until)
    }

    /// What the model of one step does on another, a later one or the same.
    pub fn did(&mut self, model: usize, step: usize) -> Result<Did, Box<dyn Error>> {
        if let Some(did) = self.did.get(&(model, step)) {
            return Ok(did.clone());
        }
        if !self.models.contains_key(&model) {
            let trained = self.train(model)?;
            self.models.insert(model, trained);
        }
        let rows = self.rows(self.steps[step].clone());
        let answers = self.models[&model].predict(&rows.rows)?;
        let wrong = losses("accuracy", &answers, &rows.target)?.iter().sum();
        let did = Did { losses: losses("log_loss", &answers, &rows.target)?, wrong };
        self.did.insert((model, step), did.clone());
        Ok(did)
    }

    fn train(&self, step: usize) -> Result<OnnxModel, Box<dyn Error>> {
        let known = self.known(step);
        let window = self.stream.plan.retrain.window.0;
        let at = times(self.stream);
        let from = if window > 0 { at.partition_point(|t| t.0 < at[known].0 - window) } else { 0 };
        let trainer = trainers::embedded(&self.stream.plan, self.stream.trainer)?;
        let artifact = trainer.fit(&self.rows(from..known), Seed(1), &mut |_| true)?;
        Ok(OnnxModel::load(&artifact)?)
    }

    /// These rows.
    pub fn rows(&self, rows: Range<usize>) -> Examples {
        self.stream.examples.take(&rows.collect::<Vec<_>>())
    }
}

fn times(stream: &Stream) -> &[Timestamp] {
    stream.examples.at.as_deref().unwrap_or_default()
}
