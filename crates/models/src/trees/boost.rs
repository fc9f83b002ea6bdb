//! Boosting: round after round, one tree for each output on what the trees so far leave over.
//!
//! All outputs of a round start from the same answers, so that their trees can grow side by side. Invariant:
//! the same matrix, target, weights, parameters and seed give the same forest bit by bit, on any number of
//! threads: sums are exact (see `sum`), ties are broken by place, draws belong to places.

use super::binned::Binned;
use super::draw;
use super::error::TreesError;
use super::forest::{Forest, Node, Tree};
use super::grow::{Ground, Leaf, Workspace};
use super::matrix::Matrix;
use super::objective::{Objective, median};
use super::params::Params;
use super::split::Rules;
use super::sum::{Scale, Sum};
use super::watch::Watch;
use rayon::prelude::*;
use std::sync::{Mutex, PoisonError};

/// Rows are worked on in pieces of this many.
pub(super) const PIECE: usize = 8192;

/// What is learned from, or watched for the moment to stop.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    /// The features.
    pub matrix: &'a Matrix,
    /// What should be answered: [`Objective::outputs`] numbers a row, row by row.
    pub target: &'a [f64],
    /// How much each row counts, 0 or more; `None` is 1 each.
    pub weight: Option<&'a [f64]>,
}

/// Fits a forest to `train`. With a `validation` part it stops early, see [`Params::patience`].
///
/// `progress` is called after each round with the share done, 0 to 1; when it returns `false` the fit stops
/// and returns [`TreesError::Interrupted`]. Runs on the rayon pool of the caller; which pool that is does not
/// change a bit of the result.
///
/// Memory beside the matrix: 1 byte a row and column (dense columns), 2 or 4 a non-default entry, about 32 a
/// row and output, and 16 a bin and leaf on each thread.
pub fn fit(
    train: Part<'_>,
    validation: Option<Part<'_>>,
    objective: Objective,
    params: &Params,
    seed: u64,
    progress: &mut dyn FnMut(f64) -> bool,
) -> Result<Forest, TreesError> {
    params.check()?;
    let weight = train.check(objective, "")?;
    let mut watch =
        validation.map(|part| Watch::new(part, &train, objective, params.patience)).transpose()?;
    let mut boost = Boost::new(&train, &weight, objective, params, seed);
    for round in 0..params.rounds {
        let trees = boost.round(round);
        let go_on = watch.as_mut().is_none_or(|watch| watch.goes_on(&trees, &boost.forest.base));
        boost.forest.trees.extend(trees);
        if !progress((round + 1) as f64 / params.rounds as f64) {
            return Err(TreesError::Interrupted);
        }
        if !go_on {
            break;
        }
    }
    let mut forest = boost.forest;
    if let Some(watch) = watch {
        forest.trees.truncate(watch.best_rounds() * objective.outputs());
        forest.history = watch.into_history();
    }
    Ok(forest)
}

impl Part<'_> {
    /// Refuses what cannot be learned from; answers the weights.
    pub(super) fn check(&self, objective: Objective, of: &str) -> Result<Vec<f64>, TreesError> {
        let rows = self.matrix.rows();
        let what = |what: &str| format!("{of}{what}");
        objective.check(self.target, rows).map_err(|e| e.within(of))?;
        let weight = self.weight.map_or_else(|| vec![1.0; rows], <[f64]>::to_vec);
        if weight.len() != rows {
            let found = weight.len();
            return Err(TreesError::Length { what: what("the list of weights"), found, expected: rows });
        }
        if let Some(row) = weight.iter().position(|w| !(w.is_finite() && *w >= 0.0)) {
            return Err(TreesError::Entry {
                what: what("the list of weights"),
                row,
                found: weight[row].to_string(),
                expected: "a finite number, 0 or more",
            });
        }
        if weight.iter().all(|&w| w == 0.0) { Err(TreesError::Empty) } else { Ok(weight) }
    }
}

/// A fit under way.
struct Boost<'a> {
    target: &'a [f64],
    weight: &'a [f64],
    params: &'a Params,
    seed: u64,
    binned: Binned,
    /// The raw answers of each output to the training rows.
    raw: Vec<Vec<f64>>,
    /// What they mean, row by row.
    answers: Vec<f64>,
    /// As many as trees ever grow at once.
    workspaces: Mutex<Vec<Workspace>>,
    forest: Forest,
}

