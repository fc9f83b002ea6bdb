//! The section of the main page, and what `/metrics` says of it.

use crate::common::{Host, Running, bank, run_with};
use crate::{facts, story};
use domain::diagnosis::Facts;
use domain::history::{Diagnosed, History};
use domain::time::DAY;
use lifecycle::diagnose::Found;
use lifecycle::drift::Comparison;
use server::{About, Limits, Progress, Source};
use serving::Settings;
use std::sync::Arc;
use std::time::Duration;

/// A host that has looked at live traffic.
struct Watching {
    host: Host,
    found: Option<Arc<Found>>,
}

impl Source for Watching {
    fn history(&self) -> Arc<History> {
        self.host.history()
    }

    fn about(&self) -> About {
        self.host.about()
    }

    fn progress(&self) -> Option<Progress> {
        self.host.progress()
    }

    fn watched(&self) -> Option<Arc<Found>> {
        self.found.clone()
    }
}

pub fn serving(history: History, found: Option<Found>) -> Running {
    let source = Watching { host: Host(history), found: found.map(Arc::new) };
    run_with(bank(Duration::from_secs(5)), Settings::default(), Limits::default(), Arc::new(source))
}

/// What was diagnosed so many days before the end.
fn diagnosed(facts: Facts, days: i64, sequence: u64) -> Diagnosed {
    let back = |at: domain::Timestamp| domain::Timestamp(at.0 - days * DAY);
    let facts = Facts { from: back(facts.from), to: back(facts.to), ..facts };
    let diagnosis = facts::said(&facts);
    Diagnosed { sequence, at: facts.to, facts, rules: serde_json::json!({}), diagnosis }
}

/// A year with five diagnoses, the last of them an alarm.
pub fn year() -> History {
    let mut history = story::history();
    let told = [
        (facts::healthy(), 90),
        (facts::upstream(), 70),
        (facts::healthy(), 60),
        (facts::healthy(), 20),
        (facts::shifted(), 0),
    ];
    let told = told.into_iter().zip(1_000..);
    history.diagnoses = told.map(|((facts, days), sequence)| diagnosed(facts, days, sequence)).collect();
    history
}

/// The last look, with the distributions of the columns that moved.
pub fn found(comparison: Comparison) -> Found {
    let facts = facts::shifted();
    let diagnosis = facts::said(&facts);
    Found { facts, diagnosis, comparison, without_labels: Vec::new() }
}

/// The section alone.
fn section(server: &Running) -> String {
    let page = server.get("/api/page").text();
    let rest = page.split("<section id=\"watch\" data-part=\"\">").nth(1).expect("a section");
    rest.split("</section>").next().expect("it ends").to_owned()
}

#[test]
fn the_present_diagnosis_stands_with_every_check_and_what_moved() {
    let server = serving(year(), Some(found(facts::changed())));
    let watch = section(&server);
    let diagnosis = facts::said(&facts::shifted());
    for expected in [
        "covariate shift",
        &format!("Why</strong>: {}", diagnosis.why),
        "retrain on newer rows, those like the live ones weighing more",
        "since <strong>14 Sep 2025 12:00",
        "<td>0.0130</td><td>+0.0312</td><td>0.620 sd</td>",
        "costs +0.0312 of the loss",
    ] {
        assert!(watch.contains(expected), "`{expected}` is not in {watch}");
    }
    let word = |word: &str| watch.matches(&format!("</span> {word}</span><strong>")).count();
    assert_eq!((word("wrong"), word("ok"), word("not asked")), (2, 5, 2), "by word, not by colour: {watch}");
    assert_eq!(watch.matches("<article class=\"column\">").count(), 2, "of the columns that moved");
    let place = |name: &str| watch.find(&format!("<h3>{name}</h3>")).expect("a card");
    assert!(place("age") < place("city"), "the farther one matters less to the model");
}

#[test]
fn the_timeline_has_every_diagnosis_and_the_releases() {
    let server = serving(year(), None);
    let watch = section(&server);
    // wide and narrow, and once in the legend
    let marks = |class: &str| watch.matches(&format!("class=\"mark {class}\"")).count();
    assert_eq!((marks("better"), marks("hollow failed")), (2 * 3 + 1, 2 * 2 + 1));
    assert!(watch.contains("5 diagnoses in time, 2 alarms, the last covariate shift."), "{watch}");
    assert!(watch.matches("<line class=\"release\"").count() > 0 && watch.contains(">v6</text>"), "{watch}");
    let rows =
        watch.split("id=\"watch-table\"").nth(1).expect("a table").matches("<tr><th scope=\"row\">").count();
    assert_eq!(rows, 5);
    assert!(watch.contains("drawn after the next look"), "no process looked since: {watch}");
}

#[test]
fn an_alarm_is_seen_at_the_head_of_the_page() {
    let link = "<a href=\"#watch\"><span class=\"badge fail large\">";
    assert!(serving(year(), None).get("/").text().contains(link));
    let mut quiet = year();
    quiet.diagnoses.pop();
    assert!(!serving(quiet, None).get("/").text().contains(link));
}

#[test]
fn before_the_first_look_one_sentence_stands_there() {
    let server = serving(story::history(), None);
    let watch = section(&server);
    assert!(watch.contains("Nothing is diagnosed yet") && !watch.contains("<svg"), "{watch}");
    assert!(!server.get("/metrics").text().contains("incumbent_alarm"), "no 0 that nobody measured");
}

#[test]
fn a_column_named_like_markup_stays_text() {
    let name = "<script>alert(1)</script>";
    let mut columns = facts::still();
    columns[0].0 = name.into();
    let mut found = found(facts::comparison(columns));
    found.facts.moved[0].column = name.into();
    found.diagnosis = facts::said(&found.facts);
    let watch = section(&serving(year(), Some(found)));
    assert!(!watch.contains("<script>") && watch.contains("&lt;script&gt;alert(1)"), "{watch}");
}

#[test]
fn the_metrics_say_the_newest_diagnosis() {
    let history = year();
    let at = history.diagnoses[4].at.0 / 1_000_000;
    let metrics = serving(history, None).get("/metrics").text();
    let about: Vec<&str> =
        metrics.lines().filter(|line| line.starts_with("incumbent_diagnosis_info{")).collect();
    assert_eq!(about.len(), 11, "{about:?}");
    let on: Vec<&&str> = about.iter().filter(|line| line.ends_with(" 1")).collect();
    assert_eq!(on, [&"incumbent_diagnosis_info{cause=\"covariate_shift\"} 1"]);
    for line in [
        "# TYPE incumbent_alarm gauge".to_owned(),
        "incumbent_alarm 1".to_owned(),
        "incumbent_columns_moved 2".to_owned(),
        format!("incumbent_last_diagnosis_timestamp_seconds {at}"),
    ] {
        assert!(metrics.lines().any(|l| l == line), "{line} in\n{metrics}");
    }
}
