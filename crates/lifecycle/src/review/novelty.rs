//! How unlike the others each of some rows is, by how rare its cells are among them.
//!
//! *What it answers.* Which rows came that nobody thought to look for? *Assumptions.* None about the model. *When it
//! misleads.* It looks at one column at a time: a rare combination of common cells is not seen, and a column of free
//! codes makes every row novel alike. *Source.* The outlier score of Goldstein and Dengel 2012 (HBOS), with the mid-rank
//! tail for numbers. *Checked against.* Rows with one planted cell.

use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Texts of more words than this are documents, judged by their words.
const WORDS: usize = 4;

/// One number a row, 0 and more: the squared mean surprise of its cells, so that the rarest rows stand out.
pub fn novelty(rows: &[&Map<String, Value>]) -> Vec<f64> {
    let names: BTreeSet<&String> = rows.iter().flat_map(|row| row.keys()).collect();
    let mut sums = vec![0.0; rows.len()];
    for name in &names {
        let cells: Vec<&Value> = rows.iter().map(|row| row.get(*name).unwrap_or(&Value::Null)).collect();
        sums.iter_mut().zip(surprise(&cells)).for_each(|(sum, own)| *sum += own);
    }
    let columns = names.len().max(1) as f64;
    sums.into_iter().map(|sum| (sum / columns).powi(2)).collect()
}

/// Minus the logarithm of how common each cell is in its column.
fn surprise(cells: &[&Value]) -> Vec<f64> {
    let numbers: Option<Vec<f64>> = cells.iter().map(|cell| size(cell)).collect();
    match numbers {
        Some(numbers) => tails(&numbers),
        None if cells.iter().any(|cell| is_document(cell)) => documents(cells),
        None => levels(cells),
    }
}

/// A number as it is, a block of numbers by its mean; `None` for anything else, and for a missing cell not-a-number.
fn size(cell: &Value) -> Option<f64> {
    match cell {
        Value::Null => Some(f64::NAN),
        Value::Number(number) => number.as_f64(),
        Value::Array(block) => {
            let sum: f64 = block.iter().filter_map(Value::as_f64).sum();
            Some(sum / block.len().max(1) as f64)
        }
        _ => None,
    }
}

/// The share of numbers at least as far out on the same side, twice: 1 in the middle.
fn tails(numbers: &[f64]) -> Vec<f64> {
    let mut sorted: Vec<f64> = numbers.iter().copied().filter(|x| !x.is_nan()).collect();
    sorted.sort_by(f64::total_cmp);
    let (known, all) = (sorted.len() as f64, numbers.len() as f64);
    let tail = |x: f64| {
        if x.is_nan() {
            return (all - known) / all;
        }
        let below = sorted.partition_point(|other| *other <= x) as f64;
        let above = known - sorted.partition_point(|other| *other < x) as f64;
        (2.0 * below.min(above) / known).min(1.0)
    };
    numbers.iter().map(|x| -tail(*x).ln()).collect()
}

fn levels(cells: &[&Value]) -> Vec<f64> {
    let texts: Vec<String> = cells.iter().map(|cell| cell.to_string()).collect();
    let mut counts: HashMap<&str, f64> = HashMap::new();
    texts.iter().for_each(|text| *counts.entry(text).or_default() += 1.0);
    texts.iter().map(|text| -(counts[text.as_str()] / cells.len() as f64).ln()).collect()
}

fn is_document(cell: &Value) -> bool {
    cell.as_str().is_some_and(|text| text.split_whitespace().nth(WORDS).is_some())
}

/// The mean surprise of a document's words.
fn documents(cells: &[&Value]) -> Vec<f64> {
    let words = |cell: &Value| -> BTreeSet<String> {
        cell.as_str().unwrap_or_default().split_whitespace().map(str::to_lowercase).collect()
    };
    let documents: Vec<BTreeSet<String>> = cells.iter().map(|cell| words(cell)).collect();
    let mut counts: BTreeMap<&str, f64> = BTreeMap::new();
    documents.iter().flatten().for_each(|word| *counts.entry(word).or_default() += 1.0);
    let mean = |document: &BTreeSet<String>| {
        let sum: f64 = document.iter().map(|word| -(counts[word.as_str()] / cells.len() as f64).ln()).sum();
        sum / document.len().max(1) as f64
    };
    documents.iter().map(mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The place of the most novel row.
    fn newest(rows: &[Value]) -> usize {
        let maps: Vec<&Map<String, Value>> = rows.iter().map(|row| row.as_object().expect("a row")).collect();
        let found = novelty(&maps);
        assert!(found.iter().all(|x| x.is_finite() && *x >= 0.0), "{found:?}");
        (0..found.len()).max_by(|a, b| found[*a].total_cmp(&found[*b])).expect("rows")
    }

    #[test]
    fn a_rare_cell_of_any_kind_makes_a_row_novel() {
        let plain = |i: usize| {
            let job = ["nurse", "cook"][i % 2];
            let words = "all is well with this one today";
            json!({"age": 30 + i % 10, "job": job, "note": words, "picture": [i % 3, 1, 2]})
        };
        let with = |name: &str, value: Value| {
            let mut rows: Vec<Value> = (0..60).map(plain).collect();
            rows[40][name] = value;
            newest(&rows)
        };
        assert_eq!(with("age", json!(300)), 40);
        assert_eq!(with("job", json!("astronaut")), 40);
        assert_eq!(with("note", json!("smoke comes out of every valve")), 40);
        assert_eq!(with("picture", json!([900, 900, 900])), 40);
        assert_eq!(with("age", Value::Null), 40);
    }

    #[test]
    fn alike_rows_are_not_novel() {
        let row = json!({"age": 30, "job": "cook"});
        let row = row.as_object().expect("a row");
        assert_eq!(novelty(&[row, row]), [0.0, 0.0]);
        assert!(novelty(&[]).is_empty());
    }
}
