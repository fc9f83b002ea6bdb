//! From a unit and a time to a prediction: the unit's latest at or before that time.
//!
//! The journal is read backwards in widening steps, once for all claims of a request: most outcomes come soon, and
//! sealed files outside a step are not opened. There is no index to keep, so this costs as much as reading the journal
//! that far back; whoever has many outcomes sends them together.

use super::{About, Claim};
use domain::time::{DAY, HOUR};
use domain::{Prediction, PredictionId, Timestamp};
use std::collections::HashMap;
use std::time::Duration;
use store::{Entry, Journal, StoreError};

/// How far to look back where the plan has no label window.
const LOOK_BACK: i64 = 30 * DAY;

/// One claim's search.
struct Search<'a> {
    unit: &'a str,
    at: Timestamp,
    /// The latest so far; of equal times the larger id, which was given out later.
    found: Option<(Timestamp, PredictionId)>,
}

/// The prediction that each claim is about; `None` where its unit has none in time.
pub(super) fn resolve(
    claims: &[Claim],
    now: Timestamp,
    window: Option<Duration>,
    journal: &dyn Journal,
) -> Result<Vec<Option<PredictionId>>, StoreError> {
    let window = window.map_or(LOOK_BACK, |w| i64::try_from(w.as_micros()).unwrap_or(i64::MAX));
    let searches = claims.iter().map(|claim| match &claim.about {
        About::Prediction(_) => None,
        About::Unit(unit) => Some(Search { unit, at: claim.at.unwrap_or(now), found: None }),
    });
    let mut searches: Vec<Option<Search<'_>>> = searches.collect();
    for step in [HOUR, DAY, 7 * DAY, i64::MAX] {
        look_back(&mut searches, step.min(window), journal)?;
        if step >= window {
            break;
        }
    }
    let id = |(claim, search): (&Claim, &Option<Search<'_>>)| match &claim.about {
        About::Prediction(id) => Some(*id),
        About::Unit(_) => search.as_ref().and_then(|search| search.found).map(|(_, id)| id),
    };
    Ok(claims.iter().zip(&searches).map(id).collect())
}

/// Looks so far back for every unit that was not found yet. Whatever is found is the latest: the time between it and
/// the claim was read as well.
fn look_back(
    searches: &mut [Option<Search<'_>>],
    step: i64,
    journal: &dyn Journal,
) -> Result<(), StoreError> {
    let mut open: HashMap<&str, Vec<&mut Search<'_>>> = HashMap::new();
    let (mut from, mut to) = (i64::MAX, i64::MIN);
    for search in searches.iter_mut().flatten().filter(|search| search.found.is_none()) {
        from = from.min(search.at.0.saturating_sub(step));
        to = to.max(search.at.0.saturating_add(1));
        open.entry(search.unit).or_default().push(search);
    }
    if open.is_empty() {
        return Ok(());
    }
    journal.scan(Timestamp(from), Timestamp(to), &mut |entry| {
        if let Entry::Prediction(prediction) = entry
            && let Some(searches) = prediction.unit.as_deref().and_then(|unit| open.get_mut(unit))
        {
            searches.iter_mut().for_each(|search| search.meet(&prediction, step));
        }
    })
}

impl Search<'_> {
    fn meet(&mut self, prediction: &Prediction, step: i64) {
        let (at, id) = (prediction.at, prediction.id);
        let in_time = self.at.0.saturating_sub(step) <= at.0 && at <= self.at;
        if in_time && self.found.is_none_or(|found| found < (at, id)) {
            self.found = Some((at, id));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{ServedBy, Source, VersionId};
    use store::MemoryJournal;

    const NOW: i64 = 1_000 * DAY;

    fn prediction(ago: i64, sequence: u64) -> Entry {
        let at = Timestamp(NOW - ago);
        Entry::Prediction(Prediction {
            id: PredictionId::new(at, 0, 0, sequence),
            at,
            version: VersionId("v".into()),
            served_by: ServedBy::Intended,
            unit: Some("anna".into()),
            assignment: None,
            input: "{}".into(),
            output: vec![],
            latency_us: 1,
        })
    }

    #[test]
    fn however_far_back_the_latest_before_the_claim_is_found() {
        let ago = [2 * HOUR, 3 * DAY, 20 * DAY, 40 * DAY];
        let entries: Vec<Entry> = ago.iter().enumerate().map(|(i, ago)| prediction(*ago, i as u64)).collect();
        let journal = MemoryJournal::default();
        journal.append(&entries).expect("memory");
        let found = |claims: &[i64], window: Option<Duration>| -> Vec<Option<usize>> {
            let claim = |ago: &i64| Claim {
                about: About::Unit("anna".into()),
                at: Some(Timestamp(NOW - ago)),
                value: "yes".into(),
                source: Source::Observed,
            };
            let claims: Vec<Claim> = claims.iter().map(claim).collect();
            let ids = resolve(&claims, Timestamp(NOW), window, &journal).expect("memory");
            ids.iter().map(|id| entries.iter().position(|entry| Some(entry.id()) == *id)).collect()
        };
        // alone and all at once: what one claim has read is no limit to another
        let claims = [0, HOUR, 3 * HOUR, 4 * DAY, 21 * DAY, 41 * DAY];
        let expected = [Some(0), Some(0), Some(1), Some(2), Some(3), None];
        assert_eq!(found(&claims, None), expected);
        for (claim, expected) in claims.iter().zip(expected) {
            assert_eq!(found(&[*claim], None), [expected]);
        }
        let day = Some(Duration::from_secs(24 * 3_600));
        assert_eq!(found(&claims, day), [Some(0), Some(0), None, None, None, None]);
    }

    #[test]
    fn of_two_at_once_the_later_name_is_meant() {
        let journal = MemoryJournal::default();
        journal.append(&[prediction(0, 2), prediction(0, 1)]).expect("memory");
        let about = About::Unit("anna".into());
        let claim = Claim { about, at: None, value: "yes".into(), source: Source::Observed };
        let ids = resolve(&[claim], Timestamp(NOW), None, &journal).expect("memory");
        assert_eq!(ids, [Some(prediction(0, 2).id())]);
    }
}
