//! Two sets of rows on one page: the verdict in a sentence, what is broken, every column by rank, and how to read it.
//!
//! Invariant: however many columns there are and however long their names, the page stays readable: the table scrolls,
//! and only so many pictures are drawn.

mod reading;

use super::document;
use crate::page::format::{self, count};
use crate::page::watch::{columns, picture, said};
use domain::diagnosis::{DataFault, Diagnosis};
use domain::drift::{ColumnDrift, ToldApart, WORTH_A_WORD};
use lifecycle::drift::{Compared, Comparison, Side};
use maud::{Markup, html};
use std::collections::BTreeSet;

/// The most pictures that are drawn; columns without one stand in the table.
const PICTURES: usize = 60;
/// The most faults, or columns that were left out, that stand unfolded.
const LISTED: usize = 8;

/// The page of a comparison, and of what follows from it where that was asked. It needs no script and no other file.
pub fn drift(found: &Comparison, diagnosis: Option<&Diagnosis>) -> String {
    let names = [found.current.name.as_str(), found.reference.name.as_str()];
    let header = html! {
        div {
            h1 { (names[0]) " beside " (names[1]) }
            p.sub { "What moved between two sets of rows, column by column and all together" }
        }
        p { (badge(found)) }
    };
    let diagnosed = diagnosis.map(|d| {
        html! {
            div.headline { h2 { "Why" } (said::badge(d, false)) }
            (said::sentence(d))
            (said::findings(&d.findings))
        }
    });
    let mut sections = vec![verdict(found)];
    sections.extend(diagnosed);
    sections.extend([broken(found), ranked(found), pictures(found)]);
    sections.extend(found.told_apart.as_ref().map(together));
    sections.push(reading::section(found));
    document(&format!("{} beside {}", names[0], names[1]), &header, &sections)
}

fn badge(found: &Comparison) -> Markup {
    let moved = found.moved().next().is_some() || found.told_apart.as_ref().is_some_and(is_apart);
    let (class, sign, said) = match (found.faults.is_empty(), moved, found.left_out.is_empty()) {
        (false, _, _) => ("fail", "✕", "broken"),
        (true, true, _) => ("open", "▲", "moved"),
        (true, false, false) => ("open", "?", "not all compared"),
        (true, false, true) => ("pass", "✓", "nothing moved"),
    };
    html! { span class={ "badge large " (class) } { span aria-hidden="true" { (sign) } " " (said) } }
}

fn verdict(found: &Comparison) -> Markup {
    html! {
        h2 { (headline(found)) }
        dl.sides {
            (side("Reference", &found.reference))
            (side("Current", &found.current))
        }
        (picture::legend("the reference", "the current rows"))
    }
}

fn side(role: &str, side: &Side) -> Markup {
    html! {
        div {
            dt { (role) }
            dd {
                strong { (side.name) }
                span { (format::counted(side.rows, "row")) }
                @if let (Some(from), Some(to)) = (side.from, side.to) {
                    span.muted { (format::time(from)) " to " (format::time(to)) }
                }
            }
        }
    }
}

