//! 05_drift.json: two-sample drift, one column at a time and whole rows, and the noise floor of PSI.

use crate::file::{all_close, cases, close, close_relative, count, flags, number, numbers};
use serde_json::Value;
use stats::distribution::normal_cdf;
use stats::drift::{
    Ecdf, Tail, auc_null_sd, bin_counts, category_drift, kolmogorov_smirnov, kolmogorov_smirnov_by,
    kolmogorov_smirnov_p, mmd, normalised_wasserstein, psi, quantile_edges, separation, wasserstein,
};
use stats::estimate::TestResult;

#[test]
fn every_vector_of_drift_agrees() {
    let cases = cases("05_drift.json", "vectors");
    assert_eq!(cases.len(), 7);
    for vector in &cases {
        let name = vector["name"].as_str().expect("a vector has a name");
        let check = match name {
            "psi_deciles" => deciles,
            "ks" => gap,
            "wasserstein" => distance,
            "categorical_counts" => categories,
            "mmd2_unbiased_rbf" => discrepancy,
            "domain_classifier_auc" => domain,
            "effect_size_vs_n" => effect_size,
            other => panic!("no test for vector {other}"),
        };
        check(&vector["input"], &vector["expected"], number(&vector["tol_abs"]));
    }
}

fn samples(input: &Value) -> (Ecdf, Ecdf) {
    (Ecdf::of(numbers(&input["ref"])).unwrap(), Ecdf::of(numbers(&input["cur"])).unwrap())
}

fn deciles(input: &Value, expected: &Value, tolerance: f64) {
    let (reference, current) = samples(input);
    let edges = quantile_edges(&reference, count(&input["bins"]) as usize).unwrap();
    all_close("edges", &edges, &expected["edges"], tolerance);
    let counts = [bin_counts(&reference, &edges), bin_counts(&current, &edges)];
    for (counts, key) in counts.iter().zip(["p_ref", "p_cur"]) {
        let total: u64 = counts.iter().sum();
        let shares: Vec<f64> = counts.iter().map(|&c| c as f64 / total as f64).collect();
        all_close(key, &shares, &expected[key], tolerance);
    }
    let found = psi(&counts[0], &counts[1], number(&input["eps"])).unwrap();
    close("psi", found.value, &expected["psi"], tolerance);
    close("noise floor", found.noise_mean(), &expected["noise_floor_mean"], tolerance);
    close("critical", found.critical(0.05).unwrap(), &expected["critical_0.05"], tolerance);
    close("p", found.p_value(), &expected["p_asymptotic"], tolerance);
}

fn gap(input: &Value, expected: &Value, tolerance: f64) {
    let (reference, current) = samples(input);
    for (tail, key) in [(Tail::Asymptotic, "p_asymp"), (Tail::Exact, "p_exact")] {
        let found = kolmogorov_smirnov_by(&reference, &current, tail);
        close("d", found.statistic, &expected["d"], tolerance);
        close(key, found.p_value, &expected[key], tolerance);
    }
    // 2,700 pairs are few enough to count.
    close("p", kolmogorov_smirnov(&reference, &current).p_value, &expected["p_exact"], tolerance);
}

fn distance(input: &Value, expected: &Value, tolerance: f64) {
    let (reference, current) = samples(input);
    close("w1", wasserstein(&reference, &current), &expected["w1"], tolerance);
    close("sd", reference.sd(), &expected["sd_ref_ddof0"], tolerance);
    let normed = normalised_wasserstein(&reference, &current).expect("the reference varies");
    close("w1/sd", normed, &expected["w1_normed"], tolerance);
}

fn categories(input: &Value, expected: &Value, tolerance: f64) {
    let column =
        |key: &str| -> Vec<u64> { input[key].as_array().expect("counts").iter().map(count).collect() };
    let found = category_drift(&column("ref_counts"), &column("cur_counts")).unwrap();
    let values = [
        ("js_distance", found.js_distance),
        ("js_divergence", found.js_divergence),
        ("hellinger", found.hellinger),
        ("l_inf", found.largest_gap),
        ("chi2", found.chi_square),
        ("dof", found.degrees as f64),
        ("p", found.p_value),
        ("cramers_v", found.cramers_v),
        ("tvd", found.total_variation),
    ];
    assert_eq!(expected.as_object().expect("values by name").len(), values.len());
    values.iter().for_each(|(key, value)| close(key, *value, &expected[key], tolerance));
}

fn discrepancy(input: &Value, expected: &Value, tolerance: f64) {
    let flat =
        |key: &str| -> Vec<f64> { input[key].as_array().expect("rows").iter().flat_map(numbers).collect() };
    let found = mmd(&flat("X"), &flat("Y"), 3, 99, 1).unwrap();
    close("median distance", found.median_distance, &expected["median_d2"], tolerance);
    close("mmd2", found.squared, &expected["mmd2"], tolerance);
    assert!(found.p_value > 0.05, "a discrepancy below 0 is no evidence");
}

fn domain(input: &Value, expected: &Value, tolerance: f64) {
    let (current, scores) = (flags(&input["domain"]), numbers(&input["oof_score"]));
    let found = separation(&current, &scores).unwrap();
    close("auc", found.auc, &expected["auc"], tolerance);
    let yes = current.iter().filter(|&&c| c).count() as u64;
    let plain = TestResult::normal((found.auc - 0.5) / auc_null_sd(current.len() as u64 - yes, yes).unwrap());
    close("z without ties", plain.statistic, &expected["z"], tolerance);
    close("p without ties", plain.p_greater, &expected["p_one_sided"], tolerance);
    let test = found.test.expect("the scores vary");
    close("p with ties", test.p_greater, &expected["mannwhitney_p"], tolerance);
}

fn effect_size(input: &Value, expected: &Value, tolerance: f64) {
    let statistic = 2.0 * normal_cdf(0.5 * number(&input["delta"])) - 1.0;
    close("D", statistic, &expected["D"], tolerance);
    let rows = numbers(&input["n"]);
    let found: Vec<f64> =
        rows.iter().map(|&n| kolmogorov_smirnov_p(statistic, n as u64, n as u64).unwrap()).collect();
    all_close("p", &found, &expected["p"], tolerance);
    let last = expected["p"].as_array().expect("p-values").len() - 1;
    close_relative("p at a million rows", found[last], &expected["p"][last], 1e-9);
}
