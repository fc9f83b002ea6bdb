//! Every trigger of a retrain, and what holds it back.

use super::*;
use crate::ageing::Curve;
use crate::plan::{CadenceSource, Span};
use RetrainDecision::{Refuse, Train, Wait};

/// Day 40 after the last retrain, with enough of everything.
fn facts() -> RetrainFacts {
    RetrainFacts {
        incumbent: VersionId("a".repeat(64)),
        now: Timestamp(40 * DAY),
        last: Timestamp(0),
        new_rows: 5_000,
        since_last: 5_000,
        reviewed: 0,
        least_rows: 200,
        recent: Vec::new(),
        cut_short: 0,
        cause: None,
        ageing: None,
        odds: Odds::default(),
        release: None,
        under_way: false,
        by_hand: false,
    }
}

fn monthly() -> Retrain {
    Retrain { every: Span(30 * DAY), ..Retrain::default() }
}

fn ageing(half_life: f64) -> Ageing {
    let curve = Some(Curve { limit: 0.03, half_life });
    Ageing { curve, half_life: (None, None), oldest: 200.0, at_oldest: (0.01, 0.04), ageless: 0.0 }
}

/// The table: each row changes the facts of day 40, and says what must come of it.
#[test]
fn the_first_reason_that_holds_decides() {
    type Change = fn(&mut Retrain, &mut RetrainFacts);
    let table: [(Change, RetrainDecision); 19] = [
        (|_, _| {}, Train("30d passed since".into())),
        (|_, f| f.now = Timestamp(29 * DAY), Wait("every 30d".into())),
        (|_, f| f.new_rows = 399, Wait("399 of 400 new labelled rows".into())),
        (|r, _| r.every = Span(0), Wait("the plan has no retrain.every".into())),
        (|_, f| f.under_way = true, Wait("one at a time".into())),
        (|_, f| f.release = Some(ExperimentId("e1".into())), Wait("release e1 is under way".into())),
        (|_, f| f.cause = Some(Cause::ServingBug), Refuse("`serving bug`: retraining would learn".into())),
        (|_, f| f.cause = Some(Cause::LabelProcessChanged), Refuse("label process changed".into())),
        (|_, f| f.cause = Some(Cause::Healthy), Train("30d passed".into())),
        (alarm_on_day_3, Train("an alarm stands: concept drift; 5000 new".into())),
        (
            |r, f| {
                alarm_on_day_3(r, f);
                r.on_alarm = false;
            },
            Wait("next on".into()),
        ),
        (
            |r, f| {
                alarm_on_day_3(r, f);
                f.since_last = 199;
            },
            Wait("199 of 200 labelled rows since the last retrain".into()),
        ),
        (
            |r, f| {
                (r.every, r.on_labels) = (Span(0), 5_000);
                f.cause = Some(Cause::PopulationShift);
            },
            Train("5000 labelled rows came since".into()),
        ),
        (|r, _| (r.every, r.on_labels) = (Span(0), 5_001), Wait("5000 of 5001 labelled rows".into())),
        (
            |r, f| {
                r.budget = 2;
                f.recent = vec![Timestamp(12 * DAY), Timestamp(20 * DAY), Timestamp(30 * DAY)];
            },
            Wait("at most 2; the next from 1970-02-20".into()),
        ),
        (
            |_, f| {
                (f.by_hand, f.new_rows) = (true, 2);
                f.cause = Some(Cause::UpstreamDataBug);
            },
            Train("by hand, although the last diagnosis is `upstream data bug`".into()),
        ),
        (|_, f| (f.by_hand, f.new_rows) = (true, 1), Wait("1 labelled rows".into())),
        (|r, f| (r.every, f.cut_short) = (Span(0), 2), Train("cut short, attempt 3 of 3".into())),
        (|r, f| (r.every, f.cut_short) = (Span(0), 3), Wait("the plan has no retrain.every".into())),
    ];
    for (place, (change, expected)) in table.into_iter().enumerate() {
        let (mut rules, mut facts) = (monthly(), facts());
        change(&mut rules, &mut facts);
        let found = retrain(&rules, &facts);
        let alike = std::mem::discriminant(&found) == std::mem::discriminant(&expected);
        assert!(
            alike && found.why().contains(expected.why()),
            "row {place}: {found:?}, expected {expected:?}"
        );
    }
}

fn alarm_on_day_3(_: &mut Retrain, facts: &mut RetrainFacts) {
    (facts.now, facts.cause) = (Timestamp(3 * DAY), Some(Cause::ConceptDrift));
}

#[test]
fn a_measured_cadence_takes_the_place_of_the_plans() {
    let priced = |cost| {
        let (cost, loss_cost) = (Some(cost), Some(1_000.0));
        Retrain { cadence: CadenceSource::Measured, cost, loss_cost, ..monthly() }
    };
    let decide = |rules: &Retrain, day: i64, ageing: Option<Ageing>| {
        retrain(rules, &RetrainFacts { now: Timestamp(day * DAY), ageing, ..facts() })
    };
    // 1000 * 0.03 * 40 / ln 2 = 1731: above that no schedule pays
    let never = decide(&priced(1_800.0), 400, Some(ageing(40.0)));
    assert!(matches!(&never, Wait(why) if why.contains("no schedule pays")), "{never:?}");
    let weekly = decide(&priced(12.0), 8, Some(ageing(40.0)));
    assert!(
        matches!(&weekly, Train(why) if why.contains("7d passed") && why.contains("costs least")),
        "{weekly:?}"
    );
    let unmeasured = decide(&priced(12.0), 8, None);
    assert!(
        matches!(&unmeasured, Wait(why) if why.contains("30d until ageing is measured")),
        "{unmeasured:?}"
    );
}

#[test]
fn facts_come_back_as_they_were_written() {
    let written = RetrainFacts { ageing: Some(ageing(0.1 + 0.2)), cause: Some(Cause::Unknown), ..facts() };
    let text = serde_json::to_string(&written).expect("plain data");
    let read: RetrainFacts = serde_json::from_str(&text).expect("as written");
    assert_eq!(retrain(&monthly(), &read), retrain(&monthly(), &written));
}
