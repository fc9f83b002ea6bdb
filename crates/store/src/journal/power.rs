//! The journal against power cuts: at every single change that a history makes to the disk.

use super::FileJournal;
use crate::digest::mix64;
use crate::disk::Disk;
use crate::frail::Frail;
use crate::{Entry, Journal, StoreError, conformance};
use domain::time::HOUR;
use domain::{
    Arm, Assignment, ExperimentId, Outcome, Prediction, PredictionId, ServedBy, ShadowAnswer, Source,
    Timestamp, VersionId,
};
use std::collections::BTreeSet;
use std::path::Path;

const ROOT: &str = "/journal";

/// One thing that a program does with a journal.
enum Step {
    Append(Vec<Entry>),
    Seal(i64),
    Reopen,
}

/// What became of a history.
#[derive(Default)]
struct Told {
    acknowledged: Vec<Entry>,
    /// The entries of the append that the power cut struck.
    struck: Vec<Entry>,
}

fn entry(hour: i64, bucket: u16, number: u64) -> Entry {
    let at = Timestamp(hour * HOUR + number as i64);
    let (experiment, arm) = (ExperimentId("e".into()), Arm::Treatment);
    let assignment = Assignment { experiment, arm, propensity: 0.5, exposure: 0.1 };
    Entry::Prediction(Prediction {
        id: PredictionId::new(at, bucket, 1, number),
        at,
        version: VersionId("v".into()),
        served_by: ServedBy::Intended,
        unit: None,
        assignment: number.is_multiple_of(2).then_some(assignment),
        input: "{\"x\":1}".into(),
        output: vec![0.5],
        latency_us: 9,
    })
}

fn outcome(of: &Entry, at: i64) -> Entry {
    let (prediction, at) = (of.id(), Timestamp(at));
    Entry::Outcome(Outcome { prediction, at, value: "yes".into(), source: Source::Observed })
}

fn shadow(of: &Entry, at: i64) -> Entry {
    let (prediction, at, version) = (of.id(), Timestamp(at), VersionId("w".into()));
    Entry::Shadow(ShadowAnswer { prediction, at, version, answer: Ok(vec![0.25]), latency_us: 3 })
}

/// Appends over three hours and two buckets, outcomes and shadow answers for earlier hours, repeated entries,
/// seals and restarts.
fn history(seed: u64) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut predictions: Vec<Entry> = Vec::new();
    for step in 0..12_u64 {
        let draw = |which: u64, below: u64| mix64(seed, step * 10 + which) % below;
        let hour = (step / 4) as i64;
        match draw(0, 8) {
            0 => steps.push(Step::Seal((hour + draw(1, 2) as i64) * HOUR)),
            1 => steps.push(Step::Reopen),
            _ => {
                let mut entries: Vec<Entry> =
                    (0..=draw(2, 3)).map(|i| entry(hour, draw(3 + i, 2) as u16, step * 10 + i)).collect();
                predictions.extend(entries.iter().cloned());
                let known = &predictions[draw(7, predictions.len() as u64) as usize];
                entries.push(outcome(known, hour * HOUR + step as i64));
                // one version answers a prediction once
                entries.push(shadow(known, known.at().0 + 1));
                entries.push(known.clone());
                steps.push(Step::Append(entries));
            }
        }
    }
    steps.push(Step::Seal(3 * HOUR));
    steps
}

fn open(disk: &Frail) -> Result<FileJournal, StoreError> {
    FileJournal::on(Box::new(disk.clone()), Path::new(ROOT))
}

/// Goes through a history until its end or the power cut.
fn live(disk: &Frail, steps: &[Step]) -> Told {
    let mut told = Told::default();
    let Ok(mut journal) = open(disk) else { return told };
    for step in steps {
        let done = match step {
            Step::Append(entries) => match journal.append(entries) {
                Ok(()) => {
                    told.acknowledged.extend(entries.iter().cloned());
                    Ok(())
                }
                Err(error) => {
                    told.struck.clone_from(entries);
                    Err(error)
                }
            },
            Step::Seal(before) => journal.seal(Timestamp(*before)).map(|_| ()),
            Step::Reopen => open(disk).map(|again| journal = again),
        };
        match done {
            Ok(()) => {}
            Err(_) if disk.is_dead() => return told,
            Err(error) => panic!("an error with the power on: {error}"),
        }
    }
    told
}

fn set(entries: &[Entry]) -> BTreeSet<String> {
    entries.iter().map(|e| format!("{e:?}")).collect()
}

