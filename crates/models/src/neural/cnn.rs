//! The trainer `cnn`: a small convolutional network for pictures.
//!
//! As many stages as the picture has room for, each a convolution by 3 x 3, a pooling and a cut at 0, with twice the
//! channels of the one before; then a convolution without pooling and two dense layers. Rows that are held back tell how
//! sure its answers may be. The cost is a fixed number of
//! looks at each row, so it grows with the rows and with the pixels.

use super::calibrate::temperature;
use super::loss::Loss;
use super::network::Network;
use super::train::{Rows, Schedule};
use super::write::constant;
use crate::contract::{Artifact, Fit, FitError, Seed};
use crate::encode::declare;
use crate::onnx::{Dtype, GraphBuilder};
use crate::split::splits;
use crate::supervise::{self, Classes};
use domain::{Examples, Field, OutputKind, Schema, Task, Values};
use stats::random;

/// Channels after the first convolution.
const CHANNELS: usize = 16;
/// The most channels.
const MOST_CHANNELS: usize = 64;
/// Stages go on while the shorter side has so many pixels.
const ROOM: usize = 8;
/// Width of the dense layer before the answers.
const DENSE: usize = 128;
/// Looks at rows that a fit costs, as far as the bounds on epochs allow.
const LOOKS: usize = 600_000;

/// One in so many rows is held back to tell how sure the network may be.
const PARTS: usize = 20;
/// Fewer rows than this say too little when held back.
const FEW_ROWS: usize = 2_000;

/// The trainer `cnn`: a convolutional network for one column of pictures and classes as the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cnn {
    /// Whether a picture means the same in a mirror; then half of the looks at it are mirrored.
    pub mirror: bool,
    /// How often every row is looked at; `None` chooses 10 to 30 by the number of rows.
    pub epochs: Option<usize>,
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
        let target = supervise::classes(self.name(), data)?;
        target.need_two(self.name())?;
        let pictures = Pictures::new(data, &target, self.mirror)?;
        let inputs = Schema { fields: vec![Field::observed(&data.rows.columns()[0], 0)] };
        supervise::check_names(self.name(), &inputs, "probabilities")?;
        let network = network(pictures.shape, target.names.len());
        let (order, held) = held_back(data, &target, seed);
        let schedule = self.schedule(order.len());
        let mut parameters = schedule.train(&network, Loss::Classes, &pictures, order, seed, progress)?;
        if !held.is_empty() {
            let temperature = temperature(&network, &parameters, &pictures, &held);
            network.divide(&mut parameters, temperature);
        }
        Ok(write(&pictures, inputs, &network, &parameters, target.names))
    }
}

impl Cnn {
    fn schedule(&self, rows: usize) -> Schedule {
        let epochs = self.epochs.unwrap_or((LOOKS / rows.max(1)).clamp(10, 30));
        // Few rows make up for it with more, rougher steps.
        let batch = (rows / 50).clamp(16, 128) / 16 * 16;
        Schedule { epochs, batch, rate: 2e-3, decay: 1e-2 }
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

fn network(shape: [usize; 3], classes: usize) -> Network {
    let [_, mut height, mut width] = shape;
    let mut network = Network::new(shape.iter().product());
    let mut channels = CHANNELS;
    while height.min(width) >= ROOM {
        network = network.conv(channels, height, width).pool(height, width).relu();
        (height, width) = (height / 2, width / 2);
        channels = (2 * channels).min(MOST_CHANNELS);
    }
    network.conv(channels, height, width).relu().dropout(0.2).dense(DENSE).relu().dropout(0.4).dense(classes)
}

/// Pictures with what they show.
struct Pictures<'a> {
    name: &'a str,
    shape: [usize; 3],
    data: &'a [f32],
    /// Of each channel.
    mean: Vec<f32>,
    /// One over the deviation of each channel; 0 where it never changes.
    scale: Vec<f32>,
    truth: Vec<f32>,
    weight: Vec<f32>,
    classes: usize,
    mirror: bool,
}

impl<'a> Pictures<'a> {
    fn new(data: &'a Examples, target: &Classes<'_>, mirror: bool) -> Result<Pictures<'a>, FitError> {
        let (name, shape, numbers) = pictures_of(data)?;
        let size: usize = shape.iter().product();
        if let Some(row) = numbers.chunks_exact(size).position(|p| p.iter().any(|x| !x.is_finite())) {
            let why =
                format!("column `{name}`: the picture of row {row} has a number that is missing or infinite");
            return Err(supervise::bad("cnn", why));
        }
        let (mean, scale) = spread(numbers, shape);
        Ok(Pictures {
            name,
            shape,
            data: numbers,
            mean,
            scale,
            truth: target.probability.iter().map(|&p| p as f32).collect(),
            weight: supervise::relative(&target.weight),
            classes: target.names.len(),
            mirror,
        })
    }

    fn size(&self) -> usize {
        self.shape.iter().product()
    }
}

impl Rows for Pictures<'_> {
    fn input(&self, row: usize, draw: u64, into: &mut Vec<f32>) {
        let [_, height, width] = self.shape;
        let picture = &self.data[row * self.size()..(row + 1) * self.size()];
        let mirror = self.mirror && random::bits(draw, 0, 0) & 1 == 1;
        let channels = picture.chunks_exact(height * width).zip(self.mean.iter().zip(&self.scale));
        for (channel, (&mean, &scale)) in channels {
            for line in channel.chunks_exact(width) {
                let scaled = line.iter().map(|x| (x - mean) * scale);
                if mirror { into.extend(scaled.rev()) } else { into.extend(scaled) }
            }
        }
    }

    fn truth(&self, row: usize) -> &[f32] {
        &self.truth[row * self.classes..(row + 1) * self.classes]
    }

    fn weight(&self, row: usize) -> f32 {
        self.weight[row]
    }
}

/// The one column, which must be of pictures.
fn pictures_of(data: &Examples) -> Result<(&str, [usize; 3], &[f32]), FitError> {
    let columns = data.rows.columns();
    if let [column] = columns
        && let Values::Tensor { shape, data } = &column.values
        && let &[channels, height, width] = shape.as_slice()
        && channels * height * width > 0
    {
        return Ok((&column.name, [channels, height, width], data));
    }
    let found: Vec<String> = columns.iter().map(|c| format!("`{}` ({})", c.name, c.values.kind())).collect();
    let found = if found.is_empty() { "none".into() } else { found.join(", ") };
    let expected = "one column of pictures, of channels by height by width";
    Err(supervise::bad("cnn", format!("the columns to learn from are {found}, expected {expected}")))
}

/// Mean of each channel and one over its deviation.
fn spread(numbers: &[f32], shape: [usize; 3]) -> (Vec<f32>, Vec<f32>) {
    let [channels, height, width] = shape;
    let plane = height * width;
    let moments = |channel: usize| {
        let planes = numbers.chunks_exact(plane).skip(channel).step_by(channels);
        let (mut sum, mut squares, mut count) = (0.0, 0.0, 0.0);
        for &x in planes.flatten() {
            let x = f64::from(x);
            (sum, squares, count) = (sum + x, squares + x * x, count + 1.0);
        }
        let mean = sum / count;
        let deviation = (squares / count - mean * mean).max(0.0).sqrt();
        (mean as f32, if deviation > 1e-6 * mean.abs().max(1e-6) { (1.0 / deviation) as f32 } else { 0.0 })
    };
    (0..channels).map(moments).unzip()
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
