//! One table as time goes on: every window beside the rows before a moment, and the dates at which columns shifted.

use super::profile::Shape;
use super::{Pair, Profile, Side, compare, dated, faults, together};
use crate::{Progress, StageError};
use domain::diagnosis::DataFault;
use domain::drift::{ColumnDrift, DriftRules, ToldApart};
use domain::{Column, Table, Timestamp, Values};
use stats::stream::change_points;

/// Fewer rows in a window are not looked at.
const LEAST: usize = 50;
/// Rows of a window that a classifier is trained on.
const SAMPLE: usize = 2000;
/// Blocks that a window is cut into, to date shifts.
const BLOCKS: i64 = 4;

/// A shift of fewer standard errors than this is none.
const ERRORS: f64 = 5.0;

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Over {
    /// Rows before this are the reference.
    pub until: Timestamp,
    /// How long a window is.
    pub every: i64,
    /// What counts as moved.
    pub rules: DriftRules,
    /// Whether all columns together are looked at too.
    pub together: bool,
    /// Where the draw of sampled rows starts.
    pub seed: u64,
}

/// A table's course.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    /// The rows before.
    pub reference: Side,
    /// The windows after, in order.
    pub windows: Vec<Window>,
    /// The shifts, in the order of their dates.
    pub shifts: Vec<Shift>,
}

/// One window.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// Its rows.
    pub side: Side,
    /// Every column, those that moved first.
    pub columns: Vec<ColumnDrift>,
    /// What is broken.
    pub faults: Vec<DataFault>,
    /// Whether all columns together moved.
    pub told_apart: Option<ToldApart>,
}

/// A date at which a column shifted.
#[derive(Debug, Clone, PartialEq)]
pub struct Shift {
    /// The column, or a category of it as `column=category`.
    pub what: String,
    /// The first instant of the new level.
    pub since: Timestamp,
    /// The mean before, since the last shift; a share for a category.
    pub before: f64,
    /// The mean after, until the next one.
    pub after: f64,
    /// The difference in standard deviations of the reference; in shares for a category.
    pub effect: f64,
}

/// Looks at a table whose rows are in the order of `at`.
pub fn over_time(
    name: &str,
    table: &Table,
    at: &[Timestamp],
    over: Over,
    progress: &mut dyn Progress,
) -> Result<Course, StageError> {
    let first = at.partition_point(|t| *t < over.until);
    if first < LEAST || at.len() - first < LEAST {
        let found = format!("{first} rows before {} and {} after", over.until, at.len() - first);
        return Err(StageError::data(
            name,
            found,
            format!("choose a moment with at least {LEAST} on both sides"),
        ));
    }
    let reference = table.take(&(0..first).collect::<Vec<_>>());
    let profiles: Vec<Profile> =
        reference.columns().iter().map(|c| Profile::of(c, None)).collect::<Result<_, _>>()?;
    let mut windows = Vec::new();
    let mut begin = first;
    progress.begin("drift", name);
    while begin < at.len() {
        let until = Timestamp(at[begin].0 + over.every);
        let end = at.partition_point(|t| *t < until);
        if end - begin >= LEAST {
            let rows = table.take(&(begin..end).collect::<Vec<_>>());
            let times = &at[begin..end];
            windows.push(window(&reference, &profiles, &rows, times, over)?);
        }
        begin = end;
        if !progress.share(begin as f64 / at.len() as f64) {
            return Err(StageError::Interrupted);
        }
    }
    let mut shifts: Vec<Shift> = table
        .columns()
        .iter()
        .zip(&profiles)
        .filter(|(column, _)| moved_in_any(&windows, &column.name))
        .flat_map(|(column, profile)| shifts(column, profile, first, at, over))
        .collect();
    shifts.sort_by_key(|shift| shift.since);
    let side =
        Side { name: name.into(), rows: first as u64, from: at.first().copied(), to: Some(at[first - 1]) };
    Ok(Course { reference: side, windows, shifts })
}

