//! Columns by rank: a table of their distances, and a card with a picture of each.

use super::picture::picture;
use crate::page::format::{count, p_value, share};
use domain::drift::{ColumnDrift, DriftKind};
use lifecycle::drift::Picture;
use maud::{Markup, html};

/// The table. `scroll` names the region that it scrolls in. What no column has takes no place.
pub(crate) fn table(scroll: &str, columns: &[&ColumnDrift]) -> Markup {
    let ranked = columns.iter().any(|c| c.importance.is_some());
    let costs = columns.iter().any(|c| c.loss.is_some());
    html! {
        div.scroll tabindex="0" role="region" aria-label=(scroll) {
            table.columns {
                thead { tr {
                    th scope="col" { "Column" } th scope="col" { "Moved" }
                    @if ranked { th scope="col" { "Importance × distance" } }
                    @if costs { th scope="col" { "Loss that it costs" } }
                    th scope="col" { "Distance" } th scope="col" { "Second distance" }
                    th scope="col" { "p, adjusted" } th scope="col" { "PSI, its noise" }
                    th scope="col" { "Missing, then now" } th scope="col" { "Values, then now" }
                    @if ranked { th scope="col" { "Importance" } }
                } }
                tbody { @for column in columns { (row(column, ranked, costs)) } }
            }
        }
    }
}

fn row(c: &ColumnDrift, ranked: bool, costs: bool) -> Markup {
    let known = |x: Option<f64>| x.map_or("–".into(), |x| format!("{x:+.4}"));
    html! {
        tr {
            th scope="row" { (c.column) }
            td { @if c.moved { strong { span aria-hidden="true" { "▲" } " moved" } } @else { "no" } }
            @if ranked { td { (c.importance.map_or("–".into(), |_| format!("{:.4}", c.rank()))) } }
            @if costs { td { (known(c.loss)) } }
            td { (distance(c)) }
            td { (second(c)) }
            td { (p_value(c.adjusted_p)) }
            td { (format!("{:.3}, {:.3}", c.psi, c.psi_noise)) }
            td { (share(c.missing.0)) " → " (share(c.missing.1)) }
            td { (count(c.rows.0)) " → " (count(c.rows.1)) }
            @if ranked { td { (known(c.importance)) } }
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
