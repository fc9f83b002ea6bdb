//! Models made elsewhere: an ONNX file, and what the plan expects of it, become an [`Artifact`].
//!
//! What does not fit by name is adapted by nodes at the graph's edges: a matrix is joined from columns, a map of
//! probabilities becomes a tensor, classes are put into the plan's order. Nothing inside the graph is changed.
//! Not a converter: a file of another format is refused with the way to export it, and no pickle is ever read.
//! Invariant: what is imported loads, takes raw columns by name and answers under the names of [`crate::onnx`];
//! every adaptation is told.

mod error;
mod foreign;
mod inputs;
mod outputs;
mod parity;
#[cfg(test)]
mod tests;

pub use error::ImportError;
pub use parity::{Parity, makers_answers, parity};

use crate::contract::{Artifact, Predict};
use crate::onnx::{Edit, Engine, OnnxModel, Program, ValueType};
use crate::supervise::{self, MAX_CATEGORIES};
use domain::{Examples, OutputKind, Schema, Signature, Table, Task};

/// How far answers to a row may differ between batches, relative to their size.
const SAME: f64 = 1e-5;
/// How far the probabilities of a row may add up to something else than 1.
const UNITY: f64 = 1e-3;
/// How many rows are tried.
const TRIED: usize = 64;

/// What the plan expects of a model.
#[derive(Debug, Clone)]
pub struct Expected {
    /// The kind of problem.
    pub task: Task,
    /// What is to be answered; the classes are in the plan's order.
    pub output: OutputKind,
    /// The raw columns of the training table, without the target.
    pub columns: Schema,
    /// What the file cannot tell.
    pub told: Told,
}

impl Expected {
    /// What a plan with this task and these examples expects.
    pub fn of(task: Task, examples: &Examples, told: Told) -> Expected {
        let (output, columns) = (supervise::output(&examples.target), examples.rows.schema(MAX_CATEGORIES));
        Expected { task, output, columns, told }
    }
}

/// What a user may tell about a file, because the file cannot.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Told {
    /// The columns that make up the model's one matrix, in its order; all number columns when `None`.
    pub features: Option<Vec<String>>,
    /// The output that answers, where there are several.
    pub answer: Option<String>,
    /// The classes in the model's order, where the file does not name them; the plan's order when `None`.
    pub classes: Option<Vec<String>>,
    /// The model answers logits: softmax or, for one number a row, sigmoid is added.
    pub logits: bool,
    /// The model answers a label only, which is taken as a probability of 1.
    pub one_hot: bool,
    /// What pixels are divided by before they are fed: 255 for a model that was trained on 0 to 1.
    pub divide: Option<f32>,
}

/// A model from elsewhere, ready to be gated.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// The graph with raw columns as inputs, and its signature.
    pub artifact: Artifact,
    /// Which engine runs it.
    pub engine: Engine,
    /// The file's own inputs and outputs, one a line.
    pub found: Vec<String>,
    /// What was added to make it fit, one sentence each; empty when the bytes are the file's own.
    pub adapted: Vec<String>,
}

/// Reads a file and makes it fit.
pub fn import(bytes: &[u8], expect: &Expected) -> Result<Imported, ImportError> {
    foreign::refuse(bytes)?;
    let program = Program::load(bytes)?;
    let names: Vec<&str> = expect.columns.fields.iter().map(|f| f.name.as_str()).collect();
    let mut edit = Edit::of(bytes, &names)?;
    let mut adapted = vec![];
    let used = inputs::adapt(&mut edit, program.inputs(), expect, &mut adapted)?;
    outputs::adapt(&mut edit, program.outputs(), expect, &mut adapted)?;
    let onnx = if adapted.is_empty() { bytes.to_vec() } else { edit.finish() };
    let fields = expect.columns.fields.iter().filter(|f| used.contains(&f.name)).cloned().collect();
    let signature = Signature { task: expect.task, inputs: Schema { fields }, output: expect.output.clone() };
    let artifact = Artifact { onnx, signature };
    let engine = OnnxModel::load(&artifact)?.engine();
    let list = |what: &str, values: &[ValueType]| -> Vec<String> {
        values.iter().map(|v| format!("{what} `{}` {v}", v.name)).collect()
    };
    let found = [list("input", program.inputs()), list("output", program.outputs())].concat();
    Ok(Imported { artifact, engine, found, adapted })
}

/// Tries a model on rows of the training table: it answers them, alike one by one and together, and with
/// probabilities where it should.
pub fn try_out(model: &dyn Predict, rows: &Table) -> Result<(), ImportError> {
    let rows = rows.take(&(0..rows.rows().min(TRIED)).collect::<Vec<_>>());
    let together = model.predict(&rows)?;
    let fail = |why: String, hint: &str| Err(ImportError::Outputs { why, hint: hint.into() });
    for row in 0..rows.rows() {
        let answer = together.row(row);
        let alone = model.predict(&rows.take(&[row]))?;
        let near = |(a, b): (&f64, &f64)| (a - b).abs() <= SAME * b.abs().max(1.0);
        if !alone.row(0).iter().zip(answer).all(near) {
            let why = format!("row {row} is answered {:?} alone and {answer:?} among others", alone.row(0));
            return fail(why, "export the model for inference: a row's answer must not depend on other rows");
        }
        if let OutputKind::Probabilities { .. } = together.kind {
            let sum: f64 = answer.iter().sum();
            if (sum - 1.0).abs() > UNITY || answer.iter().any(|p| *p < -SAME) {
                let why = format!("row {row} is answered {answer:?}, which are no probabilities");
                return fail(why, "say that the model answers logits, or export it with probabilities");
            }
        }
    }
    Ok(())
}
