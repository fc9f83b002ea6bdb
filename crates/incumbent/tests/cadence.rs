//! `incumbent retrain --cadence` and `--why` through the real binary, on a relation that turns round within 120 days.

mod common;

use common::Copy;
use serde_json::json;
use std::f64::consts::PI;

const PLAN: &str = r#"
name = "turning"
task = "classification"
[data]
source = "rows.csv"
target = "y"
time = "at"
[train]
trainers = ["logistic"]
[gate]
min_rows = 50
[retrain]
window = "15d"
label_delay = "2d"
every = "30d"
"#;

/// A number in [0, 1) that looks drawn at random.
fn draw(stream: u64, row: u64) -> f64 {
    store::digest::mix64(stream, row) as f64 / u64::MAX as f64
}

/// 20 rows a day; what decides turns from one column to the other and beyond.
fn rows() -> String {
    let mut text = String::from("at,a,b,y\n");
    for row in 0..2400u64 {
        let (a, b) = (2.0 * draw(1, row) - 1.0, 2.0 * draw(2, row) - 1.0);
        let turned = PI * row as f64 / 2400.0;
        let score = turned.cos() * a + turned.sin() * b;
        let y = if draw(3, row) < 1.0 / (1.0 + (-6.0 * score).exp()) { "yes" } else { "no" };
        let at = domain::Timestamp((20_000 * 24 * 60 + 72 * row as i64) * 60_000_000);
        text += &format!("{at},{a:.4},{b:.4},{y}\n");
    }
    text
}

#[test]
fn ageing_is_drawn_priced_and_kept() {
    let folder = Copy::with(&[("rows.csv", rows().as_bytes()), ("incumbent.toml", PLAN.as_bytes())]);
    let found = folder.run(&["retrain", ".", "--cadence", "--json"]).json(0);
    assert_eq!(
        (&found["trainer"], &found["loss"], &found["rows"]),
        (&json!("logistic"), &json!("log_loss"), &json!(2400))
    );
    assert_eq!(
        (found["cadence"].clone(), found["by_price"].as_array().map(Vec::len)),
        (json!("unknown"), Some(5))
    );
    let ages = found["by_age"].as_array().expect("ages");
    let excess = |place: usize| ages[place]["excess"].as_f64().expect("a number");
    assert!(ages.len() == 11 && excess(10) > 4.0 * excess(0) && excess(0) > 0.0, "{ages:?}");

    // prices change the cadence, and nothing has to be trained again
    let priced = format!("{PLAN}cost = 1.0\nloss_cost = 10.0\n");
    std::fs::write(folder.path("incumbent.toml"), priced).expect("the plan");
    let ran = folder.run(&["retrain", ".", "--cadence"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "it is read, not measured");
    assert!(ran.stdout.contains("cadence   every "), "{}", ran.stdout);
    assert!(ran.stdout.contains("labels come 2d late") || ran.stdout.contains("steady"), "{}", ran.stdout);
    assert!(ran.stdout.contains('●') && ran.stdout.contains("costs least"), "{}", ran.stdout);
}

#[test]
fn what_it_waits_for_is_told() {
    let folder = Copy::with(&[("rows.csv", rows().as_bytes()), ("incumbent.toml", PLAN.as_bytes())]);
    let ran = folder.run(&["retrain", ".", "--why"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stdout.contains("not yet: no incumbent"), "{}", ran.stdout);
    let few = folder.run(&["retrain", ".", "--cadence", "--origins", "8"]);
    assert!(few.code == 2 && few.stderr.contains("no number of 9 or more"), "{}", few.stderr);
}
