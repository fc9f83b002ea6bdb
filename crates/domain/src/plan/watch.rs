//! `[watch]`: what is looked for while a model serves, and who is told.

use super::Span;
use crate::time::{DAY, HOUR};
use serde::{Deserialize, Serialize};

/// `[watch]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Watch {
    /// How often live traffic is looked at, by the rows' own clock; `0s` is never.
    pub every: Span,
    /// How far back the rows go that are compared with the reference.
    pub window: Span,
    /// How far a column's distribution must have moved to count, on a scale from 0 to 1.
    pub effect: f64,
    /// The share of false ones among the columns that are said to have moved.
    pub alpha: f64,
    /// The out-of-fold AUC at which reference and live rows are told apart.
    pub told_apart: f64,
    /// How much worse than promised is harm, in units of the primary loss.
    pub tolerance: Option<f64>,
    /// The chance taken of an alarm on harm where there is none, over the life of a deployment.
    pub delta: f64,
    /// How long nothing may be asked before that is a fault; `0s` is for ever.
    pub fresh: Span,
    /// How many logged rows are answered and recomputed again.
    pub replay_rows: usize,
    /// The training transform: a program that recomputes the model's inputs of logged rows.
    pub transform: Vec<String>,
    /// Columns with which the answer must not fall.
    pub rising: Vec<String>,
    /// Columns with which the answer must not rise.
    pub falling: Vec<String>,
    /// The address that is sent every alarm as JSON.
    pub webhook: Option<String>,
}

impl Default for Watch {
    fn default() -> Self {
        Watch {
            every: Span(HOUR),
            window: Span(7 * DAY),
            effect: 0.1,
            alpha: 0.01,
            told_apart: 0.65,
            tolerance: None,
            delta: 0.05,
            fresh: Span(0),
            replay_rows: 2000,
            transform: Vec::new(),
            rising: Vec::new(),
            falling: Vec::new(),
            webhook: None,
        }
    }
}
