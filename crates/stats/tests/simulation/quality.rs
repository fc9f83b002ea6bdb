//! Quality without labels where its assumptions hold and where they do not, and means from labels whose
//! chance was known.

use crate::rate::{normal, rate};
use stats::drift::density_ratios;
use stats::label_sampling::{
    AnytimeActiveMean, Coins, Draw, active_mean, hajek, horvitz_thompson, lure, ppi_mean,
};
use stats::quality::{ReferenceYesNo, ServedYesNo, cbpe, direct_loss, reweighted_cbpe};
use stats::random::unit;
use stats::sum::mean;

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// What CBPE says of the accuracy, answering yes from one half.
fn said(p: &[f64]) -> stats::Estimate {
    let predicted: Vec<bool> = p.iter().map(|&p| p > 0.5).collect();
    cbpe(ServedYesNo { calibrated: p, predicted: &predicted, scores: p }, 0.95).unwrap().accuracy
}

fn accuracy(actual: &[bool], p: &[f64]) -> f64 {
    let right = actual.iter().zip(p).filter(|(yes, p)| **yes == (**p > 0.5)).count();
    right as f64 / actual.len() as f64
}

/// A calibrated model's answers for rows around `centre`: what happened, and the probabilities.
fn calibrated(run: u64, rows: u64, centre: f64) -> (Vec<bool>, Vec<f64>) {
    let row = |i: u64| {
        let p = logistic(2.0 * (centre + normal(101, run, i)));
        (unit(102, run, i) < p, p)
    };
    (0..rows).map(row).unzip()
}

#[test]
fn under_covariate_shift_cbpe_is_right_and_the_accuracy_of_the_reference_is_not() {
    let runs = 300;
    let (mut gaps, mut stale) = (Vec::new(), Vec::new());
    for run in 0..runs {
        let (actual, p) = calibrated(run, 600, 1.5);
        gaps.push(said(&p).value - accuracy(&actual, &p));
        let (before, stated) = calibrated(run + runs, 600, 0.0);
        stale.push(accuracy(&before, &stated) - accuracy(&actual, &p));
    }
    // One run's gap has a standard deviation of 0.013: four standard errors are 0.003.
    assert!(mean(&gaps).abs() < 0.003, "{}", mean(&gaps));
    assert!(mean(&stale) < -0.08, "{}", mean(&stale));
    let covered = rate(runs, |run| {
        let (actual, p) = calibrated(run, 600, 1.5);
        said(&p).covers(accuracy(&actual, &p))
    });
    // Four standard errors of 300 runs are five points.
    assert!((covered - 0.95).abs() < 0.05, "{covered}");
}

#[test]
fn under_concept_drift_cbpe_notices_nothing() {
    let (_, p) = calibrated(0, 20_000, 0.0);
    // The rows are the same and the model as sure as ever, but the answer now depends on them half as much.
    let drifted: Vec<bool> = (0..20_000).map(|i| unit(102, 1, i) < logistic(normal(101, 0, i))).collect();
    let (guess, truth) = (said(&p), accuracy(&drifted, &p));
    assert!(guess.low > truth + 0.05, "{guess:?} {truth}");
}

/// Rows of two kinds that the model cannot tell apart: it states p, and yes is a fifth more or less likely.
struct Mixed {
    first: Vec<bool>,
    actual: Vec<bool>,
    stated: Vec<f64>,
}

fn mixed(run: u64, rows: u64, first_share: f64) -> Mixed {
    let mut mixed = Mixed { first: Vec::new(), actual: Vec::new(), stated: Vec::new() };
    for i in 0..rows {
        let (first, p) = (unit(103, run, i) < first_share, 0.2 + 0.6 * unit(104, run, i));
        mixed.first.push(first);
        mixed.stated.push(p);
        mixed.actual.push(unit(105, run, i) < if first { p + 0.2 } else { p - 0.2 });
    }
    mixed
}

