//! Baselines: the simplest things that answer. Every other model must beat them, and the last of every
//! fallback chain is one of them.
//!
//! Not learners with knobs: each has one way to be. For classes `prior`, `majority`, `stump`; for numbers
//! `mean`, `median`, `stump`; for both `previous`, the model in use today. Invariant: no baseline ever calls a
//! class impossible that it was told of, so its log loss is finite.
//!
//! `prior`, `majority`, `mean` and `median` answer the same whatever they are given; as a graph they take the
//! table's first column, to know how many rows are asked for. Rows of one class or one value are enough.

mod previous;
mod stump;

use crate::contract::{Artifact, Fit, FitError, Seed};
use crate::encode::declare;
use crate::onnx::{Dtype, GraphBuilder};
use crate::supervise::{self, Classes};
use domain::{Examples, Field, OutputKind, Outputs, Schema, Target, Task};

pub use previous::Previous;
pub use stump::Stump;

/// The baseline `prior`: each class with its share of the training rows. Its log loss on rows of the same mix
/// is the entropy of the mix. Where a class has no rows, all classes are given one more.
#[derive(Debug, Clone, Copy, Default)]
pub struct Prior;

/// The baseline `majority`: sure of the most frequent class. It is as sure as if every training row had been
/// of that class and one more of each: (n + 1) / (n + classes). So its log loss is finite, if large. Of
/// equally frequent classes the first by name counts.
#[derive(Debug, Clone, Copy, Default)]
pub struct Majority;

/// The baseline `mean`: least squared error of all constants.
#[derive(Debug, Clone, Copy, Default)]
pub struct Mean;

/// The baseline `median`: least absolute error of all constants.
#[derive(Debug, Clone, Copy, Default)]
pub struct Median;

impl Fit for Prior {
    fn name(&self) -> &str {
        "prior"
    }

    fn fit(&self, data: &Examples, _: Seed, go: &mut dyn FnMut(f64) -> bool) -> Result<Artifact, FitError> {
        let target = supervise::classes(self.name(), data)?;
        constant_classes(self.name(), data, &target, prior(&target), go)
    }
}

impl Fit for Majority {
    fn name(&self) -> &str {
        "majority"
    }

    fn fit(&self, data: &Examples, _: Seed, go: &mut dyn FnMut(f64) -> bool) -> Result<Artifact, FitError> {
        let target = supervise::classes(self.name(), data)?;
        let totals = target.totals();
        let largest = totals.iter().copied().fold(f64::MIN, f64::max);
        let winner = totals.iter().position(|&t| t == largest);
        let rows: f64 = totals.iter().sum();
        let sure = |class| if Some(class) == winner { rows } else { 0.0 };
        let answer = smoothed(&(0..totals.len()).map(sure).collect::<Vec<_>>());
        constant_classes(self.name(), data, &target, answer, go)
    }
}

impl Fit for Mean {
    fn name(&self) -> &str {
        "mean"
    }

    fn fit(&self, data: &Examples, _: Seed, go: &mut dyn FnMut(f64) -> bool) -> Result<Artifact, FitError> {
        let target = supervise::numbers(self.name(), data)?;
        constant_number(self.name(), data, mean(target.target, &target.weight), go)
    }
}

impl Fit for Median {
    fn name(&self) -> &str {
        "median"
    }

    fn fit(&self, data: &Examples, _: Seed, go: &mut dyn FnMut(f64) -> bool) -> Result<Artifact, FitError> {
        let target = supervise::numbers(self.name(), data)?;
        constant_number(self.name(), data, median(target.target, &target.weight), go)
    }
}

/// One row's answer that needs no input at all, for when no model could answer: the class mix, the mean, or
/// the mean of each step of a series. Total on examples with a row; `None` where none counts.
pub fn floor(data: &Examples) -> Option<Outputs> {
    let constant = |kind, values| Some(Outputs { kind, values });
    match &data.target {
        Target::Class { .. } | Target::Soft { .. } => {
            let target = supervise::classes("floor", data).ok()?;
            constant(OutputKind::Probabilities { classes: target.names.to_vec() }, prior(&target))
        }
        Target::Number(_) => {
            let target = supervise::numbers("floor", data).ok()?;
            constant(OutputKind::Value, vec![mean(target.target, &target.weight)])
        }
        Target::Path { horizon, values } => {
            let step = |step: usize| -> Option<f64> {
                let known: Vec<f64> =
                    values.iter().skip(step).step_by(*horizon).copied().filter(|v| v.is_finite()).collect();
                (!known.is_empty()).then(|| stats::sum::mean(&known))
            };
            let values = (0..*horizon).map(step).collect::<Option<Vec<f64>>>()?;
            constant(OutputKind::Path { horizon: *horizon }, values)
        }
    }
}

