//! Forecasting methods against reference packages, and served graphs against the methods they stand for.

use domain::time::HOUR;
use domain::{Column, Examples, Target, Timestamp, Values};
use models::forecast::ets::{self, Form};
use models::forecast::smoothing::{Smoothing, State, level, ses};
use models::forecast::{Cut, HISTORY, LagTrees, Lags, baselines, frame, simple, theta};
use models::onnx::OnnxModel;
use models::{Fit, Predict, Seed};
use serde_json::Value;

fn vector(name: &str) -> Value {
    let file: Value =
        serde_json::from_str(include_str!("golden/01_baselines.json")).expect("the golden file is JSON");
    let vectors = file["vectors"].as_array().expect("a list").iter();
    vectors.clone().find(|v| v["name"] == name).unwrap_or_else(|| panic!("no vector {name}")).clone()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|v| v.as_f64().expect("a number")).collect()
}

fn close(found: &[f64], expected: &Value, tolerance: f64) {
    let expected = numbers(expected);
    assert_eq!(found.len(), expected.len());
    for (f, e) in found.iter().zip(&expected) {
        assert!((f - e).abs() <= tolerance * e.abs().max(1.0), "{found:?} is not {expected:?}");
    }
}

#[test]
fn simple_forecasts_match_their_formulas() {
    let v = vector("simple_forecasts");
    let (y, e) = (numbers(&v["input"]["y"]), &v["expected"]);
    close(&simple::naive(&y, 6), &e["naive"], 1e-9);
    close(&simple::seasonal_naive(&y, 12, 6), &e["seasonal_naive"], 1e-9);
    close(&simple::drift(&y, 6), &e["drift"], 1e-9);
    close(&simple::mean(&y, 6), &e["mean"], 1e-9);
    close(&simple::window_average(&y, 4, 6), &e["window_average_4"], 1e-9);
    close(&simple::seasonal_window_average(&y, 12, 2, 6), &e["seasonal_window_average_2"], 1e-9);
}

#[test]
fn smoothing_with_given_parameters_matches_statsmodels() {
    let v = vector("ses_fixed");
    let y = numbers(&v["input"]["y"]);
    let found = ses(0.3).run(&y, &level(112.0));
    close(&found.fitted, &v["expected"]["fitted"], 1e-9);
    close(&found.forecast(6), &v["expected"]["forecast"], 1e-9);
    close(&[found.squared_error(&y)], &Value::from(vec![v["expected"]["sse"].clone()]), 1e-9);

    let v = vector("holt_damped_fixed");
    let input = |name: &str| v["input"][name].as_f64().expect("a number");
    let holt = Smoothing { alpha: input("alpha"), beta: input("beta"), gamma: 0.0, phi: input("phi") };
    let found = holt.run(&y, &State { level: input("l0"), trend: input("b0"), season: Vec::new() });
    close(&found.fitted, &v["expected"]["fitted"], 1e-9);
    close(&found.forecast(6), &v["expected"]["forecast"], 1e-9);

    let v = vector("holt_winters_additive_fixed");
    let input = |name: &str| v["input"][name].as_f64().expect("a number");
    let winters = Smoothing { alpha: input("alpha"), beta: input("beta"), gamma: input("gamma"), phi: 1.0 };
    let start = State { level: input("l0"), trend: input("b0"), season: numbers(&v["input"]["s0"]) };
    let found = winters.run(&y, &start);
    close(&found.fitted, &v["expected"]["fitted"], 1e-9);
    close(&found.forecast(6), &v["expected"]["forecast"], 1e-9);
}

#[test]
fn theta_matches_statsmodels() {
    let v = vector("theta_nondeseasonalized");
    let y = numbers(&v["input"]["y"]);
    close(&[theta::line(&y).1], &Value::from(vec![v["expected"]["b0"].clone()]), 1e-9);
    close(&theta::model(&y, 2.0, 6), &v["expected"]["forecast"], 1e-4);
}

/// A year of hours: a day's shape, a week's, and some noise.
fn hourly() -> Examples {
    let times: Vec<Timestamp> = (0..3_000).map(|h| Timestamp(h * HOUR)).collect();
    let noise = |h: usize| ((h * 2_654_435_761) % 1_000) as f64 / 500.0 - 1.0;
    let value = |h: usize| {
        let day = (h % 24) as f64 / 24.0 * std::f64::consts::TAU;
        let weekend = if h / 24 % 7 > 4 { -10.0 } else { 0.0 };
        60.0 + 15.0 * day.sin() + weekend + noise(h)
    };
    let values: Vec<f64> = (0..3_000).map(value).collect();
    frame(&times, &values, None, &Cut { history: 24 * 14, horizon: 24, gap: 1, every: 24 })
        .expect("regular hours")
}