impl<'a> Boost<'a> {
    fn new(
        train: &Part<'a>,
        weight: &'a [f64],
        objective: Objective,
        params: &'a Params,
        seed: u64,
    ) -> Boost<'a> {
        let base = objective.base(train.target, weight);
        let rows = train.matrix.rows();
        Boost {
            target: train.target,
            weight,
            params,
            seed,
            binned: Binned::new(train.matrix, params),
            raw: base.iter().map(|&base| vec![f64::from(base); rows]).collect(),
            answers: vec![0.0; rows * base.len()],
            workspaces: Mutex::default(),
            forest: Forest {
                objective,
                features: train.matrix.columns(),
                trees: Vec::new(),
                base,
                history: Vec::new(),
            },
        }
    }

    /// Grows this round's trees and takes their step.
    fn round(&mut self, round: usize) -> Vec<Tree> {
        self.answer();
        let fraction = self.params.row_fraction;
        let drawn = (fraction < 1.0).then(|| draw::rows(self.seed, round, self.binned.rows, fraction));
        let mut raw = std::mem::take(&mut self.raw);
        let grow = |(output, raw): (usize, &mut Vec<f64>)| {
            let mut work = self.lock().pop().unwrap_or_default();
            let tree = self.tree(round, output, drawn.as_deref(), raw, &mut work);
            self.lock().push(work);
            tree
        };
        let trees = raw.par_iter_mut().enumerate().map(grow).collect();
        self.raw = raw;
        trees
    }

    /// Turns the raw answers into what they mean.
    fn answer(&mut self) {
        let (outputs, objective, raw) = (self.raw.len(), self.forest.objective, &self.raw);
        let pieces = self.answers.par_chunks_mut(PIECE * outputs).enumerate();
        pieces.for_each(|(piece, answers)| {
            for (i, row) in answers.chunks_mut(outputs).enumerate() {
                row.iter_mut().zip(raw).for_each(|(x, raw)| *x = raw[piece * PIECE + i]);
                objective.answer(row);
            }
        });
    }

    /// Grows a tree and adds its leaf values to the raw answers of its output.
    fn tree(
        &self,
        round: usize,
        output: usize,
        rows: Option<&[bool]>,
        raw: &mut [f64],
        work: &mut Workspace,
    ) -> Tree {
        let (sums, scale) = self.derivatives(output, rows);
        let place = round * self.outputs() + output;
        let features = self.binned.features.len();
        let drawn = draw::features(self.seed, place, features, self.params.feature_fraction);
        let ground = Ground {
            binned: &self.binned,
            params: self.params,
            drawn: &drawn,
            sums: &sums,
            rules: Rules::new(self.params, scale),
        };
        let (mut tree, leaves) = ground.grow(work);
        for leaf in &leaves {
            let rows = &work.order[leaf.rows.clone()];
            let value = self.step(leaf, rows, raw, &ground) as f32;
            tree.nodes[leaf.node] = Node::Leaf { value };
            rows.iter().for_each(|&row| raw[row as usize] += f64::from(value));
        }
        tree
    }

    /// What a leaf adds to the raw answers of its rows.
    fn step(&self, leaf: &Leaf, rows: &[u32], raw: &[f64], ground: &Ground<'_>) -> f64 {
        let step = match self.forest.objective {
            Objective::Absolute => {
                let counted =
                    rows.iter().map(|&row| row as usize).filter(|&row| !ground.sums[row].is_empty());
                median(counted.map(|row| (self.target[row] - raw[row], self.weight[row])).collect())
            }
            _ => -ground.rules.step(leaf.total),
        };
        step * self.params.learning_rate
    }

    /// The derivatives of every row by one output, none for rows that do not count.
    fn derivatives(&self, output: usize, drawn: Option<&[bool]>) -> (Vec<Sum>, Scale) {
        let outputs = self.outputs();
        let objective = self.forest.objective;
        let of_row = |row: usize| {
            let place = row * outputs + output;
            let (first, second) = objective.derivatives(self.answers[place], self.target[place]);
            (first * self.weight[row], second * self.weight[row])
        };
        let rows = self.binned.rows;
        let largest = |a: (f64, f64), b: (f64, f64)| (a.0.max(b.0.abs()), a.1.max(b.1.abs()));
        let most = (0..rows).into_par_iter().with_min_len(PIECE).map(of_row).reduce(|| (0.0, 0.0), largest);
        let scale = Scale::new(rows, most.0, most.1);
        let counts = |row: usize| self.weight[row] > 0.0 && drawn.is_none_or(|drawn| drawn[row]);
        let sum = |row: usize| {
            let (first, second) = of_row(row);
            if counts(row) { scale.row(first, second) } else { Sum::default() }
        };
        ((0..rows).into_par_iter().with_min_len(PIECE).map(sum).collect(), scale)
    }

    /// How many trees a round has.
    fn outputs(&self) -> usize {
        self.forest.base.len()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Workspace>> {
        self.workspaces.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
