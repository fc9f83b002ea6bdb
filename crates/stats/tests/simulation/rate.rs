//! Rates over simulated runs.

use stats::random;

/// The share of `runs` on which `happens` is true.
pub fn rate(runs: u64, happens: impl Fn(u64) -> bool) -> f64 {
    (0..runs).filter(|&run| happens(run)).count() as f64 / runs as f64
}

/// `found` (from `runs` runs) and `reference` (from `reference_runs`) are the same rate.
#[track_caller]
pub fn same_rate(what: &str, found: f64, runs: u64, reference: f64, reference_runs: u64) {
    // Half an event keeps a reference of 0 from having no variance.
    let share = |rate: f64, runs: u64| (rate * runs as f64 + 0.5) / (runs as f64 + 1.0);
    let part = |rate: f64, runs: u64| share(rate, runs) * (1.0 - share(rate, runs)) / runs as f64;
    let se = (part(found, runs) + part(reference, reference_runs)).sqrt();
    assert!((found - reference).abs() <= 4.0 * se, "{what}: {found}, reference {reference}, se {se:.5}");
}

/// Three kinds of rows: only the challenger right (1), only the incumbent (−1), or alike (0).
pub fn row_difference(disagreement: f64, effect: f64, seed: u64, run: u64, row: u64) -> f64 {
    let win = 0.5 * (disagreement + effect);
    match random::unit(seed, run, row) {
        u if u < win => 1.0,
        u if u < disagreement => -1.0,
        _ => 0.0,
    }
}

/// A standard normal draw by Box and Muller.
pub fn normal(seed: u64, run: u64, draw: u64) -> f64 {
    let (u, v) = (random::unit(seed, run, 2 * draw), random::unit(seed, run, 2 * draw + 1));
    (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}
