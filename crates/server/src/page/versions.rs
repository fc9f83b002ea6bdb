//! Every version against the baseline, in the order in which they came: a chart with intervals, and the
//! same numbers as a table.

use super::chart::{FRAMES, Frame, Shape, error_bar, legend, line, mark, x_axis, y_axis};
use super::format;
use crate::state::About;
use domain::gate::{Decision, Estimate};
use domain::history::{History, Standing};
use domain::{Origin, Stage};
use maud::{Markup, html};

/// The most versions that are drawn; older ones stay in the table.
const DRAWN: usize = 24;

/// A version with its score and the baseline's on the same rows.
struct Point<'a> {
    standing: &'a Standing,
    score: Option<Estimate>,
    baseline: Option<Estimate>,
}

/// The section.
pub fn section(history: &History, about: &About) -> Markup {
    let points: Vec<Point<'_>> = history.versions.iter().map(|s| point(history, about, s)).collect();
    let drawn: Vec<&Point<'_>> = points.iter().filter(|p| p.score.is_some()).collect();
    let drawn = &drawn[drawn.len().saturating_sub(DRAWN)..];
    let better = if about.higher_is_better { "higher is better" } else { "lower is better" };
    html! {
        h2 { "Versions against the baseline" }
        @if drawn.is_empty() {
            p.empty { "No version has been scored yet." }
        } @else {
            p.sub { (about.metric) " on rows no version had seen, with 95% intervals; " (better) "." }
            @for (class, frame) in &FRAMES { (chart(class, frame, drawn, about)) }
            ul.legend {
                (legend(Shape::Disc, "incumbent", "serves"))
                (legend(Shape::Disc, "before", "served before, or passed"))
                (legend(Shape::Triangle, "open", "not enough evidence"))
                @if drawn.iter().any(|p| matches!(p.standing.stage, Stage::Shadow | Stage::Canary | Stage::Ab)) {
                    (legend(Shape::Diamond, "open", "in its release"))
                }
                (legend(Shape::Cross, "failed", "failed the gate, or was stopped"))
                (legend(Shape::Square, "baseline", "baseline, on the same rows"))
            }
            (table(&points, about))
        }
    }
}

fn point<'a>(history: &'a History, about: &About, standing: &'a Standing) -> Point<'a> {
    let own =
        |s: &Standing| s.scores.iter().find(|score| score.metric == about.metric).map(|score| score.estimate);
    let judged = history.verdict(&standing.version).map(|judged| &judged.facts);
    let judged = judged.filter(|facts| facts.primary.metric == about.metric);
    let baseline = match judged {
        Some(facts) if facts.baseline == facts.incumbent => Some(facts.primary.incumbent),
        Some(facts) => facts.against_baseline.as_ref().map(|c| c.incumbent),
        None if matches!(standing.origin, Origin::Baseline { .. }) => own(standing),
        None => None,
    };
    Point {
        standing,
        score: judged.map(|facts| facts.primary.challenger).or_else(|| own(standing)),
        baseline,
    }
}

