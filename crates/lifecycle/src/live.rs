//! Live traffic as labelled rows: predictions of the journal joined with what turned out to be true.
//!
//! The journal keeps raw rows as they were received, so that training reads what serving was given.

mod unlabelled;

pub use unlabelled::Unlabelled;

use crate::{Project, StageError, data};
use domain::{
    Column, Examples, Outcome, OutputKind, Prediction, PredictionId, Schema, Source, Table, Target,
    Timestamp, Values, VersionId,
};
use serde_json::{Map, Value};

/// One prediction whose outcome is known.
#[derive(Debug, Clone)]
pub struct LiveRow {
    /// Which prediction.
    pub prediction: PredictionId,
    /// When it happened, by the row's own time column where it has one.
    pub at: Timestamp,
    /// The version that answered; `None` where the floor did.
    pub version: Option<VersionId>,
    /// The raw row.
    pub input: Map<String, Value>,
    /// The answer.
    pub output: Vec<f64>,
    /// What turned out to be true, as it was reported.
    pub truth: String,
    /// Who says so.
    pub source: Source,
}

/// Labelled live rows, oldest first, and the latest moment that any row speaks of.
#[derive(Debug, Clone, Default)]
pub struct Live {
    /// Rows with an outcome.
    pub rows: Vec<LiveRow>,
    /// The rows' own clock: the latest time seen, labelled or not.
    pub now: Option<Timestamp>,
    /// Predictions whose outcome is not known yet.
    pub unlabelled: u64,
}

/// Reads the journal. Of several outcomes the last one counts, since a correction replaces what it corrects; but a
/// person's label counts only where the world says nothing.
pub fn read(project: &Project) -> Result<Live, StageError> {
    let mut live = Live::default();
    let time = project.plan.data.time.as_deref();
    project.journal.stories(Timestamp(i64::MIN), Timestamp(i64::MAX), &mut |story| {
        add(&mut live, time, &story.prediction, &story.outcomes);
    })?;
    live.rows.sort_by_key(|row| row.at);
    Ok(live)
}

/// Labelled live rows as examples with these columns. A column that a row does not have is missing there.
pub fn examples(
    project: &Project,
    rows: &[&LiveRow],
    columns: &Schema,
    output: &OutputKind,
) -> Result<Examples, StageError> {
    let table = inputs(rows, columns);
    let target = target(rows, output)?;
    let at = Some(rows.iter().map(|row| row.at).collect());
    let named = project.plan.data.entity.as_deref().or(project.plan.data.series.as_deref());
    let entity = named.map(|name| rows.iter().map(|row| entity(row, name)).collect());
    Ok(Examples { rows: table, target, weight: None, at, entity })
}

/// Table rows and live rows together, oldest first; rows without a weight weigh 1.
pub fn joined(first: &Examples, second: &Examples, file: &str) -> Result<Examples, StageError> {
    let unlike = |why: String| StageError::data(file, why, "live rows have to look like the training table");
    let rows = first.rows.append(&second.rows).map_err(|e| unlike(e.to_string()))?;
    let target = match (&first.target, &second.target) {
        (Target::Class { classes, index }, Target::Class { classes: other, index: more })
            if classes == other =>
        {
            Target::Class { classes: classes.clone(), index: [&index[..], more].concat() }
        }
        (Target::Number(a), Target::Number(b)) => Target::Number([&a[..], b].concat()),
        (Target::Path { horizon, values }, Target::Path { horizon: other, values: more })
            if horizon == other =>
        {
            Target::Path { horizon: *horizon, values: [&values[..], more].concat() }
        }
        _ => return Err(unlike("live outcomes are of another kind than the table's target".into())),
    };
    let at = first.at.as_ref().zip(second.at.as_ref()).map(|(a, b)| [&a[..], b].concat());
    let entity = first.entity.as_ref().zip(second.entity.as_ref()).map(|(a, b)| [&a[..], b].concat());
    let weights = |of: &Examples| of.weight.clone().unwrap_or_else(|| vec![1.0; of.len()]);
    let weighted = first.weight.is_some() || second.weight.is_some();
    let weight = weighted.then(|| [weights(first), weights(second)].concat());
    let both = Examples { rows, target, weight, at, entity };
    let mut order: Vec<usize> = (0..both.len()).collect();
    if let Some(at) = &both.at {
        order.sort_by_key(|&row| at[row]);
    }
    Ok(both.take(&order))
}

fn add(live: &mut Live, time: Option<&str>, prediction: &Prediction, outcomes: &[Outcome]) {
    let Some(row) = row(prediction, time) else { return };
    live.now = live.now.max(Some(row.at));
    match truth(outcomes) {
        Some(told) => live.rows.push(LiveRow { truth: told.value.clone(), source: told.source, ..row }),
        None => live.unlabelled += 1,
    }
}

/// Of several outcomes the one that counts.
pub(crate) fn truth(outcomes: &[Outcome]) -> Option<&Outcome> {
    outcomes.iter().rfind(|outcome| outcome.source == Source::Observed).or(outcomes.last())
}

