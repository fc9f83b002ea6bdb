//! Tables from files: CSV, Parquet, JSON lines and pictures become a [`Table`], or an error that names the place.
//!
//! Not here: what a table means for a model; see `profile`. Invariant: a table that was read has a name
//! for every column, at least one row, no infinite number, and kinds that rest on all of its rows.

pub(crate) mod cells;
mod columns;
mod csv;
mod delimiter;
mod error;
mod header;
pub mod images;
mod ndjson;
pub mod parquet;
mod series;
mod tally;

pub(crate) use columns::seconds;
pub use columns::{ColumnReader, Numbers};
pub use csv::write_csv;
pub use error::ReadError;
pub use parquet::{parquet_bytes, write_parquet};
pub use series::{CutSeries, read_series};
pub use tally::{KEPT_TEXTS, TextCounts};

use crate::image::ImageShape;
use domain::{Column, Kind, Schema, Table, Values};
use std::path::Path;

/// How a file is to be read.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadOptions {
    /// What the columns must be; those that it does not name are read as found. Kinds are checked,
    /// ranges and categories are not: new values are a matter of drift, not of reading.
    pub schema: Option<Schema>,
    /// The cells of a CSV file that are missing, after spaces around them were cut off. The empty cell
    /// always is.
    pub missing: Vec<String>,
    /// What stands between the cells of a CSV file; found out from its first rows where it is not given.
    pub delimiter: Option<u8>,
    /// What pictures become; others are resized to it. Without it every picture must have the shape of the
    /// first.
    pub image: Option<ImageShape>,
}

/// The words that mean a missing cell in a CSV file unless the options say otherwise.
pub const MISSING: [&str; 7] = ["NA", "N/A", "NaN", "nan", "null", "NULL", "?"];

/// What kind of table a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Text with a header line.
    Csv {
        /// What stands between the cells.
        delimiter: u8,
    },
    /// Apache Parquet.
    Parquet,
    /// One JSON object a line.
    JsonLines,
    /// A folder with one sub-folder of PNG and JPEG files a class.
    ImageFolder,
    /// Grey pictures as bytes, as MNIST has them; plain or compressed with gzip.
    Idx,
}

impl Default for ReadOptions {
    fn default() -> Self {
        let missing = MISSING.map(String::from).to_vec();
        ReadOptions { schema: None, missing, delimiter: None, image: None }
    }
}

impl ReadOptions {
    /// Reads what this schema describes.
    pub fn with_schema(schema: Schema) -> ReadOptions {
        ReadOptions { schema: Some(schema), ..ReadOptions::default() }
    }

    fn kind_of(&self, column: &str) -> Option<&Kind> {
        self.schema.as_ref()?.field(column).map(|f| &f.kind)
    }

    /// The shape of a column's pictures: as asked for, else as the schema says.
    fn image_of(&self, column: &str) -> Option<ImageShape> {
        self.image.or_else(|| match self.kind_of(column)? {
            Kind::Tensor(shape) => match shape.as_slice() {
                &[channels, height, width] => Some(ImageShape { channels, height, width }),
                _ => None,
            },
            _ => None,
        })
    }
}

/// Reads a whole file into a table.
///
/// CSV kinds rest on all rows: a column of numbers is a number, one of dates and instants is a time, and
/// everything else is text, among it codes with leading zeros and whole numbers too large for a 64-bit
/// float. `inf` among numbers is an error.
///
/// Pictures are a folder with one sub-folder a class, IDX with its labels beside it, or a Parquet column of PNG
/// and JPEG bytes. The first two give the columns `image` and `label`.
pub fn read_table(path: &Path, options: &ReadOptions) -> Result<Table, ReadError> {
    let table = match sniff(path)? {
        Format::ImageFolder => images::read_folder(path, options)?,
        Format::Idx => images::read_idx(path, options)?,
        Format::Parquet => parquet::read(path, options)?,
        Format::JsonLines => ndjson::read(path, &load(path)?, options)?,
        Format::Csv { delimiter } => {
            csv::read(path, &load(path)?, options.delimiter.unwrap_or(delimiter), options)?
        }
    };
    if table.rows() == 0 {
        return Err(ReadError::NoRows { path: path.into(), columns: table.columns().len() });
    }
    if options.schema.is_some() { conform(path, table, options) } else { Ok(table) }
}

