//! The operators of documents: case, tokens, n-grams.
//!
//! Not language: nothing here knows a word. A pipeline of them is run by [`super::super::program`] without ever
//! making the matrix of all n-grams; these kernels are the meaning that it must keep. Checked against
//! onnxruntime, whose choices stand where the standard leaves one open.

mod grams;
mod join;
mod normalise;
mod pattern;
mod tokenise;

pub(in crate::onnx) use grams::{Grams, Token};
pub(in crate::onnx) use join::{concat, split};
pub(crate) use normalise::lower;
pub(in crate::onnx) use normalise::string_normalizer;
pub(crate) use tokenise::Tokenizer;
pub(in crate::onnx) use tokenise::tokenizer;

/// `TfIdfVectorizer`.
pub(in crate::onnx) fn tf_idf(
    node: &crate::onnx::node::Node<'_>,
) -> Result<crate::onnx::node::Kernel, String> {
    grams::tf_idf(node)
}
