//! Bad input, typed on purpose: exit status 2, a message that names the place, and nothing half-written.

mod common;

use common::Copy;

const PLAN: &str = "name = \"x\"\ntask = \"classification\"\n[data]\nsource = \"x.csv\"\ntarget = \"y\"\n";
const SERIES: &str = "name = \"x\"\ntask = \"forecasting\"\n[data]\nsource = \"x.csv\"\ntarget = \"v\"\ntime = \"t\"\n[forecast]\nseason = 2\nhorizon = 1\nhistory = 4\n";

fn check_plan(plan: &str, table: Option<&[u8]>, expected: &[&str]) {
    let folder = match table {
        Some(table) => Copy::with(&[("incumbent.toml", plan.as_bytes()), ("x.csv", table)]),
        None => Copy::with(&[("incumbent.toml", plan.as_bytes())]),
    };
    let ran = folder.run(&["up", ".", "--once", "--address", "127.0.0.1:0"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    for part in expected {
        assert!(ran.stderr.contains(part), "no `{part}` in:\n{}", ran.stderr);
    }
    let status = folder.run(&["status", ".", "--json"]);
    if status.code == 0 {
        assert!(status.stdout.contains("\"versions\": []"), "half-written: {}", status.stdout);
    }
}

fn check(table: &[u8], expected: &[&str]) {
    check_plan(PLAN, Some(table), expected);
}

#[test]
fn files_that_are_no_tables() {
    check_plan(PLAN, None, &["x.csv does not exist", "hint:"]);
    check(b"", &["x.csv is empty", "hint:"]);
    check(b"a,y\n", &["x.csv has 2 columns and no rows"]);
    check(b"a,y\n1,no\n2\n3,yes\n", &["row 3", "hint:"]);
    check(b"a,a,y\n1,2,no\n", &["`a`", "hint:"]);
    check(b"a,y\n1,no\ncaf\xe9,yes\n", &["row 3", "0xE9", "not UTF-8", "iconv"]);
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_first_name() {
    let folder = Copy::with(&[("x.csv", b"\xEF\xBB\xBFy,a\nno,1\nyes,2\nno,3\nyes,4\n")]);
    let init = folder.run(&["init", ".", "--target", "y", "--json"]).json(0);
    assert!(init["text"].as_str().expect("a plan").contains("target = \"y\""));
}

#[test]
fn tables_that_cannot_be_learned_from() {
    check(b"a,y\n1,no\n2,no\n3,no\n", &["column y has the single class `no` in all 3 rows", "hint:"]);
    check(
        b"a,z\n1,no\n2,yes\n",
        &["no column `y`, which the plan names as data.target", "the columns are a, z"],
    );
    check(b"a,y\n1,no\ninf,yes\n", &["row 3", "column a", "inf"]);
    let regression = PLAN.replace("classification", "regression");
    check_plan(&regression, Some(b"a,y\n1,5\n2,5\n3,5\n"), &["column y is 5 in all 3 rows"]);
    check_plan(&regression, Some(b"a,y\n1,5\n2,x\n3,7\n"), &["column y holds text, expected numbers"]);
}

#[test]
fn series_with_doubled_or_missing_steps() {
    let rows = |times: &[&str]| {
        let rows: Vec<String> = times.iter().enumerate().map(|(i, t)| format!("{t},{i}\n")).collect();
        format!("t,v\n{}", rows.concat())
    };
    let days: Vec<String> = (1..=28).map(|d| format!("2024-02-{d:02}")).collect();
    let mut days: Vec<&str> = days.iter().map(String::as_str).collect();
    days[10] = days[9];
    check_plan(SERIES, Some(rows(&days).as_bytes()), &["2024-02-10T00:00:00Z stands twice"]);
    days.remove(10);
    check_plan(
        SERIES,
        Some(rows(&days).as_bytes()),
        &["172800 s after the value before it, expected 86400 s"],
    );
}

#[test]
fn unsorted_times_are_put_in_order() {
    let mut rows: Vec<String> = (0..400)
        .map(|i| format!("{},{},{}\n", i * 86_400, i % 7, if i % 3 == 0 { "yes" } else { "no" }))
        .collect();
    rows.reverse();
    let table = format!("t,a,y\n{}", rows.concat());
    let plan = PLAN.replace("target = \"y\"\n", "target = \"y\"\ntime = \"t\"\n");
    let folder = Copy::with(&[("incumbent.toml", plan.as_bytes()), ("x.csv", table.as_bytes())]);
    let baseline = folder.run(&["baseline", ".", "--json"]).json(0);
    assert!(baseline["split"].as_str().expect("words").contains("from 1970-11-17"), "{baseline}");
}

#[test]
fn mistakes_in_the_plan_are_shown_on_their_line() {
    check_plan(&PLAN.replace("target", "targget"), None, &["incumbent.toml:5", "did you mean `target`?"]);
    check_plan(&format!("{PLAN}[gate]\nalpha = 7\n"), None, &["alpha = 7", "a number from 0.0001 to 0.5"]);
    let folder = Copy::empty();
    let ran = folder.run(&["up", "."]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("no plan") && ran.stderr.contains("incumbent init"), "{}", ran.stderr);
}

#[test]
fn commands_that_come_too_early_say_what_to_run_first() {
    let folder = Copy::with(&[("incumbent.toml", PLAN.as_bytes()), ("x.csv", b"a,y\n1,no\n2,yes\n")]);
    for args in [["gate", "."], ["serve", "."]] {
        let ran = folder.run(&args);
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        assert!(ran.stderr.contains("hint:"), "{}", ran.stderr);
    }
    let ran = folder.run(&["export", "v9", "out", "."]);
    assert!(ran.code == 2 && ran.stderr.contains("no version `v9`"), "{}", ran.stderr);
    assert!(!folder.path("out").exists());
}