/// Checks what can be read: all that was acknowledged, once, and nothing that was never appended.
fn check(journal: &FileJournal, told: &Told, place: &str) {
    let mut found = Vec::new();
    journal.scan(Timestamp(i64::MIN), Timestamp(i64::MAX), &mut |e| found.push(e)).expect(place);
    let seen = set(&found);
    assert_eq!(seen.len(), found.len(), "{place}: an entry was seen twice");
    let acknowledged = set(&told.acknowledged);
    let lost: Vec<_> = acknowledged.difference(&seen).collect();
    assert!(lost.is_empty(), "{place}: acknowledged and lost: {lost:?}");
    let struck = set(&told.struck);
    let invented: Vec<_> =
        seen.iter().filter(|e| !acknowledged.contains(*e) && !struck.contains(*e)).collect();
    assert!(invented.is_empty(), "{place}: never appended: {invented:?}");
    for entry in &told.acknowledged {
        let known = match entry {
            Entry::Prediction(p) => journal.prediction(p.id).expect(place).as_ref() == Some(p),
            Entry::Outcome(o) => journal.outcomes(o.prediction).expect(place).contains(o),
            Entry::Shadow(s) => {
                let story = journal.story(s.prediction).expect(place);
                story.is_some_and(|story| story.shadows == [s.clone()])
            }
        };
        assert!(known, "{place}: not found by its id: {entry:?}");
    }
}

/// What ends a history.
#[derive(Debug, Clone, Copy)]
enum End {
    /// What was not synced is lost.
    PowerCut,
    /// The program dies; the disk goes on, and what was not synced is still to be seen.
    Killed,
}

/// Lives the history until it ends after so many changes, then recovers, repeats what was struck, seals, and
/// cuts the power again. Gives whether the end came before that of the history.
fn survive(steps: &[Step], changes: usize, end: End, seed: u64) -> bool {
    let place = format!("{end:?} after {changes} changes, seed {seed}");
    let disk = Frail::new(Path::new(ROOT), Some(changes));
    let mut told = live(&disk, steps);
    let cut = disk.is_dead();
    // the power fails, or fails once more, while the journal recovers
    let again = match end {
        End::PowerCut => disk.after_power_cut(seed, Some(changes % 7)),
        End::Killed => disk.revived(Some(changes % 7)),
    };
    drop(open(&again));
    let disk = again.after_power_cut(seed + 1, None);
    let journal = open(&disk).expect(&place);
    assert!(journal.recovery().damaged.is_empty(), "{place}: a torn end was taken for damage");
    check(&journal, &told, &place);
    let journal = open(&disk).expect(&place);
    for hour in journal.layout.hours().expect(&place) {
        let parts: usize = journal.layout.hour(hour).expect(&place).parts.values().map(Vec::len).sum();
        let files = disk.list(&journal.layout.folder(hour)).expect(&place);
        assert_eq!(files.len(), parts, "{place}: recovery leaves nothing over, found {files:?}");
    }
    journal.append(&told.struck).expect(&place);
    told.acknowledged.append(&mut told.struck);
    journal.seal(Timestamp(3 * HOUR)).expect(&place);
    check(&journal, &told, &place);
    let disk = disk.after_power_cut(seed + 2, None);
    check(&open(&disk).expect(&place), &told, &place);
    cut
}

#[test]
fn whatever_was_acknowledged_is_there_once_after_an_end_at_any_change() {
    for seed in [1, 2] {
        let steps = history(seed);
        let mut changes = 0;
        while survive(&steps, changes, End::PowerCut, seed * 1_000 + changes as u64) {
            survive(&steps, changes, End::Killed, seed * 2_000 + changes as u64);
            changes += 1;
        }
        assert!(changes > 40, "a history that changes the disk {changes} times tests little");
    }
}

#[test]
fn a_disk_that_does_not_sync_is_noticed() {
    let disk = Frail::lying(Path::new(ROOT));
    let told = live(&disk, &history(1));
    let after = disk.after_power_cut(1, None);
    let noticed = std::panic::catch_unwind(|| {
        let journal = open(&after).expect("opened");
        check(&journal, &told, "lying");
    });
    assert!(noticed.is_err(), "the check must see that entries are lost");
}

#[test]
fn the_journal_keeps_its_promises_on_both_disks() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut count = 0;
    conformance::check_journal(|| {
        count += 1;
        Box::new(FileJournal::open(&folder.path().join(count.to_string())).expect("opened"))
    });
    conformance::check_journal(|| Box::new(open(&Frail::new(Path::new(ROOT), None)).expect("opened")));
}
