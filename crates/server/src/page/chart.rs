//! What the charts share: scales, round tick values, axes and marks, as inline SVG. Colours are classes, so
//! that the style sheet chooses them for light and dark; every series has a shape besides its colour.

use super::format::trimmed;
use maud::{Markup, html};

/// A drawing's size and the margins around its plot, in its own units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Frame {
    /// All of it.
    pub width: f64,
    /// All of it.
    pub height: f64,
    /// Ticks along x, at most.
    pub ticks: usize,
}

/// The frames that are drawn; the style sheet shows the one that fits the screen.
pub const FRAMES: [(&str, Frame); 2] = [
    ("wide", Frame { width: 960.0, height: 320.0, ticks: 8 }),
    ("narrow", Frame { width: 336.0, height: 260.0, ticks: 3 }),
];

/// How wide a letter of a label is, about.
const LETTER: f64 = 6.5;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 44.0;

/// From values to places in a drawing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    from: (f64, f64),
    to: (f64, f64),
}

/// The shape of a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A filled disc.
    Disc,
    /// A filled square.
    Square,
    /// An upward triangle.
    Triangle,
    /// A square on its corner.
    Diamond,
    /// Two crossed strokes.
    Cross,
    /// An empty circle.
    Ring,
}

impl Shape {
    /// The shapes that tell series apart, in the order in which they are given out; squares are the
    /// baseline's.
    pub const SERIES: [Shape; 4] = [Shape::Disc, Shape::Triangle, Shape::Diamond, Shape::Ring];
}

impl Frame {
    /// The scale of the horizontal axis.
    pub fn x(&self, low: f64, high: f64) -> Scale {
        Scale { from: padded(low, high), to: (LEFT, self.width - RIGHT) }
    }

    /// The scale of the vertical axis, with some air around the values.
    pub fn y(&self, low: f64, high: f64) -> Scale {
        let air = (high - low).max(high.abs() * 1e-6) * 0.08;
        Scale { from: padded(low - air, high + air), to: (self.bottom(), TOP) }
    }

    /// The `viewBox` of the drawing.
    pub fn view_box(&self) -> String {
        format!("0 0 {} {}", self.width, self.height)
    }

    /// The plot's lower edge.
    pub fn bottom(&self) -> f64 {
        self.height - BOTTOM
    }

    /// The plot's left and right edges.
    pub fn sides(&self) -> (f64, f64) {
        (LEFT, self.width - RIGHT)
    }

    /// The plot's upper edge.
    pub fn top(&self) -> f64 {
        TOP
    }
}

impl Scale {
    /// The place of a value.
    pub fn at(&self, value: f64) -> f64 {
        let share = (value - self.from.0) / (self.from.1 - self.from.0);
        self.to.0 + share * (self.to.1 - self.to.0)
    }

    /// Round values within the scale, about `count` of them.
    pub fn ticks(&self, count: usize) -> Vec<f64> {
        let (low, high) = self.from;
        let rough = (high - low) / count.max(1) as f64;
        let power = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 2.5, 5.0, 10.0].map(|m| m * power).into_iter().find(|step| *step >= rough);
        let step = step.unwrap_or(rough);
        let (first, last) = ((low / step).ceil() as i64, (high / step).floor() as i64);
        (first..=last).map(|i| i as f64 * step).collect()
    }
}

/// The vertical axis: grid lines, tick values and the name of what is shown.
pub fn y_axis(frame: &Frame, y: &Scale, name: &str) -> Markup {
    html! {
        @for tick in y.ticks(5) {
            line.grid x1=(LEFT) x2=(frame.width - RIGHT) y1=(place(y.at(tick))) y2=(place(y.at(tick))) {}
            text.tick.y x=(LEFT - 8.0) y=(place(y.at(tick) + 4.0)) { (trimmed(tick)) }
        }
        text.axis x="4" y="14" { (name) }
    }
}

