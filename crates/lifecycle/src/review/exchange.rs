//! Items out to other labelling tools, and answers back: Label Studio's tasks, CSV and NDJSON.
//!
//! Neither the model's answer nor its confidence goes out: people elsewhere are as blind as those here. Invariant: an
//! answer that comes back names the prediction that it is of.

use super::Desk;
use super::desk::Reply;
use super::ledger::Item;
use crate::StageError;
use domain::{Column, Domain, Field, Kind, Schema, Table, Values};
use serde_json::{Map, Value, json};
use std::path::Path;
use store::files::{ReadOptions, read_table};

/// The column, and the key in a task's data, that names the prediction.
pub const PREDICTION: &str = "prediction_id";
/// Who answers where a file does not say.
const NOBODY: &str = "imported";

/// What a file holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Replies {
    /// The answers.
    pub replies: Vec<Reply>,
    /// Annotations that their writer took back, which are left out.
    pub cancelled: usize,
    /// Tasks without an annotation.
    pub empty: usize,
}

/// A form that items are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A JSON array of Label Studio tasks.
    LabelStudio,
    /// A table with a header.
    Csv,
    /// One JSON object a line.
    Ndjson,
}

impl Form {
    /// By a file's name: `.csv`, `.ndjson` (or `.jsonl`), and `.json` for Label Studio.
    pub fn of(path: &Path) -> Result<Form, StageError> {
        match path.extension().and_then(|end| end.to_str()) {
            Some("csv") => Ok(Form::Csv),
            Some("ndjson" | "jsonl") => Ok(Form::Ndjson),
            Some("json") => Ok(Form::LabelStudio),
            _ => Err(StageError::data(
                &path.display().to_string(),
                "found no known ending, expected .json (Label Studio), .csv or .ndjson",
                "name the file by what it holds",
            )),
        }
    }
}

/// Writes items in a form; `all` of them, or those that wait for people.
pub fn export(desk: &Desk, form: Form, all: bool) -> Result<String, StageError> {
    let items = desk.items().into_iter().filter(|item| all || item.label().is_none());
    let rows: Vec<(Item, Map<String, Value>)> = items
        .map(|item| {
            let row = desk.item(&item.asked.prediction)?;
            let cells = row.as_ref().map(cells).unwrap_or_default();
            Ok((item, cells))
        })
        .collect::<Result<_, StageError>>()?;
    Ok(match form {
        Form::LabelStudio => tasks(desk, &rows),
        Form::Ndjson => {
            rows.iter().map(|(item, cells)| format!("{}\n", Value::Object(flat(item, cells)))).collect()
        }
        Form::Csv => csv(&rows),
    })
}

/// Reads answers from a file.
pub fn read(path: &Path) -> Result<Replies, StageError> {
    match Form::of(path)? {
        Form::LabelStudio => label_studio(path),
        Form::Csv | Form::Ndjson => table(path),
    }
}

fn tasks(desk: &Desk, rows: &[(Item, Map<String, Value>)]) -> String {
    let result = |label: &str| json!({"from_name": desk.target(), "to_name": "row", "type": "choices", "value": {"choices": [label]}});
    let annotation = |label: &super::ledger::Label| {
        json!({
            "completed_by": {"email": label.worker}, "was_cancelled": false,
            "created_at": label.at.to_string(), "result": [result(&label.label)],
        })
    };
    let task = |(place, (item, cells)): (usize, &(Item, Map<String, Value>))| {
        let mut data = cells.clone();
        data.insert(PREDICTION.into(), json!(item.asked.prediction));
        let annotations: Vec<Value> = item.labels.iter().map(annotation).collect();
        json!({"id": place + 1, "data": data, "annotations": annotations})
    };
    let tasks: Vec<Value> = rows.iter().enumerate().map(task).collect();
    format!("{:#}\n", Value::Array(tasks))
}

/// An item as one flat object: what is asked first, then its cells.
fn flat(item: &Item, cells: &Map<String, Value>) -> Map<String, Value> {
    let mut row = Map::new();
    row.insert(PREDICTION.into(), json!(item.asked.prediction));
    row.insert("why".into(), json!(item.asked.why.word()));
    row.insert("draw_probability".into(), json!(item.asked.chance));
    row.insert("label".into(), json!(item.label()));
    row.insert("labels".into(), json!(item.labels.len()));
    for (name, cell) in cells {
        // a column of the table may have the same name
        row.entry(name.clone()).or_insert_with(|| cell.clone());
    }
    row
}

fn csv(rows: &[(Item, Map<String, Value>)]) -> String {
    let rows: Vec<Map<String, Value>> = rows.iter().map(|(item, cells)| flat(item, cells)).collect();
    let mut names: Vec<&String> = Vec::new();
    for name in rows.iter().flat_map(Map::keys) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let quoted = |text: String| match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    };
    let cell = |value: Option<&Value>| match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => quoted(text.clone()),
        Some(other) => quoted(other.to_string()),
    };
    let line = |cells: Vec<String>| format!("{}\n", cells.join(","));
    let head = line(names.iter().map(|name| quoted((*name).clone())).collect());
    let body = rows.iter().map(|row| line(names.iter().map(|name| cell(row.get(*name))).collect()));
    std::iter::once(head).chain(body).collect()
}

