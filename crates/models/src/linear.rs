//! Linear models, as trainers: `logistic` for classes, `ridge` for numbers.
//!
//! Not the mathematics, which is in `linear/`: here features are encoded, the penalty is chosen and the graph
//! is written. Invariant: the penalty is chosen on rows that the weights compared were not fitted on, later
//! ones where rows have an instant (see [`crate::split`]).

pub(crate) mod lbfgs;
pub(crate) mod logistic;
pub(crate) mod ridge;

use crate::contract::{Artifact, Fit, FitError, Seed};
use crate::encode::{Encoder, Features, Style};
use crate::onnx::{Dtype, GraphBuilder};
use crate::split::{Split, splits};
use crate::supervise::{self, Classes, Numbers};
use domain::{Examples, OutputKind, Task};
pub(crate) use logistic::{Precision, Problem, Weights};
use ridge::{Line, Moments};

/// The penalties tried, from strong to weak. Numbers have deviation 1, so one range suits all data. The
/// strongest leave little but the intercept, which is best where later rows have turned away from earlier
/// ones.
const PENALTIES: [f64; 8] = [1e5, 1e4, 1e3, 100.0, 10.0, 1.0, 0.1, 0.01];
/// The penalty where there are too few rows or instants to hold some back.
const FALLBACK_PENALTY: f64 = 1.0;
/// Parts that are held back in turn.
const PARTS: usize = 5;
/// From so many rows on one part is enough to choose by.
const MANY_ROWS: usize = 10_000;

/// The trainer `logistic`: multinomial logistic regression.
#[derive(Debug, Clone, Copy, Default)]
pub struct Logistic {
    /// The price of large weights; `None` chooses among eight by held-back rows.
    pub penalty: Option<f64>,
}

/// The trainer `ridge`: linear regression with a price on large weights.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ridge {
    /// The price of large weights; `None` chooses among eight by held-back rows.
    pub penalty: Option<f64>,
}

impl Fit for Logistic {
    fn name(&self) -> &str {
        "logistic"
    }

    fn fit(
        &self,
        data: &Examples,
        seed: Seed,
        progress: &mut dyn FnMut(f64) -> bool,
    ) -> Result<Artifact, FitError> {
        let target = supervise::classes(self.name(), data)?;
        target.need_two(self.name())?;
        let encoder = Encoder::learn_for(self.name(), &data.rows, Style::Linear)?;
        supervise::check_names(self.name(), encoder.inputs(), "probabilities")?;
        let features = encode(self.name(), &encoder, data)?;
        let splits = choosing(self.penalty, data, seed);
        let mut part = Portion { done: 0, of: splits.len() * PENALTIES.len() + 1, progress };
        let penalty = match self.penalty {
            Some(penalty) => penalty,
            None => choose_logistic(&features, &target, &splits, &mut part)?,
        };
        let problem = problem(&features, &target);
        let start = Weights::zero(features.columns.len(), target.names.len());
        let weights = logistic::fit(&problem, penalty, start, Precision::Final, |made| part.goes_on(made))
            .ok_or(FitError::Interrupted)?;
        Ok(write_logistic(&encoder, target.names, &weights))
    }
}

impl Fit for Ridge {
    fn name(&self) -> &str {
        "ridge"
    }

    fn fit(
        &self,
        data: &Examples,
        seed: Seed,
        progress: &mut dyn FnMut(f64) -> bool,
    ) -> Result<Artifact, FitError> {
        let target = supervise::numbers(self.name(), data)?;
        target.need_two(self.name())?;
        let encoder = Encoder::learn_for(self.name(), &data.rows, Style::Linear)?;
        supervise::check_names(self.name(), encoder.inputs(), "value")?;
        let features = encode(self.name(), &encoder, data)?;
        let splits = choosing(self.penalty, data, seed);
        let mut part = Portion { done: 0, of: splits.len() + 1, progress };
        let penalty = match self.penalty {
            Some(penalty) => penalty,
            None => choose_ridge(&features, &target, &splits, &mut part)?,
        };
        part.next()?;
        let line = Moments::of(&features, target.target, &target.weight).solve(penalty);
        let too_small = || format!("penalty {penalty} is too small for columns that follow from each other");
        Ok(write_ridge(&encoder, &line.ok_or_else(|| supervise::bad(self.name(), too_small()))?))
    }
}

/// Progress of a fit that consists of several equal ones.
pub(crate) struct Portion<'a> {
    /// Fits begun.
    pub done: usize,
    /// Fits in all.
    pub of: usize,
    /// Told the share done; says whether to go on.
    pub progress: &'a mut dyn FnMut(f64) -> bool,
}

impl Portion<'_> {
    /// The next fit begins.
    pub fn next(&mut self) -> Result<(), FitError> {
        let share = self.done as f64 / self.of as f64;
        self.done += 1;
        if (self.progress)(share) { Ok(()) } else { Err(FitError::Interrupted) }
    }

    /// A fit made so many steps; how many more it takes is not known, so the share only nears the next.
    pub fn goes_on(&mut self, steps: usize) -> bool {
        let within = steps as f64 / (steps as f64 + 50.0);
        (self.progress)((self.done as f64 + within).min(self.of as f64) / self.of as f64)
    }
}

fn encode(trainer: &str, encoder: &Encoder, data: &Examples) -> Result<Features, FitError> {
    encoder.encode(&data.rows).map_err(|e| supervise::bad(trainer, e.to_string()))
}

