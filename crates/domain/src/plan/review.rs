//! `[review]`: which answers the model gives alone, and how many of the others people look at.

use super::Span;
use crate::time::SECOND;
use serde::{Deserialize, Serialize};

/// `[review]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Review {
    /// The largest share of wrong ones among the answers that are given alone; `None` defers nothing.
    pub error: Option<f64>,
    /// The chance taken that it is larger all the same.
    pub delta: f64,
    /// Items that people can look at in a day of the rows' own clock; 0 asks nobody.
    pub daily: u64,
    /// The share of them for answers that were not given alone.
    pub mandatory: f64,
    /// The share of them for rows drawn alike from all, which are never trained on.
    pub audit: f64,
    /// The share of them for rows unlike the others.
    pub novelty: f64,
    /// The least chance with which any row is drawn.
    pub floor: f64,
    /// The share of items that two people label.
    pub double: f64,
    /// The share of items whose answer is known.
    pub gold: f64,
    /// How long an item is one person's.
    pub lease: Span,
}

impl Default for Review {
    fn default() -> Self {
        Review {
            error: None,
            delta: 0.05,
            daily: 200,
            mandatory: 0.7,
            audit: 0.2,
            novelty: 0.1,
            floor: 0.02,
            double: 0.1,
            gold: 0.03,
            lease: Span(600 * SECOND),
        }
    }
}
