//! The gate: whether a challenger takes the incumbent's place, from facts alone.

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

/// Everything the gate is given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// Who wants in.
    pub challenger: VersionId,
    /// Who serves.
    pub incumbent: VersionId,
}

/// What the gate says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum Verdict {
    /// Ship it.
    Pass,
    /// Do not.
    Fail,
    /// Not enough evidence either way.
    Inconclusive,
}
