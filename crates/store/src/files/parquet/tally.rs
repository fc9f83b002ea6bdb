//! Counting texts by the dictionary in which Parquet writes them, so that a text is looked at once a dictionary
//! and not once a row.

use crate::files::tally::Tally;
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef};
use arrow_schema::{DataType, Field, FieldRef};
use std::sync::Arc;

/// Whether a type is text, or a dictionary of texts.
pub(super) fn is_text(kind: &DataType) -> bool {
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => is_text(values),
        _ => false,
    }
}

/// A field of texts as one of dictionaries; others as they are.
pub(super) fn coded(field: &FieldRef) -> FieldRef {
    if !is_text(field.data_type()) {
        return Arc::clone(field);
    }
    let kind = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    Arc::new(Field::new(field.name(), kind, field.is_nullable()))
}

/// Counts by the keys of a dictionary, for as long as batches come with the same one.
#[derive(Default)]
pub(super) struct Coded {
    tally: Tally,
    dictionary: Option<ArrayRef>,
    counts: Vec<u64>,
}

impl Coded {
    /// Counts a batch of a field that [`coded`] gave.
    pub fn add(&mut self, array: &ArrayRef) {
        let batch = array.as_dictionary::<Int32Type>();
        let same = self.dictionary.as_ref().is_some_and(|before| is_same(before, batch.values()));
        if !same {
            self.flush();
            self.counts = vec![0; batch.values().len()];
            self.dictionary = Some(Arc::clone(batch.values()));
        }
        let keys = batch.keys();
        self.tally.add(None, keys.null_count() as u64);
        if keys.null_count() == 0 {
            // keys are checked by the reader to be within the dictionary
            keys.values().iter().for_each(|&key| self.counts[key as usize] += 1);
        } else {
            keys.iter().flatten().for_each(|key| self.counts[key as usize] += 1);
        }
    }

    pub fn finish(mut self) -> Tally {
        self.flush();
        self.tally
    }

    fn flush(&mut self) {
        let Some(dictionary) = self.dictionary.take() else { return };
        for (text, &rows) in dictionary.as_string::<i32>().iter().zip(&self.counts) {
            if rows > 0 {
                self.tally.add(text, rows);
            }
        }
    }
}

/// A cell of a batch of a field that [`coded`] gave.
pub(super) fn text(array: &ArrayRef, row: usize) -> Option<String> {
    let batch = array.as_dictionary::<Int32Type>();
    let key = batch.key(row)?;
    Some(batch.values().as_string::<i32>().value(key).to_string())
}

/// Whether two dictionaries are the same memory.
fn is_same(one: &ArrayRef, other: &ArrayRef) -> bool {
    one.to_data().ptr_eq(&other.to_data())
}
