//! Pictures from a teacher to a student: networks of several seeds, and a small network that ships instead of them.

use domain::distill::DistillDecision;
use domain::gate::Decision;
use domain::plan::Plan;
use domain::{Event, Origin, Prediction, PredictionId, ServedBy, Target, Timestamp, Values, VersionId};
use lifecycle::{Project, Silent, StageError, distill, up};
use std::path::Path;
use std::sync::Arc;
use store::{Entry, MemoryBlobs, MemoryJournal, MemoryRegistry};
use testkit::pictures::{SIDE, bars};

const PLAN: &str = r#"
name = "bars"
task = "classification"
[data]
source = "images-idx3-ubyte"
target = "label"
[metric]
guardrails = []
[gate]
min_rows = 50
[train]
trainers = ["cnn"]
[budget]
size_mb = 0.2
[distill]
preset = "tiny"
guard = 0.4
epochs = 4
"#;

/// The bars as two files of IDX.
fn write(folder: &Path, rows: usize) {
    let bars = bars(rows, 1).examples;
    let Values::Tensor { data, .. } = &bars.rows.columns()[0].values else { panic!("pictures") };
    let Target::Class { index, .. } = &bars.target else { panic!("classes") };
    let header = |sizes: &[usize]| {
        let sizes = sizes.iter().flat_map(|&size| (size as u32).to_be_bytes());
        [0, 0, 8].into_iter().chain(sizes).collect::<Vec<u8>>()
    };
    let put = |name: &str, rank: u8, sizes: &[usize], bytes: Vec<u8>| {
        let mut head = header(sizes);
        head.insert(3, rank);
        std::fs::write(folder.join(name), [head, bytes].concat()).expect("written");
    };
    put("images-idx3-ubyte", 3, &[rows, SIDE, SIDE], data.iter().map(|&x| x as u8).collect());
    put("labels-idx1-ubyte", 1, &[rows], index.iter().map(|&k| k as u8).collect());
}

fn project(folder: &Path) -> Project {
    Project {
        dir: folder.into(),
        plan: Arc::new(Plan::parse(PLAN).expect("a plan")),
        registry: Arc::new(MemoryRegistry::default()),
        blobs: Arc::new(MemoryBlobs::default()),
        journal: Arc::new(MemoryJournal::default()),
        now: Arc::new(|| Timestamp(0)),
        door: None,
    }
}

/// Asks about pictures that are not in the table, and about half of one.
fn ask(project: &Project, pictures: usize) {
    let asked = bars(pictures, 2).examples;
    let Values::Tensor { data, .. } = &asked.rows.columns()[0].values else { panic!("pictures") };
    let whole = data.chunks(SIDE * SIDE);
    let entry = |(place, picture): (usize, &[f32])| {
        Entry::Prediction(Prediction {
            id: PredictionId::new(Timestamp(0), 0, 1, place as u64),
            at: Timestamp(0),
            version: VersionId("v".into()),
            served_by: ServedBy::Intended,
            unit: None,
            assignment: None,
            input: format!("{{\"image\":{picture:?}}}"),
            output: vec![0.5, 0.5],
            latency_us: 1,
        })
    };
    let entries: Vec<Entry> = whole.chain([&data[..SIDE]]).enumerate().map(entry).collect();
    project.journal.append(&entries).expect("memory");
}

#[test]
fn a_small_network_learns_from_networks_that_are_over_the_budget() -> Result<(), StageError> {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), 900);
    let project = project(folder.path());
    up::run(&project, &mut Silent)?;
    ask(&project, 30);
    let found = distill::run(&project, &mut Silent)?;
    let lesson = found.facts.lesson;
    assert_eq!((lesson.bred, lesson.live, lesson.aside), (0, 30, 1), "half a picture is none");
    let mut names: Vec<&str> = found.members.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["cnn_1", "cnn_2"]);
    let size = found.teacher.checks.iter().find(|check| check.rule == "budget size").expect("a budget");
    assert_eq!(size.decision, Decision::Fail, "two networks are over the budget");
    let DistillDecision::Choose { student, .. } = &found.decision else { panic!("{:?}", found.decision) };
    let fact = found.facts.students.iter().find(|fact| fact.name == *student).expect("one of them");
    assert!(fact.bytes <= 200_000 && fact.twin.is_some() && student.starts_with("cnn_"), "{fact:?}");
    let (version, _) = found.student.as_ref().expect("a version");
    let events = project.registry.events(0).expect("kept");
    let taught = |event: &Event| {
        matches!(event, Event::Registered { version: id, origin: Origin::Student { teacher }, .. }
            if id == version && *teacher == found.facts.teacher)
    };
    assert!(events.iter().any(|recorded| taught(&recorded.event)), "the student descends from its teacher");
    Ok(())
}