#[test]
fn weights_repair_a_calibration_that_holds_on_average_only() {
    let (runs, rows) = (40, 4_000);
    let (mut plain, mut weighted) = (Vec::new(), Vec::new());
    for run in 0..runs {
        let (reference, current) = (mixed(run, rows, 0.5), mixed(run + runs, rows, 0.9));
        let predicted: Vec<bool> = current.stated.iter().map(|&p| p > 0.5).collect();
        let yes = |column: &[bool]| column.iter().filter(|&&yes| yes).count() as f64;
        let truth = current.actual.iter().zip(&predicted).filter(|(y, p)| **y && **p).count() as f64;
        let precision = truth / yes(&predicted);
        // P(current | kind), as a perfect classifier of reference and current rows has it.
        let chance: Vec<f64> =
            reference.first.iter().map(|&first| if first { 0.9 / 1.4 } else { 0.1 / 0.6 }).collect();
        let ratios = density_ratios(&chance, rows, rows, 1e9).unwrap();
        let of = |ratios: &[f64]| {
            let before = ReferenceYesNo { actual: &reference.actual, stated: &reference.stated, ratios };
            let found = reweighted_cbpe(before, &current.stated, &predicted, 1_000.0, 0.95).unwrap();
            found.found.unwrap().precision.unwrap().value
        };
        plain.push(of(&vec![1.0; rows as usize]) - precision);
        weighted.push(of(&ratios) - precision);
    }
    // Of the rows answered yes, 0.65 + 0.9 · 0.2 − 0.1 · 0.2 are a yes; plain CBPE says 0.65.
    assert!(mean(&plain) < -0.13, "{}", mean(&plain));
    assert!(mean(&weighted).abs() < 0.01, "{}", mean(&weighted));
}

#[test]
fn a_loss_that_depends_on_the_row_is_followed_by_dle() {
    // Errors are normal with a spread of 1 + x², whose mean size the regressor has learned.
    let spread = |run: u64, i: u64, centre: f64| 1.0 + (centre + 0.5 * normal(106, run, i)).powi(2);
    let size = (2.0 / std::f64::consts::PI).sqrt();
    let gap = |run: u64| {
        let rows = || (0..500).map(|i| spread(run, i, 2.0));
        let predicted: Vec<f64> = rows().map(|s| size * s).collect();
        let truth: Vec<f64> = rows().enumerate().map(|(i, s)| s * normal(107, run, i as u64).abs()).collect();
        direct_loss(&predicted, 0.95).unwrap().loss.value - mean(&truth)
    };
    let gaps: Vec<f64> = (0..200).map(gap).collect();
    // One run's gap has a standard deviation of 0.16: four standard errors are 0.05.
    assert!(mean(&gaps).abs() < 0.05, "{}", mean(&gaps));
    let before: Vec<f64> = (0..500).map(|i| size * spread(0, i, 0.0)).collect();
    assert!(direct_loss(&before, 0.95).unwrap().loss.high < 2.0);
}

/// A stream in which unsure rows are labelled more, as a review queue does, down to a floor.
struct Queue {
    losses: Vec<Option<f64>>,
    probabilities: Vec<f64>,
    guessed: Vec<f64>,
}

/// The mean chance of being wrong, over rows that state between 0.5 and 1.
const WRONG: f64 = 0.25;

fn queue(run: u64, rows: u64, floor: f64) -> Queue {
    let mut queue = Queue { losses: Vec::new(), probabilities: Vec::new(), guessed: Vec::new() };
    for i in 0..rows {
        let wrong = 0.5 * unit(108, run, i);
        let probability = floor + 1.8 * wrong * wrong;
        let loss = f64::from(u8::from(unit(109, run, i) < wrong));
        queue.losses.push((unit(110, run, i) < probability).then_some(loss));
        queue.probabilities.push(probability);
        // The guess is a calibration that is off by a fifth.
        queue.guessed.push(0.8 * wrong);
    }
    queue
}

#[test]
fn logged_chances_undo_the_selection_of_unsure_rows() {
    let runs = 1_500;
    let (mut covered, mut naive, mut reach) = ([0u32; 3], Vec::new(), [0.0f64; 3]);
    for run in 0..runs {
        let Queue { losses, probabilities, guessed } = queue(run, 1_000, 0.02);
        let rows = Coins { losses: &losses, probabilities: &probabilities };
        naive.push(mean(&losses.iter().copied().flatten().collect::<Vec<_>>()));
        let found = [active_mean(rows, &guessed), hajek(rows), horvitz_thompson(rows)];
        for (i, mean) in found.into_iter().enumerate() {
            let interval = mean.unwrap().estimate(0.95).unwrap();
            covered[i] += u32::from(interval.covers(WRONG));
            reach[i] += interval.reach();
        }
    }
    // At least 93% of runs.
    assert!(covered.iter().all(|&c| c >= 1_395), "{covered:?}");
    assert!(reach[0] < reach[1].min(reach[2]), "{reach:?}");
    // Among labelled rows 0.360 are wrong: E[wrong · chance] / E[chance].
    assert!((mean(&naive) - 0.360).abs() < 0.01, "{}", mean(&naive));
}

