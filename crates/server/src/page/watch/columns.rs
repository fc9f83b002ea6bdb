//! Columns by rank: a table of their distances, and a card with a picture of each.

use super::picture::picture;
use crate::page::format::{count, fitted, p_value, share};
use domain::drift::{ColumnDrift, DriftKind};
use lifecycle::drift::Picture;
use maud::{Markup, html};

/// The letters of a name that stand in the table; all of them stand with its picture.
const LETTERS: usize = 60;

/// Which columns of the table say something: what no row has, or every row, takes no place.
#[derive(Clone, Copy)]
struct Told {
    moved: bool,
    ranked: bool,
    costs: bool,
}

/// The table. `scroll` names the region that it scrolls in.
pub(crate) fn table(scroll: &str, columns: &[&ColumnDrift]) -> Markup {
    let told = Told {
        moved: columns.iter().any(|c| !c.moved),
        ranked: columns.iter().any(|c| c.importance.is_some()),
        costs: columns.iter().any(|c| c.loss.is_some()),
    };
    html! {
        div.scroll tabindex="0" role="region" aria-label=(scroll) {
            table.columns {
                thead { tr {
                    th scope="col" { "Column" }
                    @if told.moved { th scope="col" { "Moved" } }
                    @if told.ranked { th scope="col" { "Importance × distance" } }
                    @if told.costs { th scope="col" { "Loss that it costs" } }
                    th scope="col" { "Distance" } th scope="col" { "Second distance" }
                    th scope="col" { "p, adjusted" } th scope="col" { "PSI, its noise" }
                    th scope="col" { "Missing, then now" } th scope="col" { "Values, then now" }
                    @if told.ranked { th scope="col" { "Importance" } }
                } }
                tbody { @for column in columns { (row(column, told)) } }
            }
        }
    }
}

fn row(c: &ColumnDrift, told: Told) -> Markup {
    let known = |x: Option<f64>| x.map_or("–".into(), |x| format!("{x:+.4}"));
    html! {
        tr {
            th scope="row" title=(c.column) { (fitted(&c.column, LETTERS)) }
            @if told.moved { td { @if c.moved { strong { span aria-hidden="true" { "▲" } " moved" } } @else { "no" } } }
            @if told.ranked { td { (c.importance.map_or("–".into(), |_| format!("{:.4}", c.rank()))) } }
            @if told.costs { td { (known(c.loss)) } }
            td { (distance(c)) }
            td { (second(c)) }
            td { (p_value(c.adjusted_p)) }
            td { (format!("{:.3}, {:.3}", c.psi, c.psi_noise)) }
            td { (share(c.missing.0)) " → " (share(c.missing.1)) }
            td { (count(c.rows.0)) " → " (count(c.rows.1)) }
            @if told.ranked { td { (known(c.importance)) } }
        }
    }
}

/// A column with its picture; `broken` where something is wrong with it besides.
pub(crate) fn card(c: &ColumnDrift, drawing: &Picture, broken: bool) -> Markup {
    html! {
        article.column {
            header {
                h3 { (c.column) }
                @if c.moved { span.badge.open { span aria-hidden="true" { "▲" } " moved" } }
                @if broken { span.badge.fail { span aria-hidden="true" { "✕" } " broken" } }
            }
            p.sub { (facts(c)) }
            (picture(&c.column, drawing))
        }
    }
}

fn facts(c: &ColumnDrift) -> String {
    let missing =
        (c.missing != (0.0, 0.0)).then(|| format!("missing {} → {}", share(c.missing.0), share(c.missing.1)));
    let cost = c.loss.map(|loss| format!("costs {loss:+.4} of the loss"));
    let said = [Some(distance(c)), Some(second(c)), missing, cost, of_sizes(c)];
    said.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

fn of_sizes(c: &ColumnDrift) -> Option<String> {
    (c.kind == DriftKind::Size).then(|| "of texts the lengths, of pictures the brightness".into())
}

/// The distance that ranks, with its unit.
fn distance(c: &ColumnDrift) -> String {
    match c.kind {
        DriftKind::Number | DriftKind::Size => format!("{:.3} sd", c.distance),
        DriftKind::Category => format!("{:.3} JS", c.distance),
    }
}

/// The second distance, with its name.
fn second(c: &ColumnDrift) -> String {
    match c.kind {
        DriftKind::Number | DriftKind::Size => format!("{:.3} KS", c.largest),
        DriftKind::Category => format!("{:.1} points of a share", 100.0 * c.largest),
    }
}
