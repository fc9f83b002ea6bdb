//! The baseline `stump`: the one question about one column that tells most.
//!
//! *What it answers*: what a rule that fits in a sentence would achieve. *Assumptions*: none on the shape of
//! the data; rows are independent. *When it misleads*: of many columns one always looks good by chance on few
//! rows; judge it on rows it was not chosen on. *Source*: Holte, *Machine Learning* 11 (1993), with the
//! training log loss as the measure; leaf probabilities by Laplace's rule of succession, leaf values by means.
//! *Checked against*: every threshold and every category set tried by hand on small tables, in the tests.
//!
//! A question is `number <= threshold`, `text is one of these`, or one about an hour, weekday or month; a
//! missing cell goes where it costs least, an unknown text to the side of no. For a number the measure is the
//! squared error. The rule stands in the graph's name. Ties: the first column, the smallest threshold.

use super::{answer_name, smoothed};
use crate::contract::{Artifact, Fit, FitError, Seed};
use crate::encode::{Encoder, Style, declare, levels};
use crate::onnx::{Dtype, GraphBuilder};
use crate::supervise;
use domain::{Column, Examples, Field, OutputKind, Schema, Target, Task, Values};
use std::collections::BTreeMap;

/// The trainer `stump`, for classes and for numbers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Stump;

/// What both sides of a question are judged by: sums over their rows.
struct Goal {
    task: Task,
    output: OutputKind,
    /// `rows * width`: weighted class probabilities, or weight, weighted target, weighted square.
    sums: Vec<f64>,
    width: usize,
    /// Taken off numbers before they are squared, so that the squares stay precise.
    middle: f64,
}

/// A question with its answers.
struct Rule {
    loss: f64,
    question: Question,
    yes: Vec<f64>,
    no: Vec<f64>,
}

enum Question {
    /// Whether a feature of the column is at most this; a missing one counts as told.
    AtMost { feature: usize, threshold: f32, missing: bool },
    /// Whether the text is one of these; a missing cell is the text `""`.
    OneOf(Vec<String>),
}

impl Fit for Stump {
    fn name(&self) -> &str {
        "stump"
    }

    fn fit(&self, data: &Examples, _: Seed, go: &mut dyn FnMut(f64) -> bool) -> Result<Artifact, FitError> {
        let goal = Goal::of(self.name(), data)?;
        let mut best: Option<(&Column, Rule)> = None;
        let columns = data.rows.columns();
        for (done, column) in columns.iter().enumerate() {
            if !go(done as f64 / columns.len() as f64) {
                return Err(FitError::Interrupted);
            }
            let found = best_question(&goal, column, data);
            if let Some(rule) = found.filter(|r| best.as_ref().is_none_or(|(_, b)| r.loss < b.loss)) {
                best = Some((column, rule));
            }
        }
        let none = || supervise::bad(self.name(), "no column divides the rows".into());
        let (column, rule) = best.ok_or_else(none)?;
        write(&goal, column, &rule)
    }
}

impl Goal {
    fn of(trainer: &str, data: &Examples) -> Result<Goal, FitError> {
        if let Target::Number(_) = data.target {
            let target = supervise::numbers(trainer, data)?;
            target.need_two(trainer)?;
            let middle = super::mean(target.target, &target.weight);
            let row = |(y, w): (&f64, &f64)| [*w, w * (y - middle), w * (y - middle) * (y - middle)];
            let sums = target.target.iter().zip(&target.weight).flat_map(row).collect();
            return Ok(Goal { task: Task::Regression, output: OutputKind::Value, sums, width: 3, middle });
        }
        let target = supervise::classes(trainer, data)?;
        target.need_two(trainer)?;
        let width = target.names.len();
        let rows = target.probability.chunks(width).zip(&target.weight);
        let sums = rows.flat_map(|(row, w)| row.iter().map(move |p| p * w)).collect();
        let output = OutputKind::Probabilities { classes: target.names.to_vec() };
        Ok(Goal { task: Task::Classification, output, sums, width, middle: 0.0 })
    }

    fn row(&self, row: usize) -> &[f64] {
        &self.sums[row * self.width..(row + 1) * self.width]
    }

    fn rows(&self) -> usize {
        self.sums.len() / self.width
    }

    fn weight(&self, side: &[f64]) -> f64 {
        if self.task == Task::Regression { side[0] } else { side.iter().sum() }
    }

