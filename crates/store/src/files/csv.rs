//! CSV: a header, then rows of as many cells.
//!
//! UTF-8 with or without a byte order mark; cells lose the spaces around them; blank lines are no rows.

mod write;

pub use write::write_csv;

use super::cells::{Cells, Place, values};
use super::{BOM, ReadError, ReadOptions, header};
use ::csv::{ByteRecord, Reader, ReaderBuilder};
use domain::{Column, Table};
use std::path::Path;

pub(super) fn read(
    path: &Path,
    bytes: &[u8],
    delimiter: u8,
    options: &ReadOptions,
) -> Result<Table, ReadError> {
    let mut file = File::new(path, bytes, delimiter);
    let mut record = ByteRecord::new();
    if !file.next(&mut record)? {
        return Err(ReadError::Empty { path: path.into() });
    }
    let names = file.names(&record)?;
    let mut columns: Vec<Cells> = names.iter().map(|_| Cells::default()).collect();
    let mut lines = Vec::new();
    while file.next(&mut record)? {
        let row = file.line(&record);
        file.check_width(&record, row, names.len())?;
        for ((cells, name), field) in columns.iter_mut().zip(&names).zip(&record) {
            cells.push(file.text(field, row, || format!("column {name}"))?);
        }
        lines.push(row);
    }
    let columns = names.into_iter().zip(columns).map(|(name, cells)| {
        let values = values(&cells, &Place { path, column: &name, lines: &lines }, options)?;
        Ok(Column { name, values })
    });
    let columns = columns.collect::<Result<Vec<_>, ReadError>>()?;
    Ok(Table::new(columns).expect("names were checked, and every row had a cell for each"))
}

/// A file on its way into records.
struct File<'a> {
    path: &'a Path,
    /// What stands behind the byte order mark.
    bytes: &'a [u8],
    /// The length of the mark.
    mark: usize,
    records: Reader<&'a [u8]>,
}

impl<'a> File<'a> {
    fn new(path: &'a Path, bytes: &'a [u8], delimiter: u8) -> File<'a> {
        let mark = if bytes.starts_with(BOM) { BOM.len() } else { 0 };
        let bytes = &bytes[mark..];
        let mut builder = ReaderBuilder::new();
        let builder = builder.has_headers(false).flexible(true).delimiter(delimiter);
        File { path, bytes, mark, records: builder.from_reader(bytes) }
    }

    fn next(&mut self, record: &mut ByteRecord) -> Result<bool, ReadError> {
        let read = self.records.read_byte_record(record);
        read.map_err(|e| ReadError::Io { path: self.path.into(), source: e.into() })
    }

    fn names(&self, record: &ByteRecord) -> Result<Vec<String>, ReadError> {
        let row = self.line(record);
        let name =
            |(i, field)| self.text(field, row, || format!("name of column {}", i + 1)).map(String::from);
        let names = record.iter().enumerate().map(name).collect::<Result<Vec<_>, _>>()?;
        header::check(self.path, row, &names)?;
        Ok(names)
    }

    /// The line on which a record begins. To the parser, blank lines belong to the record behind them.
    fn line(&self, record: &ByteRecord) -> u64 {
        let Some(position) = record.position() else { return 1 };
        let rest = &self.bytes[position.byte() as usize..];
        let blank = rest.iter().take_while(|b| matches!(b, b'\n' | b'\r'));
        position.line() + blank.filter(|&&b| b == b'\n').count() as u64
    }

    fn text<'f>(&self, field: &'f [u8], row: u64, column: impl Fn() -> String) -> Result<&'f str, ReadError> {
        std::str::from_utf8(field).map(str::trim).map_err(|error| {
            let (path, byte) = (self.path.into(), field[error.valid_up_to()]);
            ReadError::Encoding { path, row, column: column(), byte, offset: self.first_wrong_byte() }
        })
    }

    /// The first of the file is the first that is met, since rows are read in order.
    fn first_wrong_byte(&self) -> u64 {
        let valid = std::str::from_utf8(self.bytes).map_or_else(|e| e.valid_up_to(), str::len);
        (self.mark + valid) as u64
    }

    fn check_width(&self, record: &ByteRecord, row: u64, expected: usize) -> Result<(), ReadError> {
        let (path, found) = (self.path.into(), record.len());
        if self.is_unclosed(record) {
            Err(ReadError::Unclosed { path, row })
        } else if found != expected {
            Err(ReadError::Ragged { path, row, found, expected })
        } else {
            Ok(())
        }
    }

    /// A quote that is never closed swallows the rest of the file: the last record then spans lines, and
    /// has an odd number of quotes.
    fn is_unclosed(&self, record: &ByteRecord) -> bool {
        let end = self.records.position().byte() as usize;
        if end < self.bytes.len() || !record.iter().any(|field| field.contains(&b'\n')) {
            return false;
        }
        let start = record.position().map_or(0, |p| p.byte() as usize);
        self.bytes[start..].iter().filter(|&&b| b == b'"').count() % 2 == 1
    }
}

