//! The gate: whether a challenger takes the incumbent's place, from facts alone.
//!
//! Not here: running models or computing statistics of rows; [`Facts`] come measured. The rule reads the
//! plan's `[gate]` section and the facts, and nothing else, so that every past verdict can be replayed.
//! Invariant: a gate that lacks evidence says how many rows are missing; it never guesses.

mod checks;
mod cost;
mod facts;

pub use facts::{Comparison, Cost, Estimate, Facts, Leak, Ledger, Margin, Resource, SliceFact};

use crate::plan::Gate;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What the gate says, and the checks that led there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Ship, do not, or not enough evidence.
    pub decision: Decision,
    /// Every rule that was asked, in order.
    pub checks: Vec<Check>,
}

/// The three answers of a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// The challenger ships.
    Pass,
    /// It does not.
    Fail,
    /// Not enough evidence either way.
    Inconclusive,
}

/// What one rule found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// The rule: `primary`, `baseline`, `guardrail accuracy`, `slice job=student`, `leakage`, `ledger`, ...
    pub rule: String,
    /// What it says of the challenger.
    pub decision: Decision,
    /// Whether it is worth a look although it does not block.
    pub warning: bool,
    /// The numbers, in a sentence.
    pub found: String,
    /// How many more labelled rows would settle it, where rows are what is missing.
    pub missing_rows: Option<u64>,
    /// What to do about it.
    pub hint: Option<String>,
}

/// Judges a challenger.
///
/// It passes when every check passes: enough rows; clean of leakage; the primary metric superior (or
/// non-inferior, where the plan asks for that); every guardrail non-inferior; no slice shown to be harmed;
/// everything that the plan's budget bounds within it; evidence left in the ledger. Any failed check fails it; otherwise any open check leaves it inconclusive.
/// Guardrails are an intersection-union test and need no correction of alpha.
pub fn judge(rules: &Gate, facts: &Facts) -> Verdict {
    let mut checks = vec![checks::leakage(facts), checks::rows(rules, facts)];
    checks.push(checks::primary(rules, facts));
    checks.extend(checks::baseline(rules, facts));
    checks.extend(facts.guardrails.iter().map(|g| checks::guardrail(rules, g)));
    checks.extend(checks::slices(rules, facts));
    checks.extend(facts.costs.iter().map(cost::cost));
    checks.push(checks::holdout(rules, facts));
    checks.push(checks::ledger(rules, facts));
    Verdict { decision: combine(&checks), checks }
}

fn combine(checks: &[Check]) -> Decision {
    if checks.iter().any(|c| c.decision == Decision::Fail) {
        Decision::Fail
    } else if checks.iter().any(|c| c.decision == Decision::Inconclusive) {
        Decision::Inconclusive
    } else {
        Decision::Pass
    }
}

impl Verdict {
    /// The largest number of rows that any check still asks for.
    pub fn missing_rows(&self) -> Option<u64> {
        self.checks.iter().filter_map(|c| c.missing_rows).max()
    }

    /// The checks that keep the challenger out.
    pub fn reasons(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|c| c.decision != Decision::Pass)
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Decision::Pass => "pass",
            Decision::Fail => "fail",
            Decision::Inconclusive => "not enough evidence",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::VersionId;
    use crate::plan::GateMode;
    use proptest::prelude::*;

    fn comparison(gain: f64, se: f64, rows: u64) -> Comparison {
        let around =
            |value: f64, reach: f64| Estimate { value, low: value - reach, high: value + reach, rows };
        Comparison {
            metric: "log_loss".into(),
            method: "paired t".into(),
            incumbent: around(0.3, 0.01),
            challenger: around(0.3 - gain, 0.01),
            gain: around(gain, 2.0 * se),
            se,
            df: Some(rows as f64 - 1.0),
            p_superior: None,
            sd: se * (rows as f64).sqrt(),
            units: rows,
            disagreement: 0.1,
            margin: 0.01,
        }
    }

    fn facts(primary: Comparison) -> Facts {
        let id = |name: &str| VersionId(name.repeat(64));
        Facts {
            challenger: id("c"),
            incumbent: id("b"),
            baseline: id("a"),
            data: "rows".into(),
            time_forward: true,
            rows: primary.gain.rows,
            identical: false,
            margin: Margin { value: 0.005, from: "the plan".into() },
            costs: Vec::new(),
            primary,
            against_baseline: None,
            guardrails: Vec::new(),
            slices: Vec::new(),
            leaks: Vec::new(),
            ledger: Ledger::default(),
        }
    }

    fn check(facts: &Facts, decision: Decision, rule: &str) -> Check {
        let verdict = judge(&Gate::default(), facts);
        assert_eq!(verdict.decision, decision, "{verdict:#?}");
        let found = verdict.checks.iter().find(|c| c.rule == rule).expect(rule);
        found.clone()
    }

