//! Whole releases on simulated traffic, without a server: shadow, canary, A/B, promotion or stop.

use domain::experiment::{Decision, Guardrail, Pairs, Phase, Reason, Step, decide};
use domain::plan::Plan;
use domain::time::{DAY, HOUR, SECOND};
use domain::{
    Arm, Column, Event, Examples, History, Origin, Outcome, Prediction, PredictionId, ServedBy, ShadowAnswer,
    Source, Stage, Table, Target, Timestamp, Values, VersionId,
};
use lifecycle::version::{Version, keep, trained_on};
use lifecycle::{Project, experiment};
use models::Seed;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use store::{Entry, MemoryBlobs, MemoryJournal, MemoryRegistry};

const PLAN: &str = r#"
name = "coins"
task = "classification"
[data]
source = "none.csv"
target = "y"
[gate]
margin = 0.02
[release]
steps = ["shadow", "canary", "ab"]
ramp = [0.2, 0.5]
min_units = 200
min_time = "0s"
before_half = "0s"
ab_time = "0s"
errors = 0.05
slow = 0.05
slo = "100ms"
"#;

/// A project in memory with two versions, and the world around it.
struct World {
    project: Project,
    clock: Arc<AtomicI64>,
    prior: Version,
    logistic: Version,
    drawn: u64,
}

/// What the challenger does with a request.
#[derive(Clone, Copy, PartialEq)]
enum Health {
    Well,
    Failing,
    Slow,
}

/// Rows `x` from 0 to 1, `yes` with chance `x`.
fn examples(rows: usize, seed: u64) -> Examples {
    let x: Vec<f64> = (0..rows).map(|i| noise(seed, 2 * i as u64)).collect();
    let index = x.iter().enumerate().map(|(i, x)| u32::from(noise(seed, 2 * i as u64 + 1) < *x)).collect();
    let column = Column { name: "x".into(), values: Values::Number(x) };
    let target = Target::Class { classes: vec!["no".into(), "yes".into()], index };
    Examples {
        rows: Table::new(vec![column]).expect("one column"),
        target,
        weight: None,
        at: None,
        entity: None,
    }
}

/// A number in [0, 1) that looks drawn at random.
fn noise(seed: u64, place: u64) -> f64 {
    domain::experiment::uniform(&seed.to_string(), &place.to_string())
}

impl World {
    /// `backwards`: the challenger learned from flipped labels.
    fn new(plan: &str, backwards: bool) -> World {
        let clock = Arc::new(AtomicI64::new(20_000 * DAY));
        let now = Arc::clone(&clock);
        let project = Project {
            dir: "nowhere".into(),
            plan: Arc::new(Plan::parse(plan).expect("a plan")),
            registry: Arc::new(MemoryRegistry::default()),
            blobs: Arc::new(MemoryBlobs::default()),
            journal: Arc::new(MemoryJournal::default()),
            now: Arc::new(move || Timestamp(now.load(Ordering::Relaxed))),
            door: None,
        };
        let rows = examples(2_000, 1);
        let version = |fit: &dyn models::Fit, rows: &Examples, origin: Origin| {
            let artifact = fit.fit(rows, Seed(1), &mut |_| true).expect("fits");
            keep(&project, &artifact, origin, trained_on("rows", rows), &rows.rows).expect("memory")
        };
        let prior = version(&models::baseline::Prior, &rows, Origin::Baseline { name: "prior".into() });
        let mut learned = rows.clone();
        if let (Target::Class { index, .. }, true) = (&mut learned.target, backwards) {
            index.iter_mut().for_each(|class| *class = 1 - *class);
        }
        let logistic = version(
            &models::linear::Logistic::default(),
            &learned,
            Origin::Trained { trainer: "logistic".into() },
        );
        project.record(&[Event::Deployed { incumbent: prior.id.clone(), fallback: vec![] }]).expect("memory");
        World { project, clock, prior, logistic, drawn: 0 }
    }

    fn history(&self) -> History {
        self.project.history().expect("memory")
    }

    fn phase(&self) -> Option<Phase> {
        self.history().experiment().map(|release| release.phase)
    }

    fn stage(&self, version: &VersionId) -> Stage {
        self.history().version(version).expect("registered").stage
    }

    fn begin(&self) {
        experiment::start(&self.project, &self.logistic.id, "a test").expect("nothing runs");
    }

