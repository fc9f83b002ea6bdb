//! The parts of an instant that recur: hour of the day, day of the week, month of the year, all in UTC.
//!
//! Whole-number arithmetic and a look-up table, written once for Rust and for graphs, so that the two cannot
//! round differently. How long ago an instant is, is left out on purpose: every row that is served would lie
//! outside of what training saw.

use super::Style;
use crate::onnx::{Dtype, GraphBuilder};
use domain::Timestamp;
use domain::time::SECOND;
use std::collections::BTreeSet;
use std::f64::consts::TAU;

/// What recurs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// 0 to 23.
    Hour,
    /// 0 to 6, from Monday.
    Weekday,
    /// 0 to 11, from January.
    Month,
}

impl Part {
    /// The parts that are not the same in all rows.
    pub fn telling(cells: &[Option<Timestamp>]) -> Vec<Part> {
        let changes = |part: &Part| {
            let seen: BTreeSet<Option<usize>> = cells.iter().map(|c| c.map(|at| part.of(at))).collect();
            seen.len() > 1
        };
        [Part::Hour, Part::Weekday, Part::Month].into_iter().filter(changes).collect()
    }

    /// The part of this instant, below [`Part::size`].
    fn of(self, at: Timestamp) -> usize {
        self.compute(&mut Plain, at.0.div_euclid(SECOND)) as usize
    }

    fn size(self) -> usize {
        match self {
            Part::Hour => 24,
            Part::Weekday => 7,
            Part::Month => 12,
        }
    }

    /// What each feature of this part is.
    pub fn feature_names(self, style: Style) -> Vec<String> {
        let name = match self {
            Part::Hour => "hour",
            Part::Weekday => "weekday",
            Part::Month => "month",
        };
        match style {
            Style::Linear => vec![format!("{name} sine"), format!("{name} cosine")],
            Style::Trees => vec![name.to_string()],
        }
    }

    /// The features of every value of this part, and last those of a missing instant: for sums a point on
    /// the circle or its centre, for trees the part itself, from 0, or NaN.
    pub fn features(self, style: Style) -> Vec<Vec<f32>> {
        let point = |i: usize| {
            let angle = TAU * i as f64 / self.size() as f64;
            vec![angle.sin() as f32, angle.cos() as f32]
        };
        match style {
            Style::Linear => (0..self.size()).map(point).chain([vec![0.0, 0.0]]).collect(),
            Style::Trees => (0..self.size()).map(|i| vec![i as f32]).chain([vec![f32::NAN]]).collect(),
        }
    }

    /// The row of [`Part::features`] for an instant.
    pub fn row(self, at: Option<Timestamp>) -> usize {
        at.map_or(self.size(), |at| self.of(at))
    }

    /// Nodes that look the features of a `double [N, 1]` input up, which is seconds since 1970 or NaN; gives
    /// a `float [N, features]` value.
    pub fn write(self, graph: &mut GraphBuilder, input: &str, style: Style) -> String {
        let missing = graph.op("IsNaN", &[input], vec![]);
        let epoch = graph.fresh("epoch");
        graph.initializer_f64(&epoch, &[1], vec![0.0]);
        let known = graph.op("Where", &[&missing, &epoch, input], vec![]);
        let known = graph.op("Floor", &[&known], vec![]);
        let known = graph.op("Cast", &[&known], vec![("to", i64::from(Dtype::I64.code()).into())]);
        let part = self.compute(&mut Nodes(graph), known);
        let nothing = constant(graph, self.size() as i64);
        let row = graph.op("Where", &[&missing, &nothing, &part], vec![]);
        let features = self.features(style);
        let shape = [features.len(), features[0].len()];
        let table = graph.fresh("part");
        graph.initializer_f32(&table, &shape, features.concat());
        let looked_up = graph.op("Gather", &[&table, &row], vec![("axis", 0.into())]);
        graph.op("Flatten", &[&looked_up], vec![("axis", 1.into())])
    }

    /// From seconds since 1970 to the part. The month is Howard Hinnant's `civil_from_days`, in which a year
    /// begins in March and the calendar repeats after 146,097 days.
    fn compute<A: Arithmetic>(self, on: &mut A, seconds: A::Value) -> A::Value {
        if self == Part::Hour {
            let hours = on.floor(&seconds, 3600);
            return on.rest(&hours, 24);
        }
        let days = on.floor(&seconds, 86_400);
        if self == Part::Weekday {
            let from_monday = on.add(&days, 3);
            return on.rest(&from_monday, 7);
        }
        let since_era = on.add(&days, 719_468);
        let day = on.rest(&since_era, 146_097);
        let year = year_of_era(on, &day);
        let day = day_of_year(on, &day, &year);
        let fifths = on.times(&day, 5);
        let fifths = on.add(&fifths, 2);
        let from_march = on.floor(&fifths, 153);
        let from_january = on.add(&from_march, 2);
        on.rest(&from_january, 12)
    }
}

