//! From a table to CSV: a header, then a line a row; a missing cell is empty, a block of numbers is a JSON array.

use crate::StoreError;
use crate::disk;
use ::csv::Writer;
use domain::{Table, Values};
use std::path::Path;

/// Writes a table as CSV, whole or not at all, as [`crate::files::write_parquet`] does.
pub fn write_csv(path: &Path, table: &Table) -> Result<(), StoreError> {
    disk::replace(&disk::Os, path, &csv_bytes(table))
}

fn csv_bytes(table: &Table) -> Vec<u8> {
    let mut file = Writer::from_writer(Vec::new());
    let mut line = |cells: Vec<String>| file.write_record(cells).expect("memory takes every byte");
    if !table.columns().is_empty() {
        line(table.columns().iter().map(|column| column.name.clone()).collect());
        (0..table.rows())
            .for_each(|row| line(table.columns().iter().map(|column| cell(&column.values, row)).collect()));
    }
    file.into_inner().expect("memory takes every byte")
}

fn cell(values: &Values, row: usize) -> String {
    match values {
        Values::Number(cells) if cells[row].is_nan() => String::new(),
        Values::Number(cells) => cells[row].to_string(),
        Values::Text(cells) => cells[row].clone().unwrap_or_default(),
        Values::Time(cells) => cells[row].map_or_else(String::new, |at| at.to_string()),
        Values::Tensor { shape, data } => {
            let width: usize = shape.iter().product();
            serde_json::json!(data[row * width..(row + 1) * width]).to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::{ReadOptions, read_table};
    use domain::{Column, Timestamp};

    #[test]
    fn what_was_written_is_read_again() {
        let column = |name: &str, values| Column { name: name.into(), values };
        let table = Table::new(vec![
            column("a \"number\"", Values::Number(vec![0.1, f64::NAN, -1e-9])),
            column("text, quoted", Values::Text(vec![Some("a,\"b\"\nc".into()), None, Some("d".into())])),
            column("day", Values::Time(vec![Timestamp::parse("2024-02-29T12:00:00Z"), None, None])),
        ]);
        let table = table.expect("equally long");
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("t.csv");
        write_csv(&path, &table).expect("written");
        let back = read_table(&path, &ReadOptions::default()).expect("just written");
        // two missing cells are no number, so tables of NaN are not compared
        assert_eq!(format!("{back:?}"), format!("{table:?}"));
    }

    #[test]
    fn a_block_of_numbers_is_an_array_and_no_columns_are_no_lines() {
        let values = Values::Tensor { shape: vec![2], data: vec![0.5, f32::NAN] };
        let table = Table::new(vec![Column { name: "x".into(), values }]).expect("one column");
        assert_eq!(String::from_utf8_lossy(&csv_bytes(&table)), "x\n\"[0.5,null]\"\n");
        assert!(csv_bytes(&Table::new(vec![]).expect("no columns")).is_empty());
    }
}
