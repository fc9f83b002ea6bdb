//! What the business counts, from a table of `at` and `value`: whether it changed, and when.

use crate::error::Hinted;
use domain::Values;
use domain::diagnosis::Change;
use lifecycle::{data, drift};
use std::path::Path;

/// Reads it, and compares before and after its most likely change; without one, its first and second half.
pub(super) fn read(path: &Path) -> anyhow::Result<Change> {
    let file = path.display().to_string();
    let table = store::files::read_table(path, &store::files::ReadOptions::default())?;
    let (Some(at), Some(value)) = (table.column("at"), table.column("value")) else {
        return Err(Hinted::error(
            format!("{file}: needs the columns `at` and `value`"),
            "one row a day, say",
        ));
    };
    let Values::Number(values) = &value.values else {
        return Err(Hinted::error(
            format!("{file}: column `value` holds {}, expected numbers", value.values.kind()),
            "write plain numbers",
        ));
    };
    if let Some(row) = values.iter().position(|x| !x.is_finite()) {
        return Err(Hinted::error(
            format!("{file}, row {}: column `value` has no number", row + 1),
            "leave the row out",
        ));
    }
    let times = data::times(at, &file)?;
    let mut rows: Vec<(domain::Timestamp, f64)> = times.into_iter().zip(values.iter().copied()).collect();
    rows.sort_by_key(|row| row.0);
    let (at, values): (Vec<_>, Vec<f64>) = rows.into_iter().unzip();
    let dated = drift::date(&values, &at);
    let (before, now) = values.split_at(dated.map_or(values.len() / 2, |d| d.row));
    // without a spread there is no test: equal constants are alike, others are not
    let test = stats::welch::welch(before, now)?.test(0.0);
    let p = test.map_or(if before[0] == now[0] { 1.0 } else { 0.0 }, |t| t.p_two_sided);
    Ok(Change {
        before: stats::sum::mean(before),
        now: stats::sum::mean(now),
        p,
        since: dated.map(|d| d.since),
    })
}
