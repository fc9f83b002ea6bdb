//! What may not get worse: how often it happens in each arm, how much more it may be, and how near harm is.

use super::{format, found};
use crate::experiment::{evidence_share, guardrail, rules};
use crate::page::chart::place;
use domain::experiment::Guardrail;
use domain::history::Looked;
use domain::plan;
use maud::{Markup, html};

const WIDTH: f64 = 320.0;
const MARGIN: f64 = 8.0;
/// Where a bound that is far off is cut, in tolerances.
const FARTHEST: f64 = 4.0;

/// The section.
pub fn section(look: &Looked) -> Markup {
    let rules = rules(look);
    html! {
        h2 { "Guardrails" }
        p.sub {
            "How much more often than control the challenger is bad, with its upper bound. A step ends once the bound is "
            "below what is tolerated; enough evidence of more than that stops the release at once."
        }
        @if look.facts.guardrails.is_empty() { p.empty { "Nothing is watched yet." } }
        div.guardrails {
            @for guarded in &look.facts.guardrails { (one(guarded, &rules)) }
        }
    }
}

fn one(guarded: &Guardrail, rules: &plan::Release) -> Markup {
    let share = evidence_share(guarded, rules);
    html! {
        article.guardrail {
            header { h3 { (guarded.name) } (found(guardrail(guarded, rules))) }
            (bullet(guarded))
            dl.pairs {
                dt { "control" } dd { (rate(guarded.control)) }
                dt { "treatment" } dd { (rate(guarded.treatment)) }
                dt { "excess" } dd { (format::share(excess(guarded))) ", at most " strong { (format::share(guarded.high)) } "; tolerated " (format::share(guarded.tolerance)) }
                dt { "evidence of harm" } dd {
                    progress max="1" value=(format!("{share:.3}")) aria-label={ "evidence of harm in " (guarded.name) } {}
                    " " (format!("{:.0}%", (100.0 * share).floor())) " of what stops it"
                }
            }
        }
    }
}

/// How much more often treatment was bad.
fn excess(guarded: &Guardrail) -> f64 {
    let rate = |(bad, all): (u64, u64)| bad as f64 / all.max(1) as f64;
    rate(guarded.treatment) - rate(guarded.control)
}

fn rate((bad, all): (u64, u64)) -> String {
    format!("{} ({} of {})", format::percent(bad, all), format::count(bad), format::count(all))
}

/// A bar for the excess, a whisker up to its bound, and the tolerance as a line.
fn bullet(guarded: &Guardrail) -> Markup {
    let (excess, tolerance) = (excess(guarded), guarded.tolerance);
    let least = excess.min(0.0).max(-tolerance);
    let most = (1.25 * guarded.high.max(tolerance)).min(FARTHEST * tolerance).max(1.25 * excess);
    let at =
        |value: f64| MARGIN + ((value - least) / (most - least)).clamp(0.0, 1.0) * (WIDTH - 2.0 * MARGIN);
    let (zero, limit, bound) = (at(0.0), at(tolerance), at(guarded.high));
    let far = guarded.high > most;
    let (from, to) = (zero.min(at(excess)), zero.max(at(excess)));
    let class = if guarded.high < tolerance { "better" } else { "open" };
    let class = if excess > tolerance { "failed" } else { class };
    html! {
        svg.bullet viewBox={ "0 0 " (WIDTH) " 44" } role="img" aria-label=(said(guarded)) {
            rect.tolerated x=(place(zero)) y="4" width=(place(limit - zero)) height="20" {}
            g class=(class) {
                rect.excess x=(place(from)) y="9" width=(place((to - from).max(1.5))) height="10" {}
                path.whisker d={ "M" (place(to)) " 14H" (place(bound)) @if far { "m-7 -5l7 5l-7 5" } @else { "M" (place(bound)) " 8V20" } } {}
            }
            line.zero x1=(place(zero)) x2=(place(zero)) y1="2" y2="26" {}
            line.limit x1=(place(limit)) x2=(place(limit)) y1="2" y2="26" {}
            @if limit - zero > 30.0 { text x=(place(zero)) y="40" text-anchor=(if zero < 20.0 { "start" } else { "middle" }) { "0" } }
            @let anchor = if limit < 60.0 { "start" } else if limit > WIDTH - 60.0 { "end" } else { "middle" };
            text x=(place(limit)) y="40" text-anchor=(anchor) { (format::share(tolerance)) " tolerated" }
        }
    }
}

fn said(guarded: &Guardrail) -> String {
    format!(
        "{}: {} more often than control, at most {}; {} are tolerated",
        guarded.name,
        format::share(excess(guarded)),
        format::share(guarded.high),
        format::share(guarded.tolerance)
    )
}