fn window(
    reference: &Table,
    profiles: &[Profile],
    rows: &Table,
    at: &[Timestamp],
    over: Over,
) -> Result<Window, StageError> {
    let pair = |(column, before): (&Column, &Profile)| -> Result<Pair, StageError> {
        Ok((column.name.clone(), before.clone(), Profile::of(column, Some(before))?))
    };
    let pairs = rows.columns().iter().zip(profiles).map(pair).collect::<Result<Vec<_>, _>>()?;
    let found = faults(&pairs).into_iter().map(|fault| {
        let before = pairs.iter().find(|pair| pair.0 == fault.column).map(|pair| &pair.1);
        before.map_or_else(|| fault.clone(), |before| dated(&fault, before, rows, at))
    });
    let some = |table: &Table| table.take(&crate::diagnose::places(table.rows(), SAMPLE, over.seed));
    let told = match over.together {
        true => together(&some(reference), &some(rows), over.seed)?.map(|t| t.told),
        false => None,
    };
    Ok(Window {
        side: Side {
            name: "window".into(),
            rows: rows.rows() as u64,
            from: at.first().copied(),
            to: at.last().copied(),
        },
        faults: found.collect(),
        columns: compare(&pairs, over.rules)?.into_iter().map(|c| c.drift).collect(),
        told_apart: told,
    })
}

fn moved_in_any(windows: &[Window], column: &str) -> bool {
    windows.iter().flat_map(|w| &w.columns).any(|c| c.moved && c.column == column)
}

/// The dates at which the mean of a column, or the share of the category that changed most, shifted.
fn shifts(column: &Column, profile: &Profile, first: usize, at: &[Timestamp], over: Over) -> Vec<Shift> {
    let (what, values, unit) = match (&column.values, &profile.shape) {
        (Values::Number(cells), Shape::Numbers(ecdf)) => {
            let known = |x: &f64| if x.is_finite() { *x } else { ecdf.mean() };
            let values: Vec<f64> = cells.iter().map(known).collect();
            // of a column that stood still in the reference, what it came to do is the measure
            let spread = || stats::sum::variance(&values).sqrt().max(f64::MIN_POSITIVE);
            let unit = if ecdf.sd() > 0.0 { ecdf.sd() } else { spread() };
            (column.name.clone(), values, unit)
        }
        (Values::Text(cells), Shape::Categories(_)) => {
            let Some(category) = most_changed(cells, first) else { return Vec::new() };
            let is = |cell: &Option<String>| f64::from(cell.as_deref() == Some(&category));
            (format!("{}={category}", column.name), cells.iter().map(is).collect(), 1.0)
        }
        // the number of words of documents
        (Values::Text(cells), Shape::Numbers(ecdf)) => {
            let size = |text: &Option<String>| {
                text.as_ref().map_or(ecdf.mean(), |t| t.split_whitespace().count() as f64)
            };
            (
                format!("{} (words)", column.name),
                cells.iter().map(size).collect(),
                ecdf.sd().max(f64::MIN_POSITIVE),
            )
        }
        _ => return Vec::new(),
    };
    let blocks = blocks(&values, at, (over.every / BLOCKS).max(1));
    let means: Vec<f64> = blocks.iter().map(|b| b.1 / unit).collect();
    let variance = noise(&means);
    let penalty = 3.0 * variance.max(over.rules.effect.powi(2) / 10.0) * (means.len() as f64).ln().max(1.0);
    let changes = change_points(&means, penalty, 1).unwrap_or_default();
    let mean = |from: usize, to: usize| means[from..to].iter().sum::<f64>() / (to - from).max(1) as f64;
    let ends = settled([vec![0], changes, vec![means.len()]].concat(), &mean);
    let shift = |w: &[usize]| {
        let (before, after) = (mean(w[0], w[1]), mean(w[1], w[2]));
        let effect = after - before;
        let since = at[blocks[w[1]].0];
        let row = |block: usize| blocks.get(block).map_or(values.len(), |b| b.0);
        let sure = beyond_chance(&values[row(w[0])..row(w[1])], &values[row(w[1])..row(w[2])]);
        (effect.abs() >= over.rules.effect && sure).then(|| Shift {
            what: what.clone(),
            since,
            before: before * unit,
            after: after * unit,
            effect,
        })
    };
    ends.windows(3).filter_map(shift).collect()
}

/// Whether two stretches of rows differ by more than so few rows may.
fn beyond_chance(before: &[f64], after: &[f64]) -> bool {
    let part = |rows: &[f64]| {
        if rows.len() < 2 { f64::INFINITY } else { stats::sum::variance(rows) / rows.len() as f64 }
    };
    (stats::sum::mean(after) - stats::sum::mean(before)).abs() > ERRORS * (part(before) + part(after)).sqrt()
}

