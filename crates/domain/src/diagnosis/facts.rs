//! What a diagnosis is given: the outcome of each check, in a form that an event can hold.

use crate::drift::{ColumnDrift, ToldApart};
use crate::gate::Estimate;
use crate::model::VersionId;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Everything that the rule is given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// The version that serves.
    pub version: VersionId,
    /// The first instant of the live rows that were looked at.
    pub from: Timestamp,
    /// The last one.
    pub to: Timestamp,
    /// How many they are.
    pub rows: u64,
    /// How many columns the version takes.
    pub columns: u64,
    /// The kept rows, answered again by the kept bytes.
    pub golden: Exact,
    /// Logged answers beside what the version answers to the logged rows.
    pub answers: Exact,
    /// How logged answers are wrong, where they are.
    pub answer_fault: Option<AnswerFault>,
    /// What the model must not do and does.
    pub misbehaviour: Vec<Misbehaviour>,
    /// Logged inputs beside those that the training transform computes; absent where there is no transform.
    pub replay: Option<Replay>,
    /// What is wrong with the rows as they came.
    pub faults: Vec<DataFault>,
    /// The columns that moved, by rank.
    pub moved: Vec<ColumnDrift>,
    /// Whether all columns together moved; absent where there were too few rows to tell.
    pub told_apart: Option<ToldApart>,
    /// The loss, then and now; absent where too few outcomes are known.
    pub loss: Option<Loss>,
    /// How outcomes come in.
    pub labels: Labels,
    /// What the business counts; absent where nobody said.
    pub kpi: Option<Change>,
}

/// An exact comparison of some rows.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Exact {
    /// How many were compared.
    pub rows: u64,
    /// How many differ by more than rounding.
    pub wrong: u64,
    /// The largest difference, relative to the larger of 1 and the number expected.
    pub worst: f64,
}

/// How logged answers are wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum AnswerFault {
    /// They are another version's.
    OtherVersion {
        /// Whose.
        version: VersionId,
    },
    /// The numbers of an answer stand in other places.
    Permuted {
        /// At each place, the place where its number should stand.
        places: Vec<usize>,
    },
    /// They belong to the rows before or behind.
    Shifted {
        /// By so many rows.
        rows: i64,
    },
    /// They are rounded.
    Rounded {
        /// To so many decimals.
        decimals: u32,
    },
    /// All are alike.
    Constant,
    /// In no way that has a name.
    Other,
}

/// What a model must not do and does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Misbehaviour {
    /// The same rows are answered differently when asked again.
    Unsteady {
        /// How many of them.
        rows: u64,
    },
    /// A row is answered differently in other company, or in another order.
    Company {
        /// How many of them.
        rows: u64,
    },
    /// The answer falls where it must not, or rises.
    Against {
        /// The column.
        column: String,
        /// The share of rows.
        share: f64,
    },
}

/// Logged inputs beside recomputed ones.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Replay {
    /// How many rows were recomputed.
    pub rows: u64,
    /// The columns that differ, the most rows first.
    pub columns: Vec<Mismatch>,
}

/// A column that serving computes differently.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mismatch {
    /// The column.
    pub column: String,
    /// The share of rows that differ.
    pub share: f64,
    /// How.
    pub fingerprint: Fingerprint,
    /// The first row that differs: as logged, and as recomputed.
    pub example: (String, String),
}

/// The mark that a known mistake leaves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Fingerprint {
    /// A constant ratio: another unit.
    Ratio {
        /// Logged over recomputed.
        by: f64,
    },
    /// A constant offset.
    Offset {
        /// Logged minus recomputed.
        by: f64,
    },
    /// Whole hours apart: another time zone.
    Zone {
        /// Logged minus recomputed.
        hours: f64,
    },
    /// It holds another column's values.
    Swapped {
        /// Whose.
        with: String,
    },
    /// One value stands where there are several, or none.
    Default {
        /// Which.
        value: String,
    },
    /// Values that training never saw.
    Vocabulary {
        /// One of them.
        example: String,
    },
    /// Digits were lost.
    Rounded,
    /// It equals the value of an earlier row of the same entity: served from a store that was not renewed.
    Earlier,
    /// It equals the value of a later row of the same entity: training looks into the future.
    Later,
    /// None of these.
    Other,
}

/// What is wrong with a column, or with the rows, as they came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DataFault {
    /// The column; empty where it is about whole rows.
    pub column: String,
    /// What.
    pub kind: FaultKind,
    /// The share of rows it was true of before.
    pub before: f64,
    /// The share of rows it is true of now.
    pub now: f64,
    /// When it began.
    pub since: Option<Timestamp>,
    /// Whether it began at once.
    pub step: bool,
}

/// The kinds of fault in data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum FaultKind {
    /// Cells are missing.
    Missing,
    /// Categories that the reference does not have.
    Unseen {
        /// The most frequent.
        example: String,
    },
    /// Numbers outside the reference's range.
    OutOfRange {
        /// The most frequent, or the first.
        example: f64,
    },
    /// One number stands very often.
    Spike {
        /// Which.
        value: f64,
    },
    /// All cells are alike where they were not.
    Frozen {
        /// The value.
        value: String,
    },
    /// Rows that repeat others.
    Repeated,
    /// The column holds what another one held.
    Swapped {
        /// The other.
        with: String,
    },
    /// The numbers are those of before, times this.
    Scaled {
        /// The factor.
        by: f64,
    },
    /// Nothing was asked for too long.
    Silent {
        /// For so many hours.
        hours: f64,
    },
    /// The column is of another kind.
    Kind {
        /// What it was.
        expected: String,
        /// What it is.
        found: String,
    },
}

/// The loss, promised and live, and where the difference comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Loss {
    /// The primary metric's loss.
    pub metric: String,
    /// On rows that the version never saw, before it served.
    pub reference: Estimate,
    /// On live rows whose outcome is known.
    pub live: Estimate,
    /// Live minus reference, with a 99% interval.
    pub worse: Estimate,
    /// The part that comes of other inputs: the reference's relation on live inputs.
    pub inputs: Estimate,
    /// The part that comes of other outcomes on the same inputs.
    pub relation: Estimate,
    /// The share of live rows that are like none of the reference.
    pub unseen: f64,
    /// How much worse is harm.
    pub tolerance: f64,
    /// When it became worse, where there is such a moment.
    pub since: Option<Timestamp>,
    /// Whether it was as bad in the first part of the deployment.
    pub from_start: bool,
    /// When the always-valid alarm on harm went off.
    pub alarmed: Option<Timestamp>,
}

/// How outcomes come in.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Labels {
    /// Live rows whose outcome is known.
    pub known: u64,
    /// How many are needed to see harm, where there are too few.
    pub missing: Option<u64>,
    /// The share of rows of sufficient age whose outcome is known, before and now.
    pub arrival: Option<Change>,
    /// The share of rows with several labels on which they agree, before and now.
    pub agreement: Option<Change>,
}

/// A number before and now.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Before.
    pub before: f64,
    /// Now.
    pub now: f64,
    /// The p-value of no change.
    pub p: f64,
    /// When it changed, where there is such a moment.
    pub since: Option<Timestamp>,
}

impl Loss {
    /// Whether the live loss is shown to be worse, by more than the tolerance.
    pub fn harm(&self) -> bool {
        self.worse.low > 0.0 && self.worse.value > self.tolerance
    }
}

impl Exact {
    /// Whether any row is wrong.
    pub fn broken(&self) -> bool {
        self.wrong > 0
    }
}
