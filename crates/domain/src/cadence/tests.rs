//! What the cadence comes to, and in which words.

use super::*;
use crate::plan::Span;
use crate::time::DAY;

fn ageing(curve: Option<Curve>) -> Ageing {
    Ageing {
        curve,
        half_life: (Some(30.0), Some(60.0)),
        oldest: 120.0,
        at_oldest: (0.01, 0.04),
        ageless: 0.0,
    }
}

fn rules(cost: f64, loss_cost: f64) -> Retrain {
    Retrain { cost: Some(cost), loss_cost: Some(loss_cost), ..Retrain::default() }
}

const CURVE: Curve = Curve { limit: 0.03, half_life: 40.0 };

fn found(rules: &Retrain, curve: Option<Curve>) -> (Cadence, String) {
    let found = recommend(rules, &ageing(curve), Odds::default());
    (found.cadence, found.reasons.join("\n"))
}

#[test]
fn what_a_fresh_model_saves_is_weighed_against_what_it_costs() {
    // 1000 * 0.03 * 40 / ln 2 = 1731 is all that can be saved
    let (cadence, why) = found(&rules(2_000.0, 1_000.0), Some(CURVE));
    assert_eq!(cadence, Cadence::Never);
    assert!(why.contains("1731") && why.contains("only an alarm"), "{why}");
    let (cadence, why) = found(&rules(100.0, 1_000.0), Some(CURVE));
    let Cadence::Every { days, best, cost_per_day } = cadence else { panic!("{cadence:?}") };
    // while ageing is steady it would be sqrt(2 * 100 / (1000 * slope)) = 19.6
    assert!(days == 30.0 && (19.6..24.0).contains(&best) && cost_per_day > 0.0, "{cadence:?}");
    assert!(why.contains("half of 0.0300 is lost after 40d [30d, 60d]"), "{why}");
}

#[test]
fn a_rhythm_is_taken_where_one_is_near() {
    let straight = Curve { limit: 6.4, half_life: 6_400.0 };
    let slope = straight.decay().slope();
    let costs = |days: f64| Costs { retrain: 0.5 * slope * days * days * 100.0, loss_per_day: 100.0 };
    for (best, rounded) in [(6.0, 7.0), (20.0, 14.0), (25.0, 30.0), (3.0, 3.5), (0.1, 0.1)] {
        let Cadence::Every { days, best: found, .. } = cheapest(costs(best), straight) else {
            panic!("it pays")
        };
        assert!(
            (found / best - 1.0).abs() < 0.01 && (days / rounded - 1.0).abs() < 0.01,
            "{best}: {days} {found}"
        );
    }
}

#[test]
fn without_prices_there_is_a_decade_of_them_and_no_cadence() {
    let (cadence, why) = found(&Retrain::default(), Some(CURVE));
    assert_eq!(cadence, Cadence::Unknown);
    assert!(why.contains("retrain.loss_cost"), "{why}");
    let prices = by_price(&Retrain::default(), &ageing(Some(CURVE)), Odds::default());
    assert_eq!(prices.len(), 5);
    let ratio = prices[4].0 / prices[0].0;
    assert!((50.0..200.0).contains(&ratio), "{prices:?}");
    let days = |cadence: &Cadence| match cadence {
        Cadence::Every { best, .. } => *best,
        _ => f64::INFINITY,
    };
    assert!(prices.windows(2).all(|pair| days(&pair[0].1) > days(&pair[1].1)), "{prices:?}");
}

#[test]
fn without_ageing_the_schedule_is_for_as_much_as_cannot_be_excluded() {
    let (cadence, why) = found(&rules(10.0, 100.0), None);
    // sqrt(2 * 10 / (100 * 0.04 / 120)) = 24.5
    assert!(
        matches!(cadence, Cadence::Every { days: 30.0, best, .. } if (24.0..25.0).contains(&best)),
        "{cadence:?}"
    );
    assert!(why.contains("no ageing seen up to 120d") && why.contains("at most 0.0400"), "{why}");
    assert!(why.contains("every 30d would pay"), "{why}");
    assert!(by_price(&rules(10.0, 100.0), &ageing(None), Odds::default()).is_empty());
}

#[test]
fn without_ageing_nothing_pays_for_a_retrain_that_costs_more_than_all_there_may_be() {
    // sqrt(2 * 1000 / (100 * 0.04 / 120)) = 245 days, and 120 were measured
    let (cadence, why) = found(&rules(1_000.0, 100.0), None);
    assert_eq!(cadence, Cadence::Never);
    assert!(why.contains("no schedule pays"), "{why}");
    assert_eq!(found(&Retrain::default(), None).0, Cadence::Unknown, "nobody said what things cost");
}

#[test]
fn failures_at_the_gate_make_a_retrain_dearer_and_delay_is_nobodys_to_win_back() {
    let rules = Retrain { label_delay: Span(40 * DAY), ..rules(100.0, 1_000.0) };
    let odds = Odds { passed: 1, judged: 3 };
    assert_eq!(costs(&rules, odds).map(|c| c.retrain), Some(200.0));
    let found = recommend(&rules, &ageing(Some(CURVE)), odds);
    let why = found.reasons.join("\n");
    assert!(why.contains("after 1 of 3 did") && why.contains("which costs 0.0300 a row"), "{why}");
}
