//! `incumbent experiment simulate`: the promises about experiments hold, and the table says so.

mod common;

use common::Copy;
use serde_json::Value;

fn simulate(args: &[&str]) -> Value {
    let args = [&["experiment", "simulate", "--json"], args].concat();
    Copy::empty().run(&args).json(0)
}

fn rows<'a>(found: &'a Value, trial: &str, method: &str) -> Vec<&'a Value> {
    let of = |row: &&Value, key: &str, part: &str| row[key].as_str().is_some_and(|name| name.contains(part));
    let rows = found["rows"].as_array().expect("rows").iter();
    rows.filter(|row| of(row, "trial", trial) && of(row, "method", method)).collect()
}

fn share(row: &Value) -> f64 {
    row["share"]["value"].as_f64().expect("a share")
}

#[test]
fn every_promise_is_kept_and_the_trap_is_shown() {
    let found = simulate(&["--runs", "200"]);
    assert_eq!((&found["runs"], &found["broken"]), (&Value::from(200), &Value::from(false)));
    let naive = rows(&found, "equal arms", "every look");
    assert_eq!(naive.len(), 4);
    // Looked at after every unit, the ordinary test ships about a third of equals.
    assert!(naive.iter().all(|row| share(row) > 0.2 && row["limit"].is_null()));
    for (method, trials) in [("peek = any", 5), ("peek = planned", 5), ("betting", 4)] {
        let equals = rows(&found, "equal arms", method);
        assert_eq!(equals.len(), trials, "{method}");
        // Four standard errors of 200 runs are 6.2 points.
        assert!(equals.iter().all(|row| share(row) < 0.113 && row["limit"]["most"] == 0.05), "{method}");
    }
}

#[test]
fn planned_power_and_stops_for_harm_are_as_promised() {
    let found = simulate(&["--runs", "200"]);
    for (method, planned, reach) in [("any", 90, 0.1), ("planned", 90, 0.1), ("planned", 80, 0.2)] {
        let better = rows(&found, &format!("planned power {planned}%"), method);
        assert_eq!(better.len(), 4);
        for row in better {
            assert!((f64::from(planned) / 100.0 - share(row)) < reach, "{row}");
            assert!(row["below_one_look"]["value"].as_f64().expect("points") < 0.15, "{row}");
            assert!(row["median_unit"].as_u64() < row["units"].as_u64(), "{row}");
        }
    }
    let median = |trial: &str| rows(&found, trial, "bets")[0]["median_unit"].as_u64().expect("it stops");
    assert!(median("all requests bad") <= 100);
    assert!(median("5 points over the tolerance") <= 2_000);
    assert!(share(rows(&found, "at the tolerance", "bets")[0]) <= 0.04);
    assert!(share(rows(&found, "sample ratio 50:50", "Bayes")[0]) <= 0.01);
    assert!(share(rows(&found, "sample ratio 52:48", "Bayes")[0]) > 0.8);
}

#[test]
fn the_same_seed_gives_the_same_table_and_another_does_not() {
    let (first, again, other) = (
        simulate(&["--runs", "30"]),
        simulate(&["--runs", "30"]),
        simulate(&["--runs", "30", "--seed", "2"]),
    );
    assert_eq!(first, again);
    assert_ne!(first["rows"], other["rows"]);
}

#[test]
fn it_is_a_table_for_people_and_refuses_no_runs() {
    let folder = Copy::empty();
    let ran = folder.run(&["experiment", "simulate", "--runs", "10"]);
    for part in
        ["10 experiments of each kind, seed 1", "peek = planned", "at most 5%", "median within 100", "kept"]
    {
        assert!(ran.stdout.contains(part), "no `{part}` in:\n{}", ran.stdout);
    }
    assert!(ran.stderr.contains("equal arms"), "progress is on stderr: {}", ran.stderr);
    assert_eq!(folder.run(&["experiment", "simulate", "--runs", "0"]).code, 2);
}
