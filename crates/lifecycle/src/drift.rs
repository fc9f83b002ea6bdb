//! What moved between two sets of rows: column by column, all together, and what is broken in them.
//!
//! The same functions compare files, tables and the journal's sketches: each becomes [`Profile`]s first. Not here:
//! what a move means for the model ([`crate::diagnose`]), or the rule that says what counts ([`domain::drift`]).

mod column;
mod course;
mod dating;
mod encoded;
mod faults;
mod files;
mod likeness;
mod onset;
mod picture;
mod profile;
mod together;

pub(crate) use column::sort;
pub use column::{Compared, compare};
pub use course::{Course, Over, Shift, Window, over_time};
pub(crate) use dating::square_error;
pub use dating::{Dated, date};
pub use faults::{Pair, dated, faults, repeated};
pub use files::{Asked, between_files};
pub use onset::onset;
pub use picture::Picture;
pub use profile::{Profile, Shape};

pub(crate) use encoded::Encoded;
pub(crate) use together::{Together, together};

use domain::Timestamp;
use domain::diagnosis::DataFault;
use domain::drift::{DriftRules, ToldApart, WORTH_A_WORD};

/// One of the two sets of rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Side {
    /// What it is: a file's name, or `live`.
    pub name: String,
    /// How many rows.
    pub rows: u64,
    /// Their first instant, where they have a time.
    pub from: Option<Timestamp>,
    /// Their last instant.
    pub to: Option<Timestamp>,
}

/// Everything that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// What counts as moved.
    pub rules: DriftRules,
    /// What is compared with.
    pub reference: Side,
    /// What is compared.
    pub current: Side,
    /// The columns that both have, by rank.
    pub columns: Vec<Compared>,
    /// Columns that stand on one side only, or could not be compared, with the reason.
    pub left_out: Vec<(String, String)>,
    /// What is broken.
    pub faults: Vec<DataFault>,
    /// Whether all columns together moved; absent where it was not asked.
    pub told_apart: Option<ToldApart>,
}

impl Comparison {
    /// The columns that moved.
    pub fn moved(&self) -> impl Iterator<Item = &Compared> {
        self.columns.iter().filter(|c| c.drift.moved)
    }

    /// Whether nothing moved and nothing is broken.
    pub fn quiet(&self) -> bool {
        let together = |t: &ToldApart| t.auc.value >= WORTH_A_WORD && t.auc.low > 0.5;
        self.moved().next().is_none()
            && self.faults.is_empty()
            && self.left_out.is_empty()
            && !self.told_apart.as_ref().is_some_and(together)
    }
}
