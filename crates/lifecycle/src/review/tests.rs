//! The whole way from a logged prediction to a label in the journal: draws, two reviewers, leases, restarts.

use super::desk::{Reply, UNDO};
use super::*;
use crate::{Project, live};
use domain::diagnosis::{Exact, Facts, Labels, diagnose};
use domain::review::{Basis, Why};
use domain::time::{DAY, HOUR, SECOND};
use domain::{
    Domain, Event, Field, History, Kind, Outcome, OutputKind, Outputs, Plan, Prediction, PredictionId,
    Schema, ServedBy, Signature, Source, Table, Task, Timestamp, Values, VersionId,
};
use models::Predict;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use store::{Entry, MemoryBlobs, MemoryJournal, MemoryRegistry};

const PLAN: &str = "name = \"m\"\ntask = \"classification\"\n[data]\nsource = \"rows.csv\"\ntarget = \"y\"\n";
/// When the tests begin.
const BEGIN: i64 = 20_000 * DAY;

/// Sure of `yes` by its column.
struct Share(Signature);

impl Predict for Share {
    fn signature(&self) -> &Signature {
        &self.0
    }

    fn predict(&self, rows: &Table) -> Result<Outputs, models::PredictError> {
        let Some(Values::Number(p)) = rows.column("p").map(|c| &c.values) else { panic!("no p") };
        Ok(Outputs { kind: self.0.output.clone(), values: p.iter().flat_map(|p| [1.0 - p, *p]).collect() })
    }
}

fn model() -> Arc<dyn Predict> {
    let p = Field { name: "p".into(), kind: Kind::Number, nullable: false, domain: Domain::Any };
    let output = OutputKind::Probabilities { classes: vec!["no".into(), "yes".into()] };
    Arc::new(Share(Signature { task: Task::Classification, inputs: Schema { fields: vec![p] }, output }))
}

/// A project in memory whose clock goes on when it is told to.
struct World {
    project: Project,
    clock: Arc<AtomicI64>,
    dir: tempfile::TempDir,
}

impl World {
    fn new(review: &str) -> World {
        let clock = Arc::new(AtomicI64::new(BEGIN));
        let now = Arc::clone(&clock);
        let project = Project {
            dir: PathBuf::from("."),
            plan: Arc::new(Plan::parse(&format!("{PLAN}[review]\n{review}")).expect("a plan")),
            registry: Arc::new(MemoryRegistry::default()),
            blobs: Arc::new(MemoryBlobs::default()),
            journal: Arc::new(MemoryJournal::default()),
            now: Arc::new(move || Timestamp(now.load(Ordering::Relaxed))),
            door: None,
        };
        World { project, clock, dir: tempfile::tempdir().expect("a folder") }
    }

    fn desk(&self) -> Desk {
        Desk::open(&self.project, &file(self.dir.path()), model()).expect("whole")
    }

    fn pass(&self, time: i64) {
        self.clock.fetch_add(time, Ordering::Relaxed);
    }

    /// Rows answered over a day, one every so often; the row's number decides how sure the model is.
    fn answer(&self, count: usize) {
        let begin = (self.project.now)().0;
        let predictions = (0..count).map(|row| {
            let p = 0.5 + 0.5 * ((row * 37) % 100) as f64 / 100.0;
            let at = Timestamp(begin + row as i64 * (DAY / count as i64));
            Entry::Prediction(Prediction {
                id: domain::PredictionId::new(at, 0, 7, row as u64),
                at,
                version: VersionId("v".into()),
                served_by: ServedBy::Intended,
                unit: None,
                assignment: None,
                input: format!("{{\"p\":{p}}}"),
                output: vec![1.0 - p, p],
                latency_us: 1,
            })
        });
        self.project.journal.append(&predictions.collect::<Vec<_>>()).expect("kept");
        self.pass(DAY + 10 * SECOND);
    }

    fn history(&self) -> History {
        self.project.history().expect("readable")
    }

    fn draw(&self, desk: &Desk) -> Option<usize> {
        let now = live::read(&self.project).expect("readable").now;
        draw(&self.project, desk, &self.history(), now).expect("drawn")
    }

