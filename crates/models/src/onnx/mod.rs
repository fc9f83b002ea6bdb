//! ONNX: writing it and running it, in plain Rust.
//!
//! Graphs take raw rows; the preprocessing is inside. Names are the contract:
//!
//! - Graph inputs are named exactly like the raw columns. A number column is `float`, `double` or `int64`
//!   `[N, 1]`, missing as NaN; a text column `string [N, 1]`, missing as `""`; a time column `int64 [N, 1]`,
//!   seconds since 1970; a tensor column `float [N, shape...]`.
//! - Outputs are `probabilities` (`float [N, K]`) and, if wanted, `label` for classification; `value`
//!   (`float [N, 1]`) for regression; `forecast` (`float [N, horizon]`) for series.

mod build;
mod proto;
mod tensor;

pub use build::{Attribute, GraphBuilder, ML};
pub use tensor::{Data, Dtype, MAX_ELEMENTS, Tensor};
