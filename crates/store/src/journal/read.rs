//! The reading end. A part may be sealed while it is read; then its hour is listed anew, and what was seen
//! before is not shown again.

use super::index::Index;
use super::layout::{Form, Layout, Part};
use super::{codec, frame, packed};
use crate::{Entry, StoreError};
use domain::{Outcome, Prediction, PredictionId, ShadowAnswer, Source, Story, Timestamp, VersionId};
use std::collections::{HashMap, HashSet};
use std::path::Path;

/// The entries of one hour and bucket that were met, so that repeated ones are passed over.
#[derive(Default)]
pub(super) struct Seen {
    predictions: HashSet<PredictionId>,
    outcomes: HashSet<(PredictionId, Timestamp, bool, String)>,
    shadows: HashSet<(PredictionId, VersionId)>,
}

/// What came after one prediction.
#[derive(Default)]
struct After {
    outcomes: Vec<Outcome>,
    shadows: Vec<ShadowAnswer>,
}

impl Seen {
    /// Whether an entry is met for the first time.
    pub fn is_new(&mut self, entry: &Entry) -> bool {
        match entry {
            Entry::Prediction(p) => self.predictions.insert(p.id),
            Entry::Outcome(o) => {
                self.outcomes.insert((o.prediction, o.at, o.source == Source::Observed, o.value.clone()))
            }
            Entry::Shadow(s) => self.shadows.insert((s.prediction, s.version.clone())),
        }
    }
}

impl After {
    fn story(mut self, prediction: Prediction) -> Story {
        // stable: what came first stays first among equals
        self.outcomes.sort_by_key(|o| o.at);
        self.shadows.sort_by_key(|s| s.at);
        Story { prediction, outcomes: self.outcomes, shadows: self.shadows }
    }
}

pub(super) fn prediction(
    layout: &Layout,
    index: &Index,
    id: PredictionId,
) -> Result<Option<Prediction>, StoreError> {
    let found = about(layout, index, id)?;
    Ok(found.into_iter().find_map(|entry| match entry {
        Entry::Prediction(prediction) => Some(prediction),
        Entry::Outcome(_) | Entry::Shadow(_) => None,
    }))
}

pub(super) fn outcomes(layout: &Layout, index: &Index, id: PredictionId) -> Result<Vec<Outcome>, StoreError> {
    let found = about(layout, index, id)?;
    let mut outcomes: Vec<Outcome> = found.into_iter().filter_map(outcome).collect();
    outcomes.sort_by_key(|o| o.at);
    Ok(outcomes)
}

pub(super) fn story(layout: &Layout, index: &Index, id: PredictionId) -> Result<Option<Story>, StoreError> {
    let (mut prediction, mut after) = (None, After::default());
    for entry in about(layout, index, id)? {
        match entry {
            Entry::Prediction(p) => prediction = Some(p),
            Entry::Outcome(o) => after.outcomes.push(o),
            Entry::Shadow(s) => after.shadows.push(s),
        }
    }
    Ok(prediction.map(|prediction| after.story(prediction)))
}

pub(super) fn scan(
    layout: &Layout,
    from: Timestamp,
    to: Timestamp,
    visit: &mut dyn FnMut(Entry),
) -> Result<(), StoreError> {
    for hour in layout.hours()? {
        for &bucket in layout.hour(hour)?.parts.keys() {
            let reaches = |part: &Part| part.reaches(from, to);
            each(layout, hour, bucket, &reaches, &mut |entry| {
                if from <= entry.at() && entry.at() < to {
                    visit(entry);
                }
            })?;
        }
    }
    Ok(())
}

/// Holds the predictions of one hour and bucket that are asked for, and all that came after any there, at a time.
pub(super) fn stories(
    layout: &Layout,
    from: Timestamp,
    to: Timestamp,
    visit: &mut dyn FnMut(Story),
) -> Result<(), StoreError> {
    for hour in layout.hours()? {
        for (bucket, parts) in layout.hour(hour)?.parts {
            if !parts.iter().any(|part| part.reaches(from, to)) {
                continue;
            }
            let (mut predictions, mut after) = (Vec::new(), HashMap::<_, After>::new());
            each(layout, hour, bucket, &|_| true, &mut |entry| match entry {
                Entry::Prediction(p) if from <= p.at && p.at < to => predictions.push(p),
                Entry::Prediction(_) => {}
                Entry::Outcome(o) => after.entry(o.prediction).or_default().outcomes.push(o),
                Entry::Shadow(s) => after.entry(s.prediction).or_default().shadows.push(s),
            })?;
            for prediction in predictions {
                visit(after.remove(&prediction.id).unwrap_or_default().story(prediction));
            }
        }
    }
    Ok(())
}

