//! Ensembles: a first level of many models, a second over their answers, a blend; together one graph.
//!
//! A teacher, or a model to serve where there is time for it. Not the models, which are in [`crate::zoo`], nor what
//! is learned from a teacher, which is in [`crate::distill`]. Invariant: every answer that anything later learns from
//! was given by a model that never saw the row.

mod preset;
mod run;
mod second;
mod shelf;
mod stack;
mod write;

pub use preset::Preset;
pub(crate) use run::mark;
pub use second::Second;
pub use shelf::{Memory, Nothing, Shelf};
pub(crate) use stack::put;
pub use stack::{Scored, Stack, Stacked, Telling};

#[cfg(test)]
mod tests;
