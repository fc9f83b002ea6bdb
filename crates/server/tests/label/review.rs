//! The review over HTTP in the server that serves: claims, answers, leases, undo and blindness; and the page of
//! maintenance with what that came to.

use crate::common::{Host, Running, bank, bank_model, run_with};
use crate::story;
use domain::ageing::{Ageing, Curve};
use domain::cadence::{Odds, recommend};
use domain::history::{History, Retraining};
use domain::plan::Retrain;
use domain::retrain::{RetrainDecision, RetrainFacts};
use domain::review::{Basis, Certificate, DeferralFacts, Taught, Why};
use domain::time::{DAY, SECOND};
use domain::{Plan, Prediction, PredictionId, ServedBy, Timestamp};
use lifecycle::Project;
use lifecycle::live::read;
use lifecycle::maintenance::{Maintenance, look};
use lifecycle::retrain::Asked;
use lifecycle::review::{Desk, draw, file};
use serde_json::{Value, json};
use server::{About, Limits, Progress, Source};
use serving::Settings;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use store::{Entry, MemoryBlobs, MemoryJournal, MemoryRegistry};
use tempfile::TempDir;

const PLAN: &str = "name = \"bank\"\ntask = \"classification\"\n[data]\nsource = \"rows.csv\"\ntarget = \"y\"\n\
                    [review]\nerror = 0.4\ndaily = 60\ndouble = 0.0\ngold = 0.0\n";
const BEGIN: i64 = 20_346 * DAY;

/// A host with a desk, and perhaps with what maintenance found.
struct Reviewed {
    host: Host,
    desk: Arc<Desk>,
    found: Option<Arc<Maintenance>>,
}

impl Source for Reviewed {
    fn history(&self) -> Arc<History> {
        self.host.history()
    }

    fn about(&self) -> About {
        self.host.about()
    }

    fn progress(&self) -> Option<Progress> {
        None
    }

    fn review(&self) -> Option<Arc<Desk>> {
        Some(Arc::clone(&self.desk))
    }

    fn maintenance(&self) -> Option<Arc<Maintenance>> {
        self.found.clone()
    }
}

/// A day of answers of which some are drawn for people.
struct World {
    project: Project,
    desk: Arc<Desk>,
    clock: Arc<AtomicI64>,
    history: History,
    _dir: TempDir,
}

impl World {
    fn new() -> World {
        let dir = tempfile::tempdir().expect("a folder");
        let clock = Arc::new(AtomicI64::new(BEGIN + DAY + 10 * SECOND));
        let now = Arc::clone(&clock);
        let project = Project {
            dir: dir.path().into(),
            plan: Arc::new(Plan::parse(PLAN).expect("a plan")),
            registry: Arc::new(MemoryRegistry::default()),
            blobs: Arc::new(MemoryBlobs::default()),
            journal: Arc::new(MemoryJournal::default()),
            now: Arc::new(move || Timestamp(now.load(Ordering::Relaxed))),
            door: None,
        };
        project.journal.append(&(0..600).map(answered).collect::<Vec<_>>()).expect("memory");
        std::fs::create_dir_all(project.state()).expect("made");
        let desk = Desk::open(&project, &file(&project.state()), Arc::new(bank_model())).expect("a new file");
        let history = history();
        let live = read(&project).expect("memory");
        draw(&project, &desk, &history, live.now).expect("a file").expect("a day has passed");
        World { project, desk: Arc::new(desk), clock, history, _dir: dir }
    }

    fn pass(&self, time: i64) {
        self.clock.fetch_add(time, Ordering::Relaxed);
    }

    fn serve(&self, found: Option<Maintenance>) -> Running {
        let (host, desk) = (Host(self.history.clone()), Arc::clone(&self.desk));
        let source = Reviewed { host, desk, found: found.map(Arc::new) };
        run_with(bank(Duration::from_secs(5)), Settings::default(), Limits::default(), Arc::new(source))
    }
}

