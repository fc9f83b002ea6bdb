//! Two files, compared column by column: memory holds one column of each for every thread, and of the others
//! what was found, some quantiles and a sample of rows.

use super::column::{judged, measured};
use super::faults::{crossed, of_column};
use super::likeness::POINTS;
use super::profile::are_categories;
use super::{Compared, Comparison, Pair, Profile, Side, together};
use crate::{Progress, StageError};
use domain::diagnosis::{DataFault, FaultKind};
use domain::drift::{DriftKind, DriftRules};
use domain::{Column, Kind, Table, Timestamp, Values};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use store::files::{ColumnReader, ReadError, ReadOptions};

/// Rows of either file that a classifier is trained on.
const SAMPLE: usize = 4000;

/// What is asked of two files.
#[derive(Debug, Clone)]
pub struct Asked {
    /// What is compared with.
    pub reference: PathBuf,
    /// What is compared.
    pub current: PathBuf,
    /// Only these columns; all where it is empty.
    pub only: Vec<String>,
    /// Not these columns.
    pub ignore: Vec<String>,
    /// What counts as moved.
    pub rules: DriftRules,
    /// Whether all columns together are looked at too.
    pub together: bool,
    /// Where the draw of sampled rows starts.
    pub seed: u64,
}

/// Compares them.
pub fn between_files(asked: &Asked, progress: &mut dyn Progress) -> Result<Comparison, StageError> {
    progress.begin("drift", &format!("{} and {}", asked.reference.display(), asked.current.display()));
    let (reference, current) = (File::open(&asked.reference)?, File::open(&asked.current)?);
    let (shared, left_out) = matched(asked, &reference, &current)?;
    let read = columns(asked, &reference, &current, &shared, progress)?;
    let told = if asked.together { told_apart(&read, asked.seed)? } else { None };
    let (mut pairs, mut columns, mut found) = (Vec::new(), Vec::new(), Vec::new());
    for column in read {
        pairs.push(column.pair);
        columns.push(column.compared);
        found.extend(column.faults);
    }
    found.extend(crossed(&pairs, &found));
    found.extend(shared.iter().filter(|m| m.unlike).map(|m| unlike(m, &reference, &current)));
    let span = |side: fn(&Pair) -> &Profile| pairs.iter().find_map(|pair| side(pair).span);
    Ok(Comparison {
        rules: asked.rules,
        reference: reference.side(span(|pair| &pair.1)),
        current: current.side(span(|pair| &pair.2)),
        columns: judged(columns, asked.rules)?,
        left_out,
        faults: found,
        told_apart: told,
    })
}

struct File {
    name: String,
    reader: ColumnReader,
}

impl File {
    fn open(path: &Path) -> Result<File, ReadError> {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Ok(File { name, reader: ColumnReader::open(path, &ReadOptions::default())? })
    }

    fn side(&self, span: Option<(Timestamp, Timestamp)>) -> Side {
        let (from, to) = (span.map(|s| s.0), span.map(|s| s.1));
        Side { name: self.name.clone(), rows: self.reader.rows(), from, to }
    }

    fn names(&self) -> Vec<&str> {
        self.reader.names_and_kinds().iter().map(|(name, _)| name.as_str()).collect()
    }
}

/// A column that both files have.
struct Match {
    name: String,
    /// Its places.
    at: (usize, usize),
    /// Whether it is of another kind in the second.
    unlike: bool,
}

/// What both have, and what only one has, with the reason.
type Matched = (Vec<Match>, Vec<(String, String)>);

