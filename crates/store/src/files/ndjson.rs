//! JSON lines: one flat object a line.
//!
//! A key that a line does not have is a missing cell, like `null`. `true` and `false` are 1 and 0. Lists and
//! objects inside of a row have no place in a table and are refused by name.

use super::cells::WHOLE;
use super::error::shown;
use super::{ReadError, ReadOptions};
use domain::{Column, Kind, Table, Timestamp, Values};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

pub(super) fn read(path: &Path, bytes: &[u8], options: &ReadOptions) -> Result<Table, ReadError> {
    let mut rows = Rows { path, columns: Vec::new(), places: BTreeMap::new(), count: 0 };
    check_encoding(path, bytes)?;
    let content = bytes.strip_prefix(super::BOM).unwrap_or(bytes);
    for (row, line) in (1..).zip(content.split(|&b| b == b'\n')) {
        if !line.trim_ascii().is_empty() {
            rows.add(row, line)?;
        }
    }
    let columns = rows.columns.into_iter().map(|growing| growing.finish(rows.count, options));
    let columns = columns.map(|c| c.map_err(|cell| cell.at(path))).collect::<Result<Vec<_>, _>>()?;
    Ok(Table::new(columns).expect("a key stands once in a row, and short columns were filled up"))
}

fn check_encoding(path: &Path, bytes: &[u8]) -> Result<(), ReadError> {
    std::str::from_utf8(bytes).map(|_| ()).map_err(|error| {
        let (before, rest) = bytes.split_at(error.valid_up_to());
        let row = 1 + before.iter().filter(|&&b| b == b'\n').count() as u64;
        let line = before.rsplit(|&b| b == b'\n').next().unwrap_or_default();
        let (column, offset) = (format!("character {}", line.len() + 1), before.len() as u64);
        ReadError::Encoding { path: path.into(), row, column, byte: rest[0], offset }
    })
}

struct Rows<'a> {
    path: &'a Path,
    columns: Vec<Growing>,
    places: BTreeMap<String, usize>,
    count: usize,
}

/// A column as it grows; shorter than the table while the last lines do not have it.
struct Growing {
    name: String,
    /// The line of each cell that is there.
    lines: Vec<u64>,
    cells: Cells,
}

enum Cells {
    /// Nothing but missing cells yet, so many.
    Unknown(usize),
    Number(Vec<f64>),
    Text(Vec<Option<String>>),
}

/// The pairs of an object, in order and with repetitions.
struct Pairs(Vec<(String, Value)>);

struct Wrong {
    row: u64,
    column: String,
    found: String,
    expected: String,
}

impl Rows<'_> {
    fn add(&mut self, row: u64, line: &[u8]) -> Result<(), ReadError> {
        let Pairs(pairs) = serde_json::from_slice(line).map_err(|error| self.unreadable(row, &error))?;
        for (position, (name, value)) in (1..).zip(&pairs) {
            let place = self.place(name);
            if self.columns[place].len() > self.count {
                let first = pairs.iter().position(|(n, _)| n == name).map_or(0, |i| i + 1);
                let (path, name) = (self.path.into(), name.clone());
                return Err(ReadError::Duplicate { path, row, name, first, second: position });
            }
            self.columns[place].fill(self.count);
            self.columns[place].push(row, value).map_err(|wrong| wrong.at(self.path))?;
        }
        self.count += 1;
        Ok(())
    }

    fn place(&mut self, name: &str) -> usize {
        if let Some(&place) = self.places.get(name) {
            return place;
        }
        self.places.insert(name.to_string(), self.columns.len());
        self.columns.push(Growing { name: name.to_string(), lines: Vec::new(), cells: Cells::Unknown(0) });
        self.columns.len() - 1
    }

    fn unreadable(&self, row: u64, error: &serde_json::Error) -> ReadError {
        let path = self.path.into();
        let why = if error.is_eof() {
            "the JSON object is cut off".to_string()
        } else {
            // serde_json counts lines within this line
            let text = error.to_string();
            let what = text.split(" at line ").next().unwrap_or(&text);
            format!("{what} at character {}", error.column())
        };
        ReadError::Json { path, row, why }
    }
}

