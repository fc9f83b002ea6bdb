//! ONNX: writing it and running it, in plain Rust.
//!
//! One evaluator runs everything. Where a graph convolves or multiplies large matrices, those products are
//! computed by the library rten ([`Engine`] tells); shapes, bounds and all other operators stay ours.
//!
//! Graphs take raw rows; the preprocessing is inside. Names are the contract:
//!
//! - Graph inputs are named exactly like the raw columns. A number column is `float` or `double` `[N, 1]`,
//!   missing as NaN, or `int64 [N, 1]`, which refuses missing cells and fractions; a text column
//!   `string [N, 1]`, missing as `""`; a time column `int64 [N, 1]`, whole seconds since 1970, which refuses
//!   missing cells, or `double [N, 1]`, seconds, missing as NaN; a tensor column `float [N, shape...]`.
//!   A graph may take fewer columns than the signature lists.
//! - Outputs are `probabilities` (`float [N, K]`) and, if wanted, `label` for classification; `value`
//!   (`float [N, 1]`) for regression; `forecast` (`float [N, horizon]`) for series.

mod build;
mod chain;
mod claims;
mod distance;
mod edit;
mod engine;
mod error;
mod feed;
mod merge;
mod ml;
mod model;
mod narrow;
mod node;
mod ops;
mod program;
mod proto;
mod read;
mod rows;
mod tensor;
mod weigh;

pub use build::{Attribute, CONTRIB, GraphBuilder, ML};
pub use claims::{Claim, claims, reference};
pub(crate) use distance::{Others, smallest};
pub(crate) use edit::{Edit, Side};
pub use engine::Engine;
pub use error::OnnxError;
pub(crate) use feed::feed;
pub(crate) use merge::Merger;
pub use merge::parameters;
pub(crate) use ml::{Tokenizer, lower};
pub use model::{OnnxModel, signature_of};
pub use narrow::narrow;
pub use program::{MAX_BYTES, Program};
pub use read::ValueType;
pub use tensor::{Data, Dtype, MAX_ELEMENTS, Tensor};
