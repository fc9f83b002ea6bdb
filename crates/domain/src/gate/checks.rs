//! The gate's rules, one function each: facts in, a [`Check`] out.

use super::{Check, Comparison, Decision, Facts, SliceFact};
use crate::plan::{Gate, GateMode};
use stats::budget::EvidenceLedger;
use stats::distribution::{normal_cdf, normal_quantile, t_cdf, t_quantile};
use stats::multiplicity::{Adjustment, adjust};

/// No sign of leakage that blocks.
pub fn leakage(facts: &Facts) -> Check {
    let blocking: Vec<&str> = facts.leaks.iter().filter(|l| l.blocks).map(|l| l.found.as_str()).collect();
    if !blocking.is_empty() {
        let hint = "drop the column, or split so that no row, entity or later fact stands on both sides";
        return check("leakage", Decision::Fail, blocking.join("; ")).hint(hint);
    }
    let notes: Vec<&str> = facts.leaks.iter().map(|l| l.found.as_str()).collect();
    let mut clean = check("leakage", Decision::Pass, "no row, entity or column tells the answer".into());
    if !notes.is_empty() {
        clean.warning = true;
        clean.found = notes.join("; ");
    }
    clean
}

/// At least `gate.min_rows` rows.
pub fn rows(rules: &Gate, facts: &Facts) -> Check {
    if facts.rows >= rules.min_rows {
        return check(
            "rows",
            Decision::Pass,
            format!("{} rows, at least {} asked", facts.rows, rules.min_rows),
        );
    }
    let found = format!("{} labelled rows; the plan asks for {}", facts.rows, rules.min_rows);
    let missing = rules.min_rows - facts.rows;
    check("rows", Decision::Inconclusive, found)
        .missing(missing.max(rows_to_decide(rules, facts).unwrap_or(0)))
        .hint("collect outcomes, or lower gate.min_rows")
}

/// The primary metric: superior, or non-inferior where the plan asks for no more.
pub fn primary(rules: &Gate, facts: &Facts) -> Check {
    if facts.identical {
        let found = format!("answers like the incumbent on all {} rows: nothing to gain", facts.rows);
        return check("primary", Decision::Fail, found).hint("train on newer rows or with another trainer");
    }
    let needed = match rules.mode {
        GateMode::Superior => 0.0,
        GateMode::NonInferior => -facts.margin.value,
    };
    bound(rules, facts, needed)
}

/// The challenger must not lose to the baseline either, whatever the incumbent has come to.
pub fn baseline(rules: &Gate, facts: &Facts) -> Option<Check> {
    let c = facts.against_baseline.as_ref()?;
    let (low, high) = one_sided(rules, c);
    let found = sentence("baseline", c, low, high);
    Some(if low > 0.0 {
        check("baseline", Decision::Pass, found)
    } else if high < 0.0 {
        check("baseline", Decision::Fail, found).hint("a model that loses to its baseline helps nobody")
    } else {
        check("baseline", Decision::Inconclusive, found).missing(missing_rows(rules, c, c.gain.value.abs()))
    })
}

/// A guardrail metric may not be shown, or suspected, to be worse by more than its margin.
pub fn guardrail(rules: &Gate, c: &Comparison) -> Check {
    let rule = format!("guardrail {}", c.metric);
    let (low, high) = one_sided(rules, c);
    let found =
        format!("{}, at most {} worse allowed", sentence("incumbent", c, low, high), digits(c.margin));
    if low > -c.margin {
        check(&rule, Decision::Pass, found)
    } else if high < -c.margin {
        check(&rule, Decision::Fail, found).hint("the primary metric improved at this one's cost")
    } else {
        check(&rule, Decision::Inconclusive, found).missing(missing_rows(rules, c, c.margin + c.gain.value))
    }
}

/// A slice blocks only when harm is shown: Holm-adjusted, and larger than twice the margin.
///
/// Asking for non-inferiority in every slice would fail most good challengers.
pub fn slices(rules: &Gate, facts: &Facts) -> Vec<Check> {
    if facts.slices.is_empty() {
        return Vec::new();
    }
    let harm: Vec<f64> = facts.slices.iter().map(|s| p_below(&s.comparison, 0.0)).collect();
    let adjusted = |how| adjust(&harm, how).expect("p-values come from a distribution function");
    let (strict, loose) = (adjusted(Adjustment::Holm), adjusted(Adjustment::BenjaminiHochberg));
    let limit = 2.0 * facts.margin.value;
    let mut checks = Vec::new();
    for ((slice, strict), loose) in facts.slices.iter().zip(strict).zip(loose) {
        let worse = -slice.comparison.gain.value;
        if strict < rules.alpha && worse > limit {
            checks.push(harmed(slice, strict, limit));
        } else if loose < 0.1 && worse > 0.0 {
            let found =
                format!("worse by {} on {} rows (BH q {})", digits(worse), slice.rows(), digits(loose));
            let mut warning = check(&format!("slice {}", slice.slice), Decision::Pass, found);
            warning.warning = true;
            checks.push(warning);
        }
    }
    if checks.is_empty() {
        let found = format!("{} slices looked at, none shown to be harmed", facts.slices.len());
        checks.push(check("slices", Decision::Pass, found));
    }
    checks
}