/// The labels of the horizontal axis: a place and a text each. Labels that would collide are left out.
pub fn x_axis(frame: &Frame, labels: &[(f64, String)]) -> Markup {
    let mut shown: Vec<&(f64, String)> = Vec::new();
    for label in labels {
        let room = (label.1.chars().count() as f64 + 2.0) * LETTER;
        if shown.last().is_none_or(|last| label.0 - last.0 >= room) {
            shown.push(label);
        }
    }
    let bottom = frame.bottom();
    html! {
        line.base x1=(LEFT) x2=(frame.width - RIGHT) y1=(place(bottom)) y2=(place(bottom)) {}
        @for (x, label) in shown {
            line.base x1=(place(*x)) x2=(place(*x)) y1=(place(bottom)) y2=(place(bottom + 5.0)) {}
            @let anchor = if *x > frame.width - 50.0 { "end" } else if *x < LEFT + 10.0 { "start" } else { "middle" };
            text.tick x=(place(*x)) y=(place(bottom + 20.0)) text-anchor=(anchor) { (label) }
        }
    }
}

/// One mark at a place; `class` gives its colour.
pub fn mark(shape: Shape, class: &str, x: f64, y: f64) -> Markup {
    let (px, py) = (place(x), place(y));
    let path = |d: String| html! { path class={ "mark " (class) } d=(d) {} };
    match shape {
        Shape::Disc => html! { circle class={ "mark " (class) } cx=(px) cy=(py) r="5.5" {} },
        Shape::Ring => html! { circle class={ "mark hollow " (class) } cx=(px) cy=(py) r="4.8" {} },
        Shape::Square => path(format!("M{} {}h9.6v9.6h-9.6z", place(x - 4.8), place(y - 4.8))),
        Shape::Diamond => path(format!("M{px} {}l6.4 6.4l-6.4 6.4l-6.4 -6.4z", place(y - 6.4))),
        Shape::Triangle => path(format!("M{px} {}l6.2 10.6h-12.4z", place(y - 6.4))),
        Shape::Cross => {
            let d = format!("M{} {}l9 9m0 -9l-9 9", place(x - 4.5), place(y - 4.5));
            html! { path class={ "mark hollow " (class) } d=(d) {} }
        }
    }
}

/// A vertical bar from `low` to `high` with caps.
pub fn error_bar(class: &str, x: f64, low: f64, high: f64) -> Markup {
    let (left, right) = (place(x - 4.0), place(x + 4.0));
    let d = format!(
        "M{left} {l}H{right}M{c} {l}V{h}M{left} {h}H{right}",
        l = place(low),
        h = place(high),
        c = place(x)
    );
    html! { path class={ "bar " (class) } d=(d) {} }
}

/// A line through points.
pub fn line(class: &str, points: &[(f64, f64)]) -> Markup {
    let d: Vec<String> = points.iter().map(|(x, y)| format!("{} {}", place(*x), place(*y))).collect();
    html! { path class={ "line " (class) } d={ "M" (d.join("L")) } {} }
}

/// A mark of a legend with its meaning.
pub fn legend(shape: Shape, class: &str, meaning: &str) -> Markup {
    html! {
        li {
            svg viewBox="0 0 16 16" aria-hidden="true" { (mark(shape, class, 8.0, 8.0)) }
            (meaning)
        }
    }
}

/// A coordinate with one decimal.
pub fn place(x: f64) -> String {
    format!("{x:.1}")
}

fn padded(low: f64, high: f64) -> (f64, f64) {
    if high > low { (low, high) } else { (low - 0.5, high + 0.5) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_within() {
        let scale = Scale { from: (0.193, 0.412), to: (0.0, 1.0) };
        let ticks: Vec<String> = scale.ticks(5).into_iter().map(trimmed).collect();
        assert_eq!(ticks, ["0.2", "0.25", "0.3", "0.35", "0.4"]);
    }

    #[test]
    fn a_single_value_still_has_a_place() {
        let frame = FRAMES[0].1;
        let y = frame.y(0.3, 0.3);
        assert!(y.at(0.3).is_finite() && y.at(0.3) > frame.top() && y.at(0.3) < frame.bottom());
    }

    #[test]
    fn labels_that_would_collide_are_left_out() {
        let labels: Vec<(f64, String)> =
            (0..50).map(|i| (60.0 + f64::from(i) * 5.0, i.to_string())).collect();
        let drawn = x_axis(&FRAMES[1].1, &labels).into_string();
        let shown = drawn.matches("<text").count();
        assert!((4..=12).contains(&shown), "{drawn}");
    }
}
