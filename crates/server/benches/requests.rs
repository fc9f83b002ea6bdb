//! Requests a second over loopback: a plain axum handler that parses and answers JSON, and the whole path
//! (validation, deadline, chain, journal in memory, metrics) for the same row, for 64 rows at once and for
//! 64 rows in binary. Client and server share the machine, so only the ratios mean something elsewhere.
//!
//! Run with `cargo bench -p incumbent-server`.

#[path = "../tests/common/mod.rs"]
mod common;

use axum::routing::post;
use axum::{Json, Router};
use common::{bank, run};
use serde_json::{Value, json};
use server::Limits;
use serving::Settings;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

const CLIENTS: usize = 32;
const TIME: Duration = Duration::from_secs(4);

fn main() {
    let server = run(bank(Duration::from_secs(1)), Settings::default(), Limits::default());
    let row = json!({"age": 30, "job": "nurse", "day": "2026-11-24", "x": [0, 1]});
    let one = json!({"rows": [row]}).to_string().into_bytes();
    let many = json!({"rows": vec![row; 64]}).to_string().into_bytes();
    let path = "/v1/models/bank:predict";
    report("plain axum, 1 row of JSON", 1, load(plain(), "/", &one, ""));
    report("incumbent, 1 row of JSON", 1, load(server.address, path, &one, ""));
    report("incumbent, 64 rows of JSON", 64, load(server.address, path, &many, ""));
    let (body, length) = binary(64);
    let header = format!("Inference-Header-Content-Length: {length}\r\n");
    report("incumbent, 64 rows in binary", 64, load(server.address, "/v2/models/bank/infer", &body, &header));
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

/// Requests answered a second by `CLIENTS` connections that each ask again as soon as they are answered.
fn load(address: SocketAddr, path: &str, body: &[u8], header: &str) -> f64 {
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n{header}content-length: {}\r\n\r\n",
        body.len()
    );
    let request = [head.as_bytes(), body].concat();
    let start = Instant::now();
    let answered: u64 = std::thread::scope(|scope| {
        let clients: Vec<_> =
            (0..CLIENTS).map(|_| scope.spawn(|| client(address, &request, start))).collect();
        clients.into_iter().map(|client| client.join().expect("no panic")).sum()
    });
    answered as f64 / start.elapsed().as_secs_f64()
}

fn client(address: SocketAddr, request: &[u8], start: Instant) -> u64 {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_nodelay(true).expect("a socket option");
    let (mut answered, mut buffer) = (0, Vec::new());
    while start.elapsed() < TIME {
        stream.write_all(request).expect("sent");
        read_answer(&mut stream, &mut buffer);
        answered += 1;
    }
    answered
}

fn read_answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) {
    buffer.clear();
    let mut piece = [0; 16_384];
    loop {
        let read = stream.read(&mut piece).expect("readable");
        assert!(read > 0, "the connection was closed");
        buffer.extend_from_slice(&piece[..read]);
        let Some(head) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        assert!(buffer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(buffer));
        let text = String::from_utf8_lossy(&buffer[..head]).to_lowercase();
        let length =
            text.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
        if buffer.len() >= head + 4 + length.expect("answers tell their length") {
            return;
        }
    }
}

fn report(name: &str, rows: usize, rate: f64) {
    println!("{name:<30} {rate:>9.0} requests/s {:>10.0} rows/s", rate * rows as f64);
}
