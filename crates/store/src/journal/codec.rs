//! Entries as bytes, format 2. Format 1 had no kinds but the first two, and their bytes are the same.
//!
//! ```text
//! entry      = 1 prediction | 2 outcome | 3 assignment prediction | 4 shadow
//! prediction = id:16 at:8 version:text served unit input:text output:numbers latency:varint
//! served     = 0 | 1 version:text why:text | 2 why:text
//! unit       = 0 | 1 text
//! outcome    = id:16 at:8 value:text source:1
//! assignment = experiment:text arm:1 propensity:float exposure:float
//! shadow     = id:16 at:8 version:text (0 numbers | 1 why:text) latency:varint
//! text       = length:varint UTF-8;  numbers = count:varint float*;  float = 8 bytes;  varint = LEB128
//! ```
//! Fixed widths are little-endian. Every bit comes back, also those of NaN.

use crate::Entry;
use domain::{
    Arm, Assignment, ExperimentId, Outcome, Prediction, PredictionId, ServedBy, ShadowAnswer, Source,
    Timestamp, VersionId,
};
use std::ops::Range;

/// The bytes of entries, one after the other.
pub(super) fn encode<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Vec<u8> {
    let mut out = Vec::new();
    for entry in entries {
        match entry {
            Entry::Prediction(prediction) => put_prediction(&mut out, prediction),
            Entry::Outcome(outcome) => put_outcome(&mut out, outcome),
            Entry::Shadow(shadow) => put_shadow(&mut out, shadow),
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
            3 => {
                let assignment = Some(input.assignment()?);
                Entry::Prediction(Prediction { assignment, ..input.prediction()? })
            }
            4 => Entry::Shadow(input.shadow()?),
            _ => return None,
        };
        entries.push((entry, start..input.at));
    }
    Some(entries)
}

fn put_prediction(out: &mut Vec<u8>, prediction: &Prediction) {
    match &prediction.assignment {
        None => out.push(1),
        Some(assignment) => {
            out.push(3);
            put_assignment(out, assignment);
        }
    }
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
    put_numbers(out, &prediction.output);
    put_varint(out, prediction.latency_us);
}

