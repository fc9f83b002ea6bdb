//! Layers one after the other: answers forwards, gradients backwards.
//!
//! Invariant: all parameters stand in one list, so that a step and a sum of gradients know no layers.

use super::conv::Conv;
use super::dense::Dense;
use super::loss::Loss;
use super::pool::Pool;
use super::product::Products;
use stats::random;
use std::ops::Range;

/// One layer.
#[derive(Debug, Clone)]
pub(super) enum Layer {
    Conv(Conv),
    Pool(Pool),
    /// Numbers below 0 become 0.
    Relu,
    /// In training, this share of numbers becomes 0 and the others grow to make up for it.
    Dropout(f32),
    Dense(Dense),
}

/// Layers, and how many numbers a row has between them.
#[derive(Debug, Clone)]
pub(super) struct Network {
    pub layers: Vec<Layer>,
    parameters: usize,
    width: usize,
}

/// Rows to learn from at once.
pub(super) struct Piece {
    pub input: Vec<f32>,
    pub truth: Vec<f32>,
    pub weight: Vec<f32>,
    /// Draws what is dropped out; every piece of a fit has its own.
    pub draw: u64,
}

impl Network {
    /// Without layers, for rows of `inputs` numbers.
    pub fn new(inputs: usize) -> Network {
        Network { layers: Vec::new(), parameters: 0, width: inputs }
    }

    /// How many parameters all layers have together.
    pub fn parameters(&self) -> usize {
        self.parameters
    }

    /// Adds a convolution of pictures of this size.
    pub fn conv(mut self, outputs: usize, height: usize, width: usize) -> Network {
        let inputs = self.width / (height * width);
        let weights = self.claim(Conv::weight_count(inputs, outputs));
        let bias = self.claim(outputs);
        self.width = outputs * height * width;
        self.layers.push(Layer::Conv(Conv { inputs, outputs, height, width, weights, bias }));
        self
    }

    /// Adds a pooling of pictures of this size.
    pub fn pool(mut self, height: usize, width: usize) -> Network {
        let pool = Pool { height, width };
        self.width = self.width / pool.pixels() * pool.pooled();
        self.layers.push(Layer::Pool(pool));
        self
    }

    /// Cuts off what is below 0.
    pub fn relu(mut self) -> Network {
        self.layers.push(Layer::Relu);
        self
    }

    /// Drops a share of numbers in training.
    pub fn dropout(mut self, share: f32) -> Network {
        if share > 0.0 {
            self.layers.push(Layer::Dropout(share));
        }
        self
    }

    /// Adds a dense layer.
    pub fn dense(mut self, outputs: usize) -> Network {
        let inputs = self.width;
        let weights = self.claim(inputs * outputs);
        let bias = self.claim(outputs);
        self.width = outputs;
        self.layers.push(Layer::Dense(Dense { inputs, outputs, weights, bias }));
        self
    }

    /// What it answers to rows, nothing dropped: `outputs` numbers each.
    pub fn answers(&self, products: &Products, parameters: &[f32], input: Vec<f32>, rows: usize) -> Vec<f32> {
        let kept = self.layers.iter().filter(|layer| !matches!(layer, Layer::Dropout(_)));
        kept.fold(input, |input, layer| layer.forward(products, parameters, &input, rows, 0))
    }

    /// Divides the answers, by way of the last layer's parameters.
    pub fn divide(&self, parameters: &mut [f32], by: f32) {
        if let Some(Layer::Dense(last)) = self.layers.last() {
            parameters[last.weights.clone()].iter_mut().for_each(|weight| *weight /= by);
            parameters[last.bias.clone()].iter_mut().for_each(|bias| *bias /= by);
        }
    }

    fn claim(&mut self, count: usize) -> Range<usize> {
        self.parameters += count;
        self.parameters - count..self.parameters
    }