/// The verdict in a sentence.
fn headline(found: &Comparison) -> String {
    let all = found.columns.len() as u64;
    let moved = match found.moved().count() as u64 {
        0 => format!("None of {} moved", format::counted(all, "column")),
        n => format!("{} of {} moved", count(n), format::counted(all, "column")),
    };
    let left_out = match found.left_out.len() as u64 {
        0 => None,
        n => Some(format!("{} could not be compared", count(n))),
    };
    let together = found.told_apart.as_ref().map(apart);
    let said = [Some(moved), Some(faulty(&found.faults)), left_out, together];
    said.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

fn faulty(faults: &[DataFault]) -> String {
    let broken = columns_of(faults).len() as u64;
    let rows = faults.iter().any(|fault| fault.column.is_empty());
    match (broken, rows) {
        (0, false) => "nothing is broken".into(),
        (0, true) => "the rows as a whole are broken".into(),
        (1, false) => "1 is broken".into(),
        (n, false) => format!("{} are broken", count(n)),
        (n, true) => format!("{} broken, and the rows as a whole", count(n)),
    }
}

fn columns_of(faults: &[DataFault]) -> BTreeSet<&str> {
    faults.iter().map(|fault| fault.column.as_str()).filter(|column| !column.is_empty()).collect()
}

fn apart(told: &ToldApart) -> String {
    match is_apart(told) {
        true => format!("rows can be told apart with AUC {:.2}", told.auc.value),
        false => format!("rows cannot be told apart (AUC {:.2})", told.auc.value),
    }
}

fn is_apart(told: &ToldApart) -> bool {
    told.auc.value >= WORTH_A_WORD && told.auc.low > 0.5
}

fn broken(found: &Comparison) -> Markup {
    html! {
        h2 { "What is broken" }
        @if found.faults.is_empty() { p.empty { "Nothing that was looked for." } }
        @else {
            (list(found.faults.iter().map(|fault| html! { (format::said(&fault.to_string())) }), "fault"))
            p.sub { "Look at these first: a fault makes its column look as if it had moved." }
        }
        @if !found.left_out.is_empty() {
            h3 { "Not compared" }
            (list(found.left_out.iter().map(|(column, why)| html! { strong { (column) } ": " (why) }), "column"))
        }
    }
}

/// The first few of these, the others folded.
fn list(items: impl Iterator<Item = Markup>, what: &str) -> Markup {
    let mut shown: Vec<Markup> = items.collect();
    let folded = shown.split_off(shown.len().min(LISTED));
    html! {
        ul.faults { @for item in &shown { li { (item) } } }
        @if !folded.is_empty() {
            details {
                summary { (format::counted(folded.len() as u64, &format!("more {what}"))) }
                ul.faults { @for item in &folded { li { (item) } } }
            }
        }
    }
}

fn ranked(found: &Comparison) -> Markup {
    let all: Vec<&ColumnDrift> = found.columns.iter().map(|c| &c.drift).collect();
    html! {
        h2 { "Every column, the farthest first" }
        @if all.is_empty() { p.empty { "No column stands on both sides." } }
        @else {
            p.sub { "Those that moved stand above the rest. Units and terms are explained at the end." }
            (columns::table("Every column", &all))
        }
    }
}

fn pictures(found: &Comparison) -> Markup {
    let broken = columns_of(&found.faults);
    let drawn = &found.columns[..found.columns.len().min(PICTURES)];
    // a broken column is worth seeing although it did not move
    let told = |c: &&Compared| c.drift.moved || broken.contains(c.drift.column.as_str());
    let (shown, folded): (Vec<&Compared>, Vec<&Compared>) = drawn.iter().partition(told);
    let without = found.columns.len() - drawn.len();
    let cards = |of: &[&Compared]| {
        html! {
            div.cards {
                @for c in of { (columns::card(&c.drift, &c.picture, broken.contains(c.drift.column.as_str()))) }
            }
        }
    };
    html! {
        h2 { "Distributions" }
        (picture::legend(&found.reference.name, &found.current.name))
        @if shown.is_empty() { p.empty { "No column moved." } } @else { (cards(&shown)) }
        @if !folded.is_empty() {
            details #unmoved {
                summary { (format::counted(folded.len() as u64, "column")) " that did not move" }
                (cards(&folded))
            }
        }
        @if without > 0 {
            p.sub { (format::counted(without as u64, "more column")) " without a picture: see the table." }
        }
    }
}

fn together(told: &ToldApart) -> Markup {
    let auc = &told.auc;
    html! {
        h2 { "All columns together" }
        p.said {
            "A classifier that was asked which side a row is of has an AUC of "
            strong { (format::interval(auc.value, auc.low, auc.high)) }
            " on rows it was not trained on; 0.5 is guessing, 1 is never wrong."
        }
        @if !told.by.is_empty() {
            p.sub { "What it went by, as shares of what its splits gained:" }
            dl.pairs.by {
                @for (column, gain) in &told.by {
                    dt { (column) }
                    dd { progress max="1" value=(format!("{gain:.3}")) aria-hidden="true" {} " " (format::share(*gain)) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::diagnosis::FaultKind;
    use domain::gate::Estimate;

    fn empty() -> Comparison {
        let side = |name: &str| Side { name: name.into(), rows: 1000, from: None, to: None };
        let (reference, current) = (side("a"), side("b"));
        let (columns, left_out, faults) = (vec![], vec![], vec![]);
        let rules = domain::drift::DriftRules { effect: 0.1, alpha: 0.05 };
        Comparison { rules, reference, current, columns, left_out, faults, told_apart: None }
    }

    fn told(value: f64) -> Option<ToldApart> {
        let auc = Estimate { value, low: value - 0.02, high: value + 0.02, rows: 1000 };
        Some(ToldApart { auc, by: vec![] })
    }

    fn fault(column: &str) -> DataFault {
        let kind = FaultKind::Repeated;
        DataFault { column: column.into(), kind, before: 0.0, now: 0.2, since: None, step: false }
    }

    #[track_caller]
    fn check(found: &Comparison, word: &str, sentence: &str) {
        assert_eq!(headline(found), sentence);
        assert!(badge(found).into_string().contains(&format!(" {word}</span>")), "{}", badge(found).0);
    }

    #[test]
    fn the_verdict_names_what_is_worst() {
        let nothing = "None of 0 columns moved; nothing is broken";
        check(&empty(), "nothing moved", nothing);
        let alike = Comparison { told_apart: told(0.51), ..empty() };
        check(&alike, "nothing moved", &format!("{nothing}; rows cannot be told apart (AUC 0.51)"));
        let apart = Comparison { told_apart: told(0.71), ..empty() };
        check(&apart, "moved", &format!("{nothing}; rows can be told apart with AUC 0.71"));
        let less = Comparison { left_out: vec![("x".into(), "it is in a only".into())], ..empty() };
        check(&less, "not all compared", &format!("{nothing}; 1 could not be compared"));
        let rows = Comparison { faults: vec![fault("")], ..empty() };
        check(&rows, "broken", "None of 0 columns moved; the rows as a whole are broken");
        let both = Comparison { faults: vec![fault(""), fault("x"), fault("x")], ..apart };
        let sentence = "None of 0 columns moved; 1 broken, and the rows as a whole; rows can be told apart with AUC 0.71";
        check(&both, "broken", sentence);
    }
}
