//! Rows that cannot be analysed, set aside kind by kind, each counted with the first one as an example.
//!
//! The order matters and is fixed: no arm, another arm, no unit, an exposure that disagrees, units in both
//! arms, and of a unit's several rows all but the first. Invariant: a row is set aside for one reason.

use super::Asked;
use super::arms::{Arms, Seat, arms};
use super::columns::{Columns, usual};
use crate::StageError;
use crate::choice::Choice;
use crate::sheet::{Labels, Sheet, cell};
use domain::{Timestamp, Values, time};
use std::collections::BTreeSet;

/// Why a row was set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BrokenKind {
    /// It has no arm.
    MissingArm,
    /// Its arm is neither of the two that are compared.
    UnknownArm,
    /// It has no unit.
    MissingUnit,
    /// What was shown is not what its arm is shown, or is missing.
    ExposureDisagrees,
    /// Its unit is in both arms.
    UnitInBothArms,
    /// Its unit has an earlier row.
    UnitTwice,
    /// It has no value of an outcome; set aside for that outcome only.
    MissingOutcome,
    /// Its value of an outcome is no number; set aside for that outcome only.
    NotANumber,
}

/// Rows of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Why.
    pub kind: BrokenKind,
    /// How many.
    pub rows: u64,
    /// The first one's number in the file.
    pub example: u64,
    /// What stands there.
    pub found: String,
}

/// The rows that are analysed.
pub(super) struct Kept {
    /// Their indices in the table, and the place of each one's arm.
    pub rows: Vec<(usize, usize)>,
    /// Units by arm before any exposure or repetition was looked at.
    pub assigned: [u64; 2],
    pub arms: [String; 2],
    pub control_because: String,
    pub broken: Vec<Broken>,
}

impl Kept {
    /// How many rows each arm has.
    pub fn units(&self) -> [u64; 2] {
        let count = |place| self.rows.iter().filter(|(_, arm)| *arm == place).count() as u64;
        [count(0), count(1)]
    }
}

impl BrokenKind {
    /// What it is, in words.
    pub fn words(self) -> &'static str {
        match self {
            BrokenKind::MissingArm => "no arm",
            BrokenKind::UnknownArm => "another arm",
            BrokenKind::MissingUnit => "no unit",
            BrokenKind::ExposureDisagrees => "exposure disagrees with the arm",
            BrokenKind::UnitInBothArms => "unit in both arms",
            BrokenKind::UnitTwice => "unit has an earlier row",
            BrokenKind::MissingOutcome => "no outcome",
            BrokenKind::NotANumber => "outcome is no number",
        }
    }

    /// The word for programs.
    pub fn word(self) -> &'static str {
        match self {
            BrokenKind::MissingArm => "missing_arm",
            BrokenKind::UnknownArm => "unknown_arm",
            BrokenKind::MissingUnit => "missing_unit",
            BrokenKind::ExposureDisagrees => "exposure_disagrees",
            BrokenKind::UnitInBothArms => "unit_in_both_arms",
            BrokenKind::UnitTwice => "unit_twice",
            BrokenKind::MissingOutcome => "missing_outcome",
            BrokenKind::NotANumber => "not_a_number",
        }
    }

    /// Whether the row still counts for the other outcomes.
    pub fn of_an_outcome(self) -> bool {
        matches!(self, BrokenKind::MissingOutcome | BrokenKind::NotANumber)
    }
}

/// Sets the broken rows aside.
pub(super) fn clean(sheet: &Sheet, columns: &Columns, asked: &Asked) -> Result<Kept, StageError> {
    let labels = |choice: &Choice, option| -> Result<Labels, StageError> {
        Ok(Labels::of(&sheet.column(&choice.column, option)?.values))
    };
    let arm = labels(&columns.arm, "--arm")?;
    let arms = arms(sheet, &columns.arm.column, &arm, asked)?;
    let unit = columns.unit.as_ref().map(|c| labels(c, "--unit")).transpose()?;
    let exposure = columns.exposure.as_ref().map(|c| labels(c, "--exposure")).transpose()?;
    let mut sieve = Sieve::new(sheet, columns);
    sieve.set_aside(BrokenKind::MissingArm, |row| arms.seats[row] == Seat::Missing);
    sieve.set_aside(BrokenKind::UnknownArm, |row| arms.seats[row] == Seat::Unknown);
    if let Some(unit) = &unit {
        sieve.set_aside(BrokenKind::MissingUnit, |row| unit.codes[row].is_none());
    }
    let assigned = assigned(&sieve.rows, &arms, unit.as_ref());
    if let Some(shown) = &exposure {
        let usual = usual(&arm, shown);
        let expected = |row: usize| arm.codes[row].and_then(|arm| usual[arm as usize]);
        sieve.set_aside(BrokenKind::ExposureDisagrees, |row| shown.codes[row] != expected(row));
    }
    if let Some(unit) = &unit {
        let both = in_both(&sieve.rows, &arms, unit);
        sieve.set_aside(BrokenKind::UnitInBothArms, |row| unit.codes[row].is_some_and(|u| both.contains(&u)));
        let times = columns.time.as_ref().map(|time| times(sheet, time)).transpose()?;
        let later = later_rows(&sieve.rows, unit, times.as_deref());
        sieve.set_aside(BrokenKind::UnitTwice, |row| later.contains(&row));
    }
    let rows = sieve.rows.iter().filter_map(|&row| Some((row, place(&arms, row)?))).collect();
    Ok(Kept { rows, assigned, arms: arms.names, control_because: arms.why, broken: sieve.broken })
}

