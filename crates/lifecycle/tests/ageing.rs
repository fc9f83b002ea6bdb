//! A world whose relation forgets itself with a known half-life: paired backtests find it.

use domain::ageing::{Ageing, Curve};
use domain::time::DAY;
use domain::{Column, Examples, Table, Target, Timestamp, Values};
use lifecycle::Silent;
use lifecycle::decay::curve::fit;
use lifecycle::decay::paired::{How, paired};

const HALF_LIFE: f64 = 30.0;
const DAYS: usize = 360;
const A_DAY: usize = 50;
/// So many relations forget side by side that their mean is near what each does on average.
const COLUMNS: usize = 24;
const NOISE: f64 = 0.3;

/// Nearly normal, with mean 0 and variance 1.
fn draw(seed: u64, stream: u64, place: u64) -> f64 {
    (0..12).map(|part| stats::random::unit(seed, stream, 12 * place + part)).sum::<f64>() - 6.0
}

/// Each day's slopes: correlated by one half with those of a half-life before.
fn slopes(seed: u64) -> Vec<[f64; COLUMNS]> {
    let keep = (-1.0 / HALF_LIFE).exp2();
    let fresh = (1.0 - keep * keep).sqrt();
    let mut now: [f64; COLUMNS] = std::array::from_fn(|k| draw(seed, k as u64, 0));
    let day = |day: u64| {
        now = std::array::from_fn(|k| keep * now[k] + fresh * draw(seed, k as u64, day));
        now
    };
    (1..=DAYS as u64).map(day).collect()
}

fn examples(seed: u64, slopes: &[[f64; COLUMNS]]) -> Examples {
    let rows = DAYS * A_DAY;
    let x = |k: usize, row: usize| draw(seed + 1, k as u64, row as u64);
    let columns: Vec<Vec<f64>> = (0..COLUMNS).map(|k| (0..rows).map(|row| x(k, row)).collect()).collect();
    let y = |row: usize| {
        let signal: f64 = (0..COLUMNS).map(|k| slopes[row / A_DAY][k] * columns[k][row]).sum();
        signal + NOISE * draw(seed + 2, 0, row as u64)
    };
    let target = Target::Number((0..rows).map(y).collect());
    let at = (0..rows).map(|row| Timestamp(row as i64 * DAY / A_DAY as i64)).collect();
    let named = |(k, values)| Column { name: format!("x{k}"), values: Values::Number(values) };
    let table = Table::new(columns.into_iter().enumerate().map(named).collect()).expect("equally long");
    Examples { rows: table, target, weight: None, at: Some(at), entity: None }
}

fn how() -> How {
    How { loss: "mse".into(), blocks: 12, window: 3 * DAY, delay: 0, least_rows: 50, seed: 1 }
}

fn ageing(seed: u64, slopes: &[[f64; COLUMNS]]) -> Ageing {
    let trainer = models::linear::Ridge::default();
    let found = paired(&examples(seed, slopes), &trainer, &how(), "rows", &mut Silent).expect("enough rows");
    assert_eq!((found.origins.len(), found.points.len()), (12, 66));
    fit(&found, 1).expect("it can be fitted").ageing
}

/// One world of 240 days holds eight half-lives, so that each knows its own only roughly; together they know it.
#[test]
fn a_known_half_life_is_within_its_interval() {
    let found: Vec<Ageing> = [11, 21, 31, 41, 51, 61].map(|seed| ageing(seed, &slopes(seed))).to_vec();
    let curves: Vec<Curve> = found.iter().map(|ageing| ageing.curve.expect("it ages")).collect();
    let mean = |of: fn(&Curve) -> f64| curves.iter().map(of).sum::<f64>() / curves.len() as f64;
    let half_life = mean(|curve| curve.half_life.ln()).exp();
    assert!((half_life / HALF_LIFE).ln().abs() < 0.2, "{curves:?}");
    // E(b(t + a) - b(t))^2 = 2(1 - 2^(-a/h)) for each column
    assert!((mean(|curve| curve.limit) / (2.0 * COLUMNS as f64) - 1.0).abs() < 0.2, "{curves:?}");
    let covers = |ageing: &&Ageing| {
        let (low, high) = (ageing.half_life.0.expect("known"), ageing.half_life.1.expect("known"));
        assert!(ageing.ageless == 0.0 && high < 5.0 * HALF_LIFE, "{ageing:?}");
        low < HALF_LIFE && HALF_LIFE < high
    };
    assert!(found.iter().filter(covers).count() >= 5, "{found:?}");
}

#[test]
fn a_world_that_stays_shows_no_ageing_or_next_to_none() {
    let still = vec![[1.0; COLUMNS]; DAYS];
    let ageing = ageing(6, &still);
    // a sliding window of the same world: old and fresh models differ by noise only
    assert!(ageing.at_oldest.1 < 0.2 && ageing.at_oldest.0 < 0.05, "{ageing:?}");
}