fn matched(asked: &Asked, reference: &File, current: &File) -> Result<Matched, StageError> {
    let (names, others) = (reference.names(), current.names());
    let unknown = asked.only.iter().chain(&asked.ignore).find(|n| !names.contains(&n.as_str()));
    if let Some(name) = unknown {
        let hint = format!("the columns are {}", names.join(", "));
        return Err(StageError::data(&reference.name, format!("no column `{name}`"), hint));
    }
    let wanted = |name: &str| {
        (asked.only.is_empty() || asked.only.iter().any(|o| o == name))
            && !asked.ignore.iter().any(|i| i == name)
    };
    let (mut shared, mut left_out) = (Vec::new(), Vec::new());
    for (place, name) in names.iter().enumerate().filter(|(_, name)| wanted(name)) {
        match others.iter().position(|other| other == name) {
            Some(other) => {
                let kind = |file: &File, at: usize| file.reader.names_and_kinds()[at].1.clone();
                let unlike = kind(reference, place) != kind(current, other);
                shared.push(Match { name: name.to_string(), at: (place, other), unlike });
            }
            None => left_out.push((name.to_string(), format!("{} does not have it", current.name))),
        }
    }
    let new = others.iter().filter(|name| !names.contains(name) && wanted(name));
    left_out.extend(new.map(|name| (name.to_string(), format!("{} does not have it", reference.name))));
    if shared.is_empty() {
        let found = format!("no column of {} stands in it", reference.name);
        return Err(StageError::data(&current.name, found, format!("its columns are {}", others.join(", "))));
    }
    Ok((shared, left_out))
}

fn unlike(found: &Match, reference: &File, current: &File) -> DataFault {
    let kind = |file: &File, at: usize| file.reader.names_and_kinds()[at].1.to_string();
    let kind = FaultKind::Kind { expected: kind(reference, found.at.0), found: kind(current, found.at.1) };
    DataFault { column: found.name.clone(), kind, before: 0.0, now: 1.0, since: None, step: true }
}

/// A column that was read and compared.
struct Read {
    compared: Compared,
    faults: Vec<DataFault>,
    /// What is left of it: enough to see whether it is like another column.
    pair: Pair,
    /// The sampled rows of both sides.
    sample: (Values, Values),
}

