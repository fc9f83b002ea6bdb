//! Rows as plain named columns, and the schema that describes them.
//!
//! Not Arrow: store and models share rows through these types, so that neither has to know how the
//! other keeps them. Invariant: every column of a table has the same number of rows.

use crate::time::Timestamp;
use thiserror::Error;

/// A table of raw rows. All columns have [`Table::rows`] entries.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    columns: Vec<Column>,
    rows: usize,
}

/// One named column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// The name as it stands in the file or the request.
    pub name: String,
    /// One entry a row.
    pub values: Values,
}

/// The cells of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Numbers of any width; NaN is a missing cell.
    Number(Vec<f64>),
    /// Text and categories; `None` is a missing cell.
    Text(Vec<Option<String>>),
    /// Instants; `None` is a missing cell.
    Time(Vec<Option<Timestamp>>),
    /// One block of numbers a row (an image, the last days of a series), row-major;
    /// `data.len() == rows * shape.iter().product()`.
    Tensor {
        /// The shape of one row's block, without the row dimension.
        shape: Vec<usize>,
        /// All blocks, one after the other.
        data: Vec<f32>,
    },
}

/// What a column holds, without its cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// See [`Values::Number`].
    Number,
    /// See [`Values::Text`].
    Text,
    /// See [`Values::Time`].
    Time,
    /// See [`Values::Tensor`]: the shape of one row's block.
    Tensor(Vec<usize>),
}

/// The raw columns that a model takes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Schema {
    /// In the order of the training table.
    pub fields: Vec<Field>,
}

/// One column of a schema, with what was seen of it in training.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// The column's name.
    pub name: String,
    /// What its cells are.
    pub kind: Kind,
    /// Whether a cell was missing in training.
    pub nullable: bool,
    /// The values seen in training.
    pub domain: Domain,
}

/// The values that training saw in a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Domain {
    /// Nothing is known, or it does not apply.
    Any,
    /// Smallest and largest finite number.
    Range {
        /// Inclusive.
        min: f64,
        /// Inclusive.
        max: f64,
    },
    /// Every distinct text, sorted.
    Categories(Vec<String>),
}

/// Rows with what is to be predicted for them.
#[derive(Debug, Clone, PartialEq)]
pub struct Examples {
    /// The raw inputs.
    pub rows: Table,
    /// One target a row.
    pub target: Target,
    /// One weight a row; `None` weighs all alike.
    pub weight: Option<Vec<f64>>,
    /// When each row was seen; sorted where it is given.
    pub at: Option<Vec<Timestamp>>,
    /// Who each row is about (a customer, a series): rows of one entity are not independent.
    pub entity: Option<Vec<u64>>,
}

/// What is to be predicted.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// One class a row, as an index into `classes`.
    Class {
        /// The class names, sorted.
        classes: Vec<String>,
        /// `index[i] < classes.len()`.
        index: Vec<u32>,
    },
    /// Soft labels: `rows * classes.len()` probabilities, row-major, each row summing to 1.
    Soft {
        /// The class names, sorted.
        classes: Vec<String>,
        /// Row-major.
        probability: Vec<f64>,
    },
    /// One number a row.
    Number(Vec<f64>),
    /// The next `horizon` values of a series, row-major.
    Path {
        /// How many steps ahead.
        horizon: usize,
        /// `rows * horizon` values.
        values: Vec<f64>,
    },
}

/// Why columns did not make a table.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum TableError {
    /// Two columns of one name.
    #[error("column `{0}` stands twice in the table")]
    Duplicate(String),
    /// Two tables that should follow each other do not fit.
    #[error("column `{0}` is not of the same kind in both tables, or stands in one of them only")]
    Unlike(String),
    /// A column of another length than the first.
    #[error("column `{name}` has {found} rows where the table has {expected}")]
    Ragged {
        /// The column.
        name: String,
        /// Its rows.
        found: usize,
        /// The first column's rows.
        expected: usize,
    },
}

