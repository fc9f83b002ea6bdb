//! The teacher after it was fitted: it labels what is really asked for its student's lesson, stands behind the student as
//! a labeller, and teaches it again.

use domain::plan::Plan;
use domain::time::{DAY, HOUR};
use domain::{
    Event, Origin, Outcome, Prediction, PredictionId, ServedBy, Source, Timestamp, Values, VersionId,
};
use lifecycle::distill::{self, label};
use lifecycle::{Progress, Project, Silent, StageError, live, retrain, up, version};
use std::fmt::Write;
use std::ops::Range;
use std::sync::Arc;
use store::{Entry, MemoryBlobs, MemoryJournal, MemoryRegistry};

const PLAN: &str = r#"
name = "flats"
task = "classification"
[data]
source = "flats.csv"
target = "let"
time = "at"
[metric]
guardrails = []
[gate]
min_rows = 50
[train]
trainers = ["logistic"]
[budget]
size_mb = 0.05
[distill]
preset = "tiny"
guard = 0.3
epochs = 8
bred = 0.0
"#;
/// Hours of the table, a row each; a fifth judges, and of the others a third is the guard.
const HOURS: i64 = 4_000;
const TRAIN: i64 = 3_200;
const LEARNED: i64 = 2_134;

/// A flat of some hour, whose fate hangs on size as a straight line has it, and on its block as no line has it.
fn flat(hour: i64) -> ([f64; 3], &'static str) {
    let of = |stream| stats::random::unit(7, stream, hour as u64);
    let (size, east, north) = (of(0), 6.0 * of(1), 6.0 * of(2));
    let dark = (east / 2.0).floor() + (north / 2.0).floor();
    let block = if dark % 2.0 == 0.0 { 4.0 } else { -4.0 };
    let chance = 1.0 / (1.0 + (-(16.0 * (size - 0.5) + block)).exp());
    ([size, east, north], if of(3) < chance { "yes" } else { "no" })
}

fn at(hour: i64) -> Timestamp {
    Timestamp(20_000 * DAY + hour * HOUR)
}

fn csv(hours: Range<i64>) -> String {
    let mut table = String::from("at,size,east,north,let\n");
    for hour in hours {
        let ([size, east, north], fate) = flat(hour);
        writeln!(table, "{},{size},{east},{north},{fate}", at(hour)).expect("text");
    }
    table
}

struct World {
    project: Project,
    folder: tempfile::TempDir,
}

/// Keeps what it was told; stops after some asking, where it should.
#[derive(Default)]
struct Heard {
    said: Vec<String>,
    stops: bool,
}

impl Progress for Heard {
    fn begin(&mut self, _: &str, what: &str) {
        self.said.push(what.into());
    }
    fn share(&mut self, _: f64) -> bool {
        !self.stops
    }
    fn say(&mut self, line: &str) {
        self.said.push(line.into());
    }
}

impl World {
    /// A logistic regression serves.
    fn new() -> World {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("flats.csv"), csv(0..HOURS)).expect("written");
        let project = Project {
            dir: folder.path().into(),
            plan: Arc::new(Plan::parse(PLAN).expect("a plan")),
            registry: Arc::new(MemoryRegistry::default()),
            blobs: Arc::new(MemoryBlobs::default()),
            journal: Arc::new(MemoryJournal::default()),
            now: Arc::new(|| at(2 * HOURS)),
            door: None,
        };
        up::run(&project, &mut Silent).expect("it trains");
        World { project, folder }
    }

    /// Logs flats as they were asked about, an hour each; the world tells of them, or not.
    fn log(&self, hours: Range<i64>, told: bool, flats: impl Fn(i64) -> String) {
        let mut entries = Vec::new();
        for hour in hours {
            let at = at(hour);
            let id = PredictionId::new(at, 0, 1, hour as u64);
            entries.push(Entry::Prediction(Prediction {
                id,
                at,
                version: VersionId("v".into()),
                served_by: ServedBy::Intended,
                unit: None,
                assignment: None,
                input: format!("{{\"at\":\"{at}\",{}}}", flats(hour)),
                output: vec![0.5, 0.5],
                latency_us: 100,
            }));
            let outcome =
                Outcome { prediction: id, at, value: flat(hour).1.into(), source: Source::Observed };
            entries.extend(told.then_some(Entry::Outcome(outcome)));
        }
        self.project.journal.append(&entries).expect("memory");
    }

    fn write(&self, name: &str, text: &str) -> std::path::PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path
    }

    fn teacher(&self) -> Option<VersionId> {
        label::teacher(&self.project.history().expect("memory")).cloned()
    }
}

fn cells(hour: i64) -> String {
    let [size, east, north] = flat(hour).0;
    format!("\"size\":{size},\"east\":{east},\"north\":{north}")
}

