//! A model's life through the real binary, on the shipped bank calls: from nothing to a retrained incumbent.

mod common;

use common::{Copy, decision, post};
use serde_json::{Value, json};
use std::time::Duration;

fn stage(status: &Value, number: u64) -> &str {
    let versions = status["versions"].as_array().expect("versions");
    let version = versions.iter().find(|v| v["number"] == number).expect("the version");
    version["stage"].as_str().expect("a stage")
}

#[test]
fn from_a_plan_to_a_gated_incumbent_and_back_to_the_gate() {
    let bank = Copy::of("bank");
    let up = bank.run(&["up", ".", "--once", "--address", "127.0.0.1:0", "--json"]).json(0);
    let first = &up["judged"][0];
    assert_eq!(
        (first["trainer"].as_str(), first["verdict"]["decision"].as_str()),
        (Some("logistic"), Some("pass"))
    );
    assert_eq!(stage(&up["status"], 1), "previous");
    assert_eq!(stage(&up["status"], 2), "incumbent");

    // A second run repeats nothing.
    let events = || bank.run(&["history", ".", "--json"]).json(0).as_array().expect("events").len();
    let before = events();
    bank.run(&["up", ".", "--once", "--address", "127.0.0.1:0"]);
    assert_eq!(events(), before, "a finished run was repeated");

    // Shuffled labels leave nothing to learn.
    bank.run(&["train", ".", "--trainer", "trees", "--shuffle-labels", "--json"]).json(0);
    let shuffled = bank.run(&["gate", ".", "--json", "--markdown", "gate.md", "--junit", "gate.xml"]).json(1);
    assert_eq!(shuffled["verdict"]["decision"], "fail");
    assert_eq!(decision(&shuffled["verdict"], "primary"), "fail");
    let markdown = std::fs::read_to_string(bank.path("gate.md")).expect("the Markdown");
    assert!(markdown.starts_with("## Gate of `bank`: fail"), "{markdown}");
    let junit = std::fs::read_to_string(bank.path("gate.xml")).expect("the JUnit file");
    assert!(junit.contains("<failure type=\"fail\""), "{junit}");

    // Fifty rows decide nothing, and say how many would.
    let few = bank.run(&["gate", ".", "--challenger", "v3", "--rows", "50", "--json"]).json(1);
    assert_eq!(decision(&few["verdict"], "rows"), "inconclusive");
    assert!(few["missing_rows"].as_u64().expect("a number") >= 150, "{few}");

    // The incumbent is no improvement on itself, and stays where it is.
    let copy = bank.run(&["gate", ".", "--challenger", "v2", "--json"]).json(1);
    assert_eq!(decision(&copy["verdict"], "primary"), "fail");
    let status = bank.run(&["status", ".", "--json"]).json(0);
    assert_eq!(stage(&status, 2), "incumbent");

    // Every verdict follows from its recorded facts.
    let replayed = bank.run(&["history", ".", "--replay", "--json"]).json(0);
    assert_eq!(replayed["different"], json!([]));
}

#[test]
fn served_answers_are_the_golden_ones_and_are_traced() {
    let bank = Copy::of("bank");
    bank.run(&["up", ".", "--once", "--address", "127.0.0.1:0", "--json"]).json(0);
    bank.run(&["export", "v2", "out", "."]);
    let (mut server, line) = bank.start(&["serve", ".", "--address", "127.0.0.1:0"]);
    let address =
        line.split("http://").nth(1).and_then(|l| l.split('/').next()).expect("an address").to_string();

    let golden =
        store::files::read_table(&bank.path("out/golden.parquet"), &Default::default()).expect("golden rows");
    let rows = golden_rows(&golden);
    let answer = post(&format!("http://{address}/v1/models/bank:predict"), &json!({ "rows": rows }));
    let predictions = answer["predictions"].as_array().expect("predictions");
    assert_eq!(predictions.len(), golden.rows());
    let domain::Values::Number(expected) = &golden.column("expected:yes").expect("answers").values else {
        panic!()
    };
    for (prediction, expected) in predictions.iter().zip(expected) {
        let found = prediction["probabilities"]["yes"].as_f64().expect("a probability");
        assert!((found - expected).abs() < 1e-6, "{found} is not {expected}");
    }

    let id = predictions[0]["prediction_id"].as_str().expect("an id");
    let outcome = json!({"outcomes": [{"prediction_id": id, "value": "yes"}]});
    post(&format!("http://{address}/v1/outcomes"), &outcome);
    let traced = bank.run(&["trace", id, ".", "--json"]).json(0);
    assert_eq!(traced["outcomes"][0]["value"], "yes");
    assert_eq!(traced["origin"]["trainer"], "logistic");
    server.kill().expect("it can be ended");
    drop(server.wait());
}

