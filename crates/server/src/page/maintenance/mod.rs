//! The page of maintenance: how old the model is and how it ages, when it is renewed next and why, and what people's
//! labels cost and bought.
//!
//! Like the other pages it only shows facts; what is due is what the rule said.

mod ageing;
mod bought;
mod labels;
mod renewal;

use super::{format, shell};
use crate::maintenance::age;
use crate::state::App;
use domain::cadence::span;
use domain::history::History;
use domain::time::DAY;
use lifecycle::maintenance::Maintenance;
use maud::{Markup, html};

/// The whole document.
pub fn document(app: &App) -> Markup {
    let title = format!("maintenance · {}", app.source.about().model);
    shell(&title, "/api/page/maintenance", "Skip to the model's age", parts(app))
}

/// The parts that change.
pub fn parts(app: &App) -> Markup {
    let (history, found) = (app.source.history(), app.source.maintenance());
    let found = found.as_deref();
    html! {
        header #top data-part="" {
            div {
                p.crumb { a href="/" { (app.source.about().model) } }
                h1 { "Maintenance" }
                p.sub { "how it ages, when it is renewed, and what people's labels buy" }
            }
            @if app.source.review().is_some() { p { a href="/review" { "Review answers" } } }
        }
        main #main tabindex="-1" {
            section #age data-part="" { (old(&history, found)) @if let Some(found) = found { (ageing::part(&history, found)) } }
            section #renewal data-part="" { (renewal::section(&history, found)) }
            section #labels data-part="" { @if let Some(found) = found { (labels::section(found)) } }
            section #bought data-part="" { (bought::section(&history, found)) }
        }
    }
}

/// A link to this page for the main one.
pub fn link(history: &History) -> Markup {
    html! { @if history.incumbent().is_some() { " " a href="/maintenance" { "Maintenance" } } }
}

fn old(history: &History, found: Option<&Maintenance>) -> Markup {
    let Some(incumbent) = history.incumbent() else {
        return html! { h2 { "Nothing serves yet" } p.empty { "Its age is told once something does." } };
    };
    let aged = found.and_then(|found| age(history, found));
    html! {
        h2 { "Age" }
        dl.tiles {
            div {
                dt { "serves" }
                dd { strong { "v" (incumbent.number) } span.muted { (format::origin(&incumbent.origin)) } }
            }
            div {
                dt { "its rows are old" }
                dd {
                    strong { (aged.map_or("–".into(), days)) }
                    span.muted { @if let Some(until) = incumbent.trained_on.until { "the last is of " (format::time(until)) } @else { "they have no time" } }
                }
            }
            div {
                dt { "half-life" }
                dd { (ageing::half_life(found)) }
            }
            div {
                dt { "since" }
                dd {
                    strong { (history.deployment.as_ref().map_or("–".into(), |d| format::tick(d.at, 30 * DAY))) }
                    span.muted { "by the clock on the wall" }
                }
            }
        }
        @if found.is_none() { p.empty { "Live rows were not looked at yet." } }
    }
}

fn days(micros: i64) -> String {
    span(micros as f64 / DAY as f64)
}
