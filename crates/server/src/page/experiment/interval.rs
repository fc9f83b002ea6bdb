//! The gain at one look as one horizontal interval, and in words.

use super::format;
use crate::page::chart::place;
use domain::experiment::Look;
use maud::{Markup, html};

const WIDTH: f64 = 320.0;
const MARGIN: f64 = 12.0;
const MIDDLE: f64 = 22.0;

/// From values to places along the axis.
struct Axis {
    low: f64,
    high: f64,
}

impl Axis {
    fn at(&self, value: f64) -> f64 {
        let share = (value - self.low) / (self.high - self.low);
        (MARGIN + share * (WIDTH - 2.0 * MARGIN)).clamp(MARGIN, WIDTH - MARGIN)
    }
}

/// The interval against zero and the smallest gain that matters.
pub fn small(goal: &Look) -> Markup {
    let axis = axis(goal);
    let (low, high) = (goal.low.unwrap_or(axis.low), goal.high.unwrap_or(axis.high));
    let (zero, effect) = (axis.at(0.0), axis.at(goal.effect));
    let from_edge = |bound: Option<f64>| if bound.is_some() { "butt" } else { "open" };
    html! {
        svg.interval viewBox={ "0 0 " (WIDTH) " 52" } role="img" aria-label=(words(goal)) {
            line.base x1=(MARGIN) x2=(WIDTH - MARGIN) y1=(MIDDLE) y2=(MIDDLE) {}
            line.zero x1=(place(zero)) x2=(place(zero)) y1="6" y2="36" {}
            line.effect x1=(place(effect)) x2=(place(effect)) y1="6" y2="36" {}
            g class=(class(goal)) {
                (whisker(axis.at(low), axis.at(high), from_edge(goal.low), from_edge(goal.high)))
                circle.mark cx=(place(axis.at(goal.gain))) cy=(MIDDLE) r="5.5" {}
            }
            text x=(place(zero)) y="49" text-anchor="middle" { "0" }
            @let anchor = if effect > WIDTH - 60.0 { "end" } else { "middle" };
            @if effect - zero > 60.0 { text x=(place(effect)) y="49" text-anchor=(anchor) { (format::trimmed(goal.effect)) " matters" } }
            @if zero > 70.0 { text x=(MARGIN) y="49" { "worse" } }
            @if WIDTH - effect.max(zero) > 90.0 { text x=(WIDTH - MARGIN) y="49" text-anchor="end" { "better" } }
        }
    }
}

/// `gain in log_loss 0.0031 (0.0021 to 0.0042) on 316,000 units`
pub fn words(goal: &Look) -> String {
    let units = format::count(goal.units);
    if !goal.counts() {
        return format!("{units} of {} labelled units for a first look", format::count(goal.first));
    }
    format!("gain in {} {} on {units} units", goal.metric, numbers(goal))
}

/// `0.0031 (0.0021 to 0.0042)`
pub fn numbers(goal: &Look) -> String {
    if !goal.counts() {
        return "too few units".into();
    }
    let (low, high) = (goal.low.unwrap_or(f64::NEG_INFINITY), goal.high.unwrap_or(f64::INFINITY));
    let decimals = format::decimals(high - low);
    let show = |x: f64| if x.is_finite() { format!("{x:.decimals$}") } else { "no bound yet".into() };
    format!("{} ({} to {})", show(goal.gain), show(low), show(high))
}

/// The colour of what the interval says.
fn class(goal: &Look) -> &'static str {
    match (goal.counts(), goal.low, goal.high) {
        (false, ..) => "baseline",
        (true, Some(low), _) if low > 0.0 => "better",
        (true, _, Some(high)) if high < 0.0 => "failed",
        _ => "open",
    }
}

fn axis(goal: &Look) -> Axis {
    let known = [Some(0.0), Some(goal.effect), Some(goal.gain), goal.low, goal.high];
    let known = || known.iter().flatten().copied();
    let (low, high) = (known().fold(f64::INFINITY, f64::min), known().fold(f64::NEG_INFINITY, f64::max));
    let air = 0.1 * (high - low).max(1e-9);
    Axis { low: low - air, high: high + air }
}

/// From `low` to `high`, with caps where the bound is known.
fn whisker(low: f64, high: f64, left: &str, right: &str) -> Markup {
    let cap =
        |x: f64, kind: &str| if kind == "butt" { format!("M{} 14V30", place(x)) } else { String::new() };
    let d = format!("M{} {MIDDLE}H{}{}{}", place(low), place(high), cap(low, left), cap(high, right));
    html! { path.whisker d=(d) {} }
}
