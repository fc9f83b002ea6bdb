//! The mark that a known mistake leaves in a column: logged values beside those that training computes.
//!
//! A mark is named only where it explains nearly all of the rows that differ. Marks are looked for from the
//! particular to the general, since a constant ratio is also, on some rows, a constant offset.

use domain::diagnosis::{Fingerprint, Mismatch};
use domain::{Column, Table, Timestamp, Values};
use std::collections::BTreeMap;

/// How far numbers may lie apart, relative to the larger of 1 and the number expected: single precision.
const TOLERANCE: f64 = 1e-5;
/// The share of differing rows that a mark must explain.
const EXPLAINS: f64 = 0.95;
/// How far back, or ahead, rows of the same entity are looked at.
const REACH: usize = 3;

/// A cell that can be compared.
#[derive(Debug, Clone, PartialEq)]
enum Cell {
    Missing,
    Number(f64),
    Text(String),
    Time(Timestamp),
}

/// The rows around: whose they are, in the order of time.
pub(crate) struct Around<'a> {
    /// All recomputed columns.
    pub recomputed: &'a Table,
    /// One group a row: rows of one entity, or one series. `None` where the rows have no such thing.
    pub entity: Option<&'a [u64]>,
}

/// What differs in a column; `None` where nothing does, or the column is not among the recomputed ones.
pub(crate) fn mismatch(logged: &Column, around: &Around<'_>) -> Option<Mismatch> {
    let expected = cells(&around.recomputed.column(&logged.name)?.values)?;
    let found = like(cells(&logged.values)?, &expected);
    let wrong: Vec<usize> = (0..found.len()).filter(|&row| !same(&found[row], &expected[row])).collect();
    let first = *wrong.first()?;
    let case = Case { name: &logged.name, found: &found, expected: &expected, wrong: &wrong, around };
    Some(Mismatch {
        column: logged.name.clone(),
        share: wrong.len() as f64 / found.len() as f64,
        fingerprint: case.mark(),
        example: (shown(&found[first]), shown(&expected[first])),
    })
}

struct Case<'a> {
    name: &'a str,
    found: &'a [Cell],
    expected: &'a [Cell],
    wrong: &'a [usize],
    around: &'a Around<'a>,
}

