//! The nearest rows' classes, as a learner.
//!
//! *What it answers*: the share of each class among the k nearest training rows, drawn a little towards that of all, so
//! that none is 0. *Assumptions*: near rows are alike. *When it misleads*: with many columns all rows are far; columns
//! on large scales decide alone. *Source*: Cover and Hart 1967. *Checked against*: its own graph.

use super::learner::{Head, Job, normalised};
use super::space::by_row;
use crate::contract::FitError;
use crate::encode::Features;
use crate::onnx::{CONTRIB, GraphBuilder, Others, smallest};
use crate::supervise::bad;

/// The training rows and what they vote for.
struct Nearest {
    k: usize,
    width: usize,
    cells: Vec<f32>,
    others: Others,
    classes: usize,
    /// A row's weight, spread over its classes.
    votes: Vec<f32>,
    /// One more vote: the shares of all rows.
    prior: Vec<f32>,
}

pub(super) fn fit(job: &Job<'_>, k: usize) -> Result<Box<dyn Head>, FitError> {
    if k == 0 {
        return Err(bad(job.trainer, "k is 0, expected 1 or more".into()));
    }
    let (width, classes) = (job.x.columns.len(), job.target.names.len());
    let counted: Vec<usize> = (0..job.x.rows).filter(|&row| job.target.weight[row] > 0.0).collect();
    let cells = by_row(&job.x.take(&counted));
    let weight = crate::supervise::relative(&job.target.weight);
    let vote = |&row: &usize| {
        let probability = &job.target.probability[row * classes..(row + 1) * classes];
        let weight = weight[row];
        probability.iter().map(move |&p| p as f32 * weight)
    };
    let votes = counted.iter().flat_map(vote).collect();
    let totals = job.target.totals();
    let all: f64 = totals.iter().sum();
    let prior = totals.iter().map(|t| (t / all) as f32).collect();
    let others = Others::new(&cells, width);
    Ok(Box::new(Nearest { k: k.min(counted.len()), width, cells, others, classes, votes, prior }))
}

impl Head for Nearest {
    fn probabilities(&self, x: &Features) -> Vec<f64> {
        let row = |_: usize, squares: &[f32]| {
            let mut sums: Vec<f64> = self.prior.iter().map(|&p| f64::from(p)).collect();
            for near in smallest(squares, self.k) {
                let votes = &self.votes[near * self.classes..(near + 1) * self.classes];
                sums.iter_mut().zip(votes).for_each(|(s, &v)| *s += f64::from(v));
            }
            let total: f64 = sums.iter().sum();
            sums.into_iter().map(|s| s / total).collect::<Vec<f64>>()
        };
        self.others.map(&by_row(x), row).concat()
    }

    fn write(&self, graph: &mut GraphBuilder, input: &str) -> String {
        let stems = ["rows", "votes", "prior", "k", "axes", "squares", "nearest", "unused"];
        // Both outputs of TopK must have a name for onnxruntime.
        let [rows, votes, prior, k, axes, squares, nearest, unused] = &stems.map(|stem| graph.fresh(stem));
        let count = self.others.count();
        graph.initializer_f32(rows, &[count, self.width], self.cells.clone());
        graph.initializer_f32(votes, &[count, self.classes], self.votes.clone());
        graph.initializer_f32(prior, &[1, self.classes], self.prior.clone());
        graph.initializer_i64(k, &[1], vec![self.k as i64]).initializer_i64(axes, &[1], vec![1]);
        graph.node(CONTRIB, "CDist", &[input, rows], &[squares], vec![("metric", "sqeuclidean".into())]);
        graph.node("", "TopK", &[squares, k], &[unused, nearest], vec![("largest", 0.into())]);
        let found = graph.op("Gather", &[votes, nearest], vec![("axis", 0.into())]);
        let sums = graph.op("ReduceSum", &[&found, axes], vec![("keepdims", 0.into())]);
        let sums = graph.op("Add", &[&sums, prior], vec![]);
        normalised(graph, &sums)
    }
}
