//! Promises of deferral kept where naive thresholds break theirs, and labels chosen by doubt that still tell
//! the truth.

use crate::rate::{normal, rate};
use stats::deferral::{
    Alone, Calibration, Draws, MOST_STEPS, Promise, Start, aps_score, aps_set, binomial_p, certify,
    confidence_grid, conformal_quantile, conformal_risk_control, drawn_p, lac_score, lac_set,
};
use stats::label_sampling::{Coins, active_mean};
use stats::proportion::Count;
use stats::random::unit;
use stats::selection::{inclusion, poisson_draw};
use stats::sum::{mean, variance};

const PROMISE: Promise = Promise { alpha: 0.1, delta: 0.05 };

/// Rows of a model whose confidence, from 0.5 to 1, is the chance that it is right: above a threshold t it is
/// wrong with chance (1 − t)/2, so the limit of 0.1 is kept from 0.8 on.
fn answered(run: u64, rows: u64) -> (Vec<f64>, Vec<bool>) {
    let row = |i: u64| {
        let confidence = 0.5 + 0.5 * unit(201, run, i);
        (confidence, unit(202, run, i) >= confidence)
    };
    (0..rows).map(row).unzip()
}

const SAFE: f64 = 0.8;

/// The loosest threshold at which the calibration rows look good enough.
fn naive(confidence: &[f64], wrong: &[bool], grid: &[f64]) -> f64 {
    let looks_good = |&&threshold: &&f64| {
        let accepted: Vec<usize> = (0..wrong.len()).filter(|&i| confidence[i] >= threshold).collect();
        let errors = accepted.iter().filter(|&&i| wrong[i]).count();
        errors as f64 <= PROMISE.alpha * accepted.len() as f64
    };
    *grid.iter().rev().find(looks_good).expect("the strictest threshold accepts few rows")
}

#[test]
fn a_certified_threshold_keeps_its_promise_and_a_naive_one_does_not() {
    let runs = 400;
    let (mut broken, mut naively_broken, mut certified) = (0u32, 0u32, 0u32);
    for run in 0..runs {
        let (confidence, wrong) = answered(run, 1_500);
        let (traffic, _) = answered(run + 10_000, 1_500);
        let grid = confidence_grid(&traffic, MOST_STEPS).unwrap();
        let rows = Calibration { confidence: &confidence, wrong: &wrong, draws: None, traffic: &traffic };
        let found = certify(rows, &grid, PROMISE, Start::Traffic).unwrap().alone;
        certified += u32::from(found.is_some());
        broken += u32::from(found.is_some_and(|alone| alone.threshold < SAFE));
        naively_broken += u32::from(naive(&confidence, &wrong, &grid) < SAFE);
        // The share of the traffic above t is 2(1 − t).
        let near = |alone: Alone| (alone.coverage.value - 2.0 * (1.0 - alone.threshold)).abs() < 0.1;
        assert!(found.is_none_or(near), "{found:?}");
    }
    // 5% of 400 runs; and the promise is not kept by promising nothing.
    assert!(broken <= 20 && certified >= 300, "{broken} {certified}");
    assert!(naively_broken >= 160, "{naively_broken}");
}

/// Labelled rows of a traffic of two kinds in equal parts: rows of the first are labelled five times as often
/// and wrong with chance 0.02, rows of the second with chance `second`.
fn queue(run: u64, second: f64) -> (Vec<bool>, Vec<f64>) {
    let row = |i: u64| {
        let first = unit(203, run, i) < 0.5;
        let (chance, error) = if first { (0.5, 0.02) } else { (0.1, second) };
        (unit(204, run, i) < chance).then(|| (unit(205, run, i) < error, chance))
    };
    (0..2_000).filter_map(row).unzip()
}

