//! Every release of the model, newest first.

use super::{badge, format, interval};
use crate::experiment::{decided, gain, name, state};
use domain::history::{History, Release};
use maud::{Markup, html};

/// The section; empty while there is only the one that is shown.
pub fn section(history: &History, shown: &Release) -> Markup {
    html! {
        @if history.experiments.len() > 1 {
            h2 { "All releases" }
            div.scroll tabindex="0" role="region" aria-label="All releases" {
                table {
                    thead { tr {
                        th scope="col" { "Challenger" } th scope="col" { "Against" } th scope="col" { "State" }
                        th scope="col" { "Began" } th scope="col" { "Gain with bounds" } th scope="col" { "Why" }
                    } }
                    tbody { @for release in history.experiments.iter().rev() { (row(history, release, release.id == shown.id)) } }
                }
            }
        }
    }
}

fn row(history: &History, release: &Release, shown: bool) -> Markup {
    html! {
        tr {
            th scope="row" {
                a href={ "/experiments/" (release.id) } aria-current=[shown.then_some("page")] { (name(history, &release.challenger)) }
            }
            td { (name(history, &release.incumbent)) }
            td { (badge(state(release), false)) }
            td { (format::time(release.at)) }
            td { (gain(release).map_or("–".into(), interval::numbers)) }
            td.why { (format::said(decided(release).map_or(&release.why, |look| look.decision.why()))) }
        }
    }
}
