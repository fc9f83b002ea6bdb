//! metrics_reference.json: 111 cases from scikit-learn, statsmodels, utilsforecast,
//! dieboldmariano, scipy.

use crate::file::{all_close, cases, close, close_relative, count, flags, indices, number, numbers};
use serde_json::Value;
use stats::BadInput;
use stats::bootstrap::{Resampling, bootstrap_mean};
use stats::calibration::{calibration_error, equal_mass_calibration_error};
use stats::confusion::{Confusion, top_accuracy};
use stats::mcnemar::{PairedCounts, mcnemar};
use stats::metric::{self, weighted_mean};
use stats::ranking::{self, Averaging, multiclass_auc};
use stats::{delong, diebold_mariano as dm, forecast, regression};
use std::collections::BTreeMap;

const EXACT: f64 = 1e-10;

/// How many cases of each kind there are.
const KINDS: [(&str, usize); 16] = [
    ("average_precision", 14),
    ("brier", 14),
    ("delong", 4),
    ("diebold_mariano", 9),
    ("ece", 13),
    ("ece_adaptive", 1),
    ("ece_netcal", 1),
    ("forecast", 5),
    ("log_loss", 14),
    ("mcnemar", 5),
    ("multiclass", 1),
    ("paired_bootstrap", 1),
    ("regression", 9),
    ("roc_auc", 14),
    ("sign_flip_permutation", 1),
    ("threshold_metrics", 5),
];

#[test]
fn every_metric_agrees_with_its_reference() {
    let mut seen = BTreeMap::new();
    for case in cases("metrics_reference.json", "cases") {
        let kind = case["kind"].as_str().expect("a case names its kind").to_owned();
        check(&case, &kind);
        *seen.entry(kind).or_insert(0) += 1;
    }
    let expected: BTreeMap<String, usize> = KINDS.iter().map(|(k, n)| (k.to_string(), *n)).collect();
    assert_eq!(seen, expected);
    assert_eq!(seen.values().sum::<usize>(), 111);
}

fn check(case: &Value, kind: &str) {
    let id = case["id"].as_str().expect("a case has an id");
    let (input, output) = (&case["input"], &case["output"]);
    match kind {
        "log_loss" | "brier" | "roc_auc" | "average_precision" => binary(id, kind, input, output),
        "ece" | "ece_adaptive" | "ece_netcal" => calibration(id, kind, input, output),
        "threshold_metrics" => threshold(id, input, output),
        "multiclass" => multiclass(id, input, output),
        "regression" => numeric(id, input, output),
        "forecast" => series(id, input, output),
        "mcnemar" => table(id, input, output),
        "delong" => areas(id, input, output),
        "diebold_mariano" => forecasts(id, input, output),
        "paired_bootstrap" => bootstrap(id, input, output),
        "sign_flip_permutation" => permutation(id, input, output),
        other => panic!("{id}: no test for kind {other}"),
    }
}

fn weights(input: &Value) -> Option<Vec<f64>> {
    (!input["w"].is_null()).then(|| numbers(&input["w"]))
}

/// Our policy where the reference fails or answers NaN or infinity: an error. Where it answers a
/// number, the same number.
#[track_caller]
fn agrees(id: &str, found: Result<f64, BadInput>, expected: &Value) {
    match found {
        Ok(found) => close(id, found, expected, EXACT),
        Err(error) => assert!(!number(expected).is_finite(), "{id}: {error}, expected {expected}"),
    }
}

fn binary(id: &str, kind: &str, input: &Value, output: &Value) {
    let (y, p, w) = (flags(&input["y"]), numbers(&input["p"]), weights(input));
    let w = w.as_deref();
    let found = match kind {
        "log_loss" => metric::binary_log_losses(&y, &p).and_then(|rows| weighted_mean(&rows, w)),
        "brier" => metric::binary_brier_losses(&y, &p).and_then(|rows| weighted_mean(&rows, w)),
        "roc_auc" => ranking::auc(&y, &p, w),
        _ => ranking::average_precision(&y, &p, w),
    };
    if output.get("error").is_some() {
        let message = found.expect_err(id).to_string();
        assert!(message.contains("row 1: found NaN"), "{id}: {message}");
    } else if id == "ap_single_class_0" {
        // scikit-learn says 0; without a single yes there is no recall, so this is an error here.
        assert_eq!(found.expect_err(id).to_string(), "average precision is undefined: no row is a yes");
    } else {
        agrees(id, found, &output["v"]);
    }
}