impl Growing {
    fn len(&self) -> usize {
        match &self.cells {
            Cells::Unknown(rows) => *rows,
            Cells::Number(v) => v.len(),
            Cells::Text(v) => v.len(),
        }
    }

    /// Adds missing cells up to so many rows.
    fn fill(&mut self, rows: usize) {
        match &mut self.cells {
            Cells::Unknown(count) => *count = rows,
            Cells::Number(v) => v.resize(rows, f64::NAN),
            Cells::Text(v) => v.resize(rows, None),
        }
        self.lines.resize(rows, 0);
    }

    fn push(&mut self, row: u64, value: &Value) -> Result<(), Wrong> {
        match (value, &self.cells) {
            (Value::Null, _) => self.fill(self.len() + 1),
            (Value::Bool(_) | Value::Number(_), Cells::Unknown(rows)) => {
                self.cells = Cells::Number(vec![f64::NAN; *rows]);
            }
            (Value::String(_), Cells::Unknown(rows)) => self.cells = Cells::Text(vec![None; *rows]),
            _ => {}
        }
        let wrong = |found: String, expected: &str| {
            Err(Wrong { row, column: self.name.clone(), found, expected: expected.into() })
        };
        match (value, &mut self.cells) {
            (Value::Null, _) => return Ok(()),
            (Value::Bool(x), Cells::Number(v)) => v.push(f64::from(u8::from(*x))),
            (Value::Number(x), Cells::Number(v)) => match exact(x) {
                Some(x) => v.push(x),
                None => {
                    return wrong(
                        x.to_string(),
                        "a number that a 64-bit float can hold; write ids in quotes",
                    );
                }
            },
            (Value::String(x), Cells::Text(v)) => v.push(Some(x.clone())),
            (Value::String(x), _) => return wrong(shown(x), "a number as in the rows before"),
            (Value::Bool(_) | Value::Number(_), _) => {
                return wrong(value.to_string(), "text in quotes as in the rows before");
            }
            (Value::Array(_), _) => return wrong("a list".into(), "a number, a text or null"),
            (Value::Object(_), _) => return wrong("an object".into(), "a number, a text or null"),
        }
        self.lines.push(row);
        Ok(())
    }

    fn finish(mut self, rows: usize, options: &ReadOptions) -> Result<Column, Wrong> {
        self.fill(rows);
        let values = match (self.cells, options.kind_of(&self.name)) {
            (Cells::Unknown(rows), _) => Values::Number(vec![f64::NAN; rows]),
            (Cells::Number(v), _) => Values::Number(v),
            (Cells::Text(v), Some(Kind::Time)) => Values::Time(times(v, &self.name, &self.lines)?),
            (Cells::Text(v), None) if v.iter().flatten().all(|t| Timestamp::parse(t).is_some()) => {
                Values::Time(v.iter().map(|t| t.as_deref().and_then(Timestamp::parse)).collect())
            }
            (Cells::Text(v), _) => Values::Text(v),
        };
        Ok(Column { name: self.name, values })
    }
}

fn times(cells: Vec<Option<String>>, column: &str, lines: &[u64]) -> Result<Vec<Option<Timestamp>>, Wrong> {
    let read = |(cell, &row): (Option<String>, &u64)| match cell {
        None => Ok(None),
        Some(text) => Timestamp::parse(&text).map(Some).ok_or_else(|| Wrong {
            row,
            column: column.into(),
            found: shown(&text),
            expected: "a date or an instant such as 2026-11-24T13:30:00Z".into(),
        }),
    };
    cells.into_iter().zip(lines).map(read).collect()
}

/// A number as a float, unless it is a whole one that a float would change.
fn exact(number: &serde_json::Number) -> Option<f64> {
    let whole = number.as_u64().or(number.as_i64().map(i64::unsigned_abs));
    if whole.is_some_and(|w| w > WHOLE) { None } else { number.as_f64() }
}

