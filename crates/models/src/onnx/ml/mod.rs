//! The operators of `ai.onnx.ml`: what classic models are made of.
//!
//! They compute in single precision, as onnxruntime does, but add up in double precision. Where onnxruntime's
//! answer contradicts itself from row to row, the graph is refused rather than imitated.

mod encode;
mod ensemble;
mod features;
mod forest;
mod linear;
mod quick;
mod scale;
mod svm;
mod text;
mod threshold;
mod transform;
mod trees;

use super::node::Node;
use super::ops::types::*;
use super::ops::{Operator, op};
use super::tensor::{Data, Dtype, Tensor};
use std::sync::Arc;

pub(super) use linear::Scorer;
pub(super) use text::{Grams, Token, concat, split, string_normalizer, tf_idf, tokenizer};
pub(crate) use text::{Tokenizer, lower};

/// The element types of a feature matrix.
const NUMBERS: [Dtype; 3] = [Dtype::F32, Dtype::F64, Dtype::I64];

/// All of them, with what is claimed.
pub(super) const TABLE: &[Operator] = &[
    op("ArrayFeatureExtractor", features::array_feature_extractor, ALL, ""),
    op("Binarizer", scale::binarizer, NUMBER, ""),
    op("CategoryMapper", encode::category_mapper, ALL, ""),
    op("FeatureVectorizer", features::feature_vectorizer, NUMBER, ""),
    op("Imputer", scale::imputer, NUMBER, ""),
    op("LabelEncoder", encode::label_encoder, ALL, ""),
    op("LinearClassifier", linear::classifier, NUMBER_TEXT, ""),
    op("LinearRegressor", linear::regressor, NUMBER, ""),
    op("Normalizer", scale::normalizer, NUMBER, ""),
    op("OneHotEncoder", encode::one_hot, ALL, ""),
    op("SVMClassifier", svm::classifier, NUMBER_TEXT, "with prob_a and prob_b; no post_transform"),
    op("SVMRegressor", svm::regressor, NUMBER, "with support vectors"),
    op("Scaler", scale::scaler, NUMBER, ""),
    op("TreeEnsemble", ensemble::ensemble, FLOATS, "no membership in sets"),
    op(
        "TreeEnsembleClassifier",
        trees::classifier,
        NUMBER_TEXT,
        "not where two classes would be read in two ways; see the evaluator's notes",
    ),
    op("TreeEnsembleRegressor", trees::regressor, NUMBER, ""),
    op("ZipMap", features::zip_map, NUMBER_TEXT, "as an output only, answered as a tensor"),
];

/// Rows and columns of a feature matrix; a vector is one row.
fn matrix(t: &Tensor) -> Result<(usize, usize), String> {
    match *t.shape() {
        [columns] => Ok((1, columns)),
        [rows, columns] => Ok((rows, columns)),
        _ => Err(format!("shape {:?} is not rows by columns", t.shape())),
    }
}

/// The names of a classifier's classes.
enum Labels {
    Ints(Vec<i64>),
    Strs(Vec<Arc<str>>),
}

impl Labels {
    /// Reads `classlabels_strings` or whichever attribute holds the whole numbers.
    fn of(node: &Node<'_>, ints: &str) -> Result<Labels, String> {
        let texts = node.strs("classlabels_strings")?.filter(|v| !v.is_empty());
        let labels = match (texts, node.ints(ints)?) {
            (Some(texts), _) => Labels::Strs(texts.into_iter().map(Into::into).collect()),
            (None, numbers) => Labels::Ints(numbers.unwrap_or_default().to_vec()),
        };
        match labels.len() {
            0 | 1 => Err(format!("{} class labels, expected at least 2", labels.len())),
            _ => Ok(labels),
        }
    }

    fn len(&self) -> usize {
        match self {
            Labels::Ints(v) => v.len(),
            Labels::Strs(v) => v.len(),
        }
    }

    fn dtype(&self) -> Dtype {
        match self {
            Labels::Ints(_) => Dtype::I64,
            Labels::Strs(_) => Dtype::Str,
        }
    }

    /// The names at these places.
    fn at(&self, places: &[usize]) -> Data {
        match self {
            Labels::Ints(v) => Data::I64(places.iter().map(|&p| v[p]).collect()),
            Labels::Strs(v) => Data::Str(places.iter().map(|&p| v[p].clone()).collect()),
        }
    }
}

/// Where the largest score stands; the first of equal ones.
fn best(scores: &[f32]) -> usize {
    (1..scores.len()).fold(0, |best, i| if scores[i] > scores[best] { i } else { best })
}
