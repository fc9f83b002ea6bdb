//! What is done to rows of numbers in one step where a file has several nodes; `program::columns` finds them.
//!
//! Invariant: each number is what the nodes one by one make of it, bit for bit: a sum is taken in one order, whether a row
//! stands alone or among others.

use super::node::{Inputs, need, tensor};
use super::ops::softmax_line;
use super::tensor::{Data, Tensor, elements};
use crate::simd::wide;

/// Rows that pass all stages together, so that they stay near.
const BLOCK: usize = 16;
/// Sums of a row alone that stay in registers.
const WIDE: usize = 64;
/// Rows that share what is read of a matrix.
const ROWS: usize = 4;
/// Sums of each of them that stay in registers.
const NARROW: usize = 16;
/// Numbers of the narrowest vector worth one.
const LANES: usize = 8;
/// Weights, zeros among them, that are too few to matter.
const SMALL: usize = 1 << 16;
/// Numbers of a row that are looked through for zeros at a time.
const MANY: usize = 256;

/// A change of each number by itself. Constants are one a column.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Change {
    /// What is missing or infinite becomes the column's constant.
    Fill(Vec<f32>),
    Add(Vec<f32>),
    Sub(Vec<f32>),
    Mul(Vec<f32>),
    Div(Vec<f32>),
    Relu,
    Log,
    Sqrt,
    /// Raised to the lower, then lowered to the upper limit.
    Clip(f32, f32),
}

/// One stage on the way of a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Stage {
    Change(Change),
    Dense(Dense),
    /// All numbers of a row become shares of 1.
    Softmax,
}

/// Stages one after the other, from rows of one width to rows of another.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stages {
    pub width: usize,
    pub stages: Vec<Stage>,
    pub outputs: usize,
}

/// `x W + b`, and what is below 0 cut off where that follows.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Dense {
    /// `[inputs, stride]`: each input's weights with zeros behind them, so that all sums are of whole vectors.
    weights: Vec<f32>,
    stride: usize,
    pub inputs: usize,
    pub outputs: usize,
    pub addend: Option<Vec<f32>>,
    pub relu: bool,
}

impl Change {
    #[inline(always)]
    fn apply(&self, row: &mut [f32]) {
        match self {
            Change::Fill(fill) => {
                row.iter_mut().zip(fill).for_each(|(x, &f)| *x = if x.is_finite() { *x } else { f })
            }
            Change::Add(by) => row.iter_mut().zip(by).for_each(|(x, &c)| *x += c),
            Change::Sub(by) => row.iter_mut().zip(by).for_each(|(x, &c)| *x -= c),
            Change::Mul(by) => row.iter_mut().zip(by).for_each(|(x, &c)| *x *= c),
            Change::Div(by) => row.iter_mut().zip(by).for_each(|(x, &c)| *x /= c),
            Change::Relu => row.iter_mut().for_each(|x| *x = if *x < 0.0 { 0.0 } else { *x }),
            Change::Log => row.iter_mut().for_each(|x| *x = logarithm(*x)),
            Change::Sqrt => row.iter_mut().for_each(|x| *x = x.sqrt()),
            &Change::Clip(low, high) => row.iter_mut().for_each(|x| {
                let raised = if *x < low { low } else { *x };
                *x = if raised > high { high } else { raised };
            }),
        }
    }
}

/// Most cells of sparse rows are 1 here, after 1 was added, and need no logarithm.
#[inline(always)]
fn logarithm(x: f32) -> f32 {
    if x == 1.0 { 0.0 } else { x.ln() }
}

impl Stages {
    /// Runs on `[N, width]`.
    pub fn run(&self, inputs: &Inputs<'_>) -> Result<Tensor, String> {
        let (rows, x) = matrix(inputs, self.width)?;
        let count = elements(&[rows, self.outputs]).ok_or("there are too many answers")?;
        let mut out = Vec::with_capacity(count);
        wide(
            #[inline(always)]
            || {
                let (mut row, mut next) = (Vec::new(), Vec::new());
                for block in x.chunks(BLOCK * self.width.max(1)) {
                    row.clear();
                    row.extend_from_slice(block);
                    let mut width = self.width;
                    for stage in &self.stages {
                        stage.run(&mut row, &mut next, &mut width);
                    }
                    out.extend_from_slice(&row);
                }
            },
        );
        tensor(vec![rows, self.outputs], Data::F32(out))
    }
}

