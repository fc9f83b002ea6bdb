//! Multilayer perceptrons, as a learner; they are trained in [`crate::neural`].

use super::learner::{Head, Job};
use super::space::by_row;
use crate::contract::{FitError, Seed};
use crate::encode::Features;
use crate::neural::{Flat, Perceptron, Trained};
use crate::onnx::GraphBuilder;

/// After numbers were taken out a network learns for this part of its epochs.
const GOING_ON: usize = 5;

pub(super) fn fit(
    job: &Job<'_>,
    perceptron: &Perceptron,
    progress: &mut dyn FnMut(f64) -> bool,
) -> Result<Box<dyn Head>, FitError> {
    let rows = flat(job);
    Ok(Box::new(perceptron.fit(&rows, job.taught.map(|(heat, _)| heat), job.seed, progress)?))
}

/// A network without more and more of its numbers: each time a tenth of the first count goes, the rest learns on, and
/// `keep` says of it whether to go further.
pub(super) fn thin(
    job: &Job<'_>,
    perceptron: &Perceptron,
    keep: &mut dyn FnMut(usize, Trained) -> Result<bool, FitError>,
    progress: &mut dyn FnMut(f64) -> bool,
) -> Result<(), FitError> {
    let (rows, heat) = (flat(job), job.taught.map(|(heat, _)| heat));
    let mut trained = perceptron.fit(&rows, heat, job.seed, &mut |share| progress(0.5 * share))?;
    let epochs = perceptron.epochs.div_ceil(GOING_ON);
    for tenths in (1..10).rev() {
        let kept = (perceptron.width * tenths / 10).max(1);
        let done = 0.5 + 0.05 * (9 - tenths) as f64;
        let seed = Seed(stats::random::bits(job.seed.0, 92, tenths as u64));
        trained = trained.thinner(&rows, heat, (kept, epochs), seed, &mut |s| progress(done + 0.05 * s))?;
        if !keep(tenths, trained.clone())? {
            return Ok(());
        }
    }
    Ok(())
}

fn flat(job: &Job<'_>) -> Flat {
    let (classes, weight) = (job.target.names.len(), crate::supervise::relative(&job.target.weight));
    let hard = job.target.probability.chunks_exact(classes);
    let truth: Vec<f64> = match job.taught {
        None => job.target.probability.clone(),
        Some((_, soft)) => hard.zip(soft.chunks_exact(classes)).flat_map(|(h, s)| [h, s].concat()).collect(),
    };
    let truth = truth.into_iter().map(|p| p as f32).collect();
    Flat { features: by_row(job.x), inputs: job.x.columns.len(), truth, outputs: classes, weight }
}

impl Head for Trained {
    fn probabilities(&self, x: &Features) -> Vec<f64> {
        self.answers(by_row(x), x.rows)
    }

    fn write(&self, graph: &mut GraphBuilder, input: &str) -> String {
        Trained::write(self, graph, input)
    }
}