fn chart(class: &str, frame: &Frame, points: &[&Point<'_>], about: &About) -> Markup {
    let all = || points.iter().flat_map(|p| [p.score, p.baseline]).flatten();
    let low = all().map(|e| e.low).fold(f64::INFINITY, f64::min);
    let high = all().map(|e| e.high).fold(f64::NEG_INFINITY, f64::max);
    let x = frame.x(-0.6, points.len() as f64 - 0.4);
    let y = frame.y(low, high);
    let place = |i: usize| x.at(i as f64);
    let of_baseline = |(i, p): (usize, &&Point<'_>)| p.baseline.map(|e| (place(i), y.at(e.value)));
    let baseline: Vec<(f64, f64)> = points.iter().enumerate().filter_map(of_baseline).collect();
    let span = points.last().map_or(0, |l| l.standing.at.0 - points[0].standing.at.0);
    let label = |(i, p): (usize, &&Point<'_>)| {
        (place(i), format!("v{} · {}", p.standing.number, format::tick(p.standing.at, span)))
    };
    let labels: Vec<(f64, String)> = points.iter().enumerate().map(label).collect();
    html! {
        svg class={ "chart " (class) } viewBox=(frame.view_box()) role="img" aria-label=(summary(points, about)) {
            (y_axis(frame, &y, &about.metric))
            (x_axis(frame, &labels))
            (line("baseline", &baseline))
            @for (i, point) in points.iter().enumerate() {
                @if let Some(b) = point.baseline.filter(|_| !is_baseline(point)) {
                    (mark(Shape::Square, "baseline small", place(i), y.at(b.value)))
                }
                @if let Some(score) = point.score {
                    @let (shape, class) = look(point);
                    g {
                        title {
                            "v" (point.standing.number) " " (format::origin(&point.standing.origin))
                            ": " (format::estimate(&score))
                        }
                        (error_bar(class, place(i), y.at(score.low), y.at(score.high)))
                        (mark(shape, class, place(i), y.at(score.value)))
                    }
                }
            }
        }
    }
}

fn look(point: &Point<'_>) -> (Shape, &'static str) {
    match point.standing.stage {
        Stage::Incumbent if is_baseline(point) => (Shape::Square, "incumbent"),
        Stage::Incumbent => (Shape::Disc, "incumbent"),
        _ if is_baseline(point) => (Shape::Square, "baseline"),
        Stage::Failed | Stage::Stopped => (Shape::Cross, "failed"),
        Stage::Registered => (Shape::Triangle, "open"),
        Stage::Shadow | Stage::Canary | Stage::Ab => (Shape::Diamond, "open"),
        _ => (Shape::Disc, "before"),
    }
}

fn is_baseline(point: &Point<'_>) -> bool {
    matches!(point.standing.origin, Origin::Baseline { .. })
}

fn summary(points: &[&Point<'_>], about: &About) -> String {
    let serving = points.iter().find(|p| p.standing.stage == Stage::Incumbent);
    let serving = serving.and_then(|p| {
        p.score.map(|s| format!("; v{} serves at {}", p.standing.number, format::estimate(&s)))
    });
    format!(
        "{} of {} versions{}. The table below has all numbers.",
        about.metric,
        points.len(),
        serving.unwrap_or_default()
    )
}

fn table(points: &[Point<'_>], about: &About) -> Markup {
    html! {
        details #versions-table {
            summary { "All versions as a table" }
            div.scroll tabindex="0" role="region" aria-label="All versions" {
                table {
                    thead { tr {
                        th scope="col" { "Version" } th scope="col" { "Made by" } th scope="col" { "Stands" }
                        th scope="col" { (about.metric) " (95%)" } th scope="col" { "Baseline, same rows" }
                        th scope="col" { "Trained on" } th scope="col" { "Registered" }
                    } }
                    tbody {
                        @for point in points.iter().rev() {
                            tr {
                                th scope="row" { "v" (point.standing.number) " " code { (point.standing.version) } }
                                td { (format::origin(&point.standing.origin)) }
                                td { (format::stage(point.standing.stage)) }
                                td { (point.score.as_ref().map_or("–".into(), format::estimate)) }
                                td { (point.baseline.as_ref().map_or("–".into(), format::estimate)) }
                                td { (format::count(point.standing.trained_on.rows)) " rows" }
                                td { (format::time(point.standing.at)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// How a decision is shown: a sign besides the colour, and the word.
pub fn badge(decision: Decision) -> Markup {
    let (class, sign) = match decision {
        Decision::Pass => ("pass", "✓"),
        Decision::Fail => ("fail", "✕"),
        Decision::Inconclusive => ("open", "?"),
    };
    html! { span class={ "badge " (class) } { span aria-hidden="true" { (sign) } " " (decision) } }
}
