//! 04_online.json: sample ratio, always-valid bounds, betting, adjustment, ratio metrics.

use crate::file::{all_close, cases, close, count, flags, number, numbers};
use serde_json::Value;
use stats::adjust::{Units, cuped, lin};
use stats::moments::Moments;
use stats::proportion::Count;
use stats::ratio::{RatioArm, ratio_difference};
use stats::sequential::beta_binomial::bernoulli_interval;
use stats::sequential::mixture::{
    NormalMixture, Sides, Tuning, gamma_exponential_bound, poly_stitching_bound,
};
use stats::sequential::{ConjugateBernstein, Hedged, PredictableBernstein, Seen, always_valid_reach};
use stats::srm::{SequentialSrm, srm_chi_square};
use stats::welch::welch;

/// Vectors that other crates or modules answer for.
const ELSEWHERE: [&str; 3] = ["assignment_sha256", "assignment_uniformity", "off_policy"];

#[test]
fn every_vector_of_online_experiments_agrees() {
    let mut checked = 0;
    for vector in cases("04_online.json", "vectors") {
        let name = vector["name"].as_str().expect("a vector has a name");
        if ELSEWHERE.contains(&name) {
            continue;
        }
        check(name, &vector["input"], &vector["expected"], number(&vector["tol_abs"]));
        checked += 1;
    }
    assert_eq!(checked, 14);
}

fn check(name: &str, input: &Value, expected: &Value, tolerance: f64) {
    match name {
        "sequential_srm" => sequential_srm(name, input, expected, tolerance),
        "sequential_srm_large" => large_srm(name, input, expected, tolerance),
        "asymptotic_cs_radius" => asymptotic(name, input, expected, tolerance),
        "confseq_boundaries" => boundaries(name, input, expected, tolerance),
        "bernoulli_cs" => bernoulli(name, input, expected, tolerance),
        "empirical_bernstein_predmix" => predictable(name, input, expected, tolerance),
        "empirical_bernstein_conjmix" => conjugate(name, input, expected, tolerance),
        "betting_hedged_capital" => hedged(name, input, expected, tolerance),
        "betting_capital_at_m" => capital(name, input, expected, tolerance),
        "lindon_equivalence" => lindon(name, input, expected, tolerance),
        "cuped_ratio_lin" => adjustments(name, input, expected, tolerance),
        name if name.starts_with("srm_chi2") => chi_square(name, input, expected, tolerance),
        other => panic!("no test for vector {other}"),
    }
}

fn counts(value: &Value) -> Vec<u64> {
    value.as_array().expect("counts").iter().map(count).collect()
}

fn chi_square(name: &str, input: &Value, expected: &Value, tolerance: f64) {
    let found = srm_chi_square(&counts(&input["counts"]), &numbers(&input["weights"])).unwrap();
    close(name, found.statistic, &expected["chi2"], tolerance);
    close(name, found.p, &expected["p"], tolerance);
}

fn sequential_srm(name: &str, input: &Value, expected: &Value, tolerance: f64) {
    let srm = SequentialSrm::new(&numbers(&input["theta0"]), number(&input["k"])).unwrap();
    let mut seen = vec![0; 2];
    let (mut logs, mut p_values, mut p) = (Vec::new(), Vec::new(), 1.0);
    for step in input["increments"].as_array().expect("increments") {
        counts(step).iter().zip(&mut seen).for_each(|(more, seen)| *seen += more);
        logs.push(srm.log_bayes_factor(&seen).unwrap());
        p = srm.anytime_p(&seen, p).unwrap();
        p_values.push(p);
    }
    all_close(name, &logs, &expected["log_bayes_factor"], tolerance);
    all_close(name, &logs, &expected["closed_form"], tolerance);
    all_close(name, &p_values, &expected["anytime_p"], tolerance);
}

fn large_srm(name: &str, input: &Value, expected: &Value, tolerance: f64) {
    for (prior, key) in [(100.0, "log_bayes_factor"), (1_000.0, "k_1000"), (10_000.0, "k_10000")] {
        let srm = SequentialSrm::new(&numbers(&input["theta0"]), prior).unwrap();
        close(name, srm.log_bayes_factor(&counts(&input["counts"])).unwrap(), &expected[key], tolerance);
    }
}

fn asymptotic(name: &str, input: &Value, expected: &Value, tolerance: f64) {
    let (planned, alpha) = (number(&input["t_opt"]), number(&input["alpha"]));
    let rows = numbers(&input["t"]);
    let found: Vec<f64> = rows.iter().map(|&t| always_valid_reach(t, planned, alpha).unwrap()).collect();
    all_close(name, &found, &expected["radius"], tolerance);
    // The same boundary as the two-sided normal mixture, per row.
    let mixture = NormalMixture::tuned(Tuning { variance: planned, alpha }, Sides::Two).unwrap();
    let per_row: Vec<f64> = rows.iter().map(|&t| mixture.bound(t, alpha).unwrap() / t).collect();
    all_close(name, &per_row, &expected["radius_confseq_normal_mixture"], tolerance);
}

