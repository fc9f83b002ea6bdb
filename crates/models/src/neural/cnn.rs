//! The trainer `cnn`: a small convolutional network for pictures.
//!
//! As many stages as the picture has room for, each a convolution by 3 x 3, a pooling and a cut at 0, with twice the
//! channels of the one before; then a convolution without pooling and two dense layers. Fewer channels, a smaller map and
//! a narrower dense layer make a student of it. Rows that are held back tell how sure its answers may be. The cost is a
//! fixed number of looks at each row, so it grows with the rows and with the pixels.

use super::calibrate::temperature;
use super::loss::{Heat, Loss};
use super::network::Network;
use super::pictures::Pictures;
use super::train::Schedule;
use super::write::constant;
use crate::contract::{Artifact, Fit, FitError, Seed};
use crate::encode::declare;
use crate::onnx::{Dtype, GraphBuilder};
use crate::split::splits;
use crate::supervise::{self, Classes};
use domain::{Examples, Field, OutputKind, Schema, Task};

/// Looks at rows that a fit costs, as far as the bounds on epochs allow.
const LOOKS: usize = 600_000;

/// One in so many rows is held back to tell how sure the network may be.
const PARTS: usize = 20;
/// Fewer rows than this say too little when held back.
const FEW_ROWS: usize = 2_000;

/// The trainer `cnn`: a convolutional network for one column of pictures and classes as the target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cnn {
    /// Whether a picture means the same in a mirror; then half of the looks at it are mirrored.
    pub mirror: bool,
    /// How often every row is looked at; `None` chooses 10 to 30 by the number of rows.
    pub epochs: Option<usize>,
    /// Channels after the first convolution; at least 1.
    pub channels: usize,
    /// The most channels that a stage has; at least 1.
    pub most: usize,
    /// Pictures are halved while their shorter side has so many pixels; at least 2.
    pub room: usize,
    /// Width of the dense layer before the answers; 0 leaves it out.
    pub dense: usize,
    /// The share of numbers that training drops before the answers, and half of it before the dense layer; 0 to below 1.
    pub dropout: f32,
}

impl Default for Cnn {
    fn default() -> Cnn {
        Cnn { mirror: false, epochs: None, channels: 16, most: 64, room: 8, dense: 128, dropout: 0.4 }
    }
}

impl Fit for Cnn {
    fn name(&self) -> &str {
        "cnn"
    }

    fn fit(
        &self,
        data: &Examples,
        seed: Seed,
        progress: &mut dyn FnMut(f64) -> bool,
    ) -> Result<Artifact, FitError> {
        self.learn(data, None, seed, progress)
    }
}

/// What a student is told beside its rows.
#[derive(Clone, Copy)]
pub(crate) struct Told<'a> {
    pub heat: Heat,
    /// The teacher's answers at the heat's temperature, one row of classes a row.
    pub soft: &'a [f64],
    /// Whether a row's own label is known; others tell nothing of how sure it may be.
    pub real: &'a [bool],
}

impl Cnn {
    /// Learns from rows; as a student with what it is told.
    pub(crate) fn learn(
        &self,
        data: &Examples,
        told: Option<Told<'_>>,
        seed: Seed,
        progress: &mut dyn FnMut(f64) -> bool,
    ) -> Result<Artifact, FitError> {
        let target = supervise::classes(self.name(), data)?;
        target.need_two(self.name())?;
        let classes = target.names.len();
        let mut pictures = Pictures::new(data, &target, self.mirror)?;
        if let Some(told) = told {
            pictures = pictures.taught(told.soft, classes);
        }
        let loss = told.map_or(Loss::Classes, |told| Loss::Taught(told.heat));
        let inputs = Schema { fields: vec![Field::observed(&data.rows.columns()[0], 0)] };
        supervise::check_names(self.name(), &inputs, "probabilities")?;
        let network = self.network(pictures.shape, classes)?;
        let (order, mut held) = held_back(data, &target, seed);
        held.retain(|&row| told.is_none_or(|told| told.real[row]));
        let schedule = self.schedule(order.len());
        let mut parameters = schedule.train(&network, loss, &pictures, order, seed, progress)?;
        if !held.is_empty() {
            let temperature = temperature(&network, &parameters, &pictures, &held);
            network.divide(&mut parameters, temperature);
        }
        Ok(write(&pictures, inputs, &network, &parameters, target.names))
    }

    fn schedule(&self, rows: usize) -> Schedule {
        let epochs = self.epochs.unwrap_or((LOOKS / rows.max(1)).clamp(10, 30));
        // Few rows make up for it with more, rougher steps.
        let batch = (rows / 50).clamp(16, 128) / 16 * 16;
        Schedule { epochs, batch, rate: 2e-3, decay: 1e-2 }
    }

    fn network(&self, shape: [usize; 3], classes: usize) -> Result<Network, FitError> {
        self.check()?;
        let [_, mut height, mut width] = shape;
        let mut network = Network::new(shape.iter().product());
        let mut channels = self.channels;
        while height.min(width) >= self.room {
            network = network.conv(channels, height, width).pool(height, width).relu();
            (height, width) = (height / 2, width / 2);
            channels = (2 * channels).min(self.most);
        }
        network = network.conv(channels, height, width).relu().dropout(0.5 * self.dropout);
        if self.dense > 0 {
            network = network.dense(self.dense).relu().dropout(self.dropout);
        }
        Ok(network.dense(classes))
    }

