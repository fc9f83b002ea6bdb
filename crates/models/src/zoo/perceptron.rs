//! Multilayer perceptrons, as a learner; they are trained in [`crate::neural`].

use super::learner::{Head, Job};
use super::space::by_row;
use crate::contract::FitError;
use crate::encode::Features;
use crate::neural::{Flat, Perceptron, Trained};
use crate::onnx::GraphBuilder;

pub(super) fn fit(
    job: &Job<'_>,
    perceptron: &Perceptron,
    progress: &mut dyn FnMut(f64) -> bool,
) -> Result<Box<dyn Head>, FitError> {
    let (classes, weight) = (job.target.names.len(), crate::supervise::relative(&job.target.weight));
    let hard = job.target.probability.chunks_exact(classes);
    let truth: Vec<f64> = match job.taught {
        None => job.target.probability.clone(),
        Some((_, soft)) => hard.zip(soft.chunks_exact(classes)).flat_map(|(h, s)| [h, s].concat()).collect(),
    };
    let truth = truth.into_iter().map(|p| p as f32).collect();
    let rows = Flat { features: by_row(job.x), inputs: job.x.columns.len(), truth, outputs: classes, weight };
    Ok(Box::new(perceptron.fit(&rows, job.taught.map(|(heat, _)| heat), job.seed, progress)?))
}

impl Head for Trained {
    fn probabilities(&self, x: &Features) -> Vec<f64> {
        self.answers(by_row(x), x.rows)
    }

    fn write(&self, graph: &mut GraphBuilder, input: &str) -> String {
        Trained::write(self, graph, input)
    }
}
