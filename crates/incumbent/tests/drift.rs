//! `incumbent drift` and `incumbent diagnose` through the real binary: files, a table over time, a served model.

mod common;

use common::{Copy, draw, post};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::time::Duration;

/// Flats with a size, a place and whether they were let within a week.
fn flats(rows: u64, seed: u64, unit: f64, place: &str) -> String {
    let mut text = String::from("size,rooms,place,let\n");
    for row in 0..rows {
        let size = 30.0 + 90.0 * draw(seed, 4 * row);
        let rooms = 1 + (draw(seed, 4 * row + 1) * 4.0) as u32;
        let place = if draw(seed, 4 * row + 2) < 0.2 { place } else { "town" };
        let taken = draw(seed, 4 * row + 3) < 1.0 / (1.0 + ((size - 75.0) / 12.0).exp());
        let told = if taken { "yes" } else { "no" };
        text += &format!("{:.3},{rooms},{place},{told}\n", size * unit);
    }
    text
}

fn two(unit: f64, place: &str) -> Copy {
    let (before, now) = (flats(2000, 1, 1.0, "lake"), flats(2000, 2, unit, place));
    Copy::with(&[("before.csv", before.as_bytes()), ("now.csv", now.as_bytes())])
}

#[test]
fn two_files_of_one_law_are_quiet() {
    let folder = two(1.0, "lake");
    let found = folder.run(&["drift", "--reference", "before.csv", "--current", "now.csv", "--json"]).json(0);
    assert_eq!((&found["quiet"], &found["moved"]), (&json!(true), &json!([])));
    assert_eq!(found["columns"].as_array().map(Vec::len), Some(4));
    assert!((found["told_apart"]["auc"]["value"].as_f64().expect("an AUC") - 0.5).abs() < 0.05);
}

