//! The arms as they were assigned, and every look, as tables.

use super::{format, interval};
use crate::experiment::name;
use domain::experiment::{ArmFacts, Decision};
use domain::history::{History, Looked, Release};
use maud::{Markup, html};

/// The most looks in the table; all are in the JSON.
const SHOWN: usize = 200;

/// The section of the arms.
pub fn section(history: &History, look: &Looked) -> Markup {
    let metric = look.facts.goal.as_ref().map_or("goal", |goal| goal.metric.as_str());
    html! {
        h2 { "Arms" }
        p.sub { "As they were assigned, whoever answered in the end." }
        div.scroll tabindex="0" role="region" aria-label="Arms" {
            table {
                thead { tr {
                    th scope="col" { "Arm" } th scope="col" { "Version" } th scope="col" { "Units" } th scope="col" { "In this step" }
                    th scope="col" { "Labelled" } th scope="col" { "Mean " (metric) } th scope="col" { "Rows" } th scope="col" { "Fell back" }
                } }
                tbody { @for arm in &look.facts.arms { (row(history, arm)) } }
            }
        }
    }
}

fn row(history: &History, arm: &ArmFacts) -> Markup {
    html! {
        tr {
            th scope="row" { (arm.arm) }
            td { (name(history, &arm.version)) " " code { (arm.version) } }
            td { (format::count(arm.units)) }
            td { (format::count(arm.phase_units)) }
            td { (format::count(arm.labelled)) }
            td { (arm.mean.map_or("–".into(), format::number)) }
            td { (format::count(arm.rows)) }
            td { (format::count(arm.fallen_back)) " (" (format::percent(arm.fallen_back, arm.rows)) ")" }
        }
    }
}

/// Every look, newest first.
pub fn looks(release: &Release) -> Markup {
    let all = release.looks.len();
    html! {
        details #looks-table {
            summary { "All " (format::counted(all as u64, "look")) " as a table" }
            @if all > SHOWN {
                p.sub { "The newest " (SHOWN) "; all are at " a href={ "/api/experiments/" (release.id) } { "/api/experiments/" (release.id) } "." }
            }
            div.scroll tabindex="0" role="region" aria-label="All looks" {
                table {
                    thead { tr {
                        th scope="col" { "At" } th scope="col" { "Step" } th scope="col" { "Gain with bounds" } th scope="col" { "On units" }
                        th scope="col" { "Decision" } th scope="col" { "Why" }
                    } }
                    tbody { @for look in release.looks.iter().rev().take(SHOWN) { (looked(look)) } }
                }
            }
        }
    }
}

fn looked(look: &Looked) -> Markup {
    let decided = !matches!(look.decision, Decision::Continue { .. });
    html! {
        tr {
            th scope="row" { (format::time(look.facts.now)) }
            td { (look.facts.phase) }
            td { (look.facts.goal.as_ref().map_or("–".into(), interval::numbers)) }
            td { (look.facts.goal.as_ref().map_or("–".into(), |goal| format::count(goal.units))) }
            td { @if decided { strong { (look.decision) } } @else { (look.decision) } }
            td.why { (format::said(look.decision.why())) }
        }
    }
}
