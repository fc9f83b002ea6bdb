//! A labeller's answers as a table, and the file that it is written to.

use crate::StageError;
use domain::{Column, OutputKind, Table, Values};
use stats::metric::most_probable;
use std::path::Path;
use store::files::{write_csv, write_parquet};

/// The form of a file of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Text with a header line.
    Csv,
    /// Apache Parquet.
    Parquet,
}

impl Form {
    /// By a file's ending, and where its folder is there: to be asked before the work.
    pub fn of(path: &Path) -> Result<Form, StageError> {
        let file = path.display().to_string();
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
            let found = format!("there is no folder {}", folder.display());
            return Err(StageError::data(&file, found, "make it first, or name another"));
        }
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
        match ending.as_deref() {
            Some("csv") => Ok(Form::Csv),
            Some("parquet" | "pq") => Ok(Form::Parquet),
            _ => Err(StageError::data(&file, "answers are .csv or .parquet", "name such a file")),
        }
    }

    /// Writes a table, whole or not at all.
    pub fn write(self, path: &Path, table: &Table) -> Result<(), StageError> {
        Ok(match self {
            Form::Csv => write_csv(path, table),
            Form::Parquet => write_parquet(path, table),
        }?)
    }
}

/// Answers so far.
pub(super) struct Sheet {
    output: OutputKind,
    /// Whether rows are of a file; else they are predictions.
    numbered: bool,
    names: Vec<String>,
    said: Vec<f64>,
}

impl Sheet {
    pub(super) fn new(output: OutputKind, numbered: bool) -> Sheet {
        Sheet { output, numbered, names: Vec::new(), said: Vec::new() }
    }

    pub(super) fn add(&mut self, names: impl Iterator<Item = String>, said: &[f64]) {
        self.names.extend(names);
        self.said.extend_from_slice(said);
    }

    pub(super) fn rows(&self) -> u64 {
        self.names.len() as u64
    }

    pub(super) fn table(self) -> Table {
        let width = self.output.width();
        let which = if self.numbered {
            let number = |name: &String| name.parse().expect("a row of a file is numbered");
            Column { name: "row".into(), values: Values::Number(self.names.iter().map(number).collect()) }
        } else {
            let ids = self.names.iter().cloned().map(Some).collect();
            Column { name: "prediction_id".into(), values: Values::Text(ids) }
        };
        let label = match &self.output {
            OutputKind::Probabilities { classes } => {
                let labels = most_probable(&self.said, width).into_iter();
                let labels = labels.map(|class| Some(classes[class].clone())).collect();
                Some(Column { name: "label".into(), values: Values::Text(labels) })
            }
            OutputKind::Value | OutputKind::Path { .. } => None,
        };
        let answer = |(place, name): (usize, String)| {
            let cells = self.said.iter().skip(place).step_by(width).copied().collect();
            Column { name, values: Values::Number(cells) }
        };
        let answers = headings(&self.output).into_iter().enumerate().map(answer);
        let columns = std::iter::once(which).chain(label).chain(answers).collect();
        Table::new(columns).expect("a cell a row in each, and no class twice")
    }
}

fn headings(output: &OutputKind) -> Vec<String> {
    match output {
        OutputKind::Probabilities { classes } => {
            classes.iter().map(|class| format!("probabilities:{class}")).collect()
        }
        OutputKind::Value => vec!["value".into()],
        OutputKind::Path { horizon } => (1..=*horizon).map(|step| format!("value:{step}")).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(table: &Table) -> Vec<&str> {
        table.columns().iter().map(|column| column.name.as_str()).collect()
    }

    #[test]
    fn classes_have_a_label_and_their_probabilities() {
        let classes = vec!["a".into(), "b".into()];
        let mut sheet = Sheet::new(OutputKind::Probabilities { classes }, false);
        sheet.add(["p", "q"].map(String::from).into_iter(), &[0.9, 0.1, 0.25, 0.75]);
        let table = sheet.table();
        assert_eq!(names(&table), ["prediction_id", "label", "probabilities:a", "probabilities:b"]);
        let column = |name: &str| table.column(name).expect("there").values.clone();
        assert_eq!(column("label"), Values::Text(vec![Some("a".into()), Some("b".into())]));
        assert_eq!(column("probabilities:b"), Values::Number(vec![0.1, 0.75]));
    }

    #[test]
    fn numbers_and_paths_have_no_label() {
        let mut sheet = Sheet::new(OutputKind::Path { horizon: 2 }, true);
        sheet.add(["7".to_string()].into_iter(), &[1.0, 2.0]);
        let table = sheet.table();
        assert_eq!(names(&table), ["row", "value:1", "value:2"]);
        assert_eq!(table.column("row").expect("there").values, Values::Number(vec![7.0]));
        assert_eq!(names(&Sheet::new(OutputKind::Value, true).table()), ["row", "value"]);
    }

    #[test]
    fn a_file_that_could_not_be_written_is_told_before_the_work() {
        let said = |path: &str| Form::of(Path::new(path)).expect_err("refused").to_string();
        assert_eq!(said("answers.xlsx"), "answers.xlsx: answers are .csv or .parquet");
        assert_eq!(said("nowhere/answers.csv"), "nowhere/answers.csv: there is no folder nowhere");
        assert_eq!(Form::of(Path::new("answers.PQ")).expect("a form"), Form::Parquet);
    }
}
