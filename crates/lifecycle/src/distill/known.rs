//! Rows that are no news, so that no answer of the teacher to them may teach a student or speak of
//! a student's fidelity.
//!
//! Nobody's outcome is used with an unlabelled row, and yet it can leak. Of a row that the teacher learned from, the
//! answer is next to the outcome itself: its students hear of such rows out of fold only. A row of the guard or of the
//! gate that a student was taught, with whatever label, is no row any more that it has not seen; and where whole
//! entities were held back, neither is another row of the same one.

use domain::{Examples, Schema, Table, Values};
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Rows by their hash, and entities that are in no row that was learned from.
pub(super) struct Known<'a> {
    inputs: &'a Schema,
    rows: HashSet<u64>,
    apart: HashSet<u64>,
}

impl<'a> Known<'a> {
    /// Of rows that were learned from and rows that were held back, as a model with these inputs sees them.
    pub(super) fn of(inputs: &'a Schema, learned: &Examples, held: &[&Examples]) -> Known<'a> {
        let all = std::iter::once(learned).chain(held.iter().copied());
        let taught: HashSet<&u64> = learned.entity.iter().flatten().collect();
        let apart = held.iter().flat_map(|held| held.entity.iter().flatten());
        Known {
            inputs,
            rows: all.flat_map(|examples| hashes(&examples.rows, inputs)).collect(),
            apart: apart.filter(|entity| !taught.contains(entity)).copied().collect(),
        }
    }

    /// Which of these rows it has.
    pub(super) fn has(&self, rows: &Table) -> Vec<bool> {
        hashes(rows, self.inputs).iter().map(|row| self.rows.contains(row)).collect()
    }

    /// Whether an entity was held back whole.
    pub(super) fn holds_back(&self, entity: u64) -> bool {
        self.apart.contains(&entity)
    }
}

/// The hash of each row as a model with these inputs sees it: numbers in single precision, by which a row of a file and
/// the same row from the wire are one.
pub(super) fn hashes(rows: &Table, inputs: &Schema) -> Vec<u64> {
    let columns: Vec<Option<&Values>> =
        inputs.fields.iter().map(|field| rows.column(&field.name).map(|column| &column.values)).collect();
    let row = |row: usize| {
        let mut hash = DefaultHasher::new();
        for column in &columns {
            match column {
                None => 0u8.hash(&mut hash),
                Some(Values::Number(cells)) => bits(cells[row] as f32).hash(&mut hash),
                Some(Values::Text(cells)) => cells[row].hash(&mut hash),
                Some(Values::Time(cells)) => cells[row].hash(&mut hash),
                Some(Values::Tensor { shape, data }) => {
                    let width: usize = shape.iter().product();
                    data[row * width..(row + 1) * width].iter().for_each(|x| bits(*x).hash(&mut hash));
                }
            }
        }
        hash.finish()
    };
    (0..rows.rows()).map(row).collect()
}

/// Equal numbers have equal bits: one zero, one missing cell.
fn bits(x: f32) -> u32 {
    if x.is_nan() { f32::NAN.to_bits() } else { (x + 0.0).to_bits() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Column, Target};

    fn table(x: &[f64], job: &[&str]) -> Table {
        let job = Values::Text(job.iter().map(|job| Some((*job).to_string())).collect());
        let columns = vec![
            Column { name: "x".into(), values: Values::Number(x.to_vec()) },
            Column { name: "job".into(), values: job },
        ];
        Table::new(columns).expect("equally long")
    }

    fn examples(rows: Table, entity: &[u64]) -> Examples {
        let target = Target::Number(vec![0.0; rows.rows()]);
        Examples { rows, target, weight: None, at: None, entity: Some(entity.to_vec()) }
    }

    #[test]
    fn a_row_that_was_learned_from_or_held_back_is_known_and_another_is_not() {
        let learned = examples(table(&[0.1, f64::NAN], &["a", "b"]), &[1, 2]);
        let held = examples(table(&[5.0], &["c"]), &[3]);
        let schema = learned.rows.schema(0);
        let known = Known::of(&schema, &learned, &[&held]);
        let asked = table(&[f64::from(0.1f32), 0.1, -f64::NAN, 5.0], &["a", "b", "b", "c"]);
        assert_eq!(known.has(&asked), [true, false, true, true]);
    }

    #[test]
    fn columns_that_a_model_does_not_take_tell_no_rows_apart() {
        let learned = examples(table(&[1.0], &["a"]), &[1]);
        let only_x = learned.rows.select(|name| name == "x").schema(0);
        assert_eq!(Known::of(&only_x, &learned, &[]).has(&table(&[1.0], &["z"])), [true]);
    }

    #[test]
    fn an_entity_is_held_back_where_nobody_learned_from_it() {
        let of = |entity: u64| examples(table(&[entity as f64], &["a"]), &[entity]);
        let (learned, judged, guard) = (of(1), of(2), of(1));
        let schema = learned.rows.schema(0);
        let known = Known::of(&schema, &learned, &[&judged, &guard]);
        assert_eq!([1, 2, 3].map(|entity| known.holds_back(entity)), [false, true, false]);
    }
}
