//! Events as JSON, with the format as `"v"`.
//!
//! Invariant: what is written reads back equal. JSON has no infinite numbers and no NaN; an event that holds
//! one is refused when it is written, since nobody could read it later.

use crate::StoreError;
use domain::Event;
use serde_json::Value;
use std::path::Path;

/// The format that is written.
const FORMAT: u64 = 1;

/// The JSON of an event; `place` is for errors.
pub(crate) fn encode(place: &Path, event: &Event) -> Result<String, StoreError> {
    let lossy = |why: String| StoreError::Lossy { what: "event", why };
    let body = serde_json::to_value(event).map_err(|e| lossy(e.to_string()))?;
    let Value::Object(body) = body else { return Err(lossy("it is not a JSON object".into())) };
    let mut object = serde_json::Map::new();
    object.insert("v".into(), FORMAT.into());
    object.extend(body);
    let text = Value::Object(object).to_string();
    match decode(place, 0, &text) {
        Ok(back) if back == *event => Ok(text),
        _ => Err(lossy(format!("it would not read back as it is: {text}"))),
    }
}

/// The event of some JSON; `place` and `sequence` are for errors.
pub(crate) fn decode(place: &Path, sequence: u64, text: &str) -> Result<Event, StoreError> {
    let damaged = |why: String| StoreError::Damaged { path: place.into(), why };
    let value: Result<Value, _> = serde_json::from_str(text);
    let mut value = value.map_err(|e| damaged(format!("event {sequence} is no JSON: {e}")))?;
    let format = value.as_object_mut().and_then(|object| object.shift_remove("v"));
    match format.as_ref().and_then(Value::as_u64) {
        Some(FORMAT) => {}
        Some(newer) if newer > FORMAT => {
            let found = u32::try_from(newer).unwrap_or(u32::MAX);
            return Err(StoreError::Newer { path: place.into(), found, known: FORMAT as u32 });
        }
        _ => return Err(damaged(format!("event {sequence} has no format `v`, expected {FORMAT}"))),
    }
    serde_json::from_value(value).map_err(|e| damaged(format!("event {sequence}: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Timestamp, VersionId};

    fn measured(value: f64) -> Event {
        Event::Measured {
            version: VersionId("ab".into()),
            metric: "mae".into(),
            from: Timestamp(1),
            to: Timestamp(2),
            value,
            interval: (0.1, 0.3),
            rows: 4,
        }
    }

    #[test]
    fn the_json_is_the_one_that_old_registries_hold() {
        let text = encode(Path::new("r"), &measured(0.1 + 0.2)).expect("finite");
        let expected = r#"{"v":1,"event":"measured","version":"ab","metric":"mae","from":1,"to":2,"value":0.30000000000000004,"interval":[0.1,0.3],"rows":4}"#;
        assert_eq!(text, expected);
        assert_eq!(decode(Path::new("r"), 1, expected).expect("readable"), measured(0.1 + 0.2));
    }

    #[test]
    fn numbers_come_back_to_the_last_bit() {
        for bits in
            [0x3FB9_9999_9999_999A_u64, 0x7FEF_FFFF_FFFF_FFFF, 0x0000_0000_0000_0001, 0x4340_0000_0000_0001]
        {
            let event = measured(f64::from_bits(bits));
            let text = encode(Path::new("r"), &event).expect("finite");
            assert_eq!(decode(Path::new("r"), 1, &text).expect("readable"), event);
        }
    }

    #[test]
    fn what_json_cannot_hold_is_refused() {
        for value in [f64::NAN, f64::INFINITY] {
            assert!(matches!(encode(Path::new("r"), &measured(value)), Err(StoreError::Lossy { .. })));
        }
    }

    #[test]
    fn newer_and_broken_events_are_told_apart() {
        let error = |text: &str| decode(Path::new("r"), 7, text).expect_err("refused").to_string();
        assert_eq!(error(r#"{"v":2,"event":"x"}"#), "r has format 2, and this incumbent reads up to 1");
        assert_eq!(error(r#"{"event":"x"}"#), "r is damaged: event 7 has no format `v`, expected 1");
        assert!(error(r#"{"v":1,"event":"x"}"#).starts_with("r is damaged: event 7: unknown variant `x`"));
    }
}
