//! A big teacher and a small student through the real binary: the teacher is over its budget, and a student ships.

mod common;

use common::{Copy, draw};
use serde_json::{Value, json};

/// The budget is of bytes, so that no clock decides a test.
const PLAN: &str = r#"
name = "flats"
task = "classification"
[data]
source = "flats.csv"
target = "let"
[metric]
guardrails = []
[train]
trainers = ["logistic"]
[budget]
size_mb = 0.05
[distill]
preset = "tiny"
guard = 0.3
epochs = 8
bred = 0.5
"#;

/// Flats whose fate hangs on size as a straight line has it, and on the block that they stand in as no line has it.
fn flats(rows: u64) -> String {
    let row = |row: u64| {
        let of = |column: u64| draw(7, 4 * row + column);
        let (size, east, north) = (of(0), 6.0 * of(1), 6.0 * of(2));
        let dark = (east / 2.0).floor() + (north / 2.0).floor();
        let block = if dark % 2.0 == 0.0 { 4.0 } else { -4.0 };
        let chance = 1.0 / (1.0 + (-(16.0 * (size - 0.5) + block)).exp());
        format!("{size:.4},{east:.4},{north:.4},{}\n", if of(3) < chance { "yes" } else { "no" })
    };
    format!("size,east,north,let\n{}", (0..rows).map(row).collect::<String>())
}

fn check<'a>(verdict: &'a Value, rule: &str) -> &'a Value {
    let checks = verdict["checks"].as_array().expect("checks");
    checks.iter().find(|check| check["rule"] == rule).unwrap_or_else(|| panic!("no {rule} in {verdict}"))
}

#[test]
fn a_student_ships_where_its_teacher_is_over_the_budget() {
    let table = flats(4000);
    let folder = Copy::with(&[("flats.csv", table.as_bytes()), ("incumbent.toml", PLAN.as_bytes())]);
    folder.run(&["up", ".", "--once", "--address", "127.0.0.1:0", "--json"]).json(0);
    let told = folder.run(&["distill", ".", "--picture", "frontier.svg", "--json"]).json(0);
    let size = check(&told["teacher"], "budget size");
    assert_eq!((&told["teacher"]["decision"], &size["decision"]), (&json!("fail"), &json!("fail")));
    assert!(size["found"].as_str().expect("words").contains("times over"), "{size}");
    assert_eq!(check(&told["teacher"], "primary")["decision"], "pass", "it is good, and too large");

    let (facts, student) = (&told["facts"], &told["student"]);
    let name = &told["decision"]["choose"]["student"];
    let students = facts["students"].as_array().expect("students");
    let chosen =
        students.iter().find(|s| &s["name"] == name).unwrap_or_else(|| panic!("{}", told["decision"]));
    let number = |value: &Value| value["value"].as_f64().expect("a number");
    assert!(students.iter().all(|s| number(&s["loss"]) >= number(&chosen["loss"])), "the best is chosen");
    assert!(students.iter().all(|s| s["bytes"].as_u64().expect("bytes") <= 50_000), "within the budget");
    assert!(students.iter().all(|s| s["twin"].is_object()), "each has its twin");
    assert_eq!(student["verdict"]["decision"], "pass", "{student}");
    let picture = std::fs::read_to_string(folder.path("frontier.svg")).expect("a picture");
    assert!(picture.starts_with("<svg") && picture.contains(name.as_str().expect("a name")), "{picture}");

    let id = student["version"].as_str().expect("an id");
    let story = folder.run(&["trace", id, ".", "--json"]).json(0);
    let origin = &story["events"][0]["event"]["origin"];
    assert!(origin.to_string().contains(facts["teacher"].as_str().expect("an id")), "{origin}");
    let replayed = folder.run(&["history", ".", "--replay", "--json"]).json(0);
    assert_eq!((&replayed["distilled"], &replayed["different"]), (&json!(1), &json!([])));
}

#[test]
fn numbers_are_refused_with_a_way_out() {
    let plan = PLAN.replace("classification", "regression").replace("let", "size");
    let folder = Copy::with(&[("flats.csv", flats(300).as_bytes()), ("incumbent.toml", plan.as_bytes())]);
    let said = folder.run(&["distill", "."]);
    assert_eq!(said.code, 2);
    assert!(said.stderr.contains("only a classification can be distilled"), "{}", said.stderr);
    assert!(said.stderr.contains("hint:"), "{}", said.stderr);
}
