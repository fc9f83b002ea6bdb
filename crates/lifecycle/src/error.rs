//! What a stage attempted and could not do.

use thiserror::Error;

/// What a stage attempted and could not do. A failed gate is not among these: it is a value.
#[derive(Debug, Error)]
pub enum StageError {
    /// The table could not be read.
    #[error(transparent)]
    Read(#[from] store::files::ReadError),
    /// The registry, the blobs or the journal said no.
    #[error(transparent)]
    Store(#[from] store::StoreError),
    /// The plan names something that the table does not have, or the table can't be learned from.
    #[error("{file}: {found}")]
    Data {
        /// The table.
        file: String,
        /// What was found and what was expected, naming the column and row.
        found: String,
        /// What to do.
        hint: String,
    },
    /// A trainer brought no model.
    #[error(transparent)]
    Fit(#[from] models::FitError),
    /// A model made elsewhere did not become a version.
    #[error("could not import {file}")]
    Import {
        /// The file.
        file: String,
        /// Why.
        source: models::import::ImportError,
    },
    /// A model did not answer.
    #[error("version {version} did not answer")]
    Predict {
        /// Which version.
        version: String,
        /// Why.
        source: models::PredictError,
    },
    /// A version's bytes are not a model that can be run.
    #[error("could not load version {version}: {why}")]
    Load {
        /// Which version.
        version: String,
        /// Why.
        why: String,
    },
    /// A statistic could not be computed.
    #[error("could not measure {metric}: {why}")]
    Measure {
        /// The metric.
        metric: String,
        /// Why.
        why: String,
    },
    /// There is nothing to do this with yet.
    #[error("{0}")]
    TooEarly(String),
    /// Somebody asked to stop.
    #[error("interrupted; run the same command again to go on from here")]
    Interrupted,
}

impl StageError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            StageError::Read(error) => error.hint(),
            StageError::Data { hint, .. } => Some(hint.clone()),
            StageError::Import { source, .. } => source.hint(),
            StageError::TooEarly(_) => Some("run `incumbent up` first".into()),
            _ => None,
        }
    }

    /// Data that the plan and the table disagree on.
    pub fn data(file: &str, found: impl Into<String>, hint: impl Into<String>) -> StageError {
        StageError::Data { file: file.into(), found: found.into(), hint: hint.into() }
    }
}
