//! The rule of a release: go on, step up, step back, promote or stop.
//!
//! Harm is looked for first and ends everything; then a broken experiment; then whether the step has shown what it is
//! for. A challenger that harms is stopped at any step; one that is merely not better is stopped at the last.

use super::{Arm, ExperimentFacts, Guardrail, Look, Phase, Step};
use crate::plan::{GateMode, Release};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A breaker that opened this often within a day sends the release one step back.
const OPENINGS: u64 = 2;

/// What the rule says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Decision {
    /// Nothing changes yet.
    Continue {
        /// What it waits for.
        why: String,
    },
    /// On to the next phase.
    Advance {
        /// Which.
        to: Phase,
        /// Why.
        why: String,
    },
    /// Back to an earlier phase.
    Back {
        /// Which.
        to: Phase,
        /// Why.
        why: String,
    },
    /// The challenger becomes the incumbent.
    Promote {
        /// Why.
        why: String,
    },
    /// The challenger is taken out; the incumbent serves everybody. After a hold-back: the experiment is over.
    Stop {
        /// The kind of reason.
        reason: Reason,
        /// The numbers.
        why: String,
    },
}

/// Why an experiment ended without a promotion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It does harm.
    Harm,
    /// The arms are not what was drawn; nothing measured can be trusted.
    SampleRatio,
    /// It is not better, or not by enough to be found.
    NotBetter,
    /// Its breaker kept opening at the first step.
    Unstable,
    /// The label window after the promotion is over.
    Done,
    /// A person, or a plan that changed.
    ByHand,
}

/// Decides, from the plan's `[release]` section, the gate's mode and the facts alone.
pub fn decide(rules: &Release, mode: GateMode, facts: &ExperimentFacts) -> Decision {
    if let Some(why) = harm(rules, facts) {
        return Decision::Stop { reason: Reason::Harm, why };
    }
    if facts.phase.step == Step::HoldBack {
        return hold_back(rules, facts);
    }
    if facts.breaker_openings >= OPENINGS {
        return back(rules, facts);
    }
    if let Some(why) = broken(rules, facts) {
        return Decision::Stop { reason: Reason::SampleRatio, why };
    }
    match facts.phase.next(rules) {
        Some(to) => step_up(rules, facts, to),
        None => conclude(rules, mode, facts),
    }
}

fn harm(rules: &Release, facts: &ExperimentFacts) -> Option<String> {
    let limit = -rules.harm_alpha.ln();
    if let Some(g) = facts.guardrails.iter().find(|g| g.log_evidence >= limit) {
        return Some(format!(
            "{}: {} of {} in treatment, {} of {} in control; more than {} above control",
            g.name,
            g.treatment.0,
            g.treatment.1,
            g.control.0,
            g.control.1,
            percent(g.tolerance)
        ));
    }
    let goal = facts.goal.as_ref().filter(|goal| goal.counts())?;
    let high = goal.high.filter(|high| *high < 0.0)?;
    Some(format!("{} is worse by {:.5} or more, on {} units", goal.metric, -high, goal.units))
}

fn broken(rules: &Release, facts: &ExperimentFacts) -> Option<String> {
    let limit = -rules.srm_alpha.ln();
    let off = facts.sample_ratios.iter().find(|s| s.blocks && s.log_bayes_factor >= limit)?;
    Some(format!(
        "{} units: {} in control and {} in treatment, where {} were to be in control",
        off.join,
        off.control,
        off.treatment,
        percent(off.expected)
    ))
}

fn back(rules: &Release, facts: &ExperimentFacts) -> Decision {
    let why = format!("its breaker opened {} times within 24 hours", facts.breaker_openings);
    match facts.phase.before(rules) {
        Some(to) => Decision::Back { to, why },
        None => Decision::Stop { reason: Reason::Unstable, why },
    }
}

fn step_up(rules: &Release, facts: &ExperimentFacts, to: Phase) -> Decision {
    let waits = [units(rules, facts), time(rules, facts, to), unsafe_yet(facts)];
    match waits.into_iter().flatten().next() {
        Some(why) => Decision::Continue { why },
        None => Decision::Advance {
            to,
            why: format!(
                "{} units and no harm: {}",
                facts.arm(Arm::Treatment).phase_units,
                facts.guardrails.iter().map(bound).collect::<Vec<_>>().join(", ")
            ),
        },
    }
}