#[test]
fn what_is_asked_teaches_and_later_rows_tell_how_like_its_teacher_the_student_is() -> Result<(), StageError> {
    let world = World::new();
    let project = &world.project;
    world.log(HOURS..HOURS + 300, false, cells);
    world.log(HOURS + 300..HOURS + 350, true, cells);
    world.log(HOURS + 350..HOURS + 390, false, |hour| cells(hour - HOURS));
    world.log(HOURS + 390..HOURS + 400, false, |hour| cells(hour - 500));
    world.log(HOURS + 400..HOURS + 420, false, |_| "\"size\":0.5,\"north\":1.0".into());
    assert_eq!(world.teacher(), None, "no student serves yet");

    let lesson = distill::run(project, &mut Silent)?.facts.lesson;
    assert_eq!((lesson.real, lesson.bred), (LEARNED as u64, 0));
    assert_eq!(lesson.live, 300, "neither what has an outcome nor rows of the table, whoever has them");
    assert_eq!((lesson.aside, lesson.until), (40 + 10 + 20, Some(at(HOURS + 299))));

    let teacher = world.teacher().expect("a student serves");
    world.log(HOURS + 420..HOURS + 620, false, cells);
    let found = label::run(project, &teacher, None, &mut Silent)?;
    assert_eq!((found.answers.rows(), found.aside), (300 + 40 + 10 + 200, 20));
    let fidelity = found.fidelity.expect("a student serves");
    // the ten rows of the gate are no rows that either learned from
    assert_eq!(fidelity.agreement.rows, 10 + 200, "no row of the lesson, none of the training rows");
    assert!(fidelity.agreement.low > 0.6 && fidelity.agreement.high <= 1.0, "{fidelity:?}");
    assert!(fidelity.divergence.value > 0.0 && fidelity.variation.value > 0.0, "{fidelity:?}");

    let fresh = world.write("fresh.csv", &csv(HOURS..HOURS + 1_500));
    let found = label::run(project, &teacher, Some(&fresh), &mut Silent)?;
    let rows = lifecycle::data::read(&project.plan, &fresh)?;
    let said = version::open(project, &teacher)?.answer(&rows)?;
    let column = |name: &str| found.answers.column(name).expect("there").values.clone();
    let yes: Vec<f64> = said.values.chunks(2).map(|row| row[1]).collect();
    assert_eq!(column("probabilities:yes"), Values::Number(yes.clone()));
    assert_eq!(column("row"), Values::Number((1..=1_500).map(f64::from).collect()));
    let labels = yes.iter().map(|yes| Some(if *yes > 0.5 { "yes" } else { "no" }.to_string()));
    assert_eq!(column("label"), Values::Text(labels.collect()));

    let table = project.source();
    let fidelity = label::run(project, &teacher, Some(&table), &mut Silent)?.fidelity.expect("known");
    assert_eq!(fidelity.agreement.rows as i64, HOURS - TRAIN, "on rows that judge alone");

    let narrow = world.write("narrow.csv", "size,north\n0.5,1\n");
    let error = label::run(project, &teacher, Some(&narrow), &mut Silent).expect_err("a column is missing");
    assert!(error.to_string().contains("east") && error.hint().is_some(), "{error}");
    let stopped = label::run(project, &teacher, None, &mut Heard { stops: true, ..Heard::default() });
    assert!(matches!(stopped, Err(StageError::Interrupted)));
    Ok(())
}

#[test]
fn a_retrained_student_stays_a_student_of_its_teacher() -> Result<(), StageError> {
    let world = World::new();
    let project = &world.project;
    let found = distill::run(project, &mut Silent)?;
    let teacher = world.teacher().expect("a student serves");
    let domain::distill::DistillDecision::Choose { student, .. } = &found.decision else { panic!("chosen") };
    let retrained = |hours: Range<i64>| -> Result<Vec<String>, StageError> {
        world.log(hours, true, cells);
        let mut heard = Heard::default();
        let renewal = retrain::run(project, &live::read(project)?, true, &mut heard)?;
        let [(id, _)] = &renewal.judged[..] else { panic!("{:?}", renewal.decision) };
        let events = project.registry.events(0)?;
        let taught = |event: &Event| {
            matches!(event, Event::Registered { version, origin: Origin::Student { teacher: by }, .. }
            if version == id && *by == teacher)
        };
        assert!(events.iter().any(|recorded| taught(&recorded.event)), "a student of the same teacher");
        assert!(heard.said.contains(student), "the same kind of student: {:?}", heard.said);
        Ok(heard.said)
    };
    let heard = |said: &[String], line: &str| said.iter().any(|s| s.contains(line));

    let said = retrained(HOURS..HOURS + 400)?;
    // out of fold where the teacher learned, and its answer to the guard, the gate's rows and half of the live ones
    let all = format!("of {} rows it hears the teacher {teacher}, of 0 the truth alone", HOURS + 200);
    assert!(heard(&said, &all), "{said:?}");

    std::fs::remove_dir_all(project.state().join("distill")).expect("a shelf");
    let said = retrained(HOURS + 400..HOURS + 800)?;
    assert!(heard(&said, &format!("of {LEARNED} the truth alone")), "{said:?}");
    let kept = std::fs::read_dir(project.state().join("distill")).expect("a shelf").count();
    assert_eq!(kept, 0, "nothing was fitted");
    Ok(())
}
