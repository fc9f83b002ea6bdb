//! The pictures of an analysis: outcomes beside one another, and one outcome's interval from day to day.

use crate::page::chart::{FRAMES, Frame, Scale, Shape, error_bar, line, mark, place, x_axis, y_axis};
use crate::page::format;
use domain::Timestamp;
use domain::gate::Estimate;
use lifecycle::analyze::{Effect, Scale as Unit};
use maud::{Markup, html};

/// How many times as wide as the last interval a day's may be to be drawn: wider ones hide all others.
const WIDEST: f64 = 8.0;
/// How wide a letter of a label is, about.
const LETTER: f64 = 6.5;

/// Every outcome's relative difference in percent.
pub(super) fn relative(effects: &[Effect]) -> Markup {
    let shown: Vec<(&str, &Estimate)> =
        effects.iter().filter_map(|e| Some((e.outcome.as_str(), e.relative.as_ref()?))).collect();
    html! {
        @if !shown.is_empty() {
            @for (class, frame) in &FRAMES { (side_by_side(class, frame, &shown)) }
        }
    }
}

fn side_by_side(class: &str, frame: &Frame, shown: &[(&str, &Estimate)]) -> Markup {
    let (low, high) = ends(shown.iter().map(|(_, e)| *e));
    let (x, y) = (frame.x(0.0, shown.len() as f64), frame.y(100.0 * low, 100.0 * high));
    let at = |i: usize| x.at(i as f64 + 0.5);
    let room = (x.at(1.0) - x.at(0.0)) / LETTER - 2.0;
    let labels: Vec<(f64, String)> =
        shown.iter().enumerate().map(|(i, (name, _))| (at(i), format::fitted(name, room as usize))).collect();
    let words = shown.iter().map(|(name, e)| {
        format!("{name} {}", format::interval(100.0 * e.value, 100.0 * e.low, 100.0 * e.high))
    });
    let summary = format!("Relative differences in percent: {}.", words.collect::<Vec<_>>().join(", "));
    html! {
        svg class={ "chart " (class) } viewBox=(frame.view_box()) role="img" aria-label=(summary) {
            (y_axis(frame, &y, "% of the control"))
            (x_axis(frame, &labels))
            (none(frame, &x, &y, shown.len() as f64))
            @for (i, (_, e)) in shown.iter().enumerate() {
                (error_bar("series0", at(i), y.at(100.0 * e.low), y.at(100.0 * e.high)))
                (mark(Shape::Disc, "series0", at(i), y.at(100.0 * e.value)))
            }
        }
    }
}

/// The difference after each day, with the band that holds on all days together.
pub(super) fn days(effect: &Effect) -> Markup {
    let known = || effect.days.iter().filter_map(|d| Some((d.day, d.difference.as_ref()?)));
    let widest = known().next_back().map_or(0.0, |(_, last)| WIDEST * (last.high - last.low));
    let points: Vec<(Timestamp, &Estimate)> = known().skip_while(|(_, e)| e.high - e.low > widest).collect();
    html! {
        @if points.len() > 1 {
            @for (class, frame) in &FRAMES { (narrowing(class, frame, effect, &points)) }
        }
    }
}

fn narrowing(class: &str, frame: &Frame, effect: &Effect, points: &[(Timestamp, &Estimate)]) -> Markup {
    let (factor, name) = if effect.scale == Unit::Share { (100.0, "points") } else { (1.0, "difference") };
    let (low, high) = ends(points.iter().map(|(_, e)| *e));
    let (from, to) = (points[0].0.0, points[points.len() - 1].0.0);
    let (x, y) = (frame.x(from as f64, to as f64), frame.y(factor * low, factor * high));
    let ticks = (0..=frame.ticks).map(|i| from + (to - from) / frame.ticks as i64 * i as i64);
    let labels: Vec<(f64, String)> =
        ticks.map(|at| (x.at(at as f64), format::tick(Timestamp(at), to - from))).collect();
    let spot = |at: &Timestamp, value: f64| (x.at(at.0 as f64), y.at(factor * value));
    let middle: Vec<(f64, f64)> = points.iter().map(|(at, e)| spot(at, e.value)).collect();
    let edge = points
        .iter()
        .map(|(at, e)| spot(at, e.high))
        .chain(points.iter().rev().map(|(at, e)| spot(at, e.low)));
    let outline: Vec<String> = edge.map(|(x, y)| format!("{} {}", place(x), place(y))).collect();
    let last = points[points.len() - 1].1;
    let ending = format::interval(factor * last.value, factor * last.low, factor * last.high);
    html! {
        svg class={ "chart " (class) } viewBox=(frame.view_box()) role="img"
            aria-label={ (effect.outcome) ": the difference after each day, at the end " (ending) } {
            (y_axis(frame, &y, name))
            (x_axis(frame, &labels))
            (none(frame, &x, &y, to as f64))
            path.band.series0 d={ "M" (outline.join("L")) "Z" } {}
            (line("series0", &middle))
            @for (px, py) in &middle { (mark(Shape::Disc, "series0", *px, *py)) }
        }
    }
}

/// The line of no difference, as far as `end`.
fn none(frame: &Frame, x: &Scale, y: &Scale, end: f64) -> Markup {
    let left = frame.x(0.0, 1.0).at(0.0);
    html! { line.release x1=(place(left)) x2=(place(x.at(end))) y1=(place(y.at(0.0))) y2=(place(y.at(0.0))) {} }
}

/// The lowest and the highest end, 0 among them.
fn ends<'a>(intervals: impl Iterator<Item = &'a Estimate>) -> (f64, f64) {
    intervals.fold((0.0, 0.0), |(low, high), e| (f64::min(low, e.low), f64::max(high, e.high)))
}
