//! Columns read alone are those of the table.

use super::*;
use crate::files::parquet::{encode, write_parquet};
use arrow_array::types::Int8Type;
use arrow_array::{
    ArrayRef, BooleanArray, DictionaryArray, Float64Array, Int64Array, LargeStringArray, NullArray,
    StringArray,
};
use arrow_schema::Field;
use domain::Schema;
use proptest::prelude::*;
use std::sync::Arc;

fn written(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).expect("written");
    (folder, path)
}

fn parquet(columns: Vec<(&str, ArrayRef)>) -> (tempfile::TempDir, PathBuf) {
    let fields = columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true));
    let schema = arrow_schema::Schema::new(fields.collect::<Vec<_>>());
    written("t.parquet", &encode(Arc::new(schema), columns.into_iter().map(|(_, array)| array).collect()))
}

fn open(path: &Path) -> ColumnReader {
    ColumnReader::open(path, &ReadOptions::default()).expect("readable")
}

/// Everything that a reader says is what the table says.
fn agrees(path: &Path) {
    let table = read_table(path, &ReadOptions::default()).expect("readable");
    let reader = open(path);
    assert_eq!(reader.rows(), table.rows() as u64);
    assert_eq!(reader.names_and_kinds(), kinds_of(&table));
    for (index, column) in table.columns().iter().enumerate() {
        let values = reader.column(index).expect("readable");
        // NaN is not equal to itself, but prints alike
        assert_eq!(format!("{values:?}"), format!("{:?}", column.values));
        assert_eq!(reader.numbers(index).ok(), Numbers::of(&values));
        assert_eq!(reader.text_counts(index).ok(), TextCounts::of(&values));
        let rows: Vec<usize> = (0..values.len()).filter(|row| row % 3 != 1).collect();
        if let Ok((numbers, cells)) = reader.numbers_at(index, &rows) {
            assert_eq!(Some(numbers), Numbers::of(&values));
            assert_eq!(format!("{cells:?}"), format!("{:?}", floats(&values.take(&rows))));
        }
        if let Ok((counts, cells)) = reader.text_counts_at(index, &rows) {
            assert_eq!((Some(counts), Values::Text(cells)), (TextCounts::of(&values), values.take(&rows)));
        }
    }
}

#[test]
fn columns_of_every_type_are_those_of_the_table() {
    let categories: DictionaryArray<Int8Type> =
        vec![Some("b"), None, Some("a"), Some("b")].into_iter().collect();
    let (_folder, path) = parquet(vec![
        ("numbers", Arc::new(Float64Array::from(vec![Some(1.5), None, Some(f64::NAN), Some(-2.0)]))),
        ("switches", Arc::new(BooleanArray::from(vec![Some(true), None, Some(false), Some(true)]))),
        ("nothing", Arc::new(NullArray::new(4))),
        ("counts", Arc::new(Int64Array::from(vec![1, 2, 3, 4]))),
        ("ids", Arc::new(Int64Array::from(vec![Some(1), None, Some(9_007_199_254_740_993), Some(1)]))),
        ("categories", Arc::new(categories)),
        ("texts", Arc::new(LargeStringArray::from(vec![Some("a"), Some("a"), None, Some("")]))),
    ]);
    agrees(&path);
    assert_eq!(open(&path).names_and_kinds()[4].1, Kind::Text, "ids stay what they are");
}

#[test]
fn other_files_are_read_too() {
    agrees(&written("t.csv", b"a,b,at\n1,x,2026-01-01\n,y,\n3,x,2026-01-02\n").1);
    agrees(&written("t.ndjson", b"{\"a\":1,\"b\":\"x\"}\n{\"a\":null,\"b\":null}\n").1);
}

#[test]
fn texts_are_counted_across_dictionaries_and_beyond_them() {
    // more bytes of different texts than a dictionary of Parquet takes, so that the later ones stand plain
    let cell = |row: usize| match row % 4 {
        0 => None,
        1 => Some("often".to_string()),
        _ => Some(format!("{row:0>40}")),
    };
    let cells: Vec<Option<String>> = (0..140_000).map(cell).collect();
    let (_folder, path) = parquet(vec![("t", Arc::new(StringArray::from(cells)))]);
    let counts = open(&path).text_counts(0).expect("text");
    assert_eq!((counts.rows, counts.missing, counts.distinct), (140_000, 35_000, 70_001));
    assert_eq!(counts.counts[0], ("often".into(), 35_000));
    assert_eq!((counts.counts.len(), counts.others), (KEPT_TEXTS, 70_001 - KEPT_TEXTS as u64));
    agrees(&path);
}

