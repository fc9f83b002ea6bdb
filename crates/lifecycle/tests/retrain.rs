//! Retraining on a small project: what triggers it, what is remembered of it, and that two never run at once.

use domain::diagnosis::{Cause, Exact, Facts, Labels, diagnose};
use domain::plan::Plan;
use domain::retrain::{RetrainDecision, retrain as rule};
use domain::review::{Basis, Why};
use domain::time::{DAY, HOUR};
use domain::{Event, Outcome, Prediction, PredictionId, ServedBy, Source, Timestamp};
use lifecycle::{Progress, Project, Silent, StageError, decay, live, measure, retrain, review, up, version};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::Arc;
use store::{Entry, MemoryBlobs, MemoryJournal, MemoryRegistry};

const PLAN: &str = r#"
name = "coins"
task = "classification"
[data]
source = "rows.csv"
target = "y"
time = "at"
[train]
trainers = ["logistic"]
[gate]
min_rows = 50
[retrain]
on_labels = 200
"#;
/// Hours of the table; live rows come after.
const HOURS: i64 = 900;

struct World {
    project: Project,
    /// Kept until the test is over.
    _folder: tempfile::TempDir,
}

/// A row of some hour: `x` from 0 to 1, `yes` with chance `x`.
fn row(hour: i64) -> (f64, &'static str) {
    let noise = |stream| stats::random::unit(3, stream, hour as u64);
    (noise(0), if noise(1) < noise(0) { "yes" } else { "no" })
}

fn at(hour: i64) -> Timestamp {
    Timestamp(20_000 * DAY + hour * HOUR)
}

impl World {
    fn new() -> World {
        World::with("")
    }

    /// With more in its plan.
    fn with(more: &str) -> World {
        let folder = tempfile::tempdir().expect("a folder");
        let mut table = String::from("at,x,y\n");
        for hour in 0..HOURS {
            let (x, y) = row(hour);
            writeln!(table, "{},{x},{y}", at(hour)).expect("text");
        }
        std::fs::write(folder.path().join("rows.csv"), table).expect("written");
        let project = Project {
            dir: folder.path().into(),
            plan: Arc::new(Plan::parse(&format!("{PLAN}{more}")).expect("a plan")),
            registry: Arc::new(MemoryRegistry::default()),
            blobs: Arc::new(MemoryBlobs::default()),
            journal: Arc::new(MemoryJournal::default()),
            now: Arc::new(|| at(4 * HOURS)),
            door: None,
        };
        up::run(&project, &mut Silent).expect("it trains");
        World { project, _folder: folder }
    }

    /// Labelled live rows of these hours after the table.
    fn traffic(&self, hours: std::ops::Range<i64>) {
        self.answer(hours, true);
    }

    /// Live rows of these hours after the table; the world tells what was true of them, or not.
    fn answer(&self, hours: std::ops::Range<i64>, observed: bool) {
        let incumbent =
            self.project.history().expect("memory").incumbent().expect("deployed").version.clone();
        let mut entries = Vec::new();
        for hour in hours {
            let at = at(HOURS + hour);
            let (x, y) = row(HOURS + hour);
            let id = PredictionId::new(at, 0, 1, hour as u64);
            entries.push(Entry::Prediction(Prediction {
                id,
                at,
                version: incumbent.clone(),
                served_by: ServedBy::Intended,
                unit: None,
                assignment: None,
                input: format!("{{\"at\":\"{at}\",\"x\":{x}}}"),
                output: vec![1.0 - x, x],
                latency_us: 100,
            }));
            let source = Source::Observed;
            let outcome = Outcome { prediction: id, at, value: y.into(), source };
            entries.extend(observed.then_some(Entry::Outcome(outcome)));
        }
        self.project.journal.append(&entries).expect("memory");
    }

    fn run(&self, by_hand: bool) -> retrain::Renewal {
        let live = live::read(&self.project).expect("memory");
        retrain::run(&self.project, &live, by_hand, &mut Silent).expect("the stage runs")
    }

    /// Draws rows for people, who tell what is true of all of them.
    fn review(&self) -> review::Desk {
        std::fs::create_dir_all(self.project.state()).expect("made");
        let history = self.project.history().expect("memory");
        let incumbent = history.incumbent().expect("deployed");
        let model = version::open(&self.project, &incumbent.version).expect("kept").model;
        let file = review::file(&self.project.state());
        let desk = review::Desk::open(&self.project, &file, model).expect("a file");
        let clock = live::read(&self.project).expect("memory").now;
        review::draw(&self.project, &desk, &history, clock).expect("a file").expect("a day has passed");
        while let Some(item) = desk.next("ann", 1).expect("a name").first() {
            let id = PredictionId::parse(item).expect("an id");
            let hour =
                (self.project.journal.prediction(id).expect("memory").expect("there").at.0 - at(0).0) / HOUR;
            desk.answer("ann", item, Some(row(hour).1)).expect("a file");
        }
        desk.settle_all().expect("memory");
        desk
    }

