//! McNemar and Bonett–Price on rows that disagree 8% of the time.

use crate::rate::{normal, rate, row_difference, same_rate};
use stats::bonett_price::bonett_price;
use stats::mcnemar::{PairedCounts, mcnemar};
use stats::paired::paired_mean;

const DISAGREEMENT: f64 = 0.08;
const REFERENCE_RUNS: u64 = 20_000;

fn counts(rows: u64, effect: f64, seed: u64, run: u64) -> PairedCounts {
    let mut counts = PairedCounts::default();
    for row in 0..rows {
        match row_difference(DISAGREEMENT, effect, seed, run, row) {
            1.0 => counts.challenger_only += 1,
            -1.0 => counts.incumbent_only += 1,
            _ => counts.both_right += 1,
        }
    }
    counts
}

fn non_inferior(counts: PairedCounts, margin: f64) -> bool {
    bonett_price(counts).unwrap().non_inferior(margin, 0.05).unwrap()
}

#[test]
fn bonett_price_keeps_its_size_where_the_loss_is_the_margin() {
    for (rows, runs, reference) in [(300, 20_000, 0.04575), (2_000, 8_000, 0.05175)] {
        let found = rate(runs, |run| non_inferior(counts(rows, -0.02, 11, run), 0.02));
        same_rate(&format!("non-inferior on {rows} rows"), found, runs, reference, REFERENCE_RUNS);
    }
}

#[test]
fn mcnemar_keeps_its_size_between_equals() {
    let runs = 20_000;
    let found = rate(runs, |run| mcnemar(counts(300, 0.0, 12, run)).mid_p_greater <= 0.05);
    same_rate("mid-p", found, runs, 0.05095, REFERENCE_RUNS);
    let found = rate(runs, |run| mcnemar(counts(300, 0.0, 12, run)).exact_greater <= 0.05);
    same_rate("exact", found, runs, 0.03535, REFERENCE_RUNS);
    let found = rate(runs, |run| non_inferior(counts(300, 0.0, 12, run), 0.02));
    same_rate("non-inferior", found, runs, 0.31955, REFERENCE_RUNS);
}

#[test]
fn the_planned_rows_have_the_planned_power() {
    let runs = 4_000;
    let found = rate(runs, |run| non_inferior(counts(5_000, 0.0, 13, run), 0.01));
    same_rate("non-inferior", found, runs, 0.8017, REFERENCE_RUNS);
    let found = rate(runs, |run| mcnemar(counts(5_000, 0.0, 13, run)).mid_p_greater <= 0.05);
    same_rate("mid-p", found, runs, 0.0464, REFERENCE_RUNS);
}

#[test]
fn cluster_robust_intervals_cover_where_row_by_row_ones_do_not() {
    // 40 clusters of 10 rows that share half of their variance.
    let column = |run: u64| -> Vec<f64> {
        (0..400).map(|row| normal(14, run, row / 10) + normal(15, run, row)).collect()
    };
    let covered = |run: u64, cluster: &dyn Fn(u64) -> u64| {
        let clusters: Vec<u64> = (0..400).map(cluster).collect();
        paired_mean(&column(run), &clusters).unwrap().estimate(0.95).unwrap().covers(0.0)
    };
    let robust = rate(4_000, |run| covered(run, &|row| row / 10));
    assert!((robust - 0.95).abs() < 0.015, "{robust}");
    let naive = rate(1_000, |run| covered(run, &|row| row));
    assert!(naive < 0.7, "{naive}");
}
