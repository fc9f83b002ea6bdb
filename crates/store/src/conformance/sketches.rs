//! The promises of sketches by version and hour.

use crate::sketch::{SketchSet, Sketches};
use domain::{Column, Table, Values, VersionId};

/// Checks the promises of [`Sketches`]; `new` gives empty ones each time.
pub fn check_sketches(mut new: impl FnMut() -> Box<dyn Sketches>) {
    sets_come_back(new().as_ref());
    hours_are_merged(new().as_ref());
    old_hours_are_forgotten(new().as_ref());
    kinds_that_change_are_refused(new().as_ref());
}

fn version(name: &str) -> VersionId {
    VersionId(name.into())
}

fn set(values: Values) -> SketchSet {
    let column = Column { name: "x".into(), values };
    let mut set = SketchSet::default();
    set.observe(&Table::new(vec![column]).expect("one column")).expect("the first rows");
    set
}

fn numbers(numbers: &[f64]) -> SketchSet {
    set(Values::Number(numbers.to_vec()))
}

fn sets_come_back(sketches: &dyn Sketches) {
    assert_eq!(sketches.get(&version("aa"), 1).expect("readable"), None, "nothing was put");
    sketches.put(&version("aa"), 1, &numbers(&[1.0])).expect("kept");
    sketches.put(&version("aa"), 1, &numbers(&[2.0, 3.0])).expect("replaced");
    assert_eq!(sketches.get(&version("aa"), 1).expect("readable"), Some(numbers(&[2.0, 3.0])));
    for (name, hour) in [("aa", 2), ("bb", 1)] {
        assert_eq!(sketches.get(&version(name), hour).expect("readable"), None, "{name} has no hour {hour}");
    }
}

fn hours_are_merged(sketches: &dyn Sketches) {
    let puts = [
        ("aa", 1, 1.0),
        ("aa", 2, 2.0),
        ("aa", 3, 3.0),
        ("bb", 2, 4.0),
        ("cc", 9, 5.0),
        ("aa", u32::MAX, 6.0),
    ];
    for (name, hour, number) in puts {
        sketches.put(&version(name), hour, &numbers(&[number])).expect("kept");
    }
    let merged = sketches.range(1, 3).expect("readable");
    assert_eq!(merged.keys().cloned().collect::<Vec<_>>(), [version("aa"), version("bb")]);
    assert_eq!(merged[&version("aa")].rows(), 2);
    assert_eq!(merged[&version("aa")].columns()["x"].quantiles(), [(1.0, 1), (2.0, 1)]);
    assert_eq!(merged[&version("bb")], numbers(&[4.0]));
    for (from, to) in [(4, 9), (3, 3), (9, 4)] {
        assert!(sketches.range(from, to).expect("readable").is_empty(), "{from}..{to} is empty");
    }
}

fn old_hours_are_forgotten(sketches: &dyn Sketches) {
    for (name, hour) in [("aa", 1), ("bb", 2), ("aa", 3)] {
        sketches.put(&version(name), hour, &numbers(&[1.0])).expect("kept");
    }
    assert_eq!(sketches.drop_before(3).expect("dropped"), 2);
    assert_eq!(sketches.drop_before(3).expect("nothing left to drop"), 0);
    assert_eq!(sketches.range(0, 9).expect("readable").len(), 1);
}

fn kinds_that_change_are_refused(sketches: &dyn Sketches) {
    sketches.put(&version("aa"), 1, &numbers(&[1.0])).expect("kept");
    sketches.put(&version("aa"), 2, &set(Values::Text(vec![None]))).expect("kept");
    assert!(sketches.range(0, 9).is_err(), "numbers and texts are not merged");
}
