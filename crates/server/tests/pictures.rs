//! A picture through every door: encoded or as numbers, it gets the same answer.

mod common;

use bytes::Bytes;
use common::{Running, run};
use domain::{Domain, Field, Kind, OutputKind, Schema, Signature, Table, Task, Values};
use serde_json::{Value, json};
use server::Limits;
use server::grpc::proto::grpc_inference_service_client::GrpcInferenceServiceClient;
use server::grpc::proto::model_infer_request::InferInputTensor;
use server::grpc::proto::{InferTensorContents, ModelInferRequest};
use serving::faults::Rule;
use serving::image::{ImageShape, encode_png};
use serving::{Floor, Settings, Snapshot};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

const SHAPE: ImageShape = ImageShape { channels: 1, height: 2, width: 2 };
const PIXELS: [u8; 4] = [51, 0, 128, 255];

/// A model `pets` of a picture; `cat` as its first pixel is bright.
fn server() -> Running {
    let kind = Kind::Tensor(SHAPE.to_vec());
    let field = Field { name: "image".into(), kind, nullable: false, domain: Domain::Any };
    let output = OutputKind::Probabilities { classes: vec!["cat".into(), "dog".into()] };
    let inputs = Schema { fields: vec![field] };
    let signature = Signature { task: Task::Classification, inputs, output: output.clone() };
    let rule = Rule::new(signature, |rows: &Table| match rows.column("image").map(|c| &c.values) {
        Some(Values::Tensor { data, .. }) => {
            data.chunks(4).map(|p| f64::from(p[0]) / 255.0).flat_map(|cat| [cat, 1.0 - cat]).collect()
        }
        _ => vec![],
    });
    let floor = Floor::new(output, vec![0.5, 0.5]).expect("a distribution");
    let chain = vec![Arc::new(rule.link(&"a".repeat(64)))];
    let snapshot = Snapshot::new("pets", chain, floor, Duration::from_secs(5)).expect("alike");
    run(snapshot, Settings::default(), Limits::default())
}

fn png() -> Vec<u8> {
    encode_png(&PIXELS.map(f32::from), SHAPE)
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let letters = |piece: &[u8]| {
        let bits = (0..3).fold(0_usize, |bits, i| (bits << 8) | usize::from(*piece.get(i).unwrap_or(&0)));
        let letter =
            |i: usize| if i > piece.len() { '=' } else { LETTERS[(bits >> (18 - 6 * i)) & 63].into() };
        (0..4).map(letter).collect::<String>()
    };
    bytes.chunks(3).map(letters).collect()
}

/// Elements of BYTES with their length before them.
fn piece(bytes: &[u8]) -> Vec<u8> {
    [(bytes.len() as u32).to_le_bytes().as_slice(), bytes].concat()
}

fn binary(server: &Running, dtype: &str, shape: Value, bytes: &[u8]) -> Value {
    let size = json!({"binary_data_size": bytes.len()});
    let input = json!({"name": "image", "datatype": dtype, "shape": shape, "parameters": size});
    let header = json!({"inputs": [input]}).to_string();
    let body = [header.as_bytes(), bytes].concat();
    let length = header.len().to_string();
    server.post("/v2/models/pets/infer", &body, &[("Inference-Header-Content-Length", &length)]).json()
}

#[test]
fn every_way_over_http_gets_the_same_answer() {
    let server = server();
    let text = base64(&png());
    let numbers = json!([[[51, 0], [128, 255]]]);
    for body in [
        json!({"rows": [{"image": {"b64": text}}]}),
        json!({"rows": [{"image": numbers}]}),
        json!({"columns": {"image": [{"b64": text}]}}),
    ] {
        let said = server.post_json("/v1/models/pets:predict", &body).json();
        assert_eq!(said["predictions"][0]["probabilities"]["cat"], 0.2, "{said}");
    }
    let tensor = |dtype: &str, shape: Value, data: Value| {
        let input = json!({"name": "image", "datatype": dtype, "shape": shape, "data": data});
        server.post_json("/v2/models/pets/infer", &json!({"inputs": [input]})).json()
    };
    for said in [
        tensor("BYTES", json!([1]), json!([text])),
        tensor("UINT8", json!([1, 1, 2, 2]), numbers.clone()),
        tensor("FP32", json!([1, 4]), numbers.clone()),
        binary(&server, "BYTES", json!([1, 1]), &piece(&png())),
        binary(&server, "UINT8", json!([1, 1, 2, 2]), &PIXELS),
    ] {
        assert_eq!(said["outputs"][0]["data"][0], 0.2, "{said}");
    }
}