fn answer(fit: &dyn Fit, train: &Examples, test: &Examples) -> Vec<f64> {
    let artifact = fit.fit(train, Seed(1), &mut |_| true).unwrap_or_else(|e| panic!("{}: {e}", fit.name()));
    let model = OnnxModel::load(&artifact).unwrap_or_else(|e| panic!("{}: {e}", fit.name()));
    model.predict(&test.rows).unwrap_or_else(|e| panic!("{}: {e}", fit.name())).values
}

fn error(said: &[f64], test: &Examples) -> f64 {
    let Target::Path { values, .. } = &test.target else { panic!("a path") };
    said.iter().zip(values).map(|(f, y)| (f - y).abs()).sum::<f64>() / values.len() as f64
}

fn halves(all: &Examples) -> (Examples, Examples) {
    let middle = all.len() * 3 / 4;
    (all.take(&(0..middle).collect::<Vec<_>>()), all.take(&(middle..all.len()).collect::<Vec<_>>()))
}

#[test]
fn served_graphs_answer_as_their_methods_do() {
    let all = hourly();
    let (train, test) = halves(&all);
    let Some(Column { values: Values::Tensor { data, .. }, .. }) = test.rows.column(HISTORY) else {
        panic!("no history")
    };
    let length = 24 * 14;
    let histories: Vec<Vec<f64>> =
        data.chunks(length).map(|w| w.iter().map(|v| f64::from(*v)).collect()).collect();
    let expected = |name: &str, y: &[f64]| match name {
        "naive" => simple::naive(y, 25),
        "seasonal_naive" => simple::seasonal_naive(y, 24, 25),
        "drift" => simple::drift(y, 25),
        "mean" => simple::mean(y, 25),
        "window_average" => simple::window_average(y, 24, 25),
        _ => simple::seasonal_window_average(y, 24, 2, 25),
    };
    for fit in baselines(24, 1).iter().take(6) {
        let said = answer(fit.as_ref(), &train, &test);
        for (row, y) in histories.iter().enumerate() {
            let path = expected(fit.name(), y);
            for (step, value) in path[1..].iter().enumerate() {
                let found = said[row * 24 + step];
                assert!((found - value).abs() < 1e-5 * value.abs(), "{}: {found} is not {value}", fit.name());
            }
        }
    }
}

#[test]
fn fitted_baselines_answer_and_lag_models_beat_them_all() {
    let (train, test) = halves(&hourly());
    let simple: Vec<(String, f64)> = baselines(24, 1)
        .iter()
        .map(|fit| (fit.name().to_string(), error(&answer(fit.as_ref(), &train, &test), &test)))
        .collect();
    let best = simple.iter().map(|s| s.1).fold(f64::INFINITY, f64::min);
    let lags = error(&answer(&Lags::new(24, 1), &train, &test), &test);
    let trees = error(&answer(&LagTrees::new(24, 1), &train, &test), &test);
    assert!(lags < best && trees < best, "lags {lags}, trees {trees}, simple {simple:?}");
    // The noise alone costs 0.5.
    assert!(lags < 1.0 && trees < 1.5, "lags {lags}, trees {trees}");
}

#[test]
fn a_seasonal_theta_graph_follows_the_method() {
    let (train, test) = halves(&hourly());
    let fits = baselines(24, 1);
    let theta = fits.iter().find(|f| f.name() == "theta").expect("theta is a baseline");
    let said = error(&answer(theta.as_ref(), &train, &test), &test);
    let naive = error(&answer(fits[0].as_ref(), &train, &test), &test);
    assert!(said < 0.5 * naive, "theta {said}, naive {naive}");
}

#[test]
fn additive_forms_are_linear_in_the_window() {
    let y: Vec<f64> = (0..60).map(|t| 10.0 + f64::from(t % 6) + 0.1 * f64::from(t)).collect();
    let z: Vec<f64> = (0..60).map(|t| 3.0 - f64::from(t % 5)).collect();
    for form in [Form::DampedTrend, Form::Additive] {
        let parameters = ets::parameters(form, &[0.3, 0.2, 0.5, 0.4][..ets::free_parameters(form)]);
        let path = |y: &[f64]| parameters.run(y, &ets::start(y, 6, form)).forecast(8);
        let sum: Vec<f64> = y.iter().zip(&z).map(|(a, b)| a + 2.0 * b).collect();
        for ((a, b), both) in path(&y).iter().zip(path(&z)).zip(path(&sum)) {
            assert!((a + 2.0 * b - both).abs() < 1e-9);
        }
    }
}

#[test]
fn windows_with_a_missing_value_are_refused_by_row() {
    let (mut train, _) = halves(&hourly());
    let mut columns = train.rows.columns().to_vec();
    if let Values::Tensor { data, .. } = &mut columns[0].values {
        data[24 * 14 + 3] = f32::NAN;
    }
    train.rows = domain::Table::new(columns).expect("the same columns");
    let error = Lags::new(24, 1).fit(&train, Seed(1), &mut |_| true).expect_err("a NaN in row 2");
    assert!(error.to_string().contains("row 2, column history"), "{error}");
}