fn boundaries(name: &str, input: &Value, expected: &Value, tolerance: f64) {
    let (alpha, variances) = (number(&input["alpha"]), numbers(&input["v"]));
    let tuning = Tuning { variance: number(&input["v_opt"]), alpha: 0.05 };
    let all = |bound: &dyn Fn(f64) -> f64| variances.iter().map(|&v| bound(v)).collect::<Vec<_>>();
    for (sides, key) in [(Sides::One, "normal_one_sided"), (Sides::Two, "normal_two_sided")] {
        let mixture = NormalMixture::tuned(tuning, sides).unwrap();
        all_close(name, &all(&|v| mixture.bound(v, alpha).unwrap()), &expected[key], tolerance);
    }
    let found = all(&|v| gamma_exponential_bound(v, alpha, tuning, 1.0).unwrap());
    all_close(name, &found, &expected["gamma_exponential"], tolerance);
    let found = all(&|v| poly_stitching_bound(v, alpha, 10.0, 1.0).unwrap());
    all_close(name, &found, &expected["poly_stitching"], tolerance);
}

fn bernoulli(name: &str, input: &Value, expected: &Value, tolerance: f64) {
    let intervals = expected["ci"].as_array().expect("intervals");
    let cases = input["cases_s_n_alpha_topt"].as_array().expect("cases");
    assert_eq!(cases.len(), intervals.len());
    for (case, interval) in cases.iter().zip(intervals) {
        let [successes, trials, alpha, planned] = numbers(case)[..] else { panic!("four numbers") };
        let count = Count { successes: successes as u64, trials: trials as u64 };
        let found = bernoulli_interval(count, planned, 0.05, alpha).unwrap();
        all_close(name, &[found.low, found.high], interval, tolerance);
    }
}

/// A lower bound's values at the reported rows, and 1 less those of the mirrored values.
pub fn both_sides(values: &[f64], at: &[usize], mut low: impl FnMut(&[f64]) -> f64) -> (Vec<f64>, Vec<f64>) {
    let mirrored: Vec<f64> = values.iter().map(|v| 1.0 - v).collect();
    let lows = at.iter().map(|&row| low(&values[..=row])).collect();
    (lows, at.iter().map(|&row| 1.0 - low(&mirrored[..=row])).collect())
}

/// The predictable mixture's bound after all of these values.
pub fn predictable_low(values: &[f64], alpha: f64) -> f64 {
    let mut bound = PredictableBernstein::new(alpha).unwrap();
    values.iter().for_each(|&v| bound.observe(v).unwrap());
    bound.low()
}

/// The conjugate mixture's bound after all of these values.
pub fn conjugate_low(values: &[f64], alpha: f64, tuned: f64) -> f64 {
    let mut bound = ConjugateBernstein::new(alpha, tuned).unwrap();
    values.iter().for_each(|&v| bound.observe(v).unwrap());
    bound.low().unwrap()
}

/// The hedged bounds at the reported rows, having looked at each of `looks`.
pub fn hedged_bounds(values: &[f64], alpha: f64, looks: impl Fn(usize) -> bool) -> Vec<(usize, f64, f64)> {
    let mut hedged = Hedged::new(alpha).unwrap();
    let mut bounds = Vec::new();
    for (row, &value) in values.iter().enumerate() {
        hedged.observe(value).unwrap();
        if looks(row) {
            let look = hedged.look();
            bounds.push((row, look.low, look.high));
        }
    }
    bounds
}

fn rows(expected: &Value) -> Vec<usize> {
    crate::file::indices(&expected["at_index"])
}

fn predictable(name: &str, input: &Value, expected: &Value, tolerance: f64) {
    let (values, alpha) = (numbers(&input["x"]), number(&input["alpha"]));
    let found = both_sides(&values, &rows(expected), |part| predictable_low(part, alpha / 2.0));
    all_close(name, &found.0, &expected["lower"], tolerance);
    all_close(name, &found.1, &expected["upper"], tolerance);
}

/// The reference halves α once for two sides and once more within each.
fn conjugate(name: &str, input: &Value, expected: &Value, tolerance: f64) {
    let (values, tuned) = (numbers(&input["x"]), number(&input["v_opt"]));
    let alpha = number(&input["alpha"]) / 4.0;
    let found = both_sides(&values, &rows(expected), |part| conjugate_low(part, alpha, tuned));
    all_close(name, &found.0, &expected["lower"], tolerance);
    all_close(name, &found.1, &expected["upper"], tolerance);
}

