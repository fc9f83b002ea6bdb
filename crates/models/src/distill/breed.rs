//! Rows that were never seen but could have been: more for a student to ask its teacher about.
//!
//! Rows of one training part only, so that a teacher that never saw the part can label them. Invariant: cells stay
//! within what the column held, and whole numbers stay whole; equal seeds give equal rows.

use crate::contract::{FitError, PredictError, Seed};
use crate::encode::{Encoder, Style};
use crate::onnx::Others;
use crate::zoo::points_of;
use domain::{Column, Table, Values};
use stats::random;

/// The share of a row's cells that are drawn anew, and of those numbers that are moved, by [`spunge`].
const SHARE: f64 = 0.1;
/// How far numbers are moved, in deviations.
const NOISE: f64 = 0.1;
/// The chance of each cell to be taken from the nearest row, by [`munge`].
const SWAP: f64 = 0.5;
/// How near to the neighbour's a number is drawn: the deviation is the distance divided by this.
const LOCALITY: f64 = 1.0;

/// How rows are bred.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breed {
    /// See [`spunge`].
    Spunge,
    /// See [`munge`].
    Munge,
}

impl Breed {
    /// `count` rows from these.
    pub fn rows(self, rows: &Table, count: usize, seed: Seed) -> Result<Table, FitError> {
        match self {
            Breed::Spunge => Ok(spunge(rows, count, seed)),
            Breed::Munge => munge(rows, count, seed),
        }
    }
}

/// Copies rows; a tenth of each row's cells come from other rows, and a tenth of its numbers move a little.
///
/// - *What it answers.* Rows near those seen, cheap.
/// - *Assumptions.* Columns depend on each other little enough that a few cells of another row fit.
/// - *When it misleads.* Where columns are bound together (a sum and its parts) it breeds what cannot be.
/// - *Source.* Erickson et al. 2020 (AutoGluon), whose defaults these are.
/// - *Checked against.* The share of cells that change.
pub fn spunge(rows: &Table, count: usize, seed: Seed) -> Table {
    let height = rows.rows();
    if height == 0 {
        return rows.take(&[]);
    }
    let parents: Vec<usize> = (0..count).map(|i| i % height).collect();
    let column = |(place, column): (usize, &Column)| {
        let stream = random::bits(seed.0, 51, place as u64);
        let donor = |i: usize, parent: usize| {
            let anew = random::unit(stream, 0, i as u64) < SHARE;
            if anew { random::below(height, stream, 1, i as u64) } else { parent }
        };
        let from: Vec<usize> = parents.iter().enumerate().map(|(i, &parent)| donor(i, parent)).collect();
        let mut values = rows.select(|name| name == column.name).take(&from).columns()[0].values.clone();
        if let (Values::Number(cells), Values::Number(all)) = (&mut values, &column.values) {
            let bounds = Bounds::of(all);
            for (i, cell) in cells.iter_mut().enumerate() {
                if random::unit(stream, 2, i as u64) < SHARE {
                    *cell = bounds.keep(*cell + NOISE * bounds.deviation * normal(stream, 3, i as u64));
                }
            }
        }
        Column { name: column.name.clone(), values }
    };
    let columns = rows.columns().iter().enumerate().map(column).collect();
    Table::new(columns).expect("every column has as many rows")
}

/// Each row drawn between itself and the row nearest to it: half of its cells come from there, numbers from around
/// there.
///
/// - *What it answers.* Rows along the surface that the data lie on, where copies of single cells would leave it.
/// - *Assumptions.* The nearest row in scaled columns is of the same kind.
/// - *When it misleads.* On few rows the nearest is far, and what lies between was never true.
/// - *Source.* Bucila, Caruana and Niculescu-Mizil 2006, algorithm 1.
/// - *Checked against.* That rows stay between two that were seen.
pub fn munge(rows: &Table, count: usize, seed: Seed) -> Result<Table, FitError> {
    let height = rows.rows();
    if height < 2 {
        return Ok(rows.take(&vec![0; count.min(height * count)]));
    }
    let near = nearest(rows).map_err(|e| crate::supervise::bad("munge", e.to_string()))?;
    let parents: Vec<usize> = (0..count).map(|i| i % height).collect();
    let column = |(place, column): (usize, &Column)| {
        let stream = random::bits(seed.0, 52, place as u64);
        let swaps = |i: usize| random::unit(stream, 0, i as u64) < SWAP;
        let from: Vec<usize> =
            parents.iter().enumerate().map(|(i, &p)| if swaps(i) { near[p] } else { p }).collect();
        let mut values = rows.select(|name| name == column.name).take(&from).columns()[0].values.clone();
        if let (Values::Number(cells), Values::Number(all)) = (&mut values, &column.values) {
            let bounds = Bounds::of(all);
            for (i, cell) in cells.iter_mut().enumerate().filter(|(i, _)| swaps(*i)) {
                let apart = (all[parents[i]] - *cell).abs() / LOCALITY;
                if apart.is_finite() && apart > 0.0 {
                    *cell = bounds.keep(*cell + apart * normal(stream, 1, i as u64));
                }
            }
        }
        Column { name: column.name.clone(), values }
    };
    let columns = rows.columns().iter().enumerate().map(column).collect();
    Ok(Table::new(columns).expect("every column has as many rows"))
}

/// The row nearest to each, not itself.
fn nearest(rows: &Table) -> Result<Vec<usize>, PredictError> {
    let encoder = Encoder::learn(rows, Style::Trees);
    let raw = encoder.encode(rows)?;
    let width = raw.columns.len();
    if width == 0 {
        return Ok((0..rows.rows()).map(|row| (row + 1) % rows.rows()).collect());
    }
    let points = points_of(&raw);
    let others = Others::new(&points, width);
    let row = |row: usize, squares: &[f32]| {
        let others = (0..squares.len()).filter(|&other| other != row);
        others.min_by(|&a, &b| squares[a].total_cmp(&squares[b])).unwrap_or(row)
    };
    Ok(others.map(&points, row))
}

/// What a column of numbers held.
struct Bounds {
    low: f64,
    high: f64,
    deviation: f64,
    whole: bool,
}

impl Bounds {
    fn of(cells: &[f64]) -> Bounds {
        let finite: Vec<f64> = cells.iter().copied().filter(|x| x.is_finite()).collect();
        let low = finite.iter().copied().fold(f64::INFINITY, f64::min);
        let high = finite.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let deviation = if finite.len() > 1 { stats::sum::variance(&finite).sqrt() } else { 0.0 };
        Bounds { low, high, deviation, whole: finite.iter().all(|x| x.fract() == 0.0) }
    }

    fn keep(&self, x: f64) -> f64 {
        let x = if self.whole { x.round() } else { x };
        // A missing cell stays missing.
        if x.is_nan() { x } else { x.clamp(self.low, self.high) }
    }
}

/// A standard normal draw, by Box and Muller 1958.
fn normal(seed: u64, stream: u64, draw: u64) -> f64 {
    let (u, v) = (random::unit(seed, stream, 2 * draw), random::unit(seed, stream, 2 * draw + 1));
    (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}