#[test]
fn rows_drawn_with_unequal_chances_are_tested_as_what_they_are() {
    let p = |run: u64, second: f64| {
        let (wrong, probabilities) = queue(run, second);
        drawn_p(&wrong, Draws { probabilities: &probabilities, floor: 0.1 }, 0.1).unwrap()
    };
    let as_if_uniform = |run: u64| {
        let (wrong, _) = queue(run, 0.18);
        let successes = wrong.iter().filter(|&&w| w).count() as u64;
        binomial_p(Count { successes, trials: wrong.len() as u64 }, 0.1).unwrap()
    };
    // A tenth of the traffic is wrong, but only 4.7% of the labelled rows.
    let (held, fooled) = (rate(300, |run| p(run, 0.18) <= 0.05), rate(300, |run| as_if_uniform(run) <= 0.05));
    assert!(held <= 0.05 && fooled > 0.95, "{held} {fooled}");
    // Where 3% of the traffic are wrong it is shown more often than not.
    let shown = rate(300, |run| p(run, 0.04) <= 0.05);
    assert!(shown > 0.5, "{shown}");
}

/// What a model of three classes says of a row, and the class, which it knows less well than it says.
fn classified(run: u64, row: u64) -> (Vec<f64>, usize) {
    let scores: Vec<f64> = (0..3).map(|k| normal(206 + k, run, row)).collect();
    let softmax = |sharpness: f64| -> Vec<f64> {
        let weights: Vec<f64> = scores.iter().map(|s| (sharpness * s).exp()).collect();
        weights.iter().map(|w| w / weights.iter().sum::<f64>()).collect()
    };
    let truth = softmax(1.0);
    let u = unit(209, run, row);
    let class = if u < truth[0] { 0 } else { 1 + usize::from(u >= truth[0] + truth[1]) };
    (softmax(2.5), class)
}

#[test]
fn candidate_sets_hold_the_right_class_as_often_as_asked() {
    let (runs, rows) = (800, 99);
    let (mut lac, mut aps, mut plain) = (Vec::new(), Vec::new(), Vec::new());
    for run in 0..runs {
        let calibration: Vec<(Vec<f64>, usize)> = (0..rows).map(|i| classified(run, i)).collect();
        let quantile = |score: &dyn Fn(&[f64], usize) -> f64| {
            let scores: Vec<f64> = calibration.iter().map(|(p, class)| score(p, *class)).collect();
            conformal_quantile(&scores, 0.1).unwrap()
        };
        let least = quantile(&|p, class| lac_score(p, class).unwrap());
        let adaptive = quantile(&|p, class| aps_score(p, class).unwrap());
        for i in rows..rows + 40 {
            let (p, class) = classified(run, i);
            lac.push(f64::from(u8::from(lac_set(&p, least).unwrap().contains(&class))));
            aps.push(f64::from(u8::from(aps_set(&p, adaptive).unwrap().contains(&class))));
            // The classes that the model says hold 90%.
            plain.push(f64::from(u8::from(aps_score(&p, class).unwrap() <= 0.9)));
        }
    }
    // Exactly 0.9 for scores without ties; over 800 calibration sets and their rows the standard error is 0.002.
    assert!((mean(&lac) - 0.9).abs() < 0.01, "{}", mean(&lac));
    assert!(mean(&aps) > 0.89, "{}", mean(&aps));
    assert!(mean(&plain) < 0.8, "{}", mean(&plain));
}

#[test]
fn conformal_risk_control_keeps_the_loss_within_its_limit_on_average() {
    // Row i loses its difficulty, uniform, once the setting j of 20 passes a point of its own: the expected
    // loss at setting j is j/40.
    let risk = |run: u64| {
        let loss = |row: u64, j: u32| {
            if unit(210, run, row) < f64::from(j) / 20.0 { unit(211, run, row) } else { 0.0 }
        };
        let losses: Vec<f64> = (0..60).flat_map(|row| (0..=20).map(move |j| loss(row, j))).collect();
        let found = conformal_risk_control(&losses, 21, 1.0, 0.2).unwrap();
        found.chosen.expect("60 rows are enough for the first setting") as f64 / 40.0
    };
    let risks: Vec<f64> = (0..400).map(risk).collect();
    let se = (variance(&risks) / 400.0).sqrt();
    assert!(mean(&risks) <= 0.2 + 2.0 * se && mean(&risks) > 0.15, "{} {se}", mean(&risks));
}