impl Stage {
    /// Changes rows of this width; `next` is room for those that come of them.
    #[inline(always)]
    fn run(&self, rows: &mut Vec<f32>, next: &mut Vec<f32>, width: &mut usize) {
        match self {
            Stage::Change(change) => {
                for row in rows.chunks_exact_mut(*width) {
                    change.apply(row);
                }
            }
            Stage::Softmax => rows.chunks_exact_mut(*width).for_each(softmax_line),
            Stage::Dense(dense) => {
                dense.rows(rows, next);
                std::mem::swap(rows, next);
                *width = dense.outputs;
            }
        }
    }
}

impl Dense {
    /// Whether weights take about as much memory here as in the file: few outputs of many inputs would be mostly zeros.
    pub fn is_worth(inputs: usize, outputs: usize) -> bool {
        let padded = inputs.saturating_mul(outputs.next_multiple_of(LANES));
        padded <= SMALL || padded <= inputs.saturating_mul(outputs).saturating_mul(2)
    }

    /// From weights `[inputs, outputs]`, neither of them 0.
    pub fn new(weights: &[f32], inputs: usize, outputs: usize) -> Dense {
        let stride = outputs.next_multiple_of(LANES);
        let mut padded = vec![0.0; inputs * stride];
        for (to, from) in padded.chunks_exact_mut(stride).zip(weights.chunks_exact(outputs)) {
            to[..outputs].copy_from_slice(from);
        }
        Dense { weights: padded, stride, inputs, outputs, addend: None, relu: false }
    }

    /// Writes over `out`.
    #[inline(always)]
    fn rows(&self, x: &[f32], out: &mut Vec<f32>) {
        out.clear();
        out.resize(x.len() / self.inputs * self.stride, 0.0);
        let mut fours = x.chunks_exact(ROWS * self.inputs);
        let mut outs = out.chunks_exact_mut(ROWS * self.stride);
        for (x, out) in fours.by_ref().zip(outs.by_ref()) {
            self.four(x, out);
        }
        let rest = outs.into_remainder().chunks_exact_mut(self.stride);
        for (x, out) in fours.remainder().chunks_exact(self.inputs).zip(rest) {
            self.one(x, out);
        }
        self.close_up(out);
        for out in out.chunks_exact_mut(self.outputs) {
            self.finish(out);
        }
    }

    /// Lets go of the sums that no answer is.
    #[inline(always)]
    fn close_up(&self, out: &mut Vec<f32>) {
        let rows = out.len() / self.stride;
        if self.stride != self.outputs {
            for row in 0..rows {
                let from = row * self.stride;
                out.copy_within(from..from + self.outputs, row * self.outputs);
            }
            out.truncate(rows * self.outputs);
        }
    }

    /// Four rows share what is read of the weights.
    #[inline(always)]
    fn four(&self, x: &[f32], out: &mut [f32]) {
        let narrow = self.stride / NARROW * NARROW;
        for first in (0..narrow).step_by(NARROW) {
            self.four_at::<NARROW>(x, first, out);
        }
        for first in (narrow..self.stride).step_by(LANES) {
            self.four_at::<LANES>(x, first, out);
        }
    }

    #[inline(always)]
    fn four_at<const COUNT: usize>(&self, x: &[f32], first: usize, out: &mut [f32]) {
        let (a, rest) = x.split_at(self.inputs);
        let (b, rest) = rest.split_at(self.inputs);
        let (c, d) = rest.split_at(self.inputs);
        // Sums of a row each: in one array of arrays they would not stay in registers.
        let [mut p, mut q, mut r, mut s] = [[0.0f32; COUNT]; ROWS];
        let weights = self.weights.chunks_exact(self.stride);
        for ((((weights, &a), &b), &c), &d) in weights.zip(a).zip(b).zip(c).zip(d) {
            let weights = &weights[first..first + COUNT];
            p.iter_mut().zip(weights).for_each(|(o, &w)| *o += a * w);
            q.iter_mut().zip(weights).for_each(|(o, &w)| *o += b * w);
            r.iter_mut().zip(weights).for_each(|(o, &w)| *o += c * w);
            s.iter_mut().zip(weights).for_each(|(o, &w)| *o += d * w);
        }
        for (sums, out) in [p, q, r, s].iter().zip(out.chunks_exact_mut(self.stride)) {
            out[first..first + COUNT].copy_from_slice(sums);
        }
    }