/// Reads and compares every shared column, on every core.
fn columns(
    asked: &Asked,
    reference: &File,
    current: &File,
    shared: &[Match],
    progress: &mut dyn Progress,
) -> Result<Vec<Read>, StageError> {
    let alike: Vec<&Match> = shared.iter().filter(|m| !m.unlike).collect();
    let places = |file: &File| match asked.together {
        true => crate::diagnose::places(file.reader.rows() as usize, SAMPLE, asked.seed),
        false => Vec::new(),
    };
    let places = (places(reference), places(current));
    let (next, stopped) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(alike.len());
    let (send, receive) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let (send, alike, next, stopped, places) = (send.clone(), &alike, &next, &stopped, &places);
            scope.spawn(move || {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(found) = alike.get(place).filter(|_| stopped.load(Ordering::Relaxed) == 0)
                    else {
                        return;
                    };
                    if send.send((place, one(found, reference, current, places))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(send);
        let mut read: Vec<(usize, Read)> = Vec::with_capacity(alike.len());
        for (place, column) in receive {
            read.push((place, column.inspect_err(|_| stopped.store(1, Ordering::Relaxed))?));
            if !progress.share(read.len() as f64 / alike.len() as f64) {
                stopped.store(1, Ordering::Relaxed);
                return Err(StageError::Interrupted);
            }
        }
        read.sort_by_key(|(place, _)| *place);
        Ok(read.into_iter().map(|(_, column)| column).collect())
    })
}

fn one(
    found: &Match,
    reference: &File,
    current: &File,
    places: &(Vec<usize>, Vec<usize>),
) -> Result<Read, StageError> {
    let (before, old) = side(&found.name, reference, found.at.0, None, &places.0)?;
    let (now, new) = side(&found.name, current, found.at.1, Some(&before), &places.1)?;
    let pair = (found.name.clone(), before, now);
    let (compared, faults) = (measured(&pair)?, of_column(&pair));
    let (name, before, now) = pair;
    // a thread that went on to the next column with all the numbers of this one would fill the memory
    let pair = (name, before.thinned(POINTS), now.thinned(POINTS));
    Ok(Read { compared, faults, pair, sample: (old, new) })
}

/// One side of a column, and its sampled cells. The file gives out a column's numbers and counts its texts faster
/// than it gives out cells.
fn side(
    name: &str,
    file: &File,
    place: usize,
    like: Option<&Profile>,
    sampled: &[usize],
) -> Result<(Profile, Values), StageError> {
    match &file.reader.names_and_kinds()[place].1 {
        Kind::Number => {
            let (numbers, cells) = file.reader.numbers_at(place, sampled)?;
            // cells that are read with others are refused where they are infinite
            if sampled.is_empty() || numbers.infinite == 0 {
                let profile = Profile::numbers(name, numbers.rows(), numbers.present)?;
                return Ok((profile, Values::Number(cells)));
            }
        }
        Kind::Text => {
            let (counts, cells) = file.reader.text_counts_at(place, sampled)?;
            // of names and documents the words are counted: they are read whole
            if like.is_none_or(|like| like.kind == DriftKind::Category) && are_categories(&counts) {
                let counted = counts.counts.into_iter().collect();
                return Ok((Profile::categories(counts.rows, counted), Values::Text(cells)));
            }
        }
        _ => {}
    }
    let column = Column { name: name.into(), values: file.reader.column(place)? };
    let profile = Profile::of(&column, like)?;
    Ok((profile, column.values.take(sampled)))
}

fn told_apart(read: &[Read], seed: u64) -> Result<Option<domain::drift::ToldApart>, StageError> {
    let table = |side: fn(&(Values, Values)) -> &Values| {
        let columns = read.iter().map(|c| Column { name: c.pair.0.clone(), values: side(&c.sample).clone() });
        Table::new(columns.collect()).expect("every column was sampled at the same rows")
    };
    Ok(together(&table(|s| &s.0), &table(|s| &s.1), seed)?.map(|t| t.told))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Silent;
    use crate::drift::{compare, faults};

    /// Numbers that move, numbers that became another unit, columns that change places, categories, names.
    fn table(seed: u64, live: bool) -> Table {
        let draw =
            |row: u64, place: u64| store::digest::mix64(seed, 8 * row + place) as f64 / u64::MAX as f64;
        let numbers = |of: &dyn Fn(u64) -> f64| Values::Number((0..9000).map(of).collect());
        let texts = |of: &dyn Fn(u64) -> Option<String>| Values::Text((0..9000).map(of).collect());
        let factor = if live { 100.0 } else { 1.0 };
        let (a, b) = (|row| draw(row, 2), |row| draw(row, 3).powi(3));
        let kind = |row| (row % 7 > 0).then(|| format!("kind {}", (draw(row, 4) * 5.0) as u8));
        let columns = [
            ("moved", numbers(&|row| if row % 9 == 0 { f64::NAN } else { draw(row, 0) + factor / 400.0 })),
            ("unit", numbers(&|row| (1.0 + draw(row, 1)) * factor)),
            ("a", if live { numbers(&b) } else { numbers(&a) }),
            ("b", if live { numbers(&a) } else { numbers(&b) }),
            ("kind", texts(&kind)),
            ("name", texts(&|row| Some(format!("n{}", row % 6000)))),
        ];
        Table::new(columns.map(|(name, values)| Column { name: name.into(), values }).to_vec()).expect("even")
    }

    #[test]
    fn files_are_compared_as_their_tables_are() {
        let (before, now) = (table(1, false), table(2, true));
        let folder = tempfile::tempdir().expect("a folder");
        let (reference, current) = (folder.path().join("a.parquet"), folder.path().join("b.parquet"));
        store::files::write_parquet(&reference, &before).expect("written");
        store::files::write_parquet(&current, &now).expect("written");
        let pair = |(old, new): (&Column, &Column)| {
            let profile = Profile::of(old, None).expect("a column");
            let other = Profile::of(new, Some(&profile)).expect("a column");
            (old.name.clone(), profile, other)
        };
        let pairs: Vec<Pair> = before.columns().iter().zip(now.columns()).map(pair).collect();
        let rules = DriftRules { effect: 0.1, alpha: 0.05 };
        let (wanted, broken) = (compare(&pairs, rules).expect("comparable"), faults(&pairs));
        assert_eq!(broken.len(), 3, "another unit and two that changed places: {broken:?}");
        for together in [false, true] {
            let (reference, current) = (reference.clone(), current.clone());
            let (only, ignore) = (Vec::new(), Vec::new());
            let asked = Asked { reference, current, only, ignore, rules, together, seed: 1 };
            let found = between_files(&asked, &mut Silent).expect("compared");
            assert_eq!((&found.columns, &found.faults), (&wanted, &broken));
            assert_eq!(found.told_apart.is_some(), together);
        }
    }
}