/// The row of a prediction, its truth not known yet; `None` where its input is no row.
pub(crate) fn row(prediction: &Prediction, time: Option<&str>) -> Option<LiveRow> {
    let Ok(Value::Object(input)) = serde_json::from_str(&prediction.input) else { return None };
    let at = moment_of(&input, time).unwrap_or(prediction.at);
    let (version, output) = (answered_by(prediction), prediction.output.clone());
    let (truth, source) = (String::new(), Source::Observed);
    Some(LiveRow { prediction: prediction.id, at, version, input, output, truth, source })
}

/// When a row says that it happened: by the plan's time column, or as the origin of a forecast.
fn moment_of(input: &Map<String, Value>, time: Option<&str>) -> Option<Timestamp> {
    let own = time.and_then(|name| input.get(name)).and_then(moment);
    own.or_else(|| input.get("origin").and_then(moment))
}

/// The version that really answered; `None` for the floor.
fn answered_by(prediction: &Prediction) -> Option<VersionId> {
    match &prediction.served_by {
        domain::ServedBy::Intended => Some(prediction.version.clone()),
        domain::ServedBy::Fallback { version, .. } => Some(version.clone()),
        domain::ServedBy::Floor { .. } => None,
    }
}

fn moment(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => Timestamp::parse(text),
        Value::Number(n) => n.as_f64().map(|s| Timestamp((s * domain::time::SECOND as f64) as i64)),
        _ => None,
    }
}

/// The raw rows with these columns. A column that a row does not have is missing there.
pub fn inputs(rows: &[&LiveRow], schema: &Schema) -> Table {
    let cells: Vec<&Map<String, Value>> = rows.iter().map(|row| &row.input).collect();
    table(&cells, schema)
}

/// Raw rows, as they were received, with these columns.
pub(crate) fn table(rows: &[&Map<String, Value>], schema: &Schema) -> Table {
    let column = |field: &domain::Field| {
        let cells = || rows.iter().map(|row| row.get(&field.name).unwrap_or(&Value::Null));
        let values = match &field.kind {
            domain::Kind::Number => Values::Number(cells().map(|v| v.as_f64().unwrap_or(f64::NAN)).collect()),
            domain::Kind::Text => Values::Text(cells().map(|v| v.as_str().map(str::to_string)).collect()),
            domain::Kind::Time => Values::Time(cells().map(moment).collect()),
            domain::Kind::Tensor(shape) => {
                Values::Tensor { shape: shape.clone(), data: cells().flat_map(|v| block(v, shape)).collect() }
            }
        };
        Column { name: field.name.clone(), values }
    };
    Table::new(schema.fields.iter().map(column).collect()).expect("every column has one cell a row")
}

fn block(value: &Value, shape: &[usize]) -> Vec<f32> {
    let width = shape.iter().product();
    let cells = value.as_array().map(Vec::as_slice).unwrap_or_default();
    (0..width).map(|i| cells.get(i).and_then(Value::as_f64).map_or(f32::NAN, |x| x as f32)).collect()
}

pub(crate) fn target(rows: &[&LiveRow], output: &OutputKind) -> Result<Target, StageError> {
    let bad = |row: &LiveRow, expected: &str| {
        StageError::data(
            "journal",
            format!("an outcome of {} is `{}`, expected {expected}", row.at, row.truth),
            "correct it by reporting it again",
        )
    };
    match output {
        OutputKind::Probabilities { classes } => {
            let place = |row: &&LiveRow| {
                let found = classes.iter().position(|c| *c == row.truth);
                found.map(|i| i as u32).ok_or_else(|| bad(row, &format!("one of {}", classes.join(", "))))
            };
            let index = rows.iter().map(place).collect::<Result<_, _>>()?;
            Ok(Target::Class { classes: classes.clone(), index })
        }
        OutputKind::Value => {
            let number = |row: &&LiveRow| row.truth.parse::<f64>().map_err(|_| bad(row, "a number"));
            Ok(Target::Number(rows.iter().map(number).collect::<Result<_, _>>()?))
        }
        OutputKind::Path { horizon } => {
            let path = |row: &&LiveRow| {
                let values: Option<Vec<f64>> = serde_json::from_str(&row.truth).ok();
                values.filter(|v| v.len() == *horizon).ok_or_else(|| bad(row, &format!("{horizon} numbers")))
            };
            let values = rows.iter().map(path).collect::<Result<Vec<_>, _>>()?.concat();
            Ok(Target::Path { horizon: *horizon, values })
        }
    }
}

/// Whom a row is about, by the column of this name: the same number as the table's rows of that entity have.
pub(crate) fn entity(row: &LiveRow, name: &str) -> u64 {
    let text = match row.input.get(name) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        // 7.0, as the journal spells a number, is the table's 7
        Some(Value::Number(n)) => n.as_f64().map_or_else(|| n.to_string(), data::number_name),
        Some(other) => other.to_string(),
    };
    store::digest::hash64(&text)
}

/// The hash of some examples, for events.
pub fn digest(examples: &Examples) -> String {
    let mut hash = store::digest::Digest::new();
    store::digest::examples(&mut hash, examples);
    hash.finish()
}

/// The table's rows, or an error that says why they can't be read again.
pub fn history_rows(project: &Project) -> Result<Examples, StageError> {
    Ok(data::load(project)?.examples)
}
