//! What labels bought: answers that are given alone beside their promise, the live error without bias, and the versions
//! that learned from people.

use crate::maintenance::{certified, taught};
use crate::page::format;
use crate::page::versions::badge;
use domain::gate::Estimate;
use domain::history::{Certified, History, Standing};
use lifecycle::maintenance::Maintenance;
use lifecycle::review::LiveLoss;
use maud::{Markup, html};

/// The section; empty where nobody reviews and nothing is promised.
pub fn section(history: &History, found: Option<&Maintenance>) -> Markup {
    let live = found.and_then(|found| found.live.as_ref());
    let promise = found.and_then(|found| found.promise.map(|error| (error, found.delta)));
    let certified = certified(history);
    let taught: Vec<&Standing> = taught(history).collect();
    html! {
        @if live.is_some() || certified.is_some() || !taught.is_empty() {
            h2 { "What they bought" }
            @if let Some((error, delta)) = promise { (alone(error, delta, certified, live)) }
            @if let Some(live) = live { (wrong(live)) }
            @if !taught.is_empty() { (versions(history, &taught)) }
        }
    }
}

/// The promise about answers given alone, the certificate in force and what the audit found.
fn alone(error: f64, delta: f64, certified: Option<&Certified>, live: Option<&LiveLoss>) -> Markup {
    let found = live.and_then(|live| live.alone.as_ref());
    html! {
        h3 { "Answers given alone" }
        p { "Promised: at most " strong { (format::share(error)) } " wrong, with probability " (format::share(1.0 - delta)) "." }
        @match certified {
            None => p.empty { "The version that serves is not certified yet: none are." },
            Some(certified) => (certificate(certified)),
        }
        @if let Some(found) = found {
            p.said {
                span class={ "badge " (standing(found, error).1) } { (standing(found, error).0) }
                " " (shares(found)) " of those that people audited were wrong."
            }
        }
    }
}

fn certificate(certified: &Certified) -> Markup {
    let said = &certified.certificate;
    html! {
        p.said {
            @match said.threshold {
                Some(threshold) => {
                    strong { (format::share(said.share)) " of answers" } ", from a confidence of "
                    (format::number(threshold)) " on: "
                },
                None => { strong { "None" } ": " },
            }
            (said.why) ". " span.muted { "Certified " (format::time(certified.at)) "." }
            @if let Some(missing) = said.missing { " " span.muted { "Missing: about " (format::counted(missing, "label")) "." } }
        }
    }
}

/// How what was found stands to what was promised.
fn standing(found: &Estimate, error: f64) -> (&'static str, &'static str) {
    match () {
        () if found.high <= error => ("✓ within the promise", "pass"),
        () if found.low > error => ("✕ worse than promised", "fail"),
        () => ("? too few labels to tell", "open"),
    }
}

/// Shares with their interval and the labels behind them.
fn shares(e: &Estimate) -> String {
    let interval = format!("95%: {} to {}", format::share(e.low), format::share(e.high));
    format!("{} ({interval}; {})", format::share(e.value), format::counted(e.rows, "label"))
}

fn wrong(live: &LiveLoss) -> Markup {
    html! {
        h3 { "Wrong answers on all live rows" }
        dl.pairs {
            @if let Some(all) = &live.all {
                dt { "by all labels" } dd { (shares(all)) ", each weighted by one over its chance" }
            }
            @if let Some(audit) = &live.audit { dt { "by the audit alone" } dd { (shares(audit)) } }
            @if let Some(naive) = live.naive {
                dt { "of labelled rows" } dd { (format::share(naive)) " as they are, which misleads: doubt was drawn more often" }
            }
            dt { "speaks for" } dd { (format::counted(live.rows, "live row")) }
            @if live.waiting > 0 { dt { "not yet" } dd { (format::counted(live.waiting as u64, "draw")) " waiting for labels" } }
        }
    }
}

fn versions(history: &History, taught: &[&Standing]) -> Markup {
    html! {
        h3 { "Versions that learned from people" }
        div.scroll tabindex="0" role="region" aria-label="Versions that learned from people" {
            table {
                thead { tr {
                    th scope="col" { "Version" } th scope="col" { "Gate" } th scope="col" { "Gain over what served (95%)" }
                    th scope="col" { "Stands" } th scope="col" { "Labels" }
                } }
                tbody { @for version in taught.iter().rev() { (row(history, version)) } }
            }
        }
    }
}

fn row(history: &History, version: &Standing) -> Markup {
    let judged = history.verdict(&version.version);
    let labels = version.trained_on.reviewed.iter().flat_map(|taught| &taught.labels);
    let labels: Vec<String> = labels.map(|(why, count)| format!("{} {why}", format::count(*count))).collect();
    html! {
        tr {
            th scope="row" { "v" (version.number) " " (format::origin(&version.origin)) }
            td { @if let Some(judged) = judged { (badge(judged.verdict.decision)) } @else { "–" } }
            td { (judged.map_or("–".into(), |judged| format::estimate(&judged.facts.primary.gain))) }
            td { (format::stage(version.stage)) }
            td { (labels.join(", ")) }
        }
    }
}
