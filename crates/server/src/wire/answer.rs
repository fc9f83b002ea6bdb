//! An answer on its way out: as output tensors, and as one JSON object a row.

use super::dtype::Dtype;
use domain::{OutputKind, ServedBy};
use serde_json::{Map, Value, json};
use serving::{Answer, Part};

/// An output tensor.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// Its name.
    pub name: &'static str,
    /// Its datatype: FP64 or BYTES.
    pub dtype: Dtype,
    /// Its shape; the rows first.
    pub shape: Vec<usize>,
    cells: Cells,
}

/// An output tensor's elements, row-major.
#[derive(Debug, Clone, PartialEq)]
pub enum Cells {
    /// FP64.
    Numbers(Vec<f64>),
    /// BYTES.
    Texts(Vec<String>),
}

impl Tensor {
    /// Appends the elements in binary form.
    pub fn write(&self, into: &mut Vec<u8>) {
        match &self.cells {
            Cells::Numbers(cells) => cells.iter().for_each(|x| into.extend_from_slice(&x.to_le_bytes())),
            Cells::Texts(cells) => {
                for text in cells {
                    let length = u32::try_from(text.len()).expect("labels and ids are shorter than 4 GB");
                    into.extend_from_slice(&length.to_le_bytes());
                    into.extend_from_slice(text.as_bytes());
                }
            }
        }
    }

    /// The elements.
    pub fn cells(&self) -> &Cells {
        &self.cells
    }

    /// The elements as a flat JSON array.
    pub fn json(&self) -> Value {
        match &self.cells {
            Cells::Numbers(cells) => json!(cells),
            Cells::Texts(cells) => json!(cells),
        }
    }
}

/// Every output of an answer, in the order in which metadata names them.
pub fn outputs(answer: &Answer) -> Vec<Tensor> {
    let rows = answer.outputs.rows();
    let numbers = |name, shape| {
        let cells = Cells::Numbers(answer.outputs.values.clone());
        Tensor { name, dtype: Dtype::Fp64, shape, cells }
    };
    let texts = |name, cells: Vec<String>| Tensor {
        name,
        dtype: Dtype::Bytes,
        shape: vec![rows],
        cells: Cells::Texts(cells),
    };
    let mut outputs = match &answer.outputs.kind {
        OutputKind::Probabilities { classes } => {
            let labels = (0..rows).map(|row| answer.label(row).unwrap_or_default().to_owned());
            vec![numbers("probabilities", vec![rows, classes.len()]), texts("label", labels.collect())]
        }
        OutputKind::Value => vec![numbers("value", vec![rows])],
        OutputKind::Path { horizon } => vec![numbers("forecast", vec![rows, *horizon])],
    };
    outputs.push(texts("prediction_id", answer.ids.iter().map(ToString::to_string).collect()));
    outputs
}

/// The output of this name; `classification` is an extension that somebody may ask for with it.
pub fn find<'a>(all: &'a [Tensor], name: &str, classification: bool) -> Result<&'a Tensor, String> {
    if classification {
        return Err(format!(
            "output `{name}`: the classification extension is not spoken here; read `probabilities` and `label`"
        ));
    }
    all.iter().find(|output| output.name == name).ok_or_else(|| {
        let names: Vec<&str> = all.iter().map(|output| output.name).collect();
        format!("output `{name}` is unknown, expected one of {}", names.join(", "))
    })
}

/// Who answered. The protocol has one version for all rows of a response: where several answered it is the one that the
/// request was meant for, and the parameters say so; the rows' own versions are told by `:predict`.
pub fn told(answer: &Answer) -> (&str, Map<String, Value>) {
    let mut parts = answer.parts.iter();
    let Some(first) = parts.next() else { return (answer.version.0.as_str(), Map::new()) };
    let same = |key: fn(&Part) -> Map<String, Value>| answer.parts.iter().all(|part| key(part) == key(first));
    let who: fn(&Part) -> Map<String, Value> = |part| served_by(&part.served_by);
    let mut parameters = Map::new();
    for (told, key) in [(who, "served_by"), (arm, "arm")] {
        parameters.extend(match same(told) {
            true => told(first),
            false => [(key.to_string(), json!("mixed"))].into_iter().collect(),
        });
    }
    parameters.extend(review(answer));
    let one = parts.all(|part| version(part) == version(first));
    (if one { version(first) } else { answer.version.0.as_str() }, parameters)
}

