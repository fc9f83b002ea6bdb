//! A row as the journal keeps it: one JSON object of named columns. Missing cells are `null`.

use domain::{Table, Values};
use serde_json::to_string;

/// One JSON object a row, in order.
pub(crate) fn objects(rows: &Table) -> Vec<String> {
    let names: Vec<String> = rows.columns().iter().map(|c| text(&c.name)).collect();
    (0..rows.rows()).map(|row| object(rows, &names, row)).collect()
}

fn object(rows: &Table, names: &[String], row: usize) -> String {
    let cells = rows.columns().iter().zip(names);
    let cells: Vec<String> = cells.map(|(c, name)| format!("{name}:{}", cell(&c.values, row))).collect();
    format!("{{{}}}", cells.join(","))
}

fn cell(values: &Values, row: usize) -> String {
    match values {
        Values::Number(cells) => number(cells[row]),
        Values::Text(cells) => cells[row].as_deref().map_or_else(null, text),
        Values::Time(cells) => cells[row].map_or_else(null, |at| text(&at.to_string())),
        Values::Tensor { shape, data } => {
            let width: usize = shape.iter().product();
            let block = &data[row * width..(row + 1) * width];
            let block: Vec<String> = block.iter().map(|x| to_string(x).unwrap_or_else(|_| null())).collect();
            format!("[{}]", block.join(","))
        }
    }
}

fn number(x: f64) -> String {
    to_string(&x).unwrap_or_else(|_| null())
}

fn text(text: &str) -> String {
    to_string(text).unwrap_or_else(|_| null())
}

fn null() -> String {
    "null".into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Column, Timestamp};

    #[test]
    fn every_kind_of_cell_is_written_and_a_missing_one_is_null() {
        let column = |name: &str, values| Column { name: name.into(), values };
        let table = Table::new(vec![
            column("age", Values::Number(vec![41.5, f64::NAN])),
            column("a \"job\"", Values::Text(vec![Some("nurse\n".into()), None])),
            column("day", Values::Time(vec![Some(Timestamp(0)), None])),
            column("x", Values::Tensor { shape: vec![2], data: vec![0.1, 2.0, f32::NAN, -1.0] }),
        ]);
        let objects = objects(&table.expect("two rows each"));
        assert_eq!(
            objects,
            [
                r#"{"age":41.5,"a \"job\"":"nurse\n","day":"1970-01-01T00:00:00Z","x":[0.1,2.0]}"#,
                r#"{"age":null,"a \"job\"":null,"day":null,"x":[null,-1.0]}"#,
            ]
        );
    }
}