#[test]
fn bounds_at_any_time_hold_at_every_look() {
    let runs = 100;
    let missed = rate(runs, |run| {
        let Queue { losses, probabilities, guessed } = queue(run + 5_000, 1_000, 0.1);
        let mut anytime = AnytimeActiveMean::new(0.1, 0.4, 0.05).unwrap();
        (0..losses.len()).any(|row| {
            anytime.observe(probabilities[row], guessed[row], losses[row]).unwrap();
            row % 100 == 99 && !anytime.look().covers(WRONG)
        })
    });
    // Four standard errors of 100 runs at 5% are 8.7 points.
    assert!(missed <= 0.137, "{missed}");
    let Queue { losses, probabilities, guessed } = queue(9_999, 4_000, 0.1);
    let mut anytime = AnytimeActiveMean::new(0.1, 0.4, 0.05).unwrap();
    for row in 0..losses.len() {
        anytime.observe(probabilities[row], guessed[row], losses[row]).unwrap();
    }
    assert!(anytime.look().reach() < 0.12, "{:?}", anytime.look());
}

/// A pool of losses, and the doubt that the model states of each row.
struct Pool {
    losses: Vec<f64>,
    doubt: Vec<f64>,
    mean: f64,
}

impl Pool {
    fn new(rows: u64) -> Self {
        let doubt: Vec<f64> = (0..rows).map(|i| 0.1 + unit(111, 0, i)).collect();
        let losses: Vec<f64> = (0..rows).map(|i| 0.5 * doubt[i as usize] + 0.3 * unit(112, 0, i)).collect();
        Pool { mean: mean(&losses), losses, doubt }
    }

    /// Draws without replacement: a row's chance follows its doubt, three times that next to a large loss
    /// just seen.
    fn draw(&self, run: u64, draws: u64) -> Vec<Draw> {
        let mut left: Vec<usize> = (0..self.losses.len()).collect();
        let (mut drawn, mut last): (Vec<Draw>, Option<usize>) = (Vec::new(), None);
        for m in 0..draws {
            let near = |i: usize| last.is_some_and(|l| self.losses[l] > self.mean && l.abs_diff(i) < 20);
            let weight = |&i: &usize| self.doubt[i] * if near(i) { 3.0 } else { 1.0 };
            let weights: Vec<f64> = left.iter().map(weight).collect();
            let total: f64 = weights.iter().sum();
            let mut rest = unit(113, run, m) * total;
            let chosen = weights.iter().position(|w| {
                rest -= w;
                rest < 0.0
            });
            let place = chosen.unwrap_or(left.len() - 1);
            let row = left.remove(place);
            drawn.push(Draw { probability: weights[place] / total, loss: self.losses[row] });
            last = Some(row);
        }
        drawn
    }
}

#[test]
fn draws_that_follow_the_answers_are_weighted_back_by_lure() {
    let (pool, runs) = (Pool::new(300), 800);
    let (mut gaps, mut plain, mut covered) = (Vec::new(), Vec::new(), 0u32);
    for run in 0..runs {
        let drawn = pool.draw(run, 90);
        let found = lure(&drawn, 300).unwrap();
        gaps.push(found.value - pool.mean);
        plain.push(mean(&drawn.iter().map(|d| d.loss).collect::<Vec<_>>()) - pool.mean);
        covered += u32::from(found.estimate(0.95).unwrap().covers(pool.mean));
    }
    assert!(mean(&gaps).abs() < 0.004 && mean(&plain) > 0.05, "{} {}", mean(&gaps), mean(&plain));
    // Four standard errors of 800 runs at 95% are 25 runs.
    assert!(covered.abs_diff(760) <= 25, "{covered}");
}

#[test]
fn ppi_covers_and_is_narrower_where_guesses_are_good() {
    let runs = 1_500;
    let (mut covered, mut narrower) = (0u32, 0u32);
    for run in 0..runs {
        let guess = |i: u64| normal(114, run, i);
        let y: Vec<f64> = (0..80).map(|i| 1.0 + guess(i) + 0.5 * normal(115, run, i)).collect();
        let guessed: Vec<f64> = (0..80).map(guess).collect();
        let others: Vec<f64> = (80..880).map(guess).collect();
        let tuned = ppi_mean(&y, &guessed, &others, None).unwrap();
        let labels_alone = ppi_mean(&y, &guessed, &others, Some(0.0)).unwrap();
        covered += u32::from(tuned.estimate(0.95).unwrap().covers(1.0));
        narrower += u32::from(tuned.mean.se < 0.8 * labels_alone.mean.se);
    }
    // At least 92.5% of runs.
    assert!(covered >= 1_388 && narrower >= 1_450, "{covered} {narrower}");
}
