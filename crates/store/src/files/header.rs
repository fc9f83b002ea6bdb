//! The names of a table's columns: each there, each once.

use super::ReadError;
use std::collections::BTreeMap;
use std::path::Path;

/// Refuses a name that is empty or stands twice. `row` is the header's line.
pub(super) fn check(path: &Path, row: u64, names: &[String]) -> Result<(), ReadError> {
    let mut seen = BTreeMap::new();
    for (position, name) in (1..).zip(names) {
        if name.is_empty() {
            return Err(ReadError::Unnamed { path: path.into(), row, position });
        }
        if let Some(first) = seen.insert(name, position) {
            let (path, name) = (path.into(), name.clone());
            return Err(ReadError::Duplicate { path, row, name, first, second: position });
        }
    }
    Ok(())
}
