//! Which parts columns may play: rules of thumb on names, places and cardinality, with their reasons.

use super::codes::{self, Codes};
use super::column::{ColumnProfile, Order, TimeLike};
use domain::{Kind, Task};

/// A column that may play a part.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The column.
    pub column: String,
    /// How likely, for ranking only.
    pub score: u32,
    /// What speaks for it, in words.
    pub why: Vec<String>,
}

/// A column that may be the target.
#[derive(Debug, Clone, PartialEq)]
pub struct TargetCandidate {
    /// The column.
    pub column: String,
    /// The problem that it would be.
    pub task: Task,
    /// How likely, for ranking only.
    pub score: u32,
    /// What speaks for it, in words.
    pub why: Vec<String>,
}

/// Names that targets go by, in lower case.
const TARGETS: [&str; 26] = [
    "y",
    "target",
    "label",
    "class",
    "outcome",
    "response",
    "converted",
    "conversion",
    "churn",
    "churned",
    "click",
    "clicked",
    "fraud",
    "is_fraud",
    "default",
    "survived",
    "sentiment",
    "stars",
    "rating",
    "price",
    "sales",
    "demand",
    "load",
    "value",
    "is_attributed",
    "income",
];

/// Parts of names that times go by.
const TIMES: [&str; 6] = ["time", "date", "timestamp", "day", "_at", "ts"];

/// Parts of names that people, things and series go by.
const ENTITIES: [&str; 8] = ["user", "customer", "client", "account", "device", "patient", "session", "_id"];

/// More classes than this are not guessed from whole numbers.
const CLASSES: usize = 20;

/// Adds a reason that holds.
fn reasons(checks: &[(bool, u32, &str)]) -> (u32, Vec<String>) {
    let held = checks.iter().filter(|(holds, ..)| *holds);
    held.fold((0, Vec::new()), |(score, mut why), (_, points, reason)| {
        why.push(reason.to_string());
        (score + points, why)
    })
}

pub(super) fn targets(columns: &[ColumnProfile]) -> Vec<TargetCandidate> {
    let last = columns.len().saturating_sub(1);
    let mut found: Vec<TargetCandidate> =
        columns.iter().enumerate().filter_map(|(place, column)| target(column, place == last)).collect();
    // among equals the later column: targets stand at the end more often than at the start
    found.reverse();
    found.sort_by_key(|c| std::cmp::Reverse(c.score));
    found
}

fn target(column: &ColumnProfile, is_last: bool) -> Option<TargetCandidate> {
    let task = match column.kind {
        Kind::Text if column.distinct <= 100 && !column.unique => Task::Classification,
        Kind::Number if column.whole && column.distinct <= CLASSES => Task::Classification,
        Kind::Number => Task::Regression,
        _ => return None,
    };
    let count = column.whole && column.unique && column.order != Order::None;
    if column.constant || count || column.time_like.is_some() {
        return None;
    }
    let name = column.name.to_lowercase();
    let (score, why) = reasons(&[
        (TARGETS.contains(&name.as_str()), 8, "its name is one that targets go by"),
        (is_last, 3, "it is the last column"),
        (column.distinct == 2, 2, "it has two values"),
        (column.distinct > 2 && task == Task::Classification, 1, "it has few values"),
        (column.missing == 0, 1, "it is never missing"),
    ]);
    Some(TargetCandidate { column: column.name.clone(), task, score, why })
}

pub(super) fn times(columns: &[ColumnProfile]) -> Vec<Candidate> {
    let candidate = |column: &ColumnProfile| {
        let like = column.time_like?;
        let name = column.name.to_lowercase();
        let (score, why) = reasons(&[
            (like == TimeLike::Instant, 5, "it holds dates or instants"),
            (like != TimeLike::Instant, 2, "its numbers could be seconds or milliseconds since 1970"),
            (TIMES.iter().any(|t| name.contains(t)), 3, "its name sounds like a time"),
            (column.order == Order::Ascending, 3, "the rows are sorted by it"),
            (column.missing == 0, 2, "it is never missing"),
        ]);
        (!column.constant).then(|| Candidate { column: column.name.clone(), score, why })
    };
    ranked(columns.iter().filter_map(candidate).collect())
}

/// Columns that, with the time, tell the rows apart where the time alone does not.
pub(super) fn series(columns: &[ColumnProfile], codes: &[Codes], time: Option<usize>) -> Vec<Candidate> {
    let Some(time) = time.filter(|&t| !columns[t].unique) else { return Vec::new() };
    let candidate = |(place, column): (usize, &ColumnProfile)| {
        let rows = codes[place].counts().iter().sum::<usize>();
        let names = column.kind == Kind::Text || column.whole;
        if place == time || !names || column.constant || column.missing > 0 || column.distinct * 3 > rows {
            return None;
        }
        let together = codes::join(&[codes[time].clone(), codes[place].clone()], rows).distinct();
        let (score, why) = reasons(&[
            (together == rows, 5, "with the time it tells all rows apart"),
            (column.kind == Kind::Text, 2, "it holds names"),
            (column.name.to_lowercase().contains("series"), 3, "its name says so"),
        ]);
        (together == rows).then(|| Candidate { column: column.name.clone(), score, why })
    };
    ranked(columns.iter().enumerate().filter_map(candidate).collect())
}

/// Columns of ids that repeat.
pub(super) fn entities(columns: &[ColumnProfile]) -> Vec<Candidate> {
    let candidate = |column: &ColumnProfile| {
        let name = column.name.to_lowercase();
        let named = ENTITIES.iter().any(|e| name.contains(e)) || name == "id";
        let fits = (column.kind == Kind::Text || column.whole) && !column.unique && column.distinct > CLASSES;
        let (score, why) = reasons(&[
            (named, 5, "its name sounds like somebody or something"),
            (column.missing == 0, 1, "it is never missing"),
        ]);
        (named && fits).then(|| Candidate { column: column.name.clone(), score, why })
    };
    ranked(columns.iter().filter_map(candidate).collect())
}

/// The likeliest first; among equals the earlier column.
fn ranked(mut candidates: Vec<Candidate>) -> Vec<Candidate> {
    candidates.sort_by_key(|c| std::cmp::Reverse(c.score));
    candidates
}