/// The year of the other pages, whose incumbent is certified, learned from people and was retrained.
fn history() -> History {
    let mut history = story::history();
    let incumbent = history.deployment.as_ref().expect("deployed").incumbent.clone();
    let serving = history.versions.iter_mut().find(|v| v.version == incumbent).expect("registered");
    serving.trained_on.until = Some(Timestamp(BEGIN - 40 * DAY));
    let labels = [(Why::Abstained, 310), (Why::Novel, 44)].into();
    serving.trained_on.reviewed = Some(Taught { labels, list: "ab".into() });
    let judged = history.verdict(&incumbent).expect("judged").clone();
    let facts = DeferralFacts {
        version: incumbent.clone(),
        basis: Basis::Test,
        since: judged.at,
        attempt: 1,
        labels: 900,
        steps: vec![],
    };
    let why = "12 of 800 labelled answers were wrong".into();
    let certificate = Certificate { threshold: Some(0.6), share: 0.81, missing: None, why };
    history.certificates.push(domain::history::Certified {
        sequence: judged.sequence,
        at: Timestamp(BEGIN - DAY),
        facts,
        rules: json!({}),
        certificate,
    });
    history.retrains.push(Retraining {
        sequence: judged.sequence - 1,
        at: judged.at,
        facts: facts_of(&history),
        rules: json!({}),
        decision: RetrainDecision::Train(
            "354 labelled rows came since the last retrain, 300 are enough".into(),
        ),
    });
    history
}

fn facts_of(history: &History) -> RetrainFacts {
    RetrainFacts {
        incumbent: history.deployment.as_ref().expect("deployed").incumbent.clone(),
        now: Timestamp(BEGIN + DAY),
        last: Timestamp(BEGIN - 40 * DAY),
        new_rows: 212,
        since_last: 187,
        reviewed: 541,
        least_rows: 200,
        recent: vec![],
        cut_short: 0,
        cause: None,
        ageing: None,
        odds: Odds { passed: 1, judged: 2 },
        release: None,
        under_way: false,
        by_hand: false,
    }
}

/// One answer of the incumbent; the row's number decides how sure it is.
fn answered(row: u64) -> Entry {
    let at = Timestamp(BEGIN + row as i64 * (DAY / 600));
    let age = 18 + (row * 37) % 72;
    let (version, no) = (story::id('f'), 1.0 - age as f64 / 100.0);
    Entry::Prediction(Prediction {
        id: PredictionId::new(at, 0, 7, row),
        at,
        version,
        served_by: ServedBy::Intended,
        unit: None,
        assignment: None,
        input: json!({"age": age, "job": "nurse", "day": at.to_string(), "x": [1.0, 2.0]}).to_string(),
        output: vec![no, 1.0 - no],
        latency_us: 1,
    })
}

fn next(server: &Running, person: &str, count: usize) -> Vec<String> {
    let told = server.get(&format!("/api/review/next?person={person}&count={count}")).json();
    let items = told["items"].as_array().unwrap_or_else(|| panic!("{told}"));
    items.iter().map(|item| item["item"].as_str().expect("an id").to_owned()).collect()
}

fn say(server: &Running, person: &str, item: &str, label: Option<&str>) -> (u16, Value) {
    let body = json!({"person": person, "item": item, "label": label});
    let headers = [("content-type", "application/json")];
    let reply = server.post("/api/review/answers", body.to_string().as_bytes(), &headers);
    (reply.status, reply.json())
}