fn hedged(name: &str, input: &Value, expected: &Value, tolerance: f64) {
    let at = rows(expected);
    let found = hedged_bounds(&numbers(&input["x"]), number(&input["alpha"]), |row| at.contains(&row));
    all_close(name, &found.iter().map(|b| b.1).collect::<Vec<_>>(), &expected["lower"], tolerance);
    all_close(name, &found.iter().map(|b| b.2).collect::<Vec<_>>(), &expected["upper"], tolerance);
}

fn capital(name: &str, input: &Value, expected: &Value, tolerance: f64) {
    let mut hedged = Hedged::new(number(&input["alpha"])).unwrap();
    let (at, mut found) = (rows(expected), Vec::new());
    for (row, value) in numbers(&input["x"]).into_iter().enumerate() {
        hedged.observe(value).unwrap();
        if at.contains(&row) {
            found.push(hedged.log_capital(number(&input["m"])).unwrap().exp());
        }
    }
    all_close(name, &found, &expected["capital"], tolerance);
}

/// φ = 1/ρ² is the precision of the mixture's prior.
fn lindon(name: &str, input: &Value, expected: &Value, tolerance: f64) {
    let alpha = number(&input["alpha"]);
    let mixture = NormalMixture::with_precision(number(&input["phi"]), Sides::Two).unwrap();
    let rows = number(&input["n"]);
    let found = number(&input["sd"]) * mixture.bound(rows, alpha).unwrap() / rows;
    close(name, found, &expected["radius"], tolerance);
}

fn adjustments(name: &str, input: &Value, expected: &Value, tolerance: f64) {
    let (challenger, outcome, before) = (flags(&input["arm"]), numbers(&input["y"]), numbers(&input["pre"]));
    let units = Units { challenger: &challenger, outcome: &outcome };
    let of = |ours: bool, values: &[f64]| -> Vec<f64> {
        values.iter().zip(&challenger).filter(|(_, c)| **c == ours).map(|(v, _)| *v).collect()
    };
    let plain = welch(&of(false, &outcome), &of(true, &outcome)).unwrap();
    all_close(name, &[plain.mean, plain.se], &expected["diff_plain"], tolerance);
    let adjusted = cuped(units, &before).unwrap();
    all_close(name, &[adjusted.mean, adjusted.se], &expected["diff_cuped_pooled_theta"], tolerance);
    for (found, key) in [(plain, "plain"), (adjusted, "cuped")] {
        let (test, reference) = (found.test(0.0).expect(name), &expected["tea_tasting"][key]);
        close(name, found.mean, &reference["effect_size"], tolerance);
        close(name, test.statistic, &reference["statistic"], tolerance);
        close(name, test.p_two_sided, &reference["pvalue"], tolerance);
    }
    let interacted = lin(units, &[&before]).unwrap();
    close(name, interacted.mean, &expected["lin_hc2"]["effect"], tolerance);
    close(name, interacted.se, &expected["lin_hc2"]["se"], tolerance);
    two_arms(name, &of(false, &outcome), &of(true, &outcome), &expected["diff_plain"], tolerance);
    ratios(name, input, &challenger, expected, tolerance);
}

/// What a monitor sees of two arms is the plain difference and its standard error.
fn two_arms(name: &str, first: &[f64], second: &[f64], expected: &Value, tolerance: f64) {
    let moments = |values: &[f64]| {
        let mut moments = Moments::default();
        values.iter().for_each(|&v| moments.observe(v).unwrap());
        moments
    };
    let seen = Seen::two_arms(&moments(first), &moments(second));
    all_close(name, &[seen.mean, seen.sd / (seen.units as f64).sqrt()], expected, tolerance);
}

fn ratios(name: &str, input: &Value, challenger: &[bool], expected: &Value, tolerance: f64) {
    let (mut arms, parts) = ([RatioArm::default(); 2], (numbers(&input["num"]), numbers(&input["den"])));
    for (row, &ours) in challenger.iter().enumerate() {
        arms[usize::from(ours)].observe(parts.0[row], parts.1[row]).unwrap();
    }
    let (found, reference) = (ratio_difference(&arms[0], &arms[1]).unwrap(), &expected["ratio"]);
    close(name, found.incumbent, &reference["r0"], tolerance);
    close(name, found.challenger, &reference["r1"], tolerance);
    let difference = found.difference;
    close(name, difference.mean, &reference["diff"], tolerance);
    close(name, difference.se, &reference["se"], tolerance);
    let (test, reference) = (difference.test(0.0).expect(name), &expected["tea_tasting"]["ratio"]);
    close(name, test.statistic, &reference["statistic"], tolerance);
    close(name, test.p_two_sided, &reference["pvalue"], tolerance);
    let seen = found.seen();
    close(name, seen.sd / (seen.units as f64).sqrt(), &expected["ratio"]["se"], tolerance);
}
