//! Boosted trees, as a trainer: `trees`, for classes and for numbers.
//!
//! Not the growing of trees, which is in [`crate::trees`]: here features are encoded, rows are held back to
//! know when to stop, and the graph is written. Invariant: the rows that say when to stop are never learned
//! from before they have said it; after that the forest is grown once more on all rows, as many rounds as were
//! best, so that the newest rows are not wasted.

use crate::contract::{Artifact, Fit, FitError, Seed};
use crate::encode::{Encoder, Features, Style};
use crate::onnx::{Dtype, GraphBuilder};
use crate::split::splits;
use crate::supervise;
use crate::trees::{self, Forest, Matrix, Objective, Params, Part, TreesError};
use domain::{Examples, OutputKind, Target, Task};

/// One in so many rows says when to stop.
const PARTS: usize = 5;
/// Below so many rows a part of them says too little, and [`FEW_ROUNDS`] are grown.
const FEW_ROWS: usize = 100;
/// Rounds where no rows can be held back.
const FEW_ROUNDS: usize = 50;
/// The share of the work that looking for the number of rounds is counted as.
const SEARCH: f64 = 0.6;

/// The trainer `trees`.
///
/// The defaults are those of [`Params`] but for smaller, and so more, steps: a learning rate of 0.05 and up to
/// 1,000 rounds, cut short when 50 have not helped.
#[derive(Debug, Clone, PartialEq)]
pub struct Trees {
    /// How the trees are grown. `rounds` is the most that may be grown.
    pub params: Params,
    /// What a number is to be; classes are always given their probabilities.
    pub number: Middle,
}

/// What an answer to a regression is the middle of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Middle {
    /// The mean, which has the least squared error.
    #[default]
    Mean,
    /// The median, which has the least absolute error.
    Median,
}

impl Default for Trees {
    fn default() -> Trees {
        let params = Params { rounds: 1000, learning_rate: 0.05, patience: 50, ..Params::default() };
        Trees { params, number: Middle::Mean }
    }
}

impl Fit for Trees {
    fn name(&self) -> &str {
        "trees"
    }

    fn fit(
        &self,
        data: &Examples,
        seed: Seed,
        progress: &mut dyn FnMut(f64) -> bool,
    ) -> Result<Artifact, FitError> {
        let goal = goal(self, data)?;
        let encoder = Encoder::learn_for(self.name(), &data.rows, Style::Trees)?;
        supervise::check_names(self.name(), encoder.inputs(), goal.answer)?;
        let features = encoder.encode(&data.rows).map_err(|e| supervise::bad(self.name(), e.to_string()))?;
        let forest = grow(&self.params, &goal, &features, data, seed, progress)
            .map_err(|e| e.of_trainer(self.name()))?;
        Ok(write(&encoder, goal, &forest))
    }
}

/// What the trees are to say.
struct Goal {
    objective: Objective,
    /// [`Objective::outputs`] numbers a row.
    target: Vec<f64>,
    weight: Vec<f64>,
    task: Task,
    output: OutputKind,
    answer: &'static str,
}

fn goal(trees: &Trees, data: &Examples) -> Result<Goal, FitError> {
    if let Target::Number(_) = data.target {
        let found = supervise::numbers("trees", data)?;
        found.need_two("trees")?;
        let objective = match trees.number {
            Middle::Mean => Objective::Squared,
            Middle::Median => Objective::Absolute,
        };
        let (task, output) = (Task::Regression, OutputKind::Value);
        let (target, weight) = (found.target.to_vec(), found.weight);
        return Ok(Goal { objective, target, weight, task, output, answer: "value" });
    }
    let found = supervise::classes("trees", data)?;
    found.need_two("trees")?;
    let (task, output) = (Task::Classification, OutputKind::Probabilities { classes: found.names.to_vec() });
    let (objective, target) = match found.names.len() {
        2 => (Objective::Logistic, found.probability.chunks(2).map(|row| row[1]).collect()),
        classes => (Objective::Softmax { classes }, found.probability),
    };
    Ok(Goal { objective, target, weight: found.weight, task, output, answer: "probabilities" })
}

