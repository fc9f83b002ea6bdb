//! The page of a release and its JSON: what became of it, why, and every number behind that.

mod common;
#[path = "common/story.rs"]
mod story;

use common::{Host, Running, bank, run, run_with};
use domain::experiment::{Decision, Phase, Reason, Step};
use domain::history::History;
use serde_json::{Value, json};
use server::Limits;
use serving::Settings;
use std::sync::Arc;
use std::time::Duration;

fn serve(history: History) -> Running {
    run_with(bank(Duration::from_secs(5)), Settings::default(), Limits::default(), Arc::new(Host(history)))
}

/// The address of the n-th release's page.
fn address(history: &History, n: usize) -> String {
    format!("/experiments/{}", history.experiments[n].id)
}

/// The page of the n-th release of the story, and what must stand on it.
fn check(n: usize, expected: &[&str], unexpected: &[&str]) -> String {
    let history = story::history();
    let address = address(&history, n);
    let reply = serve(history).get(&address);
    assert_eq!(reply.status, 200);
    assert!(
        reply.headers["content-security-policy"].to_str().expect("text").starts_with("default-src 'none'")
    );
    let page = reply.text();
    for text in expected {
        assert!(page.contains(text), "`{text}` is not on the page of release {n}");
    }
    for text in unexpected {
        assert!(!page.contains(text), "`{text}` is on the page of release {n}");
    }
    page
}

#[test]
fn a_promoted_release_shows_every_step_and_the_gain_that_promoted_it() {
    let page = check(
        0,
        &[
            "v6 trees against v3 trees",
            "✓</span> promoted",
            "<strong>Promoted</strong>: log_loss better by",
            "v6 serves everybody.",
            "100%</strong> see v6: it was promoted",
            ">hold-back</text>",
            "mark better",
            "within tolerance",
            "as drawn",
        ],
        &["<strong>Next</strong>", "class=\"running\"", "class=\"ahead\""],
    );
    assert_eq!(page.matches("<li class=\"done\"").count(), 6, "shadow, three canaries, A/B, incumbent");
}

#[test]
fn a_harmful_release_shows_what_stopped_it() {
    let page = check(
        1,
        &[
            "v7 trees against v6 trees",
            "✕</span> stopped: harm",
            "<strong>Stopped, harm</strong>: errors: 12 of 60 in treatment, 0 of 60 in control",
            "✕</span> harm",
            "20.0% (12 of 60)",
            "100% of what stops it",
            "?</span> not shown yet",
            "100%</strong> see v6: the release is over",
            "108 of 200 labelled units for a first look",
            "before 200 units: too few to count",
            "v6 serves everybody.",
        ],
        &["<strong>Next</strong>", "class=\"running\""],
    );
    assert_eq!(page.matches("<li class=\"ahead\"").count(), 4);
    assert!(page.contains("<li class=\"stopped\" aria-current=\"step\">"));
}

#[test]
fn a_running_release_shows_where_it_stands_and_what_it_waits_for() {
    let page = check(
        2,
        &[
            "v8 text against v6 trees",
            "▸</span> A/B at 50%",
            "<strong>On to A/B at 50%</strong>: 20000 units and no harm",
            "<strong>Next</strong>: a decision no earlier than 18 Sep 2025 08:00.",
            "<strong>50%</strong> control: see v6 · 198,000 units, 396,000 rows · propensity 0.5",
            "<strong>50%</strong> treatment: see v8",
            "gain in log_loss 0.0024 (0.0012 to 0.0038) on 356,400 units",
            "0.002: the smallest gain that matters",
            "Compared: one arm with the other.",
            "The lower bound stands at 5%, the upper one, which shows harm, at 1%.",
            "A Bayes factor of 1000 is a mismatch.",
            "All 108 looks as a table",
            "220 rows without a unit: answered by the incumbent",
        ],
        &["serves everybody"],
    );
    assert_eq!(page.matches("class=\"chart gain ").count(), 2, "a wide and a narrow chart");
    let steps = page.matches("<line class=\"release\"").count();
    assert_eq!(steps, 2 * 5, "shadow, three canaries and A/B on each chart");
}

#[test]
fn without_an_id_it_is_the_running_one_and_else_the_newest() {
    let mut history = story::history();
    let title = |history: &History| {
        let page = serve(history.clone()).get("/experiments").text();
        page.split("<h1>").nth(1).and_then(|rest| rest.split("</h1>").next()).expect("a title").to_owned()
    };
    assert_eq!(title(&history), "v8 text against v6 trees");
    history.experiments.remove(2);
    assert_eq!(title(&history), "v7 trees against v6 trees");
    let page = run(bank(Duration::from_secs(5)), Settings::default(), Limits::default());
    assert!(page.get("/experiments").text().contains("No release has begun"));
    assert!(page.get("/api/page/experiments").text().contains("No release has begun"));
    assert_eq!(page.get("/api/experiments").json(), json!({"experiments": []}));
    assert!(!page.get("/").text().contains("href=\"/experiments/"), "nothing to link to");
}

