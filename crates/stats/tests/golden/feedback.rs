//! 08_feedback.json: what to answer alone, what people look at, and which labels look wrong.

use crate::file::{all_close, cases, close, count, flags, indices, number, numbers};
use serde_json::Value;
use stats::confident_learning::confident_learning;
use stats::deferral::{
    Calibration, Outcome, Promise, Start, aps_score, binomial_p, certify, conformal_quantile, conformal_rank,
    conformal_risk_control, error_upper_bound, hoeffding_bentkus_p, lac_set, least_accepted,
};
use stats::proportion::Count;
use stats::selection::{bald, entropy, k_center, least_confidence, margin};
use std::cell::RefCell;
use std::collections::BTreeSet;

#[test]
fn every_vector_of_feedback_agrees() {
    let cases = cases("08_feedback.json", "vectors");
    assert_eq!(cases.len(), 10);
    for vector in &cases {
        let name = vector["name"].as_str().expect("a vector has a name");
        let check = match name {
            "uncertainty_scores" => uncertainty,
            "bald_mutual_information" => disagreement,
            "k_center_greedy" => spread,
            "split_conformal_quantile" => candidates,
            "aps_score_no_randomisation" => adaptive,
            "conformal_risk_control" => risk,
            "ltt_p_values" => p_values,
            "selective_risk_upper_bound" => upper_bounds,
            "ltt_fixed_sequence_abstain" => sequence,
            "confident_learning" => labels,
            other => panic!("no test for vector {other}"),
        };
        let expected = Expected::of(vector);
        check(&vector["input"], &expected);
        expected.all_were_read(name);
    }
}

/// Expected values that keep account of which were asked for.
struct Expected<'a> {
    values: &'a Value,
    read: RefCell<BTreeSet<String>>,
    tolerance: f64,
}

impl<'a> Expected<'a> {
    fn of(vector: &'a Value) -> Self {
        let tolerance = number(&vector["tol_abs"]);
        Expected { values: &vector["expected"], read: RefCell::new(BTreeSet::new()), tolerance }
    }

    fn get(&self, key: &str) -> &'a Value {
        self.read.borrow_mut().insert(key.to_owned());
        &self.values[key]
    }

    #[track_caller]
    fn close(&self, key: &str, found: f64) {
        close(key, found, self.get(key), self.tolerance);
    }

    #[track_caller]
    fn all_close(&self, key: &str, found: &[f64]) {
        all_close(key, found, self.get(key), self.tolerance);
    }

    #[track_caller]
    fn all_were_read(&self, name: &str) {
        let values = self.values.as_object().expect("values by name");
        let read = self.read.borrow();
        let unread: Vec<&String> = values.keys().filter(|key| !read.contains(*key)).collect();
        assert!(unread.is_empty(), "{name}: no test compares {unread:?}");
    }
}

fn rows(table: &Value) -> Vec<Vec<f64>> {
    table.as_array().expect("rows").iter().map(numbers).collect()
}

fn uncertainty(input: &Value, expected: &Expected<'_>) {
    let p = rows(&input["p"]).concat();
    expected.all_close("least_confidence", &least_confidence(&p, 3).unwrap());
    expected.all_close("margin", &margin(&p, 3).unwrap());
    expected.all_close("entropy_nats", &entropy(&p, 3).unwrap());
    assert_eq!(expected.get("bald_note"), &Value::Null);
}

fn disagreement(input: &Value, expected: &Expected<'_>) {
    let members = input["p_member_item_class"].as_array().expect("members");
    let members: Vec<Vec<f64>> = members.iter().map(|member| rows(member).concat()).collect();
    let members: Vec<&[f64]> = members.iter().map(Vec::as_slice).collect();
    expected.all_close("mi", &bald(&members, 2).unwrap());
}

fn spread(input: &Value, expected: &Expected<'_>) {
    let (points, budget) = (rows(&input["X"]).concat(), count(&input["budget"]) as usize);
    let found = k_center(&points, 2, &indices(&input["labelled"]), budget).unwrap();
    assert_eq!(found.selected, indices(expected.get("selected")));
    expected.close("radius", found.radius);
}

fn candidates(input: &Value, expected: &Expected<'_>) {
    let scores = numbers(&input["scores"]);
    let quantile = |alpha: f64| conformal_quantile(&scores, alpha).unwrap();
    let rank = |alpha: f64| conformal_rank(scores.len() as u64, alpha).unwrap();
    let alpha = number(&input["alpha"]);
    assert_eq!(rank(alpha), Some(count(expected.get("k"))));
    assert_eq!(rank(0.05), Some(count(expected.get("k_alpha_0.05"))));
    expected.close("qhat", quantile(alpha).expect("enough rows"));
    expected.close("qhat_alpha_0.05", quantile(0.05).expect("enough rows"));
    assert_eq!(number(expected.get("qhat_alpha_0.01")), f64::INFINITY);
    assert_eq!(quantile(0.01), None);
    let sets = expected.get("sets").as_array().expect("a set for each row");
    let found = rows(&input["p_test"]);
    assert_eq!(found.len(), sets.len());
    for (p, set) in found.iter().zip(sets) {
        assert_eq!(lac_set(p, quantile(alpha)).unwrap(), indices(set));
    }
}