/// Finds out what kind of table a file is, from its first bytes and, between texts, its name.
pub fn sniff(path: &Path) -> Result<Format, ReadError> {
    if path.is_dir() {
        return Ok(Format::ImageFolder);
    }
    let head = head(path)?;
    let named = |names: &[&str]| {
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
        names.iter().any(|n| n.eq_ignore_ascii_case(extension))
    };
    let other = |found: &str| Err(ReadError::Format { path: path.into(), found: found.into() });
    let start = head.strip_prefix(BOM).unwrap_or(&head).trim_ascii_start();
    match start {
        [] => Err(ReadError::Empty { path: path.into() }),
        [b'P', b'A', b'R', b'1', ..] => Ok(Format::Parquet),
        _ if named(&["parquet", "pq"]) => {
            let why = "it does not begin with PAR1".into();
            Err(ReadError::Parquet { path: path.into(), why })
        }
        _ if images::is_idx(path, &head) => Ok(Format::Idx),
        [0x1F, 0x8B, ..] => other("compressed with gzip"),
        [b'P', b'K', 3, 4, ..] => other("a zip archive or a spreadsheet"),
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => other("UTF-16 text"),
        _ if head.contains(&0) => other("binary"),
        [b'{', ..] => Ok(Format::JsonLines),
        [b'[', ..] if named(&["json", "jsonl", "ndjson"]) => other("one JSON array"),
        _ if named(&["json", "jsonl", "ndjson"]) => Ok(Format::JsonLines),
        _ => Ok(Format::Csv { delimiter: delimiter::sniff(start) }),
    }
}

/// What some editors put before UTF-8.
const BOM: &[u8] = b"\xEF\xBB\xBF";

/// Enough for a few hundred rows.
const HEAD: u64 = 64 * 1024;

fn head(path: &Path) -> Result<Vec<u8>, ReadError> {
    use std::io::Read;
    let mut head = Vec::new();
    let file = std::fs::File::open(path).map_err(|e| unread(path, e))?;
    file.take(HEAD).read_to_end(&mut head).map_err(|e| unread(path, e))?;
    Ok(head)
}

fn load(path: &Path) -> Result<Vec<u8>, ReadError> {
    std::fs::read(path).map_err(|e| unread(path, e))
}

fn unread(path: &Path, source: std::io::Error) -> ReadError {
    match source.kind() {
        std::io::ErrorKind::NotFound => ReadError::NoFile { path: path.into() },
        _ => ReadError::Io { path: path.into(), source },
    }
}

/// Checks a table against the schema. A column of nothing but missing cells has the kind that is asked for.
fn conform(path: &Path, table: Table, options: &ReadOptions) -> Result<Table, ReadError> {
    let names: Vec<&str> = table.columns().iter().map(|c| c.name.as_str()).collect();
    known_names(path, &names, options)?;
    let columns = table.into_columns().into_iter().map(|column| match options.kind_of(&column.name) {
        Some(kind) => conform_column(path, column, kind),
        None => Ok(column),
    });
    let columns = columns.collect::<Result<_, _>>()?;
    Ok(Table::new(columns).expect("it was a table before"))
}

/// Refuses a file that lacks a column of the schema.
fn known_names(path: &Path, names: &[&str], options: &ReadOptions) -> Result<(), ReadError> {
    let mut fields = options.schema.iter().flat_map(|s| &s.fields);
    match fields.find(|field| !names.contains(&field.name.as_str())) {
        Some(field) => {
            let (path, column) = (path.into(), field.name.clone());
            Err(ReadError::NoColumn { path, column, known: names.join(", ") })
        }
        None => Ok(()),
    }
}

