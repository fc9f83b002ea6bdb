//! A release as text: its track, the interval, what is watched, and what it waits for.
//!
//! Everything is told by signs and words, without colour, so that it reads the same in a terminal and in a CI log.

use crate::print;
use domain::experiment::{Guardrail, Look, SampleRatio};
use domain::history::{History, Looked, Release};
use domain::plan;
use server::experiment::{self, Mark, State};

/// The width of the drawn axis, in letters.
const AXIS: usize = 60;

/// The whole picture, of several lines.
pub fn picture(history: &History, release: &Release) -> String {
    let mut lines = vec![heading(history, release), String::new(), track(release), String::new()];
    if let Some(goal) = experiment::gain(release) {
        lines.push(gain(goal));
        if goal.counts() {
            lines.extend(interval(goal));
        }
        lines.push(String::new());
    }
    if let Some(look) = release.last() {
        lines.extend(watched(look));
        lines.push(String::new());
    }
    lines.extend(decision(release));
    lines.join("\n")
}

/// `v8 against v6: A/B at 50%, since 2025-09-11T08:00:00Z`
pub fn heading(history: &History, release: &Release) -> String {
    let name = |id| experiment::name(history, id);
    let state = experiment::state(release);
    let since = match experiment::ended(release) {
        Some(at) => format!("ended {at}"),
        None => format!("since {}", release.since),
    };
    format!(
        "{} {} against {}: {state}, {since}",
        sign(state),
        name(&release.challenger),
        name(&release.incumbent)
    )
}

/// One look in one line.
pub fn line(look: &Looked) -> String {
    let gain = look.facts.goal.as_ref().map_or_else(|| "no outcome yet".into(), gain);
    format!("{}  {}: {gain}; {}: {}", look.facts.now, look.facts.phase, look.decision, look.decision.why())
}

/// `gain in log_loss 0.002 [0.001, 0.004] on 356400 units`
pub fn gain(goal: &Look) -> String {
    if !goal.counts() {
        return format!("{} of {} labelled units for a first look", goal.units, goal.first);
    }
    format!("gain in {} {} on {} units", goal.metric, bounds(goal), goal.units)
}

/// `0.002 [0.001, 0.004]`
pub fn bounds(goal: &Look) -> String {
    let bound = |bound: Option<f64>, none: &str| bound.map_or_else(|| none.to_string(), print::number);
    format!("{} [{}, {}]", print::number(goal.gain), bound(goal.low, "-inf"), bound(goal.high, "inf"))
}

fn sign(state: State) -> &'static str {
    match state {
        State::Running(_) => "▸",
        State::HeldBack(_) | State::Promoted => "✓",
        State::Stopped(_) => "✕",
    }
}

fn track(release: &Release) -> String {
    let place = |place: experiment::Place| match place.mark {
        Mark::Passed => format!("✓ {}", place.name),
        Mark::Here => format!("▸ {}", place.name),
        Mark::Stopped => format!("✕ {}", place.name),
        Mark::Ahead => place.name,
    };
    experiment::track(release).into_iter().map(place).collect::<Vec<_>>().join(" → ")
}

/// The interval above an axis with zero and the smallest gain that matters.
fn interval(goal: &Look) -> [String; 3] {
    let known = [Some(0.0), Some(goal.effect), Some(goal.gain), goal.low, goal.high];
    let known = || known.iter().flatten().copied();
    let (low, high) = (known().fold(f64::INFINITY, f64::min), known().fold(f64::NEG_INFINITY, f64::max));
    let place = |value: f64| {
        let share = (value - low) / (high - low).max(f64::MIN_POSITIVE);
        1 + (share * (AXIS - 3) as f64).round() as usize
    };
    let mut above = vec![' '; AXIS];
    let (from, to) = (goal.low.map_or(0, place), goal.high.map_or(AXIS - 1, place));
    above[from..=to].fill('—');
    above[from] = if goal.low.is_some() { '[' } else { '<' };
    above[to] = if goal.high.is_some() { ']' } else { '>' };
    above[place(goal.gain)] = '•';
    let mut axis = vec!['─'; AXIS];
    axis[place(goal.effect)] = '┊';
    axis[place(0.0)] = '┼';
    let text = |letters: Vec<char>| format!("  {}", letters.into_iter().collect::<String>().trim_end());
    [text(above), text(axis), text(marks(goal, place(0.0), place(goal.effect)))]
}