    /// So many requests of new units, answered as the phase says, with outcomes at once; then the rule is asked.
    fn traffic(&mut self, rows: usize, health: Health) -> Option<experiment::Told> {
        let rows = examples(rows, 1_000 + self.drawn);
        let release = self.history().experiment().cloned();
        let (prior, logistic) = (self.prior.answer(&rows.rows), self.logistic.answer(&rows.rows));
        let (prior, logistic) = (prior.expect("answers"), logistic.expect("answers"));
        let Target::Class { classes, index } = &rows.target else { panic!("classes") };
        let mut entries = Vec::new();
        for row in 0..rows.len() {
            self.clock.fetch_add(SECOND, Ordering::Relaxed);
            self.drawn += 1;
            let at = (self.project.now)();
            let (id, unit) = (PredictionId::new(at, 0, 1, self.drawn), format!("unit {}", self.drawn));
            let assignment = release.as_ref().and_then(|r| r.phase.allocation().assign(&r.id, &unit));
            let treated = assignment.as_ref().is_some_and(|a| a.arm == Arm::Treatment);
            let bad = treated && health == Health::Failing;
            let output = if treated && !bad { logistic.row(row) } else { prior.row(row) };
            let fallback = ServedBy::Fallback { version: self.prior.id.clone(), why: "panic".into() };
            let Values::Number(x) = &rows.rows.columns()[0].values else { panic!("numbers") };
            let shadow = release.as_ref().filter(|r| r.phase.step == Step::Shadow).map(|r| ShadowAnswer {
                prediction: id,
                at,
                version: r.challenger.clone(),
                answer: if health == Health::Failing {
                    Err("panic".into())
                } else {
                    Ok(logistic.row(row).to_vec())
                },
                latency_us: if health == Health::Slow { 150_000 } else { 900 },
            });
            entries.push(Entry::Prediction(Prediction {
                id,
                at,
                version: if treated { self.logistic.id.clone() } else { self.prior.id.clone() },
                served_by: if bad { fallback } else { ServedBy::Intended },
                unit: Some(unit),
                assignment,
                input: format!("{{\"x\":{}}}", x[row]),
                output: output.to_vec(),
                latency_us: if treated && health == Health::Slow { 150_000 } else { 800 },
            }));
            entries.extend(shadow.map(Entry::Shadow));
            let value = classes[index[row] as usize].clone();
            entries.push(Entry::Outcome(Outcome { prediction: id, at, value, source: Source::Observed }));
        }
        self.project.journal.append(&entries).expect("memory");
        experiment::run(&self.project, &[]).expect("the stage runs")
    }

    /// Traffic until the release ends; what the rule said last, and how many requests it took.
    fn until_the_end(&mut self, health: Health, most: usize) -> (String, usize) {
        let mut said = String::new();
        for rows in (100..=most).step_by(100) {
            match self.traffic(100, health) {
                Some(told) => said = told.decision.to_string(),
                None => return (said, rows),
            }
            if self.phase().is_none() {
                return (said, rows);
            }
        }
        (said, most)
    }
}

#[test]
fn a_better_challenger_goes_all_the_way() {
    for plan in [PLAN, &arms()] {
        goes_all_the_way(plan);
    }
}

/// The same plan, where the arms are compared instead of both answers to the same row.
fn arms() -> String {
    PLAN.replace("[release]", "[release]\ncompare = \"arms\"")
}

fn goes_all_the_way(plan: &str) {
    let mut world = World::new(plan, false);
    world.begin();
    assert_eq!(world.stage(&world.logistic.id), Stage::Shadow);
    let mut seen = vec![];
    for _ in 0..200 {
        world.traffic(100, Health::Well);
        let phase = world.phase().map(|p| p.to_string());
        if seen.last() != Some(&phase) {
            seen.push(phase);
        }
        if seen.last() == Some(&None) {
            break;
        }
    }
    let seen: Vec<&str> = seen.iter().flatten().map(String::as_str).collect();
    assert_eq!(seen, ["shadow", "canary at 20%", "A/B at 50%", "hold-back at 95%"]);
    let history = world.history();
    assert_eq!(history.incumbent().map(|s| &s.version), Some(&world.logistic.id));
    assert_eq!(world.stage(&world.prior.id), Stage::Previous);
    let release = &history.experiments[0];
    assert!(release.promoted);
    // the interval came with every look, and the gain is the one that the two models have
    let goal = release.looks.iter().rev().find_map(|l| l.facts.goal.as_ref().filter(|g| g.counts()));
    let goal = goal.expect("a look that counts");
    assert!(goal.low.is_some_and(|low| low > 0.0) && (0.1..0.3).contains(&goal.gain), "{goal:?}");
}

#[test]
fn every_recorded_decision_comes_out_the_same_again() {
    let mut world = World::new(PLAN, false);
    world.begin();
    world.until_the_end(Health::Well, 20_000);
    let history = world.history();
    let looks = &history.experiments[0].looks;
    assert!(looks.len() > 5);
    for look in looks {
        let rules = serde_json::from_value(look.rules.clone()).expect("a release section");
        assert_eq!(decide(&rules, look.mode, &look.facts), look.decision);
    }
}

#[test]
fn a_worse_challenger_is_stopped_and_the_incumbent_serves_on() {
    let both = [PLAN.to_string(), arms()];
    let steps = ["[\"shadow\"]", "[\"ab\"]", "[\"shadow\", \"canary\", \"ab\"]"];
    for (plan, steps) in both.iter().flat_map(|plan| steps.map(|steps| (plan, steps))) {
        let plan = plan.replace("[\"shadow\", \"canary\", \"ab\"]", steps);
        let mut world = World::new(&plan, true);
        world.begin();
        let (said, _) = world.until_the_end(Health::Well, 8_000);
        assert_eq!(said, "stop: harm", "{steps}");
        assert_eq!(world.stage(&world.logistic.id), Stage::Stopped);
        assert_eq!(world.history().incumbent().map(|s| &s.version), Some(&world.prior.id));
    }
}

