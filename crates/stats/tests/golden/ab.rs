//! ab_reference.json: shares, Welch, power, multiplicity, always-valid intervals. Kinds that
//! belong to methods this crate does not have are listed, so that none is forgotten.

use crate::boundaries;
use crate::file::{all_close, cases, close, close_relative, count, number, numbers};
use serde_json::{Value, json};
use stats::multiplicity::{Adjustment, adjust};
use stats::paired::paired_mean;
use stats::proportion::{self, Count, Difference};
use stats::{power, sequential};
use std::collections::BTreeMap;

const EXACT: f64 = 1e-9;
const SOLVED: f64 = 1e-6;

/// What is checked here, and how many cases of it.
const CHECKED: [(&str, usize); 25] = [
    ("asymptotic_confidence_sequence", 8),
    ("bernoulli_confidence_interval", 5),
    ("beta_binomial_mixture_bound", 1),
    ("betting.betting_mart log", 2),
    ("betting.hedged_cs", 2),
    ("conjmix_empbern_twosided_cs", 2),
    ("conjmix_hoeffding_twosided_cs", 2),
    ("diff_proportion_ci", 18),
    ("gamma_exponential_mixture_bound", 1),
    ("msprt_two_sample_normal", 3),
    ("multiple_testing", 4),
    ("normal_log_mixture", 1),
    ("normal_mixture_bound", 1),
    ("one_proportion_ci", 6),
    ("paired_t", 1),
    ("poly_stitching_bound", 1),
    ("power_t", 1),
    ("predmix_empbern_twosided_cs", 2),
    ("sample_size_t", 3),
    ("sample_size_two_proportions_arcsine", 4),
    ("sample_size_two_proportions_onetail", 4),
    ("srm_chi2", 4),
    ("two_proportion_z_pooled", 12),
    ("welch_t", 5),
    ("wilcoxon_signed_rank", 1),
];

/// Methods that are not in this crate, because another of ours answers the question: the posterior
/// under a flat prior is the Wald interval; Fisher's test is for counts at which no verdict is given;
/// rank sums ask about ranks, and verdicts are about means; and the two packages' own t, z and
/// chi-square differ from Welch's only by n for n − 1 in the variance of a share.
const ABSENT: [&str; 7] = [
    "bayes_effect_flat_prior",
    "fisher_exact_two_sided",
    "gbstats_two_sided_t",
    "gbstats_two_sided_t_absolute",
    "mann_whitney_u_asymptotic_cc",
    "spotify_confidence_chi",
    "spotify_confidence_z",
];

#[test]
fn every_comparison_of_two_groups_agrees() {
    let mut seen = BTreeMap::new();
    for case in cases("ab_reference.json", "cases") {
        let kind = case["kind"].as_str().expect("a case names its kind");
        // Score intervals of a difference (four cases) are not here either.
        if ABSENT.contains(&kind) || case["input"]["method"] == "score" {
            continue;
        }
        check(kind, &case);
        *seen.entry(kind.to_owned()).or_insert(0) += 1;
    }
    let expected: BTreeMap<String, usize> = CHECKED.iter().map(|(k, n)| (k.to_string(), *n)).collect();
    assert_eq!(seen, expected);
}

fn check(kind: &str, case: &Value) {
    let id = case["id"].as_str().expect("a case has an id");
    let (input, output) = (&case["input"], &case["output"]);
    match kind {
        "two_proportion_z_pooled" => pooled_z(id, input, output),
        "diff_proportion_ci" => difference(id, input, output),
        "one_proportion_ci" => one_share(id, input, output),
        "welch_t" => two_means(id, input, output),
        "paired_t" => paired(id, input, output),
        "srm_chi2" => sample_ratio(id, input, output),
        "wilcoxon_signed_rank" => signed_rank(id, input, output),
        "multiple_testing" => family(id, input, output),
        "asymptotic_confidence_sequence" => always_valid(id, input, output),
        _ if boundaries::check(id, kind, input, output) => {}
        _ => sizes(id, kind, input, output),
    }
}

fn arms(input: &Value) -> (Count, Count) {
    let arm = |k: &str, n: &str| Count { successes: count(&input[k]), trials: count(&input[n]) };
    (arm("success_a", "n_a"), arm("success_b", "n_b"))
}

fn pooled_z(id: &str, input: &Value, output: &Value) {
    let (a, b) = arms(input);
    let found = proportion::two_proportion_z(a, b).unwrap();
    let Some(test) = found else {
        // No success, or no failure, in either arm: the reference divides by zero.
        assert!(!number(&output["z"]).is_finite(), "{id}: no test");
        return;
    };
    close(id, test.statistic, &output["z"], EXACT);
    let larger = input["alternative"].as_str().is_some_and(|a| a.starts_with("larger"));
    close_relative(id, if larger { test.p_greater } else { test.p_two_sided }, &output["p"], EXACT);
}

fn difference(id: &str, input: &Value, output: &Value) {
    let (a, b) = arms(input);
    let method = match input["method"].as_str() {
        Some("wald") => Difference::Wald,
        Some("agresti-caffo") => Difference::AgrestiCaffo,
        Some("newcomb") => Difference::Newcombe,
        other => panic!("{id}: no method {other:?}"),
    };
    let found = proportion::proportion_difference(a, b, method, 1.0 - number(&input["alpha"])).unwrap();
    close(id, found.low, &output["low"], EXACT);
    close(id, found.high, &output["high"], EXACT);
}

