//! The promises of a [`Journal`].

use crate::{Entry, Journal};
use domain::time::HOUR;
use domain::{
    Arm, Assignment, ExperimentId, Outcome, Prediction, PredictionId, ServedBy, ShadowAnswer, Source, Story,
    Timestamp, VersionId,
};
use std::sync::Barrier;

/// Some hour of 2026.
const BASE: i64 = 498_000;

/// Checks the promises of a [`Journal`]; `new` gives an empty one each time.
pub fn check_journal(mut new: impl FnMut() -> Box<dyn Journal>) {
    an_entry_comes_back_as_it_was(new().as_ref());
    outcomes_are_in_the_order_of_their_time(new().as_ref());
    repeating_changes_nothing(new().as_ref());
    a_scan_goes_by_own_time_and_by_hour(new().as_ref());
    predictions_meet_all_that_came_after(new().as_ref());
    a_version_answers_a_prediction_once_in_shadow(new().as_ref());
    sealing_changes_nothing(new().as_ref());
    late_outcomes_are_kept(new().as_ref());
    hours_are_forgotten_whole(new().as_ref());
    threads_lose_nothing(new().as_ref());
}

/// The instant so many minutes into the hours that the checks use.
fn minute(minutes: i64) -> Timestamp {
    Timestamp(BASE * HOUR + minutes * 60 * domain::time::SECOND)
}

fn prediction(minutes: i64, bucket: u16, sequence: u64) -> Prediction {
    let at = minute(minutes);
    Prediction {
        id: PredictionId::new(at, bucket, 0xABCD, sequence),
        at,
        version: VersionId("a".repeat(64)),
        served_by: ServedBy::Intended,
        unit: None,
        assignment: None,
        input: format!("{{\"x\":{sequence}}}"),
        output: vec![0.25, 0.75],
        latency_us: 1_500,
    }
}

fn outcome(prediction: &Prediction, minutes: i64, value: &str) -> Outcome {
    let (prediction, at) = (prediction.id, minute(minutes));
    Outcome { prediction, at, value: value.into(), source: Source::Observed }
}

fn assignment(arm: Arm) -> Assignment {
    Assignment { experiment: ExperimentId("3-aaaa-bbbb".into()), arm, propensity: 0.05, exposure: 0.1 + 0.2 }
}

fn shadow(
    prediction: &Prediction,
    minutes: i64,
    version: &str,
    answer: Result<Vec<f64>, String>,
) -> ShadowAnswer {
    let (prediction, at, version) = (prediction.id, minute(minutes), VersionId(version.into()));
    ShadowAnswer { prediction, at, version, answer, latency_us: 77 }
}

fn append(journal: &dyn Journal, predictions: &[Prediction], outcomes: &[Outcome]) {
    let predictions = predictions.iter().cloned().map(Entry::Prediction);
    let entries: Vec<Entry> = predictions.chain(outcomes.iter().cloned().map(Entry::Outcome)).collect();
    journal.append(&entries).expect("appended");
}

fn scan(journal: &dyn Journal, from: Timestamp, to: Timestamp) -> Vec<Entry> {
    let mut found = Vec::new();
    journal.scan(from, to, &mut |entry| found.push(entry)).expect("readable");
    found
}

fn stories(journal: &dyn Journal, from: Timestamp, to: Timestamp) -> Vec<Story> {
    let mut found = Vec::new();
    journal.stories(from, to, &mut |story| found.push(story)).expect("readable");
    found.sort_by_key(|story| story.prediction.id);
    found
}

fn story(prediction: &Prediction, outcomes: &[Outcome], shadows: &[ShadowAnswer]) -> Story {
    Story { prediction: prediction.clone(), outcomes: outcomes.to_vec(), shadows: shadows.to_vec() }
}

/// Everything that can be read, in an order of its own.
fn contents(journal: &dyn Journal) -> Vec<String> {
    let mut all: Vec<String> =
        scan(journal, Timestamp(i64::MIN), Timestamp(i64::MAX)).iter().map(|e| format!("{e:?}")).collect();
    all.sort();
    all
}

