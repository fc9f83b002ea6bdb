//! Multinomial logistic regression, as a learner; it is fitted in [`crate::linear`].

use super::learner::{Head, Job};
use super::space::by_row;
use crate::contract::FitError;
use crate::encode::Features;
use crate::linear::{Precision, Problem, Weights, logistic, write_sums};
use crate::onnx::GraphBuilder;
use crate::supervise::bad;

/// Weighted sums: `columns * classes` weights, a column's classes side by side, and an intercept a class.
struct Linear {
    weights: Vec<f32>,
    intercepts: Vec<f32>,
    columns: usize,
}

pub(super) fn fit(
    job: &Job<'_>,
    penalty: f64,
    progress: &mut dyn FnMut(f64) -> bool,
) -> Result<Box<dyn Head>, FitError> {
    if !(penalty >= 0.0 && penalty.is_finite()) {
        return Err(bad(job.trainer, format!("the penalty is {penalty}, expected 0 or more")));
    }
    let (columns, classes) = (job.x.columns.len(), job.target.names.len());
    let (probability, weight) = (&job.target.probability, &job.target.weight);
    let problem = Problem { features: job.x, classes, probability, weight };
    let share = |steps: usize| steps as f64 / (steps as f64 + 50.0);
    let start = Weights::zero(columns, classes);
    let found = logistic::fit(&problem, penalty, start, Precision::Rough, |made| progress(share(made)))
        .ok_or(FitError::Interrupted)?;
    // Two classes share one sum: that of the first class stays 0.
    let sum = |class: usize| match (classes, class) {
        (2, 0) => None,
        (2, _) => Some(found.sum(0)),
        _ => Some(found.sum(class)),
    };
    let weight = |place: usize| sum(place % classes).map_or(0.0, |(w, _)| w[place / classes] as f32);
    let intercepts = (0..classes).map(|k| sum(k).map_or(0.0, |(_, b)| b as f32)).collect();
    Ok(Box::new(Linear { weights: (0..columns * classes).map(weight).collect(), intercepts, columns }))
}

impl Head for Linear {
    fn probabilities(&self, x: &Features) -> Vec<f64> {
        let classes = self.intercepts.len();
        let row = |row: &[f32]| {
            let mut scores: Vec<f64> = self.intercepts.iter().map(|&b| f64::from(b)).collect();
            for (&x, weights) in row.iter().zip(self.weights.chunks_exact(classes)) {
                scores.iter_mut().zip(weights).for_each(|(s, &w)| *s += f64::from(x) * f64::from(w));
            }
            stats::distill::softmax(&scores, classes, 1.0)
                .expect("sums of finite numbers, of two classes or more")
        };
        by_row(x).chunks_exact(self.columns).flat_map(row).collect()
    }

    fn write(&self, graph: &mut GraphBuilder, input: &str) -> String {
        let (weights, intercepts) = (self.weights.clone(), self.intercepts.clone());
        let scores = write_sums(graph, input, intercepts.len(), weights, intercepts);
        graph.op("Softmax", &[&scores], vec![("axis", 1.into())])
    }
}