#[cfg(test)]
mod tests {
    use crate::files::{ReadOptions, read_table};
    use domain::{Table, Values};

    fn table(bytes: &[u8]) -> Result<Table, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("t.csv");
        std::fs::write(&path, bytes).expect("written");
        read_table(&path, &ReadOptions::default()).map_err(|e| {
            assert!(e.hint().is_some(), "every mistake in a CSV file has a hint");
            e.to_string().replace(&folder.path().display().to_string(), "").replace('/', "")
        })
    }

    fn check(bytes: &[u8], columns: &[(&str, Values)]) {
        let table = table(bytes).expect("readable");
        let found: Vec<_> = table.columns().iter().map(|c| (c.name.as_str(), c.values.clone())).collect();
        assert_eq!(found, columns);
    }

    fn refused(bytes: &[u8], expected: &str) {
        assert_eq!(table(bytes).expect_err("refused"), expected);
    }

    fn number(values: &[f64]) -> Values {
        Values::Number(values.to_vec())
    }

    fn text(values: &[&str]) -> Values {
        Values::Text(values.iter().map(|v| Some(v.to_string())).collect())
    }

    #[test]
    fn kinds_come_from_the_rows() {
        check(b"a,b\n1,x\n2,y\n", &[("a", number(&[1.0, 2.0])), ("b", text(&["x", "y"]))]);
    }

    #[test]
    fn a_mark_carriage_returns_and_a_missing_last_line_break_do_no_harm() {
        check(b"\xEF\xBB\xBFa;b\r\n1;x\r\n2;y", &[("a", number(&[1.0, 2.0])), ("b", text(&["x", "y"]))]);
    }

    #[test]
    fn quoted_cells_hold_delimiters_quotes_and_line_breaks() {
        check(b"a,b\n1,\"x, \"\"y\"\"\nz\"\n", &[("a", number(&[1.0])), ("b", text(&["x, \"y\"\nz"]))]);
    }

    #[test]
    fn spaces_around_cells_are_cut_off() {
        check(b"a, b\n 1 , x\n", &[("a", number(&[1.0])), ("b", text(&["x"]))]);
    }

    #[test]
    fn a_ragged_row_is_named_by_its_line() {
        refused(b"a,b\n1,2\n\n\n3\n", "t.csv, row 5: 1 fields, expected 2 as in the header");
        refused(b"a,b\r\n1,2\r\n\r\n3,4,5\r\n", "t.csv, row 4: 3 fields, expected 2 as in the header");
        refused(b"a,b\n1,\"x\ny\"\n3\n", "t.csv, row 4: 1 fields, expected 2 as in the header");
    }

    #[test]
    fn an_open_quote_is_named_where_it_opens() {
        refused(b"a,b\n1,2\n3,\"x\n4,5\n", "t.csv, row 3: a quote is opened here and never closed");
    }

    #[test]
    fn other_encodings_are_named_by_byte() {
        let expected = "t.csv, row 3, column city: byte 0xFC at offset 18 is not UTF-8";
        refused(b"id,city\n1,Bonn\n2,M\xFCnster\n", expected);
        refused(b"caf\xE9,b\n1,2\n", "t.csv, row 1, name of column 1: byte 0xE9 at offset 3 is not UTF-8");
        let marked = b"\xEF\xBB\xBFa\n\xFF\n";
        refused(marked, "t.csv, row 2, column a: byte 0xFF at offset 5 is not UTF-8");
    }

    #[test]
    fn headers_are_checked() {
        refused(b"a,b,a\n1,2,3\n", "t.csv, row 1: column `a` stands twice, as number 1 and 3");
        refused(b"a,,c\n1,2,3\n", "t.csv, row 1: column 2 has no name");
    }

    #[test]
    fn files_without_rows_are_told_apart() {
        refused(b"", "t.csv is empty");
        refused(b"\n \n", "t.csv is empty");
        refused(b"a,b\n", "t.csv has 2 columns and no rows");
    }
}
