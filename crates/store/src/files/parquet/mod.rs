//! Parquet in both directions, by way of Arrow.
//!
//! Arrow types end here. Row groups are decoded one after the other. What a [`Table`] holds comes back as it
//! was written; what Parquet holds beyond that is refused by column and type.

mod column;
mod read;
mod write;

pub use read::{read, read_bytes};
pub(crate) use write::encode;
pub use write::{parquet_bytes, write_parquet};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::{ReadOptions, read_table};
    use arrow_array::builder::{Float64Builder, ListBuilder};
    use arrow_array::types::{Decimal128Type, Int8Type};
    use arrow_array::{
        ArrayRef, BinaryArray, BooleanArray, Date32Array, DictionaryArray, Float64Array, Int64Array,
        PrimitiveArray, TimestampNanosecondArray, UInt16Array,
    };
    use arrow_schema::{Field, Schema};
    use domain::time::DAY;
    use domain::{Column, Table, Timestamp, Values};
    use proptest::prelude::*;
    use std::path::Path;
    use std::sync::Arc;

    fn values(array: impl arrow_array::Array + 'static) -> Result<Values, String> {
        let array: ArrayRef = Arc::new(array);
        let schema = Schema::new(vec![Field::new("c", array.data_type().clone(), true)]);
        let bytes = encode(Arc::new(schema), vec![array]);
        let table = read_bytes(Path::new("t.parquet"), bytes).map_err(|e| e.to_string())?;
        Ok(table.columns()[0].values.clone())
    }

    fn check(array: impl arrow_array::Array + 'static, expected: Values) {
        assert_eq!(values(array).expect("readable"), expected);
    }

    fn lists(rows: &[&[f64]]) -> arrow_array::ListArray {
        let mut builder = ListBuilder::new(Float64Builder::new());
        for row in rows {
            builder.append_value(row.iter().map(|&x| Some(x)));
        }
        builder.finish()
    }

    #[test]
    fn types_of_arrow_find_their_kind() {
        check(BooleanArray::from(vec![true, false]), Values::Number(vec![1.0, 0.0]));
        check(UInt16Array::from(vec![1, 65_535]), Values::Number(vec![1.0, 65_535.0]));
        check(Date32Array::from(vec![Some(1), None]), Values::Time(vec![Some(Timestamp(DAY)), None]));
        check(TimestampNanosecondArray::from(vec![-1]), Values::Time(vec![Some(Timestamp(-1))]));
        let decimals = PrimitiveArray::<Decimal128Type>::from(vec![-12_345]);
        check(decimals.with_precision_and_scale(10, 2).expect("fits"), Values::Number(vec![-123.45]));
        let categories: DictionaryArray<Int8Type> =
            vec![Some("b"), None, Some("a"), Some("b")].into_iter().collect();
        let text = [Some("b"), None, Some("a"), Some("b")].map(|t| t.map(String::from));
        check(categories, Values::Text(text.to_vec()));
        check(
            lists(&[&[1.0, 2.0], &[3.0, 4.0]]),
            Values::Tensor { shape: vec![2], data: vec![1.0, 2.0, 3.0, 4.0] },
        );
    }

    #[test]
    fn ids_beyond_floats_become_text_from_the_first_row_on() {
        // the large id stands in the second batch
        let mut ids: Vec<i64> = (0..8192).collect();
        ids.push(9_007_199_254_740_993);
        let Values::Text(text) = values(Int64Array::from(ids)).expect("readable") else { panic!("text") };
        assert_eq!(text[7].as_deref(), Some("7"));
        assert_eq!(text[8192].as_deref(), Some("9007199254740993"));
    }

    #[test]
    fn what_has_no_place_is_refused_by_name() {
        let error = values(BinaryArray::from(vec![b"x".as_slice()])).expect_err("bytes");
        assert!(
            error.starts_with("t.parquet, column c: type Binary is not supported, expected numbers"),
            "{error}"
        );
        let error = values(Float64Array::from(vec![0.0, f64::INFINITY])).expect_err("infinite");
        assert_eq!(error, "t.parquet, row 2, column c: `inf` is not a finite number");
        let error = values(lists(&[&[1.0], &[2.0], &[3.0, 4.0]])).expect_err("uneven");
        assert_eq!(
            error,
            "t.parquet, row 3, column c: a list of 2 numbers is not a list of 1 numbers as in the first row"
        );
        let error = values(lists(&[&[]])).expect_err("nothing in it");
        assert!(error.contains("an empty list"), "{error}");
    }

    #[test]
    fn a_file_that_is_cut_off_is_told() {
        let table = Table::new(vec![Column { name: "a".into(), values: Values::Number(vec![1.0; 100]) }]);
        let bytes = parquet_bytes(&table.expect("one column"));
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("t.parquet");
        std::fs::write(&path, &bytes[..bytes.len() / 2]).expect("written");
        let error = read_table(&path, &ReadOptions::default()).expect_err("cut off");
        assert!(error.to_string().contains("is not readable as Parquet"), "{error}");
    }

    fn any_table() -> impl Strategy<Value = Table> {
        (1usize..40).prop_flat_map(|rows| {
            let number = prop::option::of(-1e12f64..1e12);
            let number = prop::collection::vec(number.prop_map(|x| x.unwrap_or(f64::NAN)), rows);
            let text = prop::collection::vec(prop::option::of(".*"), rows);
            let time = prop::collection::vec(prop::option::of(any::<i64>().prop_map(Timestamp)), rows);
            let block = prop::collection::vec(-1e6f32..1e6, rows * 6);
            (number, text, time, block).prop_map(|(number, text, time, data)| {
                let columns = [
                    ("number", Values::Number(number)),
                    ("text", Values::Text(text)),
                    ("time", Values::Time(time)),
                    ("block", Values::Tensor { shape: vec![2, 3], data }),
                ];
                let columns = columns.map(|(name, values)| Column { name: name.into(), values });
                Table::new(columns.to_vec()).expect("equally long")
            })
        })
    }

    proptest! {
        #[test]
        fn a_table_comes_back_as_it_was(table in any_table()) {
            let back = read_bytes(Path::new("t.parquet"), parquet_bytes(&table)).expect("just written");
            // NaN is not equal to itself, but prints alike
            prop_assert_eq!(format!("{back:?}"), format!("{table:?}"));
        }
    }

    #[test]
    fn the_reference_tables_are_read() {
        let rows =
            |file: &str| testkit::shared(file).map(|p| read(&p).map(|t| t.rows()).map_err(|e| e.to_string()));
        if let Some(found) = rows("data/ab-landing-page/ab_data.parquet") {
            assert_eq!(found, Ok(294_478));
        }
        if let Some(found) = rows("data/m3/series.parquet") {
            let error = found.expect_err("series of unequal length");
            assert!(error.contains("column train: a list of"), "{error}");
        }
        if let Some(found) = rows("data/cifar10-cat-dog/test.parquet") {
            let error = found.expect_err("images as bytes");
            assert!(error.contains("type Binary is not supported"), "{error}");
        }
    }
}
