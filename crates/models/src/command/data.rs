//! The files that a command is given: `train.csv` and `schema.json`.
//!
//! One column of the file a column of the table, under its name; a missing cell is empty. A number is written
//! with all its digits, an instant as `2024-02-29T12:00:00Z`, a block of numbers as a flat JSON array with
//! `null` for a missing one. Then the target, under its name: the class, the number, or a JSON array of
//! probabilities in the order of the classes or of the steps of a path. Last, where the rows have them:
//! `incumbent_weight`, `incumbent_at` and `incumbent_entity`, which are not inputs.

use super::task;
use domain::{Domain, Examples, Field, Kind, Target, Timestamp, Values};
use serde_json::{Value, json};
use std::io::{self, Write};

/// The columns that the contract adds.
pub(super) const OWN_COLUMNS: [&str; 3] = ["incumbent_weight", "incumbent_at", "incumbent_entity"];
/// A schema names the categories of a text column up to so many.
const MAX_CATEGORIES: usize = 1000;

/// Writes the rows with their targets.
pub(super) fn write_csv(data: &Examples, target: &str, into: impl Write) -> io::Result<()> {
    let mut file = csv::Writer::from_writer(into);
    let names = data.rows.columns().iter().map(|c| c.name.as_str());
    let own = own_columns(data);
    file.write_record(names.chain([target]).chain(own.iter().copied()))?;
    for row in 0..data.len() {
        let cells = data.rows.columns().iter().map(|c| cell(&c.values, row));
        let own = own.iter().map(|name| own_cell(data, name, row));
        file.write_record(cells.chain([target_cell(&data.target, row)]).chain(own))?;
    }
    file.flush()
}

/// What the columns hold, in JSON.
pub(super) fn schema(data: &Examples, target: &str) -> String {
    let inputs = data.rows.columns().iter().map(|c| field(&Field::observed(c, MAX_CATEGORIES)));
    let schema = json!({
        "contract": 1,
        "task": task(&data.target),
        "rows": data.len(),
        "inputs": inputs.collect::<Vec<Value>>(),
        "target": described(&data.target, target),
        "others": own_columns(data),
    });
    format!("{schema:#}\n")
}

fn own_columns(data: &Examples) -> Vec<&'static str> {
    let there = [data.weight.is_some(), data.at.is_some(), data.entity.is_some()];
    OWN_COLUMNS.into_iter().zip(there).filter(|&(_, there)| there).map(|(name, _)| name).collect()
}

fn own_cell(data: &Examples, name: &str, row: usize) -> String {
    let weight = || data.weight.as_ref().map(|w| w[row].to_string());
    let at = || data.at.as_ref().map(|t| t[row].to_string());
    let entity = || data.entity.as_ref().map(|e| e[row].to_string());
    match name {
        "incumbent_weight" => weight(),
        "incumbent_at" => at(),
        _ => entity(),
    }
    .unwrap_or_default()
}

fn cell(values: &Values, row: usize) -> String {
    match values {
        Values::Number(cells) if cells[row].is_nan() => String::new(),
        Values::Number(cells) => cells[row].to_string(),
        Values::Text(cells) => cells[row].clone().unwrap_or_default(),
        Values::Time(cells) => cells[row].map_or_else(String::new, |at: Timestamp| at.to_string()),
        Values::Tensor { shape, data } => {
            let width: usize = shape.iter().product();
            json!(data[row * width..(row + 1) * width]).to_string()
        }
    }
}

fn target_cell(target: &Target, row: usize) -> String {
    match target {
        Target::Class { classes, index } => classes[index[row] as usize].clone(),
        Target::Number(values) => values[row].to_string(),
        Target::Soft { classes: list, probability } => {
            json!(probability[row * list.len()..(row + 1) * list.len()]).to_string()
        }
        Target::Path { horizon, values } => json!(values[row * horizon..(row + 1) * horizon]).to_string(),
    }
}

