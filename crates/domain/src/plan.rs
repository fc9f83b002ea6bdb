//! The production plan that a project has before its first model: `incumbent.toml`.
//!
//! Every section has good defaults; a plan of five lines is a plan. Every key stands once in
//! [`fields::FIELDS`] with its kind, default and reason: unknown keys, ranges, `--explain` and the JSON
//! schema are all read off that one list. Not here: reading the file, or printing an error with its line.

mod budget;
mod data;
mod distill;
pub mod fields;
mod parse;
pub mod reference;
mod release;
mod retrain;
mod review;
pub mod schema;
mod watch;

pub use budget::Budget;
pub use data::{Data, Recommend, Shape};
pub use distill::{Distill, Preset};
pub use parse::PlanError;
pub use release::{Compare, Goal, OverBaseline, Peek, Release};
pub use retrain::{CadenceSource, Retrain};
pub use review::Review;
pub use watch::Watch;

use crate::model::Task;
use crate::time::{DAY, HOUR, SECOND};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The whole plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The model's name, as in `POST /v1/models/{name}:predict`.
    pub name: String,
    /// The kind of problem.
    pub task: Task,
    /// The table.
    pub data: Data,
    /// How a series is cut into rows; only for forecasting.
    #[serde(default)]
    pub forecast: Forecast,
    /// Who rates what; only for recommendation.
    #[serde(default)]
    pub recommend: Recommend,
    /// Which rows the gate judges on.
    #[serde(default)]
    pub split: Split,
    /// What better means.
    #[serde(default)]
    pub metric: Metric,
    /// What there is before any model.
    #[serde(default)]
    pub baseline: Baseline,
    /// How challengers are made.
    #[serde(default)]
    pub train: Train,
    /// What a challenger must show.
    #[serde(default)]
    pub gate: Gate,
    /// What a model may cost to serve.
    #[serde(default)]
    pub budget: Budget,
    /// The big teacher of a small student.
    #[serde(default)]
    pub distill: Distill,
    /// How answers are given.
    #[serde(default)]
    pub serve: Serve,
    /// How a challenger that passed the gate meets real traffic.
    #[serde(default)]
    pub release: Release,
    /// What is looked for while it serves.
    #[serde(default)]
    pub watch: Watch,
    /// Which answers people look at.
    #[serde(default)]
    pub review: Review,
    /// When the model is renewed.
    #[serde(default)]
    pub retrain: Retrain,
}

/// `[forecast]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Forecast {
    /// Steps in a season.
    pub season: usize,
    /// Steps ahead.
    pub horizon: usize,
    /// Past steps that a request brings along; 0 is four weeks' worth or 14 seasons, whichever is known.
    pub history: usize,
    /// Steps between the last known value and the first forecast one.
    pub gap: usize,
    /// Steps between two origins; 0 is the horizon.
    pub every: usize,
}

/// `[split]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Split {
    /// The share of rows that the gate judges on.
    pub test: f64,
    /// The time left out between training and test rows.
    pub gap: Span,
}

/// `[metric]`
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Metric {
    /// The metric that decides.
    pub primary: Option<String>,
    /// The metrics that may not get worse.
    pub guardrails: Option<Vec<String>>,
}

/// `[baseline]`
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Baseline {
    /// The column that holds the answer of the model in use today.
    pub previous: Option<String>,
    /// A table of people's answers: `item`, `worker`, `label`, and `truth` where it is known.
    pub people: Option<String>,
}

/// `[train]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Train {
    /// Embedded trainers, tried in order.
    pub trainers: Option<Vec<String>>,
    /// The plan's own trainer: a program and its arguments, no shell.
    pub command: Vec<String>,
    /// How long the command may take.
    pub time_limit: Span,
    /// Where all randomness starts.
    pub seed: u64,
}

/// What a challenger must show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GateMode {
    /// It is better.
    Superior,
    /// It is not worse by more than the margin: enough for what is cheaper, faster or fresher.
    NonInferior,
}

/// `[gate]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Gate {
    /// What a challenger must show.
    pub mode: GateMode,
    /// The chance taken of shipping one that is not better.
    pub alpha: f64,
    /// The chance wanted of shipping one that is better by the margin.
    pub power: f64,
    /// The smallest difference that matters, in units of the primary loss.
    pub margin: Option<f64>,
    /// The fewest rows that a verdict may rest on.
    pub min_rows: u64,
    /// Columns whose categories are watched one by one.
    pub slices: Vec<String>,
    /// How often fixed rows may be asked.
    pub holdout_queries: u64,
}

/// What to do when predictions come faster than they can be logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JournalPolicy {
    /// The caller waits, within the deadline.
    Wait,
    /// The prediction is answered, not logged, and counted.
    Drop,
}

