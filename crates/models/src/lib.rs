//! Things that fit and predict, and the ONNX that they are written in.
//!
//! Every trainer ends in the bytes of an ONNX graph with the preprocessing inside; what predicts,
//! offline and in service, is always that graph. Bytes in, bytes out: no paths, no sockets.

pub mod artifact;
pub mod contract;
pub mod onnx;
pub mod trees;

pub use contract::{Artifact, Fit, FitError, Predict, PredictError, Seed};
