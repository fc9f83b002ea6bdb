//! The public clients of the Open Inference Protocol, as their users run them: HTTP with binary tensors and with JSON,
//! and gRPC.

mod common;

use common::{bank, run};
use server::Limits;
use serving::Settings;
use std::process::Command;
use std::time::Duration;

#[test]
fn tritonclient_gets_its_answers() {
    let present =
        Command::new("python3").args(["-c", "import numpy, tritonclient.grpc, tritonclient.http"]).output();
    if !present.is_ok_and(|run| run.status.success()) {
        eprintln!("skipped: python3 with numpy and tritonclient[grpc,http] is not installed");
        return;
    }
    let server = run(bank(Duration::from_secs(5)), Settings::default(), Limits::default());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/triton_client.py");
    let run =
        Command::new("python3").args([script, &server.address.to_string()]).output().expect("python3 starts");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    // three widths over HTTP and two over gRPC, one row each, and the rows whose output nobody knows
    let rows = 3 * 3 + 2 * 3 + 2 + 2 * 3;
    assert_eq!(server.engine.counters().intended_rows.get(), rows);
}