fn calibration(id: &str, kind: &str, input: &Value, output: &Value) {
    let (y, p) = (flags(&input["y"]), numbers(&input["p"]));
    match kind {
        "ece" => {
            let w = weights(input);
            let fine = calibration_error(&y, &p, w.as_deref(), 15).expect(id);
            let coarse = calibration_error(&y, &p, w.as_deref(), 10).expect(id);
            close(id, fine.expected, &output["ece15"], EXACT);
            close(id, fine.largest, &output["mce15"], EXACT);
            close(id, fine.root_mean_square, &output["rmsce15"], EXACT);
            close(id, coarse.expected, &output["ece10"], EXACT);
        }
        "ece_adaptive" => {
            let bins = indices(&Value::Array(vec![input["bins"].clone()]))[0];
            let found = equal_mass_calibration_error(&y, &p, bins).expect(id);
            close(id, found.expected, &output["v"], EXACT);
        }
        _ => close(id, calibration_error(&y, &p, None, 15).expect(id).expected, &output["v"], EXACT),
    }
}

fn threshold(id: &str, input: &Value, output: &Value) {
    let y = flags(&input["y"]);
    let confusion = match input.get("pred") {
        Some(predicted) => {
            let actual: Vec<usize> = y.iter().map(|&yes| usize::from(yes)).collect();
            Confusion::count(&actual, &indices(predicted), 2, None).expect(id)
        }
        None => {
            let w = weights(input);
            Confusion::at_threshold(&y, &numbers(&input["p"]), number(&input["thr"]), w.as_deref()).expect(id)
        }
    };
    for (name, expected) in output.as_object().expect("a table of metrics") {
        let found = match name.as_str() {
            "acc" => confusion.accuracy(),
            "prec" => confusion.precision(1),
            "rec" => confusion.recall(1),
            "f1" => confusion.f1(1),
            "bal" => confusion.balanced_accuracy(),
            "mcc" => confusion.matthews(),
            "kappa" => confusion.kappa(),
            other => panic!("{id}: no metric for {other}"),
        };
        close(&format!("{id} {name}"), found, expected, EXACT);
    }
}

fn multiclass(id: &str, input: &Value, output: &Value) {
    let y = indices(&input["y"]);
    let rows = input["P"].as_array().expect("rows of probabilities");
    let p: Vec<f64> = rows.iter().flat_map(numbers).collect();
    let confusion = Confusion::count(&y, &metric::most_probable(&p, 3), 3, None).expect(id);
    let mean = |rows: Result<Vec<f64>, BadInput>| weighted_mean(&rows.expect(id), None).expect(id);
    for (name, expected) in output.as_object().expect("a table of metrics") {
        let found = match name.as_str() {
            "logloss" => mean(metric::log_losses(&y, &p, 3)),
            // The name misleads: scikit-learn halves the loss of two classes only.
            "brier_halfscaled" => mean(metric::brier_losses(&y, &p, 3)),
            "acc" | "f1_micro" => confusion.accuracy(),
            "f1_macro" => confusion.f1_macro(),
            "f1_weighted" => confusion.f1_weighted(),
            "mcc" => confusion.matthews(),
            "top2" => top_accuracy(&y, &p, 3, 2).expect(id),
            "auc_ovr_macro" => multiclass_auc(&y, &p, 3, Averaging::OneVersusRest).expect(id),
            "auc_ovr_weighted" => multiclass_auc(&y, &p, 3, Averaging::OneVersusRestWeighted).expect(id),
            "auc_ovo_macro" => multiclass_auc(&y, &p, 3, Averaging::OneVersusOne).expect(id),
            "confusion" => {
                for (actual, row) in expected.as_array().expect("rows").iter().enumerate() {
                    let found: Vec<f64> = (0..3).map(|k| confusion.cell(actual, k)).collect();
                    all_close(id, &found, row, 0.0);
                }
                continue;
            }
            other => panic!("{id}: no metric for {other}"),
        };
        close(&format!("{id} {name}"), found, expected, EXACT);
    }
}

