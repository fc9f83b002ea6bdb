//! A journal that an incumbent wrote before there were experiments: its sealed hour and its open segment are read,
//! written on and sealed anew. The files in `format-1` were made by the writers of that time.

use domain::time::{HOUR, SECOND};
use domain::{
    Arm, Assignment, ExperimentId, Outcome, Prediction, PredictionId, ServedBy, Source, Story, Timestamp,
    VersionId,
};
use std::path::Path;
use store::{Entry, FileJournal, Journal};

const BASE: i64 = 498_747 * HOUR;

fn minute(minutes: i64) -> Timestamp {
    Timestamp(BASE + minutes * 60 * SECOND)
}

fn prediction(minutes: i64, sequence: u64, served_by: ServedBy, unit: Option<&str>) -> Prediction {
    let at = minute(minutes);
    Prediction {
        id: PredictionId::new(at, 0xA7, 0xABCD, sequence),
        at,
        version: VersionId("a".repeat(64)),
        served_by,
        unit: unit.map(String::from),
        assignment: None,
        input: format!("{{\"x\":{sequence}}}"),
        output: vec![0.25, 0.75],
        latency_us: 1_500,
    }
}

/// What stands in the files.
fn expected() -> [Prediction; 5] {
    let fallback = ServedBy::Fallback { version: VersionId("b".repeat(64)), why: "deadline".into() };
    [
        prediction(1, 1, ServedBy::Intended, Some("Zoë")),
        prediction(2, 2, fallback, None),
        prediction(3, 3, ServedBy::Floor { why: "panic".into() }, None),
        prediction(61, 4, ServedBy::Intended, Some("Zoë")),
        prediction(62, 5, ServedBy::Intended, None),
    ]
}

fn copied(to: &Path) {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/format-1");
    for hour in std::fs::read_dir(from).expect("the files are in the repository") {
        let hour = hour.expect("readable").path();
        let folder = to.join(hour.file_name().expect("an hour has a name"));
        std::fs::create_dir(&folder).expect("made");
        for file in std::fs::read_dir(&hour).expect("readable") {
            let file = file.expect("readable");
            std::fs::copy(file.path(), folder.join(file.file_name())).expect("copied");
        }
    }
}

fn stories(journal: &FileJournal) -> Vec<Story> {
    let mut found = Vec::new();
    journal.stories(minute(0), minute(120), &mut |story| found.push(story)).expect("readable");
    found.sort_by_key(|story| story.prediction.id);
    found
}

#[test]
fn a_journal_of_format_1_is_read_written_on_and_sealed_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    copied(folder.path());
    let journal = FileJournal::open(folder.path()).expect("opened");
    assert!(journal.recovery().damaged.is_empty() && journal.recovery().cut.is_empty());
    let before = stories(&journal);
    let predictions: Vec<Prediction> = before.iter().map(|story| story.prediction.clone()).collect();
    assert_eq!(predictions, expected());
    let outcomes: Vec<(&str, Timestamp)> =
        before[0].outcomes.iter().map(|o| (o.value.as_str(), o.at)).collect();
    assert_eq!(outcomes, [("no", minute(11)), ("yes", minute(21))]);
    assert_eq!(before[3].outcomes[0].source, Source::Observed);

    let assignment = Assignment {
        experiment: ExperimentId("1-a-b".into()),
        arm: Arm::Treatment,
        propensity: 0.5,
        exposure: 1.0,
    };
    let mut newer = prediction(63, 6, ServedBy::Intended, Some("Zoë"));
    newer.assignment = Some(assignment);
    let late = Outcome { prediction: before[1].prediction.id, ..before[0].outcomes[0].clone() };
    let entries = [Entry::Prediction(newer.clone()), Entry::Outcome(late.clone())];
    journal.append(&entries).expect("segments of their own, behind the old ones");
    let found = journal.prediction(before[4].prediction.id).expect("readable");
    assert_eq!(found.as_ref(), Some(&before[4].prediction), "found by its place in the old segment");
    assert_eq!(journal.seal(minute(120)).expect("sealed"), 2, "old and new of each hour in one file");
    let mut after = stories(&journal);
    assert_eq!(after[1].outcomes.pop(), Some(late));
    assert_eq!(&after[..5], before);
    assert_eq!(after[5].prediction, newer);
    assert_eq!(journal.prediction(newer.id).expect("readable"), Some(newer));
}
