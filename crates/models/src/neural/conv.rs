//! Convolution by 3 x 3 windows with a border of zeros, so that a picture keeps its size.
//!
//! One picture at a time is spread into a matrix with a column a pixel, which stays in the cache while it is
//! multiplied; spreading it again for the gradient costs less than keeping it.

use super::product::{Matrix, Products};
use std::ops::Range;

/// Pixels of a window.
const WINDOW: usize = 9;

/// A convolution, and where its numbers stand among all parameters.
#[derive(Debug, Clone)]
pub(super) struct Conv {
    /// Channels that come in.
    pub inputs: usize,
    /// Channels that go out.
    pub outputs: usize,
    pub height: usize,
    pub width: usize,
    /// `outputs * inputs * 9`, as ONNX has them.
    pub weights: Range<usize>,
    /// One a channel that goes out.
    pub bias: Range<usize>,
}

impl Conv {
    /// How many weights: those of every window.
    pub fn weight_count(inputs: usize, outputs: usize) -> usize {
        inputs * outputs * WINDOW
    }

    /// How many numbers each output is a sum of.
    pub fn reach(&self) -> usize {
        self.inputs * WINDOW
    }

    fn pixels(&self) -> usize {
        self.height * self.width
    }

    /// The outputs of all pictures in `input`.
    pub fn forward(&self, products: &Products, parameters: &[f32], input: &[f32]) -> Vec<f32> {
        let pictures = input.len() / (self.inputs * self.pixels());
        let mut output = vec![0.0; pictures * self.outputs * self.pixels()];
        let mut spread = vec![0.0; self.reach() * self.pixels()];
        let bias = &parameters[self.bias.clone()];
        let each = input.chunks_exact(self.inputs * self.pixels());
        for (picture, out) in each.zip(output.chunks_exact_mut(self.outputs * self.pixels())) {
            self.spread(picture, &mut spread);
            let columns = Matrix::new(&spread, self.reach(), self.pixels());
            products.set_plus_rows(out, self.weights(parameters), columns, bias);
        }
        output
    }

    /// Adds the gradient of the parameters to `sum`; gives that of the inputs where it is `wanted`.
    pub fn backward(
        &self,
        products: &Products,
        parameters: &[f32],
        input: &[f32],
        gradient: &[f32],
        sum: &mut [f32],
        wanted: bool,
    ) -> Vec<f32> {
        let size = self.inputs * self.pixels();
        let mut before = vec![0.0; if wanted { input.len() } else { 0 }];
        let mut spread = vec![0.0; self.reach() * self.pixels()];
        let pictures = input.chunks_exact(size).zip(gradient.chunks_exact(self.outputs * self.pixels()));
        for (place, (picture, pull)) in pictures.enumerate() {
            self.spread(picture, &mut spread);
            let dy = Matrix::new(pull, self.outputs, self.pixels());
            let columns = Matrix::new(&spread, self.reach(), self.pixels());
            products.add(&mut sum[self.weights.clone()], dy, columns.turned());
            let per_channel = pull.chunks_exact(self.pixels()).map(|channel| channel.iter().sum::<f32>());
            sum[self.bias.clone()].iter_mut().zip(per_channel).for_each(|(s, g)| *s += g);
            if wanted {
                products.set(&mut spread, self.weights(parameters).turned(), dy);
                self.gather(&spread, &mut before[place * size..(place + 1) * size]);
            }
        }
        before
    }

    fn weights<'a>(&self, parameters: &'a [f32]) -> Matrix<'a> {
        Matrix::new(&parameters[self.weights.clone()], self.outputs, self.reach())
    }

    /// Row `9 c + 3 dy + dx` of `spread` is channel `c`, moved so that each pixel sees that neighbour.
    fn spread(&self, picture: &[f32], spread: &mut [f32]) {
        for (row, line) in spread.chunks_exact_mut(self.pixels()).enumerate() {
            let channel = &picture[row / WINDOW * self.pixels()..][..self.pixels()];
            for (y, out) in line.chunks_exact_mut(self.width).enumerate() {
                let Some((from, to, seen)) = self.neighbours(row % WINDOW, y, channel) else {
                    out.fill(0.0);
                    continue;
                };
                out[..from].fill(0.0);
                out[from..to].copy_from_slice(seen);
                out[to..].fill(0.0);
            }
        }
    }

    /// The reverse: what each pixel was seen as is summed.
    fn gather(&self, spread: &[f32], picture: &mut [f32]) {
        for (row, line) in spread.chunks_exact(self.pixels()).enumerate() {
            let channel = &mut picture[row / WINDOW * self.pixels()..][..self.pixels()];
            for (y, seen) in line.chunks_exact(self.width).enumerate() {
                let Some((from, to, start)) = self.window(row % WINDOW, y) else { continue };
                let pixels = &mut channel[start..start + to - from];
                pixels.iter_mut().zip(&seen[from..to]).for_each(|(p, s)| *p += s);
            }
        }
    }

    fn neighbours<'a>(&self, at: usize, y: usize, channel: &'a [f32]) -> Option<(usize, usize, &'a [f32])> {
        let (from, to, start) = self.window(at, y)?;
        Some((from, to, &channel[start..start + to - from]))
    }

    /// For a place in the window and a row of pixels: which of them see a pixel there, and the first that is seen.
    fn window(&self, at: usize, y: usize) -> Option<(usize, usize, usize)> {
        let (dy, dx) = (at / 3, at % 3);
        let seen = (y + dy).checked_sub(1).filter(|&row| row < self.height)?;
        let (from, to) = (usize::from(dx == 0), self.width - usize::from(dx == 2));
        (from < to).then(|| (from, to, seen * self.width + from + dx - 1))
    }
}