/// What stands below the axis.
fn marks(goal: &Look, zero: usize, effect: usize) -> Vec<char> {
    let mut below = vec![' '; AXIS];
    below[zero] = '0';
    let matters = format!("{} matters", print::number(goal.effect).trim_end_matches('0'));
    let from = effect.min(AXIS - matters.len());
    if from > zero + 1 {
        below.splice(from..from + matters.len(), matters.chars());
    }
    below
}

fn watched(look: &Looked) -> Vec<String> {
    let rules = experiment::rules(look);
    let facts = &look.facts;
    let mut lines = vec!["guardrails   treatment   control  at most more  tolerated  harm shown".to_string()];
    lines.extend(facts.guardrails.iter().map(|g| guardrail(g, &rules)));
    if facts.sample_ratios.is_empty() {
        lines.push("sample ratio: both versions answer the same rows".into());
    } else {
        lines.push("sample ratio   control  treatment      drawn  Bayes factor".into());
        lines.extend(facts.sample_ratios.iter().map(|s| ratio(s, &rules)));
    }
    lines
}

fn guardrail(guarded: &Guardrail, rules: &plan::Release) -> String {
    let found = experiment::guardrail(guarded, rules);
    let rate = |(bad, all): (u64, u64)| print::percent(bad as f64 / all.max(1) as f64);
    format!(
        "{} {:<10} {:>9} {:>9} {:>13} {:>10} {:>10.0}%  {found}",
        found.sign(),
        guarded.name,
        rate(guarded.treatment),
        rate(guarded.control),
        print::percent(guarded.high),
        print::percent(guarded.tolerance),
        (100.0 * experiment::evidence_share(guarded, rules)).floor()
    )
}

fn ratio(ratio: &SampleRatio, rules: &plan::Release) -> String {
    let found = experiment::sample_ratio(ratio, rules);
    format!(
        "{} {:<10} {:>9} {:>10} {:>10} {:>13}  {found}",
        found.sign(),
        ratio.join,
        ratio.control,
        ratio.treatment,
        print::percent(ratio.expected),
        experiment::bayes_factor(ratio.log_bayes_factor)
    )
}

fn decision(release: &Release) -> Vec<String> {
    let mut lines = match experiment::decided(release) {
        Some(look) => {
            vec![format!("decision   {}, {}: {}", look.decision, look.facts.now, look.decision.why())]
        }
        None => vec![format!("begun      {}", release.why)],
    };
    lines.extend(experiment::next(release).map(|next| format!("next       {next}")));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(gain: f64, low: Option<f64>, high: Option<f64>) -> Look {
        let (metric, method) = ("mae".into(), "always valid".into());
        Look { metric, method, gain, low, high, sd: 1.0, units: 900, first: 200, planned: 5_000, effect: 0.5 }
    }

    #[test]
    fn the_interval_stands_above_its_axis() {
        let drawn = interval(&look(0.3, Some(-0.4), Some(1.0))).join("\n");
        let expected = "   [————————————————————————————•———————————————————————————]
  ─────────────────┼────────────────────┊─────────────────────
                   0                    0.5 matters";
        assert_eq!(drawn, expected);
    }

    #[test]
    fn a_bound_that_is_not_known_is_open() {
        let drawn = interval(&look(0.3, None, Some(0.6)));
        assert!(drawn[0].starts_with("  <—") && drawn[0].ends_with(']'), "{}", drawn[0]);
        let drawn = interval(&look(0.0, None, None));
        assert!(drawn[0].ends_with('>'), "{}", drawn[0]);
    }

    #[test]
    fn too_few_units_say_how_many_are_wanted() {
        let few = Look { units: 100, ..look(0.3, Some(0.1), Some(0.5)) };
        assert_eq!(gain(&few), "100 of 200 labelled units for a first look");
    }
}
