//! Why a graph was refused or did not answer.

use thiserror::Error;

/// What was attempted with a graph and could not be done.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OnnxError {
    /// The bytes are not an ONNX file.
    #[error("this is not an ONNX file: {0}")]
    Malformed(String),
    /// The file is ONNX, but not of the kind that is run here.
    #[error("the graph is refused: {0}")]
    Refused(String),
    /// An operator that is not there.
    #[error(
        "the graph is refused: node `{node}` needs operator `{op}` of `{domain}`, which is not supported"
    )]
    Operator {
        /// The operator set.
        domain: String,
        /// The operator.
        op: String,
        /// The node's name.
        node: String,
    },
    /// A node that its operator does not allow.
    #[error("the graph is refused: node `{node}` ({op}): {why}")]
    Node {
        /// The node's name.
        node: String,
        /// The operator.
        op: String,
        /// What was found and what was expected.
        why: String,
    },
    /// What was fed is not what the graph takes.
    #[error("input `{name}` is {found}, expected {expected}")]
    Input {
        /// The input's name.
        name: String,
        /// What was fed.
        found: String,
        /// What the graph declares.
        expected: String,
    },
    /// A node failed on these rows.
    #[error("node `{node}` ({op}) failed: {why}")]
    Run {
        /// The node's name.
        node: String,
        /// The operator.
        op: String,
        /// What happened.
        why: String,
    },
    /// The graph does not take or answer what its signature says.
    #[error("the graph does not fit its signature: {0}")]
    Signature(String),
}
