//! The evaluator against onnxruntime, on the graphs of `onnx/make.py` and `onnx/text.py`.

use models::onnx::{Data, Program, Tensor};
use serde_json::Value;

/// One graph with what went in and what came out.
struct Case {
    name: String,
    model: Vec<u8>,
    inputs: Vec<(String, Tensor)>,
    outputs: Vec<(String, Tensor)>,
}

fn cases() -> Vec<Case> {
    let read = |text| -> Vec<Value> { serde_json::from_str(text).expect("valid JSON") };
    let files = [include_str!("onnx/cases.json"), include_str!("onnx/text.json")];
    files.into_iter().flat_map(read).map(|value| case(&value)).collect()
}

fn case(value: &Value) -> Case {
    let hex = value["model"].as_str().expect("hex");
    let byte = |i: usize| u8::from_str_radix(&hex[i..i + 2], 16).expect("two digits");
    let tensors = |key: &str| {
        let object = value[key].as_object().expect("named tensors");
        object.iter().map(|(name, t)| (name.clone(), tensor(t))).collect()
    };
    Case {
        name: value["name"].as_str().expect("a name").into(),
        model: (0..hex.len()).step_by(2).map(byte).collect(),
        inputs: tensors("inputs"),
        outputs: tensors("outputs"),
    }
}

fn tensor(value: &Value) -> Tensor {
    let list = value["data"].as_array().expect("elements");
    let shape =
        value["shape"].as_array().expect("a shape").iter().map(|d| d.as_u64().expect("a size") as usize);
    let data = match value["type"].as_str().expect("a type") {
        "float32" => Data::F32(list.iter().map(|x| number(x) as f32).collect()),
        "float64" => Data::F64(list.iter().map(number).collect()),
        "int64" | "int32" => Data::I64(list.iter().map(|x| x.as_i64().expect("a whole number")).collect()),
        "bool" => Data::Bool(list.iter().map(|x| x.as_bool().expect("a truth")).collect()),
        "string" => Data::Str(list.iter().map(|x| x.as_str().expect("a text").into()).collect()),
        other => panic!("no type {other}"),
    };
    Tensor::new(shape.collect(), data).expect("as many elements as the shape says")
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| value.as_str().expect("a number").parse().expect("nan or inf"))
}

/// Where two tensors differ by more than 1e-5, relative to the larger of 1 and the expected value.
fn difference(found: &Tensor, expected: &Tensor) -> Option<String> {
    let near =
        |x: f64, y: f64| x == y || (x.is_nan() && y.is_nan()) || (x - y).abs() <= 1e-5 * y.abs().max(1.0);
    let same = found.shape() == expected.shape()
        && match (found.data(), expected.data()) {
            (Data::F32(x), Data::F32(y)) => x.iter().zip(y).all(|(&x, &y)| near(x.into(), y.into())),
            (Data::F64(x), Data::F64(y)) => x.iter().zip(y).all(|(&x, &y)| near(x, y)),
            (x, y) => x == y,
        };
    (!same).then(|| format!("found {found:?}\n  expected {expected:?}"))
}

#[test]
fn every_case_answers_as_onnxruntime_does() {
    let mut wrong = vec![];
    let cases = cases();
    assert!(cases.len() > 200, "only {} cases", cases.len());
    for case in cases {
        let feeds: Vec<(&str, Tensor)> = case.inputs.iter().map(|(n, t)| (n.as_str(), t.clone())).collect();
        let answers = Program::load(&case.model).and_then(|p| p.run(&feeds));
        match answers {
            Err(error) => wrong.push(format!("{}: {error}", case.name)),
            Ok(answers) => {
                for ((name, found), (_, expected)) in answers.iter().zip(&case.outputs) {
                    let differs = difference(found, expected);
                    wrong.extend(differs.map(|d| format!("{} output {name}: {d}", case.name)));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} cases differ:\n{}", wrong.len(), wrong.join("\n"));
}
