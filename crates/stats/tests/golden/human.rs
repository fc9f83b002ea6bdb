//! 02_human_baseline.json: intervals, agreement, aggregation, non-inferiority.

use crate::file::{all_close, cases, close, count, indices, number, numbers};
use serde_json::{Value, json};
use stats::agreement::{Annotation, Distance, cohen_kappa, fleiss_kappa, krippendorff_alpha, majority_vote};
use stats::alternative_annotator::{PairedTest, alternative_annotator};
use stats::bonett_price::bonett_price;
use stats::confusion::Confusion;
use stats::dawid_skene::{Em, dawid_skene};
use stats::mcnemar::PairedCounts;
use stats::metric::most_probable;
use stats::proportion::{Count, clopper_pearson, equivalence, jeffreys, wilson};

const EXACT: f64 = 1e-9;

#[test]
fn every_case_of_the_human_baseline_agrees() {
    let cases = cases("02_human_baseline.json", "vectors");
    assert_eq!(cases.len(), 10);
    for case in &cases {
        let (input, expected) = (&case["input"], &case["expected"]);
        match case["name"].as_str().expect("a case has a name") {
            "wilson_clopper_pearson" => shares(input, expected),
            "dawid_skene" => aggregation(input, expected),
            "cohen_kappa" => cohen(input, expected),
            "fleiss_kappa" => fleiss(input, expected),
            "krippendorff_alpha_nominal" => krippendorff(input, expected),
            "tost_independent" => tost(input, expected),
            "alt_test" => alternative(input, expected),
            name if name.starts_with("paired_noninferiority_") => paired(name, input, expected),
            other => panic!("no test for {other}"),
        }
    }
}

fn shares(input: &Value, expected: &Value) {
    let level = 1.0 - number(&input["alpha"]);
    let pairs = input["k_n"].as_array().expect("pairs");
    assert_eq!(pairs.len(), 6);
    for (i, pair) in pairs.iter().enumerate() {
        let k = Count { successes: count(&pair[0]), trials: count(&pair[1]) };
        for (name, found) in [
            ("wilson", wilson(k, level).unwrap()),
            ("clopper_pearson", clopper_pearson(k, level).unwrap()),
            ("jeffreys", jeffreys(k, level).unwrap()),
        ] {
            all_close(&format!("{name} {pair}"), &[found.low, found.high], &expected[name][i], EXACT);
        }
    }
}

fn aggregation(input: &Value, expected: &Value) {
    let rows = input["annotations_task_worker_label"].as_array().expect("annotations");
    let annotation = |row: &Value| Annotation {
        item: count(&row[0]),
        person: count(&row[1]),
        label: count(&row[2]) as usize,
    };
    let annotations: Vec<Annotation> = rows.iter().map(annotation).collect();
    let run = |em| dawid_skene(&annotations, 3, em).unwrap();
    // Asked for 20 steps, the reference stops after 8, when its bound on the likelihood drops.
    assert_eq!(count(&input["n_iter"]), 20);
    let eight = run(Em { steps: 8, tolerance: 0.0, smoothing: 0.0 });
    let posterior = expected["posterior_20iter"].as_array().expect("a posterior for each item");
    assert_eq!(eight.posterior.len(), posterior.len());
    for (i, expected) in posterior.iter().enumerate() {
        all_close(&format!("posterior of item {i}"), &eight.posterior[i], expected, 1e-6);
    }
    let labels = |p: &[Vec<f64>]| most_probable(&p.concat(), 3);
    assert_eq!(json!(labels(&eight.posterior)), expected["labels"]);
    // What the reference calls converged is the same early stop.
    assert_eq!(json!(labels(&eight.posterior)), expected["labels_converged"]);
    let votes = majority_vote(&annotations);
    let untied: Vec<usize> = (0..votes.len()).filter(|&i| votes[i].label.is_some()).collect();
    assert!(untied.len() >= 10, "most items have a majority");
    for i in untied {
        assert_eq!(votes[i].label.map(|l| l as u64), expected["majority_vote"][i].as_u64(), "item {i}");
    }
}

