//! How outcomes come in: whether as many arrive in time as before, and whether people agree as before.

use super::traffic::Asked;
use crate::StageError;
use crate::drift::date;
use domain::Timestamp;
use domain::diagnosis::{Change, Labels};
use stats::proportion::{Count, two_proportion_z};

/// Fewer rows than this on either side tell nothing.
const LEAST: usize = 50;

/// Looks at rows old enough for their outcome to be known (before `ripe`).
pub(crate) fn labels(rows: &[Asked], ripe: Timestamp) -> Result<Labels, StageError> {
    let old: Vec<&Asked> = rows.iter().filter(|row| row.at <= ripe).collect();
    let at: Vec<Timestamp> = old.iter().map(|row| row.at).collect();
    let known: Vec<f64> = old.iter().map(|row| f64::from(row.truth.is_some())).collect();
    let several: Vec<&&Asked> = old.iter().filter(|row| row.agree.is_some()).collect();
    let agree: Vec<f64> = several.iter().map(|row| f64::from(row.agree == Some(true))).collect();
    let agree_at: Vec<Timestamp> = several.iter().map(|row| row.at).collect();
    Ok(Labels {
        known: rows.iter().filter(|row| row.truth.is_some()).count() as u64,
        missing: None,
        arrival: change(&known, &at)?,
        agreement: change(&agree, &agree_at)?,
    })
}

/// A share before and after its most likely change; where none is to be seen, in the first and the second half.
fn change(yes: &[f64], at: &[Timestamp]) -> Result<Option<Change>, StageError> {
    let dated = date(yes, at);
    let split = dated.map_or(yes.len() / 2, |d| d.row);
    let (before, now) = yes.split_at(split);
    if before.len().min(now.len()) < LEAST {
        return Ok(None);
    }
    let count =
        |part: &[f64]| Count { successes: part.iter().sum::<f64>() as u64, trials: part.len() as u64 };
    let (before, now) = (count(before), count(now));
    let test = two_proportion_z(before, now)
        .map_err(|e| StageError::Measure { metric: "labels".into(), why: e.to_string() })?;
    let p = test.map_or(1.0, |t| t.p_two_sided);
    Ok(Some(Change { before: before.share(), now: now.share(), p, since: dated.map(|d| d.since) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(known: impl Fn(usize) -> bool, agree: impl Fn(usize) -> bool) -> Vec<Asked> {
        let row = |i: usize| Asked {
            id: domain::PredictionId(i as u128),
            at: Timestamp(i as i64),
            input: serde_json::Map::new(),
            output: vec![0.5],
            truth: known(i).then(|| "yes".to_string()),
            agree: i.is_multiple_of(5).then(|| agree(i)),
        };
        (0..2000).map(row).collect()
    }

    #[test]
    fn labels_that_stop_coming_are_dated() {
        let rows = rows(|i| i < 1500 || i.is_multiple_of(3), |_| true);
        let found = labels(&rows, Timestamp(2000)).expect("shares").arrival.expect("rows");
        assert!(found.fell() && (found.since.expect("dated").0 - 1500).abs() < 100, "{found:?}");
        // rows too young for an outcome are no sign
        let found = labels(&rows, Timestamp(1400)).expect("shares").arrival.expect("rows");
        assert!(!found.fell());
    }

    #[test]
    fn people_who_no_longer_agree_are_seen() {
        let found =
            labels(&rows(|_| true, |i| i < 1000 || i.is_multiple_of(2)), Timestamp(2000)).expect("shares");
        assert!(found.agreement.expect("several labels").fell() && !found.arrival.expect("rows").fell());
    }
}
