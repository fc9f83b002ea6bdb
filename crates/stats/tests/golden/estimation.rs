//! 06_estimation.json: calibration, quality without labels, means from labels drawn with known chance.

use crate::file::{all_close, cases, close, flags, number, numbers};
use serde_json::Value;
use stats::calibrate::{Isotonic, Platt, Temperature};
use stats::calibration::{calibration_error, equal_mass_calibration_error, squared_calibration_error};
use stats::drift::density_ratios;
use stats::label_sampling::{
    Coins, Draw, SampledMean, active_mean, hajek, horvitz_thompson, lure, lure_weights, ppi_mean,
};
use stats::metric::{binary_brier_losses, log_losses, most_probable};
use stats::off_policy::effective_sample_size;
use stats::quality::{ServedClasses, ServedYesNo, cbpe, cbpe_classes};
use stats::sum::mean;

#[test]
fn every_vector_of_estimation_agrees() {
    let vectors = cases("06_estimation.json", "vectors");
    for vector in &vectors {
        let name = vector["name"].as_str().expect("a vector has a name");
        check(name, &vector["input"], &vector["expected"], number(&vector["tol_abs"]));
    }
    assert_eq!(vectors.len(), 10);
}

fn check(name: &str, input: &Value, expected: &Value, tolerance: f64) {
    let checked = match name {
        "isotonic" => isotonic(name, input, expected, tolerance),
        "platt" => platt(name, input, expected, tolerance),
        "temperature_scaling" => temperature(name, input, expected, tolerance),
        "ece" => errors(name, input, expected, tolerance),
        "cbpe_binary" => yes_or_no(name, input, expected, tolerance),
        "cbpe_multiclass_log_loss" => classes(name, input, expected, tolerance),
        "density_ratio_from_domain_classifier" => ratios(name, input, expected, tolerance),
        "review_sampling_estimators" => coins(name, input, expected, tolerance),
        "lure" => draws(name, input, expected, tolerance),
        "ppi_mean" => powered(name, input, expected, tolerance),
        other => panic!("no test for vector {other}"),
    };
    let values = expected.as_object().expect("values by name").len();
    assert_eq!(values, checked, "{name}: a value of the file is not checked");
}

/// How many named values were compared.
type Checked = usize;

fn isotonic(name: &str, input: &Value, expected: &Value, tolerance: f64) -> Checked {
    let scores = numbers(&input["score"]);
    let fitted = Isotonic::fit_yes_no(&scores, &flags(&input["y"]), None).unwrap();
    let at = |scores: &[f64]| scores.iter().map(|&s| fitted.apply(s).unwrap()).collect::<Vec<_>>();
    all_close(name, &at(&scores), &expected["fitted"], tolerance);
    all_close(name, &at(&numbers(&input["query"])), &expected["query"], tolerance);
    2
}

fn platt(name: &str, input: &Value, expected: &Value, tolerance: f64) -> Checked {
    let scores = numbers(&input["score"]);
    let fitted = Platt::fit_yes_no(&scores, &flags(&input["y"]), None).unwrap();
    close(name, fitted.slope, &expected["A"], tolerance);
    close(name, fitted.offset, &expected["B"], tolerance);
    let found: Vec<f64> = scores.iter().map(|&s| fitted.apply(s).unwrap()).collect();
    all_close(name, &found, &expected["p"], tolerance);
    3
}

/// Row after row, and the length of a row.
fn matrix(value: &Value) -> (Vec<f64>, usize) {
    let rows: Vec<Vec<f64>> = value.as_array().expect("rows").iter().map(numbers).collect();
    (rows.concat(), rows[0].len())
}

fn temperature(name: &str, input: &Value, expected: &Value, tolerance: f64) -> Checked {
    let (logits, width) = matrix(&input["logits"]);
    let classes = crate::file::indices(&input["y"]);
    let fitted = Temperature::fit(&classes, &logits, width, None).unwrap();
    close(name, fitted.temperature(), &expected["T"], tolerance);
    for (temperature, key) in [(fitted, "nll_T"), (Temperature::new(1.0).unwrap(), "nll_1")] {
        let said = temperature.apply(&logits, width).unwrap();
        close(name, mean(&log_losses(&classes, &said, width).unwrap()), &expected[key], tolerance);
    }
    3
}

fn errors(name: &str, input: &Value, expected: &Value, tolerance: f64) -> Checked {
    let (y, p) = (flags(&input["y"]), numbers(&input["p"]));
    let width = calibration_error(&y, &p, None, 10).unwrap();
    close(name, width.expected, &expected["ece_l1_width10"], tolerance);
    let mass = equal_mass_calibration_error(&y, &p, 5).unwrap();
    close(name, mass.expected, &expected["ece_l1_mass5"], tolerance);
    let squared = squared_calibration_error(&y, &p, 5).unwrap();
    close(name, squared.plug_in, &expected["ce2_plugin_mass5"], tolerance);
    close(name, squared.debiased, &expected["ce2_debiased_mass5"], tolerance);
    close(name, mean(&binary_brier_losses(&y, &p).unwrap()), &expected["brier"], tolerance);
    5
}