/// The losses of a draw: those of the rows drawn with these chances by the coins of `run`.
fn labels(losses: &[f64], probabilities: &[f64], run: u64) -> Vec<Option<f64>> {
    let units: Vec<f64> = (0..losses.len() as u64).map(|i| unit(212, run, i)).collect();
    let mut found = vec![None; losses.len()];
    poisson_draw(probabilities, &units).unwrap().into_iter().for_each(|row| found[row] = Some(losses[row]));
    found
}

#[test]
fn labels_spent_where_the_doubt_is_know_the_loss_better() {
    // Most rows are sure to be right, a few are a coin's toss.
    let wrong: Vec<f64> = (0..2_000).map(|i| 0.5 * unit(213, 0, i).powi(4)).collect();
    let losses: Vec<f64> =
        wrong.iter().zip(0..).map(|(e, i)| f64::from(u8::from(unit(214, 0, i) < *e))).collect();
    let scores: Vec<f64> = wrong.iter().map(|e| e * (1.0 - e)).collect();
    let gaps = |probabilities: &[f64]| -> Vec<f64> {
        let gap = |run: u64| {
            let labelled = labels(&losses, probabilities, run);
            let rows = Coins { losses: &labelled, probabilities };
            active_mean(rows, &wrong).unwrap().value - mean(&losses)
        };
        (0..400).map(gap).collect()
    };
    let (doubt, even) = (gaps(&inclusion(&scores, 200.0, 0.02).unwrap()), gaps(&vec![0.1; 2_000]));
    for gaps in [&doubt, &even] {
        assert!(mean(gaps).abs() < 2.0 * (variance(gaps) / 400.0).sqrt(), "{}", mean(gaps));
    }
    let (doubt, even) = (variance(&doubt).sqrt(), variance(&even).sqrt());
    assert!(doubt < 0.8 * even, "{doubt} {even}");
}

/// A year of twelve rounds: the mean loss of all rows, what the labels that came say of it by K3, and their
/// plain mean. The model ages from round to round, and each round's guess follows the labels before it.
fn year(run: u64) -> [f64; 3] {
    let (rows, mut guessed_share) = (300u64, 1.0);
    let (mut truth, mut estimated, mut came) = (Vec::new(), Vec::new(), Vec::new());
    for month in 0..12 {
        let round = 100 * run + month;
        let stated: Vec<f64> = (0..rows).map(|i| 0.5 * unit(215, round, i).powi(2)).collect();
        let ageing = 1.0 + 0.05 * month as f64;
        let wrong = |i: u64| f64::from(u8::from(unit(216, round, i) < ageing * stated[i as usize]));
        let losses: Vec<f64> = (0..rows).map(wrong).collect();
        let guessed: Vec<f64> = stated.iter().map(|e| (guessed_share * e).min(0.9)).collect();
        let scores: Vec<f64> = guessed.iter().map(|e| e * (1.0 - e)).collect();
        let probabilities = inclusion(&scores, 40.0, 0.02).unwrap();
        let labelled = labels(&losses, &probabilities, round + 1_000_000);
        let found =
            active_mean(Coins { losses: &labelled, probabilities: &probabilities }, &guessed).unwrap();
        guessed_share = (found.value / mean(&stated)).clamp(0.5, 2.0);
        truth.push(mean(&losses));
        estimated.push(found.value);
        came.extend(labelled.into_iter().flatten());
    }
    [mean(&truth), mean(&estimated), mean(&came)]
}

#[test]
fn over_years_of_labels_chosen_by_doubt_the_loss_is_unbiased_and_the_labels_mean_is_not() {
    let years: Vec<[f64; 3]> = (0..200).map(year).collect();
    let off = |of: usize| {
        let gaps: Vec<f64> = years.iter().map(|year| year[of] - year[0]).collect();
        mean(&gaps) / (variance(&gaps) / 200.0).sqrt()
    };
    let (estimated, naive) = (off(1), off(2));
    assert!(estimated.abs() < 2.0, "{estimated}");
    assert!(naive > 20.0, "{naive}");
}
