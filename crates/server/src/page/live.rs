//! What was measured on live traffic, version by version, with the releases marked.

use super::chart::{FRAMES, Frame, Scale, Shape, legend, line, mark, place, x_axis, y_axis};
use super::format;
use super::releases::{Release, lines};
use crate::state::About;
use domain::history::{History, Measurement, Standing};
use domain::{Origin, Timestamp, VersionId};
use maud::{Markup, html};

/// The most measurements of one version that are drawn.
const DRAWN: usize = 120;
/// The most versions that have a colour of their own.
const COLOURS: usize = 5;

/// One version's measurements, oldest first.
struct Series<'a> {
    name: String,
    /// Its place in the legend.
    place: usize,
    baseline: bool,
    points: Vec<&'a Measurement>,
}

/// The section.
pub fn section(history: &History, about: &About) -> Markup {
    let series = series(history, about);
    let better = if about.higher_is_better { "higher is better" } else { "lower is better" };
    html! {
        h2 { "Measured on live traffic" }
        @if series.is_empty() {
            p.empty { "Nothing is measured yet: send outcomes to " code { "POST /v1/outcomes" } " as they become known." }
        } @else {
            p.sub { (about.metric) " where the outcome is known, with 95% intervals; " (better) ". Dashed lines are releases." }
            @let releases = releases(history, &series);
            @for (class, frame) in &FRAMES { (chart(class, frame, &series, &releases, about)) }
            ul.legend {
                @for s in &series { (legend(s.shape(), &s.class(), &s.name)) }
            }
            (table(&series))
        }
    }
}

fn series<'a>(history: &'a History, about: &About) -> Vec<Series<'a>> {
    let measured = |version: &VersionId| {
        let points =
            history.measurements.iter().filter(|m| m.metric == about.metric && m.version == *version);
        let points: Vec<&Measurement> = points.collect();
        points[points.len().saturating_sub(DRAWN)..].to_vec()
    };
    let all =
        history.versions.iter().map(|s| (s, measured(&s.version))).filter(|(_, points)| !points.is_empty());
    let name = |s: &Standing| format!("v{} {}", s.number, format::origin(&s.origin));
    let baseline = |s: &Standing| matches!(s.origin, Origin::Baseline { .. });
    all.enumerate()
        .map(|(place, (s, points))| Series { name: name(s), place, baseline: baseline(s), points })
        .collect()
}

impl Series<'_> {
    fn shape(&self) -> Shape {
        if self.baseline { Shape::Square } else { Shape::SERIES[self.place % Shape::SERIES.len()] }
    }

    fn class(&self) -> String {
        if self.baseline { "baseline".into() } else { format!("series{}", self.place % COLOURS) }
    }
}