fn numeric(id: &str, input: &Value, output: &Value) {
    let (y, f, w) = (numbers(&input["y"]), numbers(&input["f"]), weights(input));
    let w = w.as_deref();
    if output.get("error").is_some() {
        let message = regression::rmse(&y, &f, w).expect_err(id).to_string();
        assert!(
            message.ends_with("expected a finite number") && message.contains("row 1"),
            "{id}: {message}"
        );
        return;
    }
    let mean = |rows: Result<Vec<f64>, BadInput>| rows.and_then(|rows| weighted_mean(&rows, w));
    for (name, expected) in output.as_object().expect("a table of metrics") {
        let found = match name.as_str() {
            "rmse" => regression::rmse(&y, &f, w),
            "mse" => mean(metric::squared_losses(&y, &f)),
            "mae" => mean(metric::absolute_losses(&y, &f)),
            "pinball01" => mean(metric::pinball_losses(&y, &f, 0.1)),
            "r2" => regression::r_squared(&y, &f, w),
            "evs" => regression::explained_variance(&y, &f, w),
            "medae" => regression::median_absolute_error(&y, &f, w),
            "maxerr" => regression::max_error(&y, &f),
            "mape" if id == "reg_with_zero_actual" => {
                // scikit-learn divides by 2e-16 and says 1.1e15.
                assert!(regression::mape(&y, &f, w).is_err());
                continue;
            }
            "mape" => regression::mape(&y, &f, w),
            other => panic!("{id}: no metric for {other}"),
        };
        agrees(&format!("{id} {name}"), found, expected);
    }
}

fn series(id: &str, input: &Value, output: &Value) {
    let (history, y, f) = (numbers(&input["train"]), numbers(&input["test"]), numbers(&input["fcst"]));
    let season = indices(&Value::Array(vec![input["season"].clone()]))[0];
    for (name, expected) in output.as_object().expect("a table of metrics") {
        let found = match name.as_str() {
            "mae" => metric::absolute_losses(&y, &f).and_then(|rows| weighted_mean(&rows, None)),
            "rmse" => regression::rmse(&y, &f, None),
            "mape" if y.contains(&0.0) => {
                // utilsforecast leaves the row out; here a zero actual is an error.
                assert!(regression::mape(&y, &f, None).is_err());
                continue;
            }
            "mape" => regression::mape(&y, &f, None),
            "smape_utils" => forecast::smape(&y, &f).map(|value| 0.5 * value),
            "smape_0_2" => forecast::smape(&y, &f),
            "mase" | "mase_formula" => forecast::mase(&history, &y, &f, season),
            "rmsse" => forecast::rmsse(&history, &y, &f, season),
            "bias" => forecast::bias(&y, &f),
            "wape" => forecast::wape(&y, &f),
            other => panic!("{id}: no metric for {other}"),
        };
        agrees(&format!("{id} {name}"), found, expected);
    }
}

/// The table is [[both right, a only], [b only, both wrong]].
fn table(id: &str, input: &Value, output: &Value) {
    let cell = |row: usize, column: usize| count(&input["table"][row][column]);
    let found = mcnemar(PairedCounts {
        both_right: cell(0, 0),
        challenger_only: cell(0, 1),
        incumbent_only: cell(1, 0),
        both_wrong: cell(1, 1),
    });
    close_relative(id, found.exact, &output["exact_p"], EXACT);
    if id == "mcnemar_no_discordant" {
        // The reference says p = 0 and NaN; nothing was shown, so p = 1.
        assert_eq!((found.chi_square_p, found.corrected_p, found.mid_p), (1.0, 1.0, 1.0));
        return;
    }
    close_relative(id, found.mid_p, &output["midp"], 1e-9);
    close(id, found.chi_square, &output["chi2_cc_False"], EXACT);
    close_relative(id, found.chi_square_p, &output["p_cc_False"], EXACT);
    close(id, found.corrected, &output["chi2_cc_True"], EXACT);
    close_relative(id, found.corrected_p, &output["p_cc_True"], EXACT);
}

