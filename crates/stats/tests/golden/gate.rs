//! 03_gate.json: paired comparisons, multiplicity, adaptivity, sample size.

use crate::file::{all_close, cases, close, close_relative, count, flags, number, numbers};
use serde_json::{Value, json};
use stats::bootstrap::percentiles;
use stats::budget::EvidenceLedger;
use stats::diebold_mariano::{Kernel, diebold_mariano, newey_west_mean};
use stats::ladder::{FixedLadder, Ladder};
use stats::mcnemar::{PairedCounts, mcnemar};
use stats::metric::squared_losses;
use stats::multiplicity::{Adjustment, adjust, e_bh};
use stats::paired::{differences, paired_mean};
use stats::power::{PairedPlan, Reuse};
use stats::sequential::Bettor;
use stats::{delong, nadeau_bengio, power};

const EXACT: f64 = 1e-9;

#[test]
fn every_case_of_the_gate_agrees() {
    let cases = cases("03_gate.json", "vectors");
    assert_eq!(cases.len(), 19);
    for case in &cases {
        let name = case["name"].as_str().expect("a case has a name");
        let (input, expected) = (&case["input"], &case["expected"]);
        match name {
            _ if name.starts_with("mcnemar_") => discordant(name, input, expected),
            _ if name.starts_with("nadeau_bengio_") => folds(name, input, expected),
            "delong" => areas(input, expected),
            "diebold_mariano" => forecasts(input, expected),
            "multiple_testing" => family(input, expected),
            "e_bh" => evidence_family(input, expected),
            "e_lond" => ledger(input, expected),
            "betting_evalue_noninferiority" => betting(input, expected),
            "ladder_fixed_step" => fixed_ladder(input, expected),
            "ladder_parameter_free" => free_ladder(input, expected),
            "ci_sample_sizes" => holdout_sizes(input, expected),
            "paired_noninferiority_n" => rows_needed(input, expected),
            "paired_bootstrap_fixed_indices" => fixed_indices(input, expected),
            "cluster_robust_mean" => clusters(input, expected),
            "newey_west_mean" => newey_west(input, expected),
            other => panic!("no test for {other}"),
        }
    }
}

fn discordant(name: &str, input: &Value, expected: &Value) {
    let found = mcnemar(PairedCounts {
        challenger_only: count(&input["b_challenger_only_right"]),
        incumbent_only: count(&input["c_incumbent_only_right"]),
        ..PairedCounts::default()
    });
    close(name, found.exact, &expected["p_exact_two_sided"], EXACT);
    close(name, found.mid_p, &expected["p_mid_two_sided"], EXACT);
    close(name, found.exact_greater, &expected["p_one_sided_challenger_better"], EXACT);
    close(name, found.mid_p_greater, &expected["p_mid_one_sided"], EXACT);
    close(name, found.corrected, &expected["stat_chi2_cc"], EXACT);
    close(name, found.corrected_p, &expected["p_chi2_cc"], EXACT);
}

fn folds(name: &str, input: &Value, expected: &Value) {
    let found =
        nadeau_bengio::nadeau_bengio(&numbers(&input["diffs"]), number(&input["test_over_train"])).unwrap();
    let (corrected, naive) = (found.corrected.expect(name), found.naive.expect(name));
    close(name, corrected.statistic, &expected["t"], EXACT);
    close(name, corrected.p_greater, &expected["p_one_sided"], EXACT);
    close(name, naive.statistic, &expected["t_uncorrected"], EXACT);
    close(name, naive.p_greater, &expected["p_uncorrected"], EXACT);
}

/// z in the file is that of a − b.
fn areas(input: &Value, expected: &Value) {
    let (y, a, b) = (flags(&input["y"]), numbers(&input["score_a"]), numbers(&input["score_b"]));
    let found = delong::delong(&y, &b, &a).unwrap();
    all_close("auc", &[found.challenger, found.incumbent], &expected["auc"], EXACT);
    all_close("cov a", &[found.challenger_variance, found.covariance], &expected["cov"][0], EXACT);
    all_close("cov b", &[found.covariance, found.incumbent_variance], &expected["cov"][1], EXACT);
    let test = found.test(0.0).expect("the scores differ");
    close("z", test.statistic, &expected["z"], EXACT);
    close_relative("p", test.p_two_sided, &expected["p_two_sided"], 1e-8);
}

fn forecasts(input: &Value, expected: &Value) {
    let y = numbers(&input["actual"]);
    let losses = |name: &str| squared_losses(&y, &numbers(&input[name])).unwrap();
    let (first, second) = (losses("pred1"), losses("pred2"));
    let mut checked = 0;
    for (name, pair) in expected.as_object().expect("a table of variants") {
        let horizon = if name.starts_with("h1") { 1 } else { 3 };
        let kernel = if name.ends_with("bartlett") { Kernel::Bartlett } else { Kernel::Rectangular };
        let small = name.contains("hln1");
        let found = diebold_mariano(&first, &second, horizon, kernel, small).unwrap();
        let test = found.test(0.0).expect(name);
        all_close(name, &[test.statistic, test.p_two_sided], pair, EXACT);
        checked += 1;
    }
    assert_eq!(checked, 8);
}

fn family(input: &Value, expected: &Value) {
    let p = numbers(&input["p"]);
    let expected = expected.as_object().expect("a table of adjustments");
    assert_eq!(expected.len(), 5);
    for (name, values) in expected {
        let adjustment = match name.as_str() {
            "bonferroni" => Adjustment::Bonferroni,
            "holm" => Adjustment::Holm,
            "hommel" => Adjustment::Hommel,
            "fdr_bh" => Adjustment::BenjaminiHochberg,
            "fdr_by" => Adjustment::BenjaminiYekutieli,
            other => panic!("no adjustment {other}"),
        };
        all_close(name, &adjust(&p, adjustment).unwrap(), values, EXACT);
    }
}

