//! Both protocols over real sockets: what is answered, and how what cannot be answered is refused.

mod common;

use common::{Running, bank, run};
use serde_json::{Value, json};
use server::Limits;
use serving::Settings;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

fn server() -> Running {
    run(bank(Duration::from_secs(5)), Settings::default(), Limits::default())
}

fn row(age: f64) -> Value {
    json!({"age": age, "job": "nurse", "day": "2026-11-24", "x": [0.5, 1]})
}

fn tensors(age: &[f64]) -> Value {
    let n = age.len();
    json!({"id": "42", "inputs": [
        {"name": "age", "shape": [n], "datatype": "FP64", "data": age},
        {"name": "job", "shape": [n, 1], "datatype": "BYTES", "data": vec!["clerk"; n]},
        {"name": "day", "shape": [n], "datatype": "BYTES", "data": vec!["2026-11-24"; n]},
        {"name": "x", "shape": [n, 2], "datatype": "FP32", "data": vec![[0.0, 1.0]; n]},
    ]})
}

#[test]
fn rows_are_answered_and_outcomes_are_told_by_id() {
    let server = server();
    let body = json!({"rows": [row(30.0), row(80.0)], "units": ["ann", null]});
    let reply = server.post_json("/v1/models/bank:predict", &body);
    assert_eq!(reply.status, 200, "{}", reply.text());
    let predictions = reply.json()["predictions"].clone();
    assert_eq!((&predictions[0]["label"], &predictions[1]["label"]), (&json!("no"), &json!("yes")));
    assert_eq!(predictions[1]["probabilities"]["yes"], 0.8);
    assert_eq!(predictions[0]["version"], "a".repeat(64));
    assert_eq!(predictions[0]["served_by"], "intended");

    let outcome = json!({"outcomes": [{"prediction_id": predictions[0]["prediction_id"], "value": "yes"}]});
    let noted = server.post_json("/v1/outcomes", &outcome).json();
    assert_eq!((&noted["recorded"], &noted["known"]), (&json!(1), &json!(0)));
    let again = server.post_json("/v1/outcomes", &outcome).json();
    assert_eq!((&again["recorded"], &again["known"]), (&json!(0), &json!(1)));
    assert_eq!(server.journal.len(), 3, "two predictions and one outcome");
}

#[test]
fn columns_are_answered_and_odd_cells_are_told() {
    let server = server();
    let body = json!({"columns": {"age": [30, 12], "job": ["nurse", "astronaut"], "day": ["2026-11-24", "2026-11-25"], "x": [[1, 2], [3, 4]]}});
    let said = server.post_json("/v1/models/bank:predict", &body).json();
    assert_eq!(said["predictions"][0].get("out_of_domain"), None);
    assert_eq!(said["predictions"][1]["out_of_domain"][1], "`job`: `astronaut` was not seen in training");
}

#[test]
fn outcomes_that_cannot_be_are_refused_whole() {
    let server = server();
    let said = |value: Value, id: &str| {
        let body = json!({"outcomes": [{"prediction_id": id, "value": value}]});
        server.post_json("/v1/outcomes", &body)
    };
    let id = "0".repeat(32);
    assert_eq!(said(json!("yes"), &id).refusal(404), "none of these predictions is in the journal");
    assert_eq!(
        said(json!("ja"), &id).refusal(400),
        "outcome 0: found `ja`, expected one of the classes no, yes"
    );
    assert!(said(json!("yes"), "7").refusal(400).starts_with("outcome 0: found prediction_id `7`, expected"));
    server.journal.fail(true);
    let known = server.post_json("/v1/models/bank:predict", &json!({"rows": [row(30.0)]})).json();
    let id = known["predictions"][0]["prediction_id"].as_str().expect("an id").to_owned();
    assert_eq!(said(json!("yes"), &id).status, 404, "its prediction was lost with the journal");
}

#[test]
fn the_inference_protocol_tells_what_is_served() {
    let server = server();
    assert_eq!(server.get("/v2").json()["extensions"], json!(["binary_tensor_data"]));
    for path in [
        "/v2/health/live",
        "/v2/health/ready",
        "/v2/models/bank/ready",
        "/v2/models/bank/versions/aaaaaaaa/ready",
    ] {
        assert_eq!(server.get(path).status, 200, "{path}");
    }
    let about = server.get("/v2/models/bank").json();
    assert_eq!(about["versions"], json!(["a".repeat(64), "b".repeat(64)]));
    assert_eq!(about["inputs"][3], json!({"name": "x", "datatype": "FP32", "shape": [-1, 2]}));
    assert_eq!(about["outputs"][0], json!({"name": "probabilities", "datatype": "FP64", "shape": [-1, 2]}));
    assert_eq!(server.get("/v2/models/boat").refusal(404), "there is no model `boat` here; `bank` serves");
    assert_eq!(
        server.get("/v2/models/bank/versions/cccccccc/ready").refusal(404),
        "version `cccccccc` does not serve here"
    );
}