fn conform_column(path: &Path, column: Column, expected: &Kind) -> Result<Column, ReadError> {
    let (found, rows) = (column.values.kind(), column.values.len());
    if found == *expected {
        return Ok(column);
    }
    let empty = column.values.missing() == rows;
    let values = match expected {
        Kind::Number if empty => Values::Number(vec![f64::NAN; rows]),
        Kind::Text if empty => Values::Text(vec![None; rows]),
        Kind::Time if empty => Values::Time(vec![None; rows]),
        _ => {
            let (found, expected) = (found.to_string(), expected.to_string());
            return Err(ReadError::Kind { path: path.into(), column: column.name, found, expected });
        }
    };
    Ok(Column { name: column.name, values })
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Domain, Field};

    fn read(name: &str, bytes: &[u8], options: &ReadOptions) -> Result<Table, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        let place = format!("{}/", folder.path().display());
        read_table(&path, options).map_err(|e| e.to_string().replace(&place, ""))
    }

    fn refused(name: &str, bytes: &[u8], expected: &str) {
        assert_eq!(read(name, bytes, &ReadOptions::default()).expect_err("refused"), expected);
    }

    fn expecting(name: &str, kind: Kind) -> ReadOptions {
        let field = Field { name: name.into(), kind, nullable: true, domain: Domain::Any };
        ReadOptions::with_schema(Schema { fields: vec![field] })
    }

    #[test]
    fn a_file_that_is_not_there_is_told() {
        let error = read_table(Path::new("nowhere.csv"), &ReadOptions::default()).expect_err("nothing there");
        assert_eq!(error.to_string(), "nowhere.csv does not exist");
    }

    #[test]
    fn other_kinds_of_files_are_told_apart() {
        refused(
            "t.csv",
            b"\x1F\x8Bxxx",
            "t.csv is compressed with gzip, expected CSV, Parquet, JSON lines or pictures",
        );
        let expected =
            "t.xlsx is a zip archive or a spreadsheet, expected CSV, Parquet, JSON lines or pictures";
        refused("t.xlsx", b"PK\x03\x04xxx", expected);
        refused(
            "t.csv",
            b"\xFF\xFEa\0,\0",
            "t.csv is UTF-16 text, expected CSV, Parquet, JSON lines or pictures",
        );
        refused("t.csv", b"a,b\n\0\0,1", "t.csv is binary, expected CSV, Parquet, JSON lines or pictures");
        refused(
            "t.json",
            b"[{\"a\":1}]",
            "t.json is one JSON array, expected CSV, Parquet, JSON lines or pictures",
        );
        refused("t.parquet", b"a,b\n", "t.parquet is not readable as Parquet: it does not begin with PAR1");
    }

    #[test]
    fn a_schema_asks_for_columns_and_kinds() {
        let csv = b"a,b\n1,x\n";
        assert_eq!(
            read("t.csv", csv, &expecting("c", Kind::Text)),
            Err("t.csv has no column `c`; it has a, b".into())
        );
        let json = b"{\"a\":1}\n";
        let expected = Err("t.jsonl, column a: found number, expected text".into());
        assert_eq!(read("t.jsonl", json, &expecting("a", Kind::Text)), expected);
        let table = read("t.csv", csv, &expecting("a", Kind::Text)).expect("anything is text");
        assert_eq!(table.columns()[0].values, Values::Text(vec![Some("1".into())]));
    }

    #[test]
    fn a_column_of_missing_cells_has_the_kind_that_is_asked_for() {
        let table =
            read("t.jsonl", b"{\"a\":null,\"b\":1}\n", &expecting("a", Kind::Text)).expect("readable");
        assert_eq!(table.columns()[0].values, Values::Text(vec![None]));
    }
}