fn evidence_family(input: &Value, expected: &Value) {
    let rejected = |alpha: f64| -> Vec<usize> {
        let rejected = e_bh(&numbers(&input["e"]), alpha).unwrap();
        (0..rejected.len()).filter(|&i| rejected[i]).collect()
    };
    assert_eq!(json!(rejected(number(&input["alpha"]))), expected["rejected_index"]);
    assert_eq!(json!(rejected(0.2)), expected["rejected_index_alpha_0.2"]);
}

fn ledger(input: &Value, expected: &Value) {
    let mut ledger = EvidenceLedger::new(number(&input["alpha"])).unwrap();
    let (mut levels, mut promoted) = (Vec::new(), Vec::new());
    for e in numbers(&input["e"]) {
        levels.push(ledger.level());
        promoted.push(ledger.decide(e.ln()).unwrap());
    }
    all_close("level", &levels, &expected["level"], EXACT);
    assert_eq!(json!(promoted), expected["reject"]);
}

fn betting(input: &Value, expected: &Value) {
    let mut bettor = Bettor::non_inferiority(number(&input["margin"])).unwrap();
    let d = numbers(&input["d_challenger_minus_incumbent_correct"]);
    let log: Vec<f64> = d.iter().map(|&d| bettor.observe_difference(d).unwrap()).collect();
    all_close("log e", &[log[99], log[199], log[299]], &expected["log_e_at_99_199_299"], EXACT);
    close("e", bettor.log_e_value().exp(), &expected["e_final"], 1e-8);
}

fn fixed_ladder(input: &Value, expected: &Value) {
    let mut ladder = FixedLadder::new(number(&input["eta"])).unwrap();
    let released: Vec<f64> =
        numbers(&input["holdout_losses"]).into_iter().map(|loss| ladder.release(loss).unwrap()).collect();
    all_close("released", &released, &expected["released"], EXACT);
}

fn free_ladder(input: &Value, expected: &Value) {
    let mut ladder = Ladder::new();
    let rows = input["loss_rows"].as_array().expect("a list of submissions");
    let released: Vec<f64> = rows.iter().map(|losses| ladder.release(&numbers(losses)).unwrap()).collect();
    all_close("released", &released, &expected["released"], EXACT);
}

fn holdout_sizes(input: &Value, expected: &Value) {
    let (eps, delta, p) = (number(&input["eps"]), number(&input["delta"]), number(&input["p_disagree"]));
    let h = count(&input["H"]) as u32;
    for (name, rows) in expected.as_object().expect("a table of sizes") {
        let found = match name.as_str() {
            "n_hoeffding" => power::hoeffding_rows(eps, delta, Reuse::Once),
            "n_hoeffding_nonadaptive_H" => power::hoeffding_rows(eps, delta, Reuse::Planned(h)),
            "n_hoeffding_full_H" => power::hoeffding_rows(eps, delta, Reuse::Adaptive(h)),
            "n_bernstein" => power::bernstein_rows(eps, delta, p, Reuse::Once),
            other => panic!("no size {other}"),
        };
        assert_eq!(found.unwrap(), count(rows), "{name}");
    }
}

fn rows_needed(input: &Value, expected: &Value) {
    let plan = PairedPlan {
        alpha: number(&input["alpha"]),
        power: number(&input["power"]),
        margin: number(&input["margin"]),
        effect: number(&input["delta"]),
    };
    let sd = power::sd_of_disagreement(number(&input["p_disagree"]), plan.effect).unwrap();
    assert_eq!(power::paired_rows(plan, sd).unwrap(), count(&expected["n"]));
    assert_eq!(power::paired_rows_t(plan, sd).unwrap(), count(&expected["n_t_exact"]));
}

fn fixed_indices(input: &Value, expected: &Value) {
    let d = differences(&numbers(&input["loss_incumbent"]), &numbers(&input["loss_challenger"])).unwrap();
    let draws = input["indices"].as_array().expect("a matrix of indices");
    let mean_of = |rows: &Value| {
        let drawn: Vec<f64> = numbers(rows).into_iter().map(|row| d[row as usize]).collect();
        stats::sum::mean(&drawn)
    };
    let means: Vec<f64> = draws.iter().map(mean_of).collect();
    close("mean", stats::sum::mean(&d), &expected["mean"], EXACT);
    all_close("boot means", &means, &expected["boot_means"], EXACT);
    let (low, high) = percentiles(&means, number(&input["level"]));
    all_close("interval", &[low, high], &expected["ci"], EXACT);
}

fn clusters(input: &Value, expected: &Value) {
    let cluster: Vec<u64> = numbers(&input["cluster"]).into_iter().map(|c| c as u64).collect();
    let found = paired_mean(&numbers(&input["d"]), &cluster).unwrap();
    close("mean", found.mean, &expected["mean"], EXACT);
    close("se", found.se, &expected["se"], EXACT);
}

fn newey_west(input: &Value, expected: &Value) {
    let found = newey_west_mean(&numbers(&input["d"]), count(&input["lags"]) as usize).unwrap();
    close("mean", found.mean, &expected["mean"], EXACT);
    close("long-run variance", found.long_run_variance, &expected["lrv"], EXACT);
    close("se", found.se(), &expected["se"], EXACT);
}
