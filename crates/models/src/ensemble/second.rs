//! The second level: learners that see what the members answered, and columns beside it if wanted.
//!
//! Invariant: what they learn from are answers of members that never saw the row.

use crate::contract::{FitError, PredictError, Seed};
use crate::encode::Features;
use crate::onnx::{Dtype, GraphBuilder};
use crate::supervise::Classes;
use crate::zoo::{Head, Job, Learner, Prep, Recipe, Scale, Zeros};
use domain::{Examples, Table};

/// What the members' answers are called among a second-level graph's inputs.
pub(super) const ANSWERS: &str = "ensemble: answers";
/// Answers are kept this far from 0 where their logarithm is taken.
const LEAST: f32 = 1e-6;

/// A second-level model, to be fitted.
#[derive(Debug, Clone, PartialEq)]
pub struct Second {
    /// What it is called.
    pub name: String,
    /// What learns: trees see probabilities, others their scaled logarithms.
    pub learner: Learner,
    /// Features beside the members' answers.
    pub recipe: Option<Recipe>,
    /// How many fits, each by a seed of its own, are averaged; at least 1.
    pub bags: usize,
}

/// A fitted one.
pub(super) struct Judge {
    /// Present where logarithms are taken.
    scale: Option<Scale>,
    prep: Option<Prep>,
    heads: Vec<Box<dyn Head>>,
    answers: usize,
    classes: usize,
}

impl Second {
    /// `answers` are the members' to the rows of `data`, member by member.
    pub(super) fn fit(
        &self,
        data: &Examples,
        target: &Classes<'_>,
        answers: &[Vec<f64>],
        seed: Seed,
        progress: &mut dyn FnMut(f64) -> bool,
    ) -> Result<Judge, FitError> {
        let classes = target.names.len();
        let mut columns = columns(answers, classes);
        let scale = (!self.learner.takes_missing()).then(|| {
            let logs = logs(&columns, data.len());
            let scale = Scale::learn(&logs, Zeros::Moved);
            columns = scale.encode(&logs).columns;
            scale
        });
        let mut prep = None;
        if let Some(recipe) = &self.recipe {
            let (learned, x) = Prep::learn(&self.name, recipe, data, target, seed)?;
            columns.extend(x.columns);
            prep = Some(learned);
        }
        let x = Features { rows: data.len(), columns };
        let mut heads = Vec::with_capacity(self.bags);
        for bag in 0..self.bags {
            let seed = Seed(stats::random::bits(seed.0, 92, bag as u64));
            let job = Job { trainer: &self.name, x: &x, target, split: None, taught: None, seed };
            let mut part = |share: f64| progress((bag as f64 + share) / self.bags as f64);
            heads.push(self.learner.fit(&job, &mut part)?);
        }
        Ok(Judge { scale, prep, heads, answers: answers.len() * classes, classes })
    }
}

impl Judge {
    pub fn probabilities(&self, rows: &Table, answers: &[Vec<f64>]) -> Result<Vec<f64>, PredictError> {
        let mut columns = columns(answers, self.classes);
        if let Some(scale) = &self.scale {
            columns = scale.encode(&logs(&columns, rows.rows())).columns;
        }
        if let Some(prep) = &self.prep {
            columns.extend(prep.encode(rows)?.columns);
        }
        let x = Features { rows: rows.rows(), columns };
        let mut sum = vec![0.0; x.rows * self.classes];
        for head in &self.heads {
            sum.iter_mut().zip(head.probabilities(&x)).for_each(|(s, p)| *s += p / self.heads.len() as f64);
        }
        Ok(sum)
    }

    /// A graph of the raw columns that it takes and of [`ANSWERS`], `float [N, answers]`.
    pub fn onnx(&self) -> Vec<u8> {
        let mut graph = GraphBuilder::new("second level");
        let beside = self.prep.as_ref().map(|prep| prep.write(&mut graph));
        graph.input(ANSWERS, Dtype::F32, &[self.answers]);
        let mut value = ANSWERS.to_string();
        if let Some(scale) = &self.scale {
            let least = graph.fresh("least");
            graph.initializer_f32(&least, &[1], vec![LEAST]);
            let above = graph.op("Max", &[&value, &least], vec![]);
            let logs = graph.op("Log", &[&above], vec![]);
            value = scale.write(&mut graph, &logs);
        }
        if let Some(beside) = beside {
            value = graph.op("Concat", &[&value, &beside], vec![("axis", 1.into())]);
        }
        let names: Vec<String> = self.heads.iter().map(|head| head.write(&mut graph, &value)).collect();
        graph.output("probabilities", Dtype::F32, &[self.classes]);
        graph.node("", "Mean", &names, &["probabilities"], vec![]);
        graph.finish()
    }
}

/// One column a member and class.
fn columns(answers: &[Vec<f64>], classes: usize) -> Vec<Vec<f32>> {
    let column = |member: &Vec<f64>, class: usize| {
        member.iter().skip(class).step_by(classes).map(|&p| p as f32).collect()
    };
    answers.iter().flat_map(|member| (0..classes).map(move |class| column(member, class))).collect()
}

fn logs(columns: &[Vec<f32>], rows: usize) -> Features {
    let log = |column: &Vec<f32>| column.iter().map(|p| p.max(LEAST).ln()).collect();
    Features { rows, columns: columns.iter().map(log).collect() }
}
