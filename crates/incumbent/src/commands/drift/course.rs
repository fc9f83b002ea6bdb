//! `incumbent drift --time`: a table over time, and the dates at which its columns shifted.

use super::SEED;
use crate::error::Hinted;
use crate::progress::Shown;
use crate::{Outcome, args, print};
use domain::{Table, Timestamp};
use lifecycle::data;
use lifecycle::drift::{Course, Over, Window, over_time};
use serde_json::{Value, json};
use std::path::Path;

/// Runs the command.
pub(super) fn run(args: &args::Drift, path: &Path, time: &str, json: bool) -> anyhow::Result<Outcome> {
    let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let table = store::files::read_table(path, &store::files::ReadOptions::default())?;
    let (table, at) = ordered(&table, time, &file)?;
    let table = table.select(|name| {
        let wanted = args.only.is_empty() || args.only.iter().any(|o| o == name);
        name != time && wanted && !args.ignore.iter().any(|i| i == name)
    });
    let over = Over {
        until: moment(args.until.as_deref().unwrap_or_default())?,
        every: args.every.map_or(30 * domain::time::DAY, |span| span.0),
        rules: super::rules(args),
        together: !args.columns_only,
        seed: SEED,
    };
    let mut shown = Shown::new();
    let course = over_time(&file, &table, &at, over, &mut shown)?;
    shown.finish();
    if json {
        print::json(&as_json(&course));
    } else {
        text(&course);
    }
    let quiet = course.shifts.is_empty() && course.windows.iter().all(|w| w.faults.is_empty());
    Ok(if quiet { Outcome::Pass } else { Outcome::Fail })
}

fn ordered(table: &Table, time: &str, file: &str) -> anyhow::Result<(Table, Vec<Timestamp>)> {
    let names = || table.columns().iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(", ");
    let column = table.column(time).ok_or_else(|| {
        Hinted::error(format!("{file}: no column `{time}`"), format!("the columns are {}", names()))
    })?;
    let at = data::times(column, file)?;
    let mut order: Vec<usize> = (0..at.len()).collect();
    order.sort_by_key(|&row| at[row]);
    Ok((table.take(&order), order.iter().map(|&row| at[row]).collect()))
}

fn moment(text: &str) -> anyhow::Result<Timestamp> {
    let seconds = || text.parse::<f64>().ok().map(|s| Timestamp((s * domain::time::SECOND as f64) as i64));
    Timestamp::parse(text).or_else(seconds).ok_or_else(|| {
        Hinted::error(
            format!("--until is `{text}`, expected a date, an instant or a number"),
            "write 2009-01-31",
        )
    })
}

fn text(course: &Course) {
    let (from, to) = (course.reference.from, course.reference.to);
    println!(
        "{}: reference of {} rows, {} to {}",
        course.reference.name,
        course.reference.rows,
        when(from),
        when(to)
    );
    println!("{}", table(&course.windows));
    if course.shifts.is_empty() {
        println!("no column shifted");
        return;
    }
    let rows = course.shifts.iter().map(|s| {
        let (before, after) = (print::number(s.before), print::number(s.after));
        vec![s.since.to_string(), s.what.clone(), before, after, format!("{:+.3}", s.effect)]
    });
    println!("{}", print::table(&["shift at", "column", "before", "after", "effect"], rows.collect()));
    println!("effect: in standard deviations of the reference; of a category in its share");
}

/// Windows as a table, one a line.
pub(super) fn table(windows: &[Window]) -> comfy_table::Table {
    let moved = |w: &Window| {
        let moved = w.columns.iter().filter(|c| c.moved);
        moved.map(|c| format!("{} {}", c.column, print::number(c.distance))).collect::<Vec<_>>().join(", ")
    };
    let rows = windows.iter().map(|w| {
        vec![
            when(w.side.from),
            w.side.rows.to_string(),
            w.told_apart.as_ref().map(|t| print::number(t.auc.value)).unwrap_or_default(),
            moved(w),
            w.faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
        ]
    });
    print::table(&["from", "rows", "AUC", "moved", "broken"], rows.collect())
}

/// A window for programs.
pub(super) fn window(w: &Window) -> Value {
    json!({
        "from": w.side.from.map(|t| t.to_string()), "to": w.side.to.map(|t| t.to_string()), "rows": w.side.rows,
        "moved": w.columns.iter().filter(|c| c.moved).map(|c| &c.column).collect::<Vec<_>>(),
        "columns": w.columns, "faults": w.faults, "told_apart": w.told_apart,
    })
}

fn when(t: Option<Timestamp>) -> String {
    t.map(|t| t.to_string()).unwrap_or_default()
}

fn as_json(course: &Course) -> Value {
    let shifts = course.shifts.iter().map(|s| {
        json!({"what": s.what, "since": s.since.to_string(), "before": s.before, "after": s.after, "effect": s.effect})
    });
    json!({
        "reference": {"rows": course.reference.rows, "from": when(course.reference.from), "to": when(course.reference.to)},
        "windows": course.windows.iter().map(window).collect::<Vec<_>>(),
        "shifts": shifts.collect::<Vec<_>>(),
    })
}