impl Table {
    /// A table of these columns, which must be equally long and differently named.
    pub fn new(columns: Vec<Column>) -> Result<Table, TableError> {
        let rows = columns.first().map_or(0, |c| c.values.len());
        let mut names = std::collections::BTreeSet::new();
        for column in &columns {
            if !names.insert(column.name.as_str()) {
                return Err(TableError::Duplicate(column.name.clone()));
            }
            if column.values.len() != rows {
                let (name, found) = (column.name.clone(), column.values.len());
                return Err(TableError::Ragged { name, found, expected: rows });
            }
        }
        Ok(Table { columns, rows })
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// All columns, in order.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// All columns, in order, without copying them.
    pub fn into_columns(self) -> Vec<Column> {
        self.columns
    }

    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|c| c.name == name)
    }

    /// The rows of these indices, in the order given; an index may stand more than once.
    pub fn take(&self, rows: &[usize]) -> Table {
        let columns = self.columns.iter();
        let columns = columns.map(|c| Column { name: c.name.clone(), values: c.values.take(rows) });
        Table { columns: columns.collect(), rows: rows.len() }
    }

    /// These rows, and under them those of another table with columns of the same names and kinds.
    pub fn append(&self, below: &Table) -> Result<Table, TableError> {
        let join = |column: &Column| {
            let unlike = || TableError::Unlike(column.name.clone());
            let other = below.column(&column.name).ok_or_else(unlike)?;
            let values = column.values.append(&other.values).ok_or_else(unlike)?;
            Ok(Column { name: column.name.clone(), values })
        };
        let columns = self.columns.iter().map(join).collect::<Result<Vec<_>, _>>()?;
        Ok(Table { columns, rows: self.rows + below.rows })
    }

    /// Only the columns that `keep` accepts.
    pub fn select(&self, keep: impl Fn(&str) -> bool) -> Table {
        let columns = self.columns.iter().filter(|c| keep(&c.name)).cloned().collect();
        Table { columns, rows: self.rows }
    }

    /// The schema of these rows, with ranges and categories. A text column of more than
    /// `max_categories` distinct values has no category list.
    pub fn schema(&self, max_categories: usize) -> Schema {
        Schema { fields: self.columns.iter().map(|c| Field::observed(c, max_categories)).collect() }
    }
}

impl Values {
    /// The number of rows.
    pub fn len(&self) -> usize {
        match self {
            Values::Number(v) => v.len(),
            Values::Text(v) => v.len(),
            Values::Time(v) => v.len(),
            Values::Tensor { shape, data } => data.len() / shape.iter().product::<usize>().max(1),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the cells are.
    pub fn kind(&self) -> Kind {
        match self {
            Values::Number(_) => Kind::Number,
            Values::Text(_) => Kind::Text,
            Values::Time(_) => Kind::Time,
            Values::Tensor { shape, .. } => Kind::Tensor(shape.clone()),
        }
    }

    /// The cells of these rows.
    pub fn take(&self, rows: &[usize]) -> Values {
        match self {
            Values::Number(v) => Values::Number(rows.iter().map(|&r| v[r]).collect()),
            Values::Text(v) => Values::Text(rows.iter().map(|&r| v[r].clone()).collect()),
            Values::Time(v) => Values::Time(rows.iter().map(|&r| v[r]).collect()),
            Values::Tensor { shape, data } => {
                let width: usize = shape.iter().product();
                let data = rows.iter().flat_map(|&r| &data[r * width..(r + 1) * width]).copied();
                Values::Tensor { shape: shape.clone(), data: data.collect() }
            }
        }
    }

    /// These cells and then those; `None` where the kinds differ.
    fn append(&self, below: &Values) -> Option<Values> {
        Some(match (self, below) {
            (Values::Number(a), Values::Number(b)) => Values::Number([&a[..], b].concat()),
            (Values::Text(a), Values::Text(b)) => Values::Text([&a[..], b].concat()),
            (Values::Time(a), Values::Time(b)) => Values::Time([&a[..], b].concat()),
            (Values::Tensor { shape, data }, Values::Tensor { shape: other, data: more })
                if shape == other =>
            {
                Values::Tensor { shape: shape.clone(), data: [&data[..], more].concat() }
            }
            _ => return None,
        })
    }

    /// How many cells are missing. A tensor's block counts when any of its numbers is NaN.
    pub fn missing(&self) -> usize {
        match self {
            Values::Number(v) => v.iter().filter(|x| x.is_nan()).count(),
            Values::Text(v) => v.iter().filter(|x| x.is_none()).count(),
            Values::Time(v) => v.iter().filter(|x| x.is_none()).count(),
            Values::Tensor { shape, data } => {
                let width = shape.iter().product::<usize>().max(1);
                data.chunks(width).filter(|block| block.iter().any(|x| x.is_nan())).count()
            }
        }
    }
}

impl Field {
    /// What can be said of a column from its cells.
    pub fn observed(column: &Column, max_categories: usize) -> Field {
        let domain = match &column.values {
            Values::Number(v) => {
                let finite = || v.iter().copied().filter(|x| x.is_finite());
                match (finite().reduce(f64::min), finite().reduce(f64::max)) {
                    (Some(min), Some(max)) => Domain::Range { min, max },
                    _ => Domain::Any,
                }
            }
            Values::Text(v) => {
                let distinct: std::collections::BTreeSet<&String> = v.iter().flatten().collect();
                if distinct.len() > max_categories {
                    Domain::Any
                } else {
                    Domain::Categories(distinct.into_iter().cloned().collect())
                }
            }
            Values::Time(_) | Values::Tensor { .. } => Domain::Any,
        };
        let nullable = column.values.missing() > 0;
        Field { name: column.name.clone(), kind: column.values.kind(), nullable, domain }
    }
}

impl Schema {
    /// The field of this name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|f| f.name == name)
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Kind::Number => f.write_str("number"),
            Kind::Text => f.write_str("text"),
            Kind::Time => f.write_str("time"),
            Kind::Tensor(shape) => write!(f, "tensor{shape:?}"),
        }
    }
}