/// Without the one or two blocks in which a shift falls, which are half old and half new and no level of their own.
fn settled(mut ends: Vec<usize>, mean: &dyn Fn(usize, usize) -> f64) -> Vec<usize> {
    let passing = |w: &[usize]| {
        let (before, here, after) = (mean(w[0], w[1]), mean(w[1], w[2]), mean(w[2], w[3]));
        w[2] - w[1] <= 2 && (before < here) == (here < after)
    };
    while let Some(place) = ends.windows(4).position(passing) {
        let (before, here, after) = (
            mean(ends[place], ends[place + 1]),
            mean(ends[place + 1], ends[place + 2]),
            mean(ends[place + 2], ends[place + 3]),
        );
        // it goes to the level that it is nearer to
        let nearer_before = (here - before).abs() < (after - here).abs();
        ends.remove(place + if nearer_before { 1 } else { 2 });
    }
    ends
}

/// The category whose share differs most between the rows before `first` and those after.
fn most_changed(cells: &[Option<String>], first: usize) -> Option<String> {
    let mut shares: std::collections::BTreeMap<&String, (f64, f64)> = std::collections::BTreeMap::new();
    let (before, after) = (first.max(1) as f64, (cells.len() - first).max(1) as f64);
    for (row, cell) in cells.iter().enumerate() {
        let Some(cell) = cell else { continue };
        let share = shares.entry(cell).or_default();
        if row < first { share.0 += 1.0 / before } else { share.1 += 1.0 / after }
    }
    let gap = |s: &(f64, f64)| (s.1 - s.0).abs();
    shares.into_iter().max_by(|a, b| gap(&a.1).total_cmp(&gap(&b.1))).map(|(name, _)| name.clone())
}

/// The first row and the mean of each stretch of time that has rows.
fn blocks(values: &[f64], at: &[Timestamp], length: i64) -> Vec<(usize, f64)> {
    let mut blocks = Vec::new();
    let mut begin = 0;
    while begin < at.len() {
        let end = at.partition_point(|t| t.0 < at[begin].0 + length).max(begin + 1);
        blocks.push((begin, values[begin..end].iter().sum::<f64>() / (end - begin) as f64));
        begin = end;
    }
    blocks
}

/// The variance of a series around its local level: half the mean square of its middle steps, so that shifts themselves
/// do not count.
fn noise(means: &[f64]) -> f64 {
    let mut steps: Vec<f64> = means.windows(2).map(|w| (w[1] - w[0]).powi(2)).collect();
    steps.sort_by(f64::total_cmp);
    // the median of a squared standard normal is 0.455
    steps.get(steps.len() / 2).map_or(0.0, |middle| middle / 0.455 / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::time::DAY;

    fn course(shift: f64) -> Course {
        let draw = |row: u64, place: u64| store::digest::mix64(place, row) as f64 / u64::MAX as f64;
        let price = (0..4000).map(|row| draw(row, 1) + if row < 2600 { 0.0 } else { shift });
        let place = (0..4000).map(|row| {
            let north = draw(row, 2) < if row < 2600 { 0.5 } else { 0.5 - shift / 2.0 };
            Some(if north { "north" } else { "south" }.to_string())
        });
        let table = Table::new(vec![
            Column { name: "price".into(), values: Values::Number(price.collect()) },
            Column { name: "place".into(), values: Values::Text(place.collect()) },
        ])
        .expect("equally long");
        let at: Vec<Timestamp> = (0..4000).map(|row| Timestamp(row * DAY / 10)).collect();
        let rules = DriftRules { effect: 0.1, alpha: 0.05 };
        let over = Over { until: Timestamp(100 * DAY), every: 30 * DAY, rules, together: true, seed: 1 };
        over_time("a table", &table, &at, over, &mut crate::Silent).expect("rows on both sides")
    }

    #[test]
    fn shifts_are_dated() {
        let course = course(0.6);
        assert_eq!(course.windows.len(), 10);
        let found: Vec<&str> = course.shifts.iter().map(|s| s.what.as_str()).collect();
        assert_eq!(found.len(), 2, "{:#?}", course.shifts);
        assert!(found.contains(&"price"));
        assert!(
            course.shifts.iter().all(|s| (s.since.0 - 260 * DAY).abs() <= 8 * DAY),
            "{:#?}",
            course.shifts
        );
        let moved = |w: &Window| w.columns.iter().filter(|c| c.moved).count();
        assert_eq!(course.windows.iter().map(moved).collect::<Vec<_>>()[..4], [0, 0, 0, 0]);
        assert_eq!(moved(course.windows.last().expect("windows")), 2);
    }

    #[test]
    fn a_stable_table_is_quiet() {
        let course = course(0.0);
        assert!(course.shifts.is_empty() && course.windows.iter().all(|w| w.faults.is_empty()));
        assert!(course.windows.iter().flat_map(|w| &w.columns).all(|c| !c.moved));
    }
}
