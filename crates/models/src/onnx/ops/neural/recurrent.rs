//! Recurrent layers: `RNN`, `GRU` and `LSTM`, in single precision and with their usual activations.
//!
//! Sequences are `[T, N, I]` and all of one length. The weights' gates follow each other in the order of the
//! specification: update, reset, hidden for a GRU; input, output, forget, cell for an LSTM.

use super::singles;
use crate::onnx::node::{Inputs, Kernel, Node, need, optional, tensor};
use crate::onnx::ops::matmul::{Multiply, check_work, multiplier};
use crate::onnx::ops::strided::strided;
use crate::onnx::tensor::{Data, Dtype, elements};

/// What happens at each step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cell {
    Plain {
        relu: bool,
    },
    /// Whether the hidden gate is reset after its product rather than before.
    Gru {
        after: bool,
    },
    Lstm,
}

impl Cell {
    fn gates(self) -> usize {
        match self {
            Cell::Plain { .. } => 1,
            Cell::Gru { .. } => 3,
            Cell::Lstm => 4,
        }
    }
}

/// A node's settings.
struct Settings {
    cell: Cell,
    /// Which directions there are: `true` runs from the last step to the first.
    backwards: Vec<bool>,
    multiply: Multiply,
}

pub(in crate::onnx::ops) fn rnn(node: &Node<'_>) -> Result<Kernel, String> {
    let activations = node.strs("activations")?.unwrap_or_else(|| vec!["Tanh"]);
    let relu = match activations.iter().all(|a| a == &activations[0]).then(|| activations[0]) {
        Some("Tanh") => false,
        Some("Relu") => true,
        _ => return Err(format!("activations {activations:?} are not supported, Tanh and Relu are")),
    };
    node.arity(3, 6)?;
    layer(node, Cell::Plain { relu })
}

pub(in crate::onnx::ops) fn gru(node: &Node<'_>) -> Result<Kernel, String> {
    usual(node, &["Sigmoid", "Tanh"])?;
    node.arity(3, 6)?;
    layer(node, Cell::Gru { after: node.flag("linear_before_reset", false)? })
}

pub(in crate::onnx::ops) fn lstm(node: &Node<'_>) -> Result<Kernel, String> {
    usual(node, &["Sigmoid", "Tanh", "Tanh"])?;
    node.arity(3, 8)?;
    if node.flag("input_forget", false)? {
        return Err("coupled gates are not supported".into());
    }
    layer(node, Cell::Lstm)
}

fn usual(node: &Node<'_>, names: &[&str]) -> Result<(), String> {
    let found = node.strs("activations")?.unwrap_or_default();
    match found.chunks(names.len()).all(|part| part == names) {
        true => Ok(()),
        false => Err(format!("activations {found:?} are not supported, {names:?} are")),
    }
}

fn layer(node: &Node<'_>, cell: Cell) -> Result<Kernel, String> {
    node.ignore(&["hidden_size"]);
    let backwards = match node.str("direction")? {
        None | Some("forward") => vec![false],
        Some("reverse") => vec![true],
        Some("bidirectional") => vec![false, true],
        Some(other) => return Err(format!("direction `{other}` is not known")),
    };
    if node.flag("layout", false)? || node.has(4) {
        return Err("batches first, and sequences of different lengths, are not supported".into());
    }
    node.one_of(0, &[Dtype::F32])?;
    node.rest_are(1, Dtype::F32)?;
    let outputs = if cell == Cell::Lstm { 3 } else { 2 };
    let settings = Settings { cell, backwards, multiply: multiplier(node.engine) };
    Kernel::many(vec![Dtype::F32; outputs], move |inputs| settings.run(inputs))
}

/// The sizes of a run.
#[derive(Clone, Copy)]
struct Sizes {
    steps: usize,
    rows: usize,
    width: usize,
    hidden: usize,
}

/// The weights of one direction, turned so that rows multiply them from the left.
struct Weights<'a> {
    input: Vec<f32>,
    hidden: Vec<f32>,
    /// Of the input and of the hidden state.
    bias: Option<(&'a [f32], &'a [f32])>,
    /// Of the cell, one a gate: input, output, forget.
    peepholes: Option<&'a [f32]>,
}

