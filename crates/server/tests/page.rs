//! The main page: whole without a script, honest about everything, loading nothing from elsewhere. That of a release
//! is tested in `releases.rs`.

mod common;
#[path = "common/story.rs"]
mod story;

use common::{Host, Running, bank, run, run_with};
use domain::history::History;
use serde_json::json;
use server::{About, Limits, Progress, Source};
use serving::Settings;
use std::sync::Arc;
use std::time::Duration;

fn year() -> Running {
    let host = Arc::new(Host(story::history()));
    run_with(bank(Duration::from_secs(5)), Settings::default(), Limits::default(), host)
}

#[test]
fn the_page_tells_the_whole_story_without_a_script() {
    let server = year();
    let reply = server.get("/");
    assert_eq!(reply.status, 200);
    let page = reply.text();
    for expected in [
        "<title>bank · incumbent</title>",
        "Serving now",
        "v3 trees",
        "v1 baseline prior",
        "the floor",
        "not enough evidence",
        "Missing: 3,120 labelled rows.",
        "Hint: collect outcomes, or widen gate.margin if less is enough",
        "0.0210 better",
        "41,188 rows",
        "/v1/models/bank:predict -d",
        "role=\"img\"",
        "v8 text against v6 trees",
        "in its release",
        "All 3 releases",
    ] {
        assert!(page.contains(expected), "`{expected}` is not on the page");
    }
    let releases = page.matches("<line class=\"release\"").count();
    assert_eq!(releases, 2 * 4, "four releases on the wide and the narrow chart");
}

#[test]
fn nothing_comes_from_elsewhere() {
    let server = year();
    let reply = server.get("/");
    let policy = reply.headers["content-security-policy"].to_str().expect("text");
    assert!(policy.starts_with("default-src 'none'"));
    for text in [
        reply.text(),
        server.get("/experiments").text(),
        server.get("/ui/page.css").text(),
        server.get("/ui/page.js").text(),
    ] {
        let elsewhere =
            text.split("http").skip(1).filter(|rest| rest.starts_with("://") || rest.starts_with("s://"));
        let elsewhere: Vec<&str> =
            elsewhere.filter(|rest| !rest.starts_with(&format!("://{}", server.address))).collect();
        assert!(elsewhere.is_empty(), "{elsewhere:?}");
        assert!(!text.contains("style=\""), "the policy forbids inline styles");
    }
    assert!(server.get("/ui/other").refusal(404).contains("/ui/other"));
}

#[test]
fn the_line_to_try_is_answered() {
    let server = year();
    let page = server.get("/api/page").text();
    let line =
        page.split("id=\"curl\">").nth(1).and_then(|rest| rest.split("</code>").next()).expect("a line");
    let line = line.replace("&quot;", "\"").replace("&amp;", "&");
    let body = line.split('\'').nth(1).expect("a quoted body");
    let reply = server.post("/v1/models/bank:predict", body.as_bytes(), &[]);
    assert_eq!(reply.status, 200, "{body}: {}", reply.text());
    assert_eq!(reply.json()["predictions"][0].get("out_of_domain"), None, "the example is an ordinary row");
}

#[test]
fn a_server_without_a_past_has_a_page_too() {
    let server = run(bank(Duration::from_secs(5)), Settings::default(), Limits::default());
    let page = server.get("/").text();
    for expected in
        ["No version has been scored yet.", "Nothing is measured yet", "No challenger has been judged yet."]
    {
        assert!(page.contains(expected), "{expected}");
    }
}

#[test]
fn machines_are_told_the_same() {
    let server = year();
    let row = json!({"age": 30, "job": "nurse", "day": "2026-11-24", "x": [0, 1]});
    server.post_json("/v1/models/bank:predict", &json!({"rows": [row]}));
    let status = server.get("/api/status").json();
    assert_eq!((&status["ready"], &status["metric"]), (&json!(true), &json!("log_loss")));
    assert_eq!(status["serving"]["chain"][0]["number"], 3);
    assert_eq!(status["serving"]["chain"][0]["breaker"], "closed");
    assert_eq!(status["traffic"]["rows"], json!({"intended": 1, "fallback": 0, "floor": 0}));
    let history = server.get("/api/history").json();
    assert_eq!(history["versions"].as_array().map(Vec::len), Some(8));
    assert_eq!(history["verdicts"][2]["verdict"]["decision"], "inconclusive");
    assert_eq!(history["measurements"].as_array().map(Vec::len), Some(100));
    assert_eq!(history["experiments"][1]["reason"], "harm");
}

/// A host whose facts are not to be had.
struct Broken;

impl Source for Broken {
    fn history(&self) -> Arc<History> {
        panic!("told to panic")
    }

    fn about(&self) -> About {
        Host(History::default()).about()
    }

    fn progress(&self) -> Option<Progress> {
        None
    }
}

#[test]
fn a_handler_that_panics_costs_one_answer() {
    let server =
        run_with(bank(Duration::from_secs(5)), Settings::default(), Limits::default(), Arc::new(Broken));
    let said = server.get("/api/status").refusal(500);
    assert_eq!(said, "the server met a fault of its own; the request was not answered");
    assert_eq!(server.get("/v2/health/ready").status, 200);
}

#[test]
fn names_that_look_like_markup_stay_text() {
    let mut history = story::history();
    history.versions[0].origin = domain::Origin::Imported { file: "<script>alert(1)</script>.onnx".into() };
    let host = Arc::new(Host(history));
    let server = run_with(bank(Duration::from_secs(5)), Settings::default(), Limits::default(), host);
    assert!(!server.get("/").text().contains("<script>alert"));
}