/// Visits every entry of one hour and bucket once, in the order of appending or, where sealed, of time.
/// Parts that are not `wanted` are passed over.
fn each(
    layout: &Layout,
    hour: u32,
    bucket: u16,
    wanted: &dyn Fn(&Part) -> bool,
    visit: &mut dyn FnMut(Entry),
) -> Result<(), StoreError> {
    let mut seen = Seen::default();
    'listing: loop {
        for part in layout.parts(hour, bucket)?.iter().filter(|part| wanted(part)) {
            let Some(entries) = load(layout, &layout.path(hour, bucket, part), part)? else {
                continue 'listing;
            };
            entries.into_iter().filter(|entry| seen.is_new(entry)).for_each(&mut *visit);
        }
        return Ok(());
    }
}

/// All that is known about an id, the first appended first, repeated entries once.
fn about(layout: &Layout, index: &Index, id: PredictionId) -> Result<Vec<Entry>, StoreError> {
    'listing: loop {
        let (mut found, mut seen) = (Vec::new(), Seen::default());
        for part in layout.parts(id.hour(), id.bucket())? {
            let Some(entries) = index.find(layout, id.bucket(), &part, id)? else { continue 'listing };
            found.extend(entries.into_iter().filter(|entry| seen.is_new(entry)));
        }
        return Ok(found);
    }
}

/// The entries of a part; `None` where it is gone.
pub(super) fn load(layout: &Layout, path: &Path, part: &Part) -> Result<Option<Vec<Entry>>, StoreError> {
    let Some(bytes) = layout.read(path)? else { return Ok(None) };
    match part.form {
        Form::Log => segment(path, &bytes).map(Some),
        Form::Sealed { crc, .. } => {
            check_sealed(path, &bytes, crc)?;
            packed::unpack(path, bytes).map(Some)
        }
    }
}

fn segment(path: &Path, bytes: &[u8]) -> Result<Vec<Entry>, StoreError> {
    let frames = frame::parse(bytes).map_err(|fault| told(path, 0, fault))?;
    let mut entries = Vec::new();
    for payload in frames.payloads {
        let why = format!("the frame at offset {} holds no entries", payload.start);
        let decoded = codec::decode(&bytes[payload]);
        let decoded = decoded.ok_or_else(|| StoreError::Damaged { path: path.into(), why })?;
        entries.extend(decoded.into_iter().map(|(entry, _)| entry));
    }
    Ok(entries)
}

/// Checks the bytes of a sealed part against its name.
pub(super) fn check_sealed(path: &Path, bytes: &[u8], expected: u32) -> Result<(), StoreError> {
    let found = crc32fast::hash(bytes);
    if found == expected {
        return Ok(());
    }
    let why = format!("its CRC-32 is {found:08x}, expected {expected:08x} as in its name");
    Err(StoreError::Damaged { path: path.into(), why })
}

/// A segment's fault as an error; `before` is the offset from which it was read.
pub(super) fn told(path: &Path, before: u64, fault: frame::Fault) -> StoreError {
    let path = path.into();
    match fault {
        frame::Fault::Damaged { offset } => {
            let offset = before + offset as u64;
            let why =
                format!("the frame at offset {offset} does not check, and whole frames stand behind it");
            StoreError::Damaged { path, why }
        }
        frame::Fault::Header => {
            StoreError::Damaged { path, why: "it does not begin as a segment of a journal".into() }
        }
        frame::Fault::Newer(found) => StoreError::Newer { path, found, known: frame::FORMAT },
    }
}

fn outcome(entry: Entry) -> Option<Outcome> {
    match entry {
        Entry::Outcome(outcome) => Some(outcome),
        Entry::Prediction(_) | Entry::Shadow(_) => None,
    }
}

impl Part {
    /// Whether it may hold an entry of `from..to`. A segment always may.
    fn reaches(&self, from: Timestamp, to: Timestamp) -> bool {
        match self.form {
            Form::Log => from < to,
            Form::Sealed { from: first, to: last, .. } => first < to.0 && from.0 <= last,
        }
    }
}
