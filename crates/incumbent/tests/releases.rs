//! Releases in the terminal, through the real binary: list, watch, history and trace, on recorded events.

mod common;

use common::Copy;
use domain::event::TrainedOn;
use domain::experiment::{Decision, Reason};
use domain::time::DAY;
use domain::{Event, History, Origin, Timestamp, VersionId};
use insta::assert_snapshot;
use serde_json::{Value, json};
use store::{Registry, SqliteRegistry};
use testkit::release::{Plot, release};

const PLAN: &str = "name = \"x\"\ntask = \"classification\"\n[data]\nsource = \"x.csv\"\ntarget = \"y\"\n";

/// A project whose registry can be written from here.
struct Recorded {
    folder: Copy,
    registry: SqliteRegistry,
}

impl Recorded {
    /// Versions v1 `b` (the baseline), v2 `a` (which serves), and v3 `c`, v4 `d`, v5 `e`.
    fn new() -> Recorded {
        let folder = Copy::with(&[("incumbent.toml", PLAN.as_bytes())]);
        std::fs::create_dir_all(folder.path(".incumbent")).expect("a folder");
        let registry = SqliteRegistry::open(&folder.path(".incumbent/registry.sqlite")).expect("a registry");
        let recorded = Recorded { folder, registry };
        let baseline = Origin::Baseline { name: "prior".into() };
        let trees = || Origin::Trained { trainer: "trees".into() };
        let versions = [('b', baseline), ('a', trees()), ('c', trees()), ('d', trees()), ('e', trees())];
        recorded.record(versions.map(|(name, origin)| (Timestamp(0), registered(name, origin))));
        recorded.record([(Timestamp(0), Event::Deployed { incumbent: id('a'), fallback: vec![id('b')] })]);
        recorded
    }

    fn record(&self, events: impl IntoIterator<Item = (Timestamp, Event)>) {
        for (at, event) in events {
            self.registry.record(at, &event).expect("it is recorded");
        }
    }

    fn history(&self) -> History {
        History::fold(&self.registry.events(0).expect("events"))
    }
}

fn id(digit: char) -> VersionId {
    VersionId(digit.to_string().repeat(64))
}

fn registered(name: char, origin: Origin) -> Event {
    let trained_on = TrainedOn { data: "rows".into(), rows: 800, until: None, reviewed: None };
    Event::Registered { version: id(name), model: "x".into(), origin, trained_on }
}

/// A release from one day to another at the latest.
fn plot(number: usize, incumbent: char, challenger: char, from: i64, to: i64) -> Plot {
    Plot {
        number,
        incumbent: id(incumbent),
        challenger: id(challenger),
        behind: vec![id(incumbent), id('b')],
        begin: Timestamp(from * DAY),
        until: Timestamp(to * DAY),
        hourly: 4_000.0,
        gain: 0.004,
        failing: 0.0,
    }
}

fn promoted() -> Vec<(Timestamp, Event)> {
    release(&plot(1, 'a', 'c', 20_000, 20_030))
}

fn stopped() -> Vec<(Timestamp, Event)> {
    release(&Plot { failing: 0.2, ..plot(2, 'c', 'd', 20_040, 20_070) })
}

fn running() -> Vec<(Timestamp, Event)> {
    release(&Plot { gain: 0.0022, ..plot(3, 'c', 'e', 20_080, 20_086) })
}

/// All three of them.
fn story() -> Recorded {
    let recorded = Recorded::new();
    recorded.record(promoted().into_iter().chain(stopped()).chain(running()));
    recorded
}