#[test]
fn infinite_numbers_are_counted_where_only_numbers_are_asked_for() {
    let cells = vec![Some(1.0), Some(f64::INFINITY), None, Some(f64::NEG_INFINITY)];
    let (_folder, path) = parquet(vec![("x", Arc::new(Float64Array::from(cells)))]);
    let reader = open(&path);
    let expected = Numbers { present: vec![1.0], missing: 1, infinite: 2 };
    assert_eq!(reader.numbers(0).expect("counted"), expected);
    let error = reader.column(0).expect_err("refused as in a table").to_string();
    assert!(error.ends_with("t.parquet, row 2, column x: `inf` is not a finite number"), "{error}");
}

#[test]
fn what_is_not_there_is_told() {
    let refused =
        |path: &Path| ColumnReader::open(path, &ReadOptions::default()).err().map(|e| e.to_string());
    assert_eq!(refused(Path::new("nowhere.parquet")).as_deref(), Some("nowhere.parquet does not exist"));
    let (_folder, path) = parquet(vec![("x", Arc::new(Float64Array::from(Vec::<f64>::new())))]);
    assert_eq!(refused(&path), Some(format!("{} has 1 columns and no rows", path.display())));
    let (_folder, path) = parquet(vec![("x", Arc::new(Float64Array::from(vec![1.0])))]);
    let error = open(&path).text_counts(0).expect_err("a number");
    assert!(error.to_string().ends_with("t.parquet, column x: found number, expected text"), "{error}");
}

#[test]
fn a_file_that_changed_is_not_read_with_the_old_footer() {
    let (_folder, path) = parquet(vec![("x", Arc::new(Float64Array::from(vec![1.0])))]);
    let reader = open(&path);
    let longer = std::fs::read(&path).expect("there").repeat(2);
    std::fs::write(&path, longer).expect("written");
    let error = reader.numbers(0).expect_err("another file").to_string();
    assert!(error.contains("it changed from"), "{error}");
}

#[test]
fn a_schema_is_asked_for_as_in_a_table() {
    let (_folder, path) = parquet(vec![
        ("empty", Arc::new(NullArray::new(2)) as ArrayRef),
        ("x", Arc::new(Float64Array::from(vec![1.0, 2.0]))),
    ]);
    let asking = |name: &str, kind: Kind| {
        let field = domain::Field { name: name.into(), kind, nullable: true, domain: domain::Domain::Any };
        ColumnReader::open(&path, &ReadOptions::with_schema(Schema { fields: vec![field] }))
    };
    let reader = asking("empty", Kind::Text).expect("nothing speaks against it");
    assert_eq!(reader.column(0).expect("readable"), Values::Text(vec![None, None]));
    assert_eq!(reader.text_counts(0).expect("text").missing, 2);
    let refused = |name, kind| asking(name, kind).err().map(|e| e.to_string()).unwrap_or_default();
    assert!(refused("x", Kind::Text).ends_with("column x: found number, expected text"));
    assert!(refused("y", Kind::Text).ends_with("has no column `y`; it has empty, x"));
}

#[test]
fn threads_read_side_by_side() {
    let numbers = |seed: usize| Values::Number((0..50_000).map(|i| (i * seed) as f64).collect());
    let columns = (0..8).map(|seed| Column { name: format!("c{seed}"), values: numbers(seed) });
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("t.parquet");
    write_parquet(&path, &Table::new(columns.collect()).expect("equally long")).expect("written");
    let reader = open(&path);
    std::thread::scope(|scope| {
        for seed in (0..8).chain(0..8) {
            let reader = &reader;
            scope.spawn(move || assert_eq!(reader.column(seed).expect("readable"), numbers(seed)));
        }
    });
}

proptest! {
    #[test]
    fn any_column_is_that_of_the_table(
        cells in prop::collection::vec(prop::option::of(-1e9f64..1e9), 1..60),
        texts in prop::collection::vec(prop::option::of("[a-c]{0,2}"), 60),
    ) {
        let texts = texts[..cells.len()].to_vec();
        let at = cells.iter().map(|x| x.map(|x| Timestamp(x as i64))).collect();
        let numbers = cells.iter().map(|x| x.unwrap_or(f64::NAN)).collect();
        let columns = [("x", Values::Number(numbers)), ("t", Values::Text(texts)), ("at", Values::Time(at))];
        let columns = columns.map(|(name, values)| Column { name: name.into(), values });
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("t.parquet");
        write_parquet(&path, &Table::new(columns.to_vec()).expect("equally long")).expect("written");
        agrees(&path);
    }
}
