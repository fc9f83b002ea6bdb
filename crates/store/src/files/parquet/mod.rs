//! Parquet in both directions, by way of Arrow.
//!
//! Arrow types end here. Row groups are decoded one after the other. What a [`Table`] holds comes back as it
//! was written; what Parquet holds beyond that is refused by column and type.

mod column;
mod columns;
mod read;
mod tally;
mod write;

pub(super) use columns::ParquetColumns;
pub use read::{read, read_bytes};
pub(crate) use write::encode;
pub use write::{parquet_bytes, write_parquet};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::{ReadOptions, read_table};
    use crate::image::{ImageShape, encode_png};
    use arrow_array::builder::{Float64Builder, ListBuilder};
    use arrow_array::types::{Decimal128Type, Int8Type};
    use arrow_array::{
        Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, DictionaryArray, Float64Array, Int64Array,
        IntervalYearMonthArray, LargeBinaryArray, PrimitiveArray, StringArray, StructArray,
        TimestampNanosecondArray, UInt16Array,
    };
    use arrow_schema::{DataType, Field, Schema};
    use domain::time::DAY;
    use domain::{Column, Kind, Table, Timestamp, Values};
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
        let error = values(IntervalYearMonthArray::from(vec![1])).expect_err("months");
        let expected = "t.parquet, column c: type Interval(YearMonth) is not supported, expected numbers";
        assert!(error.starts_with(expected), "{error}");
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

    fn png(shape: ImageShape, first: f32) -> Vec<u8> {
        let data: Vec<f32> = (0..shape.numbers()).map(|i| first + i as f32).collect();
        encode_png(&data, shape)
    }

    const GREY: ImageShape = ImageShape { channels: 1, height: 2, width: 3 };

    #[test]
    fn bytes_are_pictures() {
        let (one, two) = (png(GREY, 0.0), png(GREY, 100.0));
        let data = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 100.0, 101.0, 102.0, 103.0, 104.0, 105.0];
        let expected = Values::Tensor { shape: vec![1, 2, 3], data: data.to_vec() };
        let bytes = LargeBinaryArray::from(vec![one.as_slice(), two.as_slice()]);
        check(bytes.clone(), expected.clone());
        // as Hugging Face writes them
        let field = |name: &str, kind: DataType| Arc::new(Field::new(name, kind, true));
        let paths: ArrayRef = Arc::new(StringArray::from(vec!["a.png", "b.png"]));
        check(
            StructArray::from(vec![
                (field("bytes", DataType::LargeBinary), Arc::new(bytes) as ArrayRef),
                (field("path", DataType::Utf8), paths),
            ]),
            expected,
        );
    }

    #[test]
    fn pictures_of_unequal_shape_are_resized_only_when_asked() {
        let small = ImageShape { channels: 1, height: 1, width: 3 };
        let (one, two) = (png(GREY, 0.0), png(small, 0.0));
        let array: ArrayRef = Arc::new(BinaryArray::from(vec![one.as_slice(), two.as_slice()]));
        let schema = Schema::new(vec![Field::new("c", array.data_type().clone(), true)]);
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("t.parquet");
        std::fs::write(&path, encode(Arc::new(schema), vec![array])).expect("written");
        let error = read(&path, &ReadOptions::default()).expect_err("two shapes");
        let expected = ", row 2, column c: the picture is 1x1x3, expected 1x2x3 (channels, height, width)";
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(
            error.hint().as_deref(),
            Some("set data.image = \"1x2x3\" to resize every picture to that")
        );
        let options = ReadOptions { image: Some(small), ..ReadOptions::default() };
        let table = read_table(&path, &options).expect("resized");
        let expected = vec![1.5, 2.5, 3.5, 0.0, 1.0, 2.0];
        assert_eq!(table.columns()[0].values, Values::Tensor { shape: vec![1, 1, 3], data: expected });
    }

    #[test]
    fn a_cell_that_is_no_picture_is_named() {
        let one = png(GREY, 0.0);
        let array = BinaryArray::from(vec![Some(one.as_slice()), Some(b"x".as_slice())]);
        assert_eq!(
            values(array).expect_err("text"),
            "t.parquet, row 2, column c: found 1 bytes that begin with 78, expected a PNG or JPEG picture"
        );
        let array = BinaryArray::from(vec![Some(one.as_slice()), None]);
        assert_eq!(
            values(array).expect_err("nothing"),
            "t.parquet, row 2, column c: null is not the bytes of a PNG or JPEG picture"
        );
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
    fn the_pictures_of_the_example_are_read() {
        for (file, each) in [("train", 1_000), ("test", 200)] {
            let path = format!("{}/../../examples/fashion/{file}.parquet", env!("CARGO_MANIFEST_DIR"));
            let table = read(Path::new(&path), &ReadOptions::default()).expect("shipped");
            let [image, label] = table.columns() else { panic!("two columns") };
            assert_eq!(image.values.kind(), Kind::Tensor(vec![1, 28, 28]));
            let Values::Text(labels) = &label.values else { panic!("text") };
            let mut counts = std::collections::BTreeMap::new();
            labels.iter().flatten().for_each(|name| *counts.entry(name).or_insert(0) += 1);
            assert!(counts.len() == 10 && counts.values().all(|&count| count == each), "{counts:?}");
        }
    }

    #[test]
    fn the_reference_tables_are_read() {
        let rows = |file: &str| {
            testkit::shared(file)
                .map(|p| read(&p, &ReadOptions::default()).map(|t| t.rows()).map_err(|e| e.to_string()))
        };
        if let Some(found) = rows("data/ab-landing-page/ab_data.parquet") {
            assert_eq!(found, Ok(294_478));
        }
        if let Some(found) = rows("data/m3/series.parquet") {
            let error = found.expect_err("series of unequal length");
            assert!(error.contains("column train: a list of"), "{error}");
        }
        if let Some(found) = rows("data/cifar10-cat-dog/test.parquet") {
            assert_eq!(found, Ok(2_000));
        }
    }
}