fn cohen(input: &Value, expected: &Value) {
    let (a, b) = (indices(&input["a"]), indices(&input["b"]));
    let classes = 1 + *a.iter().chain(&b).max().expect("labels");
    let kappa = |distance| cohen_kappa(&a, &b, classes, distance).unwrap();
    close("kappa", kappa(Distance::Nominal), &expected["kappa"], EXACT);
    close("quadratic", kappa(Distance::Quadratic), &expected["kappa_quadratic"], EXACT);
    let table = Confusion::count(&a, &b, classes, None).unwrap();
    close("agreement", table.accuracy(), &expected["agreement"], EXACT);
    close("kappa of the table", table.kappa(), &expected["kappa"], EXACT);
}

fn fleiss(input: &Value, expected: &Value) {
    let rows = input["table"].as_array().expect("a table");
    let table: Vec<Vec<u64>> =
        rows.iter().map(|row| numbers(row).iter().map(|&c| c as u64).collect()).collect();
    close("fleiss", fleiss_kappa(&table).unwrap(), &expected["fleiss"], EXACT);
}

fn krippendorff(input: &Value, expected: &Value) {
    let units: Vec<Vec<usize>> = input["units"].as_array().expect("units").iter().map(indices).collect();
    close("alpha", krippendorff_alpha(&units).unwrap(), &expected["alpha"], EXACT);
}

fn paired(name: &str, input: &Value, expected: &Value) {
    let found = bonett_price(PairedCounts {
        both_right: count(&input["n11"]),
        challenger_only: count(&input["n10"]),
        incumbent_only: count(&input["n01"]),
        both_wrong: count(&input["n00"]),
    })
    .unwrap();
    let (alpha, margin) = (number(&input["alpha_one_sided"]), number(&input["margin"]));
    close(name, found.observed, &expected["diff_raw"], EXACT);
    close(name, found.adjusted, &expected["diff_adj"], EXACT);
    close(name, found.se, &expected["se"], EXACT);
    close(name, found.lower_bound(alpha).unwrap(), &expected["lower_one_sided"], EXACT);
    close(name, found.upper_bound(alpha).unwrap(), &expected["upper_one_sided"], EXACT);
    assert_eq!(json!(found.non_inferior(margin, alpha).unwrap()), expected["non_inferior"], "{name}");
    assert_eq!(json!(found.equivalent(margin, alpha).unwrap()), expected["equivalent_tost"], "{name}");
    assert_eq!(json!(found.superior(alpha).unwrap()), expected["superior"], "{name}");
}

fn tost(input: &Value, expected: &Value) {
    let group = |k: &str, n: &str| Count { successes: count(&input[k]), trials: count(&input[n]) };
    let found = equivalence(group("k1", "n1"), group("k2", "n2"), number(&input["margin"])).unwrap();
    close("p_lower", found.p_lower, &expected["p_lower"], EXACT);
    close("p_upper", found.p_upper, &expected["p_upper"], EXACT);
    close("p", found.p_value(), &expected["pvalue"], EXACT);
}

fn alternative(input: &Value, expected: &Value) {
    let people: Vec<Vec<Option<usize>>> = input["humans"]
        .as_object()
        .expect("labels by person")
        .values()
        .map(|labels| indices(labels).into_iter().map(Some).collect())
        .collect();
    let epsilon = number(&input["epsilon"]);
    let found =
        alternative_annotator(&people, &indices(&input["model"]), epsilon, PairedTest::T, 0.05).unwrap();
    let expected = expected["per_annotator"].as_array().expect("one for each person");
    assert_eq!(found.people.len(), expected.len());
    for (found, expected) in found.people.iter().zip(expected) {
        close("rho_f", found.model, &expected["rho_f"], EXACT);
        close("rho_h", found.person, &expected["rho_h"], EXACT);
        close("p", found.p, &expected["p"], EXACT);
        if number(&expected["t"]).is_finite() {
            close("t", found.statistic, &expected["t"], EXACT);
        } else {
            assert_eq!(found.statistic, number(&expected["t"]));
        }
    }
    assert!(found.replaces_people());
}
