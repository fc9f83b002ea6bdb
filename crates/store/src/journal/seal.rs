//! Sealing hours that are over, and forgetting old ones.
//!
//! A sealed file is complete and durable under its name before the first segment that it replaces is removed.
//! Small sealed files of late outcomes are merged with what comes later; large ones are left as they are.

use super::layout::{Form, Layout, Part};
use super::read::{Seen, load};
use super::{packed, write::Segments};
use crate::disk;
use crate::{Entry, StoreError};
use domain::Timestamp;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::MutexGuard;

/// Sealed parts as long as this are not merged any more.
const LARGE: u64 = 16 << 20;

/// Segments and small sealed parts are packed into one file up to this many bytes.
const RUN: u64 = 64 << 20;

/// Seals the hours that ended at or before `before`, and gives the number of files written. An hour that
/// cannot be sealed does not keep the others from it; the first error is told in the end.
pub(super) fn seal<'a>(
    layout: &Layout,
    segments: impl Fn() -> Result<MutexGuard<'a, Segments>, StoreError>,
    before: Timestamp,
) -> Result<u64, StoreError> {
    // refused at once where nothing may be written, even if there is nothing to do
    drop(segments()?);
    let (mut written, mut first_error) = (0, None);
    for hour in layout.ended(before)? {
        let parts = {
            // listed under the lock: no segment of the list is written any more
            let mut segments = segments()?;
            segments.close(hour);
            layout.hour(hour)?.parts
        };
        for (bucket, parts) in parts {
            match seal_bucket(layout, hour, bucket, parts) {
                Ok(files) => written += files,
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
    }
    first_error.map_or(Ok(written), Err)
}

/// Forgets the hours that ended at or before `before`, and gives their number.
pub(super) fn drop_before<'a>(
    layout: &Layout,
    segments: impl Fn() -> Result<MutexGuard<'a, Segments>, StoreError>,
    before: Timestamp,
) -> Result<u64, StoreError> {
    drop(segments()?);
    let mut dropped = 0;
    for hour in layout.ended(before)? {
        // appends wait: a segment must not be begun in a folder that is about to go
        let mut segments = segments()?;
        segments.close(hour);
        let folder = layout.folder(hour);
        let found = layout.hour(hour)?;
        dropped += u64::from(!found.parts.is_empty());
        let names = found.parts.iter().flat_map(|(bucket, parts)| parts.iter().map(|p| p.name(*bucket)));
        let names: Vec<String> = found.leftovers.iter().cloned().chain(names).collect();
        let remove = || {
            // leftovers first, since they would count once nothing covers them
            names.iter().try_for_each(|name| layout.disk().remove(&folder.join(name)))?;
            match layout.disk().remove_dir(&folder) {
                // somebody else keeps a file there
                Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => {}
                removed => removed?,
            }
            layout.disk().sync_dir(layout.root())
        };
        remove().map_err(|source| StoreError::Io { action: "remove", path: folder.clone(), source })?;
    }
    Ok(dropped)
}

fn seal_bucket(layout: &Layout, hour: u32, bucket: u16, mut parts: Vec<Part>) -> Result<u64, StoreError> {
    if parts.iter().all(|part| part.form != Form::Log) {
        return Ok(0);
    }
    // segments always come behind the sealed parts, so what is left is one run of numbers
    while let Some(first) = parts.first()
        && first.form != Form::Log
        && layout.length(&layout.path(hour, bucket, first))? >= LARGE
    {
        parts.remove(0);
    }
    let mut written = 0;
    let mut run: Vec<Part> = Vec::new();
    let mut entries: Vec<Entry> = Vec::new();
    let mut length = 0;
    for part in parts {
        let path = layout.path(hour, bucket, &part);
        let bytes = layout.length(&path)?;
        if length > 0 && length + bytes > RUN {
            written += write_run(layout, hour, bucket, &run, std::mem::take(&mut entries))?;
            run.clear();
            length = 0;
        }
        // only this thread removes parts, so it is there
        entries.extend(load(layout, &path, &part)?.unwrap_or_default());
        run.push(part);
        length += bytes;
    }
    Ok(written + write_run(layout, hour, bucket, &run, entries)?)
}

/// Packs the entries of a run of parts, and removes the parts.
fn write_run(
    layout: &Layout,
    hour: u32,
    bucket: u16,
    run: &[Part],
    mut entries: Vec<Entry>,
) -> Result<u64, StoreError> {
    let (Some(first), Some(last)) = (run.first(), run.last()) else { return Ok(0) };
    if run.iter().all(|part| part.form != Form::Log) && run.len() == 1 {
        return Ok(0);
    }
    let mut seen = Seen::default();
    entries.retain(|entry| seen.is_new(entry));
    // stable: what came first stays first among equals
    entries.sort_by_key(Entry::at);
    let mut written = 0;
    if let (Some(from), Some(to)) = (entries.first().map(Entry::at), entries.last().map(Entry::at)) {
        let bytes = packed::pack(&entries);
        let form = Form::Sealed { from: from.0, to: to.0, crc: crc32fast::hash(&bytes) };
        let sealed = Part { first: first.first, last: last.last, form };
        disk::replace(layout.disk(), &layout.path(hour, bucket, &sealed), &bytes)?;
        written = 1;
    }
    for part in run {
        let path = layout.path(hour, bucket, part);
        remove(layout, &path)?;
    }
    Ok(written)
}

fn remove(layout: &Layout, path: &Path) -> Result<(), StoreError> {
    let removed = layout.disk().remove(path);
    removed.map_err(|source| StoreError::Io { action: "remove", path: path.into(), source })
}
