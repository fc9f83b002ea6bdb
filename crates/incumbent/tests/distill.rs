//! A big teacher and a small student through the real binary: the teacher is over its budget, and a student ships.

mod common;

use common::{Copy, draw};
use serde_json::{Value, json};
use std::ops::Range;

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
fn flats(rows: Range<u64>) -> String {
    let row = |row: u64| {
        let of = |column: u64| draw(7, 4 * row + column);
        let (size, east, north) = (of(0), 6.0 * of(1), 6.0 * of(2));
        let dark = (east / 2.0).floor() + (north / 2.0).floor();
        let block = if dark % 2.0 == 0.0 { 4.0 } else { -4.0 };
        let chance = 1.0 / (1.0 + (-(16.0 * (size - 0.5) + block)).exp());
        format!("{size:.4},{east:.4},{north:.4},{}\n", if of(3) < chance { "yes" } else { "no" })
    };
    format!("size,east,north,let\n{}", rows.map(row).collect::<String>())
}

fn check<'a>(verdict: &'a Value, rule: &str) -> &'a Value {
    let checks = verdict["checks"].as_array().expect("checks");
    checks.iter().find(|check| check["rule"] == rule).unwrap_or_else(|| panic!("no {rule} in {verdict}"))
}

#[test]
fn a_student_ships_where_its_teacher_is_over_the_budget() {
    let table = flats(0..4000);
    let folder = Copy::with(&[("flats.csv", table.as_bytes()), ("incumbent.toml", PLAN.as_bytes())]);
    folder.run(&["up", ".", "--once", "--address", "127.0.0.1:0", "--json"]).json(0);
    let early = folder.run(&["distill", "label", ".", "--out", "answers.csv"]);
    assert_eq!(early.code, 2);
    assert!(early.stderr.contains("serves, which is no student"), "{}", early.stderr);
    assert!(
        early.stderr.contains("hint: let one learn from a teacher: incumbent distill"),
        "{}",
        early.stderr
    );
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

    let lesson = &facts["lesson"];
    assert_eq!((&lesson["live"], &lesson["until"]), (&json!(0), &Value::Null), "nothing was asked yet");
    let taught = format!("taught from {} training rows, {} bred", lesson["real"], lesson["bred"]);
    let history = folder.run(&["history", "."]).stdout;
    assert!(lesson["real"].as_u64() > Some(1_000) && history.contains(&taught), "{taught}: {history}");
    the_teacher_labels(&folder, facts["teacher"].as_str().expect("an id"), id);
}

/// What stands behind the student answers a table, and tells the student's fidelity.
fn the_teacher_labels(folder: &Copy, teacher: &str, student: &str) {
    std::fs::write(folder.path("new.csv"), flats(4000..6000)).expect("written");
    let label = |more: &[&str]| folder.run(&[&["distill", "label", "."], more].concat());
    let told = label(&["--data", "new.csv", "--out", "answers.csv", "--json"]).json(0);
    assert_eq!((&told["by"], &told["rows"], &told["left_out"]), (&json!(teacher), &json!(2000), &json!(0)));
    let fidelity = &told["fidelity"];
    assert_eq!((&fidelity["student"], &fidelity["agreement"]["rows"]), (&json!(student), &json!(2000)));
    let answers = std::fs::read_to_string(folder.path("answers.csv")).expect("answers");
    let lines: Vec<Vec<&str>> = answers.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(
        (lines.len(), &lines[0][..]),
        (2001, &["row", "label", "probabilities:no", "probabilities:yes"][..])
    );
    for (place, line) in lines.iter().enumerate().skip(1) {
        let of = |column: usize| line[column].parse::<f64>().expect("a number");
        assert_eq!((of(0), line[1]), (place as f64, if of(3) > of(2) { "yes" } else { "no" }));
        assert!((of(2) + of(3) - 1.0).abs() < 1e-6, "{line:?}");
    }

    let said = label(&["--data", "new.csv", "--out", "answers.parquet", "--by", teacher]);
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert!(said.stdout.contains("on 2000 rows that neither learned from:\n  same class"), "{}", said.stdout);
    assert!(std::fs::read(folder.path("answers.parquet")).expect("answers").starts_with(b"PAR1"));
    let own = label(&["--data", "new.csv", "--out", "own.csv", "--by", student, "--json"]).json(0);
    assert_eq!(
        (&own["fidelity"], &own["no_fidelity"]),
        (&Value::Null, &json!("what serves is what labelled"))
    );

    let refused = |more: &[&str], words: &str| {
        let said = label(more);
        assert_eq!(said.code, 2, "{}", said.stdout);
        assert!(said.stderr.contains(words) && said.stderr.contains("hint:"), "{}", said.stderr);
    };
    std::fs::write(folder.path("narrow.csv"), "size,east\n0.5,1\n").expect("written");
    refused(&["--data", "narrow.csv", "--out", "none.csv"], "north");
    refused(&["--out", "none.csv"], "no live row is without an outcome");
    refused(&["--data", "new.csv", "--out", "none.xlsx"], "answers are .csv or .parquet");
    refused(&["--data", "new.csv", "--out", "nowhere/none.csv"], "there is no folder nowhere");
    assert!(!folder.path("none.csv").exists(), "nothing is half written");
}

#[test]
fn numbers_are_refused_with_a_way_out() {
    let plan = PLAN.replace("classification", "regression").replace("let", "size");
    let folder = Copy::with(&[("flats.csv", flats(0..300).as_bytes()), ("incumbent.toml", plan.as_bytes())]);
    let said = folder.run(&["distill", "."]);
    assert_eq!(said.code, 2);
    assert!(said.stderr.contains("only a classification can be distilled"), "{}", said.stderr);
    assert!(said.stderr.contains("hint:"), "{}", said.stderr);
}
