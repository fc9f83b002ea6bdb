//! The writing end: the open segments, and what one append does to them.
//!
//! Invariant: a segment that an error struck is never written again, since nobody knows what is in it; the
//! next append begins a new one.

use super::codec;
use super::frame;
use super::layout::{Layout, Part};
use crate::disk::Output;
use crate::{Entry, StoreError};
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

/// A segment is closed once it is as long as this.
const LONG: u64 = 32 << 20;

/// More open segments than this are not kept.
const OPEN: usize = 64;

/// The segments that are being written, by hour and bucket.
#[derive(Default)]
pub(super) struct Segments {
    open: BTreeMap<(u32, u16), Segment>,
}

struct Segment {
    path: PathBuf,
    file: Box<dyn Output>,
    length: u64,
}

impl Segments {
    /// Appends entries durably, with one frame and one fsync a file.
    pub fn append(&mut self, layout: &Layout, entries: &[Entry]) -> Result<(), StoreError> {
        let mut groups: BTreeMap<(u32, u16), Vec<&Entry>> = BTreeMap::new();
        for entry in entries {
            groups.entry((entry.id().hour(), entry.id().bucket())).or_default().push(entry);
        }
        groups.into_iter().try_for_each(|(cell, group)| self.append_group(layout, cell, &group))
    }

    /// Closes the segments of an hour: whatever is appended to it from now on goes to new ones.
    pub fn close(&mut self, hour: u32) {
        self.open.retain(|cell, _| cell.0 != hour);
    }

    fn append_group(
        &mut self,
        layout: &Layout,
        cell: (u32, u16),
        group: &[&Entry],
    ) -> Result<(), StoreError> {
        let frame = frame::frame(&codec::encode(group.iter().copied())).ok_or_else(|| {
            let why = format!("{} entries take more than 4 GiB", group.len());
            StoreError::Lossy { what: "journal entries", why }
        })?;
        // taken out first, so that an error leaves it closed
        let mut segment = match self.open.remove(&cell) {
            Some(segment) => segment,
            None => Segment::create(layout, cell)?,
        };
        segment.append(layout, cell, &frame)?;
        if segment.length < LONG {
            self.open.insert(cell, segment);
        }
        if self.open.len() > OPEN {
            // the oldest hour: late outcomes are spread over many, answers all go to the newest
            self.open.pop_first();
        }
        Ok(())
    }
}

impl Segment {
    fn create(layout: &Layout, (hour, bucket): (u32, u16)) -> Result<Segment, StoreError> {
        let folder = layout.folder(hour);
        let make = || {
            layout.disk().make_dir(&folder)?;
            layout.disk().sync_dir(layout.root())
        };
        make().map_err(|source| StoreError::Io { action: "make", path: folder.clone(), source })?;
        let number = layout.parts(hour, bucket)?.iter().map(|p| p.last + 1).max().unwrap_or(1);
        let path = layout.path(hour, bucket, &Part::log(number));
        let file = layout.disk().create(&path);
        let file = file.map_err(|source| StoreError::Io { action: "make", path: path.clone(), source })?;
        Ok(Segment { path, file, length: 0 })
    }

    fn append(&mut self, layout: &Layout, (hour, _): (u32, u16), frame: &[u8]) -> Result<(), StoreError> {
        let is_new = self.length == 0;
        let mut write = || -> io::Result<()> {
            if is_new {
                self.file.write(&[frame::HEADER.as_slice(), frame].concat())?;
                self.file.sync()?;
                return layout.disk().sync_dir(&layout.folder(hour));
            }
            self.file.write(frame)?;
            self.file.sync()
        };
        write().map_err(|source| StoreError::Io { action: "append to", path: self.path.clone(), source })?;
        self.length += frame.len() as u64 + if is_new { frame::HEADER.len() as u64 } else { 0 };
        Ok(())
    }
}