/// `[serve]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Serve {
    /// Host and port.
    pub address: String,
    /// How long a request may take, fallbacks included.
    pub deadline: Span,
    /// How many requests may be under way at once.
    pub permits: usize,
    /// The largest request body, in MB.
    pub body_limit_mb: usize,
    /// What to do when the journal is behind.
    pub journal: JournalPolicy,
    /// The share of a row's columns that may be unlike the training data before a version is not asked.
    pub out_of_domain: f64,
}

/// A span of time, written `30d`, `12h`, `15m`, `10s` or `200ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Span(
    /// Microseconds; not negative.
    pub i64,
);

const UNITS: [(&str, i64); 5] =
    [("d", DAY), ("h", HOUR), ("m", 60 * SECOND), ("s", SECOND), ("ms", SECOND / 1000)];

impl Default for Forecast {
    fn default() -> Self {
        Forecast { season: 24, horizon: 24, history: 0, gap: 0, every: 0 }
    }
}

impl Default for Split {
    fn default() -> Self {
        Split { test: 0.2, gap: Span(0) }
    }
}

impl Default for Train {
    fn default() -> Self {
        Train { trainers: None, command: Vec::new(), time_limit: Span(HOUR), seed: 1 }
    }
}

impl Default for Gate {
    fn default() -> Self {
        Gate {
            mode: GateMode::Superior,
            alpha: 0.05,
            power: 0.8,
            margin: None,
            min_rows: 200,
            slices: Vec::new(),
            holdout_queries: 20,
        }
    }
}

impl Default for Serve {
    fn default() -> Self {
        Serve {
            address: "127.0.0.1:8085".into(),
            deadline: Span(200_000),
            permits: 64,
            body_limit_mb: 16,
            journal: JournalPolicy::Wait,
            out_of_domain: 0.05,
        }
    }
}

impl Plan {
    /// The metric that decides: the plan's, or the task's proper loss.
    pub fn primary(&self) -> &str {
        self.metric.primary.as_deref().unwrap_or(match self.task {
            Task::Classification => "log_loss",
            Task::Regression | Task::Forecasting => "mae",
        })
    }

    /// The metrics that may not get worse.
    pub fn guardrails(&self) -> Vec<String> {
        self.metric.guardrails.clone().unwrap_or_else(|| {
            let of = |names: &[&str]| names.iter().map(|n| n.to_string()).collect();
            match self.task {
                Task::Classification => of(&["accuracy"]),
                Task::Regression | Task::Forecasting => of(&["rmse"]),
            }
        })
    }

    /// The embedded trainers to try.
    pub fn trainers(&self) -> Vec<String> {
        let own = !self.train.command.is_empty();
        self.train.trainers.clone().unwrap_or_else(|| match self.task {
            _ if own => Vec::new(),
            Task::Regression if self.recommend.pair().is_some() => vec!["factors".into()],
            Task::Classification if self.data.image.is_some() => vec!["cnn".into()],
            Task::Classification => vec!["logistic".into(), "trees".into()],
            Task::Regression => vec!["ridge".into(), "trees".into()],
            Task::Forecasting => vec!["lags".into(), "lag_trees".into()],
        })
    }
}

impl Forecast {
    /// Past steps in a request: as given, or 14 seasons.
    pub fn window(&self) -> usize {
        if self.history > 0 { self.history } else { 14 * self.season.max(1) }
    }

    /// Steps between origins: as given, or the horizon, so that the errors of two origins do not overlap.
    pub fn step(&self) -> usize {
        if self.every > 0 { self.every } else { self.horizon }
    }
}

impl TryFrom<String> for Span {
    type Error = String;

    fn try_from(text: String) -> Result<Span, String> {
        let trimmed = text.trim();
        let unit = trimmed.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        let number: Option<f64> = trimmed[..trimmed.len() - unit.len()].parse().ok();
        let size = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, size)| *size);
        match (number, size) {
            (Some(number), Some(size)) => Ok(Span((number * size as f64).round() as i64)),
            _ => Err(format!("`{text}` is not a span of time; write 30d, 12h, 15m, 10s or 200ms")),
        }
    }
}

impl From<Span> for String {
    fn from(span: Span) -> String {
        span.to_string()
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match UNITS.iter().find(|(_, size)| self.0 > 0 && self.0 % size == 0) {
            Some((name, size)) => write!(f, "{}{name}", self.0 / size),
            None => write!(f, "{}s", self.0 as f64 / SECOND as f64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_as_they_print() {
        for text in ["30d", "12h", "15m", "10s", "200ms", "0s"] {
            let span = Span::try_from(text.to_string()).expect(text);
            assert_eq!(span.to_string(), text);
        }
        assert!(Span::try_from("soon".to_string()).is_err());
        assert!(Span::try_from("12".to_string()).is_err());
    }
}
