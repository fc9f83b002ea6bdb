//! A series as rows: each origin is a row of past values, and its target the path that followed.

use domain::{Column, Examples, Table, Target, Timestamp, Values};
use std::collections::BTreeMap;
use thiserror::Error;

/// The input with the past values, oldest first: a tensor of [`Cut::history`] numbers.
pub const HISTORY: &str = "history";
/// The input with the instant of the last known value.
pub const ORIGIN: &str = "origin";
/// The input that names the series, where there are several.
pub const SERIES: &str = "series";

/// How a series is cut, in steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// Past values of a row.
    pub history: usize,
    /// Steps ahead.
    pub horizon: usize,
    /// Steps between the last known value and the first forecast one.
    pub gap: usize,
    /// Steps between two origins.
    pub every: usize,
}

/// Why a series could not be cut.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum FrameError {
    /// Two values of one series at one instant.
    #[error("row {row}: {at} stands twice{series}")]
    Twice {
        /// The row, counted from 1.
        row: usize,
        /// The instant.
        at: Timestamp,
        /// Of which series, in words; empty where there is one.
        series: String,
    },
    /// A step that is longer or shorter than the others.
    #[error("row {row}: {at} comes {found} s after the value before it{series}, expected {expected} s")]
    Step {
        /// The row, counted from 1.
        row: usize,
        /// The instant.
        at: Timestamp,
        /// Seconds since the value before.
        found: i64,
        /// Seconds of the first step.
        expected: i64,
        /// Of which series, in words.
        series: String,
    },
    /// No series is long enough for a single row.
    #[error("the longest series has {found} values, expected at least {needed} for one row")]
    Short {
        /// Values of the longest series.
        found: usize,
        /// History, gap and horizon together.
        needed: usize,
    },
}

/// Cuts series into rows with the columns [`HISTORY`], [`ORIGIN`] and, where `series` is given, [`SERIES`].
/// `times` are in order within each series. Rows come out ordered by origin, then by series.
pub fn frame(
    times: &[Timestamp],
    values: &[f64],
    series: Option<&[String]>,
    cut: &Cut,
) -> Result<Examples, FrameError> {
    let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for row in 0..times.len() {
        groups.entry(series.map_or("", |s| s[row].as_str())).or_default().push(row);
    }
    let mut origins: Vec<(Timestamp, &str, &[usize], usize)> = Vec::new();
    for (name, rows) in &groups {
        check_steps(times, rows, name)?;
        let last = rows.len().saturating_sub(cut.gap + cut.horizon);
        // Counted back from the end, so that the newest values are always used.
        let mut at = last;
        while at >= cut.history && at > 0 {
            origins.push((times[rows[at - 1]], name, rows, at));
            at = at.saturating_sub(cut.every.max(1));
        }
    }
    if origins.is_empty() {
        let found = groups.values().map(Vec::len).max().unwrap_or(0);
        return Err(FrameError::Short { found, needed: cut.history + cut.gap + cut.horizon });
    }
    origins.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)));
    Ok(examples(&origins, values, series.is_some(), cut))
}

fn examples(
    origins: &[(Timestamp, &str, &[usize], usize)],
    values: &[f64],
    named: bool,
    cut: &Cut,
) -> Examples {
    let mut history = Vec::with_capacity(origins.len() * cut.history);
    let mut path = Vec::with_capacity(origins.len() * cut.horizon);
    for (_, _, rows, at) in origins {
        history.extend(rows[at - cut.history..*at].iter().map(|&r| values[r] as f32));
        let first = at + cut.gap;
        path.extend(rows[first..first + cut.horizon].iter().map(|&r| values[r]));
    }
    let at: Vec<Timestamp> = origins.iter().map(|o| o.0).collect();
    let column = |name: &str, values| Column { name: name.into(), values };
    let mut columns = vec![
        column(HISTORY, Values::Tensor { shape: vec![cut.history], data: history }),
        column(ORIGIN, Values::Time(at.iter().map(|t| Some(*t)).collect())),
    ];
    if named {
        columns.push(column(SERIES, Values::Text(origins.iter().map(|o| Some(o.1.to_string())).collect())));
    }
    let mut names: Vec<&str> = origins.iter().map(|o| o.1).collect();
    names.sort_unstable();
    names.dedup();
    let entity = origins.iter().map(|o| names.partition_point(|n| *n < o.1) as u64).collect();
    let rows = Table::new(columns).expect("one cell for each origin in every column");
    let target = Target::Path { horizon: cut.horizon, values: path };
    Examples { rows, target, weight: None, at: Some(at), entity: Some(entity) }
}

