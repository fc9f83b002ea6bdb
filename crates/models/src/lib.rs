//! Things that fit and predict, and the ONNX that they are written in.
//!
//! Every trainer ends in the bytes of an ONNX graph with the preprocessing inside; what predicts,
//! offline and in service, is always that graph. Bytes in, bytes out: no paths but in [`command`], no sockets.

pub mod artifact;
pub mod baseline;
pub mod boosted;
pub mod command;
pub mod conformance;
pub mod contract;
pub mod distill;
pub mod encode;
pub mod ensemble;
pub mod factors;
pub mod forecast;
pub mod import;
pub mod linear;
pub mod neural;
pub mod onnx;
mod simd;
mod split;
mod supervise;
pub mod text;
pub mod trees;
pub mod zoo;

pub use contract::{Artifact, Fit, FitError, Predict, PredictError, Seed};
