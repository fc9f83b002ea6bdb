//! What sketches promise, on columns whose truth is known.

use super::*;
use domain::{Column, Kind, Table, Timestamp, Values};
use proptest::prelude::*;

fn of(values: &Values) -> ColumnSketch {
    let mut sketch = ColumnSketch::new(&values.kind());
    sketch.observe(values).expect("its own kind");
    sketch
}

fn text(cells: &[Option<&str>]) -> Values {
    Values::Text(cells.iter().map(|cell| cell.map(String::from)).collect())
}

#[test]
fn memory_keeps_the_promises_of_sketches() {
    crate::conformance::check_sketches(|| Box::new(MemorySketches::default()));
}

#[test]
fn numbers_are_described() {
    let sketch = of(&Values::Number(vec![4.0, f64::NAN, 1.0, f64::INFINITY, 1.0]));
    assert_eq!((sketch.rows(), sketch.missing(), sketch.infinite()), (5, 1, 1));
    let expected = Moments { count: 3, mean: 2.0, variance: 2.0, min: 1.0, max: 4.0 };
    assert_eq!(sketch.moments(), Some(expected));
    assert_eq!(sketch.quantiles(), [(1.0, 2), (4.0, 1)]);
    assert!((sketch.distinct() - 2.0).abs() < 0.01);
    assert_eq!(sketch.top(3), []);
}

#[test]
fn times_are_seconds_and_texts_are_counted() {
    let sketch = of(&Values::Time(vec![Some(Timestamp(1_500_000)), None]));
    assert_eq!((sketch.quantiles(), sketch.missing()), (vec![(1.5, 1)], 1));
    let sketch = of(&text(&[Some("b"), None, Some("a"), Some("b")]));
    assert_eq!(sketch.top(1), [("b".to_string(), 2)]);
    assert_eq!((sketch.rows(), sketch.missing(), sketch.lost()), (4, 1, 0));
    assert_eq!((sketch.quantiles(), sketch.moments()), (vec![], None));
    assert_eq!(of(&Values::Tensor { shape: vec![2], data: vec![0.0; 6] }).rows(), 3);
}

#[test]
fn cells_of_another_kind_are_refused() {
    let mut sketch = of(&Values::Number(vec![1.0]));
    let before = sketch.clone();
    let error = sketch.observe(&text(&[None])).expect_err("text");
    assert_eq!(error.to_string(), "a sketch of number cells cannot take in text cells");
    assert!(sketch.merge(&ColumnSketch::new(&Kind::Time)).is_err());
    assert_eq!(sketch, before);
}

#[test]
fn a_newer_format_is_told() {
    let bytes = bytes::seal(2, &of(&text(&[None])).to_bytes());
    assert_eq!(ColumnSketch::from_bytes(&bytes), Err(SketchError::Newer { found: 2, known: 1 }));
}

#[test]
fn a_quiet_hour_is_small() {
    let numbers = Values::Number((0..50_000).map(|i| f64::from(i).sin()).collect());
    assert!(of(&numbers).to_bytes().len() < 14_000, "{} bytes", of(&numbers).to_bytes().len());
    let few = of(&Values::Number((0..100).map(f64::from).collect()));
    assert!(few.to_bytes().len() < 1_400, "{} bytes", few.to_bytes().len());
}

fn any_values() -> impl Strategy<Value = Values> {
    let number = prop_oneof![6 => -1e9f64..1e9, 1 => Just(f64::NAN), 1 => Just(f64::NEG_INFINITY)];
    let text = prop::option::of(".{0,12}");
    prop_oneof![
        prop::collection::vec(number, 0..1_500).prop_map(Values::Number),
        prop::collection::vec(text, 0..200).prop_map(Values::Text),
        prop::collection::vec(prop::option::of(any::<i64>().prop_map(Timestamp)), 0..200)
            .prop_map(Values::Time),
    ]
}

proptest! {
    #[test]
    fn sketches_are_read_back(values in any_values()) {
        let sketch = of(&values);
        let back = ColumnSketch::from_bytes(&sketch.to_bytes()).expect("just written");
        prop_assert_eq!(&back, &sketch);
        prop_assert_eq!(back.to_bytes(), of(&values).to_bytes());
    }

    #[test]
    fn merged_moments_and_counts_are_those_of_all_rows(
        one in prop::collection::vec(-1e6f64..1e6, 1..300), other in prop::collection::vec(-1e6f64..1e6, 0..300)
    ) {
        let mut merged = of(&Values::Number(one.clone()));
        merged.merge(&of(&Values::Number(other.clone()))).expect("of one kind");
        let whole = of(&Values::Number([one, other].concat()));
        let (found, expected) = (merged.moments().expect("rows"), whole.moments().expect("rows"));
        prop_assert!((found.mean - expected.mean).abs() <= 1e-9 * 1e6);
        prop_assert!((found.variance - expected.variance).abs() <= 1e-9 * 1e12);
        prop_assert_eq!((found.count, found.min, found.max), (expected.count, expected.min, expected.max));
        prop_assert_eq!(merged.distinct(), whole.distinct());
        prop_assert_eq!(merged.rows(), whole.rows());
    }

    #[test]
    fn damaged_bytes_are_an_error(values in any_values(), at: prop::sample::Index, flip in 1u8..) {
        let mut bytes = of(&values).to_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        prop_assert!(ColumnSketch::from_bytes(&bytes).is_err());
        prop_assert!(ColumnSketch::from_bytes(&bytes[..at]).is_err());
    }

    #[test]
    fn hostile_bytes_with_a_right_checksum_do_no_harm(
        values in any_values(), changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)
    ) {
        let good = of(&values);
        let mut inside = good.to_bytes();
        inside.drain(..4);
        inside.truncate(inside.len() - 4);
        for (at, byte) in changes {
            let at = at.index(inside.len());
            inside[at] = byte;
        }
        if let Ok(mut sketch) = ColumnSketch::from_bytes(&bytes::seal(1, &inside)) {
            // all that can be asked of it has an answer
            let _ = (sketch.quantiles(), sketch.distinct(), sketch.top(5), sketch.moments());
            let _ = sketch.merge(&sketch.clone());
            let _ = sketch.merge(&good);
            let _ = sketch.observe(&values);
            let _ = (sketch.quantiles(), ColumnSketch::from_bytes(&sketch.to_bytes()));
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(inside in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = ColumnSketch::from_bytes(&inside);
        let _ = ColumnSketch::from_bytes(&bytes::seal(1, &inside));
        let _ = SketchSet::from_bytes(&bytes::seal(1, &inside));
    }
}

#[test]
fn a_set_holds_every_column_and_is_read_back() {
    let table = |cells: Vec<f64>| {
        let texts = vec![Some("a".to_string()); cells.len()];
        let columns = [("x", Values::Number(cells)), ("t", Values::Text(texts))];
        Table::new(columns.map(|(name, values)| Column { name: name.into(), values }).to_vec())
            .expect("a table")
    };
    let mut set = SketchSet::default();
    set.observe(&table(vec![1.0, 2.0])).expect("the first");
    set.observe(&table(vec![3.0])).expect("of the same kinds");
    assert_eq!((set.rows(), set.columns()["x"].rows()), (3, 3));
    assert_eq!(set.columns()["t"].top(9), [("a".to_string(), 3)]);
    assert_eq!(SketchSet::from_bytes(&set.to_bytes()), Ok(set.clone()));
    let column = Column { name: "x".into(), values: Values::Time(vec![None]) };
    let before = set.clone();
    assert!(set.observe(&Table::new(vec![column]).expect("a table")).is_err());
    assert_eq!(set, before);
}
