//! The estimate as data. Keys stay; new ones may come.

use crate::commands::experiment::analyze::json::choice;
use domain::off_policy::Refusal;
use lifecycle::off_policy::{Estimator, Observed, Report};
use serde_json::{Value, json};

/// Everything that was found.
pub fn of(file: &str, found: &Report) -> Value {
    let (columns, facts) = (&found.columns, &found.facts);
    json!({
        "log": file,
        "rows": found.rows,
        "columns": {
            "action": choice(&columns.action),
            "reward": choice(&columns.reward),
            "propensity": choice(&columns.propensity),
            "context": columns.context.iter().map(choice).collect::<Vec<_>>(),
        },
        "contexts": found.contexts,
        "actions": found.actions,
        "target": found.target,
        "identified": found.judgement.refusals.is_empty(),
        "refusals": found.judgement.refusals.iter().map(refusal).collect::<Vec<_>>(),
        "warnings": found.judgement.warnings,
        "effective_sample_size": facts.effective,
        "mean_weight": facts.mean_weight,
        "largest_weight": found.largest_weight,
        "least_propensity": facts.least_propensity,
        "small_propensities": facts.small_propensities,
        "uncovered": facts.uncovered,
        "logged": found.logged,
        "estimates": found.estimates.iter().map(estimate).collect::<Vec<_>>(),
        "lower_bound": found.lower_bound,
        "observed": found.observed.as_ref().map(observed),
    })
}

fn refusal(refusal: &Refusal) -> Value {
    json!({"refusal": refusal.word(), "found": refusal.to_string(), "hint": refusal.hint()})
}

fn estimate(estimate: &Estimator) -> Value {
    json!({"estimator": estimate.name, "clip": estimate.clip, "value": estimate.value})
}

fn observed(observed: &Observed) -> Value {
    json!({"value": observed.value, "covered": observed.covered})
}
