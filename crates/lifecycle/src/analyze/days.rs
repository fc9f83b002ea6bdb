//! How the difference narrowed: after each day, all units so far, with an interval that holds at all looks.
//!
//! What somebody who had watched would have seen. The last day's interval is wider than that of the final
//! analysis: that is the price of having been allowed to stop on any day before.

use super::effect::LEVEL;
use super::outcome::Outcome;
use domain::gate::Estimate;
use domain::{Timestamp, time};
use stats::BadInput;
use stats::sequential::always_valid_reach;

/// All units up to the end of a day (UTC).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Day {
    /// The day's first instant.
    pub day: Timestamp,
    /// Units of control and treatment so far.
    pub units: [u64; 2],
    /// Treatment minus control with a 95% interval that holds on all days together; `None` before there
    /// are enough units for it.
    pub difference: Option<Estimate>,
}

/// Units of both arms, and 1s and 0s in each arm of a share, below which the interval is not to be trusted.
const LEAST_UNITS: u64 = 200;
const LEAST_EVENTS: f64 = 25.0;

/// Running moments (Welford).
#[derive(Debug, Clone, Copy, Default)]
struct Moments {
    rows: u64,
    mean: f64,
    squares: f64,
}

/// One entry a day; empty without times, or when all units are of one day.
pub(super) fn days(
    outcome: &Outcome,
    at: &impl Fn(usize) -> Option<Timestamp>,
) -> Result<Vec<Day>, BadInput> {
    let mut units: Vec<(Timestamp, usize, f64)> = Vec::new();
    for arm in 0..2 {
        units.extend(outcome.arms[arm].iter().filter_map(|(row, value)| Some((at(*row)?, arm, *value))));
    }
    units.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then(a.2.total_cmp(&b.2)));
    let (binary, planned) = (outcome.binary(), units.len() as f64);
    let mut arms = [Moments::default(); 2];
    let mut days = Vec::new();
    for of_a_day in units.chunk_by(|a, b| day(a.0) == day(b.0)) {
        of_a_day.iter().for_each(|(_, arm, value)| arms[*arm].add(*value));
        let difference = enough(&arms, binary).then(|| difference(&arms, planned)).transpose()?;
        let units = [arms[0].rows, arms[1].rows];
        days.push(Day { day: Timestamp(day(of_a_day[0].0) * time::DAY), units, difference });
    }
    Ok(if days.len() > 1 { days } else { Vec::new() })
}

fn day(at: Timestamp) -> i64 {
    at.0.div_euclid(time::DAY)
}

fn enough(arms: &[Moments; 2], binary: bool) -> bool {
    let events = |m: &Moments| {
        let ones = m.mean * m.rows as f64;
        !binary || ones.min(m.rows as f64 - ones) >= LEAST_EVENTS
    };
    arms[0].rows + arms[1].rows >= LEAST_UNITS && arms.iter().all(|m| m.rows >= 2 && events(m))
}

fn difference(arms: &[Moments; 2], planned: f64) -> Result<Estimate, BadInput> {
    let rows = arms[0].rows + arms[1].rows;
    let se = arms.iter().map(|m| m.squares / (m.rows as f64 - 1.0) / m.rows as f64).sum::<f64>().sqrt();
    // The standard error times √n is the standard deviation that one unit brings to the difference.
    let reach = always_valid_reach(rows as f64, planned, 1.0 - LEVEL)? * se * (rows as f64).sqrt();
    let value = arms[1].mean - arms[0].mean;
    Ok(Estimate { value, low: value - reach, high: value + reach, rows })
}

impl Moments {
    fn add(&mut self, value: f64) {
        self.rows += 1;
        let step = value - self.mean;
        self.mean += step / self.rows as f64;
        self.squares += step * (value - self.mean);
    }
}