impl Settings {
    fn sizes(&self, inputs: &Inputs<'_>) -> Result<Sizes, String> {
        let (x, w) = (need(inputs, 0)?.shape(), need(inputs, 1)?.shape());
        let gates = self.cell.gates();
        let (&[steps, rows, width], &[directions, tall, w_width]) = (x, w) else {
            return Err(format!("shapes {x:?} and {w:?} are not [T, N, I] and [D, gates, I]"));
        };
        let hidden = tall / gates;
        let r = need(inputs, 2)?.shape();
        let fits = directions == self.backwards.len()
            && tall == hidden * gates
            && hidden > 0
            && w_width == width
            && r == [directions, tall, hidden];
        if !fits {
            return Err(format!("weights of shapes {w:?} and {r:?} do not fit an input of {x:?}"));
        }
        let check = |index: usize, shape: &[usize]| match optional(inputs, index) {
            Some(t) if t.shape() != shape => {
                Err(format!("input {index} has shape {:?}, expected {shape:?}", t.shape()))
            }
            _ => Ok(()),
        };
        check(3, &[directions, 2 * tall])?;
        check(5, &[directions, rows, hidden])?;
        check(6, &[directions, rows, hidden])?;
        check(7, &[directions, 3 * hidden])?;
        check_work(&[steps, rows, tall, width + hidden, directions])?;
        Ok(Sizes { steps, rows, width, hidden })
    }

    fn run(&self, inputs: &Inputs<'_>) -> Result<Vec<crate::onnx::tensor::Tensor>, String> {
        let s = self.sizes(inputs)?;
        let directions = self.backwards.len();
        let shape = vec![s.steps, directions, s.rows, s.hidden];
        let count = elements(&shape).ok_or_else(|| format!("the answer's shape {shape:?} is too large"))?;
        let projected = [s.steps, s.rows, self.cell.gates(), s.hidden];
        elements(&projected).ok_or_else(|| format!("gates of shape {projected:?} are too many"))?;
        let mut all = vec![0.0; count];
        let state = s.rows * s.hidden;
        let start = |index: usize| match optional(inputs, index) {
            Some(t) => singles(t).map(<[f32]>::to_vec),
            None => Ok(vec![0.0; directions * state]),
        };
        let (mut hidden, mut cells) = (start(5)?, start(6)?);
        for (d, &backwards) in self.backwards.iter().enumerate() {
            let weights = self.weights(inputs, s, d)?;
            let part = d * state..(d + 1) * state;
            let (hidden, cells) = (&mut hidden[part.clone()], &mut cells[part]);
            let mut gates = self.project(singles(need(inputs, 0)?)?, &weights, s);
            let wide = s.rows * self.cell.gates() * s.hidden;
            for i in 0..s.steps {
                let t = if backwards { s.steps - 1 - i } else { i };
                self.step(&mut gates[t * wide..(t + 1) * wide], hidden, cells, &weights, s);
                let to = (t * directions + d) * state;
                all[to..to + state].copy_from_slice(hidden);
            }
        }
        let last = vec![directions, s.rows, s.hidden];
        let mut made = vec![tensor(shape, Data::F32(all))?, tensor(last.clone(), Data::F32(hidden))?];
        if self.cell == Cell::Lstm {
            made.push(tensor(last, Data::F32(cells))?);
        }
        Ok(made)
    }

