//! The horizontal axis of a release: one panel a step, side by side, each with units on a scale of its own.
//!
//! Shadow may see a hundred times the units of the canary behind it; on one scale one of them would be a hair.
//! Invariant: panels cover the plot from left to right, and none is narrower than its least share.

use crate::experiment::visits;
use crate::page::chart::Frame;
use domain::experiment::{Arm, Phase, Step};
use domain::history::{Looked, Release};

/// The least share of the plot for one step.
const LEAST: f64 = 0.1;

/// One stay in a phase.
pub struct Panel<'a> {
    /// Which phase.
    pub phase: Phase,
    /// Whether its units are counted on from the panel before.
    pub goes_on: bool,
    /// Its looks, oldest first.
    pub looks: &'a [Looked],
    /// Its left and right edge in the drawing.
    pub sides: (f64, f64),
    /// The challenger's units at those edges.
    pub units: (f64, f64),
}

impl Panel<'_> {
    /// The place of a number of units.
    pub fn at(&self, units: f64) -> f64 {
        let share = (units - self.units.0) / (self.units.1 - self.units.0).max(1.0);
        self.sides.0 + share.clamp(0.0, 1.0) * (self.sides.1 - self.sides.0)
    }

    /// Its name, in as many letters as there is room for.
    pub fn name(&self, letters: usize) -> Option<String> {
        let (long, short) = match self.phase.step {
            Step::Shadow => ("shadow".into(), "unseen".into()),
            Step::Canary => (
                self.phase.to_string().replace(" at ", " "),
                self.phase.to_string().replace("canary at ", ""),
            ),
            Step::Ab => ("A/B 50%".into(), "A/B".into()),
            Step::HoldBack => ("hold-back".into(), "held".into()),
        };
        [long, short].into_iter().find(|name| name.chars().count() <= letters)
    }
}

/// The panels of a release in this frame.
pub fn panels<'a>(release: &'a Release, frame: &Frame) -> Vec<Panel<'a>> {
    let visits = visits(release);
    let ends = visits.iter().skip(1).map(|next| next.first_look).chain([release.looks.len()]);
    let mut panels: Vec<Panel<'a>> = Vec::new();
    for (visit, end) in visits.iter().zip(ends) {
        let looks = &release.looks[visit.first_look..end];
        let seen = |look: &Looked| look.facts.arm(Arm::Treatment).units as f64;
        let before = panels.last().filter(|p| goes_on(p.phase, visit.phase)).map(|p| p.units.1);
        let (goes_on, before) = (before.is_some(), before.unwrap_or(0.0));
        let most = looks.iter().map(seen).fold(before, f64::max);
        panels.push(Panel { phase: visit.phase, goes_on, looks, sides: (0.0, 0.0), units: (before, most) });
    }
    lay_out(&mut panels, frame.sides());
    panels
}

/// Whether the units of one phase are counted on in the next: only the split is drawn once for all its phases.
fn goes_on(before: Phase, after: Phase) -> bool {
    let split = |phase: Phase| matches!(phase.step, Step::Canary | Step::Ab);
    split(before) && split(after)
}

/// Widths by the square root of the units, since that is what an interval narrows by.
fn lay_out(panels: &mut [Panel<'_>], (left, right): (f64, f64)) {
    let weight = |panel: &Panel<'_>| (panel.units.1 - panel.units.0).max(1.0).sqrt();
    let whole: f64 = panels.iter().map(weight).sum();
    let shares: Vec<f64> = panels.iter().map(|panel| (weight(panel) / whole).max(LEAST)).collect();
    let whole: f64 = shares.iter().sum();
    let mut from = left;
    for (panel, share) in panels.iter_mut().zip(shares) {
        let to = from + share / whole * (right - left);
        panel.sides = (from, to);
        from = to;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::tests::told;
    use crate::page::chart::FRAMES;

    #[test]
    fn panels_cover_the_plot_and_none_is_a_hair() {
        let release = told(0.004, 0.0, 40);
        for (_, frame) in &FRAMES {
            let panels = panels(&release, frame);
            let names: Vec<String> = panels.iter().filter_map(|panel| panel.name(9)).collect();
            assert_eq!(names, ["shadow", "canary 1%", "canary 5%", "20%", "A/B 50%", "hold-back"]);
            let (left, right) = frame.sides();
            assert_eq!(panels[0].sides.0, left);
            assert!((panels[5].sides.1 - right).abs() < 1e-9);
            for pair in panels.windows(2) {
                assert_eq!(pair[0].sides.1, pair[1].sides.0);
            }
            let narrow =
                panels.iter().map(|panel| panel.sides.1 - panel.sides.0).fold(f64::INFINITY, f64::min);
            assert!(narrow > 0.06 * (right - left), "{narrow}");
        }
    }

    #[test]
    fn units_go_on_within_the_split_and_begin_anew_around_it() {
        let release = told(0.004, 0.0, 40);
        let panels = panels(&release, &FRAMES[0].1);
        let begins: Vec<bool> = panels.iter().map(|panel| panel.units.0 == 0.0).collect();
        assert_eq!(begins, [true, true, false, false, false, true]);
        assert!(panels.iter().all(|panel| panel.units.1 > panel.units.0 && !panel.looks.is_empty()));
    }
}
