//! A model's versions: where they came from, what they take, what they answer.

use crate::table::Schema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A version's name: the SHA-256 of its bytes, in hex. Shown by its first 8 digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VersionId(pub String);

/// The kind of problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// One of several classes.
    Classification,
    /// A number.
    Regression,
    /// The next values of a series.
    Forecasting,
}

/// Where a version came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Origin {
    /// The simplest thing that answers.
    Baseline {
        /// Which baseline, such as `prior` or `seasonal_naive`.
        name: String,
    },
    /// Fitted by an embedded trainer or by the plan's command.
    Trained {
        /// Which trainer, such as `trees`, `logistic` or the command's words.
        trainer: String,
    },
    /// Distilled from a larger version.
    Student {
        /// The version that taught it.
        teacher: VersionId,
    },
    /// Made elsewhere and handed over as ONNX.
    Imported {
        /// The file's name.
        file: String,
    },
}

/// Where a version stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Known, not judged.
    Registered,
    /// The gate let it through.
    Passed,
    /// The gate did not.
    Failed,
    /// Answers unseen, beside the incumbent.
    Shadow,
    /// Answers a small share.
    Canary,
    /// Answers its arm of an experiment.
    Ab,
    /// Serves.
    Incumbent,
    /// Served before, and stands ready to be fallen back on.
    Previous,
    /// Served once.
    Retired,
    /// Taken out of an experiment.
    Stopped,
}

/// What a version takes and answers: the contract between training and serving.
#[derive(Debug, Clone, PartialEq)]
pub struct Signature {
    /// The kind of problem.
    pub task: Task,
    /// The raw columns, before any preprocessing.
    pub inputs: Schema,
    /// The answer's shape.
    pub output: OutputKind,
}

/// What the numbers of an answer mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutputKind {
    /// One probability a class, summing to 1.
    Probabilities {
        /// The class names, sorted.
        classes: Vec<String>,
    },
    /// One number.
    Value,
    /// The next values of a series.
    Path {
        /// How many steps ahead.
        horizon: usize,
    },
}

/// Answers for some rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Outputs {
    /// What the numbers mean.
    pub kind: OutputKind,
    /// `rows * kind.width()` numbers, row-major.
    pub values: Vec<f64>,
}

impl OutputKind {
    /// Numbers a row.
    pub fn width(&self) -> usize {
        match self {
            OutputKind::Probabilities { classes } => classes.len(),
            OutputKind::Value => 1,
            OutputKind::Path { horizon } => *horizon,
        }
    }
}

impl Outputs {
    /// The number of rows answered.
    pub fn rows(&self) -> usize {
        self.values.len() / self.kind.width().max(1)
    }

    /// The numbers of one row.
    pub fn row(&self, row: usize) -> &[f64] {
        let width = self.kind.width();
        &self.values[row * width..(row + 1) * width]
    }
}

impl VersionId {
    /// The first 8 digits, as shown to people.
    pub fn short(&self) -> &str {
        self.0.get(..8).unwrap_or(&self.0)
    }
}

impl fmt::Display for VersionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.short())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Baseline { name } => write!(f, "baseline {name}"),
            Origin::Trained { trainer } => write!(f, "trained {trainer}"),
            Origin::Student { teacher } => write!(f, "student of {teacher}"),
            Origin::Imported { file } => write!(f, "imported {file}"),
        }
    }
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Task::Classification => "classification",
            Task::Regression => "regression",
            Task::Forecasting => "forecasting",
        })
    }
}
