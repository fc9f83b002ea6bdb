//! Entries as bytes, format 1.
//!
//! ```text
//! entry      = 1 prediction | 2 outcome
//! prediction = id:16 at:8 version:text served unit input:text output:numbers latency:varint
//! served     = 0 | 1 version:text why:text | 2 why:text
//! unit       = 0 | 1 text
//! outcome    = id:16 at:8 value:text source:1
//! text       = length:varint UTF-8;  numbers = count:varint (float:8)*;  varint = LEB128
//! ```
//! Fixed widths are little-endian. Every bit comes back, also those of NaN.

use crate::Entry;
use domain::{Outcome, Prediction, PredictionId, ServedBy, Source, Timestamp, VersionId};
use std::ops::Range;

/// The bytes of entries, one after the other.
pub(super) fn encode<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Vec<u8> {
    let mut out = Vec::new();
    for entry in entries {
        match entry {
            Entry::Prediction(prediction) => put_prediction(&mut out, prediction),
            Entry::Outcome(outcome) => put_outcome(&mut out, outcome),
        }
    }
    out
}

/// The entries of some bytes, each with where it stands; `None` where the bytes are no entries.
pub(super) fn decode(bytes: &[u8]) -> Option<Vec<(Entry, Range<usize>)>> {
    let mut input = Input { bytes, at: 0 };
    let mut entries = Vec::new();
    while input.at < bytes.len() {
        let start = input.at;
        let entry = match input.byte()? {
            1 => Entry::Prediction(input.prediction()?),
            2 => Entry::Outcome(input.outcome()?),
            _ => return None,
        };
        entries.push((entry, start..input.at));
    }
    Some(entries)
}

fn put_prediction(out: &mut Vec<u8>, prediction: &Prediction) {
    out.push(1);
    out.extend(prediction.id.0.to_le_bytes());
    out.extend(prediction.at.0.to_le_bytes());
    put_text(out, &prediction.version.0);
    match &prediction.served_by {
        ServedBy::Intended => out.push(0),
        ServedBy::Fallback { version, why } => {
            out.push(1);
            put_text(out, &version.0);
            put_text(out, why);
        }
        ServedBy::Floor { why } => {
            out.push(2);
            put_text(out, why);
        }
    }
    out.push(u8::from(prediction.unit.is_some()));
    prediction.unit.iter().for_each(|unit| put_text(out, unit));
    put_text(out, &prediction.input);
    put_varint(out, prediction.output.len() as u64);
    prediction.output.iter().for_each(|x| out.extend(x.to_bits().to_le_bytes()));
    put_varint(out, prediction.latency_us);
}

fn put_outcome(out: &mut Vec<u8>, outcome: &Outcome) {
    out.push(2);
    out.extend(outcome.prediction.0.to_le_bytes());
    out.extend(outcome.at.0.to_le_bytes());
    put_text(out, &outcome.value);
    out.push(match outcome.source {
        Source::Observed => 0,
        Source::Reviewer => 1,
    });
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    put_varint(out, text.len() as u64);
    out.extend(text.as_bytes());
}

