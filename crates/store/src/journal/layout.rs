//! Which files a journal has, and which of them count.
//!
//! Invariant: of files that cover the same segment numbers only the largest counts; the others are what a
//! crash left between sealing and removing.

use crate::StoreError;
use crate::disk::Disk;
use crate::memory::ended;
use domain::Timestamp;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// The journal's folder on its disk.
pub(super) struct Layout {
    disk: Box<dyn Disk>,
    root: PathBuf,
}

/// A file of one hour and bucket.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Part {
    /// The segment numbers that it covers, both inclusive.
    pub first: u64,
    pub last: u64,
    pub form: Form,
}

/// How a part is written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Form {
    /// Frames.
    Log,
    /// Parquet, with the first and last time in it and the CRC-32 of the file.
    Sealed { from: i64, to: i64, crc: u32 },
}

/// The parts of an hour: those that count, in the order of their numbers, and the leftovers.
#[derive(Debug, Default)]
pub(super) struct Hour {
    pub parts: BTreeMap<u16, Vec<Part>>,
    pub leftovers: Vec<String>,
}

impl Layout {
    pub fn new(disk: Box<dyn Disk>, root: &Path) -> Layout {
        Layout { disk, root: root.into() }
    }

    pub fn disk(&self) -> &dyn Disk {
        self.disk.as_ref()
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn folder(&self, hour: u32) -> PathBuf {
        self.root.join(folder_name(hour))
    }

    pub fn path(&self, hour: u32, bucket: u16, part: &Part) -> PathBuf {
        self.folder(hour).join(part.name(bucket))
    }

    /// All hours, oldest first.
    pub fn hours(&self) -> Result<Vec<u32>, StoreError> {
        let mut hours: Vec<u32> = self.list(&self.root)?.iter().filter_map(|n| hour_of(n)).collect();
        hours.sort_unstable();
        Ok(hours)
    }

    /// The hours that ended at or before an instant, oldest first.
    pub fn ended(&self, before: Timestamp) -> Result<Vec<u32>, StoreError> {
        Ok(self.hours()?.into_iter().filter(|&hour| ended(hour, before)).collect())
    }

    /// The files of one hour; none where the hour is not there.
    pub fn hour(&self, hour: u32) -> Result<Hour, StoreError> {
        let mut found = Hour::default();
        for name in self.list(&self.folder(hour))? {
            match Part::parse(&name) {
                Some((bucket, part)) => found.parts.entry(bucket).or_default().push(part),
                None if crate::disk::is_draft(&name) => found.leftovers.push(name),
                // somebody else's file is nobody's business here
                None => {}
            }
        }
        for (bucket, parts) in &mut found.parts {
            let covered = split_covered(parts);
            found.leftovers.extend(covered.iter().map(|part| part.name(*bucket)));
        }
        Ok(found)
    }

    /// The parts of one hour and bucket that count, in the order of their numbers.
    pub fn parts(&self, hour: u32, bucket: u16) -> Result<Vec<Part>, StoreError> {
        Ok(self.hour(hour)?.parts.remove(&bucket).unwrap_or_default())
    }

    /// The bytes of a part; `None` where it was sealed or dropped in between.
    pub fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
        self.read_range(path, 0, u64::MAX)
    }

    /// At most so many bytes of a part from an offset; `None` where it was sealed or dropped in between.
    pub fn read_range(&self, path: &Path, offset: u64, most: u64) -> Result<Option<Vec<u8>>, StoreError> {
        match self.disk.read(path, offset, most) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(StoreError::Io { action: "read", path: path.into(), source }),
        }
    }

    pub fn length(&self, path: &Path) -> Result<u64, StoreError> {
        let length = self.disk.length(path);
        length.map_err(|source| StoreError::Io { action: "read", path: path.into(), source })
    }

    fn list(&self, folder: &Path) -> Result<Vec<String>, StoreError> {
        match self.disk.list(folder) {
            Ok(names) => Ok(names),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(source) => Err(StoreError::Io { action: "list", path: folder.into(), source }),
        }
    }
}

impl Part {
    /// A segment of this number.
    pub fn log(number: u64) -> Part {
        Part { first: number, last: number, form: Form::Log }
    }