#[test]
fn an_item_is_one_persons_until_its_lease_runs_out_and_a_stale_answer_is_refused() {
    let world = World::new();
    let server = world.serve(None);
    let (ann, bob) = (next(&server, "ann", 3), next(&server, "bob", 3));
    assert!(
        ann.len() == 3 && bob.len() == 3 && ann.iter().all(|item| !bob.contains(item)),
        "{ann:?} {bob:?}"
    );
    assert_eq!(next(&server, "ann", 3), ann, "a reload gives the same again");
    let (status, told) = say(&server, "ann", &ann[0], Some("yes"));
    assert_eq!((status, &told["progress"]["own"], &told["progress"]["given"]), (200, &json!(1), &json!(1)));
    assert_eq!(say(&server, "ann", &ann[0], Some("yes")).0, 200, "sent again, since its reply was lost");
    assert_eq!(say(&server, "ann", &ann[0], Some("no")).0, 409);
    let (status, held) = say(&server, "bob", &ann[1], Some("no"));
    assert!(
        status == 410 && held["error"].as_str().is_some_and(|e| e.contains("with somebody else")),
        "{held}"
    );

    world.pass(11 * 60 * SECOND);
    assert!(next(&server, "bob", 20).contains(&ann[1]), "ten minutes are over");
    assert_eq!(say(&server, "bob", &ann[1], Some("no")).0, 200);
    let (status, stale) = say(&server, "ann", &ann[1], Some("yes"));
    assert!(
        status == 410 && stale["error"].as_str().is_some_and(|e| e.contains("its label already")),
        "{stale}"
    );
    assert_eq!(server.get("/api/review").json()["progress"]["given"], 2, "nothing is counted twice");
}

#[test]
fn what_was_said_can_be_passed_on_and_taken_back_for_a_minute() {
    let world = World::new();
    let server = world.serve(None);
    let items = next(&server, "ann", 2);
    assert_eq!(say(&server, "ann", &items[0], None).0, 200);
    assert!(!next(&server, "ann", 20).contains(&items[0]), "she passed it on");
    assert!(next(&server, "bob", 20).contains(&items[0]), "to somebody else");
    assert_eq!(say(&server, "ann", &items[1], Some("no")).0, 200);
    let undo = |person: &str| {
        let headers = [("content-type", "application/json")];
        server.post("/api/review/undo", json!({ "person": person }).to_string().as_bytes(), &headers)
    };
    let undone = undo("ann").json();
    assert_eq!((&undone["item"]["item"], &undone["progress"]["given"]), (&json!(items[1]), &json!(0)));
    assert_eq!(next(&server, "ann", 1), items[1..], "it is hers again");
    assert_eq!(say(&server, "ann", &items[1], Some("yes")).0, 200);
    world.pass(61 * SECOND);
    world.desk.settle().expect("a file");
    assert!(undo("ann").refusal(409).contains("counts already"));
    let unasked =
        server.post("/api/review/undo", b"{\"person\": \"ann\"}", &[("content-type", "text/plain")]);
    assert_eq!(unasked.status, 415, "what another site's page could send is not read");
}

#[test]
fn people_are_blind_to_what_the_model_said_and_why_they_are_asked() {
    let world = World::new();
    let server = world.serve(None);
    let told = server.get("/api/review/next?person=ann&count=20").text();
    let document = server.get("/review").text();
    assert!(told.contains("\"age\"") && document.contains("Which y?"), "{told}");
    let words = Why::ALL.map(Why::word);
    for text in [&told, &document, &server.get("/api/review").text()] {
        for word in words.iter().filter(|word| **word != "gold").chain(&["probab", "confidence", "chance"]) {
            assert!(!text.contains(word), "{word} is in {text}");
        }
    }
    let item = &next(&server, "ann", 1)[0];
    assert_eq!(say(&server, "ann", item, Some("maybe")).0, 400);
    assert_eq!(say(&server, "", item, Some("yes")).0, 400);
    assert_eq!(say(&server, "ann", &"0".repeat(32), Some("yes")).0, 404);
    assert_eq!(server.get(&format!("/api/review/picture/{item}/age")).status, 404, "a number is no picture");
}

