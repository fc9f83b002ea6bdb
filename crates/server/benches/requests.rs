//! Requests a second over loopback: a plain axum handler that parses and answers JSON, and the whole path
//! (validation, deadline, chain, journal in memory, metrics) for the same row, for 64 rows at once and for
//! 64 rows in binary; and what an experiment adds to it. Client and server share the machine, so only the ratios
//! mean something elsewhere.
//!
//! Run with `cargo bench -p incumbent-server`.

mod client;
#[path = "../tests/common/mod.rs"]
mod common;

use axum::routing::post;
use axum::{Json, Router};
use common::{Running, bank, run};
use domain::ExperimentId;
use domain::experiment::{Phase, Step};
use domain::plan::Release;
use serde_json::{Value, json};
use server::Limits;
use serving::Settings;
use serving::trial::{Rules, Setup, Trial};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

const TIME: Duration = Duration::from_secs(4);

fn main() {
    let server = run(bank(Duration::from_secs(1)), Settings::default(), Limits::default());
    let row = json!({"age": 30, "job": "nurse", "day": "2026-11-24", "x": [0, 1]});
    let one = json!({"rows": [row]}).to_string().into_bytes();
    let many = json!({"rows": vec![row.clone(); 64]}).to_string().into_bytes();
    let path = "/v1/models/bank:predict";
    report("plain axum, 1 row of JSON", 1, load(plain(), "/", &one, ""));
    report("incumbent, 1 row of JSON", 1, load(server.address, path, &one, ""));
    report("incumbent, 64 rows of JSON", 64, load(server.address, path, &many, ""));
    let (body, length) = binary(64);
    let header = format!("Inference-Header-Content-Length: {length}\r\n");
    report("incumbent, 64 rows in binary", 64, load(server.address, "/v2/models/bank/infer", &body, &header));
    let unit = |rows: usize| json!({"rows": vec![row.clone(); rows], "units": vec!["customer 7"; rows]});
    let (one, many) = (unit(1).to_string().into_bytes(), unit(64).to_string().into_bytes());
    report("with a unit, no experiment", 1, load(server.address, path, &one, ""));
    for (name, step, treatment) in [("A/B", Step::Ab, 0.5), ("shadow", Step::Shadow, 0.0)] {
        let server = on_trial(Phase { step, treatment });
        report(&format!("{name}, 1 row of JSON"), 1, load(server.address, path, &one, ""));
        report(&format!("{name}, 64 rows of JSON"), 64, load(server.address, path, &many, ""));
        assert_eq!(server.engine.tripped(), None);
    }
    let counters = server.engine.counters();
    println!(
        "dropped {}, fell back {}",
        counters.dropped(),
        counters.fallback_rows.get() + counters.floor_rows.get()
    );
}

/// A handler that does what any server must: read JSON, compute something small, write JSON.
fn plain() -> SocketAddr {
    let (bound, address) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            bound.send(listener.local_addr().expect("bound")).expect("main waits for it");
            let answer = |Json(body): Json<Value>| async move {
                let yes = body["rows"][0]["age"].as_f64().unwrap_or_default() / 100.0;
                Json(json!({"predictions": [{"probabilities": {"no": 1.0 - yes, "yes": yes}}]}))
            };
            axum::serve(listener, Router::new().route("/", post(answer))).await.expect("it serves");
        });
    });
    address.recv().expect("it binds")
}

fn binary(rows: usize) -> (Vec<u8>, usize) {
    let text = |text: &str| [&(text.len() as u32).to_le_bytes(), text.as_bytes()].concat().repeat(rows);
    let columns = [
        ("age", "FP64", vec![rows], 30_f64.to_le_bytes().repeat(rows)),
        ("job", "BYTES", vec![rows], text("nurse")),
        ("day", "BYTES", vec![rows], text("2026-11-24")),
        ("x", "FP32", vec![rows, 2], vec![0; rows * 8]),
    ];
    let inputs: Vec<Value> = columns
        .iter()
        .map(|(name, dtype, shape, bytes)| {
            json!({"name": name, "datatype": dtype, "shape": shape, "parameters": {"binary_data_size": bytes.len()}})
        })
        .collect();
    let header = json!({"inputs": inputs, "parameters": {"binary_data_output": true}}).to_string();
    let tail: Vec<u8> = columns.into_iter().flat_map(|(_, _, _, bytes)| bytes).collect();
    ([header.as_bytes(), &tail].concat(), header.len())
}

/// Requests answered a second by all connections together.
fn load(address: SocketAddr, path: &str, body: &[u8], header: &str) -> f64 {
    let request = client::request(path, header, body);
    let start = Instant::now();
    let answered = client::all(address, |_, client| {
        let mut answered = 0_u64;
        while start.elapsed() < TIME {
            assert!(client.ask(&request).status_ok);
            answered += 1;
        }
        answered
    });
    answered.iter().sum::<u64>() as f64 / start.elapsed().as_secs_f64()
}

/// The server of [`bank`] with a challenger of the same kind in this phase.
fn on_trial(phase: Phase) -> Running {
    let snapshot = bank(Duration::from_secs(1));
    let control = snapshot.chain().to_vec();
    let challenger = bank(Duration::from_secs(1)).chain()[0].clone();
    let (experiment, treatment) = (ExperimentId("bench".into()), [&[challenger][..], &control].concat());
    let rules = Rules::of(&Release::default(), snapshot.deadline());
    let trial = Trial::new(Setup { experiment, phase, control, treatment, rules });
    run(snapshot.with_trial(trial).expect("alike"), Settings::default(), Limits::default())
}

fn report(name: &str, rows: usize, rate: f64) {
    println!("{name:<30} {rate:>9.0} requests/s {:>10.0} rows/s", rate * rows as f64);
}
