//! The sketches of all columns of the same rows.

use super::bytes::{put_bytes, put_count, put_u64, seal, unseal};
use super::{ColumnSketch, SketchError};
use domain::Table;
use std::collections::BTreeMap;

/// The newest format of [`SketchSet::to_bytes`].
const FORMAT: u32 = 1;

/// One sketch a column, and the rows that they were made of.
///
/// A column that comes later, or of which some rows know nothing, has fewer rows than the set.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SketchSet {
    rows: u64,
    columns: BTreeMap<String, ColumnSketch>,
}

impl SketchSet {
    /// The rows that were seen.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The columns by name.
    pub fn columns(&self) -> &BTreeMap<String, ColumnSketch> {
        &self.columns
    }

    /// Sees all rows of a table. One with a column of another kind than before is refused, and then nothing
    /// of it is seen.
    pub fn observe(&mut self, table: &Table) -> Result<(), SketchError> {
        let mut seen = SketchSet { rows: table.rows() as u64, columns: BTreeMap::new() };
        for column in table.columns() {
            let mut sketch = ColumnSketch::new(&column.values.kind());
            sketch.observe(&column.values)?;
            seen.columns.insert(column.name.clone(), sketch);
        }
        self.merge(&seen)
    }

    /// Sees all that another has seen. One with a column of another kind is refused, and then nothing changes.
    pub fn merge(&mut self, other: &SketchSet) -> Result<(), SketchError> {
        for (name, theirs) in &other.columns {
            if let Some(mine) = self.columns.get(name).filter(|mine| mine.kind() != theirs.kind()) {
                return Err(SketchError::Unlike { found: theirs.kind().into(), expected: mine.kind() });
            }
        }
        for (name, theirs) in &other.columns {
            match self.columns.get_mut(name) {
                Some(mine) => mine.merge(theirs)?,
                None => {
                    self.columns.insert(name.clone(), theirs.clone());
                }
            }
        }
        self.rows = self.rows.saturating_add(other.rows);
        Ok(())
    }

    /// The bytes that [`SketchSet::from_bytes`] reads, with a format and a checksum.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_u64(&mut out, self.rows);
        put_count(&mut out, self.columns.len());
        for (name, sketch) in &self.columns {
            put_bytes(&mut out, name.as_bytes());
            put_bytes(&mut out, &sketch.to_bytes());
        }
        seal(FORMAT, &out)
    }

    /// Reads what [`SketchSet::to_bytes`] wrote; damaged bytes are an error.
    pub fn from_bytes(bytes: &[u8]) -> Result<SketchSet, SketchError> {
        let mut input = unseal(FORMAT, bytes)?;
        let damaged = || SketchError::Damaged { why: "it is no set of sketches".into() };
        let rows = input.u64().ok_or_else(damaged)?;
        let count = input.count(16).ok_or_else(damaged)?;
        let mut columns = BTreeMap::new();
        for _ in 0..count {
            let name = input.text().ok_or_else(damaged)?;
            columns.insert(name, ColumnSketch::from_bytes(input.bytes().ok_or_else(damaged)?)?);
        }
        if columns.len() == count && input.is_empty() {
            Ok(SketchSet { rows, columns })
        } else {
            Err(damaged())
        }
    }
}
