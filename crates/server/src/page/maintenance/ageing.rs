//! How the model ages: the curve of excess loss by age, with its half-life and where the model stands on it.

use crate::maintenance::age;
use crate::page::chart::{FRAMES, Frame, Scale, Shape, error_bar, legend, line, mark, place, x_axis, y_axis};
use crate::page::format;
use domain::ageing::Ageing;
use domain::cadence::{Cadence, span};
use domain::history::History;
use domain::time::DAY;
use lifecycle::maintenance::Maintenance;
use maud::{Markup, html};

/// Points of the drawn curve.
const POINTS: usize = 60;

/// The tile of the half-life.
pub fn half_life(found: Option<&Maintenance>) -> Markup {
    let Some(ageing) = found.and_then(|found| found.ageing.as_ref()) else {
        return html! { strong { "–" } span.muted { "not measured" } };
    };
    let Some(curve) = ageing.curve else {
        return html! { strong { "no ageing seen" } span.muted { "up to " (span(ageing.oldest)) } };
    };
    if curve.half_life > ageing.oldest {
        return html! {
            strong { "beyond " (span(ageing.oldest)) }
            span.muted { (span(curve.half_life)) " by the curve, 95%: " (interval(ageing)) }
        };
    }
    html! { strong { (span(curve.half_life)) } span.muted { "95%: " (interval(ageing)) } }
}

fn interval(ageing: &Ageing) -> String {
    let end = |end: Option<f64>, open: &str| end.map_or(open.into(), span);
    let (low, high) = ageing.half_life;
    format!("{} to {}", end(low, "any"), end(high, "never"))
}

/// The picture and the cadence that follows.
pub fn part(history: &History, found: &Maintenance) -> Markup {
    let Some(ageing) = &found.ageing else {
        return html! {
            p.empty { "How its trainer ages is measured by " code { "incumbent retrain --cadence" } ", and by itself with " code { "retrain.cadence = \"measured\"" } "." }
        };
    };
    let now = age(history, found).map(|age| age as f64 / DAY as f64);
    html! {
        h3 { "What age costs" }
        p.sub { "loss a row above a fresh model on the same rows, with a 95% interval at the oldest age that was measured" }
        @for (class, frame) in &FRAMES { (chart(class, frame, ageing, now)) }
        ul.legend {
            (legend(Shape::Disc, "series0", "the oldest measured age"))
            @if now.is_some() { (legend(Shape::Diamond, "series1", "the model that serves")) }
            @if half_life_within(ageing, last(ageing, now)).is_some() { li { "dashed: the half-life" } }
        }
        @if let Some(recommended) = &found.cadence {
            p.said {
                strong { (match recommended.cadence {
                    Cadence::Every { days, .. } => format!("Retraining every {} costs least", span(days)),
                    Cadence::Never => "No schedule pays".into(),
                    Cadence::Unknown => "The cadence needs prices".into(),
                }) }
                ": " (recommended.reasons.join("; ")) "."
            }
        }
    }
}

fn excess(ageing: &Ageing, days: f64) -> f64 {
    ageing.curve.map_or(0.0, |curve| curve.decay().at(days))
}

fn age_label(days: f64) -> String {
    if days == 0.0 { "0".into() } else { span(days) }
}

/// The last day that is drawn.
fn last(ageing: &Ageing, now: Option<f64>) -> f64 {
    1.05 * now.unwrap_or(0.0).max(ageing.oldest)
}

fn chart(class: &str, frame: &Frame, ageing: &Ageing, now: Option<f64>) -> Markup {
    let last = last(ageing, now);
    let at = |place: usize| last * place as f64 / (POINTS - 1) as f64;
    // an end that is not known is drawn as far as the curve goes
    let finite = |x: f64| if x.is_finite() { x } else { excess(ageing, last) };
    let (low, high) = (finite(ageing.at_oldest.0), finite(ageing.at_oldest.1));
    let top = [excess(ageing, last), high, low].into_iter().fold(0.0, f64::max);
    let (x, y) = (frame.x(0.0, last), frame.y(low.min(0.0), top));
    let points: Vec<(f64, f64)> = (0..POINTS).map(|i| (x.at(at(i)), y.at(excess(ageing, at(i))))).collect();
    let labels: Vec<(f64, String)> =
        x.ticks(frame.ticks).into_iter().map(|days| (x.at(days), age_label(days))).collect();
    html! {
        svg class={ "chart " (class) } viewBox=(frame.view_box()) role="img" aria-label=(summary(ageing, now)) {
            (y_axis(frame, &y, "excess loss"))
            (x_axis(frame, &labels))
            (half(frame, &x, ageing, last))
            (line("series0", &points))
            (error_bar("series0", x.at(ageing.oldest), y.at(low), y.at(high)))
            (mark(Shape::Disc, "series0", x.at(ageing.oldest), y.at(excess(ageing, ageing.oldest))))
            @if let Some(now) = now { (mark(Shape::Diamond, "series1", x.at(now), y.at(excess(ageing, now)))) }
        }
    }
}

fn half_life_within(ageing: &Ageing, last: f64) -> Option<f64> {
    ageing.curve.map(|curve| curve.half_life).filter(|days| *days <= last)
}

/// The half-life, where it lies within the drawing.
fn half(frame: &Frame, x: &Scale, ageing: &Ageing, last: f64) -> Markup {
    html! {
        @if let Some(days) = half_life_within(ageing, last) {
            line.release x1=(place(x.at(days))) x2=(place(x.at(days))) y1=(frame.top()) y2=(frame.bottom()) {}
        }
    }
}

fn summary(ageing: &Ageing, now: Option<f64>) -> String {
    let (low, high) = ageing.at_oldest;
    let stands = now.map(|now| format!("; the model that serves is {} old", span(now)));
    format!(
        "At {} a model loses {} more a row than a fresh one, 95% {} to {}; half-life {}{}.",
        span(ageing.oldest),
        format::number(excess(ageing, ageing.oldest)),
        format::number(low),
        format::number(high),
        ageing.curve.map_or("none seen".into(), |curve| format!(
            "{}, 95% {}",
            span(curve.half_life),
            interval(ageing)
        )),
        stands.unwrap_or_default()
    )
}
