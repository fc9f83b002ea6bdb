//! Which user or item a cell names, in Rust and as ONNX nodes.
//!
//! Place 0 is nobody: a missing cell, an id that training did not see, a number with a fraction. The known ids
//! are sorted and stand from place 1 on.

use crate::onnx::{Dtype, GraphBuilder};
use domain::{Column, Values};
use std::collections::BTreeMap;

/// Whole numbers of up to this size are the same as a double and as an integer.
const MAX_ID: f64 = 9_007_199_254_740_992.0;
/// What a number that is no id becomes: no id, being larger than [`MAX_ID`].
const NO_ID: f64 = -9.1e15;

/// The known ids of a column.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ids {
    name: String,
    known: Known,
}

#[derive(Debug, Clone, PartialEq)]
enum Known {
    Texts(Vec<String>),
    Numbers(Vec<i64>),
}

impl Ids {
    /// Learns the ids of a column, and gives each row's place.
    pub fn learn(column: &Column) -> Result<(Ids, Vec<usize>), String> {
        let name = column.name.clone();
        match &column.values {
            Values::Text(cells) => {
                let cells = cells.iter().map(|c| c.as_deref().filter(|text| !text.is_empty()));
                let (known, places) = places(cells);
                let known = Known::Texts(known.into_iter().map(String::from).collect());
                Ok((Ids { name, known }, places))
            }
            Values::Number(cells) => {
                let is_id = |x: &f64| x.is_nan() || (x.fract() == 0.0 && x.abs() <= MAX_ID);
                if let Some(row) = cells.iter().position(|x| !is_id(x)) {
                    let found = cells[row];
                    return Err(format!(
                        "column `{name}` holds {found} in row {row}, expected texts or whole numbers"
                    ));
                }
                let (known, places) = places(cells.iter().map(|x| (!x.is_nan()).then_some(*x as i64)));
                Ok((Ids { name, known: Known::Numbers(known) }, places))
            }
            other => {
                let found = other.kind();
                Err(format!("column `{name}` holds {found}, expected texts or whole numbers"))
            }
        }
    }

    /// The number of known ids.
    pub fn len(&self) -> usize {
        match &self.known {
            Known::Texts(known) => known.len(),
            Known::Numbers(known) => known.len(),
        }
    }

    /// Declares the column as an input. All columns come before any node, so that they keep their names.
    pub fn declare(&self, graph: &mut GraphBuilder) {
        let dtype = if matches!(self.known, Known::Texts(_)) { Dtype::Str } else { Dtype::F64 };
        graph.input(&self.name, dtype, &[1]);
    }

    /// Writes the nodes from the column to its places; gives their name, `int64 [N]`.
    pub fn write(&self, graph: &mut GraphBuilder) -> String {
        let shape = graph.fresh("one_a_row");
        graph.initializer_i64(&shape, &[1], vec![-1]);
        let flat = graph.op("Reshape", &[&self.name, &shape], vec![]);
        let places: Vec<i64> = (1..=self.len() as i64).collect();
        let values = [("values_int64s", places.into()), ("default_int64", 0.into())];
        let (ids, keys) = match &self.known {
            Known::Texts(known) => (flat, ("keys_strings", known.clone().into())),
            Known::Numbers(known) => (write_whole(graph, &flat), ("keys_int64s", known.clone().into())),
        };
        graph.ml("LabelEncoder", &[&ids], [keys].into_iter().chain(values).collect())
    }
}

/// Numbers as integers; what has a fraction or is missing becomes [`NO_ID`].
fn write_whole(graph: &mut GraphBuilder, numbers: &str) -> String {
    let none = graph.fresh("no_id");
    graph.initializer_f64(&none, &[1], vec![NO_ID]);
    let floor = graph.op("Floor", &[numbers], vec![]);
    let whole = graph.op("Equal", &[numbers, &floor], vec![]);
    let ids = graph.op("Where", &[whole.as_str(), numbers, &none], vec![]);
    graph.op("Cast", &[&ids], vec![("to", i64::from(Dtype::I64.code()).into())])
}

/// The distinct ids, sorted, and each cell's place among them, from 1.
fn places<T: Ord + Copy>(cells: impl Iterator<Item = Option<T>> + Clone) -> (Vec<T>, Vec<usize>) {
    let mut known: BTreeMap<T, usize> = cells.clone().flatten().map(|id| (id, 0)).collect();
    (1..).zip(known.values_mut()).for_each(|(place, value)| *value = place);
    let places = cells.map(|id| id.map_or(0, |id| known[&id])).collect();
    (known.into_keys().collect(), places)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_sorted_and_missing_ones_are_nobody() {
        let values = Values::Number(vec![30.0, f64::NAN, -2.0, 30.0]);
        let (ids, places) = Ids::learn(&Column { name: "user".into(), values }).expect("whole numbers");
        assert_eq!((ids.len(), places), (2, vec![2, 0, 1, 2]));
        let values = Values::Text(["b", "a", "", "b"].iter().map(|s| Some(s.to_string())).collect());
        let (ids, places) = Ids::learn(&Column { name: "user".into(), values }).expect("texts");
        assert_eq!((ids.len(), places), (2, vec![2, 1, 0, 2]));
    }

    #[test]
    fn a_fraction_is_no_id() {
        let values = Values::Number(vec![1.0, 1.5]);
        let error = Ids::learn(&Column { name: "user".into(), values }).expect_err("a fraction");
        assert_eq!(error, "column `user` holds 1.5 in row 1, expected texts or whole numbers");
    }
}