    /// Parameters to begin with: biases 0, weights even within the bounds of He et al. 2015, which keep the spread
    /// of numbers from layer to layer; the last layer's are small, so that no answer is preferred.
    pub fn start(&self, seed: u64) -> Vec<f32> {
        let mut parameters = vec![0.0; self.parameters];
        let last = self.layers.len() - 1;
        for (place, layer) in self.layers.iter().enumerate() {
            let (weights, reach) = match layer {
                Layer::Conv(conv) => (conv.weights.clone(), conv.reach()),
                Layer::Dense(dense) => (dense.weights.clone(), dense.inputs),
                _ => continue,
            };
            let bound = (6.0 / reach as f64).sqrt() * if place == last { 0.1 } else { 1.0 };
            let draw = |i: usize| (bound * (2.0 * random::unit(seed, place as u64, i as u64) - 1.0)) as f32;
            weights.clone().for_each(|i| parameters[i] = draw(i - weights.start));
        }
        parameters
    }

    /// The weighted loss of a piece; its gradient is added to `sum`.
    pub fn gradient(
        &self,
        products: &Products,
        parameters: &[f32],
        piece: &Piece,
        loss: Loss,
        sum: &mut [f32],
    ) -> f64 {
        let rows = piece.weight.len();
        let draws = |place: usize| random::bits(piece.draw, place as u64, 0);
        // what went into each layer
        let mut inputs = vec![piece.input.clone()];
        for (place, layer) in self.layers.iter().enumerate() {
            let next = layer.forward(products, parameters, &inputs[place], rows, draws(place));
            inputs.push(next);
        }
        let mut pull = inputs.pop().expect("the answers were just pushed");
        let value = loss.of(&mut pull, &piece.truth, &piece.weight, self.width);
        for (place, layer) in self.layers.iter().enumerate().rev() {
            let at = At { input: &inputs[place], first: place == 0, draw: draws(place) };
            pull = layer.backward(products, parameters, &at, pull, sum);
        }
        value
    }
}

/// Where a gradient passes a layer.
struct At<'a> {
    input: &'a [f32],
    /// Whether nobody asks for the gradient of its inputs.
    first: bool,
    draw: u64,
}

impl Layer {
    fn forward(
        &self,
        products: &Products,
        parameters: &[f32],
        input: &[f32],
        rows: usize,
        draw: u64,
    ) -> Vec<f32> {
        match self {
            Layer::Conv(conv) => conv.forward(products, parameters, input),
            Layer::Pool(pool) => pool.forward(input),
            Layer::Dense(dense) => dense.forward(products, parameters, input, rows),
            Layer::Relu => input.iter().map(|x| x.max(0.0)).collect(),
            Layer::Dropout(share) => {
                let mut output = input.to_vec();
                drop_out(&mut output, *share, draw);
                output
            }
        }
    }

    fn backward(
        &self,
        products: &Products,
        parameters: &[f32],
        at: &At<'_>,
        mut pull: Vec<f32>,
        sum: &mut [f32],
    ) -> Vec<f32> {
        match self {
            Layer::Conv(conv) => conv.backward(products, parameters, at.input, &pull, sum, !at.first),
            Layer::Pool(pool) => pool.backward(at.input, &pull),
            Layer::Dense(dense) => dense.backward(products, parameters, at.input, &pull, sum),
            Layer::Relu => {
                pull.iter_mut().zip(at.input).for_each(|(g, &x)| *g = if x > 0.0 { *g } else { 0.0 });
                pull
            }
            Layer::Dropout(share) => {
                drop_out(&mut pull, *share, at.draw);
                pull
            }
        }
    }
}

/// Forwards and backwards alike: the same draw drops the same numbers.
fn drop_out(values: &mut [f32], share: f32, draw: u64) {
    let grown = 1.0 / (1.0 - share);
    let limit = (f64::from(share) * f64::from(1u32 << 16)) as u64;
    for (block, four) in values.chunks_mut(4).enumerate() {
        let bits = random::bits(draw, 0, block as u64);
        for (place, value) in four.iter_mut().enumerate() {
            let kept = (bits >> (16 * place)) & 0xFFFF >= limit;
            *value *= if kept { grown } else { 0.0 };
        }
    }
}
