//! Every input to every output: `y = x W + b`.

use super::product::{Matrix, Products};
use std::ops::Range;

/// A dense layer, and where its numbers stand among all parameters.
#[derive(Debug, Clone)]
pub(super) struct Dense {
    pub inputs: usize,
    pub outputs: usize,
    /// `inputs * outputs`, an input's weights side by side.
    pub weights: Range<usize>,
    /// One an output.
    pub bias: Range<usize>,
}

impl Dense {
    /// The outputs of `rows` rows.
    pub fn forward(&self, products: &Products, parameters: &[f32], input: &[f32], rows: usize) -> Vec<f32> {
        let mut output = vec![0.0; rows * self.outputs];
        let x = Matrix::new(input, rows, self.inputs);
        products.set_plus_columns(&mut output, x, self.weights(parameters), &parameters[self.bias.clone()]);
        output
    }

    /// From the gradient of the outputs to that of the inputs; that of the parameters is added to `sum`.
    pub fn backward(
        &self,
        products: &Products,
        parameters: &[f32],
        input: &[f32],
        gradient: &[f32],
        sum: &mut [f32],
    ) -> Vec<f32> {
        let rows = gradient.len() / self.outputs;
        let (x, dy) = (Matrix::new(input, rows, self.inputs), Matrix::new(gradient, rows, self.outputs));
        products.add(&mut sum[self.weights.clone()], x.turned(), dy);
        for row in gradient.chunks_exact(self.outputs) {
            sum[self.bias.clone()].iter_mut().zip(row).for_each(|(s, g)| *s += g);
        }
        let mut before = vec![0.0; input.len()];
        products.set(&mut before, dy, self.weights(parameters).turned());
        before
    }

    fn weights<'a>(&self, parameters: &'a [f32]) -> Matrix<'a> {
        Matrix::new(&parameters[self.weights.clone()], self.inputs, self.outputs)
    }
}