#[test]
fn tensors_are_answered_in_json() {
    let server = server();
    let said = server.post_json("/v2/models/bank/infer", &tensors(&[30.0, 80.0])).json();
    assert_eq!((&said["id"], &said["model_version"]), (&json!("42"), &json!("a".repeat(64))));
    assert_eq!(said["outputs"][0]["data"][3], 0.8);
    assert_eq!(said["outputs"][1]["data"], json!(["no", "yes"]));
    let second = server.post_json("/v2/models/bank/versions/bbbbbbbb/infer", &tensors(&[30.0])).json();
    assert_eq!(second["model_version"], "b".repeat(64));
}

#[test]
fn tensors_are_answered_in_binary() {
    let server = server();
    let mut request = tensors(&[]);
    request["parameters"] = json!({"binary_data_output": true});
    let binary: [&[u8]; 4] =
        [&30.0_f64.to_le_bytes(), b"\x05\0\0\0clerk", b"\x0a\0\0\x002026-11-24", &[0; 8]];
    for (input, bytes) in request["inputs"].as_array_mut().expect("inputs").iter_mut().zip(binary) {
        input["shape"][0] = json!(1);
        input.as_object_mut().expect("an input").remove("data");
        input["parameters"] = json!({"binary_data_size": bytes.len()});
    }
    let json = request.to_string();
    let body = [json.as_bytes(), &binary.concat()].concat();
    let length = json.len().to_string();
    let reply = server.post("/v2/models/bank/infer", &body, &[("Inference-Header-Content-Length", &length)]);
    assert_eq!(reply.status, 200, "{}", reply.text());
    let length: usize =
        reply.headers["inference-header-content-length"].to_str().expect("text").parse().expect("a size");
    let (json, tail) = reply.body.split_at(length);
    let json: Value = serde_json::from_slice(json).expect("JSON");
    assert_eq!(json["outputs"][0]["parameters"]["binary_data_size"], 16);
    assert_eq!(&tail[..16], [0.7_f64.to_le_bytes(), 0.3_f64.to_le_bytes()].concat());
    assert_eq!(&tail[16..22], b"\x02\0\0\0no");
}