    /// A diagnosis of the incumbent: its golden rows are answered wrongly.
    fn diagnose_a_bug(&self) {
        let version = self.project.history().expect("memory").incumbent().expect("deployed").version.clone();
        let exact = Exact { rows: 100, wrong: 0, worst: 0.0 };
        let facts = Facts {
            version,
            from: at(HOURS),
            to: at(HOURS + 1),
            rows: 100,
            columns: 1,
            golden: Exact { wrong: 7, worst: 0.5, ..exact },
            answers: exact,
            answer_fault: None,
            misbehaviour: vec![],
            replay: None,
            faults: vec![],
            moved: vec![],
            told_apart: None,
            loss: None,
            labels: Labels::default(),
            kpi: None,
        };
        let diagnosis = diagnose(&self.project.plan.watch, &facts);
        assert_eq!(diagnosis.cause, Cause::ServingBug);
        let rules = serde_json::to_value(&self.project.plan.watch).expect("plain data");
        let event = Event::Diagnosed { facts: Box::new(facts), rules, diagnosis };
        self.project.record(&[event]).expect("memory");
    }
}

#[test]
fn labels_trigger_it_a_bug_keeps_it_and_all_of_it_can_be_decided_again() {
    let world = World::new();
    world.traffic(0..150);
    let waits = world.run(false).decision;
    assert!(
        matches!(&waits, RetrainDecision::Wait(why) if why.contains("of 200 labelled rows")),
        "{waits:?}"
    );
    world.traffic(150..400);
    let trained = world.run(false);
    assert!(matches!(&trained.decision, RetrainDecision::Train(why) if why.contains("200 are enough")));
    assert_eq!(trained.judged.len(), 1);
    let waits = world.run(false).decision;
    assert!(
        matches!(&waits, RetrainDecision::Wait(why) if why.contains("0 of 200 labelled rows")),
        "{waits:?}"
    );

    world.traffic(400..800);
    world.diagnose_a_bug();
    for _ in 0..3 {
        let refused = world.run(false).decision;
        assert!(
            matches!(&refused, RetrainDecision::Refuse(why) if why.contains("serving bug")),
            "{refused:?}"
        );
    }
    let by_hand = world.run(true);
    assert!(matches!(&by_hand.decision, RetrainDecision::Train(why) if why.contains("although")));

    let history = world.project.history().expect("memory");
    assert_eq!(history.triggers.len(), 2);
    assert_eq!(history.retrains.len(), 3, "a refusal that is the same again is no news");
    for remembered in &history.retrains {
        let rules = serde_json::from_value(remembered.rules.clone()).expect("a plan section");
        assert_eq!(rule(&rules, &remembered.facts), remembered.decision);
    }
}

#[test]
fn whoever_comes_second_waits() {
    let world = World::new();
    world.traffic(0..400);
    let lock = world.project.dir.join(".incumbent").join("retrain.lock");
    std::fs::create_dir_all(lock.parent().expect("a folder")).expect("made");
    let other = std::fs::File::create(&lock).expect("made");
    other.lock().expect("nobody has it");
    for by_hand in [false, true] {
        let waits = world.run(by_hand).decision;
        assert!(matches!(&waits, RetrainDecision::Wait(why) if why.contains("one at a time")), "{waits:?}");
    }
    drop(other);
    assert!(matches!(world.run(true).decision, RetrainDecision::Train(_)));
}

#[test]
fn what_was_cut_short_is_done_again() {
    let world = World::new();
    world.traffic(0..400);
    let live = live::read(&world.project).expect("memory");
    let mut stops = Watched { begun: 0, stop_at: 0.0 };
    let stopped = retrain::run(&world.project, &live, false, &mut stops);
    assert!(matches!(stopped, Err(StageError::Interrupted)));
    let again = world.run(false);
    assert!(
        matches!(&again.decision, RetrainDecision::Train(why) if why.contains("attempt 2 of 3")),
        "{again:?}"
    );
    assert_eq!(again.judged.len(), 1);
    assert!(matches!(world.run(false).decision, RetrainDecision::Wait(_)));
}

/// Counts stages, and stops at some share of one.
struct Watched {
    begun: usize,
    stop_at: f64,
}

impl Progress for Watched {
    fn begin(&mut self, _: &str, _: &str) {
        self.begun += 1;
    }
    fn share(&mut self, share: f64) -> bool {
        share < self.stop_at
    }
    fn say(&mut self, _: &str) {}
}