fn yes_or_no(name: &str, input: &Value, expected: &Value, tolerance: f64) -> Checked {
    let (p, predicted) = (numbers(&input["p_calibrated"]), flags(&input["pred"]));
    let found = cbpe(ServedYesNo { calibrated: &p, predicted: &predicted, scores: &p }, 0.95).unwrap();
    let values = [
        ("tp", found.confusion.true_positive),
        ("fp", found.confusion.false_positive),
        ("fn", found.confusion.false_negative),
        ("tn", found.confusion.true_negative),
        ("accuracy", found.accuracy.value),
        ("precision", found.precision.unwrap().value),
        ("recall", found.recall.unwrap().value),
        ("f1", found.f1.unwrap().value),
        ("auroc_trapezoid", found.auc.unwrap().value),
        ("sd_accuracy_poisson_binomial", found.accuracy_sd),
    ];
    values.iter().for_each(|(key, value)| close(name, *value, &expected[*key], tolerance));
    values.len()
}

fn classes(name: &str, input: &Value, expected: &Value, tolerance: f64) -> Checked {
    let (p, width) = matrix(&input["p"]);
    let predicted = most_probable(&p, width);
    let served = ServedClasses { calibrated: &p, stated: &p, predicted: &predicted, width };
    let found = cbpe_classes(served, 0.95).unwrap();
    close(name, found.accuracy.value, &expected["accuracy"], tolerance);
    close(name, found.log_loss.value, &expected["log_loss"], tolerance);
    2
}

fn ratios(name: &str, input: &Value, expected: &Value, tolerance: f64) -> Checked {
    let rows = |key: &str| crate::file::count(&input[key]);
    let found = density_ratios(&numbers(&input["p_current"]), rows("n_ref"), rows("n_cur"), 1e9).unwrap();
    all_close(name, &found, &expected["w"], tolerance);
    close(name, effective_sample_size(&found).unwrap(), &expected["ess"], tolerance);
    2
}

fn coins(name: &str, input: &Value, expected: &Value, tolerance: f64) -> Checked {
    let losses: Vec<Option<f64>> =
        input["loss"].as_array().expect("losses").iter().map(Value::as_f64).collect();
    let labelled: Vec<bool> = losses.iter().map(Option::is_some).collect();
    assert_eq!(labelled, flags(&input["labelled"]));
    let probabilities = numbers(&input["pi"]);
    let rows = Coins { losses: &losses, probabilities: &probabilities };
    let known: Vec<f64> = losses.iter().copied().flatten().collect();
    close(name, mean(&known), &expected["naive_labelled_mean"], tolerance);
    let both = |found: SampledMean, value: &str, se: &str| {
        close(name, found.value, &expected[value], tolerance);
        close(name, found.se, &expected[se], tolerance);
    };
    both(horvitz_thompson(rows).unwrap(), "ht", "ht_se");
    both(active_mean(rows, &numbers(&input["f_expected_loss"])).unwrap(), "aipw", "aipw_se");
    close(name, hajek(rows).unwrap().value, &expected["hajek"], tolerance);
    6
}

fn draws(name: &str, input: &Value, expected: &Value, tolerance: f64) -> Checked {
    let (q, pool) = (numbers(&input["q"]), crate::file::count(&input["N"]));
    all_close(name, &lure_weights(&q, pool).unwrap(), &expected["v"], tolerance);
    let draw = |(&probability, loss): (&f64, f64)| Draw { probability, loss };
    let draws: Vec<Draw> = q.iter().zip(numbers(&input["loss"])).map(draw).collect();
    close(name, lure(&draws, pool).unwrap().value, &expected["risk"], tolerance);
    2
}

fn powered(name: &str, input: &Value, expected: &Value, tolerance: f64) -> Checked {
    let column = |key: &str| numbers(&input[key]);
    let (y, guessed, others) = (column("Y"), column("Yhat"), column("Yhat_unlabelled"));
    let lambdas = [("lam_1", Some(1.0)), ("lam_0.5", Some(0.5)), ("lam_None", None)];
    for (key, lambda) in lambdas {
        let found = ppi_mean(&y, &guessed, &others, lambda).unwrap();
        let interval = found.estimate(1.0 - number(&input["alpha"])).unwrap();
        close(name, found.mean.value, &expected[key]["point"], tolerance);
        all_close(name, &[interval.low, interval.high], &expected[key]["ci"], tolerance);
    }
    lambdas.len()
}
