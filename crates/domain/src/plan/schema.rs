//! The plan's JSON schema, so that editors complete and check `incumbent.toml`.

use super::fields::{FIELDS, FieldDoc, FieldKind, LONGEST_SIDE};
use serde_json::{Map, Value, json};

/// The schema (draft 2020-12), read off [`FIELDS`].
pub fn json_schema() -> Value {
    let mut top = Map::new();
    for field in FIELDS {
        match field.path.split_once('.') {
            None => drop(top.insert(field.path.into(), of(field))),
            Some((section, name)) => drop(properties(&mut top, section).insert(name.into(), of(field))),
        }
    }
    top["data"]["required"] = json!(required("data."));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "incumbent plan",
        "type": "object",
        "additionalProperties": false,
        "required": ["name", "task", "data"],
        "properties": top,
    })
}

fn properties<'a>(top: &'a mut Map<String, Value>, section: &str) -> &'a mut Map<String, Value> {
    let empty = || json!({"type": "object", "additionalProperties": false, "properties": {}});
    let section = top.entry(section).or_insert_with(empty);
    section["properties"].as_object_mut().expect("a section is made with properties")
}

fn of(field: &FieldDoc) -> Value {
    let mut schema = match field.kind {
        FieldKind::Text => json!({"type": "string"}),
        FieldKind::Choice(words) => json!({"enum": words}),
        FieldKind::Texts => json!({"type": "array", "items": {"type": "string"}}),
        FieldKind::Steps(words) => json!({"type": "array", "items": {"enum": words}, "uniqueItems": true}),
        FieldKind::Shares => {
            json!({"type": "array", "items": {"type": "number", "exclusiveMinimum": 0, "maximum": 0.5}})
        }
        FieldKind::Shape => json!({
            "type": "array",
            "prefixItems": [{"enum": [1, 3]}, side(), side()],
            "items": false,
            "minItems": 3,
        }),
        FieldKind::Number { min, max } => json!({"type": "number", "minimum": min, "maximum": max}),
        FieldKind::Whole { min, max } => json!({"type": "integer", "minimum": min, "maximum": max}),
        FieldKind::Switch => json!({"type": "boolean"}),
        FieldKind::Span => json!({"type": "string", "pattern": "^[0-9.]+(d|h|m|s|ms)$"}),
    };
    schema["description"] = json!(format!("{} (default: {})", field.why, field.default));
    schema
}

/// Pixels along one side of a picture.
fn side() -> Value {
    json!({"type": "integer", "minimum": 1, "maximum": LONGEST_SIDE})
}

fn required(prefix: &str) -> Vec<&'static str> {
    let needed = FIELDS.iter().filter(|f| f.default == "required");
    needed.filter_map(|f| f.path.strip_prefix(prefix)).collect()
}
