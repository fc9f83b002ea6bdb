//! `signature.json`: what a version takes and answers, for Python and for people.
//!
//! Invariant: what is written reads back equal.

use crate::StoreError;
use domain::{Domain, Field, Kind, OutputKind, Schema, Signature, Task};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The format that is written.
const FORMAT: u32 = 1;

#[derive(Serialize, Deserialize)]
struct SignatureRow {
    v: u32,
    task: Task,
    inputs: Vec<FieldRow>,
    output: OutputRow,
}

#[derive(Serialize, Deserialize)]
struct FieldRow {
    name: String,
    kind: KindRow,
    /// The shape of a tensor's block.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shape: Option<Vec<usize>>,
    nullable: bool,
    /// Smallest and largest number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    range: Option<(f64, f64)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    categories: Option<Vec<String>>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum KindRow {
    Number,
    Text,
    Time,
    Tensor,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "kind")]
enum OutputRow {
    Probabilities { classes: Vec<String> },
    Value,
    Path { horizon: usize },
}

/// The text of `signature.json`, with a line break at its end.
pub fn encode(signature: &Signature) -> Result<String, StoreError> {
    let lossy = |why: String| StoreError::Lossy { what: "signature", why };
    let row = SignatureRow {
        v: FORMAT,
        task: signature.task,
        inputs: signature.inputs.fields.iter().map(field_row).collect(),
        output: output_row(&signature.output),
    };
    let text = serde_json::to_string_pretty(&row).map_err(|e| lossy(e.to_string()))? + "\n";
    match decode(Path::new("signature.json"), text.as_bytes()) {
        Ok(back) if back == *signature => Ok(text),
        _ => Err(lossy(format!("it would not read back as it is: {text}"))),
    }
}

/// Reads `signature.json`; `path` is for errors.
pub fn decode(path: &Path, text: &[u8]) -> Result<Signature, StoreError> {
    let row: Result<SignatureRow, _> = serde_json::from_slice(text);
    let row = row.map_err(|e| StoreError::Damaged { path: path.into(), why: e.to_string() })?;
    if row.v > FORMAT {
        return Err(StoreError::Newer { path: path.into(), found: row.v, known: FORMAT });
    }
    let fields = row.inputs.into_iter().map(|row| field(path, row)).collect::<Result<_, _>>()?;
    let output = match row.output {
        OutputRow::Probabilities { classes } => OutputKind::Probabilities { classes },
        OutputRow::Value => OutputKind::Value,
        OutputRow::Path { horizon } => OutputKind::Path { horizon },
    };
    Ok(Signature { task: row.task, inputs: Schema { fields }, output })
}

fn field_row(field: &Field) -> FieldRow {
    let (kind, shape) = match &field.kind {
        Kind::Number => (KindRow::Number, None),
        Kind::Text => (KindRow::Text, None),
        Kind::Time => (KindRow::Time, None),
        Kind::Tensor(shape) => (KindRow::Tensor, Some(shape.clone())),
    };
    let (range, categories) = match &field.domain {
        Domain::Any => (None, None),
        Domain::Range { min, max } => (Some((*min, *max)), None),
        Domain::Categories(names) => (None, Some(names.clone())),
    };
    FieldRow { name: field.name.clone(), kind, shape, nullable: field.nullable, range, categories }
}

fn field(path: &Path, row: FieldRow) -> Result<Field, StoreError> {
    let kind = match (row.kind, row.shape) {
        (KindRow::Number, None) => Kind::Number,
        (KindRow::Text, None) => Kind::Text,
        (KindRow::Time, None) => Kind::Time,
        (KindRow::Tensor, Some(shape)) => Kind::Tensor(shape),
        _ => {
            let why = format!("input `{}`: a tensor has a shape, and nothing else has one", row.name);
            return Err(StoreError::Damaged { path: path.into(), why });
        }
    };
    let domain = match (row.range, row.categories) {
        (Some((min, max)), _) => Domain::Range { min, max },
        (None, Some(names)) => Domain::Categories(names),
        (None, None) => Domain::Any,
    };
    Ok(Field { name: row.name, kind, nullable: row.nullable, domain })
}

fn output_row(output: &OutputKind) -> OutputRow {
    match output {
        OutputKind::Probabilities { classes } => OutputRow::Probabilities { classes: classes.clone() },
        OutputKind::Value => OutputRow::Value,
        OutputKind::Path { horizon } => OutputRow::Path { horizon: *horizon },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signature(domain: Domain, output: OutputKind) -> Signature {
        let field = |name: &str, kind, domain| Field { name: name.into(), kind, nullable: true, domain };
        let fields = vec![
            field("age", Kind::Number, domain),
            field("job", Kind::Text, Domain::Categories(vec!["a".into(), "b".into()])),
            field("at", Kind::Time, Domain::Any),
            field("image", Kind::Tensor(vec![28, 28]), Domain::Any),
        ];
        Signature { task: Task::Classification, inputs: Schema { fields }, output }
    }

    #[test]
    fn a_signature_reads_back_as_it_was() {
        let classes = vec!["no".into(), "yes".into()];
        for output in
            [OutputKind::Probabilities { classes }, OutputKind::Value, OutputKind::Path { horizon: 24 }]
        {
            let signature = signature(Domain::Range { min: -0.1, max: 1e300 }, output);
            let text = encode(&signature).expect("finite");
            assert_eq!(decode(Path::new("s"), text.as_bytes()).expect("readable"), signature);
        }
    }

    #[test]
    fn it_is_readable_for_people_and_python() {
        let text =
            encode(&signature(Domain::Range { min: 17.0, max: 98.0 }, OutputKind::Value)).expect("finite");
        let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let age =
            serde_json::json!({"name": "age", "kind": "number", "nullable": true, "range": [17.0, 98.0]});
        assert_eq!((&value["v"], &value["inputs"][0]), (&1.into(), &age));
        assert_eq!(value["inputs"][3]["shape"], serde_json::json!([28, 28]));
        assert_eq!(value["output"], serde_json::json!({"kind": "value"}));
    }

    #[test]
    fn ranges_without_end_are_refused() {
        let endless = signature(Domain::Range { min: 0.0, max: f64::INFINITY }, OutputKind::Value);
        assert!(matches!(encode(&endless), Err(StoreError::Lossy { .. })));
    }

    #[test]
    fn what_is_wrong_is_told() {
        let text = r#"{"v":1,"task":"regression","inputs":[{"name":"x","kind":"tensor","nullable":false}],"output":{"kind":"value"}}"#;
        let error = decode(Path::new("s"), text.as_bytes()).expect_err("no shape").to_string();
        assert_eq!(error, "s is damaged: input `x`: a tensor has a shape, and nothing else has one");
        let newer = text.replace("\"v\":1", "\"v\":3");
        assert!(matches!(decode(Path::new("s"), newer.as_bytes()), Err(StoreError::Newer { found: 3, .. })));
    }
}