/// Rows wear out: each challenger that asks them learns a little of them.
pub fn holdout(rules: &Gate, facts: &Facts) -> Check {
    let asked = facts.ledger.queries + 1;
    let rows = match facts.time_forward {
        true => "rows later than all that either was trained on",
        false => "rows drawn at random, as old as those trained on",
    };
    let found = format!("{rows}; asked {asked} of at most {} times", rules.holdout_queries);
    if asked <= rules.holdout_queries {
        return check("holdout", Decision::Pass, found);
    }
    let spent = check("holdout", Decision::Inconclusive, found);
    spent.missing(facts.rows).hint("bring rows that no challenger was judged on")
}

/// The evidence ledger: e-LOND over every gate decision of this model's life (Xu & Ramdas 2024), so that
/// of all that ever ship, at most a share `alpha` is expected not to be better, however they depend.
///
/// The e-value is the Gaussian likelihood ratio exp(lambda z - lambda^2 / 2) at the effect that the test
/// was planned for, lambda = z(1-alpha) + z(power): valid where the paired mean is close to normal.
pub fn ledger(rules: &Gate, facts: &Facts) -> Check {
    let needed = match rules.mode {
        GateMode::Superior => 0.0,
        GateMode::NonInferior => -facts.margin.value,
    };
    let log_e = log_evidence(rules, &facts.primary, needed);
    let threshold = match EvidenceLedger::resume(rules.alpha, facts.ledger.decisions, facts.ledger.passed) {
        Ok(ledger) => -ledger.level().ln(),
        Err(bad) => return check("ledger", Decision::Inconclusive, bad.to_string()),
    };
    let found = format!(
        "decision {} of this model, {} passed before: log e-value {} where {} is asked",
        facts.ledger.decisions + 1,
        facts.ledger.passed,
        digits(log_e),
        digits(threshold)
    );
    if log_e >= threshold {
        return check("ledger", Decision::Pass, found);
    }
    // What is short of the ledger is short of rows too, unless the metric itself has failed.
    let c = &facts.primary;
    let effect = (c.gain.value - needed).max(facts.margin.value);
    let lambda = planned(rules);
    let z = (threshold + lambda * lambda / 2.0) / lambda + normal_quantile(rules.power);
    let rows = rows_for(c, z, effect).saturating_sub(c.gain.rows);
    check("ledger", Decision::Inconclusive, found).missing(rows)
}

fn bound(rules: &Gate, facts: &Facts, needed: f64) -> Check {
    let c = &facts.primary;
    let (low, high) = one_sided(rules, c);
    let mut found = sentence("incumbent", c, low, high);
    if rules.mode == GateMode::NonInferior {
        found += &format!("; at most {} worse allowed ({})", digits(facts.margin.value), facts.margin.from);
    }
    // Where an exact test of superiority exists, it decides instead of the normal bound.
    let shown = match c.p_superior {
        Some(p) if rules.mode == GateMode::Superior => p < rules.alpha,
        _ => low > needed,
    };
    if shown {
        return check("primary", Decision::Pass, found);
    }
    if high < needed {
        return check("primary", Decision::Fail, found).hint("keep the incumbent");
    }
    if rules.mode == GateMode::Superior && high < facts.margin.value {
        found += &format!(
            "; even the best case gains less than {} ({})",
            digits(facts.margin.value),
            facts.margin.from
        );
        return check("primary", Decision::Fail, found)
            .hint("keep the incumbent, or ask for mode = \"non-inferior\"");
    }
    let hint = "collect outcomes; label first where the two disagree, agreeing rows add nothing";
    let missing = rows_to_decide(rules, facts).unwrap_or(1).max(1);
    check("primary", Decision::Inconclusive, found).missing(missing).hint(hint)
}

