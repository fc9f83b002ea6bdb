//! `[distill]`: the big teacher, and how its students learn.

use serde::{Deserialize, Serialize};

/// A teacher that is ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// Three models and two judges: seconds.
    Tiny,
    /// Nine models and three judges: minutes.
    Small,
    /// Fifteen models and three judges: an hour or two.
    Medium,
    /// The 33 models and 8 engineered features that won the Otto challenge: hours.
    Otto,
}

impl Preset {
    /// As the plan spells it.
    pub fn word(self) -> &'static str {
        match self {
            Preset::Tiny => "tiny",
            Preset::Small => "small",
            Preset::Medium => "medium",
            Preset::Otto => "otto",
        }
    }
}

/// `[distill]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Distill {
    /// The teacher.
    pub preset: Preset,
    /// The share of training rows that no teacher sees: students are chosen on them.
    pub guard: f64,
    /// Bred rows for each training row, labelled by the teacher.
    pub bred: f64,
    /// The most live rows without an outcome, the latest, that the teacher labels for its students; 0 for none.
    pub live_rows: usize,
    /// How often a network looks at each row.
    pub epochs: usize,
    /// What int8 weights, or a narrower network, may cost a row; 0 tries neither.
    pub tolerance: f64,
}

impl Default for Distill {
    fn default() -> Self {
        Distill {
            preset: Preset::Small,
            guard: 0.1,
            bred: 1.0,
            live_rows: 20_000,
            epochs: 20,
            tolerance: 0.002,
        }
    }
}
