//! A desk with a file behind it: what stands after a restart, and what labels come to.

use super::*;
use domain::{Column, Values};
use std::collections::BTreeSet;

fn rows(count: usize) -> Rows {
    let x = Values::Number((0..count).map(|row| row as f64).collect());
    let index = (0..count as u32).map(|row| row % 2).collect();
    let test = Examples {
        rows: Table::new(vec![Column { name: "x".into(), values: x }]).expect("one column"),
        target: Target::Class { classes: vec!["even".into(), "odd".into()], index },
        weight: None,
        at: None,
        entity: None,
    };
    let now = Arc::new(|| Timestamp(0));
    Rows { test, target: "parity".into(), source: "rows.csv".into(), seed: 7, now }
}

const SIZE: Size = Size { items: 10, each: 2 };

fn label_all(desk: &Desk, person: &str, of: impl Fn(u64) -> &'static str) -> usize {
    let mut labelled = 0;
    while let Some(item) = desk.next(person, 1).expect("a name").first() {
        desk.answer(person, *item, Some(of(*item))).expect("kept");
        labelled += 1;
    }
    labelled
}

fn truth(item: u64) -> &'static str {
    if item.is_multiple_of(2) { "even" } else { "odd" }
}

#[test]
fn a_restart_loses_nothing_and_gives_nobody_an_item_twice() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = file(dir.path());
    let desk = Desk::open(rows(100), &path, SIZE).expect("new");
    let first = desk.next("ann", 3).expect("a name");
    desk.answer(" ann ", first[0], Some("odd")).expect("kept");
    desk.answer("ann", first[1], None).expect("passed on");
    desk.answer("ann", first[2], Some("even")).expect("kept");
    assert_eq!(desk.undo("ann").expect("kept"), Some(first[2]));
    let (progress, next) = (desk.progress(), desk.next("ann", 99).expect("a name"));
    drop(desk);
    let desk = Desk::open(rows(100), &path, SIZE).expect("whole");
    assert_eq!((desk.progress(), desk.next("ann", 99).expect("a name")), (progress, next.clone()));
    assert_eq!((progress.labels, next.len(), next.contains(&first[2])), (1, 8, true));
    assert_eq!(desk.people(), [("ann".to_string(), 1)]);
    assert_eq!(label_all(&desk, "bob", truth), 10);
    assert_eq!(label_all(&desk, "cem", truth) + label_all(&desk, "ann", truth), 9);
    assert_eq!(desk.progress(), Progress { items: 10, finished: 10, labels: 20, needed: 20 });
}

#[test]
fn a_larger_sample_holds_the_smaller_one() {
    let small: BTreeSet<u64> = sample(100, 10, 7).into_iter().collect();
    assert!(small.is_subset(&sample(100, 20, 7).into_iter().collect()));
    assert_eq!((sample(5, 10, 7).len(), small == sample(100, 10, 8).into_iter().collect()), (5, false));
    let dir = tempfile::tempdir().expect("a folder");
    let path = file(dir.path());
    let desk = Desk::open(rows(100), &path, Size { items: 20, each: 1 }).expect("new");
    label_all(&desk, "ann", truth);
    drop(desk);
    let desk = Desk::read(rows(100), &path, Size { items: 10, each: 1 }).expect("whole");
    assert_eq!(desk.progress().labels, 10, "answers beyond a smaller sample do not count");
}

#[test]
fn names_and_classes_are_checked_before_anything_is_kept() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = file(dir.path());
    let desk = Desk::open(rows(100), &path, SIZE).expect("new");
    let item = desk.next("ann", 1).expect("a name")[0];
    let said = |person: &str, label| desk.answer(person, item, Some(label)).expect_err("refused").to_string();
    assert_eq!(said("ann", "odder"), "found `odder`, expected one of the classes even, odd");
    assert!(said("  ", "odd").starts_with("found a name of 0 characters, expected 1 to 64"));
    assert!(said("a\nb", "odd").starts_with("found a name of 3 characters"));
    desk.answer("ann", item, Some("odd")).expect("kept");
    assert!(said("ann", "odd").ends_with("undo that answer first"));
    let looked = Desk::read(rows(100), &path, SIZE).expect("a page may be open");
    assert_eq!(looked.progress().labels, 1);
    assert!(looked.answer("bob", item, None).is_err(), "it is only looked at");
    assert_eq!(std::fs::read_to_string(&path).expect("there").lines().count(), 2);
}

#[test]
fn what_cannot_be_labelled_with_keys_is_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    let refused = |target| {
        let rows = Rows { test: Examples { target, ..rows(2).test }, ..rows(2) };
        Desk::open(rows, &file(dir.path()), SIZE).err().expect("refused").to_string()
    };
    assert_eq!(refused(Target::Number(vec![1.0, 2.0])), "rows.csv: `parity` is not a class");
    let classes = (0..35).map(|class| class.to_string()).collect();
    let many = refused(Target::Class { classes, index: vec![0, 1] });
    assert_eq!(many, "rows.csv: `parity` has 35 classes, and 34 have a key");
}

#[test]
fn an_items_inputs_are_shown_and_nothing_else() {
    let desk = Desk::bare(rows(100), SIZE).expect("classes");
    let shown = desk.item(41).expect("there");
    let names: Vec<&str> = shown.columns().iter().map(|column| column.name.as_str()).collect();
    assert_eq!((names, &shown.columns()[0].values), (vec!["x"], &Values::Number(vec![41.0])));
    assert_eq!(desk.item(100), None);
}
