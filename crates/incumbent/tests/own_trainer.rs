//! `examples/bank/train.py`, as a user of scikit-learn and LightGBM runs it.

mod common;

use common::Copy;
use std::process::Command;

const PACKAGES: &str = "import lightgbm, onnxmltools, pandas, skl2onnx, sklearn";

#[test]
fn a_python_trainer_hands_over_a_model_that_serves() {
    let present = Command::new("python3").args(["-c", PACKAGES]).output();
    if !present.is_ok_and(|run| run.status.success()) {
        eprintln!("skipped: python3 with the packages of examples/bank/requirements.txt is not installed");
        return;
    }
    let bank = Copy::of("bank");
    let plan = std::fs::read_to_string(bank.path("incumbent.toml")).expect("a plan");
    let plan = plan + "\n[train]\ncommand = [\"python3\", \"train.py\"]\n";
    std::fs::write(bank.path("incumbent.toml"), plan).expect("a plan");
    bank.run(&["up", ".", "--once", "--address", "127.0.0.1:0", "--json"]).json(0);
    let log = std::fs::read_to_string(bank.path(".incumbent/commands/1/output.log")).expect("a log");
    assert!(log.contains("logistic: log loss"), "{log}");
    let train = bank.run(&["train", "."]);
    assert!(train.code == 0 && train.stderr.contains("chosen: "), "what it says is shown: {}", train.stderr);
    let found = bank.run(&["gate", ".", "--rows", "7000", "--json"]).json(1);
    let loss = |who: &str| found["facts"]["primary"][who]["value"].as_f64().expect("a number");
    assert!(loss("challenger") < loss("incumbent"), "it has learned: {found}");
}