/// The last phase: it promotes, stops, or waits for evidence.
fn conclude(rules: &Release, mode: GateMode, facts: &ExperimentFacts) -> Decision {
    let phase = facts.phase;
    let waits = [units(rules, facts), unsafe_yet(facts), long_enough(rules, facts)];
    if let Some(why) = waits.into_iter().flatten().next() {
        return Decision::Continue { why };
    }
    if phase.step == Step::Canary {
        return Decision::Promote { why: format!("{phase} showed no harm; the gate had shown the gain") };
    }
    let Some(goal) = facts.goal.as_ref().filter(|goal| goal.counts()) else {
        let (units, first) = facts.goal.as_ref().map_or((0, 0), |g| (g.units, g.first));
        return Decision::Continue { why: format!("{units} of {first} labelled units for a first look") };
    };
    evidence(rules, mode, goal)
}

fn evidence(rules: &Release, mode: GateMode, goal: &Look) -> Decision {
    let needed = match mode {
        GateMode::Superior => 0.0,
        GateMode::NonInferior => -goal.effect,
    };
    let low = goal.low.unwrap_or(f64::NEG_INFINITY);
    let numbers =
        format!("{} better by {:.5}, at least {low:.5}, on {} units", goal.metric, goal.gain, goal.units);
    if low > needed {
        return Decision::Promote { why: numbers };
    }
    let most = rules.most_units(goal.planned);
    if goal.units >= most {
        let why = format!("{numbers}; {most} units were planned");
        return Decision::Stop { reason: Reason::NotBetter, why };
    }
    Decision::Continue { why: format!("{numbers}; about {} more may settle it", most - goal.units) }
}

fn hold_back(rules: &Release, facts: &ExperimentFacts) -> Decision {
    let until = Timestamp(facts.since.0.saturating_add(rules.label_window().0));
    if facts.now < until {
        return Decision::Continue { why: format!("some units see the version before it until {until}") };
    }
    let why = "the label window after the promotion is over".into();
    Decision::Stop { reason: Reason::Done, why }
}

fn units(rules: &Release, facts: &ExperimentFacts) -> Option<String> {
    let (found, needed) = (facts.arm(Arm::Treatment).phase_units, rules.min_units);
    (found < needed).then(|| format!("{found} of {needed} units in {}", facts.phase))
}

/// The half is reached no earlier than a day after the first step: what is wrong at night shows at night.
fn time(rules: &Release, facts: &ExperimentFacts, to: Phase) -> Option<String> {
    let needed = if to.step == Step::Ab { rules.before_half } else { rules.min_time };
    waits_until(facts, needed.0, to)
}

fn long_enough(rules: &Release, facts: &ExperimentFacts) -> Option<String> {
    let needed = if facts.phase.step == Step::Ab { rules.ab_time } else { rules.min_time };
    waits_until(facts, needed.0, "a decision")
}

fn waits_until(facts: &ExperimentFacts, needed: i64, what: impl fmt::Display) -> Option<String> {
    let until = Timestamp(facts.since.0.saturating_add(needed));
    (facts.now < until).then(|| format!("{what} no earlier than {until}"))
}

/// A guardrail that could still be broken without having been noticed.
fn unsafe_yet(facts: &ExperimentFacts) -> Option<String> {
    let open = facts.guardrails.iter().find(|g| g.high >= g.tolerance)?;
    Some(format!("{}; {} are tolerated", bound(open), percent(open.tolerance)))
}

fn bound(guardrail: &Guardrail) -> String {
    format!("{} at most {} more than control", guardrail.name, percent(guardrail.high))
}

fn percent(share: f64) -> String {
    format!("{:.2}%", 100.0 * share)
}

