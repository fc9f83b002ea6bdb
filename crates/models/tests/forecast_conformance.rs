//! The suite that every trainer passes, on the forecasting ones.

use domain::time::HOUR;
use domain::{Examples, Timestamp};
use models::conformance::check_fit;
use models::forecast::{Cut, LagTrees, Lags, baselines, frame};

fn hours() -> Examples {
    let times: Vec<Timestamp> = (0..900).map(|h| Timestamp(h * HOUR)).collect();
    let value = |h: u64| 50.0 + 10.0 * ((h % 12) as f64).sin() + (h * 2_654_435_761 % 97) as f64 / 50.0;
    let values: Vec<f64> = (0..900).map(value).collect();
    frame(&times, &values, None, &Cut { history: 60, horizon: 6, gap: 1, every: 6 }).expect("regular hours")
}

#[test]
fn simple_methods_pass_the_suite() {
    baselines(12, 1).iter().for_each(|fit| check_fit(fit.as_ref(), &hours()));
}

#[test]
fn lag_models_pass_the_suite() {
    check_fit(&Lags::new(12, 1), &hours());
    check_fit(&LagTrees::new(12, 1), &hours());
}
