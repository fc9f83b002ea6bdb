//! Forecasts of series: the simple methods that come before any model, windows of a series as rows, and trainers
//! whose graphs take a window and answer a path.
//!
//! Methods ([`Method`]) work on one whole history and fit their parameters to it, as competitions do. Trainers
//! ([`baselines`], [`Lags`], [`LagTrees`]) fit once on many windows and are written as ONNX. Invariant: a method
//! never sees a value at or after its first forecast step.

pub mod competition;
pub mod ets;
mod graph;
mod lag_features;
mod lags;
mod method;
mod search;
pub mod season;
mod serve;
pub mod simple;
pub mod smoothing;
pub mod theta;
mod window;

pub use lags::{LagTrees, Lags};
pub use method::{Method, MethodError, methods};
pub use serve::{Servable, baselines};
pub use window::{Cut, FrameError, HISTORY, ORIGIN, SERIES, frame};
