//! 07_time_drift.json: stream detectors, conformal martingale, change points, decay and cadence.

use crate::file::{cases, close, indices, number, numbers};
use serde_json::Value;
use stats::cadence::{Costs, Schedule, cost_per_day, never_above, saturating, square_root};
use stats::decay::Decay;
use stats::stream::{Adwin, Cusum, Ddm, Eddm, HddmA, HddmW, PageHinkley, SimpleJumper, change_points};

#[test]
fn every_vector_of_drift_over_time_agrees() {
    let cases = cases("07_time_drift.json", "vectors");
    assert_eq!(cases.len(), 10);
    let stream = cases.iter().find(|c| c["name"] == "real_stream").expect("the stream that others name");
    let stream = numbers(&stream["input"]["x"]);
    let p_values = cases.iter().find(|c| c["name"] == "simple_jumper_ctm").expect("the p-values");
    let p_values = numbers(&p_values["input"]["p_values"]);
    for vector in &cases {
        let (input, expected) = (&vector["input"], &vector["expected"]);
        let tolerance = number(&vector["tol_abs"]);
        match vector["name"].as_str().expect("a vector has a name") {
            "binary_error_stream" => errors(input, expected),
            "real_stream" => real(&stream, expected),
            "cusum_one_sided" => cusum(&stream, input, expected, tolerance),
            "simple_jumper_ctm" => jumper(&p_values, number(&input["J"]), expected, tolerance),
            "ctm_cusum" => jumper_cusum(&p_values, expected, tolerance),
            "pelt_l2" => pelt(&stream, input, expected),
            "cadence_square_root" => linear(input, expected, tolerance),
            "cadence_saturating" | "cadence_with_label_delay" => saturates(input, expected, tolerance),
            "decay_fit" => decay(input, expected, tolerance),
            other => panic!("no test for vector {other}"),
        }
    }
}

/// The rows, counted from 0, at which a detector alarms.
fn alarms<T: Copy>(stream: &[T], mut observe: impl FnMut(T) -> bool) -> Vec<usize> {
    let alarmed = stream.iter().enumerate().filter(|(_, value)| observe(**value));
    alarmed.map(|(row, _)| row).collect()
}

fn errors(input: &Value, expected: &Value) {
    let bits: Vec<bool> = input["errors_bits"].as_str().expect("bits").chars().map(|c| c == '1').collect();
    let losses: Vec<f64> = bits.iter().map(|&b| f64::from(u8::from(b))).collect();
    let mut adwin = Adwin::new(0.002).unwrap();
    let mut pages = [50.0, 10.0].map(|threshold| PageHinkley::new(0.005, threshold).unwrap());
    let (mut ddm, mut eddm) = (Ddm::new(3.0).unwrap(), Eddm::new(0.9).unwrap());
    let (mut a, mut w) = (HddmA::new(0.001).unwrap(), HddmW::new(0.001, 0.05).unwrap());
    let found = [
        ("ADWIN", alarms(&losses, |x| adwin.observe(x).unwrap())),
        ("PageHinkley_default", alarms(&losses, |x| pages[0].observe(x).unwrap())),
        ("PageHinkley_thr10", alarms(&losses, |x| pages[1].observe(x).unwrap())),
        ("DDM", alarms(&bits, |x| ddm.observe(x))),
        ("EDDM", alarms(&bits, |x| eddm.observe(x))),
        ("HDDM_A", alarms(&losses, |x| a.observe(x).unwrap())),
        ("HDDM_W", alarms(&losses, |x| w.observe(x).unwrap())),
    ];
    assert_eq!(expected.as_object().expect("alarms by name").len(), found.len());
    found.iter().for_each(|(key, rows)| assert_eq!(rows, &indices(&expected[key]), "{key}"));
}

fn real(stream: &[f64], expected: &Value) {
    let (mut adwin, mut page) = (Adwin::new(0.002).unwrap(), PageHinkley::new(0.005, 20.0).unwrap());
    let found = alarms(stream, |x| adwin.observe(x).unwrap());
    assert_eq!(found, indices(&expected["ADWIN"]), "ADWIN");
    let found = alarms(stream, |x| page.observe(x).unwrap());
    assert_eq!(found, indices(&expected["PageHinkley_thr20"]), "Page-Hinkley");
}

