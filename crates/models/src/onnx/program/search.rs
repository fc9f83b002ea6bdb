//! What is asked of a graph's steps while some of them are put together: who reads a value, what a node's settings are,
//! which of its inputs are constant.

use super::{Loader, Step};
use crate::onnx::engine::Engine;
use crate::onnx::node::{Kernel, Node, Operand};
use crate::onnx::proto;
use crate::onnx::tensor::{Data, Dtype, Tensor};
use std::collections::BTreeMap;

/// The steps of a graph while steps are put together.
pub(super) struct Search<'s, 'a> {
    pub steps: &'s [Step],
    pub nodes: &'s [&'a proto::Node],
    pub loader: &'s Loader<'a>,
    /// One a slot: the only step that reads it, if there is only one reader.
    reader: Vec<Option<usize>>,
}

/// Steps that one can stand for.
pub(super) struct Found {
    /// In their order; the last is the one that stays.
    pub members: Vec<usize>,
    /// The slot that it reads.
    pub input: usize,
    pub kernel: Kernel,
}

/// What rows are multiplied by, `[inputs, outputs]`, and what is added to each.
pub(super) struct Weights {
    pub matrix: Vec<f32>,
    pub inputs: usize,
    pub outputs: usize,
    pub addend: Option<Vec<f32>>,
}

/// Puts each finding in the place of its last member.
pub(super) fn replace(steps: &mut Vec<Step>, nodes: &mut Vec<&proto::Node>, found: Vec<Found>) {
    let mut gone = vec![false; steps.len()];
    for Found { members, input, kernel } in found {
        members.iter().for_each(|&m| gone[m] = true);
        let last = *members.last().expect("what was found has members");
        gone[last] = false;
        steps[last].inputs = vec![Some(input)];
        steps[last].kernel = kernel;
    }
    let mut left = gone.iter();
    steps.retain(|_| left.next() == Some(&false));
    let mut left = gone.iter();
    nodes.retain(|_| left.next() == Some(&false));
}

impl<'s, 'a> Search<'s, 'a> {
    /// Of these steps with their nodes; `kept` are the slots that are answered.
    pub fn new(
        steps: &'s [Step],
        nodes: &'s [&'a proto::Node],
        loader: &'s Loader<'a>,
        kept: &[usize],
    ) -> Search<'s, 'a> {
        let reader = readers(steps, kept, loader.dtypes.len());
        Search { steps, nodes, loader, reader }
    }

    /// The only reader of a step's first output, when no other output is read.
    pub fn next(&self, step: usize) -> Option<usize> {
        match self.steps[step].outputs.as_slice() {
            [Some(slot)] => self.reader[*slot],
            _ => None,
        }
    }

    /// A step's node as its operator saw it, with the chain's value of this type as first input.
    pub fn node(&self, step: usize, dtype: Dtype) -> Result<Node<'_>, String> {
        let operand = |slot: usize| Operand {
            dtype: self.loader.dtypes[slot],
            constant: self.loader.constants[slot].as_ref(),
        };
        let mut inputs: Vec<_> = self.steps[step].inputs.iter().map(|i| i.map(operand)).collect();
        if let Some(first) = inputs.first_mut() {
            *first = Some(Operand { dtype, constant: None });
        }
        Node::new(self.nodes[step], (0, Engine::Own), inputs)
    }

    /// The weights of a `MatMul` or of a `Gemm` that changes nothing but by them.
    pub fn weights(&self, step: usize) -> Option<Weights> {
        let (turned, addend) = match self.steps[step].op.as_str() {
            "MatMul" => (false, false),
            "Gemm" => {
                let node = self.node(step, Dtype::F32).ok()?;
                let plain = |name| node.float(name).ok().map(|x| x.unwrap_or(1.0)) == Some(1.0);
                (plain("alpha") && plain("beta") && !node.flag("transA", false).ok()?).then_some(())?;
                (node.flag("transB", false).ok()?, node.has(2))
            }
            _ => return None,
        };
        // The rows come first, the constant second.
        let matrix = self.constant(step, 1)?;
        let (&[a, b], Data::F32(v)) = (matrix.shape(), matrix.data()) else { return None };
        let (inputs, outputs) = if turned { (b, a) } else { (a, b) };
        let matrix = match turned {
            false => v.clone(),
            true => (0..inputs).flat_map(|i| (0..outputs).map(move |o| v[o * inputs + i])).collect(),
        };
        let addend = if addend { Some(self.columns(step, 2, outputs)?) } else { None };
        Some(Weights { matrix, inputs, outputs, addend })
    }

    /// A constant, one number a column.
    pub fn columns(&self, step: usize, place: usize, width: usize) -> Option<Vec<f32>> {
        match row(self.constant(step, place)?, width)? {
            &[one] => Some(vec![one; width]),
            many => Some(many.to_vec()),
        }
    }

    pub fn constant(&self, step: usize, input: usize) -> Option<&Tensor> {
        let slot = self.steps[step].inputs.get(input).copied().flatten()?;
        self.loader.constants[slot].as_ref()
    }
}

fn readers(steps: &[Step], kept: &[usize], slots: usize) -> Vec<Option<usize>> {
    let mut readers: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, step) in steps.iter().enumerate() {
        step.inputs.iter().flatten().for_each(|&slot| readers.entry(slot).or_default().push(index));
    }
    let only = |slot: usize| match readers.get(&slot).map(Vec::as_slice) {
        Some(&[one]) if !kept.contains(&slot) => Some(one),
        _ => None,
    };
    (0..slots).map(only).collect()
}

/// The numbers of a constant that is one row of so many columns, or a single number.
pub(super) fn row(t: &Tensor, columns: usize) -> Option<&[f32]> {
    let Data::F32(v) = t.data() else { return None };
    let flat = t.shape().len() <= 2 && t.shape().iter().rev().skip(1).all(|&d| d == 1);
    (flat && (v.len() == 1 || v.len() == columns)).then_some(v.as_slice())
}
