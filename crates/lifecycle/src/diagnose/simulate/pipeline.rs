//! Events, and what the training transform makes of them; what a fault makes of them instead.

use super::fault::{Real, Serving, Source};
use crate::StageError;
use crate::diagnose::Transform;
use domain::time::{HOUR, SECOND};
use domain::{Column, Table, Timestamp, Values};
use serde_json::{Map, Value, json};

/// One event as its source sends it.
#[derive(Debug, Clone)]
pub(super) struct Raw {
    pub entity: u64,
    pub at: Timestamp,
    pub height_m: f64,
    pub weight_kg: f64,
    pub age: f64,
    pub visits: f64,
    pub balance: f64,
    pub colour: &'static str,
    pub region: &'static str,
}

/// A stream of draws.
pub(super) struct Draw {
    seed: u64,
    count: u64,
}

impl Draw {
    pub fn new(seed: u64) -> Draw {
        Draw { seed, count: 0 }
    }

    /// In 0..1.
    pub fn unit(&mut self) -> f64 {
        self.count += 1;
        stats::random::unit(self.seed, 0, self.count)
    }

    pub fn normal(&mut self) -> f64 {
        stats::distribution::normal_quantile(self.unit().clamp(1e-12, 1.0 - 1e-12))
    }

    pub fn one_of(&mut self, words: &[(&'static str, f64)]) -> &'static str {
        let mut left = self.unit() * words.iter().map(|w| w.1).sum::<f64>();
        for (word, share) in words {
            left -= share;
            if left < 0.0 {
                return word;
            }
        }
        words[words.len() - 1].0
    }
}

/// How many people there are.
pub(super) const ENTITIES: u64 = 300;

/// The source: balances go on from event to event, all else is drawn anew.
pub(super) struct People {
    balance: Vec<f64>,
}

impl People {
    pub fn new(draw: &mut Draw) -> People {
        People { balance: (0..ENTITIES).map(|_| draw.normal()).collect() }
    }

    /// The next event. `shift` is what the world has become, and how much of it has come, 0 to 1.
    pub fn event(&mut self, at: Timestamp, draw: &mut Draw, shift: Option<(Real, f64)>) -> Raw {
        let entity = (draw.unit() * ENTITIES as f64) as u64;
        let balance = &mut self.balance[entity as usize];
        *balance = 0.9 * *balance + 0.436 * draw.normal();
        let share = |kind: Real| shift.filter(|s| s.0 == kind).map_or(0.0, |s| s.1);
        let (hard, easy) = (share(Real::HarmfulShift), share(Real::HarmlessShift) + share(Real::SlowShift));
        let moved = draw.unit() < easy;
        let weight_kg = if draw.unit() < 0.03 { f64::NAN } else { 70.0 + 12.0 * draw.normal() };
        Raw {
            entity,
            at,
            height_m: 1.7 + 0.1 * draw.normal(),
            weight_kg,
            age: 50.0 + 15.0 * draw.normal() + if moved { 14.0 } else { 0.0 },
            visits: (-3.0 * (1.0 - draw.unit()).ln()).floor(),
            balance: *balance,
            colour: draw.one_of(&[("Red", 4.0), ("Green", 3.0), ("Blue", 2.0), ("Grey", 1.0)]),
            region: draw.one_of(&[
                ("north", 3.0),
                ("south", 3.0 + 3.0 * easy),
                ("east", 3.0),
                // where nobody can be told, and few live
                ("islands", 1.0 + 30.0 * hard),
            ]),
        }
    }
}

/// What a broken source sends.
pub(super) fn broken(kind: Source, mut raw: Raw, draw: &mut Draw) -> Raw {
    match kind {
        Source::Missing if draw.unit() < 0.4 => raw.weight_kg = f64::NAN,
        Source::Code if draw.unit() < 0.1 => raw.age = -999.0,
        Source::Unit => raw.weight_kg *= 2.204_62,
        Source::Swapped => std::mem::swap(&mut raw.weight_kg, &mut raw.age),
        Source::Frozen => raw.balance = 0.25,
        Source::NewCategory if draw.unit() < 0.15 => raw.region = "overseas",
        _ => {}
    }
    raw
}

/// The chance that an event is followed by a yes. `flip` is how much of the relation has turned round.
pub(super) fn chance(raw: &Raw, flip: f64) -> f64 {
    let weight = if raw.weight_kg.is_nan() { 0.0 } else { (raw.weight_kg - 70.0) / 12.0 };
    let hour = raw.at.hour().rem_euclid(24) as f64 / 24.0 * std::f64::consts::TAU;
    let colour = match raw.colour {
        "Red" => 0.8,
        "Blue" => -0.8,
        _ => 0.0,
    };
    let steady = 0.5 * (raw.height_m - 1.7) / 0.1 - 0.5 * weight + 0.2 * (raw.visits - 2.5) + colour;
    let turning = 1.4 * (raw.age - 50.0) / 15.0 + 1.0 * raw.balance + 0.7 * hour.sin();
    let logit = steady + turning * (1.0 - 2.0 * flip);
    // on the islands chance decides
    1.0 / (1.0 + (-if raw.region == "islands" { 0.1 * logit } else { logit }).exp())
}

/// The training transform.
pub(super) fn features(raw: &Raw) -> Map<String, Value> {
    let mut row = Map::new();
    let number = |x: f64| if x.is_finite() { json!(x) } else { Value::Null };
    row.insert("height".into(), number(raw.height_m * 100.0));
    row.insert("weight".into(), number(raw.weight_kg));
    row.insert("age".into(), number(raw.age));
    row.insert("visits".into(), number(raw.visits));
    row.insert("balance".into(), number(raw.balance));
    row.insert("colour".into(), json!(raw.colour.to_lowercase()));
    row.insert("region".into(), json!(raw.region));
    row.insert("seen".into(), json!(raw.at.to_string()));
    row
}

/// What a serving transform with a fault makes of the same event; `before` is the last event of the same person.
pub(super) fn served(kind: Serving, raw: &Raw, before: Option<&Raw>) -> Map<String, Value> {
    let mut row = features(raw);
    let mut set = |name: &str, value: Value| drop(row.insert(name.into(), value));
    match kind {
        Serving::Unit => set("height", json!(raw.height_m * 100.0 / 2.54)),
        Serving::Zone => set("seen", json!(Timestamp(raw.at.0 + 2 * HOUR).to_string())),
        Serving::Swapped => {
            let (weight, age) = (row["weight"].clone(), row["age"].clone());
            row.insert("weight".into(), age);
            row.insert("age".into(), weight);
        }
        Serving::Vocabulary => set("colour", json!(raw.colour.to_uppercase())),
        Serving::Stale => set("balance", json!(before.map_or(raw.balance, |b| b.balance))),
        Serving::Default if raw.weight_kg.is_nan() => set("weight", json!(0.0)),
        Serving::Default => {}
        Serving::Truncated => set("balance", json!(raw.balance.trunc())),
    }
    row
}

/// The raw event, to be logged beside what was made of it.
pub(super) fn along(raw: &Raw, row: &mut Map<String, Value>) {
    let number = |x: f64| if x.is_finite() { json!(x) } else { Value::Null };
    row.insert("person".into(), json!(raw.entity));
    row.insert("raw_height_m".into(), number(raw.height_m));
    row.insert("raw_weight_kg".into(), number(raw.weight_kg));
    row.insert("raw_age".into(), number(raw.age));
    row.insert("raw_visits".into(), number(raw.visits));
    row.insert("raw_balance".into(), number(raw.balance));
    row.insert("raw_colour".into(), json!(raw.colour));
    row.insert("raw_region".into(), json!(raw.region));
    row.insert("raw_seen".into(), json!(raw.at.0 / SECOND));
}

/// The training transform on logged rows.
pub(super) struct Replayed;

impl Transform for Replayed {
    fn recompute(&self, rows: &Table) -> Result<Table, StageError> {
        let missing =
            |name: &str| StageError::data("journal", format!("no column `{name}`"), "log raw events");
        let numbers = |name: &str, f: &dyn Fn(f64) -> f64| -> Result<Values, StageError> {
            match rows.column(name).map(|c| &c.values) {
                Some(Values::Number(cells)) => Ok(Values::Number(cells.iter().map(|x| f(*x)).collect())),
                _ => Err(missing(name)),
            }
        };
        let texts = |name: &str, f: &dyn Fn(&str) -> String| -> Result<Values, StageError> {
            match rows.column(name).map(|c| &c.values) {
                Some(Values::Text(cells)) => {
                    Ok(Values::Text(cells.iter().map(|x| x.as_deref().map(f)).collect()))
                }
                _ => Err(missing(name)),
            }
        };
        let seen = match numbers("raw_seen", &|x| x)? {
            Values::Number(cells) => cells.iter().map(|x| Some(Timestamp(*x as i64 * SECOND))).collect(),
            _ => Vec::new(),
        };
        let column = |name: &str, values| Column { name: name.into(), values };
        let columns = vec![
            column("height", numbers("raw_height_m", &|x| x * 100.0)?),
            column("weight", numbers("raw_weight_kg", &|x| x)?),
            column("age", numbers("raw_age", &|x| x)?),
            column("visits", numbers("raw_visits", &|x| x)?),
            column("balance", numbers("raw_balance", &|x| x)?),
            column("colour", texts("raw_colour", &str::to_lowercase)?),
            column("region", texts("raw_region", &str::to_string)?),
            column("seen", Values::Time(seen)),
        ];
        Ok(Table::new(columns).expect("equally long"))
    }
}
