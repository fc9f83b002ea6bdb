//! Where an id stands in the parts of its hour and bucket.
//!
//! A segment is indexed as it grows, by the offsets of its entries; of sealed parts the last few that were
//! asked are kept unpacked. Only memory: whatever is forgotten here is read again.

use super::layout::{Form, Layout, Part};
use super::read::{check_sealed, told};
use super::{codec, frame, packed};
use crate::{Entry, StoreError};
use domain::PredictionId;
use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Sealed parts that are kept unpacked.
const UNPACKED: usize = 2;

/// Segments whose offsets are kept.
const INDEXED: usize = 64;

/// What is known of parts.
#[derive(Default)]
pub(super) struct Index {
    segments: Mutex<HashMap<PathBuf, Offsets>>,
    /// The last that was asked stands last.
    unpacked: Mutex<Vec<(PathBuf, Arc<Unpacked>)>>,
}

/// Where the entries of a segment stand, up to `end`.
#[derive(Default)]
struct Offsets {
    end: u64,
    /// The head of the last frame and its offset: by them a new segment under an old name is told.
    last: Option<(u64, Vec<u8>)>,
    places: HashMap<PredictionId, Vec<Range<u64>>>,
}

/// The entries of a sealed part, and which of them are about an id.
struct Unpacked {
    entries: Vec<Entry>,
    places: HashMap<PredictionId, Vec<usize>>,
}

impl Index {
    /// The entries about an id in a part, in their order there; `None` where the part is gone.
    pub fn find(
        &self,
        layout: &Layout,
        bucket: u16,
        part: &Part,
        id: PredictionId,
    ) -> Result<Option<Vec<Entry>>, StoreError> {
        let path = layout.path(id.hour(), bucket, part);
        match part.form {
            Form::Log => self.find_in_segment(layout, &path, id),
            Form::Sealed { crc, .. } => self.find_in_sealed(layout, &path, crc, id),
        }
    }

    fn find_in_segment(
        &self,
        layout: &Layout,
        path: &Path,
        id: PredictionId,
    ) -> Result<Option<Vec<Entry>>, StoreError> {
        let mut segments = self.segments.lock().unwrap_or_else(PoisonError::into_inner);
        if segments.len() > INDEXED {
            segments.clear();
        }
        let offsets = segments.entry(path.into()).or_default();
        if !offsets.grow(layout, path)? {
            segments.remove(path);
            return Ok(None);
        }
        let places = offsets.places.get(&id).cloned().unwrap_or_default();
        drop(segments);
        let mut found = Vec::new();
        for place in places {
            let Some(bytes) = layout.read_range(path, place.start, place.end - place.start)? else {
                return Ok(None);
            };
            let entries = codec::decode(&bytes).ok_or_else(|| StoreError::Damaged {
                path: path.into(),
                why: format!("the entry at offset {} is not the one that was there", place.start),
            })?;
            found.extend(entries.into_iter().map(|(entry, _)| entry));
        }
        Ok(Some(found))
    }

    fn find_in_sealed(
        &self,
        layout: &Layout,
        path: &Path,
        crc: u32,
        id: PredictionId,
    ) -> Result<Option<Vec<Entry>>, StoreError> {
        let Some(unpacked) = self.unpacked(layout, path, crc)? else { return Ok(None) };
        let places = unpacked.places.get(&id).map(Vec::as_slice).unwrap_or_default();
        Ok(Some(places.iter().map(|&place| unpacked.entries[place].clone()).collect()))
    }

    fn unpacked(&self, layout: &Layout, path: &Path, crc: u32) -> Result<Option<Arc<Unpacked>>, StoreError> {
        let mut kept = self.unpacked.lock().unwrap_or_else(PoisonError::into_inner);
        let unpacked = match kept.iter().position(|(known, _)| known == path) {
            Some(place) => kept.remove(place).1,
            None => {
                let Some(bytes) = layout.read(path)? else { return Ok(None) };
                check_sealed(path, &bytes, crc)?;
                Arc::new(Unpacked::of(packed::unpack(path, bytes)?))
            }
        };
        kept.push((path.into(), Arc::clone(&unpacked)));
        if kept.len() > UNPACKED {
            kept.remove(0);
        }
        Ok(Some(unpacked))
    }
}

impl Offsets {
    /// Takes in what was appended since; `false` where the segment is gone.
    fn grow(&mut self, layout: &Layout, path: &Path) -> Result<bool, StoreError> {
        if let Some((offset, head)) = &self.last
            && layout.read_range(path, *offset, head.len() as u64)?.as_ref() != Some(head)
        {
            *self = Offsets::default();
        }
        let Some(bytes) = layout.read_range(path, self.end, u64::MAX)? else { return Ok(false) };
        let frames = if self.end == 0 { frame::parse(&bytes) } else { frame::parse_from(&bytes, 0) };
        let frames = frames.map_err(|fault| told(path, self.end, fault))?;
        for payload in &frames.payloads {
            self.add(path, self.end + payload.start as u64, &bytes[payload.clone()])?;
        }
        if let Some(payload) = frames.payloads.last() {
            let head = payload.start - frame::HEAD;
            self.last = Some((self.end + head as u64, bytes[head..payload.start].to_vec()));
            self.end += frames.end as u64;
        }
        Ok(true)
    }

    fn add(&mut self, path: &Path, start: u64, payload: &[u8]) -> Result<(), StoreError> {
        let entries = codec::decode(payload).ok_or_else(|| StoreError::Damaged {
            path: path.into(),
            why: format!("the frame at offset {start} holds no entries"),
        })?;
        for (entry, place) in entries {
            let place = start + place.start as u64..start + place.end as u64;
            self.places.entry(entry.id()).or_default().push(place);
        }
        Ok(())
    }
}

impl Unpacked {
    fn of(entries: Vec<Entry>) -> Unpacked {
        let mut places: HashMap<PredictionId, Vec<usize>> = HashMap::new();
        for (place, entry) in entries.iter().enumerate() {
            places.entry(entry.id()).or_default().push(place);
        }
        Unpacked { entries, places }
    }
}
