//! A finished experiment on one page: the alarm, each effect with its picture, and what was set aside.

use super::{document, picture};
use crate::page::format::{count, decimals, p_value, trimmed};
use domain::analysis::{Conclusion, SAMPLE_RATIO_ALPHA};
use domain::gate::Estimate;
use lifecycle::analyze::{Analysis, Effect, Scale};
use maud::{Markup, html};

/// The page of an analysis; `file` is the table that it is of.
pub fn experiment(file: &str, found: &Analysis) -> String {
    let header = html! {
        div {
            h1 { (found.arms[1]) " against " (found.arms[0]) }
            p.sub { (file) " · " (count(found.rows)) " rows, " (count(found.units[0] + found.units[1])) " units analysed" }
        }
        p { (badge(found.conclusion)) }
    };
    let mut sections = vec![ratio(found), overview(found)];
    sections.extend(found.effects.iter().map(|e| effect(found, e)));
    sections.extend([broken(found), columns(found)]);
    document(&format!("{} against {}", found.arms[1], found.arms[0]), &header, &sections)
}

fn badge(conclusion: Conclusion) -> Markup {
    let (class, sign, said) = match conclusion {
        Conclusion::NotTrustworthy => ("fail", "✕", "not trustworthy"),
        Conclusion::Difference => ("pass", "●", "a difference was shown"),
        Conclusion::NoEffect => ("open", "○", "no effect was shown"),
    };
    html! { span class={ "badge large " (class) } { span aria-hidden="true" { (sign) } " " (said) } }
}

fn ratio(found: &Analysis) -> Markup {
    html! {
        h2 { "Sample ratio" }
        @if found.sample_ratio.iter().any(|r| r.alarm) {
            p.alarm {
                strong { "The arms did not get the units that they were meant to get" }
                " (p below " (SAMPLE_RATIO_ALPHA) "). Nothing below may be trusted until it is known why."
            }
        }
        (table(
            &["Units", found.arms[0].as_str(), found.arms[1].as_str(), "Meant", "p", "ln Bayes factor"],
            found.sample_ratio.iter().map(|r| vec![
                r.at.clone(),
                count(r.units[0]),
                count(r.units[1]),
                format!("{:.0}% : {:.0}%", 100.0 * r.shares[0], 100.0 * r.shares[1]),
                p_value(r.p),
                format!("{:.2}", r.log_bayes_factor),
            ]),
        ))
    }
}

fn overview(found: &Analysis) -> Markup {
    html! {
        h2 { "Differences" }
        p.sub { (found.arms[1]) " relative to " (found.arms[0]) ", with 95% intervals; the dashed line is no difference." }
        (picture::relative(&found.effects))
        (table(
            &["Outcome", found.arms[0].as_str(), found.arms[1].as_str(), "Difference (95%)", "p", "p, Holm"],
            found.effects.iter().map(|e| vec![
                e.outcome.clone(),
                scaled(e, &e.arms[0]),
                scaled(e, &e.arms[1]),
                gap(e, &e.difference),
                e.p.map_or("no test".into(), p_value),
                e.adjusted.map_or("-".into(), p_value),
            ]),
        ))
    }
}

fn effect(found: &Analysis, effect: &Effect) -> Markup {
    html! {
        h2 { (effect.outcome) }
        p {
            strong { (gap(effect, &effect.difference)) }
            " with " (found.arms[1])
            @if let Some(relative) = &effect.relative { ", " (percent(relative)) " relative" }
            ". Sizes like these see a true difference of " (detectable(effect)) " with a chance of 80%."
        }
        @if let Some(tail) = effect.tail.as_ref().filter(|t| t.heavy) {
            p.alarm {
                "Heavy tail: row " (tail.row) " has " (trimmed(tail.largest))
                @if let Some(share) = tail.share { ", " (format!("{:.2}%", 100.0 * share)) " of the total" }
                ". Without it the difference is " (gap(effect, &tail.without))
                "; cut at the 99.9% quantile it is " (gap(effect, &tail.winsorised)) "."
            }
        }
        @if !effect.days.is_empty() {
            p.sub { "Day by day, all units so far, with intervals that hold at every look; the first days are not drawn where they were more than eight times as wide as the last." }
            (picture::days(effect))
        }
    }
}

fn broken(found: &Analysis) -> Markup {
    html! {
        h2 { "Rows set aside" }
        @if found.broken.is_empty() {
            p.empty { "None." }
        } @else {
            (table(
                &["Why", "Rows", "First row", "What stands there"],
                found.broken.iter().map(|b| {
                    vec![b.kind.words().into(), count(b.rows), b.example.to_string(), b.found.clone()]
                }),
            ))
        }
    }
}

fn columns(found: &Analysis) -> Markup {
    let columns = &found.columns;
    let optional = [("unit", &columns.unit), ("exposure", &columns.exposure), ("time", &columns.time)];
    let parts = optional.into_iter().filter_map(|(part, choice)| Some((part, choice.as_ref()?)));
    let outcomes = columns.outcomes.iter().map(|c| ("outcome", c));
    let all = parts.chain([("arm", &columns.arm)]).chain(outcomes);
    html! {
        h2 { "What each column was taken for" }
        (table(
            &["Part", "Column", "Why"],
            all.map(|(part, choice)| vec![part.into(), choice.column.clone(), choice.why.clone()]),
        ))
        p.sub { "Control: " strong { (found.arms[0]) } ", " (found.control_because) "." }
    }
}

fn table(headings: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Markup {
    html! {
        div.scroll tabindex="0" {
            table {
                thead { tr { @for heading in headings { th scope="col" { (heading) } } } }
                tbody {
                    @for row in rows {
                        tr {
                            @for (place, cell) in row.iter().enumerate() {
                                @if place == 0 { th scope="row" { (cell) } } @else { td { (cell) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A share in percent, a mean as it is.
fn scaled(effect: &Effect, e: &Estimate) -> String {
    let (factor, unit) = if effect.scale == Scale::Share { (100.0, "%") } else { (1.0, "") };
    let d = decimals(factor * (e.high - e.low));
    format!("{:.d$}{unit} ({:.d$} to {:.d$})", factor * e.value, factor * e.low, factor * e.high)
}

fn percent(e: &Estimate) -> String {
    let d = decimals(100.0 * (e.high - e.low));
    format!("{:.d$}% ({:.d$} to {:.d$})", 100.0 * e.value, 100.0 * e.low, 100.0 * e.high)
}

/// A difference of shares in percentage points, of means as it is.
fn gap(effect: &Effect, e: &Estimate) -> String {
    let (factor, unit, least) =
        if effect.scale == Scale::Share { (100.0, " points", 2) } else { (1.0, "", 0) };
    let d = decimals(factor * (e.high - e.low)).max(least);
    format!("{:+.d$}{unit} ({:+.d$} to {:+.d$})", factor * e.value, factor * e.low, factor * e.high)
}

fn detectable(effect: &Effect) -> String {
    let x = effect.detectable;
    match effect.scale {
        Scale::Share => format!("{:.*} points", decimals(100.0 * x).max(2), 100.0 * x),
        Scale::Mean => trimmed(x),
    }
}
