//! Perceptrons on features that are there already, for classes: what [`super::Mlp`] is behind an encoding of its own.

use super::loss::{Heat, Loss};
use super::network::Network;
use super::product::Products;
use super::thin::thin;
use super::train::{PIECE, Rows, Schedule};
use crate::contract::{FitError, Seed};
use crate::onnx::GraphBuilder;
use rayon::prelude::*;

/// The shape of a multilayer perceptron and how long it learns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Perceptron {
    /// Dense layers before the answers; 0 is logistic regression.
    pub layers: usize,
    /// Numbers between one layer and the next; at least 1.
    pub width: usize,
    /// How often every row is looked at; at least 1.
    pub epochs: usize,
    /// The share of numbers that training drops, 0 to below 1.
    pub dropout: f32,
}

/// The highest rate of training, and of going on after numbers were taken out.
const RATES: (f32, f32) = (2e-3, 5e-4);

/// A network with its parameters.
#[derive(Debug, Clone)]
pub(crate) struct Trained {
    network: Network,
    parameters: Vec<f32>,
    inputs: usize,
}

impl Perceptron {
    /// Learns from rows; with `heat` as a student, and then truth is as [`Loss::Taught`] says. A weight of 0 leaves a
    /// row out.
    pub(crate) fn fit(
        &self,
        rows: &Flat,
        heat: Option<Heat>,
        seed: Seed,
        progress: &mut dyn FnMut(f64) -> bool,
    ) -> Result<Trained, FitError> {
        let mut network = Network::new(rows.inputs);
        for _ in 0..self.layers {
            network = network.dense(self.width).relu().dropout(self.dropout);
        }
        let network = network.dense(rows.outputs);
        let (order, schedule) = schedule(rows, self.epochs, RATES.0);
        let loss = heat.map_or(Loss::Classes, Loss::Taught);
        let parameters = schedule.train(&network, loss, rows, order, seed, progress)?;
        Ok(Trained { network, parameters, inputs: rows.inputs })
    }
}

/// The rows that count, and how they are looked at.
fn schedule(rows: &Flat, epochs: usize, rate: f32) -> (Vec<usize>, Schedule) {
    let order: Vec<usize> = (0..rows.weight.len()).filter(|&row| rows.weight[row] > 0.0).collect();
    // Few rows make up for it with more, rougher steps.
    let batch = (order.len() / 50).clamp(16, 256);
    (order, Schedule { epochs, batch, rate, decay: 1e-2 })
}

impl Trained {
    /// With only `kept` numbers between layers, which learn on from where they are.
    pub(crate) fn thinner(
        &self,
        rows: &Flat,
        heat: Option<Heat>,
        (kept, epochs): (usize, usize),
        seed: Seed,
        progress: &mut dyn FnMut(f64) -> bool,
    ) -> Result<Trained, FitError> {
        let (network, mut parameters) = thin(&self.network, &self.parameters, self.inputs, kept);
        let (order, schedule) = schedule(rows, epochs, RATES.1);
        let loss = heat.map_or(Loss::Classes, Loss::Taught);
        schedule.go_on((&network, &mut parameters), loss, rows, order, seed, progress)?;
        Ok(Trained { network, parameters, inputs: self.inputs })
    }

    /// The probabilities of rows.
    pub(crate) fn answers(&self, rows: Vec<f32>, count: usize) -> Vec<f64> {
        let products = Products::new();
        let logits = |part: &[f32]| {
            self.network.answers(&products, &self.parameters, part.to_vec(), part.len() / self.inputs)
        };
        let logits: Vec<Vec<f32>> = rows.par_chunks(PIECE * self.inputs).map(logits).collect();
        let logits: Vec<f64> = logits.concat().into_iter().map(f64::from).collect();
        let classes = logits.len().checked_div(count).unwrap_or(2);
        stats::distill::softmax(&logits, classes, 1.0)
            .expect("a network of finite rows answers finite numbers")
    }

    /// Adds it to a graph behind the features `input`; names its probabilities.
    pub(crate) fn write(&self, graph: &mut GraphBuilder, input: &str) -> String {
        let logits = self.network.write(graph, &self.parameters, input);
        graph.op("Softmax", &[&logits], vec![("axis", 1.into())])
    }
}

/// Rows as flat lists.
pub(crate) struct Flat {
    /// `inputs` a row.
    pub features: Vec<f32>,
    /// At least 1.
    pub inputs: usize,
    /// `outputs` probabilities a row; twice as many for a student.
    pub truth: Vec<f32>,
    /// At least 2.
    pub outputs: usize,
    /// One a row, 1 on average.
    pub weight: Vec<f32>,
}

impl Rows for Flat {
    fn input(&self, row: usize, _: u64, into: &mut Vec<f32>) {
        into.extend_from_slice(&self.features[row * self.inputs..(row + 1) * self.inputs]);
    }

    fn truth(&self, row: usize) -> &[f32] {
        let wide = self.truth.len() / self.weight.len();
        &self.truth[row * wide..(row + 1) * wide]
    }

    fn weight(&self, row: usize) -> f32 {
        self.weight[row]
    }
}
