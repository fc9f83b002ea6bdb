//! Every recorded diagnosis as a table, newest first.

use super::said::badge;
use crate::experiment::name;
use crate::page::format;
use domain::history::{Diagnosed, History};
use maud::{Markup, html};

/// The part of the section.
pub(super) fn part(history: &History) -> Markup {
    html! {
        @if !history.diagnoses.is_empty() {
            details #watch-table {
                summary { "All diagnoses as a table" }
                div.scroll tabindex="0" role="region" aria-label="All diagnoses" {
                    table {
                        thead { tr {
                            th scope="col" { "Rows until" } th scope="col" { "Version" } th scope="col" { "Cause" }
                            th scope="col" { "Alarm" } th scope="col" { "Why" } th scope="col" { "What to do" }
                        } }
                        tbody { @for one in history.diagnoses.iter().rev() { (row(history, one)) } }
                    }
                }
            }
        }
    }
}

fn row(history: &History, one: &Diagnosed) -> Markup {
    html! {
        tr {
            th scope="row" { (format::time(one.facts.to)) }
            td { (name(history, &one.facts.version)) }
            td { (badge(&one.diagnosis, false)) }
            td { @if one.diagnosis.alarm { "yes" } @else { "no" } }
            td.why { (format::said(&one.diagnosis.why)) }
            td.why { (one.diagnosis.action) }
        }
    }
}
