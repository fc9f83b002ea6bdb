//! The steps of a release in a row: passed, present, ahead.

use super::format;
use crate::experiment::{Mark, Place, track as places};
use domain::history::Release;
use maud::{Markup, html};

/// The track.
pub fn track(release: &Release) -> Markup {
    html! { ol.track { @for place in places(release) { (step(&place)) } } }
}

fn step(place: &Place) -> Markup {
    let (class, sign, said) = match place.mark {
        Mark::Passed => ("done", "✓", "passed"),
        Mark::Here => ("running", "▸", "it stands here"),
        Mark::Stopped => ("stopped", "✕", "it ended here"),
        Mark::Ahead => ("ahead", "", "ahead"),
    };
    let here = matches!(place.mark, Mark::Here | Mark::Stopped);
    html! {
        li class=(class) aria-current=[here.then_some("step")] {
            span.step {
                @if !sign.is_empty() { span.sign aria-hidden="true" { (sign) } " " }
                (place.name) span.quiet { ", " (said) }
            }
            @if let Some(at) = place.entered {
                span.muted { (format::time(at)) @if place.visits > 1 { ", time " (place.visits) } }
            }
            @if let Some(units) = place.units {
                span.muted { (format::counted(units, "unit")) }
            }
        }
    }
}
