//! Whatever happens behind the door, every request that fits is answered.

mod common;

use common::{Running, run};
use domain::{OutputKind, VersionId};
use prost::Message;
use serde_json::{Value, json};
use server::Limits;
use server::grpc::proto::model_infer_request::InferInputTensor;
use server::grpc::proto::{InferTensorContents, ModelInferRequest};
use serving::faults::{Fake, Fault, Switch};
use serving::{Floor, Limits as LinkLimits, Settings, Snapshot};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(3_600);

fn floor() -> Floor {
    Floor::new(OutputKind::Value, vec![-1.0]).expect("one number")
}

/// A server of `faulty` before a version that answers `x + 2`.
fn server(fault: Fault, deadline: Duration, settings: Settings) -> (Running, Arc<Switch>) {
    let faulty = Fake::answering(1.0).with(fault);
    let switch = faulty.switch();
    let chain = vec![
        faulty.link("faulty", LinkLimits::default()),
        Fake::answering(2.0).link("sound", LinkLimits::default()),
    ];
    let snapshot = Snapshot::new("fake", chain.into_iter().map(Arc::new).collect(), floor(), deadline);
    (run(snapshot.expect("alike"), settings, Limits::default()), switch)
}

fn ask(server: &Running) -> Value {
    let reply = server.post_json("/v1/models/fake:predict", &json!({"rows": [{"x": 1}]}));
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()["predictions"][0].clone()
}

/// The code and the words of a refusal over gRPC, whose headers can be sent over HTTP/1 as well.
fn ask_grpc(server: &Running, more: &[(&str, &str)]) -> (String, String) {
    let contents = InferTensorContents { fp64_contents: vec![1.0], ..Default::default() };
    let input = InferInputTensor {
        name: "x".into(),
        datatype: "FP64".into(),
        shape: vec![1],
        contents: Some(contents),
        ..Default::default()
    };
    let request = ModelInferRequest { model_name: "fake".into(), inputs: vec![input], ..Default::default() };
    let message = request.encode_to_vec();
    let frame = [&[0], (message.len() as u32).to_be_bytes().as_slice(), &message].concat();
    let headers = [&[("content-type", "application/grpc")], more].concat();
    let reply = server.post("/inference.GRPCInferenceService/ModelInfer", &frame, &headers);
    let header = |name: &str| reply.headers[name].to_str().expect("text").to_owned();
    (header("grpc-status"), header("grpc-message"))
}

#[test]
fn a_caller_in_a_hurry_is_told_that_time_is_over() {
    let (server, switch) = server(Fault::Hang, LONG, Settings::default());
    let (code, words) = ask_grpc(&server, &[("grpc-timeout", "50m")]);
    assert_eq!(
        (code.as_str(), words.starts_with("the%20answer%20was%20not%20ready")),
        ("4", true),
        "{words}"
    );
    switch.release();
    assert_eq!(ask(&server)["served_by"], "intended");
}

#[test]
fn every_fault_is_answered_by_the_next_version() {
    let faults = [
        (Fault::Error, "error"),
        (Fault::Panic, "panic"),
        (Fault::Nan, "invalid"),
        (Fault::Width, "invalid"),
        (Fault::Kind, "invalid"),
    ];
    for (fault, why) in faults {
        let (server, _) = server(fault, LONG, Settings::default());
        for request in 0..25 {
            let said = ask(&server);
            assert_eq!((&said["value"], &said["served_by"]), (&json!(3.0), &json!("fallback")), "{fault:?}");
            let why = if request < 20 { why } else { "breaker" };
            assert_eq!(said["why"], why, "{fault:?}, request {request}");
        }
    }
}

#[test]
fn a_model_that_hangs_is_answered_by_the_next_version() {
    let (server, switch) = server(Fault::Hang, Duration::from_secs(2), Settings::default());
    let said = ask(&server);
    assert_eq!((&said["value"], &said["why"]), (&json!(3.0), &json!("deadline")));
    switch.release();
    assert_eq!(ask(&server)["served_by"], "intended");
}

#[test]
fn a_journal_that_fails_costs_no_answer() {
    let (server, _) = server(Fault::None, LONG, Settings::default());
    server.journal.fail(true);
    assert_eq!(ask(&server)["value"], 2.0);
}

#[test]
fn one_too_many_is_told_to_come_again() {
    let settings = Settings { max_in_flight: 1, ..Settings::default() };
    let (server, switch) = server(Fault::Hang, LONG, settings);
    std::thread::scope(|scope| {
        let held = scope.spawn(|| ask(&server));
        while server.engine.in_flight() == 0 {
            std::thread::yield_now();
        }
        let refused = server.post_json("/v1/models/fake:predict", &json!({"rows": [{"x": 1}]}));
        assert_eq!(refused.refusal(503), "overloaded: 1 requests are under way; try again");
        assert_eq!(refused.headers["retry-after"], "1");
        let refused = ask_grpc(&server, &[]);
        assert_eq!(
            refused,
            ("8".into(), "overloaded:%201%20requests%20are%20under%20way;%20try%20again".into())
        );
        switch.release();
        assert_eq!(held.join().expect("answered")["served_by"], "intended");
    });
}

#[test]
fn a_server_that_is_told_to_stop_first_answers_and_logs() {
    let (mut server, switch) = server(Fault::Hang, LONG, Settings::default());
    let (address, journal) = (server.address, Arc::clone(&server.journal));
    let held = std::thread::spawn({
        move || {
            let url = format!("http://{address}/v1/models/fake:predict");
            ureq::post(&url).send_json(json!({"rows": [{"x": 1}]})).map(|r| r.status().as_u16())
        }
    });
    while server.engine.in_flight() == 0 {
        std::thread::yield_now();
    }
    server.tell_to_stop();
    while std::net::TcpStream::connect(address).is_ok() {
        std::thread::yield_now();
    }
    assert_eq!(server.engine.in_flight(), 1, "the request is still under way");
    switch.release();
    server.join();
    assert_eq!(held.join().expect("no panic").expect("answered"), 200);
    assert_eq!(journal.len(), 1);
}

#[test]
fn swapping_two_hundred_times_under_32_clients_fails_no_request() {
    let (server, _) = server(Fault::None, LONG, Settings::default());
    let (stop, answered) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..32 {
            scope.spawn(|| {
                let agent = ureq::agent();
                let url = format!("http://{}/v1/models/fake:predict", server.address);
                while !stop.load(Ordering::Relaxed) {
                    let reply = agent.post(&url).send_json(json!({"rows": [{"x": 1}]}));
                    let said: Value = reply.expect("status 200").body_mut().read_json().expect("JSON");
                    let said = &said["predictions"][0];
                    let meant = if said["version"] == "faulty" { 2.0 } else { 9.0 };
                    assert_eq!((&said["served_by"], &said["value"]), (&json!("intended"), &json!(meant)));
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for swap in 0..200_u64 {
            let old = server.engine.link(&VersionId("faulty".into())).expect("in every chain");
            let new = Arc::new(Fake::answering(8.0).link(&format!("new{swap}"), LinkLimits::default()));
            let chain = if swap % 2 == 0 { vec![new, old] } else { vec![old, new] };
            server.engine.deploy(Snapshot::new("fake", chain, floor(), LONG).expect("alike"));
            // each snapshot answers some requests before the next takes its place
            while answered.load(Ordering::Relaxed) < (swap + 1) * 4 {
                std::thread::yield_now();
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert!(answered.load(Ordering::Relaxed) >= 800);
    assert_eq!(server.engine.counters().fallback_rows.get(), 0);
}
