//! Why a file did not become a table, with the place in the file.
//!
//! Rows are counted as an editor counts lines: the header of a CSV file is row 1. In Parquet, which no
//! editor shows, the first row is row 1.

use super::images::{MAX_NUMBERS, Misfit};
use crate::image::{ImageError, ImageShape};
use std::path::PathBuf;
use thiserror::Error;

/// Why a file did not become a table.
#[derive(Debug, Error)]
pub enum ReadError {
    /// Nothing there.
    #[error("{path} does not exist")]
    NoFile {
        /// Which file.
        path: PathBuf,
    },
    /// The system would not let it be read.
    #[error("could not read {path}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// No known kind of table.
    #[error("{path} is {found}, expected CSV, Parquet, JSON lines or pictures")]
    Format {
        /// Which file.
        path: PathBuf,
        /// What it looks like.
        found: String,
    },
    /// Not a byte in it, or nothing but blank lines.
    #[error("{path} is empty")]
    Empty {
        /// Which file.
        path: PathBuf,
    },
    /// Names, but nothing below them.
    #[error("{path} has {columns} columns and no rows")]
    NoRows {
        /// Which file.
        path: PathBuf,
        /// How many names were found.
        columns: usize,
    },
    /// A byte that UTF-8 does not have there.
    #[error("{path}, row {row}, {column}: byte 0x{byte:02X} at offset {offset} is not UTF-8")]
    Encoding {
        /// Which file.
        path: PathBuf,
        /// Which line.
        row: u64,
        /// Which column, in words.
        column: String,
        /// The first wrong byte.
        byte: u8,
        /// Its offset in the file, from 0.
        offset: u64,
    },
    /// A row of another width than the header.
    #[error("{path}, row {row}: {found} fields, expected {expected} as in the header")]
    Ragged {
        /// Which file.
        path: PathBuf,
        /// Which line.
        row: u64,
        /// Fields in it.
        found: usize,
        /// Fields in the header.
        expected: usize,
    },
    /// A quote that is opened and never closed.
    #[error("{path}, row {row}: a quote is opened here and never closed")]
    Unclosed {
        /// Which file.
        path: PathBuf,
        /// The line on which the row begins.
        row: u64,
    },
    /// Two columns of one name.
    #[error("{path}, row {row}: column `{name}` stands twice, as number {first} and {second}")]
    Duplicate {
        /// Which file.
        path: PathBuf,
        /// The header's line.
        row: u64,
        /// The name.
        name: String,
        /// Its first place, from 1.
        first: usize,
        /// Its second place.
        second: usize,
    },
    /// A column without a name.
    #[error("{path}, row {row}: column {position} has no name")]
    Unnamed {
        /// Which file.
        path: PathBuf,
        /// The header's line.
        row: u64,
        /// Its place, from 1.
        position: usize,
    },
    /// A cell that is not what its column is.
    #[error("{path}, row {row}, column {column}: {found} is not {expected}")]
    Cell {
        /// Which file.
        path: PathBuf,
        /// Which line.
        row: u64,
        /// Which column.
        column: String,
        /// What stands there.
        found: String,
        /// What should.
        expected: String,
    },
    /// A number without end.
    #[error("{path}, row {row}, column {column}: `{found}` is not a finite number")]
    Infinite {
        /// Which file.
        path: PathBuf,
        /// Which line.
        row: u64,
        /// Which column.
        column: String,
        /// What stands there.
        found: String,
    },
    /// A line that is not a JSON object.
    #[error("{path}, row {row}: {why}")]
    Json {
        /// Which file.
        path: PathBuf,
        /// Which line.
        row: u64,
        /// What is wrong with it.
        why: String,
    },
    /// A type of column that has no place in a table.
    #[error("{path}, column {column}: {found} is not supported, expected {expected}")]
    Unsupported {
        /// Which file.
        path: PathBuf,
        /// Which column.
        column: String,
        /// Its type.
        found: String,
        /// The types that are.
        expected: &'static str,
    },
    /// A column that the schema asks for is not there.
    #[error("{path} has no column `{column}`; it has {known}")]
    NoColumn {
        /// Which file.
        path: PathBuf,
        /// Which column.
        column: String,
        /// The columns that it has.
        known: String,
    },
    /// A column of another kind than the schema says.
    #[error("{path}, column {column}: found {found}, expected {expected}")]
    Kind {
        /// Which file.
        path: PathBuf,
        /// Which column.
        column: String,
        /// What it holds.
        found: String,
        /// What the schema says.
        expected: String,
    },
    /// Parquet that cannot be decoded.
    #[error("{path} is not readable as Parquet: {why}")]
    Parquet {
        /// Which file.
        path: PathBuf,
        /// What the decoder says.
        why: String,
    },
    /// A picture that cannot be decoded.
    #[error("{place}: {source}")]
    Picture {
        /// Its file, or the file, row and column that hold it.
        place: String,
        /// Why not.
        source: ImageError,
    },
    /// A picture of another shape than the first.
    #[error(
        "{place}: the picture is {found}, expected {expected} (channels, height, width) as the first one is"
    )]
    PictureShape {
        /// Its file, or the file, row and column that hold it.
        place: String,
        /// Its shape.
        found: ImageShape,
        /// The first picture's.
        expected: ImageShape,
    },
    /// More pictures than a table holds.
    #[error("{place}: with this picture of {shape} there are more than {MAX_NUMBERS} numbers in the table")]
    TooManyPictures {
        /// The file of the first picture too many, or the file, row and column that hold it.
        place: String,
        /// The shape of every picture.
        shape: ImageShape,
    },
    /// A folder that is not one of pictures.
    #[error("{path} {why}")]
    Folder {
        /// Which folder.
        path: PathBuf,
        /// What it holds, and what was expected.
        why: String,
    },
    /// IDX that cannot be read.
    #[error("{path} is not readable as IDX: {why}")]
    Idx {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

impl ReadError {
    /// Of a picture that does not go with the others; `place` is its file, or the cell that holds it.
    pub(super) fn of_picture(place: String, misfit: Misfit) -> ReadError {
        match misfit {
            Misfit::Unreadable(source) => ReadError::Picture { place, source },
            Misfit::Shape { found, expected } => ReadError::PictureShape { place, found, expected },
            Misfit::TooMany(shape) => ReadError::TooManyPictures { place, shape },
        }
    }

    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            ReadError::NoFile { .. } => "check the path; in a plan it is relative to the plan",
            ReadError::Io { .. } => return None,
            ReadError::Format { .. } => {
                "convert it, for example with pandas: df.to_parquet(\"data.parquet\")"
            }
            ReadError::Empty { .. } | ReadError::NoRows { .. } => "export it again, with a header and rows",
            ReadError::Encoding { .. } => "convert it: iconv -f LATIN1 -t UTF-8 data.csv > utf8.csv",
            ReadError::Ragged { .. } => "put quotes around cells that hold the delimiter or a line break",
            ReadError::Unclosed { .. } => "close the quote; a quote inside of a quoted cell is written twice",
            ReadError::Duplicate { .. } | ReadError::Unnamed { .. } => {
                "give every column of the header a name of its own"
            }
            ReadError::Cell { .. } => "correct the cell, or add what it says to the missing tokens",
            ReadError::Infinite { .. } => "write a number, or leave the cell empty",
            ReadError::Json { .. } => "write one JSON object a line",
            ReadError::Unsupported { .. } => "convert the column, or leave it out of the file",
            ReadError::NoColumn { .. } | ReadError::Kind { .. } => {
                "give the same columns as the rows that the model was trained on"
            }
            ReadError::Parquet { .. } => "write the file again; it may be cut off",
            ReadError::Picture { source, .. } => source.hint(),
            ReadError::PictureShape { expected, .. } => {
                return Some(format!("set data.image = \"{expected}\" to resize every picture to that"));
            }
            ReadError::TooManyPictures { .. } => "set data.image to a smaller shape, such as \"3x64x64\"",
            ReadError::Folder { .. } => {
                "give a folder such as pictures/ with pictures/cat/1.jpg and pictures/dog/1.jpg in it"
            }
            ReadError::Idx { .. } => {
                "give the file of the pictures, such as train-images-idx3-ubyte.gz, with its labels beside it"
            }
        };
        Some(hint.to_string())
    }
}

/// A cell as an error shows it: short, on one line, in backquotes.
pub(crate) fn shown(cell: &str) -> String {
    let mut short: String = cell.chars().take(40).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if cell.chars().nth(40).is_some() {
        short.push('…');
    }
    format!("`{short}`")
}
