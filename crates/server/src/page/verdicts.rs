//! What the gate said last, and why: the numbers, the reasons, and what to do.

use super::format;
use super::versions::badge;
use domain::gate::{Check, Decision, Facts};
use domain::history::{History, Judged};
use maud::{Markup, html};

/// The most verdicts that are shown.
const SHOWN: usize = 6;

/// The section.
pub fn section(history: &History) -> Markup {
    html! {
        h2 { "What the gate said" }
        @if history.verdicts.is_empty() {
            p.empty { "No challenger has been judged yet." }
        }
        @for judged in history.verdicts.iter().rev().take(SHOWN) { (verdict(history, judged)) }
    }
}

fn verdict(history: &History, judged: &Judged) -> Markup {
    let facts = &judged.facts;
    let name = |id| history.version(id).map_or_else(|| format!("{id}"), |s| format!("v{}", s.number));
    let made_by = history.version(&facts.challenger).map(|s| format::origin(&s.origin)).unwrap_or_default();
    let (blocking, fine): (Vec<&Check>, Vec<&Check>) =
        judged.verdict.checks.iter().partition(|c| c.decision != Decision::Pass || c.warning);
    html! {
        article.verdict {
            header {
                h3 { (name(&facts.challenger)) " " span.muted { (made_by) } }
                (badge(judged.verdict.decision))
                span.muted.when { (format::time(judged.at)) }
            }
            p { (numbers(facts, &name(&facts.incumbent))) }
            @if !blocking.is_empty() { ul.checks { @for check in &blocking { (line(check)) } } }
            @if !fine.is_empty() {
                details id={ "verdict-" (judged.sequence) } {
                    summary { (fine.len()) @if fine.len() == 1 { " check" } @else { " checks" } " passed" }
                    ul.checks { @for check in &fine { (line(check)) } }
                }
            }
        }
    }
}

fn numbers(facts: &Facts, incumbent: &str) -> Markup {
    let primary = &facts.primary;
    let gain = &primary.gain;
    let direction = if gain.value < 0.0 { "worse" } else { "better" };
    let decimals = format::decimals(gain.high - gain.low);
    let show = |x: f64| format!("{x:.decimals$}");
    html! {
        strong { (show(gain.value.abs())) " " (direction) }
        " than " (incumbent) " in " (primary.metric)
        " (95%: " (show(gain.low)) " to " (show(gain.high)) ")"
        " on " (format::count(gain.rows)) " rows: "
        (show(primary.challenger.value)) " against " (show(primary.incumbent.value)) "."
    }
}

fn line(check: &Check) -> Markup {
    html! {
        li {
            (badge(check.decision))
            @if check.warning { " " span.badge.open { "worth a look" } }
            " " strong { (check.rule) } " " (check.found)
            @if let Some(rows) = check.missing_rows { " " span.muted { "Missing: " (format::count(rows)) " labelled rows." } }
            @if let Some(hint) = &check.hint { p.hint { "Hint: " (hint) } }
        }
    }
}
