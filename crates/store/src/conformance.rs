//! The promises of each trait as a suite of checks that every house has to pass, the memory twins too.
//!
//! A check panics with what it found. Durability is not here: it needs a disk whose power can be cut.

mod journal;
mod sketches;

pub use journal::check_journal;
pub use sketches::check_sketches;

use crate::digest::sha256;
use crate::{Blobs, Registry, StoreError};
use domain::{Event, Recorded, Timestamp, VersionId};
use std::sync::Barrier;

fn triggered(why: &str) -> Event {
    Event::Triggered { action: "retrain".into(), why: why.into() }
}

fn sequences(registry: &dyn Registry, after: u64) -> Vec<u64> {
    registry.events(after).expect("readable").iter().map(|e| e.sequence).collect()
}

/// Checks the promises of a [`Registry`]; `new` gives an empty one each time.
pub fn check_registry(mut new: impl FnMut() -> Box<dyn Registry>) {
    events_come_back_in_order(new().as_ref());
    all_or_none(new().as_ref());
    threads_leave_no_gaps(new().as_ref());
}

fn events_come_back_in_order(registry: &dyn Registry) {
    assert_eq!(registry.events(0).expect("readable"), [], "a new registry is empty");
    assert_eq!(registry.record_all(Timestamp(0), &[]).expect("nothing to do"), 0);
    assert_eq!(registry.record(Timestamp(9), &triggered("a")).expect("recorded"), 1);
    // time may run backwards; the order is that of recording
    let last = registry.record_all(Timestamp(3), &[triggered("b"), triggered("c")]).expect("recorded");
    assert_eq!((last, sequences(registry, 0), sequences(registry, 1)), (3, vec![1, 2, 3], vec![2, 3]));
    assert_eq!(registry.record_all(Timestamp(0), &[]).expect("nothing to do"), 3);
    let second = Recorded { sequence: 2, at: Timestamp(3), event: triggered("b") };
    assert_eq!(registry.events(1).expect("readable")[0], second);
    for after in [3, 4, u64::MAX] {
        assert_eq!(sequences(registry, after), [] as [u64; 0], "nothing comes after {after}");
    }
}

fn all_or_none(registry: &dyn Registry) {
    let unreadable = Event::Measured {
        version: VersionId("ab".into()),
        metric: "mae".into(),
        from: Timestamp(0),
        to: Timestamp(1),
        value: f64::NAN,
        interval: (0.0, 1.0),
        rows: 1,
    };
    let error = registry.record_all(Timestamp(0), &[triggered("a"), unreadable]);
    assert!(matches!(error, Err(StoreError::Lossy { .. })), "an event that JSON cannot hold is refused");
    assert_eq!(sequences(registry, 0), [] as [u64; 0], "of a refused group nothing is kept");
}

fn threads_leave_no_gaps(registry: &dyn Registry) {
    let start = Barrier::new(4);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let start = &start;
            scope.spawn(move || {
                start.wait();
                for pair in 0..25 {
                    let events = [triggered(&format!("{thread}.{pair}")), triggered("second")];
                    registry.record_all(Timestamp(0), &events).expect("recorded");
                }
            });
        }
    });
    let events = registry.events(0).expect("readable");
    assert_eq!(events.iter().map(|e| e.sequence).collect::<Vec<_>>(), (1..=200).collect::<Vec<u64>>());
    let in_pairs = events
        .chunks(2)
        .all(|pair| pair[0].event != triggered("second") && pair[1].event == triggered("second"));
    assert!(in_pairs, "nothing comes between the events of one call");
}

/// Checks the promises of [`Blobs`]; `new` gives empty ones each time.
pub fn check_blobs(mut new: impl FnMut() -> Box<dyn Blobs>) {
    let blobs = new();
    for bytes in [b"".as_slice(), b"x", &[7; 100_000]] {
        let digest = blobs.put(bytes).expect("kept");
        assert_eq!(digest, sha256(bytes), "the name is the SHA-256 in hex");
        assert_eq!(blobs.put(bytes).expect("kept before"), digest);
        assert_eq!(blobs.get(&digest).expect("there"), bytes);
    }
    let never = sha256(b"never put");
    for name in [never.as_str(), "", "../../etc/passwd", "AB", &"é".repeat(32)] {
        assert!(matches!(blobs.get(name), Err(StoreError::NoBlob(n)) if n == name), "{name} was never put");
    }
    same_bytes_from_many_threads(new().as_ref());
}

fn same_bytes_from_many_threads(blobs: &dyn Blobs) {
    std::thread::scope(|scope| {
        for thread in 0..4_u8 {
            scope.spawn(move || {
                for i in 0..20_u8 {
                    // half of the blobs are everybody's
                    let bytes = [i, if i % 2 == 0 { 0 } else { thread }];
                    let digest = blobs.put(&bytes).expect("kept");
                    assert_eq!(blobs.get(&digest).expect("there"), bytes);
                }
            });
        }
    });
}