fn put_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Bytes that are read from the front; `None` where they end too early.
struct Input<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Input<'_> {
    fn take(&mut self, count: usize) -> Option<&[u8]> {
        let taken = self.bytes.get(self.at..self.at.checked_add(count)?)?;
        self.at += count;
        Some(taken)
    }

    fn fixed<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn byte(&mut self) -> Option<u8> {
        self.fixed::<1>().map(|[byte]| byte)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn text(&mut self) -> Option<String> {
        let length = usize::try_from(self.varint()?).ok()?;
        std::str::from_utf8(self.take(length)?).ok().map(String::from)
    }

    fn id(&mut self) -> Option<PredictionId> {
        self.fixed().map(|bytes| PredictionId(u128::from_le_bytes(bytes)))
    }

    fn at(&mut self) -> Option<Timestamp> {
        self.fixed().map(|bytes| Timestamp(i64::from_le_bytes(bytes)))
    }

    fn prediction(&mut self) -> Option<Prediction> {
        Some(Prediction {
            id: self.id()?,
            at: self.at()?,
            version: VersionId(self.text()?),
            served_by: self.served_by()?,
            unit: if self.byte()? == 1 { Some(self.text()?) } else { None },
            input: self.text()?,
            output: self.numbers()?,
            latency_us: self.varint()?,
        })
    }

    fn served_by(&mut self) -> Option<ServedBy> {
        match self.byte()? {
            0 => Some(ServedBy::Intended),
            1 => Some(ServedBy::Fallback { version: VersionId(self.text()?), why: self.text()? }),
            2 => Some(ServedBy::Floor { why: self.text()? }),
            _ => None,
        }
    }

    fn numbers(&mut self) -> Option<Vec<f64>> {
        let count = usize::try_from(self.varint()?).ok()?;
        let bytes = self.take(count.checked_mul(8)?)?;
        let number = |chunk: &[u8]| chunk.try_into().ok().map(|b| f64::from_bits(u64::from_le_bytes(b)));
        bytes.chunks(8).map(number).collect()
    }

    fn outcome(&mut self) -> Option<Outcome> {
        let (prediction, at, value) = (self.id()?, self.at()?, self.text()?);
        let source = match self.byte()? {
            0 => Source::Observed,
            1 => Source::Reviewer,
            _ => return None,
        };
        Some(Outcome { prediction, at, value, source })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(in crate::journal) fn any_entry() -> impl Strategy<Value = Entry> {
        let served_by = prop_oneof![
            Just(ServedBy::Intended),
            (".*", ".*").prop_map(|(v, why)| ServedBy::Fallback { version: VersionId(v), why }),
            ".*".prop_map(|why| ServedBy::Floor { why }),
        ];
        let numbers = prop::collection::vec(any::<f64>(), 0..4);
        let rest = (prop::option::of(".*"), ".*", numbers, any::<u64>());
        let prediction = (any::<u128>(), any::<i64>(), ".*", served_by, rest).prop_map(
            |(id, at, version, served_by, (unit, input, output, latency_us))| {
                let (id, at, version) = (PredictionId(id), Timestamp(at), VersionId(version));
                Entry::Prediction(Prediction { id, at, version, served_by, unit, input, output, latency_us })
            },
        );
        let source = prop_oneof![Just(Source::Observed), Just(Source::Reviewer)];
        let outcome = (any::<u128>(), any::<i64>(), ".*", source).prop_map(|(id, at, value, source)| {
            Entry::Outcome(Outcome { prediction: PredictionId(id), at: Timestamp(at), value, source })
        });
        prop_oneof![prediction, outcome]
    }

    proptest! {
        #[test]
        fn entries_come_back_as_they_were(entries in prop::collection::vec(any_entry(), 0..5)) {
            let bytes = encode(&entries);
            let back = decode(&bytes).expect("just encoded");
            prop_assert_eq!(back.last().map_or(0, |(_, place)| place.end), bytes.len());
            let back: Vec<Entry> = back.into_iter().map(|(entry, _)| entry).collect();
            // NaN is not equal to itself, but its bits encode alike
            prop_assert_eq!(encode(&back), bytes);
        }

        #[test]
        fn any_bytes_are_decoded_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Some(entries) = decode(&bytes) {
                prop_assert!(entries.iter().all(|(_, place)| place.end <= bytes.len()));
            }
        }
    }

    #[test]
    fn the_bytes_are_those_of_format_1() {
        let (prediction, at) = (PredictionId(1), Timestamp(-2));
        let outcome = Outcome { prediction, at, value: "yes".into(), source: Source::Reviewer };
        let mut expected = vec![2, 1];
        expected.extend([0; 15]);
        expected.extend([0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 3, b'y', b'e', b's', 1]);
        assert_eq!(encode(&[Entry::Outcome(outcome)]), expected);
    }
}