/// The rows to hold back: none for a given penalty, one part of many rows, else each part in turn.
fn choosing(penalty: Option<f64>, data: &Examples, seed: Seed) -> Vec<Split> {
    if penalty.is_some() {
        return Vec::new();
    }
    let mut splits = splits(data, PARTS, seed);
    splits.truncate(if data.len() >= MANY_ROWS { 1 } else { PARTS });
    splits
}

fn problem<'a>(features: &'a Features, target: &'a Classes<'_>) -> Problem<'a> {
    let (probability, weight) = (&target.probability, &target.weight);
    Problem { features, classes: target.names.len(), probability, weight }
}

/// Weights at each penalty start from those at the one before, which are close.
fn choose_logistic(
    features: &Features,
    target: &Classes<'_>,
    splits: &[Split],
    part: &mut Portion<'_>,
) -> Result<f64, FitError> {
    let mut losses = [0.0; PENALTIES.len()];
    for split in splits {
        let (learn, choose) = (target.take(&split.learn), target.take(&split.choose));
        let (learn_features, choose_features) = (features.take(&split.learn), features.take(&split.choose));
        let (learn, choose) = (problem(&learn_features, &learn), problem(&choose_features, &choose));
        let mut weights = Weights::zero(features.columns.len(), target.names.len());
        for (loss, &penalty) in losses.iter_mut().zip(&PENALTIES) {
            weights = logistic::fit(&learn, penalty, weights, Precision::Rough, |made| part.goes_on(made))
                .ok_or(FitError::Interrupted)?;
            *loss += weights.loss(&choose);
            part.done += 1;
        }
    }
    Ok(best(splits, &losses))
}

fn choose_ridge(
    features: &Features,
    target: &Numbers<'_>,
    splits: &[Split],
    part: &mut Portion<'_>,
) -> Result<f64, FitError> {
    let mut losses = [0.0; PENALTIES.len()];
    for split in splits {
        part.next()?;
        let pick = |from: &[f64], rows: &[usize]| rows.iter().map(|&r| from[r]).collect::<Vec<f64>>();
        let (y, w) = (pick(target.target, &split.learn), pick(&target.weight, &split.learn));
        let moments = Moments::of(&features.take(&split.learn), &y, &w);
        let (y, w) = (pick(target.target, &split.choose), pick(&target.weight, &split.choose));
        let choose = features.take(&split.choose);
        for (loss, &penalty) in losses.iter_mut().zip(&PENALTIES) {
            let values = moments.solve(penalty).map(|line| line.values(&choose));
            *loss += values.map_or(f64::INFINITY, |values| squares(&values, &y, &w));
        }
    }
    Ok(best(splits, &losses))
}

fn squares(values: &[f64], target: &[f64], weight: &[f64]) -> f64 {
    values.iter().zip(target).zip(weight).map(|((v, y), w)| w * (v - y) * (v - y)).sum()
}

/// The penalty of least loss, the strongest of equals.
fn best(splits: &[Split], losses: &[f64]) -> f64 {
    if splits.is_empty() {
        return FALLBACK_PENALTY;
    }
    let least = losses.iter().copied().fold(f64::INFINITY, f64::min);
    losses.iter().position(|&loss| loss == least).map_or(FALLBACK_PENALTY, |i| PENALTIES[i])
}

fn write_logistic(encoder: &Encoder, classes: &[String], weights: &Weights) -> Artifact {
    let mut graph = GraphBuilder::new("logistic");
    let features = encoder.write(&mut graph);
    let (width, count) = (encoder.width(), classes.len());
    // Two classes share one sum: that of the first class stays 0.
    let sum = |class: usize| match (count, class) {
        (2, 0) => None,
        (2, _) => Some(weights.sum(0)),
        _ => Some(weights.sum(class)),
    };
    let weight = |place: usize| sum(place % count).map_or(0.0, |(w, _)| w[place / count] as f32);
    let intercept = |class: usize| sum(class).map_or(0.0, |(_, b)| b as f32);
    let scores = write_sums(
        &mut graph,
        &features,
        count,
        (0..width * count).map(weight).collect(),
        (0..count).map(intercept).collect(),
    );
    graph.output("probabilities", Dtype::F32, &[count]);
    graph.node("", "Softmax", &[&scores], &["probabilities"], vec![("axis", 1.into())]);
    let output = OutputKind::Probabilities { classes: classes.to_vec() };
    supervise::artifact(Task::Classification, encoder.inputs().clone(), output, &graph)
}

fn write_ridge(encoder: &Encoder, line: &Line) -> Artifact {
    let mut graph = GraphBuilder::new("ridge");
    let features = encoder.write(&mut graph);
    let weights = line.weights.iter().map(|&w| w as f32).collect();
    let sums = write_sums(&mut graph, &features, 1, weights, vec![line.intercept as f32]);
    graph.output("value", Dtype::F32, &[1]);
    graph.node("", "Identity", &[&sums], &["value"], vec![]);
    supervise::artifact(Task::Regression, encoder.inputs().clone(), OutputKind::Value, &graph)
}

/// `features * weights + intercepts`, with `weights` of shape `[features, sums]`.
pub(crate) fn write_sums(
    graph: &mut GraphBuilder,
    features: &str,
    sums: usize,
    weights: Vec<f32>,
    intercepts: Vec<f32>,
) -> String {
    let (w, b) = (graph.fresh("weights"), graph.fresh("intercepts"));
    graph.initializer_f32(&w, &[weights.len() / sums, sums], weights);
    graph.initializer_f32(&b, &[sums], intercepts);
    graph.op("Gemm", &[features, &w, &b], vec![])
}

#[cfg(test)]
mod tests;