/// The cells of one row; pictures are left to the page.
fn cells(row: &Table) -> Map<String, Value> {
    let cell = |column: &Column| {
        let value = match &column.values {
            Values::Number(cells) => json!(cells[0]),
            Values::Text(cells) => json!(cells[0]),
            Values::Time(cells) => json!(cells[0].map(|at| at.to_string())),
            Values::Tensor { .. } => return None,
        };
        Some((column.name.clone(), value))
    };
    row.columns().iter().filter_map(cell).collect()
}

fn label_studio(path: &Path) -> Result<Replies, StageError> {
    let file = path.display().to_string();
    let odd = |found: String, hint: &str| StageError::data(&file, found, hint);
    let text =
        std::fs::read_to_string(path).map_err(|why| odd(why.to_string(), "the file has to be there"))?;
    let found: Value =
        serde_json::from_str(&text).map_err(|why| odd(why.to_string(), "export the project as JSON"))?;
    let Some(tasks) = found.as_array() else {
        return Err(odd("found no array of tasks".into(), "export the project as JSON, not as JSON-MIN"));
    };
    let mut replies = Replies::default();
    for (place, task) in (1..).zip(tasks) {
        let Some(prediction) = task["data"][PREDICTION].as_str() else {
            let found = format!("task {place}: its data has no `{PREDICTION}`");
            return Err(odd(found, "import tasks that `incumbent review export` wrote"));
        };
        let annotations = task["annotations"].as_array().map(Vec::as_slice).unwrap_or_default();
        let (cancelled, kept): (Vec<&Value>, Vec<&Value>) =
            annotations.iter().partition(|one| one["was_cancelled"].as_bool() == Some(true));
        replies.cancelled += cancelled.len();
        replies.empty += usize::from(kept.is_empty());
        for annotation in kept {
            let label =
                chosen(annotation).map_err(|why| odd(format!("task {place}: {why}"), "one choice a task"))?;
            let worker = annotator(annotation);
            replies.replies.push(Reply { prediction: prediction.into(), worker, label: Some(label) });
        }
    }
    Ok(replies)
}

/// The one choice of an annotation.
fn chosen(annotation: &Value) -> Result<String, String> {
    let results = annotation["result"].as_array().map(Vec::as_slice).unwrap_or_default();
    let choices = results.iter().filter_map(|result| result["value"]["choices"].as_array()).flatten();
    let choices: Vec<&str> = choices.filter_map(Value::as_str).collect();
    match choices[..] {
        [one] => Ok(one.to_owned()),
        _ => Err(format!("found {} choices, expected one", choices.len())),
    }
}

/// Label Studio names people by a number, or by their record.
fn annotator(annotation: &Value) -> String {
    match &annotation["completed_by"] {
        Value::Object(record) => {
            let known = ["email", "username", "id"].iter().find_map(|key| record.get(*key));
            known.map_or_else(|| NOBODY.into(), text)
        }
        Value::Null => NOBODY.into(),
        other => text(other),
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn table(path: &Path) -> Result<Replies, StageError> {
    // ids and class names may look like numbers
    let text =
        |name: &str| Field { name: name.into(), kind: Kind::Text, nullable: true, domain: Domain::Any };
    let schema = Some(Schema { fields: vec![text(PREDICTION), text("label")] });
    let table = read_table(path, &ReadOptions { schema, ..ReadOptions::default() })?;
    let file = path.display().to_string();
    let column = |name: &str| table.column(name).map(|column| &column.values);
    let (Some(ids), Some(labels)) = (column(PREDICTION), column("label")) else {
        let names: Vec<&str> = table.columns().iter().map(|column| column.name.as_str()).collect();
        let found = format!("found the columns {}", names.join(", "));
        return Err(StageError::data(&file, found, "answers need `prediction_id` and `label`, and `worker`"));
    };
    let workers = column("worker");
    let mut replies = Replies::default();
    for row in 0..table.rows() {
        let (Some(prediction), label) = (cell(ids, row), cell(labels, row)) else { continue };
        if label.is_none() {
            replies.empty += 1;
            continue;
        }
        let worker = workers.and_then(|workers| cell(workers, row)).unwrap_or_else(|| NOBODY.into());
        replies.replies.push(Reply { prediction, worker, label });
    }
    Ok(replies)
}

fn cell(values: &Values, row: usize) -> Option<String> {
    match values {
        Values::Number(cells) => (!cells[row].is_nan()).then(|| cells[row].to_string()),
        Values::Text(cells) => cells[row].clone(),
        Values::Time(cells) => cells[row].map(|at| at.to_string()),
        Values::Tensor { .. } => None,
    }
}
