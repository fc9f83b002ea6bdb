//! What a trainer promises and what a model promises.

use domain::{Examples, Outputs, Signature, Table};
use thiserror::Error;

/// Where a trainer's randomness starts; equal seeds give equal bytes, on any number of threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seed(pub u64);

/// A fitted model as it is kept: an ONNX graph that takes raw rows, and what it takes and answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Artifact {
    /// The bytes of `model.onnx`.
    pub onnx: Vec<u8>,
    /// What stands in `signature.json`.
    pub signature: Signature,
}

/// A trainer.
pub trait Fit: Send + Sync {
    /// Its name in plans, tables and events.
    fn name(&self) -> &str;

    /// Fits on the examples. `progress` is called with the share done, 0 to 1; when it returns
    /// `false` the fit stops and returns [`FitError::Interrupted`].
    fn fit(
        &self,
        data: &Examples,
        seed: Seed,
        progress: &mut dyn FnMut(f64) -> bool,
    ) -> Result<Artifact, FitError>;

    /// What the trainer had to say since it was last asked, line by line; asked while it fits, and once after.
    fn said(&self) -> Vec<String> {
        Vec::new()
    }
}

/// A model that answers.
pub trait Predict: Send + Sync {
    /// What it takes and answers.
    fn signature(&self) -> &Signature;

    /// Answers every row, in order. Columns that the model does not use are ignored.
    fn predict(&self, rows: &Table) -> Result<Outputs, PredictError>;
}

/// Why no model came of a fit.
#[derive(Debug, Error)]
pub enum FitError {
    /// The trainer does not do this kind of problem.
    #[error("trainer `{trainer}` does not fit {found}; it fits {expected}")]
    Task {
        /// The trainer.
        trainer: String,
        /// What the examples ask for.
        found: String,
        /// What it can do.
        expected: String,
    },
    /// The examples cannot be learned from.
    #[error("cannot fit `{trainer}`: {why}")]
    Data {
        /// The trainer.
        trainer: String,
        /// What is wrong, naming the column or class.
        why: String,
    },
    /// The plan's own command did not deliver.
    #[error("trainer command `{command}` {why}")]
    Command {
        /// The command's words.
        command: String,
        /// What it did instead.
        why: String,
    },
    /// Progress said stop.
    #[error("interrupted")]
    Interrupted,
    /// The fitted model could not be written as ONNX.
    #[error("could not write `{trainer}` as ONNX: {why}")]
    Write {
        /// The trainer.
        trainer: String,
        /// What could not be written.
        why: String,
    },
}

/// Why a row was not answered.
#[derive(Debug, Error)]
pub enum PredictError {
    /// A column that the model needs is not there.
    #[error("column `{0}` is missing")]
    MissingColumn(String),
    /// A column of another kind than the signature says.
    #[error("column `{name}` holds {found}, expected {expected}")]
    Kind {
        /// The column.
        name: String,
        /// What it holds.
        found: String,
        /// What the signature says.
        expected: String,
    },
    /// The graph could not be run.
    #[error("the graph failed at node `{node}`: {why}")]
    Graph {
        /// The node's name or operator.
        node: String,
        /// What happened.
        why: String,
    },
    /// The answer is not what the signature promises.
    #[error("the model answered {found}, expected {expected}")]
    Output {
        /// What came.
        found: String,
        /// What the signature says.
        expected: String,
    },
}
