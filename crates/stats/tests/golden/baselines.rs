//! 01_baselines.json: error measures, splits, the class prior and skill. The forecasting methods
//! of the file are tested where they live.

use crate::file::{cases, close, indices, numbers};
use serde_json::{Value, json};
use stats::{forecast, metric, regression};

const ELSEWHERE: [&str; 5] = [
    "simple_forecasts",
    "ses_fixed",
    "holt_damped_fixed",
    "holt_winters_additive_fixed",
    "theta_nondeseasonalized",
];

#[test]
fn every_measure_of_the_baselines_agrees() {
    let cases = cases("01_baselines.json", "vectors");
    assert_eq!(cases.len(), 10);
    let mut checked = 0;
    for case in &cases {
        let (input, expected) = (&case["input"], &case["expected"]);
        match case["name"].as_str().expect("a case has a name") {
            name if ELSEWHERE.contains(&name) => continue,
            "error_measures" => error_measures(input, expected),
            "class_prior" => class_prior(input, expected),
            "skill_log_loss" => skill_log_loss(input, expected),
            "rolling_origin_expanding_gap" | "rolling_origin_sliding_gap" => splits(input, expected),
            other => panic!("no test for {other}"),
        }
        checked += 1;
    }
    assert_eq!(checked, 5);
}

fn error_measures(input: &Value, expected: &Value) {
    let (history, y, f) = (numbers(&input["train"]), numbers(&input["test"]), numbers(&input["forecast"]));
    let season = indices(&json!([input["season"]]))[0];
    let baseline = numbers(&input["baseline_forecast"]);
    let mae = |f: &[f64]| metric::weighted_mean(&metric::absolute_losses(&y, f).unwrap(), None).unwrap();
    let mse = |f: &[f64]| metric::weighted_mean(&metric::squared_losses(&y, f).unwrap(), None).unwrap();
    for (name, value) in expected.as_object().expect("a table of measures") {
        let found = match name.as_str() {
            "mae" => mae(&f),
            "rmse" => regression::rmse(&y, &f, None).unwrap(),
            "mase" => forecast::mase(&history, &y, &f, season).unwrap(),
            "rmsse" => forecast::rmsse(&history, &y, &f, season).unwrap(),
            "smape_pct" => 100.0 * forecast::smape(&y, &f).unwrap(),
            "wape" => forecast::wape(&y, &f).unwrap(),
            "skill_mae_vs_naive" => metric::skill(mae(&f), mae(&baseline)).unwrap(),
            "skill_mse_vs_naive" => metric::skill(mse(&f), mse(&baseline)).unwrap(),
            other => panic!("no measure for {other}"),
        };
        close(name, found, value, 1e-9);
    }
}

fn class_prior(input: &Value, expected: &Value) {
    let (train, test) = (indices(&input["y_train"]), indices(&input["y_test"]));
    let share = |k: usize| train.iter().filter(|&&c| c == k).count() as f64 / train.len() as f64;
    let prior: Vec<f64> = (0..3).map(share).collect();
    let rows: Vec<f64> = test.iter().flat_map(|_| prior.clone()).collect();
    let majority = metric::most_probable(&rows, 3);
    let mean = |losses: Vec<f64>| metric::weighted_mean(&losses, None).unwrap();
    crate::file::all_close("prior", &prior, &expected["prior"], 1e-9);
    assert_eq!(majority[0] as u64, expected["majority"]);
    let wrong = mean(metric::zero_one_losses(&test, &majority).unwrap());
    close("majority_accuracy", 1.0 - wrong, &expected["majority_accuracy"], 1e-9);
    close("log_loss", mean(metric::log_losses(&test, &rows, 3).unwrap()), &expected["log_loss"], 1e-9);
    let brier = mean(metric::brier_losses(&test, &rows, 3).unwrap());
    close("brier", brier, &expected["brier_multiclass_sum"], 1e-9);
}

fn skill_log_loss(input: &Value, expected: &Value) {
    let y = indices(&input["y_test"]);
    let rows = input["p_model"].as_array().expect("rows of probabilities");
    let p: Vec<f64> = rows.iter().flat_map(numbers).collect();
    let prior: Vec<f64> = y.iter().flat_map(|_| numbers(&input["prior"])).collect();
    let loss = |p: &[f64]| metric::weighted_mean(&metric::log_losses(&y, p, 3).unwrap(), None).unwrap();
    close("log_loss", loss(&p), &expected["log_loss"], 1e-9);
    close("skill", metric::skill(loss(&p), loss(&prior)).unwrap(), &expected["skill"], 1e-9);
}

fn splits(input: &Value, expected: &Value) {
    let size = |name: &str| indices(&json!([input[name]]))[0];
    let plan = stats::backtest::Rolling {
        splits: size("n_splits"),
        test: size("test_size"),
        gap: size("gap"),
        window: input.get("max_train_size").map(|_| size("max_train_size")),
    };
    let found = stats::backtest::rolling_origin(size("n"), plan).unwrap();
    let expected = expected["splits"].as_array().expect("a list of splits");
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        // The file's ends are inclusive.
        assert_eq!(json!([found.train.start, found.train.end - 1]), expected["train"]);
        assert_eq!(json!([found.test.start, found.test.end - 1]), expected["test"]);
    }
}