/// `a` stands where our challenger does: z is that of a − b.
fn areas(id: &str, input: &Value, output: &Value) {
    let (y, a, b) = (flags(&input["y"]), numbers(&input["pa"]), numbers(&input["pb"]));
    let found = delong::delong(&y, &b, &a).expect(id);
    close(id, found.challenger, &output["auc_a"], EXACT);
    close(id, found.incumbent, &output["auc_b"], EXACT);
    close_relative(id, found.challenger_variance, &output["var_a"], EXACT);
    close_relative(id, found.incumbent_variance, &output["var_b"], EXACT);
    close_relative(id, found.covariance, &output["cov"], EXACT);
    match found.test(0.0) {
        Some(test) => {
            close_relative(id, test.statistic, &output["z"], 1e-9);
            close_relative(id, test.p_two_sided, &output["p"], 1e-9);
        }
        // Identical scores: the reference components say NaN, MLstatkit says p = 0.
        None => assert!(number(&output["z"]).is_nan(), "{id}: no test"),
    }
    let interval = delong::auc_interval(&y, &a, 0.95).expect(id).expect(id);
    let ends = numbers(&output["ci_a"]);
    close(id, interval.low, &Value::from(ends[0].max(0.0)), EXACT);
    close(id, interval.high, &Value::from(ends[1].min(1.0)), EXACT);
}

fn forecasts(id: &str, input: &Value, output: &Value) {
    let (y, first, second) = (numbers(&input["actual"]), numbers(&input["f1"]), numbers(&input["f2"]));
    let squared = input["power"].as_u64() != Some(1);
    let losses = |f: &[f64]| match squared {
        true => metric::squared_losses(&y, f),
        false => metric::absolute_losses(&y, f),
    };
    let horizon = count(&input["h"]) as usize;
    let small = input["harvey_correction"].as_bool().unwrap_or(true);
    let (first, second) = (losses(&first).expect(id), losses(&second).expect(id));
    let found = dm::diebold_mariano(&first, &second, horizon, dm::Kernel::Rectangular, small).expect(id);
    match found.test(0.0) {
        Some(test) => {
            close_relative(id, test.statistic, &output["stat"], EXACT);
            close_relative(id, test.p_two_sided, &output["p"], 1e-9);
        }
        // Identical forecasts: the reference raises, we return no test.
        None => assert!(output["error"].as_str().is_some_and(|e| e.starts_with("ZeroVariance")), "{id}"),
    }
}

fn rows_of_their_own(rows: usize) -> Vec<u64> {
    (0..rows as u64).collect()
}

/// scipy's own interval is random too: the file asks for 0.02.
fn bootstrap(id: &str, input: &Value, output: &Value) {
    let d = numbers(&input["d"]);
    let plan = Resampling { replicates: 20_000, level: number(&input["conf"]), seed: 1 };
    let found = bootstrap_mean(&d, &rows_of_their_own(d.len()), plan).expect(id);
    let ends = numbers(&output["percentile"]);
    assert!((found.estimate.low - ends[0]).abs() < 0.02, "{id}: {found:?}");
    assert!((found.estimate.high - ends[1]).abs() < 0.02, "{id}: {found:?}");
    assert!((found.se - number(&output["se"])).abs() < 0.003, "{id}: {found:?}");
}

fn permutation(id: &str, input: &Value, output: &Value) {
    let d = numbers(&input["d"]);
    let found = stats::sign_flip::sign_flip(&d, &rows_of_their_own(d.len()), 100_000, 1).expect(id);
    assert!((found - number(&output["p"])).abs() < 0.005, "{id}: {found}");
}
