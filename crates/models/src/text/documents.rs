//! Which text columns are documents, and which are categories, names or ids.

use domain::{Column, Table, Values};
use std::collections::HashSet;

/// A document has so many words on average, or more.
const MIN_WORDS: usize = 3;
/// Of so many filled cells, at least one differs from all before it.
const MAX_ROWS_A_TEXT: usize = 4;

/// The columns of documents, in the order of the table: texts that hold three words a filled cell or more on
/// average, and of whose filled cells at least every fourth is a text of its own. Words are what white space
/// sets apart; so a table's column of towns, codes or canned answers is none.
pub fn documents(rows: &Table) -> Vec<String> {
    rows.columns().iter().filter(|c| is_document(c)).map(|c| c.name.clone()).collect()
}

fn is_document(column: &Column) -> bool {
    let Values::Text(cells) = &column.values else { return false };
    let filled = || cells.iter().flatten().filter(|text| !text.trim().is_empty());
    let words: usize = filled().map(|text| text.split_whitespace().count()).sum();
    let count = filled().count();
    let distinct = filled().collect::<HashSet<_>>().len();
    count > 0 && words >= MIN_WORDS * count && distinct * MAX_ROWS_A_TEXT >= count
}

/// The cells of a text column, a missing one as an empty text.
pub(super) fn texts<'a>(rows: &'a Table, name: &str) -> Vec<&'a str> {
    match rows.column(name).map(|c| &c.values) {
        Some(Values::Text(cells)) => cells.iter().map(|c| c.as_deref().unwrap_or("")).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_documents_and_categories_are_not() {
        let column = |name: &str, cell: &dyn Fn(usize) -> String| Column {
            name: name.into(),
            values: Values::Text((0..40).map(|i| (i % 10 != 0).then(|| cell(i))).collect()),
        };
        let table = Table::new(vec![
            column("review", &|i| format!("number {i} was a good one")),
            column("code", &|i| format!("id-{i}")),
            column("answer", &|i| format!("this is canned answer {}", i % 4)),
            Column { name: "empty".into(), values: Values::Text(vec![None; 40]) },
            Column { name: "age".into(), values: Values::Number(vec![1.0; 40]) },
        ]);
        assert_eq!(documents(&table.expect("one length")), ["review"]);
    }
}