    fn check(&self) -> Result<(), FitError> {
        let bad = |why: String| Err(supervise::bad(self.name(), why));
        if self.channels == 0 || self.most < self.channels {
            let (first, most) = (self.channels, self.most);
            return bad(format!(
                "{first} channels growing to {most}, expected at least 1 and no fewer later"
            ));
        }
        if self.room < 2 {
            return bad(format!("pictures are halved down to {} pixels, expected at least 2", self.room));
        }
        if !(0.0..1.0).contains(&self.dropout) {
            return bad(format!("the share of dropped numbers is {}, expected 0 to below 1", self.dropout));
        }
        Ok(())
    }
}

/// The rows to train on, and those that tell how sure the network may be; few rows are all trained on.
fn held_back(data: &Examples, target: &Classes<'_>, seed: Seed) -> (Vec<usize>, Vec<usize>) {
    let counts = |rows: Vec<usize>| rows.into_iter().filter(|&row| target.weight[row] > 0.0).collect();
    let split = splits(data, PARTS, seed).into_iter().next().filter(|_| data.len() >= FEW_ROWS);
    match split {
        Some(split) => (counts(split.learn), counts(split.choose)),
        None => (counts((0..data.len()).collect()), Vec::new()),
    }
}

fn write(
    pictures: &Pictures<'_>,
    inputs: Schema,
    network: &Network,
    parameters: &[f32],
    classes: &[String],
) -> Artifact {
    let mut graph = GraphBuilder::new("cnn");
    declare(&mut graph, &inputs);
    let channels = [1, pictures.mean.len(), 1, 1];
    let mean = constant(&mut graph, "mean", &channels, &pictures.mean);
    let scale = constant(&mut graph, "scale", &channels, &pictures.scale);
    let centred = graph.op("Sub", &[pictures.name, &mean], vec![]);
    let scaled = graph.op("Mul", &[&centred, &scale], vec![]);
    let answers = network.write(&mut graph, parameters, &scaled);
    graph.output("probabilities", Dtype::F32, &[classes.len()]);
    graph.node("", "Softmax", &[&answers], &["probabilities"], vec![("axis", 1.into())]);
    let output = OutputKind::Probabilities { classes: classes.to_vec() };
    supervise::artifact(Task::Classification, inputs, output, &graph)
}

#[cfg(test)]
mod tests {
    use super::super::network::Layer;
    use super::*;
    use domain::Target;

    /// What each layer is, and what it makes.
    fn layers(cnn: Cnn, shape: [usize; 3]) -> Vec<String> {
        let network = cnn.network(shape, 10).expect("a sound size");
        let layer = |layer: &Layer| match layer {
            Layer::Conv(conv) => format!("conv {} of {} x {}", conv.outputs, conv.height, conv.width),
            Layer::Pool(_) => "pool".into(),
            Layer::Relu => "relu".into(),
            Layer::Dropout(share) => format!("drop {share}"),
            Layer::Dense(dense) => format!("dense {}", dense.outputs),
        };
        network.layers.iter().map(layer).collect()
    }

    #[test]
    fn without_wishes_it_is_the_network_that_it_always_was() {
        let expected = "conv 16 of 28 x 28, pool, relu, conv 32 of 14 x 14, pool, relu, conv 64 of 7 x 7, relu, \
                        drop 0.2, dense 128, relu, drop 0.4, dense 10";
        assert_eq!(layers(Cnn::default(), [1, 28, 28]).join(", "), expected);
    }

    #[test]
    fn a_small_one_halves_pictures_once_more_and_answers_at_once() {
        let small = Cnn { channels: 5, most: 12, room: 4, dense: 0, dropout: 0.0, ..Cnn::default() };
        let expected = "conv 5 of 28 x 28, pool, relu, conv 10 of 14 x 14, pool, relu, conv 12 of 7 x 7, pool, relu, \
                        conv 12 of 3 x 3, relu, dense 10";
        assert_eq!(layers(small, [1, 28, 28]).join(", "), expected);
    }

    #[test]
    fn how_sure_a_student_may_be_is_told_by_rows_of_known_class() {
        let mut data = testkit::pictures::bars(2_100, 1).examples;
        let Target::Class { classes, index } = data.target else { panic!("classes") };
        let sure = |k: &u32| if *k == 1 { [0.1, 0.9] } else { [0.9, 0.1] };
        let probability: Vec<f64> = index.iter().flat_map(sure).collect();
        data.target = Target::Soft { classes, probability: probability.clone() };
        let held = held_back(&data, &supervise::classes("cnn", &data).expect("classes"), Seed(1)).1;
        // the rows held back are as sure in one, and less sure in the other
        let mut less = data.clone();
        let Target::Soft { probability: said, .. } = &mut less.target else { panic!("soft") };
        for &row in &held {
            said[2 * row..2 * row + 2].iter_mut().for_each(|p| *p = 0.5 + 0.2 * (*p - 0.5));
        }
        let fit = |data: &Examples, real: &[bool]| {
            let heat = Heat { temperature: 1.0, hard_share: 0.5 };
            let told = Told { heat, soft: &probability, real };
            let cnn = Cnn { channels: 2, most: 2, dense: 0, epochs: Some(1), ..Cnn::default() };
            cnn.learn(data, Some(told), Seed(1), &mut |_| true).expect("a fit")
        };
        let none: Vec<bool> = (0..2_100).map(|row| !held.contains(&row)).collect();
        assert_eq!(fit(&data, &none), fit(&less, &none), "what a teacher says of them is not asked");
        let all = vec![true; 2_100];
        assert_ne!(fit(&data, &all), fit(&less, &all), "labels are");
    }
}
