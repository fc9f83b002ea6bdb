//! Small neural networks, trained on the CPU in plain Rust: `cnn` for pictures, `mlp` for tables.
//!
//! Not a framework: the few layers that these two need, each with its gradient. Invariant: equal seeds give equal
//! bytes on any number of threads, since a minibatch is cut into pieces of a fixed size, whose gradients are summed
//! in their order.
//!
//! *What it answers*: the probability of each class, or a number. *Assumptions*: rows are independent and served
//! rows are like those of training. *When it misleads*: far from what it was trained on it is as sure as ever; on
//! few rows it learns them by heart, and trees are better on most tables. *Source*: LeCun et al. 1998 for the
//! layers; Kingma and Ba 2015, Loshchilov and Hutter 2019 for the steps; Smith and Topin 2018 for their size.
//! *Checked against*: finite differences, layer by layer, and onnxruntime on the graphs that are written.

mod adam;
mod calibrate;
mod cnn;
mod conv;
mod dense;
mod loss;
mod mlp;
mod network;
mod perceptron;
mod pictures;
mod pool;
mod product;
mod thin;
mod train;
mod write;

pub use cnn::Cnn;
pub(crate) use cnn::Told;
pub(crate) use loss::Heat;
pub use mlp::Mlp;
pub use perceptron::Perceptron;
pub(crate) use perceptron::{Flat, Trained};

#[cfg(test)]
mod tests;
