//! A request's tensors as the columns that a schema names, however they came.

use super::tensor::{Tensor, datatype};
use domain::{Schema, Table};
use std::collections::BTreeMap;

/// The schema's columns, out of the request's tensors; others of as many rows come along behind them.
pub fn table(tensors: Vec<Tensor>, schema: &Schema) -> Result<Table, String> {
    let mut tensors = by_name(tensors)?;
    let names: Vec<String> = tensors.keys().map(|name| format!("`{name}`")).collect();
    let (mut columns, mut first) = (Vec::with_capacity(schema.fields.len()), None);
    for field in &schema.fields {
        let tensor = tensors.remove(&field.name).ok_or_else(|| {
            let (name, expected, found) = (&field.name, datatype(&field.kind), names.join(", "));
            format!("input `{name}` is missing: expected {expected}; the request has {found}")
        })?;
        let rows = tensor.rows();
        let (like, expected) = first.get_or_insert_with(|| (field.name.clone(), rows));
        if rows != *expected {
            let name = &field.name;
            return Err(format!("input `{name}` has {rows} rows, expected {expected} like input `{like}`"));
        }
        columns.push(tensor.into_column(field)?);
    }
    let rows = columns.first().map(|first| first.values.len());
    let others = tensors.into_values().filter(|tensor| rows.is_none_or(|rows| rows == tensor.rows()));
    for other in others {
        columns.push(other.into_any_column()?);
    }
    Table::new(columns).map_err(|error| error.to_string())
}

fn by_name(tensors: Vec<Tensor>) -> Result<BTreeMap<String, Tensor>, String> {
    let mut named = BTreeMap::new();
    for tensor in tensors {
        if let Some(twice) = named.insert(tensor.name.clone(), tensor) {
            return Err(format!("input `{}` stands twice in the request", twice.name));
        }
    }
    Ok(named)
}
