//! Both distributions of a column in one small picture: step outlines of numbers, paired bars of categories.
//!
//! The reference is shaded with a dashed edge, the current rows are solid, so that the two are told apart without
//! colours; a text says the same to who does not see it.

use crate::page::chart::place;
use crate::page::format::{fitted, share, trimmed};
use lifecycle::drift::Picture;
use maud::{Markup, html};

const WIDTH: f64 = 320.0;
/// The plot of numbers, between its upper edge and its base.
const TOP: f64 = 20.0;
const BASE: f64 = 106.0;
/// A category's row.
const ROW: f64 = 25.0;
/// Where a category's bars begin and how long the longest is.
const BARS: (f64, f64) = (112.0, 102.0);
/// The letters of a category's name that fit beside its bars.
const LETTERS: usize = 16;

/// The picture of the column `name`; a sentence where there is nothing to draw.
pub(crate) fn picture(name: &str, picture: &Picture) -> Markup {
    let said = summary(name, picture);
    match (picture.range, picture.bins.is_empty()) {
        (_, true) => html! { p.empty { "One side has no value: there is nothing to draw." } },
        (Some(range), false) => numbers(&said, picture, range),
        (None, false) => categories(&said, picture),
    }
}

/// What the two kinds of line and bar are.
pub(crate) fn legend(reference: &str, current: &str) -> Markup {
    html! {
        ul.legend {
            @for (side, name) in [("reference", reference), ("current", current)] {
                li {
                    svg.dist viewBox="0 0 16 16" aria-hidden="true" {
                        rect class={ "block " (side) } x="1" y="3" width="14" height="10" {}
                    }
                    span { (name) @if side == "reference" { " (shaded, dashed edge)" } @else { " (solid)" } }
                }
            }
        }
    }
}

fn numbers(said: &str, picture: &Picture, range: (f64, f64)) -> Markup {
    let highest = highest(picture);
    let y = |share: f64| BASE - share / highest * (BASE - TOP);
    html! {
        svg.dist viewBox={ "0 0 " (WIDTH) " 126" } role="img" aria-label=(said) {
            line.grid x1="0" x2=(WIDTH) y1=(TOP) y2=(TOP) {}
            text x="2" y="14" { (share(highest)) }
            path.outline.reference d=(steps(&picture.reference, y)) {}
            path.outline.current d=(steps(&picture.current, y)) {}
            line.base x1="0" x2=(WIDTH) y1=(BASE) y2=(BASE) {}
            text x="2" y="121" { (trimmed(range.0)) }
            text x=(WIDTH - 2.0) y="121" text-anchor="end" { (trimmed(range.1)) }
        }
    }
}

/// The outline of bins side by side, from the base and back to it.
fn steps(shares: &[f64], y: impl Fn(f64) -> f64) -> String {
    let (left, width) = (2.0, (WIDTH - 4.0) / shares.len() as f64);
    let mut path = format!("M{} {}", place(left), place(BASE));
    for (i, share) in shares.iter().enumerate() {
        path += &format!("V{}H{}", place(y(*share)), place(left + width * (i + 1) as f64));
    }
    path + &format!("V{}", place(BASE))
}

fn categories(said: &str, picture: &Picture) -> Markup {
    let height = ROW * picture.bins.len() as f64 + 4.0;
    let longest = highest(picture);
    let shares = picture.reference.iter().zip(&picture.current);
    html! {
        svg.dist viewBox={ "0 0 " (WIDTH) " " (height) } role="img" aria-label=(said) {
            @for (i, (name, (before, now))) in picture.bins.iter().zip(shares).enumerate() {
                (pair(name, ROW * i as f64 + 2.0, [*before, *now], longest))
            }
        }
    }
}