    fn weights<'a>(&self, inputs: &Inputs<'a>, s: Sizes, d: usize) -> Result<Weights<'a>, String> {
        let tall = self.cell.gates() * s.hidden;
        let part = |index: usize, size: usize| -> Result<Option<&'a [f32]>, String> {
            let t = optional(inputs, index).map(singles).transpose()?;
            Ok(t.map(|v| &v[d * size..(d + 1) * size]))
        };
        let turned = |index: usize, width: usize| -> Result<Vec<f32>, String> {
            let v = part(index, tall * width)?.ok_or("a weight is missing")?;
            Ok(strided(v, 0, &[width, tall], &[1, width as isize]))
        };
        Ok(Weights {
            input: if s.width == 0 { vec![] } else { turned(1, s.width)? },
            hidden: turned(2, s.hidden)?,
            bias: part(3, 2 * tall)?.map(|v| v.split_at(tall)),
            peepholes: if self.cell == Cell::Lstm { part(7, 3 * s.hidden)? } else { None },
        })
    }

    /// What the input adds to the gates of all steps.
    fn project(&self, x: &[f32], weights: &Weights<'_>, s: Sizes) -> Vec<f32> {
        let tall = self.cell.gates() * s.hidden;
        let mut gates = vec![0.0; s.steps * s.rows * tall];
        (self.multiply)(x, &weights.input, &mut gates, s.width, tall);
        if let Some((bias, _)) = weights.bias {
            gates.chunks_mut(tall).for_each(|row| row.iter_mut().zip(bias).for_each(|(g, b)| *g += b));
        }
        gates
    }

    /// One step of all rows; `gates` holds what the input adds.
    fn step(
        &self,
        gates: &mut [f32],
        hidden: &mut [f32],
        cells: &mut [f32],
        weights: &Weights<'_>,
        s: Sizes,
    ) {
        let tall = self.cell.gates() * s.hidden;
        let mut again = vec![0.0; s.rows * tall];
        (self.multiply)(hidden, &weights.hidden, &mut again, s.hidden, tall);
        if let Some((_, bias)) = weights.bias {
            again.chunks_mut(tall).for_each(|row| row.iter_mut().zip(bias).for_each(|(g, b)| *g += b));
        }
        let rows = gates.chunks_mut(tall).zip(again.chunks(tall));
        let states = hidden.chunks_mut(s.hidden).zip(cells.chunks_mut(s.hidden));
        for ((gates, again), (hidden, cells)) in rows.zip(states) {
            match self.cell {
                Cell::Plain { relu } => plain(gates, again, hidden, relu),
                Cell::Gru { after: true } => gru_after(gates, again, hidden),
                Cell::Gru { after: false } => gru_before(gates, again, hidden, weights),
                Cell::Lstm => lstm_step(gates, again, hidden, cells, weights.peepholes),
            }
        }
    }
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

fn plain(gates: &[f32], again: &[f32], hidden: &mut [f32], relu: bool) {
    for (j, h) in hidden.iter_mut().enumerate() {
        let x = gates[j] + again[j];
        *h = if relu { x.max(0.0) } else { x.tanh() };
    }
}

fn gru_after(gates: &[f32], again: &[f32], hidden: &mut [f32]) {
    let n = hidden.len();
    for (j, h) in hidden.iter_mut().enumerate() {
        let update = sigmoid(gates[j] + again[j]);
        let reset = sigmoid(gates[n + j] + again[n + j]);
        let new = (gates[2 * n + j] + reset * again[2 * n + j]).tanh();
        *h = (1.0 - update) * new + update * *h;
    }
}

/// The hidden gate's product is of what is left of the state after the reset, so it is made here, row by row.
fn gru_before(gates: &[f32], again: &[f32], hidden: &mut [f32], weights: &Weights<'_>) {
    let n = hidden.len();
    let left: Vec<f32> = (0..n).map(|j| sigmoid(gates[n + j] + again[n + j]) * hidden[j]).collect();
    let bias = weights.bias.map(|(_, b)| &b[2 * n..]);
    let mut new: Vec<f32> = (0..n).map(|j| gates[2 * n + j] + bias.map_or(0.0, |b| b[j])).collect();
    for (x, row) in left.iter().zip(weights.hidden.chunks(3 * n)) {
        new.iter_mut().zip(&row[2 * n..]).for_each(|(sum, w)| *sum += x * w);
    }
    for (j, h) in hidden.iter_mut().enumerate() {
        let update = sigmoid(gates[j] + again[j]);
        *h = (1.0 - update) * new[j].tanh() + update * *h;
    }
}

fn lstm_step(gates: &[f32], again: &[f32], hidden: &mut [f32], cells: &mut [f32], peepholes: Option<&[f32]>) {
    let n = hidden.len();
    let peep = |gate: usize, j: usize, cell: f32| peepholes.map_or(0.0, |p| p[gate * n + j] * cell);
    for (j, (h, c)) in hidden.iter_mut().zip(cells).enumerate() {
        let sum = |gate: usize| gates[gate * n + j] + again[gate * n + j];
        let input = sigmoid(sum(0) + peep(0, j, *c));
        let forget = sigmoid(sum(2) + peep(2, j, *c));
        *c = forget * *c + input * sum(3).tanh();
        let output = sigmoid(sum(1) + peep(1, j, *c));
        *h = output * c.tanh();
    }
}