fn check_steps(times: &[Timestamp], rows: &[usize], name: &str) -> Result<(), FrameError> {
    let series = || if name.is_empty() { String::new() } else { format!(" in series `{name}`") };
    let mut expected = None;
    for pair in rows.windows(2) {
        let (row, at) = (pair[1] + 1, times[pair[1]]);
        let found = (at.0 - times[pair[0]].0) / domain::time::SECOND;
        if at.0 == times[pair[0]].0 {
            return Err(FrameError::Twice { row, at, series: series() });
        }
        let expected = *expected.get_or_insert(found);
        // A month or a quarter is not always equally long; a missing one is.
        if (found - expected).abs() as f64 > 0.25 * expected as f64 {
            return Err(FrameError::Step { row, at, found, expected, series: series() });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::time::HOUR;

    const CUT: Cut = Cut { history: 3, horizon: 2, gap: 1, every: 2 };

    fn hours(n: i64) -> Vec<Timestamp> {
        (0..n).map(|h| Timestamp(h * HOUR)).collect()
    }

    #[test]
    fn a_row_holds_the_past_and_its_target_what_followed_behind_the_gap() {
        let values: Vec<f64> = (0..10).map(f64::from).collect();
        let rows = frame(&hours(10), &values, None, &CUT).expect("ten values");
        assert_eq!(rows.at, Some(vec![Timestamp(2 * HOUR), Timestamp(4 * HOUR), Timestamp(6 * HOUR)]));
        let Some(Column { values: Values::Tensor { data, .. }, .. }) = rows.rows.column(HISTORY) else {
            panic!("no history")
        };
        assert_eq!(data[6..], [4.0, 5.0, 6.0]);
        assert_eq!(rows.target.take(&[2]), Target::Path { horizon: 2, values: vec![8.0, 9.0] });
    }

    #[test]
    fn doubled_and_missing_steps_are_named() {
        let mut times = hours(10);
        times[4] = times[3];
        let twice = frame(&times, &[0.0; 10], None, &CUT);
        assert_eq!(twice, Err(FrameError::Twice { row: 5, at: times[3], series: String::new() }));
        let mut times = hours(10);
        times.iter_mut().skip(5).for_each(|t| t.0 += HOUR);
        assert!(matches!(
            frame(&times, &[0.0; 10], None, &CUT),
            Err(FrameError::Step { row: 6, found: 7200, expected: 3600, .. })
        ));
    }

    #[test]
    fn series_do_not_run_into_each_other() {
        let times = [hours(8), hours(8)].concat();
        let names: Vec<String> = (0..16).map(|i| if i < 8 { "a".into() } else { "b".into() }).collect();
        let values: Vec<f64> = (0..16).map(f64::from).collect();
        let rows = frame(&times, &values, Some(&names), &CUT).expect("two series");
        assert_eq!(rows.entity, Some(vec![0, 1, 0, 1]));
    }

    #[test]
    fn a_series_too_short_for_a_row_says_how_long_it_must_be() {
        assert_eq!(frame(&hours(5), &[0.0; 5], None, &CUT), Err(FrameError::Short { found: 5, needed: 6 }));
    }
}