/// Shares of the rows; of one more row each where a class has none.
fn prior(target: &Classes<'_>) -> Vec<f64> {
    let totals = target.totals();
    if totals.contains(&0.0) {
        return smoothed(&totals);
    }
    let rows: f64 = totals.iter().sum();
    totals.iter().map(|t| t / rows).collect()
}

/// Laplace's rule of succession: shares as if each class had one row more.
fn smoothed(totals: &[f64]) -> Vec<f64> {
    let rows = totals.iter().sum::<f64>() + totals.len() as f64;
    totals.iter().map(|t| (t + 1.0) / rows).collect()
}

fn mean(target: &[f64], weight: &[f64]) -> f64 {
    stats::sum::sum(target.iter().zip(weight).map(|(y, w)| y * w)) / stats::sum::sum(weight.iter().copied())
}

/// The value with half of the weight on either side; between two that both qualify, their middle.
fn median(target: &[f64], weight: &[f64]) -> f64 {
    let mut pairs: Vec<(f64, f64)> =
        target.iter().copied().zip(weight.iter().copied()).filter(|&(_, w)| w > 0.0).collect();
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let half = pairs.iter().map(|p| p.1).sum::<f64>() / 2.0;
    let mut below = 0.0;
    for (i, &(value, weight)) in pairs.iter().enumerate() {
        below += weight;
        if below > half {
            return value;
        }
        if below == half {
            return pairs.get(i + 1).map_or(value, |next| value / 2.0 + next.0 / 2.0);
        }
    }
    pairs.last().map_or(0.0, |p| p.0)
}

fn constant_classes(
    name: &str,
    data: &Examples,
    target: &Classes<'_>,
    answer: Vec<f64>,
    go: &mut dyn FnMut(f64) -> bool,
) -> Result<Artifact, FitError> {
    let kind = OutputKind::Probabilities { classes: target.names.to_vec() };
    constant(name, data, Task::Classification, Outputs { kind, values: answer }, go)
}

fn constant_number(
    name: &str,
    data: &Examples,
    answer: f64,
    go: &mut dyn FnMut(f64) -> bool,
) -> Result<Artifact, FitError> {
    let answer = Outputs { kind: OutputKind::Value, values: vec![answer] };
    constant(name, data, Task::Regression, answer, go)
}

/// A graph that repeats one row's answer for each row of the table's first column.
fn constant(
    name: &str,
    data: &Examples,
    task: Task,
    answer: Outputs,
    go: &mut dyn FnMut(f64) -> bool,
) -> Result<Artifact, FitError> {
    if !go(0.0) {
        return Err(FitError::Interrupted);
    }
    let first = data.rows.columns().first();
    let first = first.ok_or_else(|| supervise::bad(name, "the table has no column".into()))?;
    let inputs = Schema { fields: vec![Field::observed(first, crate::encode::MAX_CATEGORIES)] };
    let output = answer_name(task);
    supervise::check_names(name, &inputs, output)?;
    let mut graph = GraphBuilder::new(name);
    declare(&mut graph, &inputs);
    graph.output(output, Dtype::F32, &[answer.values.len()]);
    write_repeated(&mut graph, &first.name, &answer.values, output);
    Ok(supervise::artifact(task, inputs, answer.kind, &graph))
}

fn answer_name(task: Task) -> &'static str {
    match task {
        Task::Classification => "probabilities",
        Task::Regression => "value",
        Task::Forecasting => "forecast",
    }
}

fn write_repeated(graph: &mut GraphBuilder, input: &str, answer: &[f64], output: &str) {
    let [row, first, width] = ["answer", "first", "width"].map(|name| graph.fresh(name));
    graph.initializer_f32(&row, &[1, answer.len()], answer.iter().map(|&x| x as f32).collect());
    graph.initializer_i64(&first, &[1], vec![0]);
    graph.initializer_i64(&width, &[1], vec![answer.len() as i64]);
    let shape = graph.op("Shape", &[input], vec![]);
    let rows = graph.op("Gather", &[&shape, &first], vec![("axis", 0.into())]);
    let shape = graph.op("Concat", &[&rows, &width], vec![("axis", 0.into())]);
    graph.node("", "Expand", &[&row, &shape], &[output], vec![]);
}

#[cfg(test)]
mod tests;
