//! A table that somebody hands in, with the name of its file: columns are found by the names that were
//! typed, and rows are named as an editor or a Parquet reader counts them.
//!
//! For the commands that take a file instead of a plan. Invariant: an error about a column names the
//! option that asked for it and the columns that there are.

use crate::StageError;
use domain::{Column, Table, Values};
use std::collections::HashMap;
use std::path::Path;
use store::files::{Format, ReadOptions, read_table, sniff};

/// A table and where it came from.
#[derive(Debug, Clone)]
pub struct Sheet {
    /// The rows.
    pub table: Table,
    /// The name of the file.
    pub file: String,
    /// The number of the first row: 2 below the header of a CSV file, otherwise 1.
    first_row: u64,
}

/// A column of names, each given a small number in the order of their first row.
#[derive(Debug, Clone)]
pub struct Labels {
    /// The names.
    pub names: Vec<String>,
    /// For each row the place of its name; `None` is a missing cell.
    pub codes: Vec<Option<u32>>,
}

impl Sheet {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Sheet, StageError> {
        let first_row = if matches!(sniff(path)?, Format::Csv { .. }) { 2 } else { 1 };
        let table = read_table(path, &ReadOptions::default())?;
        Ok(Sheet { table, file: path.display().to_string(), first_row })
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.table.rows()
    }

    /// The number by which a reader of the file finds this row (`index` counts from 0).
    pub fn row(&self, index: usize) -> u64 {
        self.first_row + index as u64
    }

    /// The column that `option` names.
    pub fn column(&self, name: &str, option: &str) -> Result<&Column, StageError> {
        self.table.column(name).ok_or_else(|| {
            let hint = did_you_mean(name, &self.names());
            self.error(format!("no column `{name}`, which {option} names"), hint)
        })
    }

    /// The names of all columns.
    pub fn names(&self) -> Vec<&str> {
        self.table.columns().iter().map(|c| c.name.as_str()).collect()
    }

    /// An error about this file.
    pub fn error(&self, found: impl Into<String>, hint: impl Into<String>) -> StageError {
        StageError::data(&self.file, found, hint)
    }
}

impl Labels {
    /// The names in a column. Two cells are alike when they are equal; text is not trimmed again.
    pub fn of(values: &Values) -> Labels {
        let mut place: HashMap<String, u32> = HashMap::new();
        let mut names = Vec::new();
        let codes = (0..values.len()).map(|row| {
            let name = cell(values, row)?;
            let next = u32::try_from(names.len()).expect("a table in memory has fewer than 2^32 rows");
            Some(*place.entry(name).or_insert_with_key(|name| {
                names.push(name.clone());
                next
            }))
        });
        let codes = codes.collect();
        Labels { names, codes }
    }

    /// How often each name stands in the column.
    pub fn counts(&self) -> Vec<u64> {
        let mut counts = vec![0; self.names.len()];
        self.codes.iter().flatten().for_each(|&code| counts[code as usize] += 1);
        counts
    }
}

/// A cell as text; `None` is missing. Whole numbers have no point.
pub fn cell(values: &Values, row: usize) -> Option<String> {
    match values {
        Values::Number(v) => (!v[row].is_nan()).then(|| v[row].to_string()),
        Values::Text(v) => v[row].clone(),
        Values::Time(v) => v[row].map(|t| t.to_string()),
        Values::Tensor { .. } => None,
    }
}

/// Up to `most` different cells, sorted; `None` where there are more.
pub fn few(values: &Values, most: usize) -> Option<Vec<String>> {
    let mut found = std::collections::BTreeSet::new();
    for row in 0..values.len() {
        found.extend(cell(values, row));
        if found.len() > most {
            return None;
        }
    }
    Some(found.into_iter().collect())
}

/// A hint at the name that was probably meant, or at all there are.
pub fn did_you_mean(typed: &str, known: &[&str]) -> String {
    let near = known.iter().map(|k| (strsim::damerau_levenshtein(typed, k), k)).min();
    match near {
        Some((distance, name)) if distance <= 1 + typed.chars().count() / 3 => {
            format!("did you mean `{name}`?")
        }
        _ => format!("there are {}", known.join(", ")),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A sheet from the text of a CSV file.
    pub(crate) fn csv(text: &str) -> Sheet {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("t.csv");
        std::fs::write(&path, text).expect("written");
        Sheet { file: "t.csv".into(), ..Sheet::read(&path).expect("readable") }
    }

    #[test]
    fn a_column_that_is_not_there_is_answered_with_the_nearest() {
        let sheet = csv("user_id,group\n1,a\n2,b\n");
        let error = sheet.column("groop", "--arm").expect_err("no such column");
        assert_eq!(error.to_string(), "t.csv: no column `groop`, which --arm names");
        assert_eq!(error.hint().expect("a hint"), "did you mean `group`?");
        let error = sheet.column("outcome", "--outcome").expect_err("no such column");
        assert_eq!(error.hint().expect("a hint"), "there are user_id, group");
    }

    #[test]
    fn rows_are_counted_as_the_file_shows_them() {
        let sheet = csv("a\n1\n2\n");
        assert_eq!((sheet.rows(), sheet.row(0), sheet.row(1)), (2, 2, 3));
    }

    #[test]
    fn names_are_numbered_by_their_first_row() {
        let labels = Labels::of(&Values::Number(vec![7.0, f64::NAN, 2.5, 7.0]));
        assert_eq!(labels.names, ["7", "2.5"]);
        assert_eq!(labels.codes, [Some(0), None, Some(1), Some(0)]);
        assert_eq!(labels.counts(), [2, 1]);
        assert_eq!(few(&Values::Number(vec![1.0, 2.0, 3.0]), 2), None);
    }
}
