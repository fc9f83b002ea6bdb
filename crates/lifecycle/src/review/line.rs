//! What stands in the file of a review: what was drawn, who was given what, and what they said of it.

use crate::book;
use domain::review::{Chances, Draw, Drawn, Why};
use domain::{PredictionId, Timestamp};
use serde::{Deserialize, Serialize};

/// The first line: what people tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    /// The form of the lines.
    pub version: u32,
    /// The column that people tell.
    pub target: String,
}

/// One draw: from which predictions, with which chances, and which rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Round {
    /// When it was drawn.
    pub at: Timestamp,
    /// Predictions answered from here on, inclusive...
    pub from: Timestamp,
    /// ...until here, exclusive, were its rows.
    pub to: Timestamp,
    /// The latest moment that any of them speaks of, by the rows' own clock.
    pub clock: Timestamp,
    /// How many they were.
    pub rows: u64,
    /// The salt of its coins.
    pub salt: String,
    /// The chance of every row.
    pub audit: f64,
    /// For each unit of the chance of a mistake.
    pub mandatory: f64,
    /// For each unit of novelty.
    pub novelty: f64,
    /// Items a day that would keep the plan's floor, where those it has do not.
    pub short: Option<u64>,
    /// What was drawn, in the order of the queue.
    pub items: Vec<Asked>,
}

/// One row that was drawn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    /// Which prediction, in hex digits.
    pub prediction: String,
    /// Why.
    pub why: Why,
    /// The chance with which it was drawn.
    pub chance: f64,
    /// Its place in the queue.
    pub turn: f64,
    /// How many people should label it.
    pub needs: usize,
    /// What is known to be true, of gold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truth: Option<String>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "did", rename_all = "snake_case")]
pub(crate) enum Line {
    /// Rows were drawn.
    Draw(Round),
    /// Items were given to somebody, for as long as they may keep them.
    Claim { at: Timestamp, until: Timestamp, worker: String, items: Vec<String> },
    /// Somebody gave an item a label.
    Label { at: Timestamp, worker: String, item: String, label: String },
    /// Somebody passed an item on.
    Skip { at: Timestamp, worker: String, item: String },
    /// Somebody took their last answer back.
    Undo { at: Timestamp, worker: String },
    /// An item's label went into the journal, and counts.
    Noted { at: Timestamp, item: String, label: String },
}

impl book::Head for Head {
    const WRITER: &'static str = "server or import";
    const OTHER: &'static str = "these answers are of another target than the plan has now";
    const HINT: &'static str = "move the file away to review the new target";
}

impl Round {
    /// What a draw came to.
    pub(crate) fn new(drawn: &Draw, salt: String, window: (Timestamp, Timestamp), clock: Timestamp) -> Round {
        let Chances { audit, mandatory, novelty } = drawn.chances;
        let (from, to) = window;
        let items = drawn.items.iter().map(Asked::from).collect();
        let short = drawn.short;
        Round { at: to, from, to, clock, rows: 0, salt, audit, mandatory, novelty, short, items }
    }
}

impl From<&Drawn> for Asked {
    fn from(drawn: &Drawn) -> Asked {
        Asked {
            prediction: drawn.prediction.to_string(),
            why: drawn.why,
            chance: drawn.chance,
            turn: drawn.turn,
            needs: drawn.needs,
            truth: drawn.truth.clone(),
        }
    }
}

impl Asked {
    /// Which prediction; `None` where the file was written by something else.
    pub fn id(&self) -> Option<PredictionId> {
        PredictionId::parse(&self.prediction)
    }
}