fn year_of_era<A: Arithmetic>(on: &mut A, day: &A::Value) -> A::Value {
    let [leaps, centuries, eras] = [1_460, 36_524, 146_096].map(|span| on.floor(day, span));
    let days = on.minus(day, &leaps);
    let days = on.plus(&days, &centuries);
    let days = on.minus(&days, &eras);
    on.floor(&days, 365)
}

fn day_of_year<A: Arithmetic>(on: &mut A, day: &A::Value, year: &A::Value) -> A::Value {
    let (plain, leaps, centuries) = (on.times(year, 365), on.floor(year, 4), on.floor(year, 100));
    let day = on.minus(day, &plain);
    let day = on.minus(&day, &leaps);
    on.plus(&day, &centuries)
}

/// Whole-number arithmetic, done at once or written as nodes. `floor` and `rest` round down.
trait Arithmetic {
    type Value;
    fn plus(&mut self, a: &Self::Value, b: &Self::Value) -> Self::Value;
    fn minus(&mut self, a: &Self::Value, b: &Self::Value) -> Self::Value;
    fn add(&mut self, a: &Self::Value, b: i64) -> Self::Value;
    fn times(&mut self, a: &Self::Value, b: i64) -> Self::Value;
    fn floor(&mut self, a: &Self::Value, by: i64) -> Self::Value;
    fn rest(&mut self, a: &Self::Value, by: i64) -> Self::Value;
}

struct Plain;

impl Arithmetic for Plain {
    type Value = i64;

    fn plus(&mut self, a: &i64, b: &i64) -> i64 {
        a + b
    }
    fn minus(&mut self, a: &i64, b: &i64) -> i64 {
        a - b
    }
    fn add(&mut self, a: &i64, b: i64) -> i64 {
        a + b
    }
    fn times(&mut self, a: &i64, b: i64) -> i64 {
        a * b
    }
    fn floor(&mut self, a: &i64, by: i64) -> i64 {
        a.div_euclid(by)
    }
    fn rest(&mut self, a: &i64, by: i64) -> i64 {
        a.rem_euclid(by)
    }
}

struct Nodes<'a>(&'a mut GraphBuilder);

impl Arithmetic for Nodes<'_> {
    type Value = String;

    fn plus(&mut self, a: &String, b: &String) -> String {
        self.0.op("Add", &[a, b], vec![])
    }
    fn minus(&mut self, a: &String, b: &String) -> String {
        self.0.op("Sub", &[a, b], vec![])
    }
    fn add(&mut self, a: &String, b: i64) -> String {
        self.with("Add", a, b)
    }
    fn times(&mut self, a: &String, b: i64) -> String {
        self.with("Mul", a, b)
    }
    fn floor(&mut self, a: &String, by: i64) -> String {
        // Division in ONNX rounds towards 0, so the rest, which is never negative, is taken off first.
        let rest = self.rest(a, by);
        let whole = self.minus(a, &rest);
        self.with("Div", &whole, by)
    }
    fn rest(&mut self, a: &String, by: i64) -> String {
        self.with("Mod", a, by)
    }
}

impl Nodes<'_> {
    fn with(&mut self, op: &str, a: &String, b: i64) -> String {
        let b = constant(self.0, b);
        self.0.op(op, &[a, &b], vec![])
    }
}

fn constant(graph: &mut GraphBuilder, value: i64) -> String {
    let name = graph.fresh("whole");
    graph.initializer_i64(&name, &[1], vec![value]);
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: [usize; 3]) {
        let at = Timestamp::parse(text).expect("an instant");
        assert_eq!([Part::Hour, Part::Weekday, Part::Month].map(|p| p.of(at)), expect, "{text}");
    }

    #[test]
    fn parts_are_those_of_the_calendar() {
        check("1970-01-01T00:00:00Z", [0, 3, 0]);
        check("1969-12-31T23:59:59Z", [23, 2, 11]);
        check("2000-02-29T12:00:00Z", [12, 1, 1]);
        check("2000-03-01T00:00:00Z", [0, 2, 2]);
        check("1900-02-28T05:00:00Z", [5, 2, 1]);
        check("1900-03-01T05:00:00Z", [5, 3, 2]);
        check("2026-11-24T04:10:55Z", [4, 1, 10]);
        check("2100-12-31T23:00:00Z", [23, 4, 11]);
    }

    #[test]
    fn the_month_of_every_day_of_an_era_is_the_calendars() {
        let mut at = Timestamp::parse("1900-01-01").expect("a day");
        for _ in 0..146_097 {
            let text = at.to_string();
            let month: usize = text[5..7].parse().expect("an ISO date");
            assert_eq!(Part::Month.of(at) + 1, month, "{text}");
            at.0 += domain::time::DAY;
        }
    }

    #[test]
    fn only_what_changes_tells() {
        let days = |texts: &[&str]| -> Vec<Part> {
            Part::telling(&texts.iter().map(|t| Timestamp::parse(t)).collect::<Vec<_>>())
        };
        assert_eq!(days(&["2024-01-01", "2024-01-02"]), [Part::Weekday]);
        assert_eq!(days(&["2024-01-01", "2024-01-01"]), []);
        assert_eq!(days(&["2024-01-01", "none"]).len(), 3);
    }
}