fn adaptive(input: &Value, expected: &Expected<'_>) {
    let (rows, classes) = (rows(&input["p"]), indices(&input["y"]));
    let scores: Vec<f64> =
        rows.iter().zip(&classes).map(|(p, &class)| aps_score(p, class).unwrap()).collect();
    expected.all_close("score", &scores);
}

fn risk(input: &Value, expected: &Expected<'_>) {
    let losses = rows(&input["losses_row_by_lambda"]);
    let (largest, alpha) = (number(&input["B"]), number(&input["alpha"]));
    let found = conformal_risk_control(&losses.concat(), losses[0].len(), largest, alpha).unwrap();
    expected.all_close("bound", &found.bounds);
    assert_eq!(found.chosen, Some(count(expected.get("least_conservative_ok")) as usize));
}

fn p_values(input: &Value, expected: &Expected<'_>) {
    let cases = rows(&input["cases_rhat_n_alpha"]);
    let bentkus = |case: &Vec<f64>| hoeffding_bentkus_p(case[0], case[1] as u64, case[2]).unwrap();
    let exact = |case: &Vec<f64>| {
        let errors = Count { successes: (case[0] * case[1]).round() as u64, trials: case[1] as u64 };
        binomial_p(errors, case[2]).unwrap()
    };
    expected.all_close("hb", &cases.iter().map(bentkus).collect::<Vec<_>>());
    expected.all_close("binomial", &cases.iter().map(exact).collect::<Vec<_>>());
}

fn upper_bounds(input: &Value, expected: &Expected<'_>) {
    let (errors, accepted) = (indices(&input["k_errors"]), indices(&input["n_accepted"]));
    let delta = number(&input["delta"]);
    let bounds = |delta: f64| -> Vec<f64> {
        let count = |(&k, &n): (&usize, &usize)| Count { successes: k as u64, trials: n as u64 };
        errors.iter().zip(&accepted).map(count).map(|c| error_upper_bound(c, delta).unwrap()).collect()
    };
    let looks = number(&input["n_total"]).log2().ceil();
    expected.all_close("upper_delta", &bounds(delta));
    expected.all_close("upper_delta_over_log2n", &bounds(delta / looks));
}

fn sequence(input: &Value, expected: &Expected<'_>) {
    let (confidence, grid) = (numbers(&input["confidence"]), numbers(&input["grid"]));
    let wrong = flags(&input["error"]);
    let promise = Promise { alpha: number(&input["alpha"]), delta: number(&input["delta"]) };
    let rows = Calibration { confidence: &confidence, wrong: &wrong, draws: None, traffic: &confidence };
    let found = certify(rows, &grid, promise, Start::Accepted).unwrap();
    assert_eq!(least_accepted(promise.alpha, promise.delta), Ok(count(expected.get("n_min"))));
    let table = expected.get("table_t_n_k_p").as_array().expect("a row for each threshold");
    assert_eq!(found.steps.len(), table.len());
    for (step, row) in found.steps.iter().zip(table) {
        let values = [step.threshold, step.accepted as f64, step.errors as f64, step.p];
        all_close("step", &values, row, expected.tolerance);
    }
    let outcomes: Vec<Outcome> = found.steps.iter().map(|step| step.outcome).collect();
    assert_eq!(
        (outcomes[0], outcomes[8], outcomes[9]),
        (Outcome::Skipped, Outcome::Certified, Outcome::Failed)
    );
    expected.close("chosen_threshold", found.alone.expect("a threshold is certified").threshold);
    let strictest = certify(rows, &grid, promise, Start::Strictest).unwrap();
    assert_eq!((strictest.alone.is_none(), expected.get("chosen_without_skip")), (true, &Value::Null));
}

fn labels(input: &Value, expected: &Expected<'_>) {
    let (labels, p) = (indices(&input["labels"]), rows(&input["pred_probs"]).concat());
    let found = confident_learning(&labels, &p, 3).unwrap();
    let thresholds: Vec<f64> = found.thresholds.iter().map(|t| t.expect("every class has rows")).collect();
    expected.all_close("thresholds", &thresholds);
    let joint: Vec<Vec<f64>> = rows(expected.get("confident_joint"));
    let counts = |row: &Vec<u64>| row.iter().map(|&c| c as f64).collect::<Vec<_>>();
    assert_eq!(found.joint.iter().map(counts).collect::<Vec<_>>(), joint);
    expected.all_close("self_confidence", &found.self_confidence);
    expected.all_close("normalized_margin", &found.normalized_margin);
    let flagged = expected.get("issues_confident_learning").as_array().expect("a flag for each row");
    assert_eq!(flagged.len(), labels.len());
    let flagged = |row: &usize| flagged[*row].as_bool().expect("yes or no");
    assert_eq!(found.issues, (0..labels.len()).filter(flagged).collect::<Vec<_>>());
    // Of the labels that were spoilt on purpose the method finds some, and nothing else.
    let planted = indices(expected.get("planted"));
    assert!(!found.issues.is_empty() && found.issues.iter().all(|row| planted.contains(row)));
}
