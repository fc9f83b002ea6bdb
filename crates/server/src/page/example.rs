//! One line to paste into a terminal, made from the signature so that it works as it stands.

use domain::{Domain, Field, Kind, Schema};
use maud::{Markup, html};
use serde_json::{Map, Value, json};
use serving::Snapshot;

/// The section.
pub fn section(snapshot: &Snapshot, host: &str) -> Markup {
    let line = curl(snapshot.model(), &snapshot.intended().signature().inputs, host);
    html! {
        h2 { "Try it" }
        div.try {
            pre tabindex="0" aria-label="A request to try" { code #curl { (line) } }
            button type="button" data-copy="curl" { "Copy" }
        }
        p.sub {
            "The answer's " code { "prediction_id" } " is what outcomes are sent under: "
            code { "POST /v1/outcomes" } ". The Open Inference Protocol is spoken at "
            code { "/v2/models/" (snapshot.model()) } ", counters are at " a href="/metrics" { "/metrics" }
            ", this page as JSON at " a href="/api/status" { "/api/status" } " and " a href="/api/history" { "/api/history" } "."
        }
    }
}

fn curl(model: &str, schema: &Schema, host: &str) -> String {
    let row: Map<String, Value> =
        schema.fields.iter().map(|field| (field.name.clone(), cell(field))).collect();
    let body = json!({"rows": [row]}).to_string();
    // a single quote ends the shell's quoting; JSON can say it otherwise
    let body = body.replace('\'', "\\u0027");
    format!("curl -s http://{host}/v1/models/{model}:predict -d '{body}'")
}

fn cell(field: &Field) -> Value {
    match (&field.kind, &field.domain) {
        (Kind::Number, Domain::Range { min, max }) => middle(*min, *max),
        (Kind::Number, _) => json!(0),
        (Kind::Text, Domain::Categories(known)) if !known.is_empty() => json!(known[0]),
        (Kind::Text, _) => json!("text"),
        (Kind::Time, _) => json!("2026-01-31T12:00:00Z"),
        (Kind::Tensor(shape), _) => json!(vec![0; shape.iter().product()]),
    }
}

/// A whole number where the range has one.
fn middle(min: f64, max: f64) -> Value {
    let middle = (min + max) / 2.0;
    if max - min >= 1.0 && middle.abs() < 1e15 { json!(middle.round() as i64) } else { json!(middle) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_fits_the_signature_and_the_shell() {
        let field = |name: &str, kind, domain| Field { name: name.into(), kind, nullable: false, domain };
        let schema = Schema {
            fields: vec![
                field("age", Kind::Number, Domain::Range { min: 17.0, max: 98.0 }),
                field("job", Kind::Text, Domain::Categories(vec!["d'or".into()])),
                field("x", Kind::Tensor(vec![2, 1]), Domain::Any),
            ],
        };
        let line = curl("bank", &schema, "localhost:8085");
        let expected = r#"curl -s http://localhost:8085/v1/models/bank:predict -d '{"rows":[{"age":58,"job":"d\u0027or","x":[0,0]}]}'"#;
        assert_eq!(line, expected);
        let body = line.split('\'').nth(1).expect("quoted");
        let body: Value = serde_json::from_str(body).expect("JSON");
        assert_eq!(body["rows"][0]["job"], "d'or");
    }
}