fn described(target: &Target, name: &str) -> Value {
    match target {
        Target::Class { classes, .. } => json!({"name": name, "kind": "class", "classes": classes}),
        Target::Soft { classes, .. } => json!({"name": name, "kind": "probabilities", "classes": classes}),
        Target::Number(_) => json!({"name": name, "kind": "number"}),
        Target::Path { horizon, .. } => json!({"name": name, "kind": "path", "horizon": horizon}),
    }
}

fn field(field: &Field) -> Value {
    let mut out = json!({"name": field.name, "missing": field.nullable});
    match &field.kind {
        Kind::Tensor(shape) => {
            out["kind"] = json!("tensor");
            out["shape"] = json!(shape);
        }
        other => out["kind"] = json!(other.to_string()),
    }
    match &field.domain {
        Domain::Any => {}
        Domain::Range { min, max } => {
            out["min"] = json!(min);
            out["max"] = json!(max);
        }
        Domain::Categories(categories) => out["categories"] = json!(categories),
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Column, Table};

    fn examples(target: Target) -> Examples {
        let column = |name: &str, values| Column { name: name.into(), values };
        let rows = Table::new(vec![
            column("age", Values::Number(vec![0.1, f64::NAN])),
            column("job, \"now\"", Values::Text(vec![Some("a,b\n\"c\"".into()), None])),
            column("called", Values::Time(vec![Timestamp::parse("2024-02-29T12:00:00Z"), None])),
            column("x", Values::Tensor { shape: vec![2], data: vec![0.5, f32::NAN, 1.0, -2.0] }),
        ]);
        Examples {
            rows: rows.expect("two rows each"),
            target,
            weight: Some(vec![1.0, 2.5]),
            at: None,
            entity: Some(vec![7, u64::MAX]),
        }
    }

    fn check(target: Target, expect: &str) {
        let mut bytes = Vec::new();
        write_csv(&examples(target), "y", &mut bytes).expect("memory takes it");
        assert_eq!(String::from_utf8(bytes).expect("text"), expect);
    }

    #[test]
    fn every_kind_of_cell_is_written() {
        let classes = || vec!["no".into(), "yes".into()];
        let head = "age,\"job, \"\"now\"\"\",called,x,y,incumbent_weight,incumbent_entity\n";
        let row = "0.1,\"a,b\n\"\"c\"\"\",2024-02-29T12:00:00Z,\"[0.5,null]\"";
        let with = |first: &str, second: &str| {
            format!("{head}{row},{first},1,7\n,,,\"[1.0,-2.0]\",{second},2.5,18446744073709551615\n")
        };
        check(Target::Class { classes: classes(), index: vec![1, 0] }, &with("yes", "no"));
        check(Target::Number(vec![1e-7, 3.0]), &with("0.0000001", "3"));
        let probability = vec![0.25, 0.75, 1.0, 0.0];
        check(Target::Soft { classes: classes(), probability }, &with("\"[0.25,0.75]\"", "\"[1.0,0.0]\""));
        let path = Target::Path { horizon: 2, values: vec![1.0, 2.0, 3.0, f64::NAN] };
        check(path, &with("\"[1.0,2.0]\"", "\"[3.0,null]\""));
    }

    #[test]
    fn the_schema_says_what_is_asked_for() {
        let target = Target::Class { classes: vec!["no".into(), "yes".into()], index: vec![1, 0] };
        let schema: Value = serde_json::from_str(&schema(&examples(target), "y")).expect("JSON");
        assert_eq!(schema["contract"], 1);
        assert_eq!(schema["task"], "classification");
        assert_eq!(schema["target"], json!({"name": "y", "kind": "class", "classes": ["no", "yes"]}));
        assert_eq!(
            schema["inputs"][0],
            json!({"name": "age", "missing": true, "kind": "number", "min": 0.1, "max": 0.1})
        );
        assert_eq!(
            schema["inputs"][3],
            json!({"name": "x", "missing": true, "kind": "tensor", "shape": [2]})
        );
        assert_eq!(schema["others"], json!(["incumbent_weight", "incumbent_entity"]));
    }
}
