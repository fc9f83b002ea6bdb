//! An inference request of the Open Inference Protocol, JSON alone or JSON followed by binary tensors, and
//! its response in the same two forms.

use super::answer::{Tensor as Output, find, outputs, told};
use super::dtype::Dtype;
use super::tensor::Tensor;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use serving::Answer;
use thiserror::Error;

/// A request as it is written.
#[derive(Debug, Deserialize)]
pub struct Header {
    /// The caller's own name for the request, given back in the response.
    #[serde(default)]
    pub id: Option<String>,
    #[serde(default)]
    parameters: Map<String, Value>,
    inputs: Vec<Input>,
    #[serde(default)]
    outputs: Vec<Wanted>,
}

#[derive(Debug, Deserialize)]
struct Input {
    name: String,
    shape: Vec<usize>,
    datatype: String,
    #[serde(default)]
    parameters: Map<String, Value>,
    #[serde(default)]
    data: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Wanted {
    name: String,
    #[serde(default)]
    parameters: Map<String, Value>,
}

/// What could not be read.
#[derive(Debug, Error)]
pub enum InferError {
    /// The JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// Something that stands in it.
    #[error("{0}")]
    Content(String),
}

/// A response, and where its JSON ends if tensors follow it.
#[derive(Debug)]
pub struct Response {
    /// The bytes.
    pub body: Vec<u8>,
    /// The length of the JSON, for the header `Inference-Header-Content-Length`.
    pub json_length: Option<usize>,
}

/// Splits a body into its JSON and the binary tensors behind it. `json_length` is the value of the header
/// `Inference-Header-Content-Length`, where it was sent.
pub fn read(body: &Bytes, json_length: Option<usize>) -> Result<(Header, Bytes), InferError> {
    let end = json_length.unwrap_or(body.len());
    if end > body.len() {
        let found = body.len();
        return Err(content(format!(
            "Inference-Header-Content-Length is {end}, but the body has {found} bytes"
        )));
    }
    Ok((serde_json::from_slice(&body[..end])?, body.slice(end..)))
}

/// The request's tensors; its inputs are taken out of it.
pub fn tensors(header: &mut Header, binary: &Bytes) -> Result<Vec<Tensor>, InferError> {
    let mut rest = binary.as_ref();
    let inputs = std::mem::take(&mut header.inputs);
    let tensors: Result<Vec<Tensor>, String> = inputs.iter().map(|input| tensor(input, &mut rest)).collect();
    let tensors = tensors.map_err(InferError::Content)?;
    if !rest.is_empty() {
        let more = rest.len();
        return Err(content(format!("the body has {more} bytes more than its binary inputs announce")));
    }
    Ok(tensors)
}

/// The answer as the request wants it.
pub fn respond(header: &Header, model: &str, answer: &Answer) -> Result<Response, InferError> {
    let all = outputs(answer);
    let binary_by_default = flag(&header.parameters, "binary_data_output").unwrap_or(false);
    let (mut described, mut tail) = (Vec::new(), Vec::new());
    for (output, binary) in wanted(header, &all, binary_by_default)? {
        let mut entry =
            json!({"name": output.name, "datatype": output.dtype.to_string(), "shape": output.shape});
        if binary {
            let before = tail.len();
            output.write(&mut tail);
            entry["parameters"] = json!({"binary_data_size": tail.len() - before});
        } else {
            entry["data"] = output.json();
        }
        described.push(entry);
    }
    let (version, parameters) = told(answer);
    let json = json!({
        "model_name": model,
        "model_version": version,
        "id": header.id.as_deref().unwrap_or_default(),
        "parameters": parameters,
        "outputs": described,
    });
    let mut body = json.to_string().into_bytes();
    let json_length = (!tail.is_empty()).then_some(body.len());
    body.append(&mut tail);
    Ok(Response { body, json_length })
}

fn tensor(input: &Input, rest: &mut &[u8]) -> Result<Tensor, String> {
    let name = &input.name;
    let dtype = Dtype::named(name, &input.datatype)?;
    match (input.parameters.get("binary_data_size"), &input.data) {
        (Some(size), None) => {
            let size = size.as_u64().and_then(|size| usize::try_from(size).ok());
            let size = size
                .ok_or_else(|| format!("input `{name}` has a `binary_data_size` that is no size in bytes"))?;
            let cut = || format!("input `{name}` announces {size} bytes, but only {} follow", rest.len());
            let (bytes, after) = rest.split_at_checked(size).ok_or_else(cut)?;
            *rest = after;
            Tensor::from_bytes(name, input.shape.clone(), dtype, bytes)
        }
        (None, Some(data)) => Tensor::from_json(name, input.shape.clone(), dtype, data),
        (Some(_), Some(_)) => {
            Err(format!("input `{name}` has both `data` and `binary_data_size`, expected one of them"))
        }
        (None, None) => Err(format!("input `{name}` has neither `data` nor `binary_data_size`")),
    }
}

/// Each output that was asked for, or all, and whether it is to be binary.
fn wanted<'a>(
    header: &Header,
    all: &'a [Output],
    binary: bool,
) -> Result<Vec<(&'a Output, bool)>, InferError> {
    if header.outputs.is_empty() {
        return Ok(all.iter().map(|output| (output, binary)).collect());
    }
    let one = |wanted: &Wanted| {
        let found = find(all, &wanted.name, wanted.parameters.contains_key("classification"))?;
        Ok((found, flag(&wanted.parameters, "binary_data").unwrap_or(binary)))
    };
    header.outputs.iter().map(one).collect::<Result<_, String>>().map_err(InferError::Content)
}