#[test]
fn a_failing_challenger_is_stopped_early_wherever_it_stands() {
    let direct = PLAN.replace("[\"shadow\", \"canary\", \"ab\"]", "[\"ab\"]");
    for (plan, health) in
        [(PLAN, Health::Failing), (&direct, Health::Failing), (PLAN, Health::Slow), (&direct, Health::Slow)]
    {
        let mut world = World::new(plan, false);
        world.begin();
        let (said, rows) = world.until_the_end(health, 2_000);
        assert_eq!(said, "stop: harm");
        assert!(rows <= 200, "{rows} rows");
    }
}

#[test]
fn a_challenger_that_is_the_same_never_ships() {
    let plan = arms()
        .replace("[\"shadow\", \"canary\", \"ab\"]", "[\"ab\"]")
        .replace("min_units", "most_units = 3000\nmin_units");
    let mut world = World::new(&plan, false);
    // the incumbent is the logistic itself; the challenger its twin under another name
    world
        .project
        .record(&[Event::Deployed { incumbent: world.logistic.id.clone(), fallback: vec![] }])
        .expect("memory");
    world.prior = Version { id: world.logistic.id.clone(), model: Arc::clone(&world.logistic.model) };
    let rows = examples(2_100, 1);
    let trainer = models::linear::Logistic::default();
    let artifact = models::Fit::fit(&trainer, &rows, Seed(1), &mut |_| true).expect("fits");
    let origin = Origin::Trained { trainer: "twin".into() };
    world.logistic =
        keep(&world.project, &artifact, origin, trained_on("rows", &rows), &rows.rows).expect("memory");
    world.begin();
    let (said, _) = world.until_the_end(Health::Well, 12_000);
    assert_eq!(said, "stop: not better");
}

#[test]
fn what_the_data_plane_saw_need_not_wait_for_the_journal() {
    let mut world = World::new(PLAN, false);
    world.begin();
    world.traffic(50, Health::Well);
    let pairs = Pairs { worse: 40, same: 0, better: 0 };
    let seen = experiment::judged("errors", pairs, ((0, 40), (40, 40)), 0.05, 0.01).expect("counts");
    let told = experiment::run(&world.project, &[seen]).expect("the stage runs").expect("a release");
    assert!(matches!(told.decision, Decision::Stop { reason: Reason::Harm, .. }), "{told:?}");
}

#[test]
fn a_breaker_that_opened_twice_sends_it_one_step_back() {
    let mut world = World::new(PLAN, false);
    world.begin();
    while world.phase().map(|p| p.step) != Some(Step::Ab) {
        world.traffic(100, Health::Well);
    }
    let opened = Event::BreakerOpened { version: world.logistic.id.clone() };
    world.project.record(&[opened.clone(), opened]).expect("memory");
    let told = world.traffic(1, Health::Well).expect("a release");
    assert_eq!(told.decision.to_string(), "back to canary at 20%");
    // the same openings do not send it back again
    world.clock.fetch_add(HOUR, Ordering::Relaxed);
    let told = world.traffic(1, Health::Well).expect("a release");
    assert_eq!(told.decision.to_string(), "continue");
}

#[test]
fn harm_that_shows_after_the_promotion_brings_the_version_before_back() {
    let plan = PLAN.replace("[release]", "[retrain]\nlabel_delay = \"1d\"\n[release]\nlabel_window = \"1d\"");
    let mut world = World::new(&plan, false);
    world.begin();
    for _ in 0..400 {
        world.traffic(100, Health::Well);
        world.clock.fetch_add(HOUR, Ordering::Relaxed);
        if world.phase().map(|p| p.step) == Some(Step::HoldBack) {
            break;
        }
    }
    assert_eq!(world.phase().map(|p| p.step), Some(Step::HoldBack));
    assert_eq!(world.history().incumbent().map(|s| &s.version), Some(&world.logistic.id));
    let pairs = Pairs { worse: 400, same: 0, better: 0 };
    let seen: Guardrail =
        experiment::judged("errors", pairs, ((0, 400), (400, 400)), 0.05, 0.01).expect("counts");
    experiment::run(&world.project, &[seen]).expect("the stage runs");
    let history = world.history();
    assert_eq!(history.incumbent().map(|s| &s.version), Some(&world.prior.id));
    assert_eq!(world.stage(&world.logistic.id), Stage::Stopped);
}

#[test]
fn one_release_at_a_time_and_a_person_may_stop_it() {
    let mut world = World::new(PLAN, false);
    world.begin();
    let again = experiment::start(&world.project, &world.logistic.id, "again").expect_err("one runs");
    assert!(again.to_string().contains("is under way"), "{again}");
    world.traffic(100, Health::Well);
    let told = experiment::stop(&world.project, "enough").expect("one runs");
    assert_eq!(told.decision.to_string(), "stop: by hand");
    assert!(experiment::stop(&world.project, "enough").is_err());
    assert_eq!(world.stage(&world.logistic.id), Stage::Stopped);
}