fn one_share(id: &str, input: &Value, output: &Value) {
    let k = Count { successes: count(&input["count"]), trials: count(&input["nobs"]) };
    let level = 1.0 - number(&input["alpha"]);
    for (name, interval) in [
        ("wilson", proportion::wilson(k, level)),
        ("beta", proportion::clopper_pearson(k, level)),
        ("jeffreys", proportion::jeffreys(k, level)),
    ] {
        let interval = interval.unwrap();
        all_close(&format!("{id} {name}"), &[interval.low, interval.high], &output[name], EXACT);
    }
}

fn two_means(id: &str, input: &Value, output: &Value) {
    let found = stats::welch::welch(&numbers(&input["a"]), &numbers(&input["b"])).unwrap();
    // Far from 0 the reference itself loses digits in the variance.
    let tolerance = if id == "welch_big_offset" { 1e-8 } else { EXACT };
    let test = found.test(0.0).expect(id);
    close(id, found.mean, &output["diff"], tolerance);
    close(id, found.df, &output["df"], tolerance);
    close(id, test.statistic, &output["t"], tolerance);
    close_relative(id, test.p_two_sided, &output["p"], tolerance);
    close_relative(id, test.p_greater, &output["p_greater"], tolerance);
    let interval = found.estimate(0.95).unwrap();
    close(id, interval.low, &output["ci_low"], tolerance);
    close(id, interval.high, &output["ci_high"], tolerance);
}

fn paired(id: &str, input: &Value, output: &Value) {
    let (a, b) = (numbers(&input["a"]), numbers(&input["b"]));
    let d = stats::paired::differences(&b, &a).unwrap();
    let found = paired_mean(&d, &(0..d.len() as u64).collect::<Vec<_>>()).unwrap();
    let test = found.test(0.0).expect(id);
    close(id, test.statistic, &output["t"], EXACT);
    close_relative(id, test.p_two_sided, &output["p"], EXACT);
}

fn sample_ratio(id: &str, input: &Value, output: &Value) {
    let counts: Vec<u64> = numbers(&input["users"]).into_iter().map(|u| u as u64).collect();
    let found = stats::srm::srm_chi_square(&counts, &numbers(&input["weights"])).unwrap();
    close(id, found.statistic, &output["chi2"], EXACT);
    close_relative(id, found.p, &output["p"], EXACT);
}

fn signed_rank(id: &str, input: &Value, output: &Value) {
    let d = stats::paired::differences(&numbers(&input["b"]), &numbers(&input["a"])).unwrap();
    let found = stats::wilcoxon::wilcoxon_signed_rank(&d).unwrap();
    close(id, found.above.min(found.below), &output["w"], EXACT);
    close_relative(id, found.result.p_two_sided, &output["p"], EXACT);
}

fn family(id: &str, input: &Value, output: &Value) {
    let adjustment = match id {
        "mult_bonferroni" => Adjustment::Bonferroni,
        "mult_holm" => Adjustment::Holm,
        "mult_hommel" => Adjustment::Hommel,
        "mult_fdr_bh" => Adjustment::BenjaminiHochberg,
        other => panic!("no adjustment {other}"),
    };
    let found = adjust(&numbers(&input["p"]), adjustment).unwrap();
    all_close(id, &found, &output["p_adj"], EXACT);
    let alpha = number(&input["alpha"]);
    assert_eq!(json!(found.iter().map(|&p| p <= alpha).collect::<Vec<_>>()), output["reject"]);
}

/// The reference estimates a difference of two arms: its standard error times √n is the standard
/// deviation of one row, n being the rows of both.
fn always_valid(id: &str, input: &Value, output: &Value) {
    let rows = number(&input["n_a"]) + number(&input["n_b"]);
    let reach =
        sequential::always_valid_reach(rows, number(&input["tuning"]), number(&input["alpha"])).unwrap();
    let (value, reach) = (number(&output["expected"]), reach * number(&output["stddev"]) * rows.sqrt());
    all_close(id, &[value - reach, value + reach], &output["ci"], EXACT);
}

fn sizes(id: &str, kind: &str, input: &Value, output: &Value) {
    let of = |name: &str| number(&input[name]);
    match kind {
        "sample_size_two_proportions_arcsine" => {
            let found = power::two_proportion_rows(of("p1"), of("p2"), of("alpha"), of("power"), of("ratio"));
            close_relative(id, found.unwrap(), &output["n1"], SOLVED);
        }
        "sample_size_two_proportions_onetail" => {
            let (alpha, ratio) = (0.5 * of("alpha_two_sided"), of("ratio_n2_n1"));
            // The reference's first group is the one with share p2.
            let found = power::two_proportion_rows_unpooled(of("p2"), of("p1"), alpha, of("power"), ratio);
            close_relative(id, found.unwrap(), &output["n1"], SOLVED);
        }
        "sample_size_t" => {
            let found = power::two_sample_rows(of("d"), of("alpha"), of("power"));
            close_relative(id, found.unwrap(), &output["n1"], SOLVED);
        }
        "power_t" => {
            close(
                id,
                power::two_sample_power(of("d"), of("n"), of("alpha")).unwrap(),
                &output["power"],
                SOLVED,
            );
        }
        other => panic!("{id}: no test for kind {other}"),
    }
}
