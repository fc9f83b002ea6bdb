//! The trainer `mlp`: a few dense layers for tables, behind the encoding that linear models have.

use super::loss::Loss;
use super::network::Network;
use super::train::{Rows, Schedule};
use super::write::constant;
use crate::contract::{Artifact, Fit, FitError, Seed};
use crate::encode::{Encoder, Style};
use crate::onnx::{Dtype, GraphBuilder};
use crate::supervise;
use domain::{Examples, OutputKind, Target, Task};

/// Looks at rows that a fit costs, as far as the bounds on epochs allow.
const LOOKS: usize = 1_000_000;

/// The trainer `mlp`: a multilayer perceptron, for classes, probabilities and numbers.
#[derive(Debug, Clone, Copy)]
pub struct Mlp {
    /// Dense layers before the answers.
    pub layers: usize,
    /// Numbers between one layer and the next.
    pub width: usize,
    /// How often every row is looked at; `None` chooses 10 to 60 by the number of rows.
    pub epochs: Option<usize>,
}

impl Default for Mlp {
    fn default() -> Mlp {
        Mlp { layers: 2, width: 128, epochs: None }
    }
}

impl Fit for Mlp {
    fn name(&self) -> &str {
        "mlp"
    }

    fn fit(
        &self,
        data: &Examples,
        seed: Seed,
        progress: &mut dyn FnMut(f64) -> bool,
    ) -> Result<Artifact, FitError> {
        match &data.target {
            Target::Class { .. } | Target::Soft { .. } => self.fit_classes(data, seed, progress),
            Target::Number(_) => self.fit_numbers(data, seed, progress),
            other => Err(supervise::wrong_task(self.name(), other, "classes or one number a row")),
        }
    }
}

impl Mlp {
    fn fit_classes(
        &self,
        data: &Examples,
        seed: Seed,
        progress: &mut dyn FnMut(f64) -> bool,
    ) -> Result<Artifact, FitError> {
        let target = supervise::classes(self.name(), data)?;
        target.need_two(self.name())?;
        let encoder = Encoder::learn_for(self.name(), &data.rows, Style::Linear)?;
        supervise::check_names(self.name(), encoder.inputs(), "probabilities")?;
        let truth = target.probability.iter().map(|&p| p as f32).collect();
        let rows = Encoded::new(&encoder, data, truth, target.names.len(), &target.weight)?;
        let (network, parameters) = self.train(&rows, Loss::Classes, seed, progress)?;
        let mut graph = GraphBuilder::new("mlp");
        let features = encoder.write(&mut graph);
        let answers = network.write(&mut graph, &parameters, &features);
        graph.output("probabilities", Dtype::F32, &[target.names.len()]);
        graph.node("", "Softmax", &[&answers], &["probabilities"], vec![("axis", 1.into())]);
        let output = OutputKind::Probabilities { classes: target.names.to_vec() };
        Ok(supervise::artifact(Task::Classification, encoder.inputs().clone(), output, &graph))
    }

    /// Numbers are learned with mean 0 and deviation 1, and given back as they were.
    fn fit_numbers(
        &self,
        data: &Examples,
        seed: Seed,
        progress: &mut dyn FnMut(f64) -> bool,
    ) -> Result<Artifact, FitError> {
        let target = supervise::numbers(self.name(), data)?;
        target.need_two(self.name())?;
        let encoder = Encoder::learn_for(self.name(), &data.rows, Style::Linear)?;
        supervise::check_names(self.name(), encoder.inputs(), "value")?;
        let (mean, deviation) = spread(target.target, &target.weight);
        let truth = target.target.iter().map(|y| ((y - mean) / deviation) as f32).collect();
        let rows = Encoded::new(&encoder, data, truth, 1, &target.weight)?;
        let (network, parameters) = self.train(&rows, Loss::Numbers, seed, progress)?;
        let mut graph = GraphBuilder::new("mlp");
        let features = encoder.write(&mut graph);
        let answers = network.write(&mut graph, &parameters, &features);
        let scale = constant(&mut graph, "deviation", &[1], &[deviation as f32]);
        let offset = constant(&mut graph, "mean", &[1], &[mean as f32]);
        let scaled = graph.op("Mul", &[&answers, &scale], vec![]);
        graph.output("value", Dtype::F32, &[1]);
        graph.node("", "Add", &[&scaled, &offset], &["value"], vec![]);
        Ok(supervise::artifact(Task::Regression, encoder.inputs().clone(), OutputKind::Value, &graph))
    }

    fn train(
        &self,
        rows: &Encoded,
        loss: Loss,
        seed: Seed,
        progress: &mut dyn FnMut(f64) -> bool,
    ) -> Result<(Network, Vec<f32>), FitError> {
        let mut network = Network::new(rows.width);
        for _ in 0..self.layers {
            network = network.dense(self.width).relu().dropout(0.1);
        }
        let network = network.dense(rows.outputs);
        let order: Vec<usize> = (0..rows.weight.len()).filter(|&row| rows.weight[row] > 0.0).collect();
        let epochs = self.epochs.unwrap_or((LOOKS / order.len().max(1)).clamp(10, 60));
        // Few rows make up for it with more, rougher steps.
        let batch = (order.len() / 50).clamp(16, 256);
        let schedule = Schedule { epochs, batch, rate: 2e-3, decay: 1e-2 };
        let parameters = schedule.train(&network, loss, rows, order, seed, progress)?;
        Ok((network, parameters))
    }
}

/// Encoded rows with what should be answered.
struct Encoded {
    /// Features of a row side by side.
    features: Vec<f32>,
    width: usize,
    truth: Vec<f32>,
    outputs: usize,
    weight: Vec<f32>,
}

impl Encoded {
    fn new(
        encoder: &Encoder,
        data: &Examples,
        truth: Vec<f32>,
        outputs: usize,
        weight: &[f64],
    ) -> Result<Encoded, FitError> {
        let encoded = encoder.encode(&data.rows).map_err(|e| supervise::bad("mlp", e.to_string()))?;
        let width = encoded.columns.len();
        let mut features = Vec::with_capacity(encoded.rows * width);
        for row in 0..encoded.rows {
            features.extend(encoded.columns.iter().map(|column| column[row]));
        }
        Ok(Encoded { features, width, truth, outputs, weight: supervise::relative(weight) })
    }
}

impl Rows for Encoded {
    fn input(&self, row: usize, _: u64, into: &mut Vec<f32>) {
        into.extend_from_slice(&self.features[row * self.width..(row + 1) * self.width]);
    }

    fn truth(&self, row: usize) -> &[f32] {
        &self.truth[row * self.outputs..(row + 1) * self.outputs]
    }

    fn weight(&self, row: usize) -> f32 {
        self.weight[row]
    }
}

/// The weighted mean and deviation of numbers that differ.
fn spread(target: &[f64], weight: &[f64]) -> (f64, f64) {
    let total: f64 = weight.iter().sum();
    let weighted =
        |of: &dyn Fn(f64) -> f64| target.iter().zip(weight).map(|(&y, w)| w * of(y)).sum::<f64>() / total;
    let mean = weighted(&|y| y);
    (mean, weighted(&|y| (y - mean) * (y - mean)).sqrt().max(f64::MIN_POSITIVE))
}
