//! What the gate is given: measured comparisons, in a form that an event can hold.

use crate::model::VersionId;
use serde::{Deserialize, Serialize};

/// A number with its interval: never one without the other.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The point.
    pub value: f64,
    /// The lower end of the 95% interval.
    pub low: f64,
    /// The upper end of the 95% interval.
    pub high: f64,
    /// On how many rows.
    pub rows: u64,
}

impl From<stats::Estimate> for Estimate {
    fn from(e: stats::Estimate) -> Estimate {
        Estimate { value: e.value, low: e.low, high: e.high, rows: e.rows }
    }
}

/// Everything the gate is given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// Who wants in.
    pub challenger: VersionId,
    /// Who serves.
    pub incumbent: VersionId,
    /// The simplest thing that answers.
    pub baseline: VersionId,
    /// The hash of the rows that all were compared on.
    pub data: String,
    /// Whether every one of these rows is later than all that either version was trained on.
    pub time_forward: bool,
    /// How many rows.
    pub rows: u64,
    /// Whether challenger and incumbent answer alike on every row.
    pub identical: bool,
    /// How much worse or better is too little to matter, in units of the primary loss.
    pub margin: Margin,
    /// The primary metric against the incumbent.
    pub primary: Comparison,
    /// The primary metric against the baseline; absent where the baseline is the incumbent.
    pub against_baseline: Option<Comparison>,
    /// Metrics that may not get worse.
    pub guardrails: Vec<Comparison>,
    /// Parts of the rows, declared and found.
    pub slices: Vec<SliceFact>,
    /// Signs that the rows tell the answer.
    pub leaks: Vec<Leak>,
    /// The evidence spent so far.
    pub ledger: Ledger,
    /// What it costs to serve, for each thing that the plan bounds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub costs: Vec<Cost>,
}

/// What the plan's budget bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resource {
    /// What 99 of 100 requests stay below, in microseconds.
    P99,
    /// The bytes of the model.
    Size,
    /// The bytes that a server with this model alone takes.
    Memory,
}

/// What serving the challenger costs, and what it may.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// Of what.
    pub resource: Resource,
    /// What was measured, on how many requests; `None` where nobody could measure it.
    pub found: Option<Estimate>,
    /// The most that the plan allows.
    pub most: f64,
    /// How it was measured, in words; or why it was not.
    pub how: String,
}

/// The smallest difference that matters, and who says so.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Margin {
    /// In units of the primary loss; not negative.
    pub value: f64,
    /// Where it comes from, in words.
    pub from: String,
}

/// Challenger against another version on the same rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The metric, such as `log_loss`.
    pub metric: String,
    /// The test, such as `paired t` or `DeLong`.
    pub method: String,
    /// The other version's score.
    pub incumbent: Estimate,
    /// The challenger's score.
    pub challenger: Estimate,
    /// The paired gain: positive where the challenger is better, whatever the metric's direction.
    pub gain: Estimate,
    /// The standard error of the gain. Zero where every row agrees.
    pub se: f64,
    /// Degrees of freedom of the t distribution; `None` is normal.
    pub df: Option<f64>,
    /// The one-sided p-value of an exact test of superiority, where the metric has one.
    pub p_superior: Option<f64>,
    /// The standard deviation of one row's (or one cluster's) gain.
    pub sd: f64,
    /// How many independent pieces of evidence: rows, or clusters of them.
    pub units: u64,
    /// The share of rows on which the two answer differently.
    pub disagreement: f64,
    /// How much worse the challenger may be, in this metric's units.
    pub margin: f64,
}

/// Challenger against incumbent on a part of the rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SliceFact {
    /// Which part, such as `job=student`.
    pub slice: String,
    /// Whether the plan names it, or the search found it on the other half of the rows.
    pub declared: bool,
    /// The primary metric on this part.
    pub comparison: Comparison,
}

/// A sign that the rows tell the answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Leak {
    /// The check, such as `duplicate rows across splits`.
    pub check: String,
    /// The column or rows, with the numbers.
    pub found: String,
    /// Whether it blocks; otherwise it is only shown.
    pub blocks: bool,
}

/// The evidence spent over a model's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Ledger {
    /// Gate decisions taken before this one, each counted once.
    pub decisions: u64,
    /// How many of them passed.
    pub passed: u64,
    /// How often these very rows were asked before, by other challengers.
    pub queries: u64,
}
