//! The next retrain: what the rule says now, by which facts; and the last ones, with what came of them.

use crate::experiment::name;
use crate::maintenance::{Run, runs};
use crate::page::format;
use crate::page::versions::badge;
use domain::history::{History, Judged};
use domain::retrain::{BUDGET_TIME, RetrainDecision, RetrainFacts};
use domain::time::DAY;
use lifecycle::maintenance::Maintenance;
use maud::{Markup, html};

/// The most retrains that are shown.
const SHOWN: usize = 12;

/// The section.
pub fn section(history: &History, found: Option<&Maintenance>) -> Markup {
    let runs = runs(history);
    html! {
        h2 { "Next retrain" }
        @if let Some(found) = found { (next(found)) }
        @else { p.empty { "The rule was not asked yet." } }
        h3 { "Last retrains" }
        @if runs.is_empty() { p.empty { "None yet." } }
        @else {
            div.scroll tabindex="0" role="region" aria-label="Last retrains" {
                table {
                    thead { tr {
                        th scope="col" { "At" } th scope="col" { "Gate" } th scope="col" { "Version" }
                        th scope="col" { "Learned from people" } th scope="col" { "Why it ran" }
                    } }
                    tbody { @for run in runs.iter().take(SHOWN) { (row(history, run)) } }
                }
            }
        }
    }
}

fn next(found: &Maintenance) -> Markup {
    let (word, class) = match &found.asked.decision {
        RetrainDecision::Train(_) => ("due now", "pass"),
        RetrainDecision::Wait(_) => ("not yet", "open"),
        RetrainDecision::Refuse(_) => ("refused", "fail"),
    };
    html! {
        p.said {
            span class={ "badge " (class) } { (word) } " " (format::said(found.asked.decision.why())) "."
        }
        @if let Some(scheduled) = found.scheduled { p { "By the schedule on " strong { (format::time(scheduled)) } "." } }
        @if !found.by_itself {
            p.hint { "This server trains nothing by itself: " code { "incumbent up" } " does, or " code { "incumbent retrain" } "." }
        }
        @if let Some(facts) = &found.asked.facts { (by(facts)) }
    }
}

/// What the rule was given.
fn by(facts: &RetrainFacts) -> Markup {
    let passed = format!("{} of {}", facts.odds.passed, facts.odds.judged);
    let cause = facts.cause.map_or("none yet".into(), |cause| cause.to_string());
    html! {
        dl.pairs {
            dt { "rows to judge on" }
            dd { (format::count(facts.new_rows)) " newer than what it learned, " (format::count(2 * facts.least_rows)) " are needed" }
            dt { "labels since the last" }
            dd { (format::count(facts.since_last)) ", " (format::counted(facts.reviewed, "label")) " of people in all" }
            dt { "last retrain" } dd { (format::time(facts.last)) }
            dt { "within " (BUDGET_TIME / DAY) " days" } dd { (format::counted(facts.recent.len() as u64, "retrain")) }
            dt { "diagnosis" } dd { (cause) }
            dt { "passed the gate" } dd { (passed) " challengers that were trained anew" }
            @if let Some(release) = &facts.release { dt { "release under way" } dd { (release) } }
        }
    }
}

fn row(history: &History, run: &Run<'_>) -> Markup {
    html! {
        @for judged in &run.judged {
            tr { th scope="row" { (format::time(run.retraining.at)) } (came(history, judged)) (why(run)) }
        }
        @if run.judged.is_empty() {
            tr {
                th scope="row" { (format::time(run.retraining.at)) }
                td { "no verdict" } td { "–" } td { "–" } (why(run))
            }
        }
    }
}

fn came(history: &History, judged: &Judged) -> Markup {
    let version = history.version(&judged.facts.challenger);
    let labels = version.and_then(|version| version.trained_on.reviewed.as_ref());
    html! {
        td { (badge(judged.verdict.decision)) }
        td { (name(history, &judged.facts.challenger)) @if let Some(v) = version { ", " (format::stage(v.stage)) } }
        td { (labels.map_or("–".into(), |taught| format::counted(taught.total(), "label"))) }
    }
}

fn why(run: &Run<'_>) -> Markup {
    html! { td.why { (format::said(run.retraining.decision.why())) } }
}
