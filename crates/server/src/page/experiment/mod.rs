//! The page of one release: for ten seconds its state, its steps and why; for ten minutes every number behind them.
//!
//! Like the main page it only shows facts: what a release waits for is what the rule said, not a second opinion.

mod allocation;
mod arms;
mod chart;
mod guardrails;
mod interval;
mod list;
mod panels;
mod ratios;
mod track;

use super::{format, shell};
use crate::experiment::{Found, State, current, decided, gain, name, next, state};
use crate::state::App;
use domain::experiment::{Decision, Reason};
use domain::history::{History, Looked, Release};
use domain::model::VersionId;
use maud::{Markup, html};

/// The whole document of one release.
pub fn document(app: &App, history: &History, release: &Release) -> Markup {
    let about = app.source.about();
    let title = format!("{} · {}", versus(history, release), about.model);
    let source = format!("/api/page/experiments/{}", release.id);
    shell(&title, &source, "Skip to where it stands", parts(&about.model, history, release))
}

/// The document where nothing was ever released.
pub fn empty(app: &App) -> Markup {
    let model = app.source.about().model;
    shell(&format!("releases · {model}"), "/api/page/experiments", "Skip to the text", no_parts(&model))
}

/// The parts that change.
pub fn parts(model: &str, history: &History, release: &Release) -> Markup {
    let last = release.last();
    html! {
        header #top data-part="" {
            div {
                p.crumb { a href="/" { (model) } }
                h1 { (versus(history, release)) }
                p.sub { "began " (format::time(release.at)) " because " strong { (release.why) } }
            }
            p role="status" { (badge(state(release), true)) }
        }
        main #main tabindex="-1" {
            section #standing data-part="" { (standing(history, release)) }
            @if let Some(look) = last {
                section #gain data-part="" { (chart::section(history, release)) }
                section #allocation data-part="" { (allocation::section(history, release, look)) }
                section #guardrails data-part="" { (guardrails::section(look)) }
                section #ratios data-part="" { (ratios::section(look)) }
                section #arms data-part="" { (arms::section(history, look)) (arms::looks(release)) }
            }
            section #releases data-part="" { (list::section(history, release)) }
        }
    }
}

/// The parts where nothing was ever released.
pub fn no_parts(model: &str) -> Markup {
    html! {
        header #top data-part="" { div { p.crumb { a href="/" { (model) } } h1 { "Releases" } } }
        main #main tabindex="-1" {
            section #standing data-part="" {
                h2 { "No release has begun" }
                p {
                    "A challenger that passes the gate goes through the steps that " code { "release.steps" }
                    " names in the plan; " code { "incumbent experiment start" } " begins with one by hand."
                }
            }
        }
    }
}

/// The section of the main page: the release under way, or how the last one ended.
pub fn section(history: &History) -> Markup {
    let Some(release) = current(history) else { return html! {} };
    html! {
        div.headline {
            h2 { "Release" }
            (badge(state(release), false))
        }
        div.beside {
            div {
                p { a href={ "/experiments/" (release.id) } { (versus(history, release)) } }
                (said(release))
                (ahead(release))
                @if history.experiments.len() > 1 {
                    p { a href="/experiments#releases" { "All " (history.experiments.len()) " releases" } }
                }
            }
            (figure(release))
        }
    }
}

fn standing(history: &History, release: &Release) -> Markup {
    html! {
        h2 { "Where it stands" }
        (track::track(release))
        div.beside {
            div {
                (said(release))
                (ahead(release))
                @if release.ended.is_some() {
                    p { (name(history, serving_after(release))) " serves everybody." }
                }
            }
            (figure(release))
        }
    }
}

/// The gain in one line.
fn figure(release: &Release) -> Markup {
    html! {
        @if let Some(goal) = gain(release) {
            figure { (interval::small(goal)) figcaption.sub { (interval::words(goal)) } }
        }
    }
}

fn serving_after(release: &Release) -> &VersionId {
    if state(release) == State::Promoted { &release.challenger } else { &release.incumbent }
}

/// What was decided last, why and when.
fn said(release: &Release) -> Markup {
    let Some(look) = decided(release) else {
        return html! { p.said { strong { "Began with " (release.phase) } ": " (release.why) "." } };
    };
    html! {
        p.said {
            strong { (sentence(look)) } ": " (format::said(look.decision.why())) "."
            " " span.muted { "Decided " (format::time(look.facts.now)) "." }
        }
    }
}

/// A decision as the beginning of a sentence.
fn sentence(look: &Looked) -> String {
    match &look.decision {
        Decision::Continue { .. } => "Going on".into(),
        Decision::Advance { to, .. } => format!("On to {to}"),
        Decision::Back { to, .. } => format!("Back to {to}"),
        Decision::Promote { .. } => "Promoted".into(),
        Decision::Stop { reason: Reason::Done, .. } => "Promoted and done".into(),
        Decision::Stop { reason, .. } => format!("Stopped, {reason}"),
    }
}

fn ahead(release: &Release) -> Markup {
    html! {
        @if let Some(next) = next(release) {
            p.said {
                strong { "Next" } ": " (format::said(&next.to_string())) "."
                @if let Some(look) = release.last() { " " span.muted { "Looked at " (format::time(look.facts.now)) "." } }
            }
        }
    }
}

fn versus(history: &History, release: &Release) -> String {
    let named = |id: &VersionId| {
        let origin = history.version(id).map(|s| format!(" {}", format::origin(&s.origin)));
        format!("{}{}", name(history, id), origin.unwrap_or_default())
    };
    format!("{} against {}", named(&release.challenger), named(&release.incumbent))
}

/// A state: a sign, the words and a colour.
fn badge(state: State, large: bool) -> Markup {
    let (class, sign) = match state {
        State::Running(_) => ("open", "▸"),
        State::HeldBack(_) | State::Promoted => ("pass", "✓"),
        State::Stopped(Reason::NotBetter | Reason::ByHand | Reason::Done) => ("off", "■"),
        State::Stopped(_) => ("fail", "✕"),
    };
    let size = if large { " large" } else { "" };
    html! { span class={ "badge " (class) (size) } { span aria-hidden="true" { (sign) } " " (state) } }
}

/// How something that is watched was found: a sign, the word and a colour.
fn found(found: Found) -> Markup {
    let class = match found {
        Found::Fine(_) => "pass",
        Found::Open(_) => "open",
        Found::Bad(_) => "fail",
    };
    html! { span class={ "badge " (class) } { span aria-hidden="true" { (found.sign()) } " " (found) } }
}