#[test]
fn what_cannot_be_read_is_refused_with_its_place() {
    let server = server();
    let refused = |path: &str, body: &str| server.post(path, body.as_bytes(), &[]).refusal(400);
    let whole = json!({"rows": [row(30.0)]}).to_string();
    let cut = refused("/v1/models/bank:predict", &whole[..40]);
    assert!(cut.starts_with("the JSON ends too early") && cut.ends_with("at line 1 column 40"), "{cut}");
    assert!(refused("/v1/models/bank:predict", "{\"rows\": [}").ends_with("at line 1 column 11"));
    assert_eq!(
        refused("/v1/models/bank:predict", r#"{"rows": [{"age": "old"}]}"#),
        "row 0, column `age`: found \"old\", expected a number, or null if it is missing"
    );
    assert_eq!(
        refused("/v1/models/bank:predict", r#"{"rows": [{"agee": 4}]}"#),
        "column `age` is missing: expected number; the request has `agee`"
    );
    assert!(refused("/v1/models/bank:predict", "{}").starts_with("expected either `rows`"));
    let mut wrong = tensors(&[30.0]);
    wrong["inputs"][0]["datatype"] = json!("BYTES");
    wrong["inputs"][0]["data"] = json!(["30"]);
    assert_eq!(
        refused("/v2/models/bank/infer", &wrong.to_string()),
        "input `age` has datatype BYTES, expected FP64 or another number"
    );
    wrong = tensors(&[30.0]);
    wrong["inputs"][3]["shape"] = json!([2, 1]);
    assert_eq!(
        refused("/v2/models/bank/infer", &wrong.to_string()),
        "input `x` has 2 rows, expected 1 like input `age`"
    );
    let number = refused("/v2/models/bank/infer", "{\"inputs\": 3}");
    assert!(number.contains("invalid type: integer `3`, expected a sequence"), "{number}");
}

#[test]
fn what_is_not_there_is_told() {
    let server = server();
    assert_eq!(server.get("/v3").refusal(404), "there is nothing at /v3");
    assert_eq!(server.get("/v1/outcomes").refusal(405), "/v1/outcomes does not answer GET");
    assert!(
        server
            .post_json("/v1/models/bank", &json!({}))
            .refusal(404)
            .ends_with("POST to /v1/models/NAME:predict")
    );
    let coded = server.post("/v1/outcomes", b"{}", &[("content-encoding", "gzip")]);
    assert!(coded.refusal(415).starts_with("content-encoding \"gzip\" is not read here"));
}

#[test]
fn ten_thousand_rows_are_answered_in_order() {
    let server = server();
    let ages: Vec<f64> = (0..10_000).map(|i| 18.0 + f64::from(i % 70)).collect();
    let rows: Vec<Value> = ages.iter().map(|age| row(*age)).collect();
    let said = server.post_json("/v1/models/bank:predict", &json!({ "rows": rows })).json();
    let tensors = server.post_json("/v2/models/bank/infer", &tensors(&ages)).json();
    for (i, age) in ages.iter().enumerate() {
        assert_eq!(said["predictions"][i]["probabilities"]["yes"], age / 100.0);
        assert_eq!(tensors["outputs"][0]["data"][2 * i + 1], age / 100.0);
    }
    let cut = server.post("/v1/models/bank:predict", &vec![b'['; 1 << 20], &[]).refusal(400);
    assert!(cut.contains("line 1 column"), "{cut}");
}

#[test]
fn a_body_of_100_mb_is_refused_with_the_limit() {
    let server = server();
    let refusal = server.post("/v1/models/bank:predict", &vec![b' '; 100 << 20], &[]).refusal(413);
    assert!(
        refusal.starts_with("the body is too large: found 104857600 bytes, expected at most 16777216 bytes"),
        "{refusal}"
    );
    let reply = server.post_json("/v1/models/bank:predict", &json!({"rows": [row(30.0)]}));
    assert_eq!(reply.status, 200, "the next request is answered");
}

#[test]
fn a_body_that_does_not_say_its_size_is_cut_at_the_limit() {
    let server = server();
    let mut stream = TcpStream::connect(server.address).expect("it listens");
    let head = "POST /v1/models/bank:predict HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).expect("sent");
    let chunk = vec![b' '; 1 << 20];
    for _ in 0..17 {
        stream
            .write_all(b"100000\r\n")
            .and_then(|()| stream.write_all(&chunk))
            .and_then(|()| stream.write_all(b"\r\n"))
            .expect("read on");
    }
    stream.write_all(b"0\r\n\r\n").expect("sent");
    let mut said = String::new();
    stream.read_to_string(&mut said).expect("an answer");
    assert!(said.starts_with("HTTP/1.1 413") && said.contains("found more, expected at most"), "{said}");
}

#[test]
fn headers_that_do_not_come_end_the_connection() {
    let limits = Limits { header_time: Duration::from_millis(50), ..Limits::default() };
    let server = run(bank(Duration::from_secs(5)), Settings::default(), limits);
    let mut stream = TcpStream::connect(server.address).expect("it listens");
    stream.write_all(b"GET /v2 HTTP/1.1\r\nhost: x\r\n").expect("sent");
    let mut said = String::new();
    stream.read_to_string(&mut said).expect("the connection is closed");
    assert!(said.is_empty() || said.starts_with("HTTP/1.1 408"), "{said}");
}

#[test]
fn metrics_parse_and_count() {
    let server = server();
    server.post_json("/v1/models/bank:predict", &json!({"rows": [row(30.0), row(40.0)]}));
    server.post_json("/v1/models/bank:predict", &json!({"rows": []}));
    let text = server.get("/metrics").text();
    let mut described = std::collections::BTreeSet::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').expect("a name and a kind");
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            assert!(described.insert(name.to_owned()), "{name} is described twice");
        } else if !line.starts_with('#') {
            let (series, value) = line.rsplit_once(' ').expect("a series and a value");
            value.parse::<f64>().expect(line);
            let name = series.split('{').next().expect("a name");
            let family =
                ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
            assert!(described.contains(family) || described.contains(name), "{name} is not described");
        }
    }
    for line in [
        "incumbent_predictions_total{served_by=\"intended\"} 2",
        "incumbent_invalid_requests_total 0",
        "incumbent_http_requests_total{route=\"/v1/models/{target}\",method=\"POST\",status=\"400\"} 1",
        "incumbent_prediction_duration_seconds_count 1",
        &format!("incumbent_version_info{{model=\"bank\",version=\"{}\",place=\"1\"}} 1", "b".repeat(64)),
    ] {
        assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
    }
}