/// When each row was seen; a number counts as seconds since 1970.
pub(super) fn times(sheet: &Sheet, time: &Choice) -> Result<Vec<Option<Timestamp>>, StageError> {
    let column = sheet.column(&time.column, "--time")?;
    match &column.values {
        Values::Time(v) => Ok(v.clone()),
        Values::Number(v) => {
            let instant =
                |x: &f64| (!x.is_nan()).then(|| Timestamp((x * time::SECOND as f64).round() as i64));
            Ok(v.iter().map(instant).collect())
        }
        other => {
            let found = format!("column {} holds {}, expected times", column.name, other.kind());
            Err(sheet.error(found, "write times as 2026-11-24 or 2026-11-24T13:30:00Z"))
        }
    }
}

/// The rows that are still there, and what was taken out.
struct Sieve<'a> {
    sheet: &'a Sheet,
    /// The columns that tell what is wrong with a row.
    shown: Vec<&'a str>,
    rows: Vec<usize>,
    broken: Vec<Broken>,
}

impl<'a> Sieve<'a> {
    fn new(sheet: &'a Sheet, columns: &'a Columns) -> Sieve<'a> {
        let optional = [&columns.unit, &columns.exposure];
        let shown = [&columns.arm].into_iter().chain(optional.into_iter().flatten());
        Sieve {
            sheet,
            shown: shown.map(|c| c.column.as_str()).collect(),
            rows: (0..sheet.rows()).collect(),
            broken: Vec::new(),
        }
    }

    fn set_aside(&mut self, kind: BrokenKind, broken: impl Fn(usize) -> bool) {
        let (out, kept): (Vec<usize>, Vec<usize>) = self.rows.iter().partition(|row| broken(**row));
        self.rows = kept;
        if let Some(&first) = out.first() {
            let (rows, example) = (out.len() as u64, self.sheet.row(first));
            self.broken.push(Broken { kind, rows, example, found: self.describe(first) });
        }
    }

    /// `group=treatment, landing_page=old_page`
    fn describe(&self, row: usize) -> String {
        let columns = self.shown.iter().filter_map(|name| self.sheet.table.column(name));
        let cells = columns.map(|c| format!("{}={}", c.name, cell(&c.values, row).unwrap_or_default()));
        cells.collect::<Vec<_>>().join(", ")
    }
}

fn place(arms: &Arms, row: usize) -> Option<usize> {
    match arms.seats[row] {
        Seat::Arm(place) => Some(place),
        Seat::Missing | Seat::Unknown => None,
    }
}

/// Units by arm; one that was assigned to both counts in both.
fn assigned(rows: &[usize], arms: &Arms, unit: Option<&Labels>) -> [u64; 2] {
    let mut counts = [0; 2];
    let mut seen = vec![[false; 2]; unit.map_or(0, |u| u.names.len())];
    for &row in rows {
        let Some(place) = place(arms, row) else { continue };
        let code = unit.and_then(|u| u.codes[row]);
        let first = code.is_none_or(|code| !std::mem::replace(&mut seen[code as usize][place], true));
        counts[place] += u64::from(first);
    }
    counts
}

fn in_both(rows: &[usize], arms: &Arms, unit: &Labels) -> BTreeSet<u32> {
    let mut seen = vec![[false; 2]; unit.names.len()];
    for &row in rows {
        if let (Some(place), Some(code)) = (place(arms, row), unit.codes[row]) {
            seen[code as usize][place] = true;
        }
    }
    (0u32..).zip(seen).filter(|(_, seen)| *seen == [true, true]).map(|(code, _)| code).collect()
}

/// The rows whose unit has an earlier one: by time, and where that is equal or missing by place in the table.
fn later_rows(rows: &[usize], unit: &Labels, times: Option<&[Option<Timestamp>]>) -> BTreeSet<usize> {
    let mut order: Vec<usize> = rows.to_vec();
    order.sort_by_key(|&row| {
        let at = times.and_then(|t| t[row]);
        (at.is_none(), at, row)
    });
    let mut seen = vec![false; unit.names.len()];
    let repeated =
        |row: &usize| unit.codes[*row].is_some_and(|code| std::mem::replace(&mut seen[code as usize], true));
    order.into_iter().filter(repeated).collect()
}
