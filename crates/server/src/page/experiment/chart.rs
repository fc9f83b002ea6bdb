//! How much better the challenger is, look by look: the interval as it narrows, step by step, until it decides.

use super::panels::{Panel, panels};
use super::{format, interval};
use crate::experiment::{gain, name, rules};
use crate::page::chart::{FRAMES, Frame, Scale, Shape, legend, line, mark, place, x_axis, y_axis};
use domain::experiment::{Arm, Decision, Look, Reason};
use domain::history::{History, Looked, Release};
use maud::{Markup, html};

/// The most looks that are drawn in one step.
const DRAWN: usize = 60;
/// The band is drawn whole once it is at most so many times as wide as at the last look; before, it leaves the plot.
const WIDEST: f64 = 4.0;
/// How wide a letter of a step's name is, about.
const BOLD: f64 = 7.6;
/// A gap between the places of two marks, at least.
const APART: f64 = 26.0;

/// A look's goal at its place.
#[derive(Clone, Copy)]
struct Point<'a> {
    x: f64,
    look: &'a Looked,
    goal: &'a Look,
}

/// How a release came out, at the look that said so.
struct End {
    shape: Shape,
    class: &'static str,
    said: &'static str,
}

/// The section.
pub fn section(history: &History, release: &Release) -> Markup {
    let goals: Vec<&Look> = release.looks.iter().filter_map(|look| look.facts.goal.as_ref()).collect();
    let Some(last) = gain(release) else {
        return html! { h2 { "Gain" } p.empty { "No outcome is known yet: send them to " code { "POST /v1/outcomes" } "." } };
    };
    let early = goals.iter().any(|goal| !goal.counts());
    html! {
        h2 { "Gain in " (last.metric) ", look by look" }
        p.sub { "Compared: " (last.method) ". " (bounds(release)) " Each step has a scale of its own along the axis." }
        @for (class, frame) in &FRAMES { (chart(class, frame, history, release, last)) }
        ul.legend {
            (legend(Shape::Disc, "series0", "gain at a look, between its bounds"))
            @if early { (legend(Shape::Disc, "baseline", &format!("before {} units: too few to count", format::count(last.first)))) }
            @if let Some(end) = release.looks.iter().find_map(end) { (legend(end.shape, end.class, end.said)) }
            @else { (legend(Shape::Ring, "open", "now")) }
            (stroke("zero", "no difference"))
            (stroke("effect", &format!("{}: the smallest gain that matters", format::trimmed(last.effect))))
        }
    }
}

/// What the edges of the band mean.
fn bounds(release: &Release) -> String {
    let rules = release.last().map(rules).unwrap_or_default();
    let chance = |alpha: f64| format!("{}%", format::trimmed(100.0 * alpha));
    format!(
        "Above 0 the challenger is better. The lower bound stands at {}, the upper one, which shows harm, at {}.",
        chance(rules.alpha),
        chance(rules.harm_alpha)
    )
}

fn chart(class: &str, frame: &Frame, history: &History, release: &Release, last: &Look) -> Markup {
    let panels = panels(release, frame);
    let runs = runs(&panels);
    let y = scale(frame, &runs, last);
    let clip = format!("plot-{class}");
    let (left, right) = frame.sides();
    html! {
        svg class={ "chart gain " (class) } viewBox=(frame.view_box()) role="img" aria-label=(summary(history, release, last)) {
            clipPath id=(clip) { rect x=(left) y=(frame.top()) width=(right - left) height=(frame.bottom() - frame.top()) {} }
            (y_axis(frame, &y, &format!("gain in {}", last.metric)))
            (x_axis(frame, &labels(&panels)))
            text.axis x=(right) y=(frame.height - 4.0) text-anchor="end" { "units of " (name(history, &release.challenger)) }
            @for (class, level) in [("zero", 0.0), ("effect", last.effect)] {
                line class=(class) x1=(left) x2=(right) y1=(place(y.at(level))) y2=(place(y.at(level))) {}
            }
            g clip-path={ "url(#" (clip) ")" } { @for run in &runs { (drawn(run, &y)) } }
            @for panel in &panels { (border(panel, frame)) }
            (decided(&runs, &y))
        }
    }
}

/// The looks that are drawn, one run for each comparison: shadow, the split with all its steps, the hold-back.
fn runs<'a>(panels: &[Panel<'a>]) -> Vec<Vec<Point<'a>>> {
    let mut runs: Vec<Vec<Point<'a>>> = Vec::new();
    for panel in panels {
        match runs.last_mut().filter(|_| panel.goes_on) {
            Some(run) => run.extend(points(panel)),
            None => runs.push(points(panel)),
        }
    }
    runs
}

/// The looks of a panel that are drawn: evenly thinned, the last always among them.
fn points<'a>(panel: &Panel<'a>) -> Vec<Point<'a>> {
    let with_goal = panel.looks.iter().filter_map(|look| Some((look, look.facts.goal.as_ref()?)));
    let place = |look: &Looked| panel.at(look.facts.arm(Arm::Treatment).units as f64);
    let all: Vec<Point<'a>> = with_goal.map(|(look, goal)| Point { x: place(look), look, goal }).collect();
    let every = all.len().div_ceil(DRAWN).max(1);
    let mut kept: Vec<Point<'a>> = all.iter().rev().step_by(every).copied().collect();
    kept.reverse();
    kept
}

