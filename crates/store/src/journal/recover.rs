//! What opening a journal for writing puts right after a crash: torn tails are cut off, leftovers removed.
//!
//! Nothing that was ever acknowledged is touched. A segment that is damaged in its middle is left as it is;
//! whoever reads it is told.

use super::layout::{Form, Layout};
use super::read::told;
use super::{frame, frame::HEADER};
use crate::StoreError;
use std::path::PathBuf;

/// What a crash had left behind.
#[derive(Debug, Default)]
pub struct Recovery {
    /// The torn ends of segments, which were cut off. They were never acknowledged.
    pub cut: Vec<Cut>,
    /// How many drafts and replaced files were removed.
    pub leftovers: usize,
    /// What is damaged, and was left as it is.
    pub damaged: Vec<StoreError>,
}

/// A torn end that was cut off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// The segment.
    pub path: PathBuf,
    /// Its length now.
    pub length: u64,
    /// The bytes that were cut off.
    pub bytes: u64,
}

pub(super) fn recover(layout: &Layout) -> Result<Recovery, StoreError> {
    let mut recovery = Recovery::default();
    for hour in layout.hours()? {
        let found = layout.hour(hour)?;
        let folder = layout.folder(hour);
        if !found.leftovers.is_empty() {
            // a program that was killed may have left before the name of what replaces them was durable
            layout.disk().sync_dir(&folder).map_err(|source| io("sync", &folder, source))?;
        }
        for name in &found.leftovers {
            let path = folder.join(name);
            layout.disk().remove(&path).map_err(|source| io("remove", &path, source))?;
        }
        recovery.leftovers += found.leftovers.len();
        for (bucket, parts) in &found.parts {
            for part in parts.iter().filter(|part| part.form == Form::Log) {
                cut_tail(layout, layout.path(hour, *bucket, part), &mut recovery)?;
            }
        }
    }
    Ok(recovery)
}

fn cut_tail(layout: &Layout, path: PathBuf, recovery: &mut Recovery) -> Result<(), StoreError> {
    let bytes = layout.read(&path)?.unwrap_or_default();
    let frames = match frame::parse(&bytes) {
        Ok(frames) => frames,
        Err(fault) => {
            recovery.damaged.push(told(&path, 0, fault));
            return Ok(());
        }
    };
    if frames.end <= HEADER.len() {
        // not one whole frame: it was never acknowledged, and its number may be used again
        layout.disk().remove(&path).map_err(|source| io("remove", &path, source))?;
        recovery.leftovers += 1;
    } else if frames.end < bytes.len() {
        let (length, cut) = (frames.end as u64, (bytes.len() - frames.end) as u64);
        layout.disk().truncate(&path, length).map_err(|source| io("cut the torn end off", &path, source))?;
        recovery.cut.push(Cut { path, length, bytes: cut });
    }
    Ok(())
}

fn io(action: &'static str, path: &std::path::Path, source: std::io::Error) -> StoreError {
    StoreError::Io { action, path: path.into(), source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::layout::Part;
    use crate::{Entry, FileJournal, Journal};
    use domain::{Outcome, PredictionId, Source, Timestamp};
    use std::path::Path;

    fn outcome(value: &str) -> Entry {
        let (prediction, at) = (PredictionId(5), Timestamp(1));
        Entry::Outcome(Outcome { prediction, at, value: value.into(), source: Source::Observed })
    }

    fn values(journal: &FileJournal) -> Vec<String> {
        journal.outcomes(PredictionId(5)).expect("readable").into_iter().map(|o| o.value).collect()
    }

    /// A journal of three appends, and its only segment.
    fn three(folder: &Path) -> PathBuf {
        let journal = FileJournal::open(folder).expect("opened");
        for value in ["a", "b", "c"] {
            journal.append(&[outcome(value)]).expect("appended");
        }
        folder.join("1970-01-01T00").join(Part::log(1).name(0))
    }

    #[test]
    fn a_torn_end_is_cut_off_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let segment = three(folder.path());
        let bytes = std::fs::read(&segment).expect("there");
        std::fs::write(&segment, &bytes[..bytes.len() - 3]).expect("written");
        let journal = FileJournal::open(folder.path()).expect("opened");
        assert_eq!(journal.recovery().cut.len(), 1);
        assert_eq!(values(&journal), ["a", "b"]);
        journal.append(&[outcome("d")]).expect("appended");
        drop(journal);
        let again = FileJournal::open(folder.path()).expect("opened");
        assert_eq!((again.recovery().cut.len(), again.recovery().leftovers), (0, 0));
        assert_eq!(values(&again), ["a", "b", "d"]);
    }

    #[test]
    fn damage_in_the_middle_is_told_and_left() {
        let folder = tempfile::tempdir().expect("a folder");
        let segment = three(folder.path());
        let mut bytes = std::fs::read(&segment).expect("there");
        bytes[HEADER.len() + 14] ^= 1;
        std::fs::write(&segment, &bytes).expect("written");
        let journal = FileJournal::open(folder.path()).expect("opened");
        let expected = "the frame at offset 16 does not check, and whole frames stand behind it";
        assert!(journal.recovery().damaged[0].to_string().ends_with(expected));
        for error in [
            journal.outcomes(PredictionId(5)).expect_err("damaged"),
            journal.scan(Timestamp(0), Timestamp(9), &mut |_| {}).expect_err("damaged"),
            journal.seal(Timestamp(i64::MAX)).expect_err("damaged"),
        ] {
            assert!(error.to_string().ends_with(expected), "{error}");
        }
        assert_eq!(std::fs::read(&segment).expect("still there"), bytes, "not a byte was changed");
    }

    #[test]
    fn a_sealed_file_that_has_changed_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        three(folder.path());
        let journal = FileJournal::open(folder.path()).expect("opened");
        assert_eq!(journal.seal(Timestamp(domain::time::HOUR)).expect("sealed"), 1);
        assert_eq!(values(&journal), ["a", "b", "c"]);
        let hour = folder.path().join("1970-01-01T00");
        let sealed =
            std::fs::read_dir(&hour).expect("there").next().expect("one file").expect("readable").path();
        let mut bytes = std::fs::read(&sealed).expect("there");
        bytes[10] ^= 1;
        std::fs::write(&sealed, &bytes).expect("written");
        let fresh = FileJournal::open_for_reading(folder.path());
        let error = fresh.outcomes(PredictionId(5)).expect_err("changed").to_string();
        assert!(error.contains(".parquet is damaged: its CRC-32 is"), "{error}");
    }

    #[test]
    fn one_writes_and_others_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let writer = FileJournal::open(folder.path()).expect("opened");
        let second = FileJournal::open(folder.path()).err().expect("in use");
        assert!(matches!(second, StoreError::InUse { .. }) && second.hint().is_some());
        let reader = FileJournal::open_for_reading(folder.path());
        for value in ["a", "b"] {
            writer.append(&[outcome(value)]).expect("appended");
            assert_eq!(values(&reader), values(&writer));
        }
        writer.seal(Timestamp(domain::time::HOUR)).expect("sealed");
        assert_eq!(values(&reader), ["a", "b"]);
        assert!(matches!(reader.append(&[outcome("c")]), Err(StoreError::ReadOnly { .. })));
        assert!(matches!(reader.seal(Timestamp(i64::MAX)), Err(StoreError::ReadOnly { .. })));
    }
}
