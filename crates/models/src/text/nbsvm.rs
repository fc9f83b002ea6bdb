//! The trainer `nbsvm`: which words are present, each weighed by how much more often it stands in one class
//! than in the others, into a support vector machine whose weights are drawn towards their mean size.
//!
//! Margins are no probabilities: a logistic curve over the margins of held-back rows makes them so. More than
//! two classes are each told from all others, and the probabilities divided by their sum.

use super::features::Features;
use super::fit::{Loss, Problem, Weights, scores};
use super::sparse::Sparse;
use super::vocabulary::Weighting;
use super::{FINAL, held_back};
use crate::contract::{Artifact, Fit, FitError, Seed};
use crate::linear::Portion;
use crate::onnx::{Dtype, GraphBuilder};
use crate::supervise::{self, Classes};
use domain::{Examples, OutputKind, Task};

/// Added to every count of a word in a class: the paper's alpha.
const SMOOTHING: f64 = 1.0;
/// How much of each weight stays its own, the rest being the mean size of all: the paper's beta.
const BETA: f64 = 0.25;
/// The paper's C is 1.
const PENALTY: f64 = 1.0;
/// The slope, a unit of weight, that ends a fit: weights are drawn towards their mean afterwards, so that more
/// digits would change no answer.
const CONTENT: f64 = 1e-5;
/// The same for margins that only the curve is drawn through.
const HELD_CONTENT: f64 = 1e-4;
/// No probability of one class against the others is below this, so that their sum is never 0.
const LEAST: f32 = 1e-7;

/// The trainer `nbsvm`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nbsvm;

/// A class against all others: a sum of features.
struct Line {
    weights: Vec<f64>,
    intercept: f64,
}

impl Fit for Nbsvm {
    fn name(&self) -> &str {
        "nbsvm"
    }

    fn fit(
        &self,
        data: &Examples,
        seed: Seed,
        progress: &mut dyn FnMut(f64) -> bool,
    ) -> Result<Artifact, FitError> {
        let target = supervise::classes(self.name(), data)?;
        target.need_two(self.name())?;
        let features = Features::learn(self.name(), &data.rows, Weighting::Present)?;
        let splits = held_back(data, seed);
        // Two classes share one line, that of the second.
        let told: Vec<usize> =
            if target.names.len() == 2 { vec![1] } else { (0..target.names.len()).collect() };
        let mut part = Portion { done: 0, of: told.len() * (splits.len() + 1), progress };
        let mut lines = Vec::with_capacity(told.len());
        for class in told {
            let side = Side::of(&target, class);
            let mut margins = Vec::new();
            for split in &splits {
                let line = learn(&features, &side, &split.learn, HELD_CONTENT, &mut part)?;
                let held = scores(&features.matrix.take(&split.choose), &line.weights, line.intercept);
                margins.extend(split.choose.iter().copied().zip(held));
            }
            let all: Vec<usize> = (0..data.len()).collect();
            let line = learn(&features, &side, &all, CONTENT, &mut part)?;
            lines.push(line.calibrated(&side, &margins));
        }
        Ok(write(&features, target.names, &lines))
    }
}

/// One class told from the others.
struct Side {
    /// The class's probability, one a row.
    probability: Vec<f64>,
    weight: Vec<f64>,
}

impl Side {
    fn of(target: &Classes<'_>, class: usize) -> Side {
        let probability = target.probability.chunks(target.names.len()).map(|row| row[class]).collect();
        Side { probability, weight: target.weight.clone() }
    }

    fn problem(&self, matrix: Sparse, rows: &[usize]) -> Problem {
        let both = rows.iter().flat_map(|&r| [1.0 - self.probability[r], self.probability[r]]).collect();
        Problem::new(matrix, 2, both, rows.iter().map(|&r| self.weight[r]).collect())
    }
}

/// The log of how much more often each word stands in the class than outside; 1 for features that are no words.
fn ratios(features: &Features, side: &Side, rows: &[usize]) -> Vec<f64> {
    let (mut inside, mut outside) = (vec![SMOOTHING; features.words], vec![SMOOTHING; features.words]);
    for &row in rows {
        let (weight, q) = (side.weight[row], side.probability[row]);
        for (column, _) in features.matrix.row(row).take_while(|&(c, _)| (c as usize) < features.words) {
            inside[column as usize] += weight * q;
            outside[column as usize] += weight * (1.0 - q);
        }
    }
    let totals = inside.iter().sum::<f64>() / outside.iter().sum::<f64>();
    let words = inside.iter().zip(&outside).map(|(i, o)| (i / o / totals).ln());
    words.chain(std::iter::repeat_n(1.0, features.matrix.width - features.words)).collect()
}