    /// What a side's rows cost when they are given the side's answer.
    fn loss(&self, side: &[f64]) -> f64 {
        if self.task == Task::Regression {
            return side[2] - side[1] * side[1] / side[0];
        }
        -side.iter().zip(smoothed(side)).map(|(rows, p)| rows * p.ln()).sum::<f64>()
    }

    fn answer(&self, side: &[f64]) -> Vec<f64> {
        if self.task == Task::Regression { vec![self.middle + side[1] / side[0]] } else { smoothed(side) }
    }

    /// The rule of a question, unless one side has no rows.
    fn rule(&self, yes: &[f64], no: &[f64], question: impl FnOnce() -> Question, below: f64) -> Option<Rule> {
        // What is left of a difference after rounding is no row.
        let least = 1e-9 * (self.weight(yes) + self.weight(no));
        if self.weight(yes) <= least || self.weight(no) <= least {
            return None;
        }
        let loss = self.loss(yes) + self.loss(no);
        let better = loss < below;
        better.then(|| Rule { loss, question: question(), yes: self.answer(yes), no: self.answer(no) })
    }
}

fn best_question(goal: &Goal, column: &Column, data: &Examples) -> Option<Rule> {
    if let Values::Text(cells) = &column.values {
        return best_set(goal, cells);
    }
    let alone = data.rows.select(|name| name == column.name);
    let features = Encoder::learn(&alone, Style::Trees).encode(&alone).ok()?;
    let mut best: Option<Rule> = None;
    for (feature, cells) in features.columns.iter().enumerate() {
        best = best_threshold(goal, feature, cells, best);
    }
    best
}

/// The best threshold of a feature, where it beats `best`.
fn best_threshold(goal: &Goal, feature: usize, cells: &[f32], mut best: Option<Rule>) -> Option<Rule> {
    let mut order: Vec<usize> = (0..cells.len()).filter(|&row| !cells[row].is_nan()).collect();
    order.sort_by(|&a, &b| cells[a].total_cmp(&cells[b]));
    let missing = sum(goal, (0..cells.len()).filter(|&row| cells[row].is_nan()));
    let known = sum(goal, order.iter().copied());
    let mut below = vec![0.0; goal.width];
    for (place, &row) in order.iter().enumerate() {
        add(&mut below, goal.row(row));
        let next = order.get(place + 1).map(|&next| cells[next]);
        if next == Some(cells[row]) {
            continue;
        }
        let threshold = next.map_or(f32::INFINITY, |next| between(cells[row], next));
        let above = minus(&known, &below);
        let has_missing = goal.weight(&missing) > 0.0;
        for missing_yes in [false, true].into_iter().take(if has_missing { 2 } else { 1 }) {
            let (mut yes, mut no) = (below.clone(), above.clone());
            add(if missing_yes { &mut yes } else { &mut no }, &missing);
            let question = || Question::AtMost { feature, threshold, missing: missing_yes };
            let limit = best.as_ref().map_or(f64::INFINITY, |b| b.loss);
            best = goal.rule(&yes, &no, question, limit).or(best);
        }
    }
    best
}

/// The best set of texts. Sorted by the share of a class, or the mean, the best set stands at one end: for
/// two classes and for squares that is exact (Breiman et al. 1984, section 4.2), for more classes every
/// class's order is tried.
fn best_set(goal: &Goal, cells: &[Option<String>]) -> Option<Rule> {
    let (names, _) = levels::learn(cells, Style::Trees).ok()?;
    let mut sums: BTreeMap<&str, Vec<f64>> =
        names.iter().map(|n| (n.as_str(), vec![0.0; goal.width])).collect();
    for (row, cell) in cells.iter().enumerate() {
        if let Some(level) = sums.get_mut(cell.as_deref().unwrap_or("")) {
            add(level, goal.row(row));
        }
    }
    let all = sum(goal, 0..goal.rows());
    let orders = if goal.task == Task::Regression { 1..2 } else { 0..goal.width };
    let mut best: Option<Rule> = None;
    for by in orders {
        let mut order: Vec<(&str, &Vec<f64>)> =
            sums.iter().map(|(&n, s)| (n, s)).filter(|(_, s)| goal.weight(s) > 0.0).collect();
        order.sort_by(|a, b| (a.1[by] / goal.weight(a.1)).total_cmp(&(b.1[by] / goal.weight(b.1))));
        for _ in 0..2 {
            let mut yes = vec![0.0; goal.width];
            for (place, (_, level)) in order.iter().enumerate() {
                add(&mut yes, level);
                let question =
                    || Question::OneOf(order[..=place].iter().map(|(n, _)| n.to_string()).collect());
                let limit = best.as_ref().map_or(f64::INFINITY, |b| b.loss);
                best = goal.rule(&yes, &minus(&all, &yes), question, limit).or(best);
            }
            order.reverse();
        }
    }
    best
}

