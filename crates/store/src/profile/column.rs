//! What one column looks like.

use super::codes::Codes;
use crate::files::cells;
use domain::{Column, Kind, Table, Timestamp, Values};

/// What one column looks like.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnProfile {
    /// Its name.
    pub name: String,
    /// What its cells are.
    pub kind: Kind,
    /// How many cells are missing.
    pub missing: usize,
    /// How many different cells there are, missing ones aside.
    pub distinct: usize,
    /// Smallest and largest number.
    pub range: Option<(f64, f64)>,
    /// First and last instant.
    pub span: Option<(Timestamp, Timestamp)>,
    /// The most frequent cells with their counts, at most ten, the most frequent first and among equals the
    /// one that came first. Only for columns whose cells repeat.
    pub top: Vec<(String, usize)>,
    /// Whether the rows are sorted by it.
    pub order: Order,
    /// Whether no cell is missing and none repeats: an id, or a measurement without rounding.
    pub unique: bool,
    /// Whether there is one cell only, or none.
    pub constant: bool,
    /// Whether all numbers are whole.
    pub whole: bool,
    /// Whether it grows with time: never smaller in a later row, with the rows ordered by the likeliest time
    /// column. Such a column tells old rows from new ones, and a model that uses it does not last.
    pub monotone_in_time: bool,
    /// How it may be read as a time.
    pub time_like: Option<TimeLike>,
    /// The cells that keep a column of text from being numbers, where they are one in ten or fewer.
    pub almost_number: Option<Stray>,
    /// Words a cell, on average; 0 for what is not text.
    pub words: f64,
}

/// Whether rows are sorted by a column. Missing cells are passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Never smaller than the row before.
    Ascending,
    /// Never larger than the row before.
    Descending,
    /// Neither, or all the same.
    None,
}

/// How a column may be read as a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeLike {
    /// It holds dates or instants.
    Instant,
    /// Whole numbers that are seconds since 1970, from 2000 to 2100.
    EpochSeconds,
    /// Whole numbers that are milliseconds since 1970, from 2000 to 2100.
    EpochMilliseconds,
}

/// Cells of text among numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stray {
    /// How many.
    pub cells: usize,
    /// The first one's row in the table, from 1.
    pub row: usize,
    /// What stands there.
    pub example: String,
}

/// 2000-01-01 and 2100-01-01 in seconds since 1970.
const EPOCH: (f64, f64) = (946_684_800.0, 4_102_444_800.0);

impl ColumnProfile {
    pub(super) fn of(column: &Column, codes: &Codes) -> ColumnProfile {
        let values = &column.values;
        let (rows, missing, distinct) = (values.len(), values.missing(), codes.distinct_present());
        let whole = matches!(values, Values::Number(v) if v.iter().all(|x| x.is_nan() || x.fract() == 0.0));
        let range = range(values);
        ColumnProfile {
            name: column.name.clone(),
            kind: values.kind(),
            missing,
            distinct,
            range,
            span: span(values),
            top: if distinct < rows - missing { top(values, codes) } else { Vec::new() },
            order: if distinct > 1 { order(&keys(values)) } else { Order::None },
            unique: missing == 0 && distinct == rows && rows > 1,
            constant: distinct <= 1,
            whole,
            monotone_in_time: false,
            time_like: time_like(values, whole, range),
            almost_number: almost_number(values),
            words: words(values),
        }
    }
}

/// Marks the columns that grow with time.
pub(super) fn mark_monotone(columns: &mut [ColumnProfile], table: &Table, time: &Column) {
    let at = keys(&time.values);
    let mut rows: Vec<usize> = (0..table.rows()).filter(|&r| at[r].is_some()).collect();
    rows.sort_by(|&a, &b| at[a].partial_cmp(&at[b]).unwrap_or(std::cmp::Ordering::Equal));
    for (profile, column) in columns.iter_mut().zip(table.columns()) {
        let comparable = matches!(column.values, Values::Number(_) | Values::Time(_));
        if comparable && profile.distinct > 1 && column.name != time.name {
            let cells = keys(&column.values);
            let in_time: Vec<_> = rows.iter().map(|&r| cells[r]).collect();
            profile.monotone_in_time = order(&in_time) == Order::Ascending;
        }
    }
}

