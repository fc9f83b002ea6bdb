//! From the text of cells to the values of a column.
//!
//! The kind of a column is decided on all of its cells, never on the first few. Invariant: a number that
//! would change by being a 64-bit float, such as `007` or a 20-digit id, is never read as a number unless
//! a schema asks for it.

use super::error::shown;
use super::{ReadError, ReadOptions};
use domain::{Kind, Timestamp, Values};
use std::path::Path;

/// The cells of one column, one after the other in one text, with the ends of each.
#[derive(Default)]
pub(super) struct Cells {
    text: String,
    ends: Vec<usize>,
}

/// Where a column stands, for errors.
pub(super) struct Place<'a> {
    pub path: &'a Path,
    pub column: &'a str,
    /// The line of each row.
    pub lines: &'a [u64],
}

impl Cells {
    pub fn push(&mut self, cell: &str) {
        self.text.push_str(cell);
        self.ends.push(self.text.len());
    }

    fn iter(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| &self.text[start..end])
    }
}

/// The values of a column: of the schema's kind where there is one, else of the kind that fits all cells.
pub(super) fn values(cells: &Cells, place: &Place<'_>, options: &ReadOptions) -> Result<Values, ReadError> {
    let present = |cell: &str| !cell.is_empty() && !options.missing.iter().any(|m| m == cell);
    let filled = || cells.iter().map(|cell| present(cell).then_some(cell));
    let kind = match options.kind_of(place.column) {
        Some(kind) => kind.clone(),
        None => infer(&filled),
    };
    match kind {
        Kind::Number => numbers(filled(), place).map(Values::Number),
        Kind::Time => times(filled(), place).map(Values::Time),
        Kind::Text => Ok(Values::Text(filled().map(|cell| cell.map(String::from)).collect())),
        Kind::Tensor(_) => {
            let (path, column) = (place.path.into(), place.column.into());
            Err(ReadError::Kind { path, column, found: "cells of text".into(), expected: kind.to_string() })
        }
    }
}

/// A column without a single cell is a number, all of it missing.
fn infer<'a, I: Iterator<Item = Option<&'a str>>>(filled: &impl Fn() -> I) -> Kind {
    if filled().flatten().all(|cell| number(cell).is_some() && !is_code(cell)) {
        Kind::Number
    } else if filled().flatten().all(|cell| Timestamp::parse(cell).is_some()) {
        Kind::Time
    } else {
        Kind::Text
    }
}

fn numbers<'a>(
    cells: impl Iterator<Item = Option<&'a str>>,
    place: &Place<'_>,
) -> Result<Vec<f64>, ReadError> {
    let read = |(row, cell): (usize, Option<&str>)| match cell {
        None => Ok(f64::NAN),
        Some(cell) => match number(cell) {
            Some(x) if x.is_finite() => Ok(x),
            Some(_) => Err(place.infinite(row, cell)),
            None => Err(place.wrong(row, cell, "a number")),
        },
    };
    cells.enumerate().map(read).collect()
}

fn times<'a>(
    cells: impl Iterator<Item = Option<&'a str>>,
    place: &Place<'_>,
) -> Result<Vec<Option<Timestamp>>, ReadError> {
    let read = |(row, cell): (usize, Option<&str>)| match cell.map(|c| (c, Timestamp::parse(c))) {
        None => Ok(None),
        Some((_, Some(at))) => Ok(Some(at)),
        Some((cell, None)) => {
            Err(place.wrong(row, cell, "a date or an instant such as 2026-11-24T13:30:00Z"))
        }
    };
    cells.enumerate().map(read).collect()
}

/// A decimal number; infinite for `inf` and for numbers beyond all floats. The word `nan` is no number.
pub(crate) fn number(cell: &str) -> Option<f64> {
    cell.parse::<f64>().ok().filter(|x| !x.is_nan())
}