fn an_entry_comes_back_as_it_was(journal: &dyn Journal) {
    let mut rich = prediction(1, 0xFFFF, 1);
    rich.served_by = ServedBy::Fallback { version: VersionId("b".into()), why: "deadline".into() };
    rich.unit = Some("Zoë\n\0".into());
    rich.input = "{\"a\":null}".into();
    rich.output = vec![f64::INFINITY, -0.0, f64::MIN_POSITIVE, 0.1 + 0.2];
    rich.latency_us = u64::MAX;
    rich.assignment = Some(assignment(Arm::Treatment));
    let mut floor = prediction(2, 0, 2);
    floor.served_by = ServedBy::Floor { why: "panic".into() };
    floor.output = Vec::new();
    floor.assignment = Some(assignment(Arm::Control));
    let seen = Outcome { source: Source::Reviewer, ..outcome(&rich, -5, "") };
    assert_eq!(journal.prediction(rich.id).expect("readable"), None, "nothing is there at first");
    append(journal, &[rich.clone(), floor.clone()], std::slice::from_ref(&seen));
    assert_eq!(journal.prediction(rich.id).expect("readable"), Some(rich.clone()));
    assert_eq!(journal.prediction(floor.id).expect("readable"), Some(floor.clone()));
    assert_eq!(journal.outcomes(rich.id).expect("readable"), [seen]);
    assert_eq!(journal.outcomes(floor.id).expect("readable"), []);
    let shadows = [shadow(&rich, 1, "c", Ok(vec![-0.0])), shadow(&floor, 2, "c", Err("panic".into()))];
    journal.append(&shadows.clone().map(Entry::Shadow)).expect("appended");
    let told = |id| journal.story(id).expect("readable");
    assert_eq!(
        told(rich.id),
        Some(story(&rich, &journal.outcomes(rich.id).expect("readable"), &shadows[..1]))
    );
    assert_eq!(told(floor.id), Some(story(&floor, &[], &shadows[1..])));
    let neighbour = PredictionId(rich.id.0 + 1);
    assert_eq!(journal.prediction(neighbour).expect("readable"), None, "a neighbour was never there");
    assert_eq!(journal.story(neighbour).expect("readable"), None);
    journal.append(&[]).expect("nothing to do");
}

fn outcomes_are_in_the_order_of_their_time(journal: &dyn Journal) {
    let p = prediction(0, 1, 1);
    let late = [outcome(&p, 90, "c"), outcome(&p, 30, "a"), outcome(&p, 90, "d"), outcome(&p, 60, "b")];
    append(journal, &[], &late[..1]);
    append(journal, std::slice::from_ref(&p), &late[1..]);
    let values: Vec<String> =
        journal.outcomes(p.id).expect("readable").into_iter().map(|o| o.value).collect();
    assert_eq!(values, ["a", "b", "c", "d"], "by time, and then as they came");
}

fn repeating_changes_nothing(journal: &dyn Journal) {
    let p = prediction(0, 1, 1);
    let o = outcome(&p, 1, "yes");
    for _ in 0..3 {
        append(journal, &[p.clone(), p.clone()], &[o.clone(), o.clone()]);
    }
    journal.seal(minute(60)).expect("sealed");
    append(journal, std::slice::from_ref(&p), std::slice::from_ref(&o));
    assert_eq!(journal.outcomes(p.id).expect("readable"), std::slice::from_ref(&o));
    assert_eq!(contents(journal).len(), 2, "one prediction and one outcome");
    assert_eq!(stories(journal, minute(0), minute(1)), [story(&p, &[o], &[])]);
}

fn a_scan_goes_by_own_time_and_by_hour(journal: &dyn Journal) {
    let early = prediction(10, 3, 1);
    let (next, other) = (prediction(70, 3, 2), prediction(70, 1, 3));
    let late = outcome(&early, 80, "yes");
    append(journal, &[next.clone(), early.clone(), other.clone()], std::slice::from_ref(&late));
    let hours: Vec<u32> = scan(journal, minute(0), minute(200)).iter().map(|e| e.id().hour()).collect();
    let base = BASE as u32;
    assert_eq!(hours, [base, base, base + 1, base + 1], "the oldest hour comes first");
    let second_hour = scan(journal, minute(60), minute(120));
    assert!(second_hour.contains(&Entry::Outcome(late)), "an outcome goes by its own time");
    assert!(!second_hour.contains(&Entry::Prediction(early.clone())));
    assert_eq!(scan(journal, minute(10), minute(11)), [Entry::Prediction(early)], "the start is inside");
    assert_eq!(scan(journal, minute(9), minute(10)), [], "the end is outside");
    assert_eq!(scan(journal, minute(20), minute(10)), [], "nothing is in an empty span");
}

fn predictions_meet_all_that_came_after(journal: &dyn Journal) {
    let (first, second) = (prediction(10, 0, 1), prediction(20, 0, 2));
    let outcomes = [outcome(&first, 600, "b"), outcome(&first, 300, "a"), outcome(&second, 5, "c")];
    append(journal, &[first.clone(), second.clone()], &outcomes);
    let orphan = outcome(&prediction(15, 0, 9), 16, "x");
    append(journal, &[], &[orphan]);
    let shadows = [shadow(&first, 700, "c", Ok(vec![1.0, 0.0])), shadow(&first, 11, "d", Ok(vec![0.5, 0.5]))];
    journal.append(&shadows.clone().map(Entry::Shadow)).expect("appended");
    let [late, early] = shadows;
    let of_first = story(&first, &[outcomes[1].clone(), outcomes[0].clone()], &[early, late]);
    let all = [of_first.clone(), story(&second, &outcomes[2..], &[])];
    assert_eq!(
        stories(journal, minute(0), minute(60)),
        all,
        "whenever they came; nothing without prediction"
    );
    assert_eq!(stories(journal, minute(10), minute(20)), std::slice::from_ref(&of_first));
    journal.seal(minute(60)).expect("sealed");
    assert_eq!(stories(journal, minute(0), minute(60)), all, "sealed");
    assert_eq!(journal.story(first.id).expect("readable"), Some(of_first));
}