/// Deployments, on the clock of the measurements. A replay measures on the clock of its rows, which no
/// deployment was made by; then a version's first measurement marks its release.
fn releases(history: &History, series: &[Series<'_>]) -> Vec<Release> {
    let (from, to) = span(series);
    let name = |version: &VersionId| history.version(version).map(|s| format!("v{}", s.number));
    let deployed = history.deployments.iter().filter(|d| (from..=to).contains(&d.at));
    let mut releases: Vec<Release> =
        deployed.filter_map(|d| Some(Release { at: d.at, name: name(&d.incumbent)? })).collect();
    if releases.is_empty() {
        let served = |version: &VersionId| history.deployments.iter().any(|d| d.incumbent == *version);
        let first = series.iter().filter_map(|s| s.points.first()).filter(|m| served(&m.version));
        releases = first.filter_map(|m| Some(Release { at: m.from, name: name(&m.version)? })).collect();
    }
    releases.sort_by_key(|release| release.at);
    releases
}

fn span(series: &[Series<'_>]) -> (Timestamp, Timestamp) {
    let all = || series.iter().flat_map(|s| &s.points);
    let from = all().map(|m| m.from).min().unwrap_or(Timestamp(0));
    (from, all().map(|m| m.to).max().unwrap_or(from))
}

fn chart(class: &str, frame: &Frame, series: &[Series<'_>], releases: &[Release], about: &About) -> Markup {
    let (from, to) = span(series);
    let all = || series.iter().flat_map(|s| &s.points);
    let low = all().map(|m| m.interval.0).fold(f64::INFINITY, f64::min);
    let high = all().map(|m| m.interval.1).fold(f64::NEG_INFINITY, f64::max);
    let (x, y) = (frame.x(from.0 as f64, to.0 as f64), frame.y(low, high));
    let ticks = (0..=frame.ticks).map(|i| from.0 + (to.0 - from.0) / frame.ticks as i64 * i as i64);
    let labels: Vec<(f64, String)> =
        ticks.map(|at| (x.at(at as f64), format::tick(Timestamp(at), to.0 - from.0))).collect();
    html! {
        svg class={ "chart " (class) } viewBox=(frame.view_box()) role="img" aria-label=(summary(series, about)) {
            (y_axis(frame, &y, &about.metric))
            (x_axis(frame, &labels))
            @for s in series { (band(s, &x, &y)) }
            (lines(frame, &x, releases))
            @for s in series { (drawn(s, &x, &y, frame.ticks + 4)) }
        }
    }
}

fn middle(m: &Measurement) -> f64 {
    (m.from.0 as f64 + m.to.0 as f64) / 2.0
}

fn band(series: &Series<'_>, x: &Scale, y: &Scale) -> Markup {
    let edge = |m: &Measurement, value: f64| format!("{} {}", place(x.at(middle(m))), place(y.at(value)));
    let above = series.points.iter().map(|m| edge(m, m.interval.1));
    let below = series.points.iter().rev().map(|m| edge(m, m.interval.0));
    let outline: Vec<String> = above.chain(below).collect();
    html! { path class={ "band " (series.class()) } d={ "M" (outline.join("L")) "Z" } {} }
}

fn drawn(series: &Series<'_>, x: &Scale, y: &Scale, marks: usize) -> Markup {
    let at = |m: &Measurement| (x.at(middle(m)), y.at(m.value));
    let points: Vec<(f64, f64)> = series.points.iter().map(|m| at(m)).collect();
    // a mark on every point of a long line hides the line
    let every = points.len().div_ceil(marks);
    html! {
        (line(&series.class(), &points))
        @for (px, py) in points.iter().rev().step_by(every) { (mark(series.shape(), &series.class(), *px, *py)) }
    }
}

fn summary(series: &[Series<'_>], about: &About) -> String {
    let last = series
        .iter()
        .filter_map(|s| s.points.last().map(|m| format!("{} last at {}", s.name, format::number(m.value))));
    format!(
        "{} on live traffic: {}. The table below has all numbers.",
        about.metric,
        last.collect::<Vec<_>>().join(", ")
    )
}

fn table(series: &[Series<'_>]) -> Markup {
    let mut rows: Vec<(&Series<'_>, &Measurement)> =
        series.iter().flat_map(|s| s.points.iter().map(move |m| (s, *m))).collect();
    rows.sort_by_key(|(s, m)| (std::cmp::Reverse(m.to), s.place));
    html! {
        details #live-table {
            summary { "All measurements as a table" }
            div.scroll tabindex="0" role="region" aria-label="All measurements" {
                table {
                    thead { tr {
                        th scope="col" { "Until" } th scope="col" { "Version" }
                        th scope="col" { "Value (95%)" } th scope="col" { "Rows" }
                    } }
                    tbody {
                        @for (s, m) in rows {
                            tr {
                                th scope="row" { (format::time(m.to)) }
                                td { (s.name) }
                                td { (format::interval(m.value, m.interval.0, m.interval.1)) }
                                td { (format::count(m.rows)) }
                            }
                        }
                    }
                }
            }
        }
    }
}