fn learn(
    features: &Features,
    side: &Side,
    rows: &[usize],
    content: f64,
    part: &mut Portion<'_>,
) -> Result<Line, FitError> {
    let ratios = ratios(features, side, rows);
    let problem = side.problem(features.matrix.take(rows).scaled(&ratios), rows);
    let start = Weights::zero(features.matrix.width, 2);
    let weights = problem
        .fit(Loss::SquaredHinge, PENALTY, start, content, |made| part.goes_on(made))
        .ok_or(FitError::Interrupted)?;
    part.done += 1;
    let (weights, intercept) = weights.sum(0);
    let (words, rest) = weights.split_at(features.words);
    let size = words.iter().map(|w| w.abs()).sum::<f64>() / words.len() as f64;
    let drawn = words.iter().map(|w| (1.0 - BETA) * size + BETA * w).chain(rest.iter().copied());
    Ok(Line { weights: drawn.zip(&ratios).map(|(w, r)| w * r).collect(), intercept })
}

impl Line {
    /// The same line, stretched and moved so that the logistic function of it is a probability. `margins` are
    /// rows with what a line gave them that was fitted without them; where there are none, margins stay.
    fn calibrated(self, side: &Side, margins: &[(usize, f64)]) -> Line {
        let mut matrix = Sparse::new(1);
        margins.iter().for_each(|&(_, margin)| matrix.push([(0, margin as f32)]));
        let count = |part: &dyn Fn(f64) -> f64| -> f64 {
            margins.iter().map(|&(row, _)| side.weight[row] * part(side.probability[row])).sum()
        };
        let (inside, outside) = (count(&|q| q), count(&|q| 1.0 - q));
        if inside == 0.0 || outside == 0.0 {
            return self;
        }
        // Platt's targets: as if one more row of each class had been seen, so that no curve is a cliff.
        let (high, low) = ((inside + 1.0) / (inside + 2.0), 1.0 / (outside + 2.0));
        let soft = |row: usize| side.probability[row] * high + (1.0 - side.probability[row]) * low;
        let both = margins.iter().flat_map(|&(row, _)| [1.0 - soft(row), soft(row)]).collect();
        let weight = margins.iter().map(|&(row, _)| side.weight[row]).collect();
        let curve = Problem::new(matrix, 2, both, weight)
            .fit(Loss::Log, 0.0, Weights::zero(1, 2), FINAL, |_| true)
            .expect("nothing interrupts a fit of two numbers");
        let (stretch, shift) = (curve.sum(0).0[0], curve.sum(0).1);
        let weights = self.weights.iter().map(|w| w * stretch).collect();
        Line { weights, intercept: self.intercept * stretch + shift }
    }
}

fn write(features: &Features, classes: &[String], lines: &[Line]) -> Artifact {
    let count = classes.len();
    // Two classes share one line: the sum of the first class stays 0.
    let line =
        |class: usize| if count == 2 { class.checked_sub(1).map(|i| &lines[i]) } else { Some(&lines[class]) };
    let weight = |place: usize| line(place % count).map_or(0.0, |l| l.weights[place / count] as f32);
    let intercepts = (0..count).map(|class| line(class).map_or(0.0, |l| l.intercept as f32)).collect();
    let weights: Vec<f32> = (0..features.matrix.width * count).map(weight).collect();
    let mut graph = GraphBuilder::new("nbsvm");
    let scores = features.write(&mut graph, &weights, intercepts);
    graph.output("probabilities", Dtype::F32, &[count]);
    if count == 2 {
        graph.node("", "Softmax", &[&scores], &["probabilities"], vec![("axis", 1.into())]);
    } else {
        let [least, axis] = ["least", "classes"].map(|name| graph.fresh(name));
        graph.initializer_f32(&least, &[], vec![LEAST]).initializer_i64(&axis, &[1], vec![1]);
        let each = graph.op("Sigmoid", &[&scores], vec![]);
        let each = graph.op("Max", &[&each, &least], vec![]);
        let sum = graph.op("ReduceSum", &[&each, &axis], vec![("keepdims", 1.into())]);
        graph.node("", "Div", &[&each, &sum], &["probabilities"], vec![]);
    }
    let output = OutputKind::Probabilities { classes: classes.to_vec() };
    supervise::artifact(Task::Classification, features.inputs().clone(), output, &graph)
}