/// Golden rows as a client would send them.
fn golden_rows(golden: &domain::Table) -> Vec<Value> {
    let inputs: Vec<_> = golden.columns().iter().filter(|c| !c.name.starts_with("expected")).collect();
    let cell = |values: &domain::Values, row: usize| match values {
        domain::Values::Number(v) => json!(v[row]),
        domain::Values::Text(v) => json!(v[row]),
        other => panic!("a bank row has no {}", other.kind()),
    };
    let object = |row| Value::Object(inputs.iter().map(|c| (c.name.clone(), cell(&c.values, row))).collect());
    (0..golden.rows()).map(object).collect()
}

#[test]
fn live_traffic_is_measured_and_retrains_the_model() {
    let bank = Copy::of("bank");
    let plan = std::fs::read_to_string(bank.path("incumbent.toml")).expect("the plan");
    let plan = plan
        .replace("until = \"2009-09-01\"", "until = \"2010-04-01\"")
        .replace("[\"logistic\", \"trees\"]", "");
    std::fs::write(bank.path("incumbent.toml"), plan).expect("a shorter future");
    let up = bank.run(&["up", ".", "--once", "--replay", "120d/s", "--address", "127.0.0.1:0", "--json"]);
    assert_eq!(up.code, 0, "{}", up.stderr);
    let events = bank.run(&["history", ".", "--json"]).json(0);
    let of = |kind: &str| {
        events.as_array().expect("events").iter().filter(|e| e["event"]["event"] == kind).count()
    };
    assert!(of("measured") >= 4, "live scores of the incumbent and the baseline");
    assert!(of("triggered") >= 1, "a retraining on schedule");
    assert!(of("dropped") == 0, "every prediction was logged");
}

#[test]
fn a_run_that_was_killed_goes_on_where_it_stopped() {
    let bank = Copy::of("bank");
    for wait in [5, 60, 120, 200, 300] {
        let mut child =
            bank.command(&["up", ".", "--once", "--address", "127.0.0.1:0"]).spawn().expect("it starts");
        std::thread::sleep(Duration::from_millis(wait));
        drop(child.kill());
        drop(child.wait());
    }
    let up = bank.run(&["up", ".", "--once", "--address", "127.0.0.1:0", "--json"]).json(0);
    assert_eq!(up["judged"][0]["verdict"]["decision"], "pass");
    assert_eq!(up["status"]["versions"].as_array().map(Vec::len), Some(3), "each version once");
}

#[test]
fn a_series_goes_the_same_way() {
    let demand = Copy::of("demand");
    let up = demand.run(&["up", ".", "--once", "--address", "127.0.0.1:0", "--json"]).json(0);
    assert_eq!(up["judged"][0]["verdict"]["decision"], "pass");
    assert_eq!(up["judged"][0]["trainer"], "lags");
    let versions = up["status"]["versions"].as_array().expect("versions");
    let mae = |i: usize| versions[i]["scores"][0]["estimate"]["value"].as_f64().expect("a score");
    assert!(mae(1) < 0.8 * mae(0), "lags {} against the baseline's {}", mae(1), mae(0));
}