/// One category: its name, a bar of each side, and both shares.
fn pair(name: &str, top: f64, [before, now]: [f64; 2], longest: f64) -> Markup {
    let length = |share: f64| place(share / longest * BARS.1);
    let shown = if name.is_empty() { "(empty)".into() } else { fitted(name, LETTERS) };
    html! {
        g {
            @if shown != name { title { (name) } }
            text.name x="2" y=(place(top + 15.0)) { (shown) }
            rect.block.reference x=(BARS.0) y=(place(top + 2.0)) width=(length(before)) height="8" {}
            rect.block.current x=(BARS.0) y=(place(top + 12.0)) width=(length(now)) height="8" {}
            text x=(WIDTH - 2.0) y=(place(top + 15.0)) text-anchor="end" { (share(before)) " → " (share(now)) }
        }
    }
}

fn highest(picture: &Picture) -> f64 {
    let all = picture.reference.iter().chain(&picture.current);
    all.copied().fold(f64::MIN_POSITIVE, f64::max)
}

/// The picture in a sentence: where most rows lie on either side, and where the sides differ most.
fn summary(name: &str, picture: &Picture) -> String {
    let most = |shares: &[f64]| (0..shares.len()).max_by(|&a, &b| shares[a].total_cmp(&shares[b]));
    let gaps: Vec<f64> =
        picture.reference.iter().zip(&picture.current).map(|(before, now)| (now - before).abs()).collect();
    let (Some(before), Some(now), Some(gap)) =
        (most(&picture.reference), most(&picture.current), most(&gaps))
    else {
        return name.to_owned();
    };
    format!(
        "{name}: most of the reference is at {} ({}), most of the current rows at {} ({}); they differ most at {}, {} before and {} now.",
        bin(picture, before),
        share(picture.reference[before]),
        bin(picture, now),
        share(picture.current[now]),
        bin(picture, gap),
        share(picture.reference[gap]),
        share(picture.current[gap]),
    )
}

/// A bin in words.
fn bin(picture: &Picture, place: usize) -> String {
    let Some((low, high)) = picture.range else { return fitted(&picture.bins[place], 60) };
    let edge = |i: usize| trimmed(low + (high - low) * i as f64 / picture.bins.len() as f64);
    if high > low { format!("{} to {}", edge(place), edge(place + 1)) } else { trimmed(low) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(bins: &[&str], shares: [&[f64]; 2], range: Option<(f64, f64)>) -> String {
        let [reference, current] = shares.map(<[f64]>::to_vec);
        let bins = bins.iter().map(ToString::to_string).collect();
        picture("x", &Picture { bins, reference, current, range }).into_string()
    }

    #[test]
    fn outlines_reach_as_high_as_their_share() {
        let svg = drawn(&["", ""], [&[0.5, 0.5], &[0.0, 1.0]], Some((0.0, 4.0)));
        assert!(svg.contains("M2.0 106.0V63.0H160.0V63.0H318.0V106.0"), "half of the height twice: {svg}");
        assert!(svg.contains("M2.0 106.0V106.0H160.0V20.0H318.0V106.0"), "nothing, then all of it: {svg}");
        let said = "most of the current rows at 2 to 4 (100.0%)";
        assert!(svg.contains(said), "{svg}");
    }

    #[test]
    fn bars_are_as_long_as_their_share_and_say_it() {
        let svg = drawn(&["a", "b"], [&[0.75, 0.25], &[0.25, 0.75]], None);
        assert_eq!(svg.matches("width=\"102.0\"").count(), 2);
        assert_eq!(svg.matches("width=\"34.0\"").count(), 2);
        assert!(svg.contains("75.0% → 25.0%") && svg.contains("25.0% → 75.0%"), "{svg}");
    }

    #[test]
    fn one_bin_and_none_are_drawn_too() {
        let one = drawn(&["5 to 5"], [&[1.0], &[1.0]], Some((5.0, 5.0)));
        assert!(one.contains("most of the reference is at 5 (100.0%)") && !one.contains("NaN"), "{one}");
        assert!(drawn(&[], [&[], &[]], None).contains("nothing to draw"));
    }
}