impl Wrong {
    fn at(self, path: &Path) -> ReadError {
        let Wrong { row, column, found, expected } = self;
        ReadError::Cell { path: path.into(), row, column, found, expected }
    }
}

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Pairs, D::Error> {
        struct Pairwise;
        impl<'de> Visitor<'de> for Pairwise {
            type Value = Pairs;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Pairwise)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Domain, Field, Schema};

    fn table(text: &str) -> Result<Table, String> {
        read(Path::new("t.jsonl"), text.as_bytes(), &ReadOptions::default()).map_err(|e| e.to_string())
    }

    fn refused(text: &str, expected: &str) {
        assert_eq!(table(text).expect_err("refused"), expected);
    }

    #[test]
    fn keys_may_come_late_and_be_missing() {
        let text = "{\"a\":1,\"t\":\"1970-01-01\"}\n\n{\"b\":\"x\",\"a\":null}\r\n{\"a\":true,\"n\":null}\n";
        let table = table(text).expect("readable");
        let values = |name: &str| table.column(name).expect(name).values.clone();
        let Values::Number(a) = values("a") else { panic!("numbers") };
        assert!(a[0] == 1.0 && a[1].is_nan() && a[2] == 1.0);
        assert_eq!(values("b"), Values::Text(vec![None, Some("x".into()), None]));
        assert_eq!(values("t"), Values::Time(vec![Some(Timestamp(0)), None, None]));
        assert_eq!(values("n").missing(), 3);
    }

    #[test]
    fn a_line_that_is_cut_off_is_named() {
        refused("{\"a\":1}\n{\"a\":", "t.jsonl, row 2: the JSON object is cut off");
        refused("{\"a\":1}\n{\"a\" 1}\n", "t.jsonl, row 2: expected `:` at character 6");
    }

    #[test]
    fn other_encodings_are_named_by_byte() {
        let error = read(Path::new("t.jsonl"), b"{}\n{\"a\":\"\xFC\"}", &ReadOptions::default());
        let expected = "t.jsonl, row 2, character 7: byte 0xFC at offset 9 is not UTF-8";
        assert_eq!(error.expect_err("Latin-1").to_string(), expected);
    }

    #[test]
    fn what_is_not_flat_is_refused_by_field() {
        refused("{\"a\":{\"b\":1}}", "t.jsonl, row 1, column a: an object is not a number, a text or null");
        refused("{\"a\":[1]}", "t.jsonl, row 1, column a: a list is not a number, a text or null");
        refused("[1]", "t.jsonl, row 1: invalid type: sequence, expected a JSON object at character 0");
    }

    #[test]
    fn a_column_keeps_to_its_kind() {
        let expected = "t.jsonl, row 2, column a: `x` is not a number as in the rows before";
        refused("{\"a\":1}\n{\"a\":\"x\"}", expected);
        refused(
            "{\"a\":\"x\"}\n{\"a\":1}",
            "t.jsonl, row 2, column a: 1 is not text in quotes as in the rows before",
        );
        refused("{\"a\":1,\"a\":2}", "t.jsonl, row 1: column `a` stands twice, as number 1 and 2");
    }

    #[test]
    fn numbers_that_floats_would_change_are_refused() {
        let expected = "t.jsonl, row 1, column a: 9007199254740993 is not a number that a 64-bit float can hold; write ids in quotes";
        refused("{\"a\":9007199254740993}", expected);
    }

    #[test]
    fn a_time_of_the_schema_is_checked_cell_by_cell() {
        let field = Field { name: "t".into(), kind: Kind::Time, nullable: true, domain: Domain::Any };
        let options = ReadOptions::with_schema(Schema { fields: vec![field] });
        let text = b"{\"t\":\"1970-01-01\"}\n{}\n{\"t\":\"soon\"}\n";
        let error = read(Path::new("t.jsonl"), text, &options).expect_err("no time");
        assert!(error.to_string().starts_with("t.jsonl, row 3, column t: `soon` is not a date"), "{error}");
    }
}