impl Case<'_> {
    fn mark(&self) -> Fingerprint {
        self.swapped()
            .or_else(|| self.default_value())
            .or_else(|| self.zone())
            .or_else(|| self.ratio())
            .or_else(|| self.offset())
            .or_else(|| self.rounded())
            .or_else(|| self.other_row(-1).map(|()| Fingerprint::Earlier))
            .or_else(|| self.other_row(1).map(|()| Fingerprint::Later))
            .or_else(|| self.vocabulary())
            .unwrap_or(Fingerprint::Other)
    }

    /// Whether nearly all differing rows are as `holds` says.
    fn explained(&self, holds: impl Fn(usize) -> bool) -> bool {
        let count = self.wrong.iter().filter(|&&row| holds(row)).count();
        count as f64 >= EXPLAINS * self.wrong.len() as f64
    }

    fn swapped(&self) -> Option<Fingerprint> {
        let others = self.around.recomputed.columns().iter().filter(|c| c.name != self.name);
        let holds = |column: &&Column| {
            let Some(other) = cells(&column.values) else { return false };
            let vary = self.wrong.iter().any(|&row| !same(&other[row], &other[self.wrong[0]]));
            vary && self.explained(|row| same(&self.found[row], &other[row]))
        };
        let with = others.into_iter().find(holds)?.name.clone();
        Some(Fingerprint::Swapped { with })
    }

    /// One value, or none, where training computes several, or computes none.
    fn default_value(&self) -> Option<Fingerprint> {
        let value = &self.found[self.wrong[0]];
        let first = &self.expected[self.wrong[0]];
        let replaces = self.wrong.iter().any(|&row| self.expected[row] != *first) || *first == Cell::Missing;
        let alone = self.explained(|row| same(&self.found[row], value));
        (replaces && alone).then(|| Fingerprint::Default { value: shown(value) })
    }

    fn zone(&self) -> Option<Fingerprint> {
        let apart = |row: usize| match (&self.found[row], &self.expected[row]) {
            (Cell::Time(a), Cell::Time(b)) => Some((a.0 - b.0) as f64 / domain::time::HOUR as f64),
            _ => None,
        };
        let hours = apart(self.wrong[0]).filter(|hours| (hours * 4.0).fract() == 0.0)?;
        self.explained(|row| apart(row) == Some(hours)).then_some(Fingerprint::Zone { hours })
    }

    fn ratio(&self) -> Option<Fingerprint> {
        let of = |row: usize| self.numbers(row).filter(|(_, b)| *b != 0.0).map(|(a, b)| a / b);
        let by = of(*self.wrong.iter().find(|&&row| of(row).is_some())?)?;
        let holds = |row: usize| self.numbers(row).is_some_and(|(a, b)| close(a, by * b));
        (by != 0.0 && self.several() && self.explained(holds)).then_some(Fingerprint::Ratio { by })
    }

    fn offset(&self) -> Option<Fingerprint> {
        let (a, b) = self.numbers(self.wrong[0])?;
        let by = a - b;
        let holds = |row: usize| self.numbers(row).is_some_and(|(a, b)| close(a, b + by));
        (self.several() && self.explained(holds)).then_some(Fingerprint::Offset { by })
    }

    /// Whole numbers, or few decimals, where training has more.
    fn rounded(&self) -> Option<Fingerprint> {
        let to = |decimals: i32| {
            let unit = 10f64.powi(decimals);
            move |row: usize| {
                self.numbers(row).is_some_and(|(a, b)| {
                    let cut = [(b * unit).round(), (b * unit).trunc(), (b * unit).floor()];
                    cut.iter().any(|whole| close(a, whole / unit))
                })
            }
        };
        (0..=4).any(|decimals| self.explained(to(decimals))).then_some(Fingerprint::Rounded)
    }

    /// The value of an earlier (`step` -1) or later row of the same entity.
    fn other_row(&self, step: i64) -> Option<()> {
        let entity = self.around.entity?;
        let mut rows: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        (0..entity.len()).for_each(|row| rows.entry(entity[row]).or_default().push(row));
        // rows at the edge have no neighbour to be compared with
        let mut told = 0;
        let mut holds = 0;
        for &row in self.wrong {
            let own = &rows[&entity[row]];
            let place = own.partition_point(|&other| other < row) as i64;
            let near = (1..=REACH as i64).filter_map(|k| own.get(usize::try_from(place + step * k).ok()?));
            let near: Vec<usize> = near.copied().collect();
            told += usize::from(!near.is_empty());
            holds += usize::from(near.iter().any(|&other| same(&self.found[row], &self.expected[other])));
        }
        (told > 2 && self.several() && holds as f64 >= EXPLAINS * told as f64).then_some(())
    }

    fn vocabulary(&self) -> Option<Fingerprint> {
        let known: std::collections::BTreeSet<String> = self.expected.iter().map(shown).collect();
        let strange = |row: usize| matches!(&self.found[row], Cell::Text(text) if !known.contains(text));
        let example = shown(&self.found[self.wrong[0]]);
        self.explained(strange).then_some(Fingerprint::Vocabulary { example })
    }

    fn numbers(&self, row: usize) -> Option<(f64, f64)> {
        match (&self.found[row], &self.expected[row]) {
            (Cell::Number(a), Cell::Number(b)) => Some((*a, *b)),
            _ => None,
        }
    }

    /// Whether the expected values differ among the differing rows: one pair has a ratio and an offset and proves neither.
    fn several(&self) -> bool {
        let first = &self.expected[self.wrong[0]];
        self.wrong.iter().any(|&row| !same(&self.expected[row], first))
    }
}

fn cells(values: &Values) -> Option<Vec<Cell>> {
    Some(match values {
        Values::Number(cells) => {
            cells.iter().map(|x| if x.is_nan() { Cell::Missing } else { Cell::Number(*x) }).collect()
        }
        Values::Text(cells) => cells.iter().map(|c| c.clone().map_or(Cell::Missing, Cell::Text)).collect(),
        Values::Time(cells) => cells.iter().map(|c| c.map_or(Cell::Missing, Cell::Time)).collect(),
        Values::Tensor { .. } => return None,
    })
}

/// Texts read as the numbers or instants that they are compared with.
fn like(cells: Vec<Cell>, expected: &[Cell]) -> Vec<Cell> {
    let read = |(cell, expected): (Cell, &Cell)| match (cell, expected) {
        (Cell::Text(text), Cell::Number(_)) => text.parse().map_or(Cell::Text(text), Cell::Number),
        (Cell::Text(text), Cell::Time(_)) => Timestamp::parse(&text).map_or(Cell::Text(text), Cell::Time),
        (cell, _) => cell,
    };
    cells.into_iter().zip(expected).map(read).collect()
}