fn flag(parameters: &Map<String, Value>, name: &str) -> Option<bool> {
    parameters.get(name).and_then(Value::as_bool)
}

fn content(message: String) -> InferError {
    InferError::Content(message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::columns::table;
    use domain::{
        Arm, Assignment, ExperimentId, OutputKind, Outputs, PredictionId, ServedBy, Table, VersionId,
    };
    use serving::Part;
    use serving::faults::signature;
    use std::time::Duration;

    fn request(body: Value, binary: &[u8]) -> Result<Table, String> {
        let json = body.to_string().into_bytes();
        let length = json.len();
        let body = Bytes::from([json, binary.to_vec()].concat());
        let (mut header, rest) = read(&body, Some(length)).map_err(|e| e.to_string())?;
        let tensors = tensors(&mut header, &rest).map_err(|e| e.to_string())?;
        table(tensors, &signature().inputs)
    }

    fn said(body: Value, binary: &[u8]) -> String {
        request(body, binary).expect_err("does not fit")
    }

    #[test]
    fn binary_and_json_inputs_may_be_mixed() {
        let body = json!({"inputs": [
            {"name": "y", "shape": [1], "datatype": "INT64", "parameters": {"binary_data_size": 8}},
            {"name": "x", "shape": [1, 1], "datatype": "FP32", "parameters": {"binary_data_size": 4}},
            {"name": "z", "shape": [1], "datatype": "BYTES", "data": ["a"]},
        ]});
        let binary = [7_i64.to_le_bytes().as_slice(), &1.5_f32.to_le_bytes()].concat();
        let table = request(body, &binary).expect("fits");
        assert_eq!(table.select(|name| name == "x"), serving::faults::rows(&[1.5]));
        let others: Vec<&str> = table.columns()[1..].iter().map(|c| c.name.as_str()).collect();
        assert_eq!(others, ["y", "z"], "they are logged with the row");
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let x = |extra: Value| {
            let mut input = json!({"name": "x", "shape": [1], "datatype": "FP64"});
            input.as_object_mut().expect("an object").extend(extra.as_object().expect("an object").clone());
            json!({ "inputs": [input] })
        };
        let sized = |size: u64| x(json!({"parameters": {"binary_data_size": size}}));
        assert_eq!(said(sized(8), &[0; 4]), "input `x` announces 8 bytes, but only 4 follow");
        assert_eq!(said(sized(8), &[0; 9]), "the body has 1 bytes more than its binary inputs announce");
        assert_eq!(said(x(json!({})), &[]), "input `x` has neither `data` nor `binary_data_size`");
        assert!(
            said(x(json!({"datatype": "FLOAT", "data": [1]})), &[])
                .starts_with("input `x` has datatype FLOAT, expected one of BOOL")
        );
        let other = json!({"inputs": [{"name": "y", "shape": [1], "datatype": "FP64", "data": [1]}]});
        assert_eq!(said(other, &[]), "input `x` is missing: expected FP64; the request has `y`");
        let x = json!({"name": "x", "shape": [1], "datatype": "FP64", "data": [1]});
        let twice = json!({"inputs": [x, x]});
        assert_eq!(said(twice, &[]), "input `x` stands twice in the request");
    }

    fn answer() -> Answer {
        let kind = OutputKind::Probabilities { classes: vec!["no".into(), "yes".into()] };
        let (version, latency) = (VersionId("abc".into()), Duration::ZERO);
        let served_by = ServedBy::Floor { why: "panic".into() };
        Answer {
            ids: vec![PredictionId(1)],
            version: version.clone(),
            parts: vec![Part { version, served_by, assignment: None, latency }],
            part_of: vec![],
            outputs: Outputs { kind, values: vec![0.25, 0.75] },
            doubts: vec![],
            review: vec![],
            latency,
        }
    }

    fn assigned(arm: Arm, version: &str) -> Part {
        let (experiment, latency) = (ExperimentId("7-a-b".into()), Duration::ZERO);
        let assignment = Some(Assignment { experiment, arm, propensity: 0.5, exposure: 1.0 });
        Part { version: VersionId(version.into()), served_by: ServedBy::Intended, assignment, latency }
    }

    #[test]
    fn a_response_of_several_versions_names_the_one_that_was_meant() {
        let of = |parts: Vec<Part>| {
            let (answer, header) = (Answer { parts, ..answer() }, header(json!({"inputs": []})));
            let response = respond(&header, "m", &answer).expect("all outputs");
            let said: Value = serde_json::from_slice(&response.body).expect("JSON");
            (said["model_version"].clone(), said["parameters"].clone())
        };
        let treatment = assigned(Arm::Treatment, "new");
        let told = json!({"served_by": "intended", "experiment": "7-a-b", "arm": "treatment"});
        assert_eq!(of(vec![treatment.clone()]), (json!("new"), told));
        let told = json!({"served_by": "intended", "arm": "mixed"});
        assert_eq!(of(vec![treatment, assigned(Arm::Control, "abc")]), (json!("abc"), told));
    }

    fn header(body: Value) -> Header {
        serde_json::from_value(body).expect("a request")
    }

    #[test]
    fn a_json_response_tells_who_answered() {
        let response =
            respond(&header(json!({"id": "7", "inputs": []})), "m", &answer()).expect("all outputs");
        assert_eq!(response.json_length, None);
        let said: Value = serde_json::from_slice(&response.body).expect("JSON");
        assert_eq!((&said["id"], &said["model_version"]), (&json!("7"), &json!("floor")));
        assert_eq!(said["parameters"], json!({"served_by": "floor", "why": "panic"}));
        assert_eq!(
            said["outputs"][0],
            json!({"name": "probabilities", "datatype": "FP64", "shape": [1, 2], "data": [0.25, 0.75]})
        );
        assert_eq!(said["outputs"][1]["data"], json!(["yes"]));
    }

    #[test]
    fn binary_outputs_follow_the_json_in_its_order() {
        let wanted = json!({
            "inputs": [],
            "parameters": {"binary_data_output": true},
            "outputs": [{"name": "label"}, {"name": "probabilities"}],
        });
        let response = respond(&header(wanted), "m", &answer()).expect("both are known");
        let tail = &response.body[response.json_length.expect("binary")..];
        assert_eq!(
            tail,
            [b"\x03\0\0\0yes".as_slice(), &0.25_f64.to_le_bytes(), &0.75_f64.to_le_bytes()].concat()
        );
        let unknown = header(json!({"inputs": [], "outputs": [{"name": "value"}]}));
        let error = respond(&unknown, "m", &answer()).expect_err("no such output").to_string();
        assert_eq!(error, "output `value` is unknown, expected one of probabilities, label, prediction_id");
    }
}
