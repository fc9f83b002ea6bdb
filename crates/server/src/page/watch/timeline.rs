//! Every diagnosis in time, a lane for each cause, with the releases on it.

use crate::page::chart::{FRAMES, Frame, Scale, Shape, legend, mark, place, x_axis};
use crate::page::format;
use crate::page::releases::{Release, lines};
use domain::Timestamp;
use domain::diagnosis::{Cause, Diagnosis};
use domain::history::{Diagnosed, History};
use maud::{Markup, html};
use std::collections::BTreeSet;

/// The most diagnoses that are drawn.
const DRAWN: usize = 120;
/// How high a lane is, in units of the drawing.
const LANE: f64 = 40.0;

/// The part of the section.
pub(super) fn part(history: &History) -> Markup {
    let all = &history.diagnoses;
    let drawn = &all[all.len().saturating_sub(DRAWN)..];
    html! {
        @if !drawn.is_empty() {
            h3 { "Diagnoses in time" }
            @for (class, frame) in &FRAMES { (chart(class, frame, history, drawn)) }
            ul.legend {
                (legend(Shape::Disc, "better", "healthy"))
                (legend(Shape::Triangle, "open", "worth knowing"))
                (legend(Shape::Cross, "failed", "alarm"))
                li { "dashed lines: what began to serve, with a question mark what began to be tried" }
            }
        }
    }
}

/// The lanes from the harmless, at the bottom, to the unknown.
fn lanes(drawn: &[Diagnosed]) -> Vec<Cause> {
    drawn.iter().map(|d| d.diagnosis.cause).collect::<BTreeSet<Cause>>().into_iter().collect()
}

/// By the clock of the rows: the first live row that was looked at, and the last.
fn span(drawn: &[Diagnosed]) -> (Timestamp, Timestamp) {
    let from = drawn.iter().map(|d| d.facts.from).min().unwrap_or(Timestamp(0));
    (from, drawn.iter().map(|d| d.facts.to).max().unwrap_or(from))
}

fn chart(class: &str, frame: &Frame, history: &History, drawn: &[Diagnosed]) -> Markup {
    let lanes = lanes(drawn);
    let frame = Frame { height: 92.0 + LANE * lanes.len() as f64, ..*frame };
    let (from, to) = span(drawn);
    let x = frame.x(from.0 as f64, to.0 as f64);
    let ticks = (0..=frame.ticks).map(|i| from.0 + (to.0 - from.0) / frame.ticks as i64 * i as i64);
    let labels: Vec<(f64, String)> =
        ticks.map(|at| (x.at(at as f64), format::tick(Timestamp(at), to.0 - from.0))).collect();
    let height = |cause: Cause| {
        let lane = lanes.iter().position(|lane| *lane == cause).unwrap_or(0);
        frame.bottom() - 12.0 - LANE * lane as f64
    };
    html! {
        svg class={ "chart " (class) } viewBox=(frame.view_box()) role="img" aria-label=(summary(drawn)) {
            (x_axis(&frame, &labels))
            (lines(&frame, &x, &releases(history, drawn)))
            @for cause in &lanes { (lane(&frame, *cause, height(*cause))) }
            @for one in drawn { (drawn_one(one, &x, height(one.diagnosis.cause))) }
        }
    }
}

fn lane(frame: &Frame, cause: Cause, y: f64) -> Markup {
    let (left, right) = frame.sides();
    html! {
        line.grid x1=(left) x2=(right) y1=(place(y)) y2=(place(y)) {}
        text.release x=(left) y=(place(y - 10.0)) { (cause) }
    }
}

fn drawn_one(one: &Diagnosed, x: &Scale, y: f64) -> Markup {
    let (shape, class) = look(&one.diagnosis);
    html! {
        g {
            title { (format::time(one.facts.to)) ": " (one.diagnosis.cause) }
            (mark(shape, class, x.at(one.facts.to.0 as f64), y))
        }
    }
}

fn look(diagnosis: &Diagnosis) -> (Shape, &'static str) {
    match diagnosis.cause {
        Cause::Healthy => (Shape::Disc, "better"),
        _ if diagnosis.alarm => (Shape::Cross, "failed"),
        _ => (Shape::Triangle, "open"),
    }
}

/// What began to serve, or to be tried, within the span. Where the rows have a clock of their own, by which nothing was
/// deployed, a version's first diagnosis marks it.
fn releases(history: &History, drawn: &[Diagnosed]) -> Vec<Release> {
    let (from, to) = span(drawn);
    let name = |version| history.version(version).map(|s| format!("v{}", s.number));
    let deployed = history.deployments.iter().filter_map(|d| Some((d.at, name(&d.incumbent)?)));
    let tried = history.experiments.iter().filter_map(|e| Some((e.at, format!("{}?", name(&e.challenger)?))));
    let within = deployed.chain(tried).filter(|(at, _)| (from..=to).contains(at));
    let mut releases: Vec<Release> = within.map(|(at, name)| Release { at, name }).collect();
    if releases.is_empty() {
        let first = |(i, d): &(usize, &Diagnosed)| {
            drawn[..*i].iter().all(|before| before.facts.version != d.facts.version)
        };
        let firsts = drawn.iter().enumerate().filter(first);
        releases = firsts
            .filter_map(|(_, d)| Some(Release { at: d.facts.from, name: name(&d.facts.version)? }))
            .collect();
    }
    releases.sort_by_key(|release| release.at);
    releases
}

fn summary(drawn: &[Diagnosed]) -> String {
    let alarms = drawn.iter().filter(|d| d.diagnosis.alarm).count() as u64;
    let last = drawn.last().map(|d| format!(", the last {}", d.diagnosis.cause)).unwrap_or_default();
    format!(
        "{} in time, {}{last}. The table below has all of them.",
        match drawn.len() as u64 {
            1 => "1 diagnosis".to_owned(),
            n => format!("{} diagnoses", format::count(n)),
        },
        format::counted(alarms, "alarm")
    )
}