#[test]
fn the_script_finds_the_same_parts_again() {
    let history = story::history();
    let address = address(&history, 2);
    let server = serve(history);
    let page = server.get(&address).text();
    assert!(page.contains(&format!("<body data-parts=\"/api/page{address}\">")));
    let parts = server.get(&format!("/api/page{address}")).text();
    assert!(page.contains(&parts), "the fragment is the page's own middle");
    for part in parts.split("<section id=\"").skip(1) {
        assert!(part.split('>').next().is_some_and(|tag| tag.contains("data-part")), "{part}");
    }
    assert!(server.get("/").text().contains("<body data-parts=\"/api/page\">"));
}

#[test]
fn what_is_not_there_is_named() {
    let server = serve(story::history());
    for path in ["/experiments/9-x", "/api/experiments/9-x", "/api/page/experiments/9-x"] {
        let said = server.get(path).refusal(404);
        assert_eq!(said, "there is no experiment `9-x`; /api/experiments lists those that there are");
    }
    let said = server.get("/experiments/%3Cscript%3E").refusal(404);
    assert!(said.contains("`<script>`"), "as JSON, which no browser takes for markup: {said}");
    assert_eq!(server.post_json("/experiments", &json!({})).status, 405);
}

#[test]
fn machines_are_told_every_look() {
    let history = story::history();
    let id = history.experiments[2].id.clone();
    let server = serve(history.clone());
    let list = server.get("/api/experiments").json();
    let of = |key: &str| -> Vec<Value> {
        list["experiments"].as_array().expect("a list").iter().map(|e| e[key].clone()).collect()
    };
    assert_eq!(of("state"), [json!("promoted"), json!("stopped"), json!("running")]);
    assert_eq!(of("reason"), [json!(null), json!("harm"), json!(null)]);
    assert_eq!(of("looks"), [json!(146), json!(10), json!(108)]);
    assert_eq!(list["experiments"][2]["challenger"]["number"], 8);
    assert_eq!(list["experiments"][2]["last"]["decision"]["kind"], "continue");
    let one = server.get(&format!("/api/experiments/{id}")).json();
    let looks = one["looks"].as_array().expect("looks");
    assert_eq!(looks.len(), 108);
    for (said, look) in looks.iter().zip(&history.experiments[2].looks) {
        assert_eq!(said["facts"], serde_json::to_value(&look.facts).expect("plain data"));
        assert_eq!(said["rules"], look.rules);
    }
}

#[test]
fn every_state_has_a_sign_and_a_word() {
    let held_back = {
        let mut history = story::history();
        let release = &mut history.experiments[0];
        let promoted = |d: &Decision| matches!(d, Decision::Promote { .. });
        let place = release.looks.iter().position(|look| promoted(&look.decision)).expect("promoted");
        release.looks.truncate(place + 3);
        release.ended = None;
        release.phase = Phase { step: Step::HoldBack, treatment: 0.95 };
        (history, 0)
    };
    let stopped = |reason: Reason| {
        let mut history = story::history();
        let release = &mut history.experiments[2];
        let look = release.looks.last_mut().expect("a look");
        look.decision = Decision::Stop { reason, why: "told".into() };
        release.ended = Some(look.at);
        (history, 2)
    };
    for ((history, n), expected) in [
        (held_back, "✓</span> promoted, 5% held back"),
        (stopped(Reason::NotBetter), "■</span> stopped: not better"),
        (stopped(Reason::ByHand), "■</span> stopped: by hand"),
        (stopped(Reason::SampleRatio), "✕</span> stopped: sample-ratio mismatch"),
        (stopped(Reason::Unstable), "✕</span> stopped: unstable"),
    ] {
        let address = address(&history, n);
        let server = serve(history);
        assert!(server.get(&address).text().contains(expected), "{expected}");
        assert!(server.get("/experiments").text().contains(expected), "{expected} among all releases");
    }
}

#[test]
fn a_release_that_was_not_looked_at_has_a_page() {
    let mut history = story::history();
    let release = &mut history.experiments[2];
    release.looks.clear();
    release.phase = Phase { step: Step::Shadow, treatment: 0.0 };
    let address = address(&history, 2);
    let page = serve(history).get(&address).text();
    assert!(page.contains("<strong>Began with shadow</strong>: it passed the gate."));
    assert!(page.contains("the next step waits for: the first look at shadow"));
}

#[test]
fn words_that_look_like_markup_stay_text() {
    let mut history = story::history();
    let script = "<script>alert(1)</script>";
    history.versions[7].origin = domain::Origin::Imported { file: script.into() };
    let release = &mut history.experiments[2];
    release.why = script.into();
    let look = release.looks.last_mut().expect("a look");
    look.decision = Decision::Stop { reason: Reason::ByHand, why: script.into() };
    look.facts.guardrails[0].name = script.into();
    look.facts.sample_ratios[0].join = script.into();
    look.facts.goal.as_mut().expect("a goal").metric = script.into();
    release.ended = Some(look.at);
    let address = address(&history, 2);
    let server = serve(history);
    for path in [address.as_str(), "/", "/experiments"] {
        assert!(!server.get(path).text().contains("<script>alert"), "{path}");
    }
}
