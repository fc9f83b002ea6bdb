//! Whether rows look like what a version was trained on. Rows that fit the schema but are unlike the training data
//! are no error: they are flagged, and left to the next version where too much of them is unlike.
//!
//! A number a little outside its range is flagged, but no reason to ask another version: things grow, and a model
//! that learned of 100 to 200 is not lost at 210.

use crate::validate::column;
use domain::{Column, Domain, Field, Schema, Table, Values};

/// A row is flagged when more than this share of its checkable cells was not seen in training.
pub const UNSEEN_SHARE: f64 = 0.05;
/// At most this many cells of one row are named.
const NAMED_PER_ROW: usize = 3;
/// A number is far outside its range when it is further away than this share of the range's width.
const LEEWAY: f64 = 0.5;

/// A cell unlike anything seen in training.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// The row, from 0.
    pub row: usize,
    /// The column.
    pub column: String,
    /// What was found and what training saw.
    pub what: String,
    /// Whether it is a number near the range that training saw.
    pub near: bool,
}

/// What is unseen in some rows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Unseen {
    /// Sorted by row.
    found: Vec<Doubt>,
    /// The columns of which training tells what to expect.
    checkable: usize,
}

impl Unseen {
    /// What is unseen in these rows, which fit the schema.
    pub fn of(rows: &Table, schema: &Schema) -> Unseen {
        let mut found = Vec::new();
        for (place, field) in schema.fields.iter().enumerate() {
            if let Some(column) = column(rows, place, &field.name) {
                unseen(column, field, &mut found);
            }
        }
        if found.is_empty() {
            return Unseen::default();
        }
        found.sort_by_key(|doubt| doubt.row);
        let checkable = schema.fields.iter().filter(|f| f.domain != Domain::Any || !f.nullable).count();
        Unseen { found, checkable }
    }

    /// The rows of which more than this share of the checkable cells is unlike the training data, in order;
    /// numbers near their range do not count.
    pub fn rows_beyond(&self, share: f64) -> Vec<usize> {
        let most = share * self.checkable as f64;
        let far = |doubts: &&[Doubt]| doubts.iter().filter(|doubt| !doubt.near).count() as f64 > most;
        self.by_row().filter(far).map(|doubts| doubts[0].row).collect()
    }

    /// What is told of the flagged rows: a few cells of each.
    pub fn flagged(&self) -> Vec<Doubt> {
        let most = UNSEEN_SHARE * self.checkable as f64;
        let rows = self.by_row().filter(|doubts| doubts.len() as f64 > most);
        rows.flat_map(|doubts| doubts.iter().take(NAMED_PER_ROW)).cloned().collect()
    }

    fn by_row(&self) -> impl Iterator<Item = &[Doubt]> {
        self.found.chunk_by(|a, b| a.row == b.row)
    }
}

fn unseen(column: &Column, field: &Field, found: &mut Vec<Doubt>) {
    let mut doubt = |row: usize, what: String, near: bool| {
        found.push(Doubt { row, column: field.name.clone(), what, near })
    };
    let missing = |row: usize, doubt: &mut dyn FnMut(usize, String, bool)| {
        if !field.nullable {
            doubt(row, "is missing, which training never saw".into(), false);
        }
    };
    match (&column.values, &field.domain) {
        (Values::Number(cells), domain) => {
            for (row, &x) in cells.iter().enumerate() {
                match domain {
                    _ if x.is_nan() => missing(row, &mut doubt),
                    Domain::Range { min, max } if x < *min || x > *max => {
                        let what = format!("{x} is outside {min} to {max}, the range seen in training");
                        doubt(row, what, is_near(x, *min, *max));
                    }
                    _ => {}
                }
            }
        }
        (Values::Text(cells), domain) => {
            for (row, cell) in cells.iter().enumerate() {
                match (cell, domain) {
                    (None, _) => missing(row, &mut doubt),
                    (Some(text), Domain::Categories(known)) if known.binary_search(text).is_err() => {
                        doubt(row, format!("`{text}` was not seen in training"), false);
                    }
                    _ => {}
                }
            }
        }
        (Values::Time(cells), _) => {
            let rows = cells.iter().enumerate().filter(|(_, cell)| cell.is_none());
            rows.for_each(|(row, _)| missing(row, &mut doubt));
        }
        (Values::Tensor { .. }, _) => {}
    }
}

fn is_near(x: f64, min: f64, max: f64) -> bool {
    let leeway = LEEWAY * (max - min);
    min - leeway <= x && x <= max + leeway
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Kind;

    fn field(name: &str, kind: Kind, domain: Domain) -> Field {
        Field { name: name.into(), kind, nullable: false, domain }
    }

    fn unlike(columns: Vec<(Field, Values)>) -> Unseen {
        let schema = Schema { fields: columns.iter().map(|(field, _)| field.clone()).collect() };
        let columns = columns.into_iter().map(|(field, values)| Column { name: field.name, values });
        Unseen::of(&Table::new(columns.collect()).expect("equally long"), &schema)
    }

    #[test]
    fn unlike_rows_are_flagged_and_say_why() {
        let jobs = Domain::Categories(vec!["clerk".into(), "nurse".into()]);
        let job = |text: &str| Some(text.to_string());
        let unseen = unlike(vec![
            (
                field("age", Kind::Number, Domain::Range { min: 18.0, max: 90.0 }),
                Values::Number(vec![41.0, 12.0, f64::NAN]),
            ),
            (
                field("job", Kind::Text, jobs),
                Values::Text(vec![job("clerk"), job("astronaut"), job("nurse")]),
            ),
            (field("day", Kind::Time, Domain::Any), Values::Time(vec![Some(domain::Timestamp(0)); 3])),
        ]);
        let said: Vec<String> =
            unseen.flagged().iter().map(|d| format!("{} {} {}", d.row, d.column, d.what)).collect();
        assert_eq!(
            said,
            [
                "1 age 12 is outside 18 to 90, the range seen in training",
                "1 job `astronaut` was not seen in training",
                "2 age is missing, which training never saw",
            ]
        );
    }

    #[test]
    fn one_odd_cell_in_twenty_is_within_the_share_and_two_are_beyond() {
        let number = |i: usize| field(&format!("x{i}"), Kind::Number, Domain::Range { min: 0.0, max: 1.0 });
        let with_odd = |odd: usize| {
            let cell = |i: usize| if i < odd { 7.0 } else { 0.5 };
            unlike((0..20).map(|i| (number(i), Values::Number(vec![cell(i)]))).collect())
        };
        let flagged = |odd| with_odd(odd).flagged().len();
        assert_eq!((flagged(1), flagged(2), flagged(9)), (0, 2, NAMED_PER_ROW));
        let beyond = |odd, share| with_odd(odd).rows_beyond(share).len();
        assert_eq!((beyond(1, 0.05), beyond(2, 0.05), beyond(20, 1.0)), (0, 1, 0));
    }

    #[test]
    fn a_number_near_its_range_is_flagged_and_nothing_more() {
        let number = field("x", Kind::Number, Domain::Range { min: 100.0, max: 200.0 });
        let unseen = unlike(vec![(number, Values::Number(vec![150.0, 250.0, 251.0, 40.0]))]);
        let flagged: Vec<usize> = unseen.flagged().iter().map(|doubt| doubt.row).collect();
        assert_eq!((flagged, unseen.rows_beyond(0.05)), (vec![1, 2, 3], vec![2, 3]));
    }
}