#[test]
fn every_release_is_listed_with_how_it_came_out() {
    let recorded = story();
    let list = recorded.folder.run(&["experiment", "list", "."]);
    assert_eq!(list.code, 0, "{}", list.stderr);
    let cells = |line: &str| line.split('|').map(str::trim).collect::<Vec<_>>().join(" | ").trim().to_owned();
    let rows: Vec<String> = list.stdout.lines().filter(|line| line.contains("| ")).map(cells).collect();
    assert_snapshot!(rows.join("\n"), @r#"
    | release | challenger | against | state | units | gain | why |
    | 1-aaaaaaaa-cccccccc | v3 | v2 | promoted | 273600 | 0.004029 [0.003158, 0.005082] | log_loss better by 0.00403, at least 0.00316, on 644400 units |
    | 2-cccccccc-dddddddd | v4 | v3 | stopped: harm | 60 | - | errors: 12 of 60 in treatment, 0 of 60 in control; more than 1.00% above control |
    | 3-cccccccc-eeeeeeee | v5 | v3 | A/B at 50% | 198000 | 0.002407 [0.001249, 0.003812] | 20000 units and no harm: errors at most 0.17% more than control, slow at most 0.17% more than control |
    "#);
    let list = recorded.folder.run(&["experiment", "list", ".", "--json"]).json(0);
    let states: Vec<&Value> =
        list["experiments"].as_array().expect("a list").iter().map(|e| &e["state"]).collect();
    assert_eq!(states, ["promoted", "stopped", "running"]);
}

#[test]
fn the_running_release_is_drawn_once() {
    let recorded = story();
    let once = recorded.folder.run(&["experiment", "watch", ".", "--once"]);
    assert_eq!(once.code, 0, "{}", once.stderr);
    assert_snapshot!(once.stdout, @r#"
    ▸ v5 against v3: A/B at 50%, since 2024-12-25T08:00:00Z

    ✓ shadow → ✓ canary 1% → ✓ canary 5% → ✓ canary 20% → ▸ A/B 50% → incumbent

    gain in log_loss 0.002407 [0.001249, 0.003812] on 356400 units
                          [————————————————•————————————————————]
      ─┼─────────────────────────────┊────────────────────────────
       0                             0.002 matters

    guardrails   treatment   control  at most more  tolerated  harm shown
    ✓ errors         0.30%     0.30%         0.05%      1.00%          0%  within tolerance
    ✓ slow           0.30%     0.30%         0.05%      1.00%          0%  within tolerance
    sample ratio   control  treatment      drawn  Bayes factor
    ✓ assigned      198188     198000     50.00%         0.019  as drawn
    ✓ exposed       197990     197802     50.00%         0.019  as drawn
    ✓ labelled      178379     178200     50.00%         0.020  as drawn

    decision   on to A/B at 50%, 2024-12-25T08:00:00Z: 20000 units and no harm: errors at most 0.17% more than control, slow at most 0.17% more than control
    next       a decision no earlier than 2025-01-01T08:00:00Z
    "#);
    let once = recorded.folder.run(&["experiment", "watch", ".", "--once", "--json"]).json(0);
    assert_eq!((&once["state"], &once["challenger"]["number"]), (&json!("running"), &json!(5)));
}

#[test]
fn what_was_stopped_fails_and_what_was_promoted_passes() {
    let recorded = Recorded::new();
    recorded.record(promoted());
    let once = recorded.folder.run(&["experiment", "watch", ".", "--once"]);
    assert_eq!(once.code, 0, "{}", once.stderr);
    assert!(once.stdout.starts_with("✓ v3 against v2: promoted, ended 2024-10-"), "{}", once.stdout);
    recorded.record(stopped());
    let once = recorded.folder.run(&["experiment", "watch", ".", "--once"]);
    assert_eq!(once.code, 1, "{}", once.stderr);
    assert_snapshot!(once.stdout, @r#"
    ✕ v4 against v3: stopped: harm, ended 2024-11-13T02:30:00Z

    ✓ shadow → ✕ canary 1% → canary 5% → canary 20% → A/B 50% → incumbent

    108 of 200 labelled units for a first look

    guardrails   treatment   control  at most more  tolerated  harm shown
    ✕ errors        20.00%     0.00%        40.34%      1.00%        100%  harm
    ? slow           0.00%     0.00%         5.59%      1.00%          0%  not shown yet
    sample ratio   control  treatment      drawn  Bayes factor
    ✓ assigned          63         60     50.00%         0.823  as drawn
    ✓ exposed           62         59     50.00%         0.827  as drawn
    ✓ labelled          57         54     50.00%         0.847  as drawn

    decision   stop: harm, 2024-11-13T02:30:00Z: errors: 12 of 60 in treatment, 0 of 60 in control; more than 1.00% above control
    "#);
}

#[test]
fn without_a_release_there_is_a_hint() {
    let recorded = Recorded::new();
    for args in [vec!["experiment", "watch", "."], vec!["experiment", "watch", ".", "--once"]] {
        let ran = recorded.folder.run(&args);
        assert_eq!(ran.code, 2);
        assert!(
            ran.stderr.contains("no release has begun") && ran.stderr.contains("hint: "),
            "{}",
            ran.stderr
        );
    }
    let list = recorded.folder.run(&["experiment", "list", "."]);
    assert_eq!((list.code, list.stdout.as_str()), (0, "x: no release has begun\n"));
}

#[test]
fn a_release_is_followed_to_its_end_a_line_a_look() {
    let recorded = Recorded::new();
    let mut events = stopped();
    let rest = events.split_off(4);
    recorded.record(events);
    let follow = |args: &[&str]| {
        let mut command = recorded.folder.command(args);
        let piped = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        piped.spawn().expect("it starts")
    };
    let text = follow(&["experiment", "watch", "."]);
    let lines = follow(&["experiment", "watch", ".", "--json"]);
    recorded.record(rest);
    let text = text.wait_with_output().expect("it ends with the release");
    assert_eq!(text.status.code(), Some(1));
    let said = String::from_utf8(text.stdout).expect("text");
    assert!(said.contains("canary at 1%: ") && said.contains("; stop: harm: errors: 12 of 60"), "{said}");
    assert!(said.trim_end().lines().last().is_some_and(|l| l.starts_with("✕ v4 against v3: stopped: harm")));
    let lines = lines.wait_with_output().expect("it ends with the release");
    let said = String::from_utf8(lines.stdout).expect("text");
    let looks: Vec<Value> =
        said.lines().map(|line| serde_json::from_str(line).expect("one object a line")).collect();
    let last = looks.last().expect("a look");
    assert_eq!((&last["decision"]["kind"], &last["decision"]["reason"]), (&json!("stop"), &json!("harm")));
    let sequences: Vec<u64> = looks.iter().filter_map(|look| look["sequence"].as_u64()).collect();
    assert!(sequences.is_sorted() && sequences.len() == looks.len(), "{sequences:?}");
}

#[test]
fn a_server_can_be_started_while_somebody_watches() {
    let recorded = Recorded::new();
    recorded.record(running());
    let mut watch = recorded.folder.command(&["experiment", "watch", "."]);
    let mut watch = watch.stdout(std::process::Stdio::piped()).spawn().expect("it starts");
    let mut line = String::new();
    let mut out = std::io::BufReader::new(watch.stdout.take().expect("a pipe"));
    std::io::BufRead::read_line(&mut out, &mut line).expect("a line");
    assert!(line.contains("v5 against v3"), "{line}");
    let journal = store::FileJournal::open(&recorded.folder.path(".incumbent/journal"));
    assert!(journal.is_ok(), "who watches must not hold the journal");
    watch.kill().expect("it can be ended");
    drop(watch.wait());
}

#[test]
fn every_look_is_decided_again_from_its_facts() {
    let recorded = story();
    let looks: usize = recorded.history().experiments.iter().map(|release| release.looks.len()).sum();
    let again = recorded.folder.run(&["history", ".", "--replay", "--json"]).json(0);
    let others = |again: &serde_json::Value| {
        ["verdicts", "diagnoses", "retrains", "certificates"].map(|kind| again[kind].clone())
    };
    assert_eq!(others(&again), [json!(0), json!(0), json!(0), json!(0)]);
    let counted = |again: &serde_json::Value| {
        [again["looks"].clone(), again["by_hand"].clone(), again["different"].clone()]
    };
    assert_eq!(counted(&again), [json!(looks), json!(0), json!([])]);

    // What a person decided is no rule's; what the rule did not say is found.
    let last = recorded.history().experiments[2].looks.last().cloned().expect("a look");
    let decided = |reason| Event::Decided {
        facts: Box::new(last.facts.clone()),
        rules: last.rules.clone(),
        mode: last.mode,
        decision: Decision::Stop { reason, why: "told".into() },
    };
    recorded.record([(last.at, decided(Reason::ByHand))]);
    let again = recorded.folder.run(&["history", ".", "--replay", "--json"]).json(0);
    assert_eq!(counted(&again), [json!(looks), json!(1), json!([])]);
    recorded.record([(last.at, decided(Reason::NotBetter))]);
    let again = recorded.folder.run(&["history", ".", "--replay"]);
    assert_eq!(again.code, 1);
    let sequence = recorded.history().sequence;
    let first = format!(
        "0 verdicts, 0 diagnoses, 0 retrains, 0 certificates, 0 distillations and {} looks at releases decided again from their facts, 1 come out differently",
        looks + 1
    );
    assert_eq!(
        again.stdout,
        format!("{first}\n  event {sequence}\n1 releases were stopped by hand, which no rule decides\n")
    );
}

#[test]
fn history_and_trace_tell_the_release_in_words() {
    let recorded = story();
    recorded.record([(Timestamp(20_090 * DAY), Event::BreakerOpened { version: id('e') })]);
    let history = recorded.folder.run(&["history", "."]);
    let told: Vec<&str> = history
        .stdout
        .lines()
        .filter(|line| {
            line.contains("begins with") || line.contains("stop:") || line.contains("breaker opened")
        })
        .map(|line| line.get(7..).expect("a number first"))
        .collect();
    assert_snapshot!(told.join("\n"), @r#"
    2024-10-04T00:00:00Z  release 1-aaaaaaaa-cccccccc of cccccccc against aaaaaaaa begins with shadow: it passed the gate
    2024-10-16T08:00:00Z  release 1-aaaaaaaa-cccccccc in hold-back at 95%: stop: done: the label window after the promotion is over
    2024-11-13T00:00:00Z  release 2-cccccccc-dddddddd of dddddddd against cccccccc begins with shadow: it passed the gate
    2024-11-13T02:30:00Z  release 2-cccccccc-dddddddd in canary at 1%: stop: harm: errors: 12 of 60 in treatment, 0 of 60 in control; more than 1.00% above control
    2024-12-23T00:00:00Z  release 3-cccccccc-eeeeeeee of eeeeeeee against cccccccc begins with shadow: it passed the gate
    2025-01-02T00:00:00Z  eeeeeeee failed so often that it is not asked for a while: its breaker opened
    "#);
    let trace = recorded.folder.run(&["trace", "v3", "."]);
    let told: Vec<&str> = trace.stdout.lines().skip_while(|line| !line.starts_with("  release")).collect();
    assert_snapshot!(told.join("\n"), @r#"
    release    1-aaaaaaaa-cccccccc: challenger against v2, promoted
      promote, 2024-10-13T08:00:00Z: log_loss better by 0.00403, at least 0.00316, on 644400 units
    release    2-cccccccc-dddddddd: incumbent against v4, stopped: harm
      stop: harm, 2024-11-13T02:30:00Z: errors: 12 of 60 in treatment, 0 of 60 in control; more than 1.00% above control
    release    3-cccccccc-eeeeeeee: incumbent against v5, A/B at 50%
      on to A/B at 50%, 2024-12-25T08:00:00Z: 20000 units and no harm: errors at most 0.17% more than control, slow at most 0.17% more than control
    stage      incumbent (x)
    "#);
    let events = recorded.folder.run(&["trace", "v5", ".", "--json"]).json(0);
    let of = |kind: &str| {
        events["events"].as_array().expect("events").iter().filter(|e| e["event"]["event"] == kind).count()
    };
    assert_eq!((of("started"), of("breaker_opened")), (1, 1));
    assert_eq!(of("decided"), recorded.history().experiments[2].looks.len());
}
