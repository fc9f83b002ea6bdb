//! The kinds of ab_reference.json that may be looked at at any time: boundaries and bounded means.

use crate::file::{all_close, close, close_relative, count, indices, number, numbers};
use crate::online::{both_sides, conjugate_low, hedged_bounds, predictable_low};
use serde_json::Value;
use stats::proportion::Count;
use stats::sequential::Hedged;
use stats::sequential::beta_binomial::{bernoulli_interval, beta_binomial_bound};
use stats::sequential::mixture::{
    NormalMixture, Sides, Tuning, gamma_exponential_bound, poly_stitching_bound,
};

const EXACT: f64 = 1e-9;
/// The reference bisects to about 1e-12 of its bracket, and its incomplete gamma function is its own.
const SOLVED: f64 = 1e-6;
/// The reference's grid.
const GRID: f64 = 2e-3;

const TWO_SIDES: [(Sides, &str); 2] = [(Sides::One, "one"), (Sides::Two, "two")];

/// Checks a case of these kinds; false for another kind.
pub fn check(id: &str, kind: &str, input: &Value, output: &Value) -> bool {
    match kind {
        "bernoulli_confidence_interval" => share(id, input, output),
        "normal_mixture_bound" => normal(id, input, output),
        "normal_log_mixture" => evidence(id, input, output),
        "msprt_two_sample_normal" => likelihood_ratio(id, input, output),
        "beta_binomial_mixture_bound" => beta_binomial(id, input, output),
        "gamma_exponential_mixture_bound" => gamma_exponential(id, input, output),
        "poly_stitching_bound" => stitching(id, input, output),
        "betting.betting_mart log" => capital(id, input, output),
        "betting.hedged_cs" => hedged(id, input, output),
        "predmix_empbern_twosided_cs" => predictable(id, input, output),
        "conjmix_empbern_twosided_cs" => conjugate(id, input, output),
        "conjmix_hoeffding_twosided_cs" => hoeffding(id, input, output),
        _ => return false,
    }
    true
}

fn tuning(input: &Value) -> Tuning {
    Tuning { variance: number(&input["v_opt"]), alpha: 0.05 }
}

fn at_each(input: &Value, bound: impl Fn(f64) -> f64) -> Vec<f64> {
    numbers(&input["v"]).into_iter().map(bound).collect()
}

fn share(id: &str, input: &Value, output: &Value) {
    let of = |key: &str| number(&input[key]);
    let seen = Count { successes: count(&input["num_successes"]), trials: count(&input["num_trials"]) };
    let found = bernoulli_interval(seen, of("t_opt"), of("alpha_opt"), of("alpha")).unwrap();
    close(id, found.low, &output["low"], SOLVED);
    close(id, found.high, &output["high"], SOLVED);
}

fn normal(id: &str, input: &Value, output: &Value) {
    for (sides, key) in TWO_SIDES {
        let mixture = NormalMixture::tuned(tuning(input), sides).unwrap();
        let found = at_each(input, |v| mixture.bound(v, number(&input["alpha"])).unwrap());
        all_close(id, &found, &output[format!("{key}_sided")], EXACT);
    }
}

fn evidence(id: &str, input: &Value, output: &Value) {
    for (sides, key) in TWO_SIDES {
        let mixture = NormalMixture::tuned(tuning(input), sides).unwrap();
        let cases = numbers(&input["s"]).into_iter().zip(numbers(&input["v"]));
        let found: Vec<f64> = cases.map(|(s, v)| mixture.log_evidence(s, v).unwrap()).collect();
        all_close(id, &found, &output[key], EXACT);
    }
}

/// A normal prior of variance τ² on a difference whose pairs have variance V: in units of variance, a
/// precision of V²/τ².
fn likelihood_ratio(id: &str, input: &Value, output: &Value) {
    let of = |key: &str| number(&input[key]);
    let mixture = NormalMixture::with_precision(of("V") * of("V") / of("tau2"), Sides::Two).unwrap();
    let (pairs, difference) = (of("n_pairs"), of("diff"));
    let found = mixture.log_evidence(pairs * difference, pairs * of("V")).unwrap().exp();
    close_relative(id, found, &output["Lambda"], EXACT);
}

