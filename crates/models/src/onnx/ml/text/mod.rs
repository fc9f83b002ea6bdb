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

use crate::onnx::ops::types::{ALL, NUMBER_TEXT};
use crate::onnx::ops::{Operator, op};

pub(in crate::onnx) use grams::{Grams, Token};
pub(crate) use normalise::lower;
pub(crate) use tokenise::Tokenizer;

/// What stands in the standard, with what is claimed.
pub(in crate::onnx) const TEXTS: &[Operator] = &[
    op("StringConcat", join::concat, TEXT, ""),
    op("StringNormalizer", normalise::string_normalizer, TEXT, ""),
    op("StringSplit", join::split, ALL, ""),
    op("TfIdfVectorizer", grams::tf_idf, NUMBER_TEXT, ""),
];

/// What onnxruntime adds to it.
pub(in crate::onnx) const TOKENS: &[Operator] = &[op("Tokenizer", tokenise::tokenizer, TEXT, "")];

const TEXT: &[&str] = &["string"];
