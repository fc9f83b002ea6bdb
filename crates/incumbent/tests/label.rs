//! People label the plan's own test rows on a page of the real binary, and are told how good they are.

mod common;

use common::Copy;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

/// Starts the page and reads where it listens.
fn start(copy: &Copy, items: &str, each: &str) -> (Child, BufReader<std::process::ChildStderr>, String) {
    let args =
        ["--json", "baseline", "--people", "--items", items, "--each", each, "--address", "127.0.0.1:0"];
    let mut command: Command = copy.command(&args);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut talk = BufReader::new(child.stderr.take().expect("a pipe"));
    let mut line = String::new();
    talk.read_line(&mut line).expect("a line");
    let url = line.split("http://").nth(1).and_then(|rest| rest.split('/').next());
    let url = format!("http://{}", url.unwrap_or_else(|| panic!("no address: {line}")));
    (child, talk, url)
}

fn get(url: &str, path: &str) -> Value {
    ureq::get(format!("{url}{path}")).call().expect("answered").body_mut().read_json().expect("JSON")
}

fn label(url: &str, person: &str, item: &Value, label: &str) {
    let body = json!({"person": person, "item": item, "label": label});
    ureq::post(format!("{url}/api/label/answers")).send_json(body).expect("kept");
}

fn items(url: &str, person: &str) -> Vec<Value> {
    let told = get(url, &format!("/api/label/next?person={person}&count=20"));
    told["items"].as_array().expect("items").clone()
}

#[test]
fn labels_survive_the_page_and_end_in_a_report() {
    let copy = Copy::of("bank");
    let none = copy.run(&["baseline", "--people", "--report"]);
    assert_eq!(none.code, 1, "not enough evidence is no error: {}", none.stderr);
    let first: Vec<&str> = none.stdout.lines().take(2).collect();
    assert!(first[0].starts_with("not enough labels to measure people: 0 of "), "{first:?}");
    assert_eq!(first[1], "  nobody has labelled anything yet");

    let (mut page, _talk, url) = start(&copy, "4", "2");
    let about = get(&url, "/api/label");
    let classes: Vec<&str> =
        about["classes"].as_array().expect("classes").iter().filter_map(|c| c["name"].as_str()).collect();
    assert_eq!(classes, ["no", "yes"]);
    let first = items(&url, "ann");
    let columns: Vec<&str> =
        first[0]["cells"].as_array().expect("cells").iter().filter_map(|c| c["column"].as_str()).collect();
    assert!(columns.contains(&"age") && !columns.contains(&"y"), "{columns:?}");
    first.iter().take(3).for_each(|item| label(&url, "ann", &item["item"], "no"));
    page.kill().expect("a crash");
    page.wait().expect("gone");
    let alone =
        copy.run(&["--json", "baseline", "--people", "--report", "--items", "4", "--each", "2"]).json(1);
    assert_eq!(alone["progress"]["labels"], 3);
    assert!(alone["why"].as_str().is_some_and(|why| why.starts_with("too few")), "{alone}");

    let (page, mut talk, url) = start(&copy, "4", "2");
    assert_eq!(items(&url, "ann").len(), 1, "what ann labelled before the crash is kept");
    items(&url, "ann").iter().for_each(|item| label(&url, "ann", &item["item"], "no"));
    let bobs = ["yes", "no", "no", "no"];
    items(&url, "bob").iter().zip(bobs).for_each(|(item, said)| label(&url, "bob", &item["item"], said));
    let ended = page.wait_with_output().expect("it ends when everything is labelled");
    let mut said = String::new();
    talk.read_to_string(&mut said).expect("text");
    assert_eq!(ended.status.code(), Some(0), "{said}");
    let report: Value = serde_json::from_slice(&ended.stdout).expect("JSON");
    assert_eq!((&report["labels"], &report["items"], &report["workers"]), (&json!(8), &json!(4), &json!(2)));
    assert_eq!((&report["progress"]["finished"], &report["majority"]["rows"]), (&json!(4), &json!(4)));
    assert_eq!(report["model"], Value::Null, "nothing serves here yet");

    let again = copy.run(&["baseline", ".", "--people", "--report", "--items", "4", "--each", "2"]);
    assert_eq!(again.code, 0, "{}", again.stderr);
    assert!(
        again.stdout.starts_with("4 of 4 items have their 2 labels\n8 labels of 4 items by 2 people\n"),
        "{}",
        again.stdout
    );
}

#[test]
fn what_has_no_classes_has_no_page() {
    let refused = Copy::of("demand").run(&["baseline", "--people", "--address", "127.0.0.1:0"]);
    assert_eq!(refused.code, 2, "{}", refused.stdout);
    assert!(refused.stderr.contains("is not a class"), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("hint: people's page is for plans whose task is classification"),
        "{}",
        refused.stderr
    );
}