/// Whether a number is a name rather than an amount: digits after a leading zero, or more of them than a
/// float can tell apart.
pub(crate) fn is_code(cell: &str) -> bool {
    let digits = cell.strip_prefix(['-', '+']).unwrap_or(cell);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return false;
    }
    let padded = digits.len() > 1 && digits.starts_with('0');
    padded || digits.parse::<u64>().map_or(true, |whole| whole > WHOLE)
}

/// The largest number up to which every whole number is a 64-bit float: 2^53.
pub(crate) const WHOLE: u64 = 1 << 53;

impl Place<'_> {
    fn wrong(&self, row: usize, cell: &str, expected: &str) -> ReadError {
        ReadError::Cell {
            path: self.path.into(),
            row: self.lines[row],
            column: self.column.into(),
            found: shown(cell),
            expected: expected.into(),
        }
    }

    fn infinite(&self, row: usize, cell: &str) -> ReadError {
        let (path, column) = (self.path.into(), self.column.into());
        ReadError::Infinite { path, row: self.lines[row], column, found: cell.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Domain, Field, Schema};

    fn read(cells: &[&str], options: &ReadOptions) -> Result<Values, ReadError> {
        let mut column = Cells::default();
        cells.iter().for_each(|cell| column.push(cell));
        let lines: Vec<u64> = (2..).take(cells.len()).collect();
        values(&column, &Place { path: Path::new("t.csv"), column: "age", lines: &lines }, options)
    }

    fn check(cells: &[&str], expected: Values) {
        assert_eq!(read(cells, &ReadOptions::default()).expect("readable"), expected, "{cells:?}");
    }

    fn text(cells: &[Option<&str>]) -> Values {
        Values::Text(cells.iter().map(|c| c.map(String::from)).collect())
    }

    fn as_number() -> ReadOptions {
        let field = Field { name: "age".into(), kind: Kind::Number, nullable: true, domain: Domain::Any };
        ReadOptions::with_schema(Schema { fields: vec![field] })
    }

    #[test]
    fn one_word_makes_a_column_text() {
        check(&["1", "2.5", "-3e2"], Values::Number(vec![1.0, 2.5, -300.0]));
        check(&["1", "two", ""], text(&[Some("1"), Some("two"), None]));
    }

    #[test]
    fn codes_stay_text() {
        check(&["007", "12"], text(&[Some("007"), Some("12")]));
        check(&["9007199254740993"], text(&[Some("9007199254740993")]));
        check(&["0", "0.5", "9007199254740992"], Values::Number(vec![0.0, 0.5, 9_007_199_254_740_992.0]));
    }

    #[test]
    fn dates_make_a_time_and_a_stray_word_does_not() {
        check(&["1970-01-02", "null"], Values::Time(vec![Some(Timestamp(domain::time::DAY)), None]));
        check(&["1970-01-02", "soon"], text(&[Some("1970-01-02"), Some("soon")]));
    }

    #[test]
    fn a_schema_names_the_cell_that_does_not_fit() {
        let error = read(&["30", "thirty"], &as_number()).expect_err("a word");
        assert_eq!(error.to_string(), "t.csv, row 3, column age: `thirty` is not a number");
        assert!(matches!(read(&["007"], &as_number()), Ok(Values::Number(v)) if v == [7.0]));
    }

    #[test]
    fn infinite_numbers_are_refused_by_row() {
        for cell in ["inf", "-Infinity", "1e999"] {
            let error = read(&["1", cell], &ReadOptions::default()).expect_err("infinite");
            assert_eq!(
                error.to_string(),
                format!("t.csv, row 3, column age: `{cell}` is not a finite number")
            );
        }
        check(&["inf", "x"], text(&[Some("inf"), Some("x")]));
    }

    #[test]
    fn missing_tokens_can_be_chosen() {
        let options = ReadOptions { missing: vec!["-".into()], ..ReadOptions::default() };
        let Ok(Values::Number(v)) = read(&["1", "-", ""], &options) else { panic!("numbers") };
        assert!(v[0] == 1.0 && v[1].is_nan() && v[2].is_nan());
        assert_eq!(read(&["1", "NA"], &options).expect("readable"), text(&[Some("1"), Some("NA")]));
    }
}