/// Whether people look at any of the rows; which ones, from 0, where it is not all of them.
fn review(answer: &Answer) -> Map<String, Value> {
    let rows: Vec<String> = answer
        .review
        .iter()
        .enumerate()
        .filter(|(_, review)| **review)
        .map(|(row, _)| row.to_string())
        .collect();
    let mut told = Map::new();
    if !answer.review.is_empty() {
        told.insert("review".into(), json!(!rows.is_empty()));
    }
    if !rows.is_empty() && rows.len() < answer.review.len() {
        told.insert("review_rows".into(), json!(rows.join(",")));
    }
    told
}

/// Which version answered; `floor` where none could.
fn version(part: &Part) -> &str {
    part.answered_by().map_or("floor", |version| version.0.as_str())
}

/// Who answered, and why it was not the version that was meant.
fn served_by(who: &ServedBy) -> Map<String, Value> {
    let (who, why) = match who {
        ServedBy::Intended => ("intended", None),
        ServedBy::Fallback { why, .. } => ("fallback", Some(why)),
        ServedBy::Floor { why } => ("floor", Some(why)),
    };
    let why = why.map(|why| ("why".to_string(), json!(why)));
    [("served_by".to_string(), json!(who))].into_iter().chain(why).collect()
}

/// The experiment that the rows are part of, and their arm in it; nothing where they take no part.
fn arm(part: &Part) -> Map<String, Value> {
    let assignment = part.assignment.iter();
    let told =
        assignment.flat_map(|a| [("experiment", json!(a.experiment)), ("arm", json!(a.arm.to_string()))]);
    told.map(|(key, value)| (key.to_string(), value)).collect()
}

/// The answer to `POST /v1/models/{name}:predict`.
pub fn predictions(model: &str, answer: &Answer) -> Value {
    let rows: Vec<Value> = (0..answer.ids.len()).map(|row| prediction(answer, row)).collect();
    json!({"model": model, "version": answer.version.0, "predictions": rows})
}

