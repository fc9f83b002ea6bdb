//! Whether an imported model answers as its maker says: golden rows with the maker's own answers.

use super::error::ImportError;
use crate::artifact::{GOLDEN_TOLERANCE, compare};
use crate::contract::Predict;
use domain::{OutputKind, Outputs, Table, Values};

/// How an imported model's answers compare with its maker's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parity {
    /// How many rows were compared.
    pub rows: usize,
    /// The largest difference, relative to the larger of 1 and the maker's number.
    pub worst: f64,
    /// The row where it lies.
    pub row: usize,
    /// In how many rows any number differs by more than 1e-5.
    pub differing: usize,
    /// In how many rows another class has the largest probability.
    pub changed_classes: usize,
}

impl Parity {
    /// Whether all rows agree.
    pub fn agrees(&self) -> bool {
        self.differing == 0 && self.changed_classes == 0
    }
}

/// Answers the rows and compares with the maker's answers.
pub fn parity(model: &dyn Predict, rows: &Table, expected: &Outputs) -> Result<Parity, ImportError> {
    let found = model.predict(rows)?;
    let difference = compare(&found, expected)?;
    let near = |(x, y): (&f64, &f64)| (x - y).abs() <= GOLDEN_TOLERANCE * y.abs().max(1.0);
    let differs = |&row: &usize| !found.row(row).iter().zip(expected.row(row)).all(near);
    Ok(Parity {
        rows: expected.rows(),
        worst: difference.worst,
        row: difference.row,
        differing: (0..expected.rows()).filter(differs).count(),
        changed_classes: difference.changed_classes,
    })
}

/// The maker's answers in a table of golden rows.
///
/// Probabilities stand in one tensor column `probabilities`, or in one number column a class, called
/// `probabilities:CLASS`, `expected:CLASS` or like the class. One number stands in `value` or `expected`, a path
/// in the tensor column `forecast` or in `forecast:1`, `forecast:2`...
pub fn makers_answers(table: &Table, kind: &OutputKind) -> Result<Outputs, ImportError> {
    let whole = match kind {
        OutputKind::Probabilities { .. } => "probabilities",
        OutputKind::Value => "value",
        OutputKind::Path { .. } => "forecast",
    };
    let width = kind.width();
    if let Some(Values::Tensor { shape, data }) = table.column(whole).map(|c| &c.values)
        && shape.iter().product::<usize>() == width
    {
        let values = data.iter().map(|&x| f64::from(x)).collect();
        return Ok(Outputs { kind: kind.clone(), values });
    }
    let columns = names(kind).iter().map(|names| column(table, names)).collect::<Result<Vec<_>, _>>()?;
    let values = (0..table.rows()).flat_map(|row| columns.iter().map(move |v| v[row])).collect();
    Ok(Outputs { kind: kind.clone(), values })
}

/// For each number of an answer, what its column may be called.
fn names(kind: &OutputKind) -> Vec<Vec<String>> {
    match kind {
        OutputKind::Probabilities { classes } => classes
            .iter()
            .map(|c| vec![format!("probabilities:{c}"), format!("expected:{c}"), c.clone()])
            .collect(),
        OutputKind::Value => vec![vec!["value".into(), "expected".into()]],
        OutputKind::Path { horizon } => {
            (1..=*horizon).map(|step| vec![format!("forecast:{step}"), format!("expected:{step}")]).collect()
        }
    }
}

fn column<'a>(table: &'a Table, names: &[String]) -> Result<&'a Vec<f64>, ImportError> {
    let found = names.iter().find_map(|name| match table.column(name).map(|c| &c.values) {
        Some(Values::Number(v)) => Some(v),
        _ => None,
    });
    found.ok_or_else(|| {
        ImportError::Golden(format!("there is no column `{}` of numbers", names.join("` or `")))
    })
}
