//! Every key of the plan, once: its kind, its default and the reason for it.

/// What a key takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FieldKind {
    /// Any text.
    Text,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A list of texts.
    Texts,
    /// A number in this range, both ends included.
    Number {
        /// Smallest.
        min: f64,
        /// Largest.
        max: f64,
    },
    /// A whole number in this range, both ends included.
    Whole {
        /// Smallest.
        min: i64,
        /// Largest.
        max: i64,
    },
    /// A span of time, such as `30d`.
    Span,
}

/// One key.
#[derive(Debug, Clone, Copy)]
pub struct FieldDoc {
    /// Its place, such as `gate.alpha`.
    pub path: &'static str,
    /// What it takes.
    pub kind: FieldKind,
    /// What holds when it is left out; `required` where it can't be.
    pub default: &'static str,
    /// What it means, and why the default is what it is.
    pub why: &'static str,
}

const fn field(path: &'static str, kind: FieldKind, default: &'static str, why: &'static str) -> FieldDoc {
    FieldDoc { path, kind, default, why }
}

use FieldKind::{Choice, Number, Span, Text, Texts, Whole};

const MANY: i64 = 1_000_000_000;

/// Every key of the plan, in the order of the file.
pub const FIELDS: &[FieldDoc] = &[
    field("name", Text, "required", "the model's name in addresses and tables: letters, digits, - and _"),
    field(
        "task",
        Choice(&["classification", "regression", "forecasting"]),
        "required",
        "the kind of problem",
    ),
    field("data.source", Text, "required", "the table (.csv, .parquet or .ndjson), relative to the plan"),
    field("data.target", Text, "required", "the column to predict"),
    field(
        "data.time",
        Text,
        "none",
        "the column that orders the rows; with it, splits are by time, as production is",
    ),
    field(
        "data.entity",
        Text,
        "none",
        "the column that says who a row is about: rows of one customer are not independent, and one customer may not stand on both sides of a split",
    ),
    field("data.series", Text, "none", "the column that names the series, where the table holds several"),
    field(
        "data.drop",
        Texts,
        "[]",
        "columns that are not known when the prediction is made, or tell nothing",
    ),
    field(
        "data.until",
        Text,
        "none",
        "rows at or after this instant are the future: nothing sees them until `up --replay` sends them as live traffic",
    ),
    field(
        "forecast.season",
        Whole { min: 1, max: 100_000 },
        "24",
        "steps in a season: 24 for hours, 48 for half hours, 7 for days, 12 for months",
    ),
    field("forecast.horizon", Whole { min: 1, max: 100_000 }, "24", "how many steps ahead"),
    field(
        "forecast.history",
        Whole { min: 0, max: 1_000_000 },
        "14 seasons",
        "past steps that a request brings along; 14 seasons hold two weeks of days",
    ),
    field(
        "forecast.gap",
        Whole { min: 0, max: 100_000 },
        "0",
        "steps between the last known value and the first forecast one: label delay plus deploy delay",
    ),
    field(
        "forecast.every",
        Whole { min: 0, max: 100_000 },
        "the horizon",
        "steps between two origins; the horizon keeps their errors from overlapping",
    ),
    field(
        "split.test",
        Number { min: 0.01, max: 0.9 },
        "0.2",
        "the share of rows, the last ones where there is a time column, that the gate judges on",
    ),
    field(
        "split.gap",
        Span,
        "0s",
        "time left out between training and test rows: as long as a label takes to arrive",
    ),
    field(
        "metric.primary",
        Choice(&["log_loss", "brier", "accuracy", "auc", "mae", "rmse", "mse"]),
        "log_loss, or mae",
        "the metric that decides; a proper loss rewards honest probabilities, accuracy does not",
    ),
    field(
        "metric.guardrails",
        Texts,
        "[\"accuracy\"], or [\"rmse\"]",
        "metrics that may not get worse by more than their margin",
    ),
    field(
        "baseline.previous",
        Text,
        "none",
        "the column with the answer of the model in use today: the baseline to beat where there is one",
    ),
    field(
        "baseline.people",
        Text,
        "none",
        "people's answers (columns item, worker, label, and truth where known), about 1,000 items: the accuracy that automation must match",
    ),
    field(
        "train.trainers",
        Texts,
        "[\"logistic\", \"trees\"], by task",
        "embedded trainers, tried in order: a simple one first, since it often is enough",
    ),
    field(
        "train.command",
        Texts,
        "[]",
        "your own trainer, a program and its arguments, without a shell; it writes ONNX",
    ),
    field("train.time_limit", Span, "1h", "how long the command may take before it is ended"),
    field(
        "train.seed",
        Whole { min: 0, max: i64::MAX },
        "1",
        "where all randomness starts: the same plan and rows make the same bytes",
    ),
    field(
        "gate.mode",
        Choice(&["superior", "non-inferior"]),
        "superior",
        "what a challenger must show; non-inferior suffices for what is cheaper, faster or fresher",
    ),
    field(
        "gate.alpha",
        Number { min: 0.0001, max: 0.5 },
        "0.05",
        "the chance taken of shipping a challenger that is not better",
    ),
    field(
        "gate.power",
        Number { min: 0.5, max: 0.999 },
        "0.8",
        "the chance wanted of shipping one that is better by the margin; sets how many rows are asked for",
    ),
    field(
        "gate.margin",
        Number { min: 0.0, max: 1e12 },
        "10% of the incumbent's skill",
        "the smallest difference that matters, in units of the primary loss; give it in business terms if you can",
    ),
    field(
        "gate.min_rows",
        Whole { min: 2, max: MANY },
        "200",
        "the fewest labelled rows that a verdict may rest on: below, normal approximations mislead",
    ),
    field(
        "gate.slices",
        Texts,
        "[]",
        "columns whose categories are watched one by one; others are searched on half of the rows",
    ),
    field(
        "gate.holdout_queries",
        Whole { min: 1, max: 1_000_000 },
        "20",
        "how often the same fixed rows may be asked before they count as used up",
    ),
    field(
        "serve.address",
        Text,
        "127.0.0.1:8085",
        "where to listen; the default can't be reached from other machines",
    ),
    field("serve.deadline", Span, "200ms", "how long a request may take, fallbacks included"),
    field(
        "serve.permits",
        Whole { min: 1, max: 100_000 },
        "64",
        "requests under way at once; one more is told `overloaded` at once instead of waiting",
    ),
    field("serve.body_limit_mb", Whole { min: 1, max: 4096 }, "16", "the largest request body, in MB"),
    field(
        "serve.journal",
        Choice(&["wait", "drop"]),
        "wait",
        "when the journal is behind: wait within the deadline, or answer unlogged and count it",
    ),
    field(
        "retrain.every",
        Span,
        "0s (never)",
        "how often a challenger is trained on newer rows and sent through the gate",
    ),
    field("retrain.window", Span, "0s (all rows)", "how far back training rows go"),
    field(
        "retrain.label_delay",
        Span,
        "0s",
        "how long an outcome takes to become known; younger rows have no label yet",
    ),
];

/// The key of this path.
pub fn find(path: &str) -> Option<&'static FieldDoc> {
    FIELDS.iter().find(|f| f.path == path)
}

/// The names that may stand in a section; `""` is the top.
pub fn names_in(section: &str) -> Vec<&'static str> {
    let mut names: Vec<&'static str> = Vec::new();
    for field in FIELDS {
        let name = match (section, field.path.split_once('.')) {
            ("", Some((section, _))) => section,
            ("", None) => field.path,
            (section, Some((own, name))) if own == section => name,
            _ => continue,
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}
