//! The releases as dashed lines on a chart whose horizontal axis is time.

use super::chart::{Frame, Scale, place};
use domain::Timestamp;
use maud::{Markup, html};

/// How much room a release's name needs, in units of the drawing.
const NAME_ROOM: f64 = 28.0;

/// A release: when, on the axis of the chart, and what.
pub struct Release {
    /// When.
    pub at: Timestamp,
    /// Such as `v3`.
    pub name: String,
}

/// The lines of releases in the order of time. Of those that stand close together only the last is named.
pub fn lines(frame: &Frame, x: &Scale, releases: &[Release]) -> Markup {
    let at = |release: &Release| x.at(release.at.0 as f64);
    let named = |i: usize| releases.get(i + 1).is_none_or(|next| at(next) - at(&releases[i]) >= NAME_ROOM);
    html! {
        @for (i, release) in releases.iter().enumerate() {
            line.release x1=(place(at(release))) x2=(place(at(release))) y1=(frame.top()) y2=(frame.bottom()) {}
            @if named(i) {
                // at the right edge a name stands before its line
                @let (side, anchor) = if at(release) + NAME_ROOM > frame.sides().1 { (-4.0, "end") } else { (4.0, "start") };
                text.release x=(place(at(release) + side)) y=(frame.top() + 10.0) text-anchor=(anchor) { (release.name) }
            }
        }
    }
}
