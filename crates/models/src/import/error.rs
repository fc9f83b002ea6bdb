//! Why a file did not become a model.

use crate::contract::PredictError;
use crate::onnx::OnnxError;
use thiserror::Error;

/// What was attempted with a file from elsewhere and could not be done.
#[derive(Debug, Error)]
pub enum ImportError {
    /// A file of another format.
    #[error("the file is {format}, not ONNX")]
    Foreign {
        /// The format, as people call it.
        format: &'static str,
        /// How to get ONNX out of what wrote it.
        hint: &'static str,
    },
    /// The graph cannot be run here.
    #[error(transparent)]
    Graph(#[from] OnnxError),
    /// The graph does not take the plan's columns.
    #[error("the model's inputs do not fit the columns: {why}")]
    Inputs {
        /// What was found and what was expected.
        why: String,
        /// What to do.
        hint: String,
    },
    /// The graph does not answer what the plan asks for.
    #[error("the model's outputs do not fit the plan: {why}")]
    Outputs {
        /// What was found and what was expected.
        why: String,
        /// What to do.
        hint: String,
    },
    /// The imported model does not answer rows.
    #[error("the model does not answer the rows: {0}")]
    Predict(#[from] PredictError),
    /// The golden rows cannot be compared with.
    #[error("the golden rows do not fit: {0}")]
    Golden(String),
}

impl ImportError {
    /// What the user can do about it, where that is known.
    pub fn hint(&self) -> Option<String> {
        match self {
            ImportError::Foreign { hint, .. } => Some((*hint).into()),
            ImportError::Inputs { hint, .. } | ImportError::Outputs { hint, .. } => Some(hint.clone()),
            ImportError::Graph(OnnxError::Refused(why)) if why.contains("outside the file") => Some(
                "save it in one file: torch.onnx.export(..., external_data=False), or \
                 onnx.save_model(model, path, save_as_external_data=False)"
                    .into(),
            ),
            ImportError::Graph(OnnxError::Operator { .. }) => {
                Some("docs/book/reference/operators.md lists the operators that are supported".into())
            }
            _ => None,
        }
    }
}