impl Decision {
    /// The words behind it.
    pub fn why(&self) -> &str {
        match self {
            Decision::Continue { why }
            | Decision::Advance { why, .. }
            | Decision::Back { why, .. }
            | Decision::Promote { why }
            | Decision::Stop { why, .. } => why,
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Decision::Continue { .. } => f.write_str("continue"),
            Decision::Advance { to, .. } => write!(f, "on to {to}"),
            Decision::Back { to, .. } => write!(f, "back to {to}"),
            Decision::Promote { .. } => f.write_str("promote"),
            Decision::Stop { reason, .. } => write!(f, "stop: {reason}"),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reason::Harm => "harm",
            Reason::SampleRatio => "sample-ratio mismatch",
            Reason::NotBetter => "not better",
            Reason::Unstable => "unstable",
            Reason::Done => "done",
            Reason::ByHand => "by hand",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{ArmFacts, ExperimentId, Pairs, SampleRatio};
    use crate::model::VersionId;
    use crate::plan::Span;
    use crate::time::{DAY, HOUR};
    use proptest::prelude::*;

    fn rules() -> Release {
        let steps = ["shadow", "canary", "ab"].map(str::to_string).to_vec();
        Release { steps, ..Release::default() }
    }

    fn guardrail(log_evidence: f64, high: f64) -> Guardrail {
        let pairs = Pairs { worse: 2, same: 1_990, better: 1 };
        let (control, treatment, tolerance) = ((1, 2_000), (2, 2_000), 0.01);
        Guardrail { name: "errors".into(), control, treatment, pairs, tolerance, log_evidence, high }
    }

    fn look(low: f64, high: f64, units: u64) -> Look {
        Look {
            metric: "log_loss".into(),
            method: "always valid".into(),
            gain: 0.5 * (low + high),
            low: Some(low),
            high: Some(high),
            sd: 0.4,
            units,
            first: 200,
            planned: 5_000,
            effect: 0.01,
        }
    }

    fn facts(step: Step, treatment: f64) -> ExperimentFacts {
        let arm = |arm, name: &str| ArmFacts {
            arm,
            version: VersionId(name.into()),
            units: 3_000,
            phase_units: 2_000,
            rows: 3_000,
            fallen_back: 2,
            labelled: 2_500,
            mean: Some(0.3),
        };
        ExperimentFacts {
            experiment: ExperimentId("1".into()),
            phase: Phase { step, treatment },
            since: Timestamp(0),
            now: Timestamp(8 * DAY),
            arms: [arm(Arm::Control, "a"), arm(Arm::Treatment, "b")],
            goal: Some(look(-0.01, 0.02, 4_000)),
            guardrails: vec![guardrail(-3.0, 0.004)],
            sample_ratios: vec![],
            breaker_openings: 0,
            without_unit: 0,
            dropped: 0,
        }
    }

    fn says(facts: &ExperimentFacts) -> String {
        decide(&rules(), GateMode::Superior, facts).to_string()
    }

    #[test]
    fn a_harmless_challenger_goes_from_step_to_step() {
        assert_eq!(says(&facts(Step::Shadow, 0.0)), "on to canary at 1%");
        assert_eq!(says(&facts(Step::Canary, 0.01)), "on to canary at 5%");
        assert_eq!(says(&facts(Step::Canary, 0.2)), "on to A/B at 50%");
    }

    #[test]
    fn a_step_waits_for_units_time_and_safety() {
        let canary = facts(Step::Canary, 0.01);
        let mut few = canary.clone();
        few.arms[1].phase_units = 999;
        assert_eq!(decide(&rules(), GateMode::Superior, &few).why(), "999 of 1000 units in canary at 1%");
        let early = ExperimentFacts { now: Timestamp(HOUR - 1), ..canary.clone() };
        assert_eq!(says(&early), "continue");
        let night = ExperimentFacts { phase: Phase { step: Step::Canary, treatment: 0.2 }, ..canary.clone() };
        let night = ExperimentFacts { now: Timestamp(DAY - 1), ..night };
        assert_eq!(says(&night), "continue");
        let unsafe_yet = ExperimentFacts { guardrails: vec![guardrail(-1.0, 0.01)], ..canary };
        assert_eq!(says(&unsafe_yet), "continue");
    }

    #[test]
    fn harm_stops_at_any_step_and_before_anything_else() {
        for (step, share) in
            [(Step::Shadow, 0.0), (Step::Canary, 0.01), (Step::Ab, 0.5), (Step::HoldBack, 0.95)]
        {
            let mut harmed = facts(step, share);
            harmed.breaker_openings = 9;
            harmed.guardrails = vec![guardrail(4.7, 0.3)];
            assert_eq!(says(&harmed), "stop: harm", "{step}");
            harmed.guardrails = vec![guardrail(-3.0, 0.004)];
            harmed.goal = Some(look(-0.05, -0.001, 4_000));
            assert_eq!(says(&harmed), "stop: harm", "{step}");
        }
    }

    #[test]
    fn bounds_on_too_few_units_mean_nothing() {
        let mut early = facts(Step::Ab, 0.5);
        early.goal = Some(look(-0.05, -0.001, 199));
        assert_eq!(says(&early), "continue");
        early.goal = Some(look(0.01, 0.02, 199));
        assert_eq!(says(&early), "continue");
    }

    #[test]
    fn the_half_promotes_stops_or_waits() {
        let at = |low, high, units| {
            says(&ExperimentFacts { goal: Some(look(low, high, units)), ..facts(Step::Ab, 0.5) })
        };
        assert_eq!(at(0.001, 0.02, 4_000), "promote");
        assert_eq!(at(-0.001, 0.02, 4_000), "continue");
        assert_eq!(at(-0.001, 0.02, 10_000), "stop: not better");
        let mut early = facts(Step::Ab, 0.5);
        early.goal = Some(look(0.001, 0.02, 4_000));
        early.now = Timestamp(7 * DAY - 1);
        assert_eq!(says(&early), "continue");
    }

    #[test]
    fn not_worse_is_enough_where_the_gate_says_so() {
        let facts = ExperimentFacts { goal: Some(look(-0.009, 0.02, 4_000)), ..facts(Step::Ab, 0.5) };
        assert_eq!(decide(&rules(), GateMode::NonInferior, &facts).to_string(), "promote");
        assert_eq!(decide(&rules(), GateMode::Superior, &facts).to_string(), "continue");
    }

    #[test]
    fn a_broken_draw_ends_the_experiment_and_lost_exposures_do_not() {
        let ratio = |blocks| SampleRatio {
            join: "labelled".into(),
            control: 3_000,
            treatment: 2_500,
            expected: 0.5,
            log_bayes_factor: 20.0,
            blocks,
        };
        let broken = |blocks| {
            says(&ExperimentFacts { sample_ratios: vec![ratio(blocks)], ..facts(Step::Canary, 0.05) })
        };
        assert_eq!(broken(true), "stop: sample-ratio mismatch");
        assert_eq!(broken(false), "on to canary at 20%");
    }

    #[test]
    fn a_breaker_that_keeps_opening_sends_it_back() {
        let opened =
            |step, treatment| says(&ExperimentFacts { breaker_openings: 2, ..facts(step, treatment) });
        assert_eq!(opened(Step::Canary, 0.05), "back to canary at 1%");
        assert_eq!(opened(Step::Ab, 0.5), "back to canary at 20%");
        assert_eq!(opened(Step::Shadow, 0.0), "stop: unstable");
    }

    #[test]
    fn steps_that_are_left_out_are_not_waited_for() {
        let only = |step: &str, facts: &ExperimentFacts| {
            let rules = Release { steps: vec![step.into()], ramp: vec![0.05], ..rules() };
            decide(&rules, GateMode::Superior, facts).to_string()
        };
        assert_eq!(only("canary", &facts(Step::Canary, 0.05)), "promote");
        let better = ExperimentFacts { goal: Some(look(0.001, 0.02, 4_000)), ..facts(Step::Shadow, 0.0) };
        assert_eq!(only("shadow", &better), "promote");
        assert_eq!(only("shadow", &facts(Step::Shadow, 0.0)), "continue");
    }

    #[test]
    fn a_hold_back_lasts_one_label_window() {
        let held = |days: i64| {
            let rules = Release { label_window: Some(Span(7 * DAY)), ..rules() };
            let facts = ExperimentFacts { now: Timestamp(days * DAY), ..facts(Step::HoldBack, 0.95) };
            decide(&rules, GateMode::Superior, &facts).to_string()
        };
        assert_eq!((held(6), held(7)), ("continue".into(), "stop: done".into()));
    }

    proptest! {
        #[test]
        fn what_is_worse_is_never_promoted(low in -1.0..1.0f64, width in 0.0..1.0f64, units in 0u64..20_000, evidence in -5.0..9.0f64) {
            let mut facts = facts(Step::Ab, 0.5);
            facts.goal = Some(look(low, low + width, units));
            facts.guardrails = vec![guardrail(evidence, 0.004)];
            let decision = decide(&rules(), GateMode::Superior, &facts);
            if low <= 0.0 || units < 200 || evidence >= -(0.01_f64).ln() {
                let promoted = matches!(decision, Decision::Promote { .. });
                prop_assert!(!promoted);
            }
        }
    }
}