#[tokio::test]
async fn every_way_over_grpc_gets_the_same_answer() {
    let server = server();
    let endpoint = tonic::transport::Channel::from_shared(format!("http://{}", server.address));
    let channel = endpoint.expect("an address").connect().await.expect("it listens");
    let mut client = GrpcInferenceServiceClient::new(channel);
    let request = |dtype: &str, shape: &[i64]| {
        let input = InferInputTensor {
            name: "image".into(),
            datatype: dtype.into(),
            shape: shape.to_vec(),
            ..Default::default()
        };
        ModelInferRequest { model_name: "pets".into(), inputs: vec![input], ..Default::default() }
    };
    let raw = |mut request: ModelInferRequest, bytes: Vec<u8>| {
        request.raw_input_contents = vec![Bytes::from(bytes)];
        request
    };
    let typed = |mut request: ModelInferRequest, contents: InferTensorContents| {
        request.inputs[0].contents = Some(contents);
        request
    };
    let bytes = InferTensorContents { bytes_contents: vec![png()], ..Default::default() };
    let numbers = InferTensorContents { uint_contents: PIXELS.map(u32::from).to_vec(), ..Default::default() };
    for asked in [
        raw(request("BYTES", &[1]), piece(&png())),
        raw(request("UINT8", &[1, 1, 2, 2]), PIXELS.to_vec()),
        typed(request("BYTES", &[1, 1]), bytes),
        typed(request("UINT8", &[1, 1, 2, 2]), numbers),
    ] {
        let said = client.model_infer(asked).await.expect("answered").into_inner();
        let first = match said.raw_output_contents.first() {
            Some(raw) => f64::from_le_bytes(raw[..8].try_into().expect("8 bytes")),
            None => said.outputs[0].contents.as_ref().expect("typed").fp64_contents[0],
        };
        assert_eq!(first, 0.2);
    }
    let wrong = client.model_infer(raw(request("BYTES", &[1]), piece(b"GIF89a"))).await.expect_err("a GIF");
    assert_eq!(wrong.message(), "input `image`, row 0: found a GIF, expected a PNG or JPEG picture");
}

#[test]
fn what_is_no_picture_is_refused_with_its_row() {
    let server = server();
    let good = json!({"image": {"b64": base64(&png())}});
    let refused = |cell: Value| {
        let body = json!({"rows": [good, {"image": cell}]});
        server.post_json("/v1/models/pets:predict", &body).refusal(400)
    };
    let mut cut = png();
    cut.truncate(50);
    let said = refused(json!({"b64": base64(&cut)}));
    assert!(
        said.starts_with("row 1, column `image`: found a PNG picture that is damaged or cut off"),
        "{said}"
    );
    let said = refused(json!({"b64": "%%"}));
    assert!(said.starts_with("row 1, column `image`: found text that is not base64"), "{said}");
    let said = refused(json!("cat.png"));
    assert!(said.ends_with("or {\"b64\": \"...\"} with a PNG or JPEG picture"), "{said}");
}

#[test]
fn tritonclient_gets_the_same_answer_both_ways() {
    let present =
        Command::new("python3").args(["-c", "import numpy, tritonclient.grpc, tritonclient.http"]).output();
    if !present.is_ok_and(|run| run.status.success()) {
        eprintln!("skipped: python3 with numpy and tritonclient[grpc,http] is not installed");
        return;
    }
    let server = server();
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("cat.png");
    std::fs::write(&file, png()).expect("written");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/triton_pictures.py");
    let mut python = Command::new("python3");
    let run = python.args([script, &server.address.to_string()]).arg(&file).output().expect("python3 starts");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
}
