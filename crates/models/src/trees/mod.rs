//! Trees: boosted ones, histogram based and grown leaf by leaf, for classes, probabilities and numbers; and
//! averaged ones ([`Averaging`]), for classes and probabilities.
//!
//! Takes numbers, not tables: text and times are encoded before. Written as ONNX by
//! [`Forest::write_onnx`]; evaluating that is not done here but for tests ([`Forest::predict`]). Why not a
//! crate that is there: `docs/decisions/trees.md`.
//!
//! *Source* Friedman 2001 (gradient boosting); Chen and Guestrin 2016 (second-order gain); Ke et al. 2017
//! (histograms, leaf-wise growth: LightGBM, whose parameter names are used here).
//! *Checked against* LightGBM on the same splits and settings: `benches/trees`.
//!
//! Invariant: a row takes the same path through a tree in training, in [`Tree::value`] and in the written
//! graph, and the result does not depend on the number of threads.
//!
//! ```
//! use models::trees::{Matrix, Objective, Params, Part, fit};
//!
//! let age: Vec<f32> = (0..100).map(|i| i as f32).collect();
//! let bought: Vec<f64> = (0..100).map(|i| if i < 40 { 0.1 } else { 0.8 }).collect();
//! let matrix = Matrix::from_columns(vec![age])?;
//! let train = Part { matrix: &matrix, target: &bought, weight: None };
//! let forest = fit(train, None, Objective::Logistic, &Params::default(), 7, &mut |_| true)?;
//! assert!((forest.predict(&matrix)[0] - 0.1).abs() < 0.01);
//! # Ok::<(), models::trees::TreesError>(())
//! ```

mod bagged;
mod binned;
mod bins;
mod boost;
mod draw;
mod error;
mod forest;
mod grow;
mod halve;
mod histogram;
mod matrix;
mod objective;
mod onnx;
mod params;
mod split;
mod sum;
mod watch;

pub use bagged::{Averaging, Bagged};
pub use boost::{Part, fit};
pub use error::TreesError;
pub use forest::{Forest, Node, Tree};
pub use matrix::{MAX_ROWS, Matrix};
pub use objective::{Objective, one_hot};
pub use onnx::Written;
pub use params::Params;
