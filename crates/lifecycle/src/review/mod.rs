//! People answer what the model doubts: rows are drawn out of the journal with known chances, people label them, and
//! their labels go back into the journal as outcomes.
//!
//! Not here: the rules (`domain::review`), the page (`server::review`), or training on the labels (`retrain`). Invariant: every item
//! carries the chance with which it was drawn, and an answer is on the disk before it counts.

mod certify;
pub mod desk;
mod draw;
pub mod exchange;
pub mod ledger;
mod lessons;
mod line;
mod loss;
mod marks;
mod novelty;
mod register;

pub use crate::refused::{DeskError, Refused};
pub use certify::certify;
pub use desk::{Desk, file};
pub use draw::draw;
pub use ledger::Item;
pub(crate) use lessons::keep;
pub use lessons::{Lesson, learners, lessons};
pub use line::{Asked, Round};
pub use loss::{LiveLoss, live_loss};
pub use novelty::novelty;
pub use register::{Draw, Register, item};

#[cfg(test)]
mod tests;