#[test]
fn what_moved_and_what_is_broken_is_named_and_drawn() {
    let folder = two(10.763_9, "sea");
    let args = ["drift", "--reference", "before.csv", "--current", "now.csv", "--html", "drift.html"];
    let ran = folder.run(&args);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stdout.contains("broken: size: outside of all that was seen"), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("broken: place: categories never seen before, such as `sea`"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("2 of 4 columns moved; 2 are broken"), "{}", ran.stdout);
    let page = std::fs::read_to_string(folder.path("drift.html")).expect("the page");
    assert!(page.contains("<svg") && page.contains("size") && !page.contains("src=\"http"), "a whole page");
    let only = folder.run(&[
        "drift",
        "--reference",
        "before.csv",
        "--current",
        "now.csv",
        "--only",
        "rooms,let",
        "--columns-only",
        "--json",
    ]);
    assert_eq!(only.json(0)["columns"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_table_over_time_gives_the_dates() {
    let mut text = String::from("day,price\n");
    for row in 0..4000u64 {
        let date = domain::Timestamp(row as i64 * domain::time::DAY / 20).to_string();
        let price = draw(3, row) + if row < 2600 { 0.0 } else { 0.5 };
        text += &format!("{},{price:.4}\n", &date[..10]);
    }
    let folder = Copy::with(&[("prices.csv", text.as_bytes())]);
    let args = [
        "drift",
        "--reference",
        "prices.csv",
        "--time",
        "day",
        "--until",
        "1970-04-01",
        "--every",
        "10d",
        "--json",
    ];
    let found = folder.run(&args).json(1);
    let shifts = found["shifts"].as_array().expect("shifts");
    assert_eq!(shifts.len(), 1, "{shifts:?}");
    let since = domain::Timestamp::parse(shifts[0]["since"].as_str().expect("a date")).expect("a date");
    assert!((since.0 - 130 * domain::time::DAY).abs() <= 5 * domain::time::DAY, "{since}");
}

#[test]
fn mistakes_are_told() {
    let folder = two(1.0, "lake");
    let check = |args: &[&str], what: &str, hint: &str| {
        let ran = folder.run(args);
        assert_eq!(ran.code, 2, "{}", ran.stdout);
        assert!(ran.stderr.contains(what) && ran.stderr.contains(hint), "{}", ran.stderr);
    };
    check(&["drift", "--reference", "before.csv"], "nothing to compare the reference with", "--current");
    check(
        &["drift", "--reference", "before.csv", "--current", "now.csv", "--only", "sise"],
        "before.csv: no column `sise`",
        "the columns are size, rooms, place, let",
    );
    check(
        &["drift", "--reference", "before.csv", "--time", "day", "--until", "2020-01-01"],
        "before.csv: no column `day`",
        "the columns are",
    );
    check(&["drift", "--reference", "nowhere.csv", "--current", "now.csv"], "nowhere.csv", "");
}

const PLAN: &str = r#"
name = "flats"
task = "classification"
[data]
source = "flats.csv"
target = "let"
[train]
trainers = ["logistic"]
"#;

/// A project whose model serves, and where.
fn served(plan: &str) -> (Copy, std::process::Child, String) {
    let table = flats(3000, 1, 1.0, "lake");
    let folder = Copy::with(&[("flats.csv", table.as_bytes()), ("incumbent.toml", plan.as_bytes())]);
    folder.run(&["up", ".", "--once", "--address", "127.0.0.1:0", "--json"]).json(0);
    let (server, line) = folder.start(&["serve", ".", "--address", "127.0.0.1:0"]);
    let address = line.split("http://").nth(1).and_then(|l| l.split('/').next()).expect("an address");
    (folder, server, format!("http://{address}"))
}

/// Sends rows, and what was true of them.
fn send(address: &str, rows: u64, unit: f64) {
    let post = |path: &str, body: &Value| post(&format!("{address}{path}"), body);
    let text = flats(rows, 9, unit, "lake");
    let cells: Vec<Vec<&str>> = text.lines().skip(1).map(|line| line.split(',').collect()).collect();
    let row = |c: &Vec<&str>| json!({"size": c[0].parse::<f64>().expect("a number"), "rooms": c[1].parse::<f64>().expect("a number"), "place": c[2]});
    let answer =
        post("/v1/models/flats:predict", &json!({"rows": cells.iter().map(row).collect::<Vec<_>>()}));
    let predictions = answer["predictions"].as_array().expect("predictions");
    let outcome = |(p, c): (&Value, &Vec<&str>)| json!({"prediction_id": p["prediction_id"], "value": c[3]});
    let outcomes: Vec<Value> = predictions.iter().zip(&cells).map(outcome).collect();
    post("/v1/outcomes", &json!({"outcomes": outcomes}));
}

#[test]
fn a_served_model_is_healthy_until_a_source_changes_its_unit() {
    let (folder, mut server, address) = served(PLAN);
    send(&address, 800, 1.0);
    let found = folder.run(&["diagnose", ".", "--json"]).json(0);
    assert_eq!(found["diagnosis"]["cause"], "healthy", "{}", found["diagnosis"]);
    assert_eq!(found["facts"]["answers"]["wrong"], 0);
    assert_eq!(found["without_labels"][0]["method"], "CBPE");
    send(&address, 800, 1000.0);
    let found = folder.run(&["diagnose", ".", "--json"]).json(1);
    assert_eq!(found["diagnosis"]["cause"], "upstream_data_bug", "{}", found["diagnosis"]);
    assert_eq!(found["facts"]["faults"][0]["column"], "size");
    let said = folder.run(&["diagnose", "."]);
    assert!(said.stdout.contains("action: tell who owns the source"), "{}", said.stdout);
    let moved = folder.run(&["drift", ".", "--json"]).json(1);
    assert!(moved["moved"].as_array().expect("columns").contains(&json!("size")), "{}", moved["moved"]);
    server.kill().expect("it can be ended");
    drop(server.wait());
}

/// Takes one request and gives back its body.
fn receive(listener: &std::net::TcpListener) -> Value {
    let (mut stream, _) = listener.accept().expect("a caller");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
    let (mut text, mut buffer) = (String::new(), [0u8; 65_536]);
    loop {
        let count = stream.read(&mut buffer).expect("bytes");
        text += &String::from_utf8_lossy(&buffer[..count]);
        let body = text.split_once("\r\n\r\n").map(|(_, body)| body);
        if let Some(value) = body.and_then(|body| serde_json::from_str(body).ok()) {
            stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").expect("answered");
            return value;
        }
    }
}

#[test]
fn an_alarm_reaches_the_webhook_the_page_and_the_metrics() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let hook = format!("[watch]\nwebhook = \"http://{}/alarm\"\n", listener.local_addr().expect("bound"));
    let (_folder, mut server, address) = served(&format!("{PLAN}{hook}"));
    send(&address, 800, 1000.0);
    let alarm = receive(&listener);
    assert_eq!((&alarm["cause"], &alarm["alarm"]), (&json!("upstream_data_bug"), &json!(true)), "{alarm}");
    let get = |path: &str| {
        ureq::get(format!("{address}{path}")).call().expect("an answer").body_mut().read_to_string()
    };
    let seen = |path: &str, word: &str| {
        // the page takes in what was recorded at its next look
        (0..100).any(|_| {
            let found = get(path).expect("text").contains(word);
            std::thread::sleep(Duration::from_millis(if found { 0 } else { 100 }));
            found
        })
    };
    assert!(seen("/", "upstream data bug") && seen("/metrics", "incumbent_alarm 1"));
    server.kill().expect("it can be ended");
    drop(server.wait());
}

#[test]
fn faults_are_simulated_from_one_command() {
    let folder = Copy::empty();
    let found = folder.run(&["diagnose", "--simulate", "--runs", "1", "--clean", "4", "--json"]);
    let found: Value = serde_json::from_str(&found.stdout).expect("JSON");
    assert_eq!((&found["runs"], &found["clean"]["runs"]), (&json!(28), &json!(4)));
    assert!(found["right"].as_u64().expect("a number") >= 25, "{found:#}");
}