impl Goal {
    /// Target and weight of these rows.
    fn take(&self, rows: &[usize]) -> (Vec<f64>, Vec<f64>) {
        let width = self.objective.outputs();
        let row = |&r: &usize| self.target[r * width..(r + 1) * width].iter().copied();
        (rows.iter().flat_map(row).collect(), rows.iter().map(|&r| self.weight[r]).collect())
    }
}

/// Finds the number of rounds on held-back rows, then grows that many on all rows.
fn grow(
    params: &Params,
    goal: &Goal,
    features: &Features,
    data: &Examples,
    seed: Seed,
    progress: &mut dyn FnMut(f64) -> bool,
) -> Result<Forest, TreesError> {
    let best = best_rounds(params, goal, features, data, seed, &mut |share| progress(share * SEARCH))?;
    let params = Params { rounds: best.unwrap_or(FEW_ROUNDS.min(params.rounds)).max(1), ..params.clone() };
    let matrix = matrix(features)?;
    let all = Part { matrix: &matrix, target: &goal.target, weight: Some(&goal.weight) };
    let mut rest = |share: f64| progress(SEARCH + share * (1.0 - SEARCH));
    trees::fit(all, None, goal.objective, &params, seed.0, &mut rest)
}

/// The rounds after which the loss on held-back rows was least; `None` where too few rows can be held back.
fn best_rounds(
    params: &Params,
    goal: &Goal,
    features: &Features,
    data: &Examples,
    seed: Seed,
    progress: &mut dyn FnMut(f64) -> bool,
) -> Result<Option<usize>, TreesError> {
    let Some(split) = splits(data, PARTS, seed).into_iter().next().filter(|_| data.len() >= FEW_ROWS) else {
        return Ok(None);
    };
    let (learn, choose) = (goal.take(&split.learn), goal.take(&split.choose));
    let counts = |(_, weight): &(Vec<f64>, Vec<f64>)| weight.iter().any(|&w| w > 0.0);
    if !counts(&learn) || !counts(&choose) {
        return Ok(None);
    }
    let (learn_matrix, choose_matrix) =
        (matrix(&features.take(&split.learn))?, matrix(&features.take(&split.choose))?);
    let learn = Part { matrix: &learn_matrix, target: &learn.0, weight: Some(&learn.1) };
    let choose = Part { matrix: &choose_matrix, target: &choose.0, weight: Some(&choose.1) };
    let forest = trees::fit(learn, Some(choose), goal.objective, params, seed.0, progress)?;
    Ok(Some(forest.rounds()))
}

/// Columns that are mostly 0, as one-hot ones are, are kept by their other entries only.
pub(crate) fn matrix(features: &Features) -> Result<Matrix, TreesError> {
    let mut matrix = Matrix::new(features.rows)?;
    for column in &features.columns {
        let rows: Vec<u32> = (0u32..).zip(column).filter(|&(_, &x)| x != 0.0).map(|(row, _)| row).collect();
        if rows.len() * 4 > column.len() {
            matrix.push(column.clone())?;
        } else {
            let values = rows.iter().map(|&row| column[row as usize]).collect();
            matrix.push_sparse(rows, values)?;
        }
    }
    Ok(matrix)
}

fn write(encoder: &Encoder, goal: Goal, forest: &Forest) -> Artifact {
    let mut graph = GraphBuilder::new("trees");
    let features = encoder.write(&mut graph);
    graph.output(goal.answer, Dtype::F32, &[goal.output.width()]);
    let written = forest.write_onnx(&mut graph, &features);
    graph.node("", "Identity", &[&written.answers], &[goal.answer], vec![]);
    supervise::artifact(goal.task, encoder.inputs().clone(), goal.output, &graph)
}

#[cfg(test)]
mod tests;
