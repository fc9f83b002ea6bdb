//! The zoo: many kinds of models for classes, each a recipe of features and a learner, each one ONNX graph.
//!
//! For ensembles and their students; the trainers of a plan are elsewhere. Members take hard or soft labels and row
//! weights, and answer probabilities. Engineered features are part of the graph: what neighbours say is measured there,
//! against the training rows that it carries. t-SNE is not among them: it places the rows that it was fitted to
//! and knows no place for a new one, so it cannot be served.
//!
//! Invariant: a member's graph answers what the member answered in training, to single precision; and no training row's
//! features were made from its own label.

mod bayes;
mod boost;
mod cells;
mod clusters;
mod forest;
mod learner;
mod linear;
mod member;
mod nearby;
mod nearest;
mod perceptron;
mod prep;
mod recipe;
mod scale;
mod space;

pub use crate::neural::Perceptron;
pub use learner::Learner;
pub use member::{Learned, Member};
pub use recipe::{Extra, Inputs, Recipe, Space, Transform};

pub(crate) use learner::{Head, Job, normalised};
pub(crate) use member::Bench;
pub(crate) use prep::Prep;
pub(crate) use scale::{Scale, Zeros};
pub(crate) use space::points_of;

#[cfg(test)]
mod tests;
