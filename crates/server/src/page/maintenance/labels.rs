//! What people were asked, day by day and by why, beside the budget.

use crate::page::chart::{FRAMES, Frame, Shape, legend, line, place, x_axis, y_axis};
use crate::page::format;
use domain::review::Why;
use lifecycle::maintenance::{Day, Maintenance};
use maud::{Markup, html};
use std::collections::BTreeMap;

/// The most days that are drawn.
const DRAWN: usize = 42;

/// The section; empty where nobody was asked.
pub fn section(found: &Maintenance) -> Markup {
    let days = &found.spend[found.spend.len().saturating_sub(DRAWN)..];
    let all = |of: fn(&Day) -> &BTreeMap<Why, u64>| found.spend.iter().map(|day| sum(of(day))).sum::<u64>();
    let (drawn, labelled) = (all(|day| &day.drawn), all(|day| &day.labelled));
    let budget: f64 = found.spend.iter().map(|day| day.budget).sum();
    html! {
        @if !days.is_empty() {
            h2 { "Labels spent" }
            p.sub {
                (format::counted(labelled, "row")) " labelled of " (format::count(drawn)) " drawn, of a budget of "
                (format::count(budget.round() as u64)) "; days by the rows' own clock"
            }
            @for (class, frame) in &FRAMES { (chart(class, frame, days)) }
            ul.legend {
                @for (place, why) in Why::ALL.into_iter().enumerate().filter(|(_, why)| used(days, *why)) {
                    (legend(Shape::Square, &class_of(place), means(why)))
                }
                li { "dashed: the budget" }
            }
            (table(&found.spend))
        }
    }
}

fn sum(of: &BTreeMap<Why, u64>) -> u64 {
    of.values().sum()
}

fn used(days: &[Day], why: Why) -> bool {
    days.iter().any(|day| day.drawn.contains_key(&why))
}

fn class_of(place: usize) -> String {
    format!("series{place}")
}

fn means(why: Why) -> &'static str {
    match why {
        Why::Audit => "audit: alike from all rows, to measure",
        Why::Abstained => "abstained: the answer was not given alone",
        Why::Doubted => "doubted: the model was unsure",
        Why::Novel => "novel: unlike the other rows",
        Why::Gold => "gold: the answer is known, to measure people",
    }
}

fn chart(class: &str, frame: &Frame, days: &[Day]) -> Markup {
    let most = days.iter().map(|day| day.budget.max(sum(&day.drawn) as f64)).fold(1.0, f64::max);
    let (x, y) = (frame.x(-0.6, days.len() as f64 - 0.4), frame.y(0.0, most));
    let half = (0.4 * (x.at(1.0) - x.at(0.0))).min(24.0);
    let span = days.last().map_or(0, |last| last.day.0 - days[0].day.0);
    let every = days.len().div_ceil(frame.ticks);
    let labels = days.iter().enumerate().step_by(every);
    let labels: Vec<(f64, String)> = labels
        .map(|(i, day)| (x.at(i as f64), format::tick(day.day, span.max(4 * domain::time::DAY))))
        .collect();
    html! {
        svg class={ "chart " (class) } viewBox=(frame.view_box()) role="img" aria-label=(summary(days)) {
            (y_axis(frame, &y, "rows drawn"))
            (x_axis(frame, &labels))
            @for (i, day) in days.iter().enumerate() {
                @for (place_of, from, to, why) in stack(day) {
                    rect class={ "stack " (class_of(place_of)) } x=(place(x.at(i as f64) - half)) width=(place(2.0 * half))
                        y=(place(y.at(to as f64))) height=(place(y.at(from as f64) - y.at(to as f64))) {
                        title { (to - from) " " (why) }
                    }
                }
                @let budget = y.at(day.budget);
                (line("baseline", &[(x.at(i as f64) - half, budget), (x.at(i as f64) + half, budget)]))
            }
        }
    }
}

/// The parts of a day's bar: the place of its reason, from where to where, and the reason.
fn stack(day: &Day) -> Vec<(usize, u64, u64, Why)> {
    let mut height = 0;
    let part = |(place, why): (usize, Why)| {
        let from = height;
        height += day.drawn.get(&why).copied().unwrap_or(0);
        (height > from).then_some((place, from, height, why))
    };
    Why::ALL.into_iter().enumerate().filter_map(part).collect()
}

fn summary(days: &[Day]) -> String {
    let (drawn, labelled) =
        days.iter().fold((0, 0), |(d, l), day| (d + sum(&day.drawn), l + sum(&day.labelled)));
    format!(
        "Rows drawn for people on {} days: {drawn}, {labelled} of them labelled. The table below has all numbers.",
        days.len()
    )
}

fn table(days: &[Day]) -> Markup {
    let cell = |day: &Day, why: Why| match day.drawn.get(&why) {
        Some(drawn) => format!("{} of {drawn}", day.labelled.get(&why).unwrap_or(&0)),
        None => "–".into(),
    };
    html! {
        details #labels-table {
            summary { "All days as a table" }
            div.scroll tabindex="0" role="region" aria-label="Labels by day" {
                table {
                    thead { tr {
                        th scope="col" { "Day" } th scope="col" { "Budget" }
                        @for why in Why::ALL { th scope="col" { (why) } }
                    } }
                    tbody {
                        @for day in days.iter().rev() {
                            tr {
                                th scope="row" { (format::tick(day.day, 30 * domain::time::DAY)) }
                                td { (format::count(day.budget.round() as u64)) }
                                @for why in Why::ALL { td { (cell(day, why)) } }
                            }
                        }
                    }
                }
            }
        }
    }
}
