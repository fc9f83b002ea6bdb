//! Reading the reference files and comparing with them.

use serde_json::Value;
use std::path::Path;

/// The cases of one file, under `key`.
pub fn cases(file: &str, key: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(file);
    let text = std::fs::read_to_string(&path).expect("the golden file is in the repository");
    let whole: Value = serde_json::from_str(&text).expect("the golden file is JSON");
    whole[key].as_array().expect("the golden file lists its cases").clone()
}

/// A number; non-finite ones are written as strings.
pub fn number(value: &Value) -> f64 {
    match value {
        Value::String(text) => text.parse().unwrap_or_else(|_| panic!("`{text}` is not a number")),
        other => other.as_f64().unwrap_or_else(|| panic!("{other} is not a number")),
    }
}

/// A column of numbers.
pub fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap_or_else(|| panic!("{value} is not a column")).iter().map(number).collect()
}

/// A column of counts or indices.
pub fn indices(value: &Value) -> Vec<usize> {
    numbers(value).into_iter().map(|v| v as usize).collect()
}

/// A column of yes and no, written 1 and 0.
pub fn flags(value: &Value) -> Vec<bool> {
    numbers(value).into_iter().map(|v| v == 1.0).collect()
}

/// A count.
pub fn count(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is not a count"))
}

/// Within `tolerance` of the expected value, relative when that is above 1.
#[track_caller]
pub fn close(case: &str, found: f64, expected: &Value, tolerance: f64) {
    let expected = number(expected);
    let reach = tolerance * expected.abs().max(1.0);
    assert!((found - expected).abs() <= reach, "{case}: found {found:e}, expected {expected:e}");
}

/// Relative to the expected value however small, for p-values and variances.
#[track_caller]
pub fn close_relative(case: &str, found: f64, expected: &Value, tolerance: f64) {
    let expected = number(expected);
    let reach = tolerance * expected.abs() + 1e-300;
    assert!((found - expected).abs() <= reach, "{case}: found {found:e}, expected {expected:e}");
}

/// Two columns.
#[track_caller]
pub fn all_close(case: &str, found: &[f64], expected: &Value, tolerance: f64) {
    let expected = expected.as_array().unwrap_or_else(|| panic!("{case}: expected a column"));
    assert_eq!(found.len(), expected.len(), "{case}: length");
    found.iter().zip(expected).for_each(|(f, e)| close(case, *f, e, tolerance));
}