fn prediction(answer: &Answer, row: usize) -> Value {
    let mut object = Map::new();
    object.insert("prediction_id".into(), json!(answer.ids[row].to_string()));
    let part = answer.part(row);
    object.insert("version".into(), json!(version(part)));
    object.extend(served_by(&part.served_by));
    object.extend(arm(part));
    let numbers = answer.outputs.row(row);
    match &answer.outputs.kind {
        OutputKind::Probabilities { classes } => {
            let by_class = classes.iter().zip(numbers).map(|(class, p)| (class.clone(), json!(p)));
            object.insert("label".into(), json!(answer.label(row)));
            object.insert("probabilities".into(), Value::Object(by_class.collect()));
        }
        OutputKind::Value => {
            object.insert("value".into(), json!(numbers[0]));
        }
        OutputKind::Path { .. } => {
            object.insert("forecast".into(), json!(numbers));
        }
    }
    if let Some(review) = answer.review.get(row) {
        object.insert("review".into(), json!(review));
    }
    let doubts = answer.doubts.iter().filter(|doubt| doubt.row == row);
    let doubts: Vec<String> = doubts.map(|doubt| format!("`{}`: {}", doubt.column, doubt.what)).collect();
    if !doubts.is_empty() {
        object.insert("out_of_domain".into(), json!(doubts));
    }
    Value::Object(object)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Arm, Assignment, ExperimentId, Outputs, PredictionId, VersionId};
    use serving::doubt::Doubt;
    use std::time::Duration;

    fn answer(kind: OutputKind, values: &[f64], rows: usize) -> Answer {
        let version = VersionId("aaaa".into());
        let served_by = ServedBy::Fallback { version: VersionId("bbbb".into()), why: "deadline".into() };
        let part = Part { version: version.clone(), served_by, assignment: None, latency: Duration::ZERO };
        Answer {
            ids: (0..rows as u128).map(PredictionId).collect(),
            version,
            parts: vec![part],
            part_of: vec![],
            outputs: Outputs { kind, values: values.to_vec() },
            doubts: vec![Doubt { row: 0, column: "age".into(), what: "is odd".into(), near: false }],
            review: vec![],
            latency: Duration::ZERO,
        }
    }

    #[test]
    fn rows_of_an_experiment_tell_their_arm() {
        let mut answer = answer(OutputKind::Value, &[1.0, 2.0], 2);
        let (experiment, arm) = (ExperimentId("7-a-b".into()), Arm::Treatment);
        let assignment = Some(Assignment { experiment, arm, propensity: 0.5, exposure: 1.0 });
        let version = VersionId("cccc".into());
        let latency = Duration::ZERO;
        answer.parts.push(Part { version, served_by: ServedBy::Intended, assignment, latency });
        answer.part_of = vec![0, 1];
        let said = predictions("m", &answer)["predictions"].clone();
        assert_eq!((&said[0]["version"], said[0].get("arm")), (&json!("bbbb"), None));
        let told = ["version", "served_by", "experiment", "arm"].map(|key| said[1][key].clone());
        assert_eq!(told, ["cccc", "intended", "7-a-b", "treatment"]);
    }

    #[test]
    fn a_row_tells_its_numbers_who_gave_them_and_what_is_odd() {
        let kind = OutputKind::Probabilities { classes: vec!["no".into(), "yes".into()] };
        let said = predictions("m", &answer(kind, &[0.25, 0.75, 0.5, 0.5], 2));
        assert_eq!(said["version"], "aaaa");
        assert_eq!(
            said["predictions"][0],
            json!({
                "prediction_id": "00000000000000000000000000000000", "version": "bbbb",
                "served_by": "fallback", "why": "deadline",
                "label": "yes", "probabilities": {"no": 0.25, "yes": 0.75},
                "out_of_domain": ["`age`: is odd"],
            })
        );
        assert_eq!(
            (&said["predictions"][1]["label"], said["predictions"][1].get("out_of_domain")),
            (&json!("no"), None)
        );
    }

    #[test]
    fn rows_for_people_say_so_in_both_protocols() {
        let kind = OutputKind::Probabilities { classes: vec!["no".into(), "yes".into()] };
        let mut answer = answer(kind, &[0.25, 0.75, 0.5, 0.5], 2);
        assert_eq!(
            (predictions("m", &answer)["predictions"][0].get("review"), told(&answer).1.get("review")),
            (None, None)
        );
        let mut of = |review: [bool; 2]| {
            answer.review = review.to_vec();
            let rows = predictions("m", &answer)["predictions"].clone();
            let (_, told) = told(&answer);
            (
                rows[0]["review"].clone(),
                rows[1]["review"].clone(),
                told["review"].clone(),
                told.get("review_rows").cloned(),
            )
        };
        let yes = || json!(true);
        assert_eq!(of([false, true]), (json!(false), yes(), yes(), Some(json!("1"))));
        assert_eq!(of([true, true]), (yes(), yes(), yes(), None));
        assert_eq!(of([false, false]), (json!(false), json!(false), json!(false), None));
    }

    #[test]
    fn values_and_paths_have_their_own_names() {
        let value = predictions("m", &answer(OutputKind::Value, &[2.5], 1));
        assert_eq!(value["predictions"][0]["value"], 2.5);
        let path = answer(OutputKind::Path { horizon: 2 }, &[1.0, 2.0], 1);
        assert_eq!(predictions("m", &path)["predictions"][0]["forecast"], json!([1.0, 2.0]));
        let shapes: Vec<_> = outputs(&path).into_iter().map(|t| (t.name, t.shape)).collect();
        assert_eq!(shapes, [("forecast", vec![1, 2]), ("prediction_id", vec![1])]);
    }
}