fn beta_binomial(id: &str, input: &Value, output: &Value) {
    let reach = (number(&input["g"]), number(&input["h"]));
    let alpha = number(&input["alpha"]);
    for (sides, key) in TWO_SIDES {
        let found = at_each(input, |v| beta_binomial_bound(v, alpha, tuning(input), reach, sides).unwrap());
        all_close(id, &found, &output[key], SOLVED);
    }
}

fn gamma_exponential(id: &str, input: &Value, output: &Value) {
    let (alpha, scale) = (number(&input["alpha"]), number(&input["c"]));
    let found = at_each(input, |v| gamma_exponential_bound(v, alpha, tuning(input), scale).unwrap());
    all_close(id, &found, &output["b"], SOLVED);
}

fn stitching(id: &str, input: &Value, output: &Value) {
    let (alpha, from) = (number(&input["alpha"]), number(&input["v_min"]));
    for (scale, key) in [(0.0, "c0"), (1.0, "c1")] {
        let found = at_each(input, |v| poly_stitching_bound(v, alpha, from, scale).unwrap());
        all_close(id, &found, &output[key], EXACT);
    }
}

fn capital(id: &str, input: &Value, output: &Value) {
    let (mut hedged, at) = (Hedged::new(number(&input["alpha"])).unwrap(), indices(&input["report_index0"]));
    let mut found = Vec::new();
    for (row, value) in numbers(&input["x"]).into_iter().enumerate() {
        hedged.observe(value).unwrap();
        if at.contains(&row) {
            found.push(hedged.log_capital(number(&input["m"])).unwrap().exp());
        }
    }
    all_close(id, &found, &output["mart"], EXACT);
}

fn hedged(id: &str, input: &Value, output: &Value) {
    let at = indices(&input["report_index0"]);
    let found = hedged_bounds(&numbers(&input["x"]), number(&input["alpha"]), |_| true);
    let low: Vec<f64> = at.iter().map(|&row| found[row].1).collect();
    let high: Vec<f64> = at.iter().map(|&row| found[row].2).collect();
    all_close(id, &low, &output["low"], GRID);
    all_close(id, &high, &output["high"], GRID);
}

fn sides_agree(id: &str, input: &Value, output: &Value, low: impl FnMut(&[f64]) -> f64, tolerance: f64) {
    let found = both_sides(&numbers(&input["x"]), &indices(&input["report_index0"]), low);
    all_close(id, &found.0, &output["low"], tolerance);
    all_close(id, &found.1, &output["high"], tolerance);
}

fn predictable(id: &str, input: &Value, output: &Value) {
    let alpha = number(&input["alpha"]) / 2.0;
    sides_agree(id, input, output, |part| predictable_low(part, alpha), EXACT);
}

/// The reference halves α once for two sides and once more within each.
fn conjugate(id: &str, input: &Value, output: &Value) {
    let (alpha, tuned) = (number(&input["alpha"]) / 4.0, number(&input["v_opt"]));
    sides_agree(id, input, output, |part| conjugate_low(part, alpha, tuned), SOLVED);
}

/// Values in [0, 1] are sub-Gaussian with variance ¼.
fn hoeffding(id: &str, input: &Value, output: &Value) {
    let (alpha, planned) = (number(&input["alpha"]), number(&input["t_opt"]));
    let mixture = NormalMixture::tuned(Tuning { variance: planned / 4.0, alpha }, Sides::Two).unwrap();
    let low = |part: &[f64]| {
        let rows = part.len() as f64;
        let reach = mixture.bound(rows / 4.0, alpha).unwrap() / rows;
        (stats::sum::mean(part) - reach).max(0.0)
    };
    sides_agree(id, input, output, low, EXACT);
}
