//! `[release]`: how a challenger that passed the gate meets real traffic, step by step.

use super::Span;
use crate::time::{DAY, HOUR};
use serde::{Deserialize, Serialize};

/// What to do with a challenger that passed against a baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OverBaseline {
    /// It ships: there is little to protect.
    AtOnce,
    /// It goes through the steps like any other.
    Steps,
}

/// What the arms are compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Goal {
    /// The model's loss: for answers that do not change what turns out to be true.
    Loss,
    /// What turns out to be true itself: for answers that are meant to change it.
    Outcome,
}

/// Which answers are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compare {
    /// Both versions' on the same row: for answers that do not change what turns out to be true.
    Paired,
    /// Those of one arm with those of the other: for answers that do.
    Arms,
}

/// How the bounds pay for being looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Peek {
    /// They hold at every moment, for ever.
    Any,
    /// They hold at every moment up to the planned number of units, where the experiment ends: more power.
    Planned,
}

/// `[release]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Release {
    /// Among `shadow`, `canary`, `ab`, in this order; none ships at once.
    pub steps: Vec<String>,
    /// What to do with a challenger that passed against a baseline.
    pub over_baseline: OverBaseline,
    /// The shares of units that see the challenger, step by step; the A/B stands at a half.
    pub ramp: Vec<f64>,
    /// The share of units that still sees the version before, for one label window after the promotion.
    pub hold_back: f64,
    /// The column that names the unit of a row, where the request does not.
    pub unit: Option<String>,
    /// What the arms are compared by.
    pub goal: Goal,
    /// Which answers are compared.
    pub compare: Compare,
    /// The class that counts as a success, where the goal is the outcome of a classification.
    pub success: Option<String>,
    /// How the bounds pay for being looked at.
    pub peek: Peek,
    /// The chance taken of promoting a challenger that is not better.
    pub alpha: f64,
    /// The chance wanted of promoting one that is better by `effect`.
    pub power: f64,
    /// The smallest gain that matters.
    pub effect: Option<f64>,
    /// Units at which a comparison that has shown nothing ends.
    pub most_units: Option<u64>,
    /// How long after an answer its outcome may still come.
    pub label_window: Option<Span>,
    /// The fewest units of the challenger in each phase.
    pub min_units: u64,
    /// The least time in each phase.
    pub min_time: Span,
    /// The least time in the phase before the half.
    pub before_half: Span,
    /// The least time at the half.
    pub ab_time: Span,
    /// How much more often than control the challenger may fail.
    pub errors: f64,
    /// How much more often than control the challenger may be slower than `slo`.
    pub slow: f64,
    /// What counts as slow; the deadline where not given.
    pub slo: Option<Span>,
    /// The chance taken of stopping a harmless challenger, for each guardrail.
    pub harm_alpha: f64,
    /// The chance taken of calling a sound experiment broken.
    pub srm_alpha: f64,
    /// Shadow answers under way at once; one more is left out and counted.
    pub shadow_permits: usize,
}

impl Default for Release {
    fn default() -> Self {
        Release {
            steps: Vec::new(),
            over_baseline: OverBaseline::AtOnce,
            ramp: vec![0.01, 0.05, 0.2, 0.5],
            hold_back: 0.05,
            unit: None,
            goal: Goal::Loss,
            compare: Compare::Paired,
            success: None,
            peek: Peek::Any,
            alpha: 0.05,
            power: 0.9,
            effect: None,
            most_units: None,
            label_window: None,
            min_units: 1_000,
            min_time: Span(HOUR),
            before_half: Span(DAY),
            ab_time: Span(7 * DAY),
            errors: 0.01,
            slow: 0.01,
            slo: None,
            harm_alpha: 0.01,
            srm_alpha: 0.001,
            shadow_permits: 8,
        }
    }
}

impl Release {
    /// How long after an answer its outcome may still come; at once where the plan does not say. The plan's
    /// `retrain.label_delay` is filled in when a plan is read.
    pub fn label_window(&self) -> Span {
        self.label_window.unwrap_or(Span(0))
    }

    /// Units at which a comparison that has shown nothing ends: the plan's, or what was planned; twice that where
    /// the bounds hold for ever, since waiting longer may still pay there.
    pub fn most_units(&self, planned: u64) -> u64 {
        self.most_units.unwrap_or(match self.peek {
            Peek::Any => planned.saturating_mul(2),
            Peek::Planned => planned,
        })
    }
}
