//! Boosted trees, as a learner: all classes together by softmax, or each against all others.

use super::learner::{Head, Job, normalised};
use crate::boosted::matrix;
use crate::contract::FitError;
use crate::encode::Features;
use crate::onnx::GraphBuilder;
use crate::trees::{self, Forest, Matrix, Objective, Params, Part, TreesError};

/// Forests that answer together: one by softmax, or one a class.
struct Boosted {
    forests: Vec<Forest>,
    classes: usize,
}

/// One forest's goal.
struct Goal<'a> {
    objective: Objective,
    target: Vec<f64>,
    weight: &'a [f64],
}

pub(super) fn fit(
    job: &Job<'_>,
    params: &Params,
    one_vs_all: bool,
    search: bool,
    progress: &mut dyn FnMut(f64) -> bool,
) -> Result<Box<dyn Head>, FitError> {
    let goals = goals(job, one_vs_all);
    let count = goals.len() as f64;
    let matrix = matrix(job.x).map_err(|e| e.of_trainer(job.trainer))?;
    let mut forests = Vec::with_capacity(goals.len());
    for (place, goal) in goals.iter().enumerate() {
        let mut part = |share: f64| progress((place as f64 + share) / count);
        let forest = one(job, goal, &matrix, params, search, &mut part);
        forests.push(forest.map_err(|e| e.of_trainer(job.trainer))?);
    }
    Ok(Box::new(Boosted { forests, classes: job.target.names.len() }))
}

fn goals<'a>(job: &'a Job<'_>, one_vs_all: bool) -> Vec<Goal<'a>> {
    let (classes, weight) = (job.target.names.len(), job.target.weight.as_slice());
    let class = |k: usize| job.target.probability.chunks_exact(classes).map(|row| row[k]).collect();
    let logistic = |k| Goal { objective: Objective::Logistic, target: class(k), weight };
    match (classes, one_vs_all) {
        (2, _) => vec![logistic(1)],
        (_, true) => (0..classes).map(logistic).collect(),
        (_, false) => {
            let objective = Objective::Softmax { classes };
            vec![Goal { objective, target: job.target.probability.clone(), weight }]
        }
    }
}

/// Finds the rounds on rows held back where that is wanted, then grows on all.
fn one(
    job: &Job<'_>,
    goal: &Goal<'_>,
    matrix: &Matrix,
    params: &Params,
    search: bool,
    progress: &mut dyn FnMut(f64) -> bool,
) -> Result<Forest, TreesError> {
    let found = match job.split.filter(|_| search) {
        Some(split) => Some(rounds(job, goal, split, params, &mut |share| progress(0.5 * share))?),
        None => None,
    };
    let from = if found.is_some() { 0.5 } else { 0.0 };
    let params = Params { rounds: found.unwrap_or(params.rounds).max(1), ..params.clone() };
    let all = Part { matrix, target: &goal.target, weight: Some(goal.weight) };
    trees::fit(all, None, goal.objective, &params, job.seed.0, &mut |share| {
        progress(from + (1.0 - from) * share)
    })
}

fn rounds(
    job: &Job<'_>,
    goal: &Goal<'_>,
    split: &crate::split::Split,
    params: &Params,
    progress: &mut dyn FnMut(f64) -> bool,
) -> Result<usize, TreesError> {
    let width = goal.objective.outputs();
    let take = |rows: &[usize]| {
        let target: Vec<f64> =
            rows.iter().flat_map(|&r| &goal.target[r * width..(r + 1) * width]).copied().collect();
        let weight: Vec<f64> = rows.iter().map(|&r| goal.weight[r]).collect();
        Ok::<_, TreesError>((matrix(&job.x.take(rows))?, target, weight))
    };
    let (learn, choose) = (take(&split.learn)?, take(&split.choose)?);
    if [&learn, &choose].iter().any(|part| part.2.iter().all(|&w| w == 0.0)) {
        return Ok(params.rounds.min(100));
    }
    let part = |p: &'_ (Matrix, Vec<f64>, Vec<f64>)| (p.1.clone(), p.2.clone());
    let ((t, w), (ct, cw)) = (part(&learn), part(&choose));
    let learn = Part { matrix: &learn.0, target: &t, weight: Some(&w) };
    let choose = Part { matrix: &choose.0, target: &ct, weight: Some(&cw) };
    Ok(trees::fit(learn, Some(choose), goal.objective, params, job.seed.0, progress)?.rounds())
}

impl Head for Boosted {
    fn probabilities(&self, x: &Features) -> Vec<f64> {
        let matrix = matrix(x).expect("as few rows as were learned from, or fewer than a table can have");
        let answers: Vec<Vec<f64>> = self.forests.iter().map(|f| f.predict(&matrix)).collect();
        match answers.as_slice() {
            [both] if self.classes == 2 => both.iter().flat_map(|p| [1.0 - p, *p]).collect(),
            [all] => all.clone(),
            each => {
                let row = |row: usize| {
                    let total: f64 = each.iter().map(|class| class[row]).sum();
                    each.iter().map(move |class| class[row] / total)
                };
                (0..x.rows).flat_map(row).collect()
            }
        }
    }

    fn write(&self, graph: &mut GraphBuilder, input: &str) -> String {
        let names: Vec<String> = self.forests.iter().map(|f| f.write_onnx(graph, input).answers).collect();
        if let [one] = names.as_slice() {
            return one.clone();
        }
        // Each forest says how probable "not so" and "so" are; every second number is wanted.
        let both = graph.op("Concat", &names, vec![("axis", 1.into())]);
        let places = graph.fresh("so");
        graph.initializer_i64(
            &places,
            &[self.classes],
            (0..self.classes as i64).map(|k| 2 * k + 1).collect(),
        );
        let so = graph.op("Gather", &[&both, &places], vec![("axis", 1.into())]);
        normalised(graph, &so)
    }
}
