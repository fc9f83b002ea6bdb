//! What one version answered, as the journal has it: rows in the order of their own time, with all that came after.

use crate::review::Register;
use crate::{Project, StageError, live};
use domain::{PredictionId, Story, Table, Timestamp, Values, VersionId};
use serde_json::{Map, Value};

/// One row that the version answered.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The prediction's name.
    pub id: PredictionId,
    /// When it happened, by the row's own time column where it has one.
    pub at: Timestamp,
    /// The raw row, with whatever came along.
    pub input: Map<String, Value>,
    /// The answer.
    pub output: Vec<f64>,
    /// What turned out to be true; the last word where several were said.
    pub truth: Option<String>,
    /// Whether all labels agree, where there are several.
    pub agree: Option<bool>,
}

/// Everything that the version answered, oldest first.
#[derive(Debug, Clone, Default)]
pub struct Traffic {
    /// The rows.
    pub rows: Vec<Asked>,
    /// The latest moment that any row of the project speaks of, whoever answered it.
    pub now: Option<Timestamp>,
}

/// Reads the journal. Labels of rows that people were shown for doubt are left out: they are no sample.
pub fn read(project: &Project, version: &VersionId) -> Result<Traffic, StageError> {
    let mut traffic = Traffic::default();
    let time = project.plan.data.time.as_deref();
    let register = Register::read(project)?;
    project.journal.stories(Timestamp(i64::MIN), Timestamp(i64::MAX), &mut |mut story| {
        let Some(row) = live::row(&story.prediction, time) else { return };
        traffic.now = traffic.now.max(Some(row.at));
        if row.version.as_ref() == Some(version) {
            register.keep_judging(&mut story.outcomes);
            traffic.rows.push(asked(row, &story));
        }
    })?;
    traffic.rows.sort_by_key(|row| (row.at, row.id));
    Ok(traffic)
}

fn asked(row: live::LiveRow, story: &Story) -> Asked {
    let truth = live::truth(&story.outcomes).map(|outcome| outcome.value.clone());
    let first = story.outcomes.first();
    let agree = (story.outcomes.len() > 1)
        .then(|| story.outcomes.iter().all(|outcome| Some(&outcome.value) == first.map(|f| &f.value)));
    Asked { id: story.prediction.id, at: row.at, input: row.input, output: row.output, truth, agree }
}

impl Traffic {
    /// The rows from this moment on.
    pub fn since(&self, from: Timestamp) -> &[Asked] {
        &self.rows[self.rows.partition_point(|row| row.at < from)..]
    }
}

/// At most `count` of them, drawn by their place, in their order.
pub fn sample<T>(rows: &[T], count: usize, seed: u64) -> Vec<&T> {
    places(rows.len(), count, seed).into_iter().map(|place| &rows[place]).collect()
}

/// At most `count` of the places 0 to `len`, ascending.
pub fn places(len: usize, count: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..len).collect();
    if len > count {
        // two places may draw the same: the first goes first
        order.select_nth_unstable_by_key(count, |&place| (store::digest::mix64(seed, place as u64), place));
        order.truncate(count);
        order.sort_unstable();
    }
    order
}

/// The raw rows with every column that any of them has; numbers where every cell is one, text otherwise.
pub fn table(rows: &[&Asked]) -> Table {
    let mut names: Vec<&String> = Vec::new();
    for name in rows.iter().flat_map(|row| row.input.keys()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let column = |name: &String| {
        let cells = || rows.iter().map(|row| row.input.get(name).unwrap_or(&Value::Null));
        let values = match cells().all(|cell| cell.is_null() || cell.is_number()) {
            true => Values::Number(cells().map(|cell| cell.as_f64().unwrap_or(f64::NAN)).collect()),
            false => Values::Text(cells().map(text).collect()),
        };
        domain::Column { name: name.clone(), values }
    };
    Table::new(names.into_iter().map(column).collect()).expect("every column has one cell a row")
}

fn text(cell: &Value) -> Option<String> {
    match cell {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_in_order_and_the_same_again() {
        let rows: Vec<usize> = (0..1000).collect();
        let drawn = sample(&rows, 100, 7);
        assert_eq!(drawn.len(), 100);
        assert!(drawn.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(drawn, sample(&rows, 100, 7));
        assert_ne!(drawn, sample(&rows, 100, 8));
        assert_eq!(sample(&rows[..3], 100, 7).len(), 3);
    }
}