fn put_assignment(out: &mut Vec<u8>, assignment: &Assignment) {
    put_text(out, &assignment.experiment.0);
    out.push(match assignment.arm {
        Arm::Control => 0,
        Arm::Treatment => 1,
    });
    put_float(out, assignment.propensity);
    put_float(out, assignment.exposure);
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

fn put_shadow(out: &mut Vec<u8>, shadow: &ShadowAnswer) {
    out.push(4);
    out.extend(shadow.prediction.0.to_le_bytes());
    out.extend(shadow.at.0.to_le_bytes());
    put_text(out, &shadow.version.0);
    match &shadow.answer {
        Ok(numbers) => {
            out.push(0);
            put_numbers(out, numbers);
        }
        Err(why) => {
            out.push(1);
            put_text(out, why);
        }
    }
    put_varint(out, shadow.latency_us);
}

fn put_numbers(out: &mut Vec<u8>, numbers: &[f64]) {
    put_varint(out, numbers.len() as u64);
    numbers.iter().for_each(|x| put_float(out, *x));
}

fn put_float(out: &mut Vec<u8>, number: f64) {
    out.extend(number.to_bits().to_le_bytes());
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
            assignment: None,
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

    fn float(&mut self) -> Option<f64> {
        self.fixed().map(|bytes| f64::from_bits(u64::from_le_bytes(bytes)))
    }

    fn assignment(&mut self) -> Option<Assignment> {
        let experiment = ExperimentId(self.text()?);
        let arm = match self.byte()? {
            0 => Arm::Control,
            1 => Arm::Treatment,
            _ => return None,
        };
        Some(Assignment { experiment, arm, propensity: self.float()?, exposure: self.float()? })
    }

    fn shadow(&mut self) -> Option<ShadowAnswer> {
        let (prediction, at, version) = (self.id()?, self.at()?, VersionId(self.text()?));
        let answer = match self.byte()? {
            0 => Ok(self.numbers()?),
            1 => Err(self.text()?),
            _ => return None,
        };
        Some(ShadowAnswer { prediction, at, version, answer, latency_us: self.varint()? })
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
        let assignment = prop::option::of(any_assignment());
        let rest = (prop::option::of(".*"), assignment, ".*", numbers.clone(), any::<u64>());
        let prediction = (any::<u128>(), any::<i64>(), ".*", served_by, rest).prop_map(
            |(id, at, version, served_by, (unit, assignment, input, output, latency_us))| {
                let (id, at, version) = (PredictionId(id), Timestamp(at), VersionId(version));
                Entry::Prediction(Prediction {
                    id,
                    at,
                    version,
                    served_by,
                    unit,
                    assignment,
                    input,
                    output,
                    latency_us,
                })
            },
        );
        let source = prop_oneof![Just(Source::Observed), Just(Source::Reviewer)];
        let outcome = (any::<u128>(), any::<i64>(), ".*", source).prop_map(|(id, at, value, source)| {
            Entry::Outcome(Outcome { prediction: PredictionId(id), at: Timestamp(at), value, source })
        });
        let answer = prop_oneof![numbers.prop_map(Ok), ".*".prop_map(Err)];
        let shadow = (any::<u128>(), any::<i64>(), ".*", answer, any::<u64>()).prop_map(
            |(id, at, version, answer, latency_us)| {
                let (prediction, at, version) = (PredictionId(id), Timestamp(at), VersionId(version));
                Entry::Shadow(ShadowAnswer { prediction, at, version, answer, latency_us })
            },
        );
        prop_oneof![prediction, outcome, shadow]
    }

    fn any_assignment() -> impl Strategy<Value = Assignment> {
        let arm = prop_oneof![Just(Arm::Control), Just(Arm::Treatment)];
        (".*", arm, any::<f64>(), any::<f64>()).prop_map(|(experiment, arm, propensity, exposure)| {
            Assignment { experiment: ExperimentId(experiment), arm, propensity, exposure }
        })
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

    const HALF: [u8; 8] = [0, 0, 0, 0, 0, 0, 0xE0, 0x3F];

    #[test]
    fn the_bytes_of_an_assigned_prediction_are_those_of_format_2() {
        let (experiment, arm) = (ExperimentId("7".into()), Arm::Treatment);
        let assignment = Assignment { experiment, arm, propensity: 0.5, exposure: 1.0 };
        let prediction = Prediction {
            id: PredictionId(1),
            at: Timestamp(2),
            version: VersionId("v".into()),
            served_by: ServedBy::Intended,
            unit: None,
            assignment: None,
            input: "{}".into(),
            output: vec![0.5],
            latency_us: 300,
        };
        let mut as_before = vec![1];
        as_before.extend([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        as_before.extend([2, 0, 0, 0, 0, 0, 0, 0, 1, b'v', 0, 0, 2, b'{', b'}', 1]);
        as_before.extend(HALF);
        as_before.extend([0xAC, 0x02]);
        assert_eq!(encode(&[Entry::Prediction(prediction.clone())]), as_before, "as in format 1");
        let mut expected = vec![3, 1, b'7', 1];
        expected.extend(HALF);
        expected.extend([0, 0, 0, 0, 0, 0, 0xF0, 0x3F]);
        expected.extend(&as_before[1..]);
        let assigned = Prediction { assignment: Some(assignment), ..prediction };
        assert_eq!(encode(&[Entry::Prediction(assigned)]), expected);
    }

    #[test]
    fn the_bytes_of_shadow_answers_are_those_of_format_2() {
        let shadow = |answer| {
            let (prediction, at, version) = (PredictionId(1), Timestamp(2), VersionId("v".into()));
            encode(&[Entry::Shadow(ShadowAnswer { prediction, at, version, answer, latency_us: 9 })])
        };
        let mut head = vec![4, 1];
        head.extend([0; 15]);
        head.extend([2, 0, 0, 0, 0, 0, 0, 0, 1, b'v']);
        assert_eq!(shadow(Err("no".into())), [&head[..], &[1, 2, b'n', b'o', 9]].concat());
        assert_eq!(shadow(Ok(vec![0.5])), [&head[..], &[0, 1], &HALF, &[9]].concat());
    }
}
