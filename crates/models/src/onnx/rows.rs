//! What is done to rows of numbers in one step where a file has several nodes; `program::columns` finds them.
//!
//! Invariant: each number is what the nodes one by one make of it, bit for bit: a sum is taken in one order, whether a row
//! stands alone or among others.

use super::node::{Inputs, need, tensor};
use super::tensor::{Data, Tensor};
use crate::simd::wide;

/// Sums that stay in registers.
const TILE: usize = 32;

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

/// Changes one after the other, of rows of one width.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Changes {
    pub width: usize,
    pub changes: Vec<Change>,
}

/// `x W + b`, and what is below 0 cut off where that follows.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Dense {
    /// `[inputs, outputs]`.
    pub weights: Vec<f32>,
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

impl Changes {
    /// Runs on `[N, width]`.
    pub fn run(&self, inputs: &Inputs<'_>) -> Result<Tensor, String> {
        let (rows, mut cells) = matrix(inputs, self.width).map(|(rows, x)| (rows, x.to_vec()))?;
        wide(
            #[inline(always)]
            || {
                for row in cells.chunks_exact_mut(self.width) {
                    self.changes.iter().for_each(|change| change.apply(row));
                }
            },
        );
        tensor(vec![rows, self.width], Data::F32(cells))
    }
}

impl Dense {
    /// Runs on `[N, inputs]`.
    pub fn run(&self, inputs: &Inputs<'_>) -> Result<Tensor, String> {
        let (rows, x) = matrix(inputs, self.inputs)?;
        let mut out = vec![0.0; rows * self.outputs];
        wide(
            #[inline(always)]
            || self.rows(x, &mut out),
        );
        tensor(vec![rows, self.outputs], Data::F32(out))
    }

    #[inline(always)]
    fn rows(&self, x: &[f32], out: &mut [f32]) {
        let mut cells = Vec::with_capacity(self.inputs);
        for (x, out) in x.chunks_exact(self.inputs).zip(out.chunks_exact_mut(self.outputs)) {
            // What is 0 adds nothing; of rectified and of counted numbers that is most.
            cells.clear();
            cells.extend((0u32..).zip(x).filter(|(_, x)| **x != 0.0).map(|(k, &x)| (k, x)));
            for (tile, out) in out.chunks_mut(TILE).enumerate() {
                self.tile(&cells, tile * TILE, out);
            }
            self.finish(out);
        }
    }

    /// Some columns of a row, from the first of them on.
    #[inline(always)]
    fn tile(&self, cells: &[(u32, f32)], first: usize, out: &mut [f32]) {
        if out.len() < TILE {
            for &(k, x) in cells {
                let from = k as usize * self.outputs + first;
                let weights = &self.weights[from..from + out.len()];
                out.iter_mut().zip(weights).for_each(|(o, &w)| *o += x * w);
            }
            return;
        }
        let mut sums = [0.0f32; TILE];
        for &(k, x) in cells {
            let from = k as usize * self.outputs + first;
            let weights = &self.weights[from..from + TILE];
            sums.iter_mut().zip(weights).for_each(|(o, &w)| *o += x * w);
        }
        out.copy_from_slice(&sums);
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

/// The rows of the only input, which must have this width.
fn matrix<'a>(inputs: &Inputs<'a>, width: usize) -> Result<(usize, &'a [f32]), String> {
    let t = need(inputs, 0)?;
    match (t.data(), t.shape()) {
        (Data::F32(x), &[rows, found]) if found == width => Ok((rows, x)),
        (_, shape) => Err(format!("shape {shape:?} where rows of {width} numbers are expected")),
    }
}
