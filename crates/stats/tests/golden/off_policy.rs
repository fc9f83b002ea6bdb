//! off_policy.json: a policy's value from a log, by every estimator, on the same twelve decisions.

use crate::file::{all_close, cases, close, flags, numbers};
use serde_json::Value;
use stats::off_policy::{self, PolicyValue, Predicted};

const EXACT: f64 = 1e-9;

#[test]
fn every_estimator_agrees() {
    let cases = cases("off_policy.json", "vectors");
    assert_eq!(cases.len(), 1);
    let (input, expected) = (&cases[0]["input"], &cases[0]["expected"]);
    let rewards = numbers(&input["reward"]);
    let (weights, logged, target) = columns(input);
    let predicted = Predicted { logged: &logged, target: &target };
    all_close("weights", &weights, &expected["weights"], EXACT);
    let value = |name: &str, found: PolicyValue| close(name, found.value, &expected[name], EXACT);
    value("ips", off_policy::inverse_propensity(&weights, &rewards).unwrap());
    value("snips", off_policy::self_normalised(&weights, &rewards).unwrap().unwrap());
    value("dm", off_policy::direct(predicted).unwrap());
    let robust = off_policy::doubly_robust(&weights, &rewards, predicted).unwrap();
    value("dr", robust);
    close("dr_se", robust.se, &expected["dr_se"], EXACT);
    close("ess", off_policy::effective_sample_size(&weights).unwrap(), &expected["ess"], EXACT);
    let cut = off_policy::clipped(&weights, 2.0).unwrap();
    value("ips_clip_2", off_policy::inverse_propensity(&cut, &rewards).unwrap());
    let switched = off_policy::switch_doubly_robust(&weights, &rewards, predicted, 2.0).unwrap();
    value("switch_dr_tau2", switched);
    let names = expected.as_object().expect("values by name").len();
    assert_eq!(names, 9, "a value of the file is not checked");
}

/// Weights, and what the model expects of the logged action and under the target.
fn columns(input: &Value) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let (second, share) = (flags(&input["action"]), numbers(&input["p_target_action1"]));
    let model: Vec<Vec<f64>> = input["q_hat"].as_array().expect("rows").iter().map(numbers).collect();
    let rows = || second.iter().zip(&share);
    let target: Vec<f64> = rows().map(|(&second, p)| if second { *p } else { 1.0 - p }).collect();
    let weights = off_policy::weights(&target, &numbers(&input["p_logged"])).unwrap();
    let logged = second.iter().zip(&model).map(|(&second, q)| q[usize::from(second)]).collect();
    let expected = share.iter().zip(&model).map(|(p, q)| (1.0 - p) * q[0] + p * q[1]).collect();
    (weights, logged, expected)
}