/// Numbers that order the cells; `None` is missing. Text is not ordered.
fn keys(values: &Values) -> Vec<Option<f64>> {
    match values {
        Values::Number(v) => v.iter().map(|x| (!x.is_nan()).then_some(*x)).collect(),
        // microseconds up to the year 2255 are below 2^53, and beyond that the order is still right
        Values::Time(v) => v.iter().map(|t| t.map(|t| t.0 as f64)).collect(),
        Values::Text(_) | Values::Tensor { .. } => vec![None; values.len()],
    }
}

fn order(keys: &[Option<f64>]) -> Order {
    let present: Vec<f64> = keys.iter().flatten().copied().collect();
    let pairs = || present.windows(2);
    if present.len() < 2 || pairs().all(|w| w[0] == w[1]) {
        Order::None
    } else if pairs().all(|w| w[0] <= w[1]) {
        Order::Ascending
    } else if pairs().all(|w| w[0] >= w[1]) {
        Order::Descending
    } else {
        Order::None
    }
}

fn range(values: &Values) -> Option<(f64, f64)> {
    let Values::Number(v) = values else { return None };
    let present = || v.iter().copied().filter(|x| !x.is_nan());
    Some((present().reduce(f64::min)?, present().reduce(f64::max)?))
}

fn span(values: &Values) -> Option<(Timestamp, Timestamp)> {
    let Values::Time(v) = values else { return None };
    Some((v.iter().flatten().copied().min()?, v.iter().flatten().copied().max()?))
}

fn top(values: &Values, codes: &Codes) -> Vec<(String, usize)> {
    let mut counted: Vec<(usize, usize)> = codes.counts().into_iter().zip(codes.first_rows()).collect();
    counted.retain(|(count, _)| *count > 0);
    counted.sort_by_key(|&(count, row)| (std::cmp::Reverse(count), row));
    counted.into_iter().take(10).map(|(count, row)| (cell(values, row), count)).collect()
}

fn cell(values: &Values, row: usize) -> String {
    match values {
        Values::Number(v) => v[row].to_string(),
        Values::Text(v) => v[row].clone().unwrap_or_default(),
        Values::Time(v) => v[row].map(|t| t.to_string()).unwrap_or_default(),
        Values::Tensor { shape, .. } => format!("a block of {shape:?}"),
    }
}

fn time_like(values: &Values, whole: bool, range: Option<(f64, f64)>) -> Option<TimeLike> {
    let (from, to) = EPOCH;
    match (values, range) {
        (Values::Time(v), _) if v.iter().any(Option::is_some) => Some(TimeLike::Instant),
        (Values::Number(_), Some((min, max))) if whole && from <= min && max < to => {
            Some(TimeLike::EpochSeconds)
        }
        (Values::Number(_), Some((min, max))) if whole && from * 1e3 <= min && max < to * 1e3 => {
            Some(TimeLike::EpochMilliseconds)
        }
        _ => None,
    }
}

fn almost_number(values: &Values) -> Option<Stray> {
    let Values::Text(v) = values else { return None };
    let (mut present, mut cells, mut first) = (0, 0, None);
    for (row, text) in (1..).zip(v) {
        let Some(text) = text else { continue };
        present += 1;
        if cells::number(text.trim()).is_none() {
            cells += 1;
            first = first.or(Some((row, text)));
        }
    }
    let (row, example) = first?;
    // small tables are shown their one stray cell too
    let few = cells * 10 <= present || (cells == 1 && present > 3);
    few.then(|| Stray { cells, row, example: example.clone() })
}

fn words(values: &Values) -> f64 {
    let Values::Text(v) = values else { return 0.0 };
    let present = v.iter().flatten().count();
    let words: usize = v.iter().flatten().map(|t| t.split_whitespace().count()).sum();
    if present == 0 { 0.0 } else { words as f64 / present as f64 }
}