#[test]
fn ageing_is_measured_once_and_can_be_stopped() {
    let world = World::new();
    world.traffic(0..200);
    let live = live::read(&world.project).expect("memory");
    let measure = |stop_at: f64| {
        let mut watched = Watched { begun: 0, stop_at };
        let found = decay::run(&world.project, &live, 9, &mut watched);
        (found, watched.begun)
    };
    assert!(matches!(measure(0.5), (Err(StageError::Interrupted), 1)));
    assert!(decay::known(&world.project.history().expect("memory")).is_none());
    let (first, begun) = measure(2.0);
    let first = first.expect("enough rows");
    assert_eq!((begun, first.rows, first.backtests.origins.len()), (1, 1100, 9));
    let (again, begun) = measure(2.0);
    assert_eq!((again.expect("kept"), begun), (first.clone(), 0));
    assert_eq!(decay::known(&world.project.history().expect("memory")), Some(first.ageing));
}

#[test]
fn what_people_tell_teaches_a_version_that_remembers_it() {
    let world = World::with(
        "[review]\ndaily = 600\ndouble = 0.0\ngold = 0.0\naudit = 0.4\nmandatory = 0.5\nerror = 0.3\n",
    );
    world.answer(0..900, false);
    let desk = world.review();
    let live = live::read(&world.project).expect("memory");
    assert!(live.rows.len() > 300 && live.rows.iter().all(|row| row.source == Source::Reviewer));
    assert!(
        measure::run(&world.project, &live).expect("memory").is_empty(),
        "doubt is no sample to measure on"
    );
    let trained = world.run(false);
    assert!(
        matches!(&trained.decision, RetrainDecision::Train(why) if why.contains("200 are enough")),
        "{trained:?}"
    );

    let history = world.project.history().expect("memory");
    let facts = &history.retrains[0].facts;
    let of = |why: fn(Why) -> bool| desk.items().into_iter().filter(move |item| why(item.asked.why));
    assert_eq!(facts.reviewed, of(Why::teaches).count() as u64);
    assert_eq!((facts.since_last, facts.new_rows), (facts.reviewed, of(|w| w == Why::Audit).count() as u64));
    let (challenger, verdict) = &trained.judged[0];
    let version = history.version(challenger).expect("registered");
    let taught = version.trained_on.reviewed.as_ref().expect("people taught it");
    assert!(taught.total() > 50 && taught.labels.keys().all(|why| why.teaches()), "{taught:?}");
    assert_eq!(version.trained_on.rows, HOURS as u64 + taught.total());
    let judged = history.verdict(challenger).expect("judged");
    assert_eq!((&judged.verdict, judged.facts.rows), (verdict, facts.new_rows - facts.new_rows / 2));

    let lessons = review::lessons(&world.project, version).expect("kept");
    let audit: BTreeSet<String> = of(|why| why == Why::Audit).map(|item| item.asked.prediction).collect();
    assert!(lessons.iter().all(|lesson| !audit.contains(&lesson.prediction)));
    assert!(
        lessons.iter().all(|l| l.weight == (1.0 / l.chance).min(20.0))
            && lessons.iter().any(|l| l.weight > 1.0)
    );
    let id = PredictionId::parse(&lessons[0].prediction).expect("an id");
    let learners = review::learners(&world.project, &history, id).expect("kept");
    assert_eq!(learners, [(version, lessons[0].clone())]);
    let unseen = PredictionId::parse(audit.first().expect("audited")).expect("an id");
    assert!(review::learners(&world.project, &history, unseen).expect("kept").is_empty());
    let waits = world.run(false).decision;
    assert!(
        matches!(&waits, RetrainDecision::Wait(why) if why.contains("0 of 200")),
        "known labels are no news: {waits:?}"
    );

    // the table's last fifth certified the first version, and taught this one
    let served = Event::Deployed { incumbent: challenger.clone(), fallback: vec![] };
    let certify = || review::certify(&world.project, Some(&desk), &world.project.history().expect("memory"));
    certify().expect("asked").expect("it is new");
    world.project.record(&[served]).expect("memory");
    certify().expect("asked").expect("it is new");
    let history = world.project.history().expect("memory");
    let [first, second] = [0, 1].map(|place| &history.certificates[place].facts);
    assert_eq!((first.labels, first.basis, second.basis), (HOURS as u64 / 5, Basis::Test, Basis::Test));
    let unseen = judged.facts.rows..=facts.new_rows;
    assert!(unseen.contains(&second.labels), "{} of {unseen:?} live rows that it never saw", second.labels);
}
