//! What stands in the file of people's labels: which rows they are of, then one line an answer.

use crate::book;
use serde::{Deserialize, Serialize};

/// The first line: what the items are numbers of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The form of the lines.
    pub version: u32,
    /// The hash of the rows whose places are the items.
    pub rows: String,
}

/// What somebody did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "did", rename_all = "snake_case")]
pub enum Line {
    /// Gave an item a label.
    Label {
        /// When.
        at: String,
        /// Who.
        worker: String,
        /// Which item.
        item: u64,
        /// The class.
        label: String,
    },
    /// Passed an item on.
    Skip {
        /// When.
        at: String,
        /// Who.
        worker: String,
        /// Which item.
        item: u64,
    },
    /// Took their last answer back.
    Undo {
        /// When.
        at: String,
        /// Who.
        worker: String,
    },
}

impl book::Head for Head {
    const WRITER: &'static str = "labelling page";
    const OTHER: &'static str = "these labels are of other test rows than the plan has now";
    const HINT: &'static str =
        "the data or the split has changed since; move the file away to label the new rows";
}