fn a_version_answers_a_prediction_once_in_shadow(journal: &dyn Journal) {
    let p = prediction(0, 1, 1);
    let first = shadow(&p, 5, "c", Ok(vec![f64::NAN]));
    append(journal, std::slice::from_ref(&p), &[]);
    for again in [first.clone(), shadow(&p, 1, "c", Err("deadline".into())), shadow(&p, 6, "c", Ok(vec![]))] {
        journal.append(&[Entry::Shadow(again)]).expect("appended");
        journal.seal(minute(60)).expect("sealed");
    }
    let told = journal.story(p.id).expect("readable").expect("there");
    let [kept] = told.shadows.as_slice() else { panic!("found {:?}, expected one", told.shadows) };
    assert_eq!((kept.at, kept.answer.as_ref().map(Vec::len)), (first.at, Ok(1)));
    assert_eq!(contents(journal).len(), 2);
}

fn sealing_changes_nothing(journal: &dyn Journal) {
    let hour = |h: i64| (0..20).map(move |i| prediction(h * 60 + i, (i % 3) as u16, (h * 100 + i) as u64));
    let predictions: Vec<Prediction> = (0..3).flat_map(hour).collect();
    let outcomes: Vec<Outcome> = predictions.iter().map(|p| outcome(p, 500, "yes")).collect();
    append(journal, &predictions[..30], &outcomes[..10]);
    append(journal, &predictions[30..], &outcomes[10..]);
    let before = contents(journal);
    for until in [60, 60, 119, 180, 1_000] {
        journal.seal(minute(until)).expect("sealed");
        assert_eq!(contents(journal), before, "sealing up to minute {until}");
    }
    for (p, o) in predictions.iter().zip(&outcomes) {
        assert_eq!(journal.prediction(p.id).expect("readable").as_ref(), Some(p));
        assert_eq!(journal.outcomes(p.id).expect("readable"), std::slice::from_ref(o));
    }
}

fn late_outcomes_are_kept(journal: &dyn Journal) {
    let p = prediction(0, 0, 1);
    append(journal, std::slice::from_ref(&p), &[]);
    let outcomes: Vec<Outcome> = (1..5).map(|day| outcome(&p, day * 24 * 60, &day.to_string())).collect();
    for late in &outcomes {
        journal.seal(Timestamp(late.at.0)).expect("sealed");
        append(journal, &[], std::slice::from_ref(late));
    }
    journal.seal(minute(10_000)).expect("sealed");
    assert_eq!(journal.outcomes(p.id).expect("readable"), outcomes);
    let third = scan(journal, outcomes[2].at, outcomes[3].at);
    assert_eq!(third, [Entry::Outcome(outcomes[2].clone())]);
}

fn hours_are_forgotten_whole(journal: &dyn Journal) {
    let predictions: Vec<Prediction> = (0..4).map(|h| prediction(h * 60 + 59, h as u16, h as u64)).collect();
    let outcomes: Vec<Outcome> = predictions.iter().map(|p| outcome(p, 1_000, "yes")).collect();
    append(journal, &predictions, &outcomes);
    journal.seal(minute(60)).expect("sealed");
    assert_eq!(journal.drop_before(minute(59)).expect("dropped"), 0, "the hour has not ended");
    assert_eq!(journal.drop_before(minute(121)).expect("dropped"), 2);
    assert_eq!(journal.drop_before(minute(121)).expect("dropped"), 0, "nothing is left to forget");
    for (h, p) in predictions.iter().enumerate() {
        let kept = journal.prediction(p.id).expect("readable").is_some();
        assert_eq!(kept, h >= 2, "hour {h}");
        assert_eq!(!journal.outcomes(p.id).expect("readable").is_empty(), kept, "its outcomes go with it");
    }
    append(journal, &predictions[..1], &[]);
    assert!(
        journal.prediction(predictions[0].id).expect("readable").is_some(),
        "a forgotten hour may return"
    );
}

fn threads_lose_nothing(journal: &dyn Journal) {
    let start = Barrier::new(5);
    std::thread::scope(|scope| {
        for thread in 0..4_u64 {
            let start = &start;
            scope.spawn(move || {
                start.wait();
                for i in 0..25 {
                    // two threads share a bucket, and all of them cross the hour
                    let p = prediction(50 + i as i64, (thread / 2) as u16, thread * 1_000 + i);
                    append(journal, std::slice::from_ref(&p), &[outcome(&p, 200, "yes")]);
                    assert_eq!(
                        journal.prediction(p.id).expect("readable"),
                        Some(p),
                        "what was kept is there"
                    );
                }
            });
        }
        start.wait();
        for _ in 0..10 {
            journal.seal(minute(60)).expect("sealed while others append");
            let found = stories(journal, minute(0), minute(200));
            let ids = found.windows(2).map(|w| (w[0].prediction.id, w[1].prediction.id));
            assert!(ids.into_iter().all(|(a, b)| a != b), "nothing is seen twice");
        }
    });
    assert_eq!(contents(journal).len(), 200);
    assert_eq!(stories(journal, minute(0), minute(200)).len(), 100);
}
