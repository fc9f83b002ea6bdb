//! What moved in live traffic, and why: the present diagnosis, its checks, the columns with what they cost, and how
//! it came to this. The report of two files shares the words, the table and the pictures.
//!
//! Not here: what counts as moved, or which cause follows; both come said from `domain`.

pub(crate) mod columns;
mod past;
pub(crate) mod picture;
pub(crate) mod said;
mod timeline;

use super::format;
use crate::diagnosis::since;
use crate::experiment::name;
use crate::state::App;
use domain::diagnosis::{Diagnosis, Facts};
use domain::drift::ColumnDrift;
use domain::history::History;
use lifecycle::drift::{Comparison, Picture};
use maud::{Markup, html};

/// The most pictures that are drawn.
const PICTURES: usize = 12;

/// The section.
pub fn section(app: &App, history: &History) -> Markup {
    let watched = app.source.watched();
    let newest = history.diagnoses.last();
    let present = watched.as_deref().map(|found| (&found.facts, &found.diagnosis));
    html! {
        @match present.or_else(|| newest.map(|d| (&d.facts, &d.diagnosis))) {
            None => {
                h2 { "What moved, and why" }
                p.empty { "Nothing is diagnosed yet: live traffic is looked at once the version has answered, every " code { "watch.every" } "." }
            }
            Some((facts, diagnosis)) => {
                (present_one(history, facts, diagnosis))
                (moved(facts, watched.as_deref().map(|found| &found.comparison)))
                (timeline::part(history))
                (past::part(history))
            }
        }
    }
}

/// A link to the section at the head of the page, while somebody should look.
pub fn alarm(app: &App, history: &History) -> Markup {
    let watched = app.source.watched();
    let diagnosis = watched.as_deref().map(|found| &found.diagnosis);
    let diagnosis = diagnosis.or_else(|| history.diagnoses.last().map(|d| &d.diagnosis));
    html! { @if let Some(d) = diagnosis.filter(|d| d.alarm) { " " a href="#watch" { (said::badge(d, true)) } } }
}

fn present_one(history: &History, facts: &Facts, diagnosis: &Diagnosis) -> Markup {
    html! {
        div.headline {
            h2 { "What moved, and why" }
            (said::badge(diagnosis, false))
            @if diagnosis.alarm { strong.failed { "alarm" } }
        }
        p.sub {
            (name(history, &facts.version)) " on " (format::counted(facts.rows, "live row")) ", "
            (format::time(facts.from)) " to " (format::time(facts.to))
            @if let Some(at) = since(facts, diagnosis) { " · since " strong { (format::time(at)) } }
        }
        (said::sentence(diagnosis))
        (said::findings(&diagnosis.findings))
    }
}

/// The columns that moved, with pictures where both distributions are at hand.
fn moved(facts: &Facts, comparison: Option<&Comparison>) -> Markup {
    let mut columns: Vec<&ColumnDrift> = facts.moved.iter().collect();
    columns.sort_by(|a, b| b.rank().total_cmp(&a.rank()));
    let broken = |c: &ColumnDrift| facts.faults.iter().any(|fault| fault.column == c.column);
    let drawn: Vec<(&ColumnDrift, &Picture)> =
        columns.iter().filter_map(|c| Some((*c, drawing(c, comparison?)?))).take(PICTURES).collect();
    html! {
        h3 { "Columns that moved, by importance × distance" }
        @if columns.is_empty() { p.empty { "None." } }
        @else {
            (columns::table("Columns that moved", &columns))
            @if drawn.is_empty() { p.sub { "Their distributions are drawn after the next look." } }
            @else {
                (picture::legend("the reference", "live"))
                div.cards { @for (column, drawing) in &drawn { (columns::card(column, drawing, broken(column))) } }
            }
        }
    }
}

fn drawing<'a>(column: &ColumnDrift, comparison: &'a Comparison) -> Option<&'a Picture> {
    comparison.columns.iter().find(|c| c.drift.column == column.column).map(|c| &c.picture)
}