/// A threshold from `low`, included, to `high`, excluded: their middle, where there is one.
fn between(low: f32, high: f32) -> f32 {
    let middle = low / 2.0 + high / 2.0;
    if low <= middle && middle < high { middle } else { low }
}

fn sum(goal: &Goal, rows: impl Iterator<Item = usize>) -> Vec<f64> {
    let mut total = vec![0.0; goal.width];
    rows.for_each(|row| add(&mut total, goal.row(row)));
    total
}

fn add(to: &mut [f64], what: &[f64]) {
    to.iter_mut().zip(what).for_each(|(t, w)| *t += w);
}

fn minus(all: &[f64], part: &[f64]) -> Vec<f64> {
    all.iter().zip(part).map(|(a, p)| a - p).collect()
}

fn write(goal: &Goal, column: &Column, rule: &Rule) -> Result<Artifact, FitError> {
    let inputs = Schema { fields: vec![Field::observed(column, crate::encode::MAX_CATEGORIES)] };
    let output = answer_name(goal.task);
    supervise::check_names("stump", &inputs, output)?;
    let mut graph = GraphBuilder::new(&format!("stump: {}", in_words(column, &rule.question)));
    let yes = write_question(&mut graph, column, &rule.question, &inputs);
    let answers = [("yes", &rule.yes), ("no", &rule.no)].map(|(name, answer)| {
        let name = graph.fresh(name);
        graph.initializer_f32(&name, &[1, answer.len()], answer.iter().map(|&x| x as f32).collect());
        name
    });
    graph.output(output, Dtype::F32, &[rule.yes.len()]);
    graph.node("", "Where", &[&yes, &answers[0], &answers[1]], &[output], vec![]);
    Ok(supervise::artifact(goal.task, inputs, goal.output.clone(), &graph))
}

/// Nodes that answer a question: `bool [N, 1]`.
fn write_question(graph: &mut GraphBuilder, column: &Column, question: &Question, inputs: &Schema) -> String {
    match question {
        Question::OneOf(texts) => {
            declare(graph, inputs);
            let attributes = vec![
                ("keys_strings", texts.clone().into()),
                ("values_floats", vec![1f32; texts.len()].into()),
                ("default_float", 0f32.into()),
            ];
            let known = graph.ml("LabelEncoder", &[&column.name], attributes);
            let half = scalar(graph, 0.5);
            graph.op("Greater", &[&known, &half], vec![])
        }
        Question::AtMost { feature, threshold, missing } => {
            let alone = domain::Table::new(vec![column.clone()]).expect("one column is a table");
            let features = Encoder::learn(&alone, Style::Trees).write(graph);
            let place = graph.fresh("place");
            graph.initializer_i64(&place, &[1], vec![*feature as i64]);
            let cell = graph.op("Gather", &[&features, &place], vec![("axis", 1.into())]);
            let threshold = scalar(graph, *threshold);
            let at_most = graph.op("LessOrEqual", &[&cell, &threshold], vec![]);
            if !missing {
                return at_most;
            }
            let missing = graph.op("IsNaN", &[&cell], vec![]);
            graph.op("Or", &[&at_most, &missing], vec![])
        }
    }
}

fn scalar(graph: &mut GraphBuilder, value: f32) -> String {
    let name = graph.fresh("limit");
    graph.initializer_f32(&name, &[1], vec![value]);
    name
}

fn in_words(column: &Column, question: &Question) -> String {
    match question {
        Question::OneOf(texts) => format!("{} is {}", column.name, texts.join(" or ")),
        Question::AtMost { feature, threshold, missing } => {
            let alone = domain::Table::new(vec![column.clone()]).expect("one column is a table");
            let name = &Encoder::learn(&alone, Style::Trees).feature_names()[*feature];
            match (threshold.is_finite(), missing) {
                (false, _) => format!("{name} is known"),
                (true, false) => format!("{name} <= {threshold}"),
                (true, true) => format!("{name} <= {threshold} or missing"),
            }
        }
    }
}

#[cfg(test)]
mod tests;
