//! Which predictions were drawn for people, why and with which chance: what decides the role of their labels.
//!
//! Read off the review's file, which a server may be writing to meanwhile; not what people said, which stands in the
//! journal once it counts. Invariant: an item's draw never changes, so a reading that is a little old is not wrong.

use super::desk::head;
use super::file;
use super::ledger::{Item, Ledger};
use super::line::{Line, Round};
use crate::book::Book;
use crate::{Project, StageError};
use domain::review::{Role, Why, role};
use domain::{Outcome, PredictionId, Source};
use std::collections::HashMap;

/// How one prediction came to people.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Draw {
    /// Why.
    pub why: Why,
    /// The chance with which it was drawn, above 0.
    pub chance: f64,
    /// In which round, from 0.
    pub round: usize,
}

/// Every prediction that was drawn.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Register(HashMap<PredictionId, Draw>);

impl Register {
    /// The register of a project; empty where nothing was drawn yet.
    pub fn read(project: &Project) -> Result<Register, StageError> {
        let ledger = ledger(project, |line| matches!(line, Line::Draw(_)))?;
        let of = |item: Item| {
            let draw = Draw { why: item.asked.why, chance: item.asked.chance, round: item.round };
            (item.prediction, draw)
        };
        Ok(ledger.items.into_iter().map(of).collect())
    }

    /// How a prediction was drawn; `None` where it was not.
    pub fn draw(&self, prediction: PredictionId) -> Option<Draw> {
        self.0.get(&prediction).copied()
    }

    /// What a label of a prediction may do, by who gave it.
    pub fn role(&self, prediction: PredictionId, source: Source) -> Role {
        role(source, self.draw(prediction).map(|draw| (draw.why, draw.chance)))
    }

    /// Leaves only outcomes that a version may be judged by.
    pub fn keep_judging(&self, outcomes: &mut Vec<Outcome>) {
        outcomes.retain(|outcome| self.role(outcome.prediction, outcome.source).judges);
    }
}

/// What became of a prediction among people, and the draw that brought it there; `None` where it was not drawn.
pub fn item(project: &Project, prediction: PredictionId) -> Result<Option<(Item, Round)>, StageError> {
    let mut ledger = ledger(project, |_| true)?;
    let found = ledger.items.iter().position(|item| item.prediction == prediction);
    Ok(found.map(|place| {
        let item = ledger.items.swap_remove(place);
        let round = ledger.rounds.swap_remove(item.round);
        (item, round)
    }))
}

fn ledger(project: &Project, reads: impl Fn(&Line) -> bool) -> Result<Ledger, StageError> {
    let lines: Vec<Line> = Book::read(&file(&project.state()), &head(project))?;
    let mut ledger = Ledger::default();
    lines.iter().filter(|line| reads(line)).for_each(|line| ledger.apply(line));
    Ok(ledger)
}

impl FromIterator<(PredictionId, Draw)> for Register {
    fn from_iter<T: IntoIterator<Item = (PredictionId, Draw)>>(draws: T) -> Register {
        Register(draws.into_iter().collect())
    }
}
