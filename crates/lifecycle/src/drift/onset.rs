//! When columns that moved began to: so that what came before is not taken for what is now.

use super::dating::{date, standings};
use super::profile::{Profile, Shape};
use domain::{Column, Timestamp, Values};

/// The moment at which a column moved at once; `None` where it did so little by little, or before these rows.
pub fn onset(column: &Column, reference: &Profile, current: &Profile, at: &[Timestamp]) -> Option<Timestamp> {
    let signal: Vec<f64> = match (&column.values, &reference.shape, &current.shape) {
        (Values::Number(cells), Shape::Numbers(before), _) => standings(before, cells),
        (Values::Text(cells), Shape::Categories(before), Shape::Categories(now)) => {
            let share = |of: &std::collections::BTreeMap<String, u64>, all: u64, name: &String| {
                of.get(name).copied().unwrap_or(0) as f64 / all.max(1) as f64
            };
            // rows of the categories that became more frequent
            let more = |name: &String| {
                share(now, current.present(), name) > share(before, reference.present(), name)
            };
            cells.iter().map(|cell| f64::from(cell.as_ref().is_some_and(more))).collect()
        }
        _ => return None,
    };
    date(&signal, at).filter(|found| found.step).map(|found| found.since)
}
