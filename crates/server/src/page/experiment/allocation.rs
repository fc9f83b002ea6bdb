//! Who sees what now: the shares of all units, as a bar and in words.

use super::format;
use crate::experiment::{State, name, state};
use crate::page::chart::place;
use domain::experiment::{Arm, Step};
use domain::history::{History, Looked, Release};
use maud::{Markup, html};

/// The width of the bar's drawing, which the style sheet stretches.
const WIDTH: f64 = 640.0;
/// The least that a share is drawn as, so that 1% is not lost.
const LEAST: f64 = 4.0;

/// Some of the units, and what they see.
struct Share {
    class: &'static str,
    name: String,
    share: f64,
    /// The arm, with the chance with which a unit that takes part falls into it.
    arm: Option<(Arm, f64)>,
}

/// The section.
pub fn section(history: &History, release: &Release, look: &Looked) -> Markup {
    let shares = shares(history, release);
    html! {
        h2 { "Who sees what now" }
        (bar(&shares))
        ul.legend.shares {
            @for share in &shares {
                li {
                    svg viewBox="0 0 16 16" aria-hidden="true" { rect class={ "share " (share.class) } x="1" y="1" width="14" height="14" {} }
                    span {
                        strong { (drawn(share.share)) } " " (share.name)
                        @if let Some((arm, propensity)) = share.arm { (counts(look, arm, propensity)) }
                    }
                }
            }
        }
        (notes(look))
    }
}

fn shares(history: &History, release: &Release) -> Vec<Share> {
    let (old, new) = (name(history, &release.incumbent), name(history, &release.challenger));
    let all = |class, name: String| vec![Share { class, name, share: 1.0, arm: None }];
    match state(release) {
        State::Promoted => return all("treatment", format!("see {new}: it was promoted")),
        State::Stopped(_) => return all("none", format!("see {old}: the release is over")),
        State::Running(phase) if phase.step == Step::Shadow => {
            return all("none", format!("see {old}; {new} answers beside it, unseen"));
        }
        State::Running(_) | State::HeldBack(_) => {}
    }
    let held = if release.phase.step == Step::HoldBack { "held back" } else { "control" };
    let drawn = release.phase.allocation();
    let arm = |class, name: String, arm, propensity: f64| {
        let share = drawn.exposure * propensity;
        Share { class, name, share, arm: Some((arm, propensity)) }
    };
    let none = format!("take no part: see {old}");
    let parts = [
        Share { class: "none", name: none, share: 1.0 - drawn.exposure, arm: None },
        arm("control", format!("{held}: see {old}"), Arm::Control, drawn.control),
        arm("treatment", format!("treatment: see {new}"), Arm::Treatment, 1.0 - drawn.control),
    ];
    parts.into_iter().filter(|part| part.share > 1e-9).collect()
}

fn bar(shares: &[Share]) -> Markup {
    let wide = |share: f64| (share * WIDTH).max(LEAST);
    let whole: f64 = shares.iter().map(|share| wide(share.share)).sum();
    let mut from = 0.0;
    let mut parts = Vec::new();
    for share in shares {
        let width = wide(share.share) * WIDTH / whole;
        parts.push((share.class, from, width));
        from += width;
    }
    let said: Vec<String> = shares.iter().map(|s| format!("{} {}", drawn(s.share), s.name)).collect();
    html! {
        svg.shares viewBox={ "0 0 " (WIDTH) " 20" } preserveAspectRatio="none" role="img" aria-label=(said.join("; ")) {
            @for (class, x, width) in parts {
                rect class={ "share " (class) } x=(place(x)) y="1" width=(place(width)) height="18" {}
            }
        }
    }
}

fn counts(look: &Looked, arm: Arm, propensity: f64) -> Markup {
    let facts = look.facts.arm(arm);
    html! {
        " · " (format::counted(facts.units, "unit")) ", " (format::counted(facts.rows, "row"))
        " · propensity " (format::trimmed(propensity))
    }
}

/// What no arm counts.
fn notes(look: &Looked) -> Markup {
    let facts = &look.facts;
    html! {
        @if facts.without_unit > 0 {
            p.sub { (format::counted(facts.without_unit, "row")) " without a unit: answered by the incumbent, no part of the comparison." }
        }
        @if facts.dropped > 0 {
            p.sub { (format::counted(facts.dropped, "prediction")) " answered but not logged." }
        }
        @if facts.breaker_openings > 0 {
            p.sub { "The challenger's breaker opened " (format::counted(facts.breaker_openings, "time")) " within 24 hours." }
        }
    }
}

/// A share as it was drawn, which is exact.
fn drawn(share: f64) -> String {
    format!("{}%", format::trimmed(100.0 * share))
}