    /// A diagnosis of a version that wakes somebody.
    fn alarm(&self, version: &VersionId) {
        let at = (self.project.now)();
        let exact = Exact { rows: 100, wrong: 0, worst: 0.0 };
        let facts = Facts {
            version: version.clone(),
            from: at,
            to: at,
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
        assert!(diagnosis.alarm, "{diagnosis:?}");
        let rules = serde_json::json!({});
        self.project.record(&[Event::Diagnosed { facts: Box::new(facts), rules, diagnosis }]).expect("kept");
    }

    fn outcomes(&self, desk: &Desk) -> Vec<(Source, String)> {
        let of = |item: &Item| self.project.journal.outcomes(item.prediction).expect("readable");
        desk.items().iter().flat_map(of).map(|outcome| (outcome.source, outcome.value)).collect()
    }
}

/// Labels everything that a person is given; tells which items.
fn label_all(desk: &Desk, person: &str, label: impl Fn(&str) -> &'static str) -> Vec<String> {
    let mut labelled = Vec::new();
    while let Some(item) = desk.next(person, 1).expect("a name").first() {
        desk.answer(person, item, Some(label(item))).expect("kept");
        labelled.push(item.clone());
    }
    labelled
}

#[test]
fn rows_are_drawn_once_a_draw_and_every_prediction_is_in_one() {
    let world = World::new("daily = 40\n");
    let desk = world.desk();
    assert_eq!(world.draw(&desk), None, "nothing was answered yet");
    world.answer(600);
    let first = world.draw(&desk).expect("a day's worth");
    assert!((20..60).contains(&first), "{first} of about 40");
    assert_eq!(world.draw(&desk), None, "no time has passed by the rows' own clock");
    world.answer(600);
    world.draw(&desk).expect("the next day");
    let rounds = desk.rounds();
    assert_eq!((rounds[0].rows, rounds[1].rows, rounds[0].to), (600, 600, rounds[1].from));
    assert_ne!(rounds[0].salt, rounds[1].salt);
    let ids: BTreeSet<_> = desk.items().iter().map(|item| item.prediction).collect();
    assert_eq!(ids.len(), desk.items().len(), "no prediction is two items");
    let least = desk.items().iter().map(|item| item.asked.chance).fold(1.0, f64::min);
    assert!(least >= world.project.plan.review.floor - 1e-12, "{least}");
    let none = World::new("daily = 0\n");
    none.answer(600);
    assert_eq!(none.draw(&none.desk()), None, "nobody is asked");
}

#[test]
fn two_people_never_hold_one_item_and_nothing_is_lost_over_a_restart() {
    let world = World::new("daily = 60\ngold = 0.0\n");
    let desk = world.desk();
    world.answer(600);
    let drawn = world.draw(&desk).expect("drawn");
    let (ann, bob) = (desk.next("ann", 4).expect("a name"), desk.next("bob", 4).expect("a name"));
    assert!(ann.len() == 4 && bob.len() == 4 && ann.iter().all(|item| !bob.contains(item)));
    desk.answer("ann", &ann[0], Some("yes")).expect("hers");
    let taken = desk.answer("bob", &ann[1], Some("no")).expect_err("ann has it");
    assert!(
        taken.to_string().ends_with("is with somebody else: the time to answer it had run out"),
        "{taken}"
    );
    drop(desk);
    let desk = world.desk();
    assert_eq!(desk.next("ann", 3).expect("a name"), ann[1..], "a reload and a restart give the same again");
    assert_eq!(desk.next("bob", 4).expect("a name"), bob);
    assert_eq!(desk.people(), [("ann".to_owned(), 1)]);
    // the same answer sent again, since its reply was lost
    desk.answer("ann", &ann[0], Some("yes")).expect("known");
    assert!(desk.answer("ann", &ann[0], Some("no")).is_err(), "another answer is not");
    assert_eq!(desk.progress().labels, 1);
    let (one, two) = (label_all(&desk, "ann", |_| "yes"), label_all(&desk, "bob", |_| "yes"));
    let needed: usize = desk.items().iter().map(|item| item.asked.needs).sum();
    assert!(one.iter().collect::<BTreeSet<_>>().len() == one.len() && two.len() > 3);
    assert_eq!(desk.progress().settled, drawn, "everything has its label");
    assert_eq!(desk.progress().labels, needed, "and no more than it needs");
}

#[test]
fn a_lease_runs_out_and_the_late_answer_is_refused_once_it_would_be_one_too_many() {
    let world = World::new("daily = 60\ndouble = 0.0\n");
    let desk = world.desk();
    world.answer(600);
    world.draw(&desk).expect("drawn");
    let item = desk.next("ann", 1).expect("a name")[0].clone();
    world.pass(9 * 60 * SECOND);
    assert!(!desk.next("bob", 99).expect("a name").contains(&item), "ten minutes are not over");
    world.pass(2 * 60 * SECOND);
    assert!(desk.next("bob", 99).expect("a name").contains(&item));
    assert!(matches!(desk.answer("ann", &item, Some("yes")), Err(DeskError::Refused(Refused::Held(_)))));
    desk.answer("bob", &item, Some("no")).expect("his");
    assert!(matches!(desk.answer("ann", &item, Some("yes")), Err(DeskError::Refused(Refused::Closed(_)))));
    assert_eq!(desk.progress().labels, 1);
}

#[test]
fn an_answer_counts_after_a_minute_and_until_then_can_be_taken_back() {
    let world = World::new("daily = 60\ndouble = 0.0\ngold = 0.0\n");
    let desk = world.desk();
    world.answer(600);
    world.draw(&desk).expect("drawn");
    let item = desk.next("ann", 1).expect("a name")[0].clone();
    desk.answer("ann", &item, Some("yes")).expect("kept");
    assert_eq!(desk.settle().expect("kept"), 0);
    assert_eq!(desk.undo("ann").expect("not yet"), Some(item.clone()));
    assert_eq!((desk.progress().labels, desk.next("ann", 1).expect("a name")[0].clone()), (0, item.clone()));
    desk.answer("ann", &item, Some("no")).expect("kept");
    world.pass(UNDO);
    assert_eq!((desk.settle().expect("kept"), desk.settle().expect("kept")), (1, 0));
    assert_eq!(world.outcomes(&desk), [(Source::Reviewer, "no".into())]);
    assert!(matches!(desk.undo("ann"), Err(DeskError::Refused(Refused::Counts(_)))));
    drop(desk);
    let desk = world.desk();
    assert_eq!((desk.settle().expect("kept"), desk.progress().noted), (0, 1), "it is noted once");
    let live = live::read(&world.project).expect("readable");
    assert_eq!(
        live.rows.iter().map(|row| row.truth.as_str()).collect::<Vec<_>>(),
        ["no"],
        "training sees it"
    );
}

#[test]
fn a_third_person_decides_and_what_nobody_can_tell_is_put_aside() {
    let world = World::new("daily = 60\ndouble = 1.0\ngold = 0.0\n");
    let desk = world.desk();
    world.answer(600);
    let drawn = world.draw(&desk).expect("drawn");
    let odd =
        |item: &str| if item.ends_with(['0', '2', '4', '6', '8', 'a', 'c', 'e']) { "yes" } else { "no" };
    assert_eq!(label_all(&desk, "ann", |_| "yes").len(), drawn);
    assert_eq!(label_all(&desk, "bob", odd).len(), drawn);
    let differ = desk.items().iter().filter(|item| item.label().is_none()).count();
    assert!(differ > 0 && desk.agreement().0.expect("two labels each") < 0.2);
    let third = desk.next("cem", 99).expect("a name");
    assert_eq!(third.len(), differ, "only what two people differ on");
    desk.answer("cem", &third[0], Some("no")).expect("kept");
    let decided = desk.items().into_iter().find(|item| item.asked.prediction == third[0]).expect("there");
    assert_eq!(decided.label(), Some("no"));
    for person in ["cem", "dag", "eve"] {
        desk.next(person, 99).expect("a name");
        desk.answer(person, &third[1], None).expect("passed on");
        world.pass(HOUR);
    }
    assert_eq!(desk.progress().aside, 1);
    assert!(!desk.next("fay", 99).expect("a name").contains(&third[1]));
}

#[test]
fn gold_measures_people_and_never_goes_into_the_journal_again() {
    let world = World::new("daily = 100\ngold = 0.5\n");
    let desk = world.desk();
    world.answer(600);
    world.draw(&desk).expect("drawn");
    let mut outcomes = Vec::new();
    let everything = (Timestamp(i64::MIN), Timestamp(i64::MAX));
    let observed = |prediction| {
        let value = "yes".into();
        Entry::Outcome(Outcome { prediction, at: Timestamp(BEGIN), value, source: Source::Observed })
    };
    let collect = &mut |story: domain::Story| outcomes.push(observed(story.prediction.id));
    world.project.journal.stories(everything.0, everything.1, collect).expect("readable");
    world.project.journal.append(&outcomes).expect("kept");
    world.answer(600);
    world.draw(&desk).expect("drawn");
    let gold = |item: &&Item| item.asked.why == Why::Gold;
    let golds = desk.items().iter().filter(gold).count();
    assert!(golds > 10, "{golds}: one for every two items");
    label_all(&desk, "ann", |_| "yes");
    assert_eq!((desk.gold(Some("ann")), desk.gold(Some("bob"))), ((golds, golds), (0, 0)));
    desk.settle_all().expect("kept");
    let twice = desk
        .items()
        .into_iter()
        .filter(|item| item.asked.why == Why::Gold)
        .map(|item| world.project.journal.outcomes(item.prediction));
    assert!(twice.into_iter().all(|outcomes| outcomes.expect("readable").len() == 1));
}

#[test]
fn the_live_error_is_told_from_a_few_labels_without_bias() {
    let world = World::new("daily = 150\ngold = 0.0\ndouble = 0.0\n");
    let desk = world.desk();
    // the model says yes, and is wrong as often as it says: 25% on average
    let truth = |id: &str| {
        let prediction = world.project.journal.prediction(PredictionId::parse(id).expect("hex"));
        let sure = prediction.expect("readable").expect("there").output[1];
        if domain::experiment::uniform("truth", id) < sure { "yes" } else { "no" }
    };
    for _ in 0..10 {
        world.answer(400);
        world.draw(&desk).expect("drawn");
        assert!(live_loss(&world.project, &desk, &world.history()).expect("measured").waiting <= 1);
        label_all(&desk, "ann", truth);
    }
    let loss = live_loss(&world.project, &desk, &world.history()).expect("measured");
    let mut wrong = 0;
    let all = &mut |story: domain::Story| wrong += u64::from(truth(&story.prediction.id.to_string()) == "no");
    world.project.journal.stories(Timestamp(i64::MIN), Timestamp(i64::MAX), all).expect("readable");
    let wrong = wrong as f64 / 4000.0;
    let (all, audit) = (loss.all.expect("labels"), loss.audit.expect("labels"));
    assert_eq!((loss.rows, loss.waiting), (4000, 0));
    let se = (all.high - all.low) / 3.92;
    assert!((all.value - wrong).abs() < 2.5 * se, "{all:?} for {wrong}");
    assert!((audit.value - wrong).abs() < (audit.high - audit.low), "{audit:?} for {wrong}");
    let naive = loss.naive.expect("labels");
    assert!(naive - wrong > 2.0 * se, "{naive} for {wrong}: doubtful rows were drawn more often");
}

#[test]
fn a_version_is_certified_by_the_audit_and_an_alarm_takes_it_back() {
    let world = World::new(
        "error = 0.3\ndaily = 2000\ngold = 0.0\ndouble = 0.0\naudit = 0.9\nmandatory = 0.05\nnovelty = 0.05\n",
    );
    let version = VersionId("v".into());
    let deployed = Event::Deployed { incumbent: version.clone(), fallback: vec![] };
    world.project.record(&[deployed]).expect("kept");
    let desk = world.desk();
    let said = certify(&world.project, Some(&desk), &world.history()).expect("asked").expect("it is new");
    // the plan's table is not there, so there are no rows of the gate
    assert_eq!((said.threshold, said.missing.is_some()), (None, true));
    assert_eq!(certify(&world.project, Some(&desk), &world.history()).expect("asked"), None, "nothing new");
    world.answer(600);
    world.draw(&desk).expect("drawn");
    let abstained = desk.items().into_iter().filter(|item| item.asked.why != Why::Audit);
    assert!(abstained.into_iter().all(|item| item.asked.why != Why::Doubted), "nothing was given alone");
    let truth = |id: &str| {
        let prediction = world.project.journal.prediction(PredictionId::parse(id).expect("hex"));
        let sure = prediction.expect("readable").expect("there").output[1];
        if domain::experiment::uniform("truth", id) < sure { "yes" } else { "no" }
    };
    label_all(&desk, "ann", truth);
    let said = certify(&world.project, Some(&desk), &world.history()).expect("asked").expect("labels came");
    let threshold = said.threshold.expect("25% of all are wrong, and fewer of the sure ones");
    assert!(threshold < 0.75 && said.share > 0.5, "{said:?}");
    let recorded = world.history();
    let last = recorded.certificates.last().expect("recorded");
    let rules = serde_json::from_value(last.rules.clone()).expect("a section");
    assert_eq!(domain::review::certify(&rules, &last.facts), last.certificate, "it can be decided again");
    assert_eq!(last.facts.attempt, 1, "what could not be had yet cost nothing");

    world.pass(HOUR);
    world.alarm(&version);
    let after =
        certify(&world.project, Some(&desk), &world.history()).expect("asked").expect("an alarm came");
    assert_eq!(
        (after.threshold, after.missing.is_some()),
        (None, true),
        "what was labelled before says nothing"
    );
    let now = (world.project.now)();
    assert_eq!(world.history().threshold(&version, now), None, "nothing is given alone any more");
    assert_eq!(certify(&world.project, Some(&desk), &world.history()).expect("asked"), None, "nothing new");
    world.answer(600);
    world.draw(&desk).expect("drawn");
    label_all(&desk, "ann", truth);
    let again = certify(&world.project, Some(&desk), &world.history()).expect("asked").expect("labels came");
    let recorded = world.history();
    let last = recorded.certificates.last().expect("recorded");
    assert!(again.threshold.is_some() && last.facts.attempt == 2, "{again:?}");
    assert_eq!(last.facts.since, now, "from the alarm on");
    assert_eq!(
        certify(&world.project, Some(&desk), &recorded).expect("asked"),
        None,
        "it stands until the next"
    );

    world.pass(HOUR);
    let successor = VersionId("w".into());
    let deployed = Event::Deployed { incumbent: successor.clone(), fallback: vec![version.clone()] };
    world.project.record(&[deployed]).expect("kept");
    certify(&world.project, Some(&desk), &world.history()).expect("asked").expect("a new version serves");
    let recorded = world.history();
    let own = recorded.certificates_of(&successor).next_back().expect("asked about it");
    assert_eq!((own.facts.attempt, own.facts.basis), (1, Basis::Test), "by rows that it never saw");
    assert!(recorded.threshold(&version, (world.project.now)()).is_some(), "the one behind it keeps its own");
}

#[test]
fn answers_from_elsewhere_are_taken_once_and_cancelled_ones_are_counted() {
    let world = World::new("daily = 60\ndouble = 0.0\ngold = 0.0\n");
    let desk = world.desk();
    world.answer(600);
    let drawn = world.draw(&desk).expect("drawn");
    let path = |name: &str| world.dir.path().join(name);
    let tasks = exchange::export(&desk, exchange::Form::LabelStudio, false).expect("written");
    assert!(!tasks.contains("chance") && !tasks.contains("abstained"), "people elsewhere are as blind");
    let mut tasks: serde_json::Value = serde_json::from_str(&tasks).expect("JSON");
    let choice = |label: &str| serde_json::json!([{"type": "choices", "value": {"choices": [label]}}]);
    let id = |tasks: &serde_json::Value, place: usize| {
        tasks[place]["data"]["prediction_id"].as_str().expect("an id").to_owned()
    };
    tasks[0]["annotations"] = serde_json::json!([
        {"was_cancelled": true, "completed_by": 3, "result": choice("no")},
        {"was_cancelled": false, "completed_by": {"email": "ann@example.org"}, "result": choice("yes")},
    ]);
    std::fs::write(path("done.json"), tasks.to_string()).expect("written");
    let found = exchange::read(&path("done.json")).expect("readable");
    assert_eq!((found.cancelled, found.empty), (1, drawn - 1));
    let worker = "ann@example.org".to_owned();
    let reply = Reply { prediction: id(&tasks, 0), worker, label: Some("yes".into()) };
    assert_eq!(found.replies, std::slice::from_ref(&reply));
    let csv = format!(
        "prediction_id,label,worker\n{},yes,bob\n{},,bob\n{:032x},no,bob\n",
        id(&tasks, 1),
        id(&tasks, 2),
        5
    );
    std::fs::write(path("more.csv"), csv).expect("written");
    let more = exchange::read(&path("more.csv")).expect("readable");
    assert_eq!((more.replies.len(), more.empty), (2, 1));
    let told = desk.import(&[found.replies, more.replies].concat()).expect("kept");
    assert_eq!((told.taken, told.unknown), (2, 1));
    let again = desk.import(&[reply.clone(), Reply { worker: "eve".into(), ..reply }]).expect("kept");
    assert_eq!((again.taken, again.known, again.refused), (0, 1, 1));
    assert_eq!(desk.settle_all().expect("kept"), 2);
    assert_eq!(world.outcomes(&desk), [(Source::Reviewer, "yes".into()), (Source::Reviewer, "yes".into())]);
    let lines = exchange::export(&desk, exchange::Form::Csv, true).expect("written");
    assert!(
        lines.starts_with("prediction_id,why,draw_probability,label,labels,p\n")
            && lines.lines().count() == drawn + 1
    );
    let odd = exchange::read(&path("more.xml")).expect_err("no such form").to_string();
    assert!(odd.contains("expected .json (Label Studio), .csv or .ndjson"), "{odd}");
}
