//! People answer what the model doubts: rows are drawn out of the journal with known chances, people label them, and
//! their labels go back into the journal as outcomes.
//!
//! Not here: the rules (`domain::review`), the page (`server::review`), or training on the labels. Invariant: every item
//! carries the chance with which it was drawn, and an answer is on the disk before it counts.

mod certify;
pub mod desk;
mod draw;
pub mod exchange;
pub mod ledger;
mod line;
mod loss;
mod marks;
mod novelty;

pub use certify::certify;
pub use desk::{Desk, DeskError, file};
pub use draw::draw;
pub use ledger::{Item, Refused};
pub use line::{Asked, Round};
pub use loss::{LiveLoss, live_loss};
pub use novelty::novelty;

use domain::PredictionId;
use domain::review::Why;

/// A label that counts, and how its row came to people.
#[derive(Debug, Clone, PartialEq)]
pub struct Reviewed {
    /// Which prediction.
    pub prediction: PredictionId,
    /// The class.
    pub label: String,
    /// Why it was drawn. Audit rows are held out of training: they measure.
    pub why: Why,
    /// The chance with which it was drawn, above 0: its weight in training is one over it, and at most 20.
    pub chance: f64,
}

/// Every label that people agree on, in the order of the queue; without gold, whose label came from elsewhere.
pub fn reviewed(desk: &Desk) -> Vec<Reviewed> {
    let of = |item: Item| {
        let label = item.label()?.to_owned();
        let (why, chance) = (item.asked.why, item.asked.chance);
        (why != Why::Gold).then_some(Reviewed { prediction: item.prediction, label, why, chance })
    };
    desk.items().into_iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests;
