//! Live rows by the hour, as sketches that merge: a window of months is compared without reading a row of it again.

use crate::diagnose::traffic::Asked;
use crate::diagnose::{Reference, Traffic};
use crate::drift::{Pair, Profile, Shape, Side, Window, compare, faults};
use crate::version::Version;
use crate::{StageError, live};
use domain::drift::{DriftKind, DriftRules};
use domain::time::HOUR;
use domain::{Column, Timestamp, Values};
use stats::drift::Ecdf;
use store::sketch::{ColumnSketch, SketchSet, Sketches};

/// Categories that are taken out of a sketch.
const CATEGORIES: usize = 1000;
/// Windows of fewer rows are not compared.
const LEAST: u64 = 50;

/// Keeps the sketches of every hour of this traffic that has ended and is not kept yet, and those of the last one kept,
/// since rows may come late. Gives the number of hours that were written.
pub(super) fn keep(house: &dyn Sketches, version: &Version, traffic: &Traffic) -> Result<u64, StageError> {
    let (Some(now), mut rows) = (traffic.now, &traffic.rows[..]) else { return Ok(0) };
    let mut written = 0;
    while let Some(first) = rows.first() {
        let hour = first.at.hour();
        let (own, rest) = rows.split_at(rows.partition_point(|row| row.at.hour() <= hour));
        rows = rest;
        let (ended, place) = (hour < now.hour(), u32::try_from(hour).ok());
        let Some(place) = place.filter(|_| ended) else { continue };
        let kept = house.get(&version.id, place)?.is_some_and(|set| set.rows() == own.len() as u64);
        if !kept {
            house.put(&version.id, place, &sketched(version, own)?)?;
            written += 1;
        }
    }
    Ok(written)
}

fn sketched(version: &Version, rows: &[Asked]) -> Result<SketchSet, StageError> {
    let cells: Vec<_> = rows.iter().map(|row| &row.input).collect();
    let mut set = SketchSet::default();
    let table = live::table(&cells, &version.model.signature().inputs);
    let simple = table.columns().iter().filter(|c| matches!(c.values, Values::Number(_) | Values::Text(_)));
    let simple = domain::Table::new(simple.cloned().collect()).expect("columns of one table");
    set.observe(&simple).map_err(|e| bad(&e))?;
    Ok(set)
}

/// Every window from the first hour to the last beside the reference, out of sketches alone.
pub fn windows(
    house: &dyn Sketches,
    version: &Version,
    reference: &Reference,
    span: (Timestamp, Timestamp),
    every: i64,
    rules: DriftRules,
) -> Result<Vec<Window>, StageError> {
    let hours = (every / HOUR).max(1);
    let mut found = Vec::new();
    let mut begin = span.0.hour();
    while begin <= span.1.hour() {
        let (from, to) =
            (u32::try_from(begin).unwrap_or(0), u32::try_from(begin + hours).unwrap_or(u32::MAX));
        if let Some(set) = house.range(from, to)?.remove(&version.id).filter(|set| set.rows() >= LEAST) {
            found.push(window(&set, reference, (begin, begin + hours), rules)?);
        }
        begin += hours;
    }
    Ok(found)
}

fn window(
    set: &SketchSet,
    reference: &Reference,
    hours: (i64, i64),
    rules: DriftRules,
) -> Result<Window, StageError> {
    let pair = |(column, before): (&Column, &Profile)| {
        let now = profile(set.columns().get(&column.name)?, before)?;
        Some(now.map(|now| (column.name.clone(), before.clone(), now)))
    };
    let pairs: Vec<Pair> = (reference.rows.columns().iter().zip(&reference.profiles))
        .filter_map(pair)
        .collect::<Result<_, StageError>>()?;
    let moment = |hour: i64| Some(Timestamp(hour * HOUR));
    Ok(Window {
        side: Side { name: "live".into(), rows: set.rows(), from: moment(hours.0), to: moment(hours.1) },
        faults: faults(&pairs),
        columns: compare(&pairs, rules)?.into_iter().map(|c| c.drift).collect(),
        told_apart: None,
    })
}

/// A sketch as it is compared; `None` where it sums up something else than the reference does.
fn profile(sketch: &ColumnSketch, before: &Profile) -> Option<Result<Profile, StageError>> {
    match (&before.shape, before.kind) {
        (Shape::Numbers(_), DriftKind::Number) => {
            let points = sketch.quantiles();
            let ecdf = (!points.is_empty()).then(|| Ecdf::weighted(points)).transpose();
            Some(
                ecdf.map_err(|e| bad(&e))
                    .map(|ecdf| Profile::weighted(sketch.rows(), sketch.missing(), ecdf)),
            )
        }
        (Shape::Categories(_), DriftKind::Category) => {
            let counts = sketch.top(CATEGORIES).into_iter().collect();
            Some(Ok(Profile::categories(sketch.rows(), counts)))
        }
        _ => None,
    }
}

fn bad(why: &dyn std::fmt::Display) -> StageError {
    StageError::Measure { metric: "sketches of live rows".into(), why: why.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::simulate::FAULTS;
    use crate::diagnose::simulate::world::World;
    use domain::time::DAY;
    use store::sketch::MemorySketches;

    #[test]
    fn hours_are_kept_once_and_say_what_moved_day_by_day() {
        let world = World::new(3).expect("trains");
        let unit = FAULTS.iter().find(|f| f.name == "source changes a unit").expect("a fault");
        let lived = world.live(Some(unit), 5).expect("two weeks");
        let house = MemorySketches::default();
        let hours = keep(&house, &world.version, &lived.traffic).expect("memory");
        assert!((334..=336).contains(&hours), "two weeks but for the hour that still goes on: {hours}");
        assert_eq!(
            keep(&house, &world.version, &lived.traffic).expect("memory"),
            0,
            "they are there already"
        );
        let (rows, rules) = (&lived.traffic.rows, DriftRules { effect: 0.1, alpha: 0.01 });
        let span = (rows[0].at, rows[rows.len() - 1].at);
        let found = windows(&house, &world.version, &world.reference, span, DAY, rules).expect("memory");
        assert_eq!(found.len(), 14);
        let moved = |w: &Window| w.columns.iter().any(|c| c.moved && c.column == "weight");
        let days: Vec<bool> = found.iter().map(moved).collect();
        assert_eq!(
            (days[..5].contains(&true), &days[9..]),
            (false, &[true; 5][..]),
            "it breaks between day 5 and 9"
        );
    }
}