/// Room for zero, the effect, every gain that counts, and the band as far as it has narrowed.
fn scale(frame: &Frame, runs: &[Vec<Point<'_>>], last: &Look) -> Scale {
    let width = |goal: &Look| goal.high.zip(goal.low).map_or(f64::INFINITY, |(high, low)| high - low);
    let all = || runs.iter().flatten().map(|point| point.goal);
    let narrow = all().filter(|goal| goal.counts() && width(goal) <= WIDEST * width(last));
    let edges = narrow.flat_map(|goal| [goal.low, goal.high, Some(goal.gain)]).flatten();
    let mut shown: Vec<f64> = edges.chain([0.0, last.effect, last.gain]).collect();
    if !all().any(Look::counts) {
        shown.extend(all().map(|goal| goal.gain));
    }
    let low = shown.iter().copied().fold(f64::INFINITY, f64::min);
    frame.y(low, shown.iter().copied().fold(f64::NEG_INFINITY, f64::max))
}

fn labels(panels: &[Panel<'_>]) -> Vec<(f64, String)> {
    let begin = |panel: &Panel<'_>| (panel.sides.0, format::count(panel.units.0 as u64));
    let mut labels: Vec<(f64, String)> = panels.iter().map(begin).collect();
    if let Some(last) = panels.last().filter(|panel| panel.sides.1 - panel.sides.0 > 80.0) {
        labels.push((last.sides.1, format::count(last.units.1 as u64)));
    }
    labels
}

/// A line of the legend.
fn stroke(class: &str, meaning: &str) -> Markup {
    html! {
        li {
            svg viewBox="0 0 16 16" aria-hidden="true" { line class=(class) x1="0" x2="16" y1="8" y2="8" {} }
            (meaning)
        }
    }
}

fn border(panel: &Panel<'_>, frame: &Frame) -> Markup {
    let (left, right) = panel.sides;
    let letters = ((right - left - 8.0) / BOLD).max(0.0) as usize;
    html! {
        line.release x1=(place(left)) x2=(place(left)) y1=(frame.top()) y2=(frame.bottom()) {}
        @if let Some(name) = panel.name(letters) {
            text.release x=(place(left + 4.0)) y=(frame.top() + 10.0) { (name) }
        }
    }
}

/// One comparison's band and line, grey up to the first look that counts.
fn drawn(run: &[Point<'_>], y: &Scale) -> Markup {
    let first = run.iter().position(|point| point.goal.counts()).unwrap_or(run.len());
    html! {
        @if first > 0 { (stretch(&run[..first], y, "early baseline")) }
        (stretch(&run[first..], y, "series0"))
    }
}

fn stretch(points: &[Point<'_>], y: &Scale, class: &str) -> Markup {
    let at = |point: &Point<'_>, value: f64| (point.x, y.at(value));
    let edge = |(x, y): (f64, f64)| format!("{} {}", place(x), place(y));
    let known: Vec<_> = points.iter().filter_map(|p| Some((p, p.goal.low?, p.goal.high?))).collect();
    let above = known.iter().map(|(p, _, high)| edge(at(p, *high)));
    let below = known.iter().rev().map(|(p, low, _)| edge(at(p, *low)));
    let outline: Vec<String> = above.chain(below).collect();
    let gains: Vec<(f64, f64)> = points.iter().map(|p| at(p, p.goal.gain)).collect();
    html! {
        @if outline.len() > 2 { path class={ "band " (class) } d={ "M" (outline.join("L")) "Z" } {} }
        @if gains.len() > 1 { (line(class, &gains)) }
        @for place in marked(&gains) {
            g { title { (said(&points[place])) } (mark(Shape::Disc, &format!("{class} small"), gains[place].0, gains[place].1)) }
        }
    }
}

/// The places of the marks on a line, so far apart that they do not hide it.
fn marked(line: &[(f64, f64)]) -> Vec<usize> {
    let mut places: Vec<usize> = Vec::new();
    for (place, (x, _)) in line.iter().enumerate().rev() {
        if places.last().is_none_or(|next: &usize| line[*next].0 - x >= APART) {
            places.push(place);
        }
    }
    places
}

fn said(point: &Point<'_>) -> String {
    let facts = &point.look.facts;
    format!(
        "{}, {}: {}; {}",
        format::time(facts.now),
        facts.phase,
        interval::words(point.goal),
        point.look.decision
    )
}

/// The mark of the look that decided, or of the last one.
fn decided(runs: &[Vec<Point<'_>>], y: &Scale) -> Markup {
    let all = || runs.iter().flatten();
    let ends: Vec<(&Point<'_>, End)> = all().filter_map(|point| Some((point, end(point.look)?))).collect();
    let now = all().last().filter(|_| ends.is_empty());
    html! {
        @for (point, end) in &ends {
            g.end { title { (said(point)) } (mark(end.shape, end.class, point.x, y.at(point.goal.gain))) }
        }
        @if let Some(point) = now {
            g.end { title { (said(point)) } (mark(Shape::Ring, "open", point.x, y.at(point.goal.gain))) }
        }
    }
}

fn end(look: &Looked) -> Option<End> {
    match &look.decision {
        Decision::Promote { .. } => Some(End { shape: Shape::Diamond, class: "better", said: "promoted" }),
        Decision::Stop { reason: Reason::Done, .. } => None,
        Decision::Stop { .. } => Some(End { shape: Shape::Cross, class: "failed", said: "stopped" }),
        Decision::Continue { .. } | Decision::Advance { .. } | Decision::Back { .. } => None,
    }
}

fn summary(history: &History, release: &Release, last: &Look) -> String {
    format!(
        "The gain of {} over {} at {} looks; at the last, {}. The table below has all numbers.",
        name(history, &release.challenger),
        name(history, &release.incumbent),
        release.looks.len(),
        interval::words(last)
    )
}