fn cusum(stream: &[f64], input: &Value, expected: &Value, tolerance: f64) {
    let mut cusum = Cusum::new(number(&input["k"]), number(&input["h"])).unwrap();
    let (mut sums, mut first) = (Vec::new(), None);
    for (row, &value) in stream.iter().enumerate() {
        if cusum.observe(value).unwrap() {
            first = first.or(Some(row));
        }
        sums.push(cusum.sum());
    }
    assert_eq!(first, expected["first_alarm"].as_u64().map(|row| row as usize));
    close("at 299", sums[299], &expected["C_at_299"], tolerance);
    close("at 350", sums[350], &expected["C_at_350"], tolerance);
}

fn run(p_values: &[f64], bets: &[f64], jump: f64) -> (Vec<f64>, Vec<f64>) {
    let mut jumper = SimpleJumper::new(bets, jump).unwrap();
    p_values.iter().map(|&p| (jumper.observe(p).unwrap(), jumper.log_cusum())).unzip()
}

fn jumper(p_values: &[f64], jump: f64, expected: &Value, tolerance: f64) {
    for (key, bets) in [("E3", &[-1.0, 0.0, 1.0][..]), ("E5", &[-1.0, -0.5, 0.0, 0.5, 1.0])] {
        let (logs, expected) = (run(p_values, bets, jump).0, &expected[key]);
        for row in [149, 199, 249] {
            close(key, logs[row].exp(), &expected[format!("S_{row}")], tolerance);
        }
        let first = logs.iter().position(|&log| log >= 100f64.ln());
        assert_eq!(first, expected["first_ge_100"].as_u64().map(|row| row as usize), "{key}");
    }
}

fn jumper_cusum(p_values: &[f64], expected: &Value, tolerance: f64) {
    let sums = run(p_values, &[-1.0, 0.0, 1.0], 0.01).1;
    close("at 149", sums[149], &expected["log_gamma_149"], tolerance);
    close("at 249", sums[249], &expected["log_gamma_249"], tolerance);
    let first = sums.iter().position(|&log| log >= 100f64.ln());
    assert_eq!(first, expected["first_ge_log100"].as_u64().map(|row| row as usize));
}

/// The reference lists the end of the series as well.
fn pelt(stream: &[f64], input: &Value, expected: &Value) {
    let mut found = change_points(stream, number(&input["pen"]), 5).unwrap();
    found.push(stream.len());
    assert_eq!(found, indices(&expected["breakpoints"]));
}

fn schedule(found: Schedule, expected: &Value, tolerance: f64) {
    close("tau", found.every, &expected["tau"], tolerance);
    close("cost", found.cost_per_day, &expected["cost_per_day"], tolerance);
}

fn linear(input: &Value, expected: &Value, tolerance: f64) {
    let loss_per_day = number(&input["V_value_per_unit_loss_per_day"]);
    let costs = Costs { retrain: number(&input["R_retrain_cost"]), loss_per_day };
    schedule(square_root(costs, number(&input["k_excess_loss_per_day"])).unwrap(), expected, tolerance);
}

fn saturates(input: &Value, expected: &Value, tolerance: f64) {
    let costs = Costs { retrain: number(&input["R"]), loss_per_day: number(&input["V"]) };
    let decay = Decay { limit: number(&input["Linf"]), half_life: number(&input["half_life"]) };
    let delay = input.get("delay").map_or(0.0, number);
    let found = saturating(costs, decay, delay).unwrap().expect("a schedule pays");
    schedule(found, expected, tolerance);
    let per_day = |share: f64| cost_per_day(costs, decay, delay, found.every * share).unwrap();
    let values = [
        ("marginal_staleness_at_tau", costs.loss_per_day * decay.at(found.every + delay)),
        ("never_threshold_R", never_above(costs.loss_per_day, decay, delay).unwrap()),
        ("cost_at_tau_half", per_day(0.5)),
        ("cost_at_tau_double", per_day(2.0)),
        ("unavoidable_floor_per_day", costs.loss_per_day * decay.at(delay)),
    ];
    let named: Vec<_> = values.iter().filter(|(key, _)| expected.get(key).is_some()).collect();
    assert_eq!(named.len() + 2, expected.as_object().expect("values by name").len());
    named.iter().for_each(|(key, value)| close(key, *value, &expected[*key], tolerance));
}

fn decay(input: &Value, expected: &Value, tolerance: f64) {
    let found = Decay::fit(&numbers(&input["age_days"]), &numbers(&input["excess_loss"])).unwrap();
    let found = found.expect("the model ages");
    close("limit", found.limit, &expected["Linf"], tolerance);
    // The file's tolerance, which close takes relative above 1.
    close("half-life", found.half_life, &expected["half_life"], tolerance);
}