/// What maintenance finds once everything was labelled, with a trainer that ages.
fn found(world: &World) -> Maintenance {
    while let Some(item) = world.desk.next("ann", 1).expect("a name").first() {
        world.desk.answer("ann", item, Some("yes")).expect("a file");
    }
    let live = read(&world.project).expect("memory");
    let found = look(&world.project, &world.history, &live, Some(&world.desk), false).expect("memory");
    let curve = Some(Curve { limit: 0.04, half_life: 30.0 });
    let half_life = (Some(18.0), Some(61.0));
    let ageing = Ageing { curve, half_life, oldest: 120.0, at_oldest: (0.021, 0.049), ageless: 0.0 };
    let rules = Retrain { cost: Some(40.0), loss_cost: Some(500.0), ..Retrain::default() };
    let cadence = Some(recommend(&rules, &ageing, Odds::default()));
    let decision = RetrainDecision::Wait("next on 2025-10-14T00:00:00Z, every 60d".into());
    let asked = Asked { facts: Some(facts_of(&world.history)), decision };
    let scheduled = Timestamp::parse("2025-10-14T00:00:00Z");
    Maintenance { ageing: Some(ageing), cadence, asked, scheduled, ..found }
}

#[test]
fn maintenance_tells_age_renewal_spend_and_what_it_bought() {
    let world = World::new();
    let found = found(&world);
    let spent: u64 = found.spend[0].labelled.values().sum();
    assert!(found.spend.len() == 1 && (30..90).contains(&spent), "{:?}", found.spend);
    let server = world.serve(Some(found));
    let reply = server.get("/maintenance");
    assert!(
        reply.headers["content-security-policy"].to_str().expect("text").starts_with("default-src 'none'")
    );
    let page = reply.text();
    for expected in [
        "<h1>Maintenance</h1>",
        "<strong>41d</strong>",
        "<strong>30d</strong><span class=\"muted\">95%: 18d to 61d</span>",
        "excess loss",
        "not yet</span> next on 14 Oct 2025 00:00, every 60d.",
        "This server trains nothing by itself",
        "212 newer than what it learned, 400 are needed",
        "187, 541 labels of people in all",
        "300 are enough",
        "354 labels",
        &format!("{spent} rows labelled of {spent} drawn, of a budget of 60"),
        "at most <strong>40.0%</strong> wrong, with probability 95.0%",
        "81.0% of answers</strong>, from a confidence of 0.6000 on: 12 of 800",
        "of those that people audited were wrong",
        "which misleads: doubt was drawn more often",
        "310 abstained, 44 novel",
    ] {
        assert!(page.contains(expected), "`{expected}` is not on the page\n{page}");
    }
    assert!(
        !page.contains("style=\"") && page.matches("role=\"img\"").count() == 4,
        "two charts, wide and narrow"
    );
    assert!(server.get("/api/page/maintenance").text().contains("<h1>Maintenance</h1>"));
    assert!(server.get("/").text().contains("href=\"/maintenance\""));

    let twin = server.get("/api/maintenance").json();
    let looked = &twin["looked"];
    assert_eq!(
        (&looked["age_seconds"], &looked["ageing"]["curve"]["half_life"]),
        (&json!(41.0 * 86_400.0 - 144.0), &json!(30.0))
    );
    assert_eq!(
        (&looked["decision"]["wait"], &looked["facts"]["reviewed"]),
        (&json!("next on 2025-10-14T00:00:00Z, every 60d"), &json!(541))
    );
    assert_eq!((&looked["labels"][0]["labelled_in_all"], &looked["promise"]), (&json!(spent), &json!(0.4)));
    assert!(
        looked["live_error"]["all"]["value"].is_f64() && looked["live_error"]["alone"]["rows"].is_u64(),
        "{looked}"
    );
    assert_eq!(twin["certificate"]["certificate"]["threshold"], 0.6);
    let run = &twin["retrains"][0]["judged"][0];
    assert_eq!((&run["verdict"], &run["reviewed"]["labels"]["abstained"]), (&json!("pass"), &json!(310)));
    assert_eq!(
        (&twin["taught"][0]["number"], &twin["taught"][0]["stage"]),
        (&twin["incumbent"]["number"], &json!("incumbent"))
    );
}

#[test]
fn before_anything_was_looked_at_the_page_says_so() {
    let world = World::new();
    let page = world.serve(None).get("/maintenance").text();
    for expected in ["Live rows were not looked at yet", "The rule was not asked yet", "not measured"] {
        assert!(page.contains(expected), "`{expected}` is not on the page\n{page}");
    }
}