fn harmed(slice: &SliceFact, p: f64, limit: f64) -> Check {
    let worse = digits(-slice.comparison.gain.value);
    let rows = slice.rows();
    let found = format!(
        "worse by {worse} on {rows} rows (Holm p {}), more than {} allowed",
        digits(p),
        digits(limit)
    );
    check(&format!("slice {}", slice.slice), Decision::Fail, found)
        .hint("look at these rows, or give the slice more training rows")
}

/// How many rows more than there are would settle the primary metric at the planned power.
fn rows_to_decide(rules: &Gate, facts: &Facts) -> Option<u64> {
    let c = &facts.primary;
    let effect = match rules.mode {
        GateMode::Superior => c.gain.value.abs().max(facts.margin.value),
        GateMode::NonInferior => c.gain.value + facts.margin.value,
    };
    (effect > 0.0).then(|| missing_rows(rules, c, effect))
}

fn missing_rows(rules: &Gate, c: &Comparison, effect: f64) -> u64 {
    rows_for(c, planned(rules), effect).saturating_sub(c.gain.rows).max(1)
}

/// n = (z sd / effect)^2, in rows: clusters count as their mean size.
fn rows_for(c: &Comparison, z: f64, effect: f64) -> u64 {
    if effect <= 0.0 || !effect.is_finite() {
        return c.gain.rows.max(1).saturating_mul(4);
    }
    // A cast of an astronomic float saturates; a table that long is a fair answer to a tiny effect.
    let units = (z * c.sd / effect).powi(2).ceil() as u64;
    let size = c.gain.rows as f64 / c.units.max(1) as f64;
    (units as f64 * size).ceil() as u64
}

fn planned(rules: &Gate) -> f64 {
    normal_quantile(1.0 - rules.alpha) + normal_quantile(rules.power)
}

fn log_evidence(rules: &Gate, c: &Comparison, needed: f64) -> f64 {
    let lambda = planned(rules);
    let shift = c.gain.value - needed;
    if c.se == 0.0 {
        return if shift > 0.0 { f64::MAX } else { 0.0 };
    }
    // A t statistic is brought to the z of the same tail, so that few clusters do not look like many.
    let z = match c.df {
        Some(df) => z_of_t(shift / c.se, df),
        None => shift / c.se,
    };
    lambda * z - lambda * lambda / 2.0
}

fn z_of_t(t: f64, df: f64) -> f64 {
    // Far out both tails vanish in f64; there the statistic itself, shrunk, stands in.
    let tail = t_cdf(-t.abs(), df);
    if tail < 1e-300 { t.signum() * 37.0_f64.min(t.abs()) } else { -t.signum() * normal_quantile(tail) }
}

fn one_sided(rules: &Gate, c: &Comparison) -> (f64, f64) {
    let z = c.df.map_or_else(|| normal_quantile(1.0 - rules.alpha), |df| t_quantile(1.0 - rules.alpha, df));
    (c.gain.value - z * c.se, c.gain.value + z * c.se)
}

/// The one-sided p-value of "the gain is at least `at`".
fn p_below(c: &Comparison, at: f64) -> f64 {
    let shift = c.gain.value - at;
    if c.se == 0.0 {
        return if shift < 0.0 { 0.0 } else { 1.0 };
    }
    match c.df {
        Some(df) => t_cdf(shift / c.se, df),
        None => normal_cdf(shift / c.se),
    }
}

fn sentence(other: &str, c: &Comparison, low: f64, high: f64) -> String {
    format!(
        "{} {} against the {other}'s {}: gain {} (one-sided bounds {} to {}, {}, {} rows)",
        c.metric,
        digits(c.challenger.value),
        digits(c.incumbent.value),
        digits(c.gain.value),
        digits(low),
        digits(high),
        c.method,
        c.gain.rows
    )
}

/// Four significant digits: what a person compares.
fn digits(x: f64) -> String {
    if x == 0.0 || !x.is_finite() {
        return format!("{x}");
    }
    let decimals = (3 - x.abs().log10().floor() as i32).clamp(0, 12) as usize;
    format!("{x:.decimals$}")
}

fn check(rule: &str, decision: Decision, found: String) -> Check {
    Check { rule: rule.into(), decision, warning: false, found, missing_rows: None, hint: None }
}

impl Check {
    fn missing(mut self, rows: u64) -> Check {
        self.missing_rows = Some(rows);
        self
    }

    fn hint(mut self, text: &str) -> Check {
        self.hint = Some(text.into());
        self
    }
}

impl SliceFact {
    fn rows(&self) -> u64 {
        self.comparison.gain.rows
    }
}
