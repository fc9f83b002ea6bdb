//! `[retrain]`: when the model is renewed, and what that and its ageing cost.

use super::Span;
use serde::{Deserialize, Serialize};

/// Which cadence holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CadenceSource {
    /// `retrain.every`.
    Plan,
    /// The one that costs least by how the model was measured to age; `retrain.every` until that is known.
    Measured,
}

/// `[retrain]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retrain {
    /// How often to train a challenger on newer rows; `0s` is never.
    pub every: Span,
    /// Whether `every` holds, or what was measured.
    pub cadence: CadenceSource,
    /// How far back training rows go; `0s` is all the way.
    pub window: Span,
    /// How long an outcome takes to become known.
    pub label_delay: Span,
    /// Whether to retrain when a diagnosis says covariate shift or concept drift.
    pub on_alarm: bool,
    /// How many labelled rows since the last retrain trigger the next; 0 for none.
    pub on_labels: u64,
    /// The most retrains within 30 days, unless a person asks; 0 for no bound.
    pub budget: u64,
    /// What a retrain costs, in any money.
    pub cost: Option<f64>,
    /// What one unit of the row loss costs a day, in the same money.
    pub loss_cost: Option<f64>,
}

impl Default for Retrain {
    fn default() -> Self {
        Retrain {
            every: Span(0),
            cadence: CadenceSource::Plan,
            window: Span(0),
            label_delay: Span(0),
            on_alarm: true,
            on_labels: 0,
            budget: 0,
            cost: None,
            loss_cost: None,
        }
    }
}
