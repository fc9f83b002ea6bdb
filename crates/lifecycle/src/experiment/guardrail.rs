//! What may not get worse: failures and slow answers of the challenger, in pairs with the incumbent's.
//!
//! In shadow both answer the same row; otherwise the k-th row of one arm is paired with the k-th of the other, in the
//! order of time. Invariant: a row that fell back counts against the arm that it was assigned to.

use super::collect::{Row, Traffic};
use crate::StageError;
use domain::Arm;
use domain::experiment::{Guardrail, Pairs};
use domain::plan::Release;
use stats::sequential::{HarmCounts, HarmLimit};

/// A row's two answers to "was it bad?": control's and treatment's.
type Bad = (Vec<bool>, Vec<bool>);

/// Every guardrail, on the rows of this phase's kind.
pub fn guardrails(rules: &Release, traffic: &Traffic, shadow: bool) -> Result<Vec<Guardrail>, StageError> {
    let slo = u64::try_from(rules.slo.map_or(i64::MAX, |slo| slo.0)).unwrap_or(u64::MAX);
    let failed = |row: &Row| !row.intended;
    let slow = |row: &Row| row.latency_us > slo;
    let (errors, late) = if shadow {
        let failed_shadow = |row: &Row| row.shadow.as_ref().is_some_and(|s| s.answer.is_err());
        let slow_shadow = |row: &Row| row.shadow.as_ref().is_some_and(|s| s.latency_us > slo);
        (both(traffic, failed, failed_shadow), both(traffic, slow, slow_shadow))
    } else {
        (by_arm(traffic, failed), by_arm(traffic, slow))
    };
    Ok(vec![
        guardrail("errors", &errors, rules.errors, rules.harm_alpha)?,
        guardrail("slow", &late, rules.slow, rules.harm_alpha)?,
    ])
}

fn both(traffic: &Traffic, control: impl Fn(&Row) -> bool, treatment: impl Fn(&Row) -> bool) -> Bad {
    let rows = || traffic.rows.iter().filter(|row| row.shadow.is_some());
    (rows().map(control).collect(), rows().map(treatment).collect())
}

fn by_arm(traffic: &Traffic, bad: impl Fn(&Row) -> bool) -> Bad {
    let of = |arm: Arm| {
        let rows = traffic.rows.iter().filter(|row| row.in_arm(arm));
        rows.map(&bad).collect()
    };
    (of(Arm::Control), of(Arm::Treatment))
}

fn guardrail(name: &str, bad: &Bad, tolerance: f64, alpha: f64) -> Result<Guardrail, StageError> {
    let (control, treatment) = bad;
    let count = |bad: &[bool]| (bad.iter().filter(|b| **b).count() as u64, bad.len() as u64);
    let mut pairs = Pairs::default();
    for (control, treatment) in control.iter().zip(treatment) {
        match (control, treatment) {
            (false, true) => pairs.worse += 1,
            (true, false) => pairs.better += 1,
            _ => pairs.same += 1,
        }
    }
    judged(name, pairs, (count(control), count(treatment)), tolerance, alpha)
}

/// The guardrail of these pairs: how strong the evidence of harm is, and how much harm there may still be.
pub fn judged(
    name: &str,
    pairs: Pairs,
    counts: ((u64, u64), (u64, u64)),
    tolerance: f64,
    alpha: f64,
) -> Result<Guardrail, StageError> {
    let bad = |why: stats::BadInput| StageError::Measure { metric: name.into(), why: why.to_string() };
    let seen = HarmCounts { worse: pairs.worse, same: pairs.same, better: pairs.better };
    let limit = HarmLimit::new(tolerance).map_err(bad)?;
    let high = if seen.pairs() == 0 { 1.0 } else { HarmLimit::highest_excess(seen, alpha).map_err(bad)? };
    let log_evidence = limit.log_e_value(seen);
    Ok(Guardrail {
        name: name.into(),
        control: counts.0,
        treatment: counts.1,
        pairs,
        tolerance,
        log_evidence,
        high,
    })
}
