//! A raster of any size as a block of one shape, by a triangle filter.
//!
//! *Source*: Pillow's `ImagingResample` with its bilinear filter, which widens with the scale when a picture shrinks
//! and so loses no thin line. *Checked against*: Pillow, within the rounding that it does and this does not.
//!
//! Invariant: beside the answer, no more than a few rows are held, whatever the sizes.

use super::ImageShape;
use super::raster::Raster;

/// For each pixel of the answer, where its filter begins, and `reach` weights that sum to 1.
struct Taps {
    reach: usize,
    starts: Vec<usize>,
    weights: Vec<f32>,
}

impl Taps {
    fn new(from: usize, to: usize) -> Taps {
        let scale = from as f64 / to as f64;
        let radius = scale.max(1.0);
        let reach = if from == to { 1 } else { from.min(2 * radius.ceil() as usize + 1) };
        let mut taps =
            Taps { reach, starts: Vec::with_capacity(to), weights: Vec::with_capacity(to * reach) };
        for pixel in 0..to {
            let centre = (pixel as f64 + 0.5) * scale;
            let first = (centre - radius + 0.5).max(0.0) as usize;
            let start = first.min(from - reach);
            let near = |k: usize| (1.0 - ((k as f64 + 0.5 - centre) / radius).abs()).max(0.0);
            let total: f64 = (start..start + reach).map(near).sum();
            taps.starts.push(start);
            taps.weights.extend((start..start + reach).map(|k| (near(k) / total) as f32));
        }
        taps
    }

    fn of(&self, pixel: usize) -> (usize, &[f32]) {
        (self.starts[pixel], &self.weights[pixel * self.reach..(pixel + 1) * self.reach])
    }
}

/// The raster as a block of `shape`, which was checked.
pub(super) fn fit(raster: &Raster, shape: ImageShape) -> Vec<f32> {
    let (across, down) = (Taps::new(raster.width, shape.width), Taps::new(raster.height, shape.height));
    let mut line = vec![0.0; shape.channels * raster.width];
    let mut data = vec![0.0; shape.numbers()];
    let plane = shape.height * shape.width;
    for y in 0..shape.height {
        let (first, weights) = down.of(y);
        for (row, &weight) in (first..).zip(weights).filter(|&(_, &weight)| weight != 0.0) {
            raster.line(row, shape.channels, &mut line);
            for (channel, cells) in line.chunks_exact(raster.width).enumerate() {
                let place = channel * plane + y * shape.width;
                add(&mut data[place..place + shape.width], cells, &across, weight);
            }
        }
    }
    data
}

/// Adds a row of the raster, filtered to the width of `out`.
fn add(out: &mut [f32], cells: &[f32], across: &Taps, weight: f32) {
    for (x, cell) in out.iter_mut().enumerate() {
        let (first, weights) = across.of(x);
        let sum: f32 = weights.iter().zip(&cells[first..]).map(|(w, c)| w * c).sum();
        *cell += weight * sum;
    }
}