    /// What is 0 adds nothing; of rectified and of counted numbers that is most.
    #[inline(always)]
    fn one(&self, x: &[f32], out: &mut [f32]) {
        let mut places = [0u32; MANY];
        for (part, x) in x.chunks(MANY).enumerate() {
            let mut count = 0;
            for (k, &x) in (0u32..).zip(x) {
                places[count] = k;
                count += usize::from(x != 0.0);
            }
            let weights = &self.weights[part * MANY * self.stride..];
            let cells = Cells { x, places: &places[..count], weights, stride: self.stride };
            let wide = self.stride / WIDE * WIDE;
            let narrow = self.stride / NARROW * NARROW;
            for first in (0..wide).step_by(WIDE) {
                cells.add::<WIDE>(first, out);
            }
            for first in (wide..narrow).step_by(NARROW) {
                cells.add::<NARROW>(first, out);
            }
            for first in (narrow..self.stride).step_by(LANES) {
                cells.add::<LANES>(first, out);
            }
        }
    }

    #[inline(always)]
    fn finish(&self, out: &mut [f32]) {
        if let Some(addend) = &self.addend {
            out.iter_mut().zip(addend).for_each(|(o, &b)| *o += b);
        }
        if self.relu {
            Change::Relu.apply(out);
        }
    }
}

/// Some cells of a row that are not 0, with the weights of the part that they are in.
struct Cells<'a> {
    x: &'a [f32],
    places: &'a [u32],
    weights: &'a [f32],
    stride: usize,
}

impl Cells<'_> {
    /// Adds their products to so many answers from `first` on; the sums stay in registers.
    #[inline(always)]
    fn add<const COUNT: usize>(&self, first: usize, out: &mut [f32]) {
        let mut sums = [0.0f32; COUNT];
        sums.copy_from_slice(&out[first..first + COUNT]);
        for &k in self.places {
            let from = k as usize * self.stride + first;
            let (x, weights) = (self.x[k as usize], &self.weights[from..from + COUNT]);
            sums.iter_mut().zip(weights).for_each(|(o, &w)| *o += x * w);
        }
        out[first..first + COUNT].copy_from_slice(&sums);
    }
}

/// The rows of the only input, which must have this width.
fn matrix<'a>(inputs: &Inputs<'a>, width: usize) -> Result<(usize, &'a [f32]), String> {
    let t = need(inputs, 0)?;
    match (t.data(), t.shape()) {
        (Data::F32(x), &[rows, found]) if found == width => Ok((rows, x)),
        (_, shape) => Err(format!("shape {shape:?} where rows of {width} numbers are expected")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(count: usize, from: f32) -> Vec<f32> {
        (0..count).map(|i| (from + i as f32 * 0.61).sin()).collect()
    }

    #[test]
    fn a_product_is_summed_in_one_order_whatever_its_size_and_its_rows() {
        for (inputs, outputs) in [(1, 1), (93, 9), (300, 130), (7, 64)] {
            let weights = numbers(inputs * outputs, 1.0);
            let mut dense = Dense::new(&weights, inputs, outputs);
            dense.addend = Some(numbers(outputs, 2.0));
            dense.relu = true;
            let x: Vec<f32> = numbers(7 * inputs, 3.0).into_iter().map(|x| x.max(0.0)).collect();
            let mut found = Vec::new();
            dense.rows(&x, &mut found);
            for (row, x) in x.chunks(inputs).enumerate() {
                for o in 0..outputs {
                    let sum = (0..inputs).fold(0.0f32, |sum, k| sum + x[k] * weights[k * outputs + o]);
                    let expected = (sum + dense.addend.as_ref().expect("an addend")[o]).max(0.0);
                    assert_eq!(found[row * outputs + o], expected, "{inputs} by {outputs}, row {row}");
                }
            }
        }
    }
}
