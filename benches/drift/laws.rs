//! The columns of the two tables. A cell depends on seed, column and row alone.

use domain::{Column, Values};
use std::f64::consts::TAU;
use store::digest::mix64;

/// How a column of the current rows differs.
#[derive(Clone, Copy, PartialEq)]
pub enum Moved {
    No,
    /// By so much, in units of the law's own spread.
    Shifted(f64),
    /// Wider by this factor.
    Scaled(f64),
    /// A larger share is missing.
    Missing(f64),
    /// Categories trade places in their frequency.
    Turned,
    /// A category that the reference rows do not have.
    New,
}

impl Moved {
    /// What moves in the current rows.
    pub fn of(index: usize) -> Moved {
        match index {
            3 => Moved::Shifted(0.3),
            10 => Moved::Scaled(1.5),
            17 => Moved::Missing(0.2),
            25 => Moved::Turned,
            28 => Moved::New,
            _ => Moved::No,
        }
    }
}

/// One column: numbers up to `numbers`, then categories.
pub fn column(index: usize, numbers: usize, rows: usize, seed: u64, moved: Moved) -> Column {
    let draws = Draws { seed: mix64(seed, index as u64) };
    if index < numbers {
        let cells = (0..rows as u64).map(|row| number(index, &draws, row, moved)).collect();
        return Column { name: format!("number_{index:02}"), values: Values::Number(cells) };
    }
    let kinds = [2, 3, 5, 8, 12, 30][(index - numbers) % 6];
    let cells = (0..rows as u64).map(|row| category(kinds, &draws, row, moved)).collect();
    Column { name: format!("category_{index:02}"), values: Values::Text(cells) }
}

fn number(index: usize, draws: &Draws, row: u64, moved: Moved) -> f64 {
    // every third column lacks some cells
    let missing = match moved {
        Moved::Missing(share) => share,
        _ if index % 3 == 2 => 0.05,
        _ => 0.0,
    };
    if draws.uniform(row, 0) < missing {
        return f64::NAN;
    }
    let (u, z) = (draws.uniform(row, 1), draws.normal(row));
    let x = match index % 6 {
        0 => z,
        1 => (0.5 * z).exp() * 100.0,
        2 => -u.ln() * 30.0,
        3 => (50.0 + 12.0 * z).round(),
        4 => u * 1_000.0,
        // most are nothing, as amounts often are
        _ if u < 0.6 => 0.0,
        _ => (z.abs() * 20.0 * 100.0).round() / 100.0,
    };
    match moved {
        Moved::Shifted(by) => x + by * 12.0,
        Moved::Scaled(factor) => x * factor,
        _ => x,
    }
}

/// Category k of n has the frequency of 1/(k+1).
fn category(kinds: usize, draws: &Draws, row: u64, moved: Moved) -> Option<String> {
    if draws.uniform(row, 0) < 0.01 {
        return None;
    }
    let weights = (0..kinds).map(|k| 1.0 / (k as f64 + 1.0));
    let mut left = draws.uniform(row, 1) * weights.clone().sum::<f64>();
    let drawn = weights.enumerate().find(|(_, weight)| {
        left -= weight;
        left < 0.0
    });
    let kind = drawn.map_or(kinds - 1, |(kind, _)| kind);
    let kind = match moved {
        Moved::Turned => kinds - 1 - kind,
        Moved::New if draws.uniform(row, 2) < 0.03 => kinds,
        _ => kind,
    };
    Some(format!("kind {kind}"))
}

/// Seeded draws.
struct Draws {
    seed: u64,
}

impl Draws {
    /// Above 0 and below 1.
    fn uniform(&self, row: u64, draw: u64) -> f64 {
        ((mix64(self.seed.wrapping_add(draw), row) >> 12) as f64 + 0.5) / (1_u64 << 52) as f64
    }

    fn normal(&self, row: u64) -> f64 {
        (-2.0 * self.uniform(row, 3).ln()).sqrt() * (TAU * self.uniform(row, 4)).cos()
    }
}