fn same(a: &Cell, b: &Cell) -> bool {
    match (a, b) {
        (Cell::Number(a), Cell::Number(b)) => close(*a, *b),
        (a, b) => a == b,
    }
}

fn close(a: f64, b: f64) -> bool {
    a == b || (a - b).abs() <= TOLERANCE * b.abs().max(1.0)
}

fn shown(cell: &Cell) -> String {
    match cell {
        Cell::Missing => "missing".into(),
        Cell::Number(x) => x.to_string(),
        Cell::Text(text) => text.clone(),
        Cell::Time(at) => at.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::time::HOUR;

    const ROWS: usize = 60;

    fn right() -> Table {
        let number = |name: &str, f: &dyn Fn(usize) -> f64| Column {
            name: name.into(),
            values: Values::Number((0..ROWS).map(f).collect()),
        };
        let words = ["red", "green", "blue"];
        Table::new(vec![
            number("height", &|i| 1.5 + (i * i % 37) as f64 / 100.0),
            number("weight", &|i| if i % 10 == 0 { f64::NAN } else { 60.0 + (i * 7 % 41) as f64 }),
            Column {
                name: "colour".into(),
                values: Values::Text((0..ROWS).map(|i| Some(words[i % 3].into())).collect()),
            },
            Column {
                name: "seen".into(),
                values: Values::Time((0..ROWS).map(|i| Some(Timestamp(i as i64 * HOUR))).collect()),
            },
        ])
        .expect("equally long")
    }

    #[track_caller]
    fn check(name: &str, logged: Values, expected: &Fingerprint) {
        let right = right();
        let entity: Vec<u64> = (0..ROWS as u64).map(|row| row % 2).collect();
        let around = Around { recomputed: &right, entity: Some(&entity) };
        let found = mismatch(&Column { name: name.into(), values: logged }, &around).expect("it differs");
        assert_eq!(&found.fingerprint, expected, "{found:?}");
    }

    fn numbers(name: &str, f: impl Fn(usize, f64) -> f64) -> Values {
        let Values::Number(cells) = right().column(name).expect("there").values.clone() else {
            unreachable!()
        };
        Values::Number(cells.iter().enumerate().map(|(i, x)| f(i, *x)).collect())
    }

    #[test]
    fn each_mistake_leaves_its_mark() {
        check("height", numbers("height", |_, x| x * 3.28), &Fingerprint::Ratio { by: 3.28 });
        check("height", numbers("height", |_, x| x - 0.5), &Fingerprint::Offset { by: -0.5 });
        check("height", numbers("weight", |_, x| x), &Fingerprint::Swapped { with: "weight".into() });
        check("height", numbers("height", |_, x| x.floor()), &Fingerprint::Default { value: "1".into() });
        check("weight", numbers("weight", |_, x| (x / 10.0).floor() * 10.0 + 0.5), &Fingerprint::Other);
        check("height", numbers("height", |_, x| (x * 10.0).round() / 10.0), &Fingerprint::Rounded);
        let filled = numbers("weight", |_, x| if x.is_nan() { -1.0 } else { x });
        check("weight", filled, &Fingerprint::Default { value: "-1".into() });
        let Values::Number(own) = numbers("height", |_, x| x) else { unreachable!() };
        check("height", numbers("height", |i, x| if i < 2 { x } else { own[i - 2] }), &Fingerprint::Earlier);
        let later = numbers("height", |i, x| if i + 2 < ROWS { own[i + 2] } else { x });
        check("height", later, &Fingerprint::Later);
    }

    #[test]
    fn words_and_zones_are_compared_too() {
        let loud = |text: &str| Some(text.to_uppercase());
        let Values::Text(cells) = &right().column("colour").expect("there").values.clone() else {
            unreachable!()
        };
        let cells = cells.iter().flatten().map(|c| loud(c)).collect();
        check("colour", Values::Text(cells), &Fingerprint::Vocabulary { example: "RED".into() });
        let late = (0..ROWS).map(|i| Some(Timestamp((i as i64 + 2) * HOUR).to_string())).collect();
        check("seen", Values::Text(late), &Fingerprint::Zone { hours: 2.0 });
    }

    #[test]
    fn equal_columns_and_unknown_ones_are_no_mismatch() {
        let right = right();
        let around = Around { recomputed: &right, entity: None };
        assert!(right.columns().iter().all(|column| mismatch(column, &around).is_none()));
        let extra = Column { name: "extra".into(), values: Values::Number(vec![0.0; ROWS]) };
        assert!(mismatch(&extra, &around).is_none());
    }
}