    #[test]
    fn a_clear_gain_passes() {
        let verdict = judge(&Gate::default(), &facts(comparison(0.02, 0.002, 5_000)));
        assert_eq!(verdict.decision, Decision::Pass, "{verdict:#?}");
        assert_eq!(verdict.missing_rows(), None);
    }

    #[test]
    fn a_clear_loss_fails() {
        check(&facts(comparison(-0.02, 0.002, 5_000)), Decision::Fail, "primary");
    }

    #[test]
    fn a_copy_of_the_incumbent_fails() {
        let mut copy = facts(comparison(0.0, 0.0, 5_000));
        copy.identical = true;
        let check = check(&copy, Decision::Fail, "primary");
        assert!(check.found.contains("answers like the incumbent on all 5000 rows"), "{check:?}");
    }

    #[test]
    fn few_rows_are_told_how_many_are_missing() {
        let check = check(&facts(comparison(0.02, 0.02, 50)), Decision::Inconclusive, "rows");
        // 50 of the 200 asked; the effect itself needs (2.486 * 0.1414 / 0.02)^2 = 310 rows.
        assert_eq!(check.missing_rows, Some(260));
    }

    #[test]
    fn an_open_interval_asks_for_the_rows_of_the_power_formula() {
        let open = facts(comparison(0.005, 0.01, 1_000));
        let check = check(&open, Decision::Inconclusive, "primary");
        let sd = 0.01 * 1_000f64.sqrt();
        let planned = (2.486_474_860_520_5 * sd / 0.005f64).powi(2).ceil() as u64;
        assert_eq!(check.missing_rows, Some(planned - 1_000));
    }

    #[test]
    fn a_best_case_below_the_margin_fails_rather_than_asks_for_more() {
        check(&facts(comparison(0.001, 0.001, 5_000)), Decision::Fail, "primary");
    }

    #[test]
    fn non_inferiority_ships_what_is_as_good() {
        let rules = Gate { mode: GateMode::NonInferior, ..Gate::default() };
        let close = facts(comparison(0.0, 0.001, 5_000));
        assert_eq!(judge(&rules, &close).decision, Decision::Pass);
        assert_eq!(judge(&Gate::default(), &close).decision, Decision::Fail);
    }

    #[test]
    fn a_guardrail_keeps_out_what_the_primary_lets_in() {
        let mut costly = facts(comparison(0.02, 0.002, 5_000));
        costly.guardrails.push(Comparison { metric: "accuracy".into(), ..comparison(-0.05, 0.002, 5_000) });
        check(&costly, Decision::Fail, "guardrail accuracy");
    }

    #[test]
    fn a_leak_fails_whatever_the_numbers() {
        let mut leaky = facts(comparison(0.2, 0.002, 5_000));
        leaky.leaks.push(Leak { check: "one feature".into(), found: "duration".into(), blocks: true });
        check(&leaky, Decision::Fail, "leakage");
    }

    #[test]
    fn one_harmed_slice_of_many_blocks_only_when_harm_is_shown() {
        let slice = |name: &str, gain, se| SliceFact {
            slice: name.into(),
            declared: true,
            comparison: comparison(gain, se, 300),
        };
        let mut facts = facts(comparison(0.02, 0.002, 5_000));
        facts.slices = (0..20).map(|i| slice(&format!("job={i}"), -0.012, 0.008)).collect();
        assert_eq!(judge(&Gate::default(), &facts).decision, Decision::Pass);
        facts.slices.push(slice("job=student", -0.1, 0.005));
        check(&facts, Decision::Fail, "slice job=student");
    }

    #[test]
    fn the_ledger_asks_for_more_after_many_tries() {
        let mut fifth = facts(comparison(0.02, 0.005, 5_000));
        assert_eq!(judge(&Gate::default(), &fifth).decision, Decision::Pass);
        fifth.ledger = Ledger { decisions: 400, passed: 0, queries: 0 };
        check(&fifth, Decision::Inconclusive, "ledger");
    }

    #[test]
    fn worn_out_rows_decide_nothing() {
        let mut worn = facts(comparison(0.02, 0.002, 5_000));
        worn.ledger.queries = 20;
        check(&worn, Decision::Inconclusive, "holdout");
    }

    proptest! {
        #[test]
        fn more_gain_never_turns_a_pass_into_anything_else(gain in -0.05..0.05f64, more in 0.0..0.05f64, se in 1e-4..0.02f64) {
            let of = |gain| judge(&Gate::default(), &facts(comparison(gain, se, 5_000))).decision;
            prop_assert!(of(gain) != Decision::Pass || of(gain + more) == Decision::Pass);
        }

        #[test]
        fn an_inconclusive_verdict_says_what_is_missing(gain in -0.05..0.05f64, se in 1e-4..0.05f64, rows in 10..10_000u64) {
            let verdict = judge(&Gate::default(), &facts(comparison(gain, se, rows)));
            if verdict.decision == Decision::Inconclusive {
                prop_assert!(verdict.missing_rows().is_some_and(|n| n > 0), "{:#?}", verdict);
            }
        }
    }
}
