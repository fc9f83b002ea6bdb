//! Random forests and extra trees, as a learner; they are grown in [`crate::trees`].

use super::learner::{Head, Job};
use crate::boosted::matrix;
use crate::contract::FitError;
use crate::encode::Features;
use crate::onnx::GraphBuilder;
use crate::trees::{Averaging, Bagged};

pub(super) fn fit(
    job: &Job<'_>,
    averaging: &Averaging,
    progress: &mut dyn FnMut(f64) -> bool,
) -> Result<Box<dyn Head>, FitError> {
    let of_trainer = |e: crate::trees::TreesError| e.of_trainer(job.trainer);
    let matrix = matrix(job.x).map_err(of_trainer)?;
    let (target, classes) = (&job.target.probability, job.target.names.len());
    let forest = averaging.fit(&matrix, target, classes, &job.target.weight, job.seed.0, progress);
    Ok(Box::new(forest.map_err(of_trainer)?))
}

impl Head for Bagged {
    fn probabilities(&self, x: &Features) -> Vec<f64> {
        self.predict(&matrix(x).expect("as few rows as were learned from, or fewer than a table can have"))
    }

    fn write(&self, graph: &mut GraphBuilder, input: &str) -> String {
        self.write_onnx(graph, input)
    }
}