impl Target {
    /// The number of rows.
    pub fn len(&self) -> usize {
        match self {
            Target::Class { index, .. } => index.len(),
            Target::Soft { classes, probability } => probability.len() / classes.len().max(1),
            Target::Number(v) => v.len(),
            Target::Path { horizon, values } => values.len() / (*horizon).max(1),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The targets of these rows.
    pub fn take(&self, rows: &[usize]) -> Target {
        match self {
            Target::Class { classes, index } => {
                Target::Class { classes: classes.clone(), index: rows.iter().map(|&r| index[r]).collect() }
            }
            Target::Soft { classes, probability } => {
                let probability = blocks(probability, classes.len(), rows);
                Target::Soft { classes: classes.clone(), probability }
            }
            Target::Number(v) => Target::Number(rows.iter().map(|&r| v[r]).collect()),
            Target::Path { horizon, values } => {
                Target::Path { horizon: *horizon, values: blocks(values, *horizon, rows) }
            }
        }
    }
}

impl Examples {
    /// The number of rows.
    pub fn len(&self) -> usize {
        self.rows.rows()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The examples of these rows, in the order given.
    pub fn take(&self, rows: &[usize]) -> Examples {
        Examples {
            rows: self.rows.take(rows),
            target: self.target.take(rows),
            weight: self.weight.as_ref().map(|w| rows.iter().map(|&r| w[r]).collect()),
            at: self.at.as_ref().map(|t| rows.iter().map(|&r| t[r]).collect()),
            entity: self.entity.as_ref().map(|e| rows.iter().map(|&r| e[r]).collect()),
        }
    }
}

fn blocks(values: &[f64], width: usize, rows: &[usize]) -> Vec<f64> {
    rows.iter().flat_map(|&r| &values[r * width..(r + 1) * width]).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(name: &str, values: &[f64]) -> Column {
        Column { name: name.into(), values: Values::Number(values.to_vec()) }
    }

    #[test]
    fn columns_of_unequal_length_make_no_table() {
        let error = Table::new(vec![number("a", &[1.0, 2.0]), number("b", &[1.0])]);
        assert_eq!(error, Err(TableError::Ragged { name: "b".into(), found: 1, expected: 2 }));
    }

    #[test]
    fn a_doubled_name_makes_no_table() {
        let error = Table::new(vec![number("a", &[1.0]), number("a", &[1.0])]);
        assert_eq!(error, Err(TableError::Duplicate("a".into())));
    }

    #[test]
    fn a_schema_tells_range_and_missing_cells() {
        let table = Table::new(vec![number("a", &[3.0, f64::NAN, -1.0])]).expect("one column");
        let field = &table.schema(10).fields[0];
        assert!(field.nullable);
        assert_eq!(field.domain, Domain::Range { min: -1.0, max: 3.0 });
    }

    #[test]
    fn tables_of_one_shape_can_follow_each_other() {
        let above = Table::new(vec![number("a", &[1.0])]).expect("one column");
        let below = Table::new(vec![number("b", &[9.0]), number("a", &[2.0])]).expect("two columns");
        assert_eq!(above.append(&below), Table::new(vec![number("a", &[1.0, 2.0])]));
        assert_eq!(below.append(&above), Err(TableError::Unlike("b".into())));
    }

    #[test]
    fn taking_rows_keeps_blocks_whole() {
        let values = Values::Tensor { shape: vec![2], data: vec![1.0, 2.0, 3.0, 4.0] };
        assert_eq!(values.take(&[1, 1]), Values::Tensor { shape: vec![2], data: vec![3.0, 4.0, 3.0, 4.0] });
    }
}
