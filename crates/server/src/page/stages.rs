//! How far `up` has come: the stages in order, with what came out of them.

use super::format;
use crate::state::Progress;
use domain::history::{History, StageDone};
use maud::{Markup, html};
use serde_json::Value;

/// The stages that every run of `up` passes, and what each is for.
const STAGES: [(&str, &str); 5] = [
    ("data", "read and split the table"),
    ("baseline", "the simplest thing that answers"),
    ("train", "make challengers"),
    ("gate", "compare them with what serves"),
    ("publish", "put the winner in front"),
];

/// The section.
pub fn section(history: &History, progress: Option<&Progress>) -> Markup {
    html! {
        h2 { "From data to serving" }
        ol.stages {
            @for (name, purpose) in STAGES { (stage(name, purpose, history, progress)) }
        }
    }
}

fn stage(name: &str, purpose: &str, history: &History, progress: Option<&Progress>) -> Markup {
    let running = progress.filter(|p| first_word(&p.stage) == name);
    let finished = finished(history, name);
    let done = finished.iter().map(|(_, done)| done.at).max();
    let class = if running.is_some() {
        "running"
    } else if reached(history, name) {
        "done"
    } else {
        "todo"
    };
    html! {
        li class=(class) {
            span.step { (name) }
            span.muted { (purpose) }
            @if let Some(p) = running {
                progress max="1" value=(p.share) aria-label={ (name) " progress" } {}
                span { (format!("{:.0}%", 100.0 * p.share)) " " (p.note) }
            } @else if let Some(at) = done {
                span.muted { "done " (format::time(at)) }
                @for (stage, done) in &finished { @if let Some(said) = facts(stage, name, done) { span.fact { (said) } } }
            } @else if class == "done" {
                span.muted { "done" }
            }
        }
    }
}

/// Some stages leave an event of their own instead of a note that they are done.
fn reached(history: &History, name: &str) -> bool {
    match name {
        "gate" => !history.verdicts.is_empty(),
        "publish" => history.deployment.is_some(),
        _ => !finished(history, name).is_empty(),
    }
}

/// The ends of a stage; one that has several parts, such as `train trees`, ends once for each.
fn finished<'a>(history: &'a History, name: &str) -> Vec<(&'a str, &'a StageDone)> {
    let of_it = history.stages.iter().filter(|(stage, _)| first_word(stage) == name);
    of_it.map(|(stage, done)| (stage.as_str(), done)).collect()
}

fn first_word(stage: &str) -> &str {
    stage.split(' ').next().unwrap_or(stage)
}

/// The plain numbers and words of a stage's summary.
fn facts(stage: &str, name: &str, done: &StageDone) -> Option<String> {
    let said = done.summary.as_object()?.iter().filter_map(|(key, value)| match value {
        Value::Number(n) => {
            Some(format!("{} {key}", n.as_u64().map_or_else(|| n.to_string(), format::count)))
        }
        Value::String(text) if text.len() <= 60 => Some(text.clone()),
        _ => None,
    });
    let said: Vec<String> = said.take(4).collect();
    let part = stage.strip_prefix(name).unwrap_or_default().trim();
    let part = if part.is_empty() { String::new() } else { format!("{part}: ") };
    (!said.is_empty()).then(|| format!("{part}{}", said.join(" · ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Timestamp;
    use serde_json::json;

    fn history(stages: &[(&str, Value)]) -> History {
        let done =
            |summary: &Value| StageDone { at: Timestamp(0), inputs: String::new(), summary: summary.clone() };
        let stages = stages.iter().map(|(name, summary)| ((*name).to_owned(), done(summary)));
        History { stages: stages.collect(), ..History::default() }
    }

    #[test]
    fn a_stage_tells_what_came_out_and_the_running_one_how_far_it_is() {
        let history =
            history(&[("data", json!({"rows": 41188, "notes": []})), ("train trees", json!({"rows": 9}))]);
        let progress = Progress { stage: "gate".into(), share: 0.25, note: "trees".into() };
        let drawn = section(&history, Some(&progress)).into_string();
        for expected in ["41,188 rows", "trees: 9 rows", "value=\"0.25\"", "25% trees"] {
            assert!(drawn.contains(expected), "{expected} in {drawn}");
        }
        assert_eq!(drawn.matches("class=\"done\"").count(), 2);
        assert_eq!(drawn.matches("class=\"todo\"").count(), 2);
    }
}
