//! Tables of mixed columns whose true probabilities are known, so that the least possible loss is known too.
//!
//! Not real data: the relation is a sum of effects by design, and every column has its trap.

use domain::time::{DAY, HOUR};
use domain::{Column, Examples, Table, Target, Timestamp, Values};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

const JOBS: [&str; 5] = ["clerk", "nurse", "pilot", "smith", "student"];

/// Rows with what is true of them.
#[derive(Debug, Clone)]
pub struct Mixed {
    /// The rows with their targets; `called` goes a day on every 20 rows.
    pub examples: Examples,
    /// The probability of class `yes` of each row, from which its target was drawn.
    pub truth: Vec<f64>,
}

/// Rows of two classes, `no` and `yes`. The log odds add up from:
///
/// - `age`, a number, a tenth of it missing; to be missing is worth a year 46;
/// - `debt`, a number whose scale is in the thousands and whose effect is a straight line;
/// - `job`, a text of five levels, 5% missing;
/// - `called`, an instant of which the hour matters: before and after noon differ;
/// - `pulse`, a block of 2 x 2 numbers of which the first matters.
///
/// Nothing comes from `noise`, a number; `town`, a text of about 300 levels; `id`, a text that differs in every
/// row; and `country`, which is the same in all.
pub fn classes(rows: usize, seed: u64) -> Mixed {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let drawn: Vec<Row> = (0..rows).map(|i| Row::draw(i, &mut rng)).collect();
    let truth: Vec<f64> = drawn.iter().map(|row| 1.0 / (1.0 + (-row.score()).exp())).collect();
    let index = truth.iter().map(|&p| u32::from(uniform(&mut rng) < p)).collect();
    let target = Target::Class { classes: vec!["no".into(), "yes".into()], index };
    Mixed { examples: examples(&drawn, target), truth }
}

/// The same rows with a number: the log odds plus noise, evenly spread from -1 to 1.
pub fn numbers(rows: usize, seed: u64) -> Mixed {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let drawn: Vec<Row> = (0..rows).map(|i| Row::draw(i, &mut rng)).collect();
    let truth: Vec<f64> = drawn.iter().map(|row| 1.0 / (1.0 + (-row.score()).exp())).collect();
    let value = |row: &Row, noise: f64| row.score() + 2.0 * noise - 1.0;
    let values = drawn.iter().map(|row| value(row, uniform(&mut rng))).collect();
    Mixed { examples: examples(&drawn, Target::Number(values)), truth }
}

impl Mixed {
    /// The mean log loss of who knows the true probabilities: no model does better but by luck.
    pub fn least_log_loss(&self) -> f64 {
        let entropy = |p: f64| -(p * p.ln() + (1.0 - p) * (1.0 - p).ln());
        self.truth.iter().map(|&p| entropy(p)).sum::<f64>() / self.truth.len() as f64
    }
}

struct Row {
    id: String,
    age: f64,
    debt: f64,
    noise: f64,
    job: Option<&'static str>,
    town: String,
    called: Timestamp,
    pulse: [f32; 4],
}

impl Row {
    fn draw(row: usize, rng: &mut ChaCha8Rng) -> Row {
        let missing = uniform(rng) < 0.1;
        let age = (18.0 + 60.0 * uniform(rng)).floor();
        // Products of draws lean to small numbers, so that some towns are frequent and most are rare.
        let town = (300.0 * uniform(rng) * uniform(rng)) as usize;
        let hour = (24.0 * uniform(rng)) as i64;
        Row {
            id: format!("row {row} of {:08x}", rng.next_u32()),
            age: if missing { f64::NAN } else { age },
            debt: 10_000.0 * uniform(rng),
            noise: uniform(rng),
            job: (uniform(rng) > 0.05).then(|| JOBS[(5.0 * uniform(rng)) as usize]),
            town: format!("town {town}"),
            called: Timestamp(1_700_006_400_000_000 + row as i64 / 20 * DAY + hour * HOUR),
            pulse: [0; 4].map(|_| uniform(rng) as f32),
        }
    }

    fn score(&self) -> f64 {
        let age = if self.age.is_nan() { 46.0 } else { self.age };
        let job = match self.job {
            Some("student") => 1.5,
            Some("pilot") => -1.0,
            None => 0.8,
            _ => 0.0,
        };
        let afternoon = if self.called.0.rem_euclid(DAY) / HOUR >= 12 { 0.5 } else { -0.5 };
        0.04 * (age - 48.0) - 0.0002 * (self.debt - 5_000.0) + job + afternoon + f64::from(self.pulse[0])
    }
}

fn examples(rows: &[Row], target: Target) -> Examples {
    let column = |name: &str, values| Column { name: name.into(), values };
    let number = |of: fn(&Row) -> f64| Values::Number(rows.iter().map(of).collect());
    let text = |of: fn(&Row) -> Option<String>| Values::Text(rows.iter().map(of).collect());
    let pulse = rows.iter().flat_map(|r| r.pulse).collect();
    let columns = vec![
        column("age", number(|r| r.age)),
        column("debt", number(|r| r.debt)),
        column("noise", number(|r| r.noise)),
        column("job", text(|r| r.job.map(str::to_string))),
        column("town", text(|r| Some(r.town.clone()))),
        column("id", text(|r| Some(r.id.clone()))),
        column("country", text(|_| Some("nowhere".into()))),
        column("called", Values::Time(rows.iter().map(|r| Some(r.called)).collect())),
        column("pulse", Values::Tensor { shape: vec![2, 2], data: pulse }),
    ];
    let rows = Table::new(columns).expect("columns of one length and different names");
    Examples { rows, target, weight: None, at: None, entity: None }
}

/// From 0 to below 1.
pub(crate) fn uniform(rng: &mut ChaCha8Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same_rows() {
        let (a, b) = (classes(50, 3), classes(50, 3));
        assert_eq!(a.truth, b.truth);
        assert_eq!(a.examples.target, b.examples.target);
        assert_ne!(a.truth, classes(50, 4).truth);
    }

    #[test]
    fn targets_come_from_the_true_probabilities() {
        let mixed = classes(20_000, 1);
        let Target::Class { index, .. } = &mixed.examples.target else { panic!("classes") };
        let yes = index.iter().filter(|&&i| i == 1).count() as f64 / 20_000.0;
        let expected = mixed.truth.iter().sum::<f64>() / 20_000.0;
        assert!((yes - expected).abs() < 0.01, "{yes} {expected}");
    }
}