    pub fn name(&self, bucket: u16) -> String {
        let Part { first, last, form } = self;
        match form {
            Form::Log => format!("{bucket:04x}.{first:08}.log"),
            Form::Sealed { from, to, crc } => {
                format!("{bucket:04x}.{first:08}-{last:08}.{from}_{to}.{crc:08x}.parquet")
            }
        }
    }

    fn parse(name: &str) -> Option<(u16, Part)> {
        let fields: Vec<&str> = name.split('.').collect();
        let part = match fields[..] {
            [_, number, "log"] => Part::log(number.parse().ok()?),
            [_, numbers, times, crc, "parquet"] => {
                let (first, last) = numbers.split_once('-')?;
                let (from, to) = times.split_once('_')?;
                let crc = u32::from_str_radix(crc, 16).ok()?;
                let form = Form::Sealed { from: from.parse().ok()?, to: to.parse().ok()?, crc };
                Part { first: first.parse().ok()?, last: last.parse().ok()?, form }
            }
            _ => return None,
        };
        let bucket = u16::from_str_radix(fields[0], 16).ok()?;
        // only names that are written here, so that no file stands for two
        (part.name(bucket) == name).then_some((bucket, part))
    }

    /// Whether this part holds all that another one holds.
    fn covers(&self, other: &Part) -> bool {
        let wider = self.first <= other.first && other.last <= self.last;
        let larger = (self.first, self.last) != (other.first, other.last) || other.form == Form::Log;
        wider && larger && self.form != Form::Log
    }
}

/// Takes the covered parts out, and sorts the others by their numbers.
fn split_covered(parts: &mut Vec<Part>) -> Vec<Part> {
    let all = parts.clone();
    let is_covered = |part: &Part| all.iter().any(|other| other.covers(part));
    parts.retain(|part| !is_covered(part));
    parts.sort();
    all.iter().filter(|part| is_covered(part)).cloned().collect()
}

/// `2026-11-24T04`, or the bare number for hours beyond the year 9999.
fn folder_name(hour: u32) -> String {
    match jiff::Timestamp::from_second(i64::from(hour) * 3600) {
        Ok(start) => start.strftime("%Y-%m-%dT%H").to_string(),
        Err(_) => format!("hour-{hour}"),
    }
}

fn hour_of(name: &str) -> Option<u32> {
    let hour = match name.strip_prefix("hour-") {
        Some(number) => number.parse().ok()?,
        None => {
            let start = Timestamp::parse(&format!("{name}:00:00Z"))?;
            u32::try_from(start.hour()).ok()?
        }
    };
    (folder_name(hour) == name).then_some(hour)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(first: u64, last: u64) -> Part {
        Part { first, last, form: Form::Sealed { from: -5, to: 7, crc: 0xAB } }
    }

    #[test]
    fn names_read_as_they_are_written() {
        for part in [Part::log(3), sealed(1, 2), sealed(7, 123_456_789_012)] {
            let name = part.name(0xA7);
            assert_eq!(Part::parse(&name), Some((0xA7, part)), "{name}");
        }
        for name in ["lock", "a7.3.log", "00a7.00000003.txt", "00a7.00000003-00000004.log", ".draft-1-0-x"] {
            assert_eq!(Part::parse(name), None, "{name}");
        }
    }

    #[test]
    fn hours_read_as_they_are_written() {
        for hour in [0, 498_747, 70_000_000, u32::MAX] {
            assert_eq!(hour_of(&folder_name(hour)), Some(hour), "{}", folder_name(hour));
        }
        assert_eq!(folder_name(498_747), "2026-11-24T03");
        for name in ["lock", "2026-11-24", "2026-11-24T3", "hour-5"] {
            assert_eq!(hour_of(name), None, "{name}");
        }
    }

    #[test]
    fn what_a_larger_part_covers_does_not_count() {
        let mut parts = vec![Part::log(4), Part::log(2), sealed(1, 2), sealed(1, 3), Part::log(3)];
        let covered = split_covered(&mut parts);
        assert_eq!(parts, [sealed(1, 3), Part::log(4)]);
        assert_eq!(covered, [Part::log(2), sealed(1, 2), Part::log(3)]);
    }
}
