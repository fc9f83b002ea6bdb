//! Logs whose truth is known: values, refusals, and policies read from tables and from other logs.

use super::*;
use crate::sheet::tests::csv;
use stats::random;

fn asked() -> Asked {
    Asked { action: None, reward: None, propensity: None, context: Vec::new(), clip: 20.0 }
}

/// How a log is drawn: by position the probabilities of three actions, and each one's chance of a click.
struct Draw {
    policy: [[f64; 3]; 2],
    rows: u64,
    seed: u64,
}

const CLICKS: [[f64; 3]; 2] = [[0.1, 0.3, 0.5], [0.4, 0.2, 0.1]];
const LOGGED: [[f64; 3]; 2] = [[0.5, 0.3, 0.2], [0.25, 0.25, 0.5]];
const WANTED: [[f64; 3]; 2] = [[0.1, 0.2, 0.7], [0.6, 0.3, 0.1]];

impl Draw {
    fn sheet(&self) -> Sheet {
        let row = |i: u64| {
            let unit = |draw| random::unit(self.seed, i, draw);
            let x = usize::from(unit(0) < 0.5);
            let p = self.policy[x];
            let a = if unit(1) < p[0] { 0 } else { 1 + usize::from(unit(1) >= p[0] + p[1]) };
            format!("{x},item{a},{},{}\n", u8::from(unit(2) < CLICKS[x][a]), p[a])
        };
        let rows: String = (0..self.rows).map(row).collect();
        csv(&format!("position,action,click,propensity\n{rows}"))
    }
}

fn value(policy: &[[f64; 3]; 2]) -> f64 {
    let of = |x: usize| (0..3).map(|a| policy[x][a] * CLICKS[x][a]).sum::<f64>();
    0.5 * (of(0) + of(1))
}

fn logged(rows: u64, seed: u64) -> Sheet {
    Draw { policy: LOGGED, rows, seed }.sheet()
}

fn wanted() -> Target {
    let cell = |x: usize, a: usize| format!("{x},item{a},{}\n", WANTED[x][a]);
    let rows: String = (0..2).flat_map(|x| (0..3).map(move |a| cell(x, a))).collect();
    Target::Sheet(csv(&format!("position,action,probability\n{rows}")))
}

fn words(report: &Report) -> Vec<&'static str> {
    report.judgement.refusals.iter().map(domain::off_policy::Refusal::word).collect()
}

fn refused(sheet: &Sheet, target: &Target, asked: &Asked) -> String {
    let error = off_policy(sheet, target, asked).expect_err("cannot be run");
    format!("{error}; {}", error.hint().expect("a hint"))
}

#[test]
fn intervals_cover_the_true_value_of_a_policy_from_a_table() {
    let (mut covered, mut used, truth) = (0, 0, value(&WANTED));
    for seed in 0..60 {
        let found = off_policy(&logged(4_000, seed), &wanted(), &asked()).expect("an estimate");
        used += u32::from(words(&found).is_empty());
        let headline = &found.estimates[0];
        assert_eq!((headline.name, headline.clip), ("DR", None));
        covered += u32::from(headline.value.low <= truth && truth <= headline.value.high);
        assert!(found.lower_bound.is_some_and(|bound| bound < truth), "seed {seed}");
    }
    // 95% of 60 is 57; three standard errors less is 52.
    assert!(covered >= 52, "{covered}");
    // The mean weight of 4,000 decisions is 1 ± 0.05 with a chance of 99.6%.
    assert!(used >= 57, "{used}");
}

#[test]
fn a_policy_that_stood_still_is_read_exactly_from_its_own_log() {
    let own = Draw { policy: WANTED, rows: 4_000, seed: 7 }.sheet();
    let found = off_policy(&logged(4_000, 1), &Target::Sheet(own), &asked()).expect("an estimate");
    let table = off_policy(&logged(4_000, 1), &wanted(), &asked()).expect("an estimate");
    assert!((found.estimates[0].value.value - table.estimates[0].value.value).abs() < 1e-9);
    let observed = found.observed.expect("the target has a log");
    assert!((observed.value.value - value(&WANTED)).abs() < 0.03 && observed.covered);
}

#[test]
fn what_a_log_never_took_gets_what_is_left() {
    let own = "position,action,click,propensity\n0,item0,0,0.6\n0,item1,1,0.3\n1,item2,0,1\n1,item2,0,1\n";
    let found = off_policy(&logged(500, 1), &Target::Sheet(csv(own)), &asked()).expect("an estimate");
    assert!(
        found.target[1].contains("share what the others leave there, evenly (at most 10.0%)"),
        "{:?}",
        found.target
    );
}

#[test]
fn a_policy_that_moved_is_read_from_how_often_it_acted() {
    // item0 with 0.9 in one half and 0.1 in the other: half of the time on average, while the mean of the
    // propensities of the decisions for it is 0.82.
    let row = |i: usize| {
        let likely = !i.is_multiple_of(10);
        let (item, p) =
            (if (i % 20 < 10) == likely { "item0" } else { "item1" }, if likely { 0.9 } else { 0.1 });
        format!("{item},0,{p}\n")
    };
    let own: String = (0..400).map(row).collect();
    let own = csv(&format!("action,click,propensity\n{own}"));
    let log: String = (0..400).map(|i| format!("item{},{},0.5\n", i % 2, u8::from(i % 2 == 0))).collect();
    let log = csv(&format!("action,click,propensity\n{log}"));
    let found = off_policy(&log, &Target::Sheet(own), &asked()).expect("an estimate");
    assert!(found.target[1].contains("it moved while it was logged"), "{:?}", found.target);
    // item0 always pays, item1 never: the value is the probability of item0.
    let ips = found.estimates.iter().find(|e| e.name == "IPS").expect("IPS");
    assert!((ips.value.value - 0.5).abs() < 1e-9, "{ips:?}");
}

#[test]
fn logs_that_do_not_identify_the_value_are_refused_with_their_numbers() {
    let certain: String = (0..300).map(|i| format!("item{},{},1\n", i % 2, i % 3 % 2)).collect();
    let certain = csv(&format!("action,click,propensity\n{certain}"));
    let found = off_policy(&certain, &Target::Uniform, &asked()).expect("numbers");
    assert!(words(&found).contains(&"deterministic") && !found.estimates.is_empty());
    assert!(found.judgement.refusals[0].hint().contains("shadow"));

    let one_each: String = (0..300).map(|i| format!("{p},item{p},{},0.5\n", i % 3 % 2, p = i % 2)).collect();
    let one_each = csv(&format!("position,action,click,propensity\n{one_each}"));
    let found = off_policy(&one_each, &Target::Uniform, &asked()).expect("numbers");
    assert_eq!(words(&found), ["deterministic", "no_overlap"]);
    assert!((found.facts.uncovered - 0.5).abs() < 1e-12);

    let few = off_policy(&logged(150, 3), &wanted(), &asked()).expect("numbers");
    assert_eq!(words(&few)[0], "few_effective");

    let mut wrong = logged(2_000, 3);
    let text: String =
        (0..2_000).map(|i| format!("item{},0,{}\n", i % 2, if i % 2 == 0 { 0.25 } else { 0.75 })).collect();
    wrong.table = csv(&format!("action,click,propensity\n{text}")).table;
    let found = off_policy(&wrong, &Target::Uniform, &asked()).expect("numbers");
    assert_eq!(words(&found), ["mean_weight"]);
}

#[test]
fn what_a_target_wants_and_the_log_never_takes_is_counted() {
    let target = "action,probability\nitem0,0.7\nitem9,0.3\n";
    let found = off_policy(&logged(2_000, 5), &Target::Sheet(csv(target)), &asked()).expect("numbers");
    assert!((found.facts.uncovered - 0.3).abs() < 1e-12);
    assert!(words(&found).contains(&"no_overlap"));
}

#[test]
fn mistakes_in_the_log_name_the_row() {
    let log = |row: &str| csv(&format!("action,click,propensity\na,1,0.5\n{row}\nb,0,0.5\n"));
    let plain = |row: &str| refused(&log(row), &Target::Uniform, &asked());
    assert!(
        plain("a,1,0")
            .contains("t.csv: row 3, column propensity: found 0, expected a number above 0 and at most 1")
    );
    assert!(plain("a,1,1.5").contains("found 1.5"));
    assert!(plain("a,,0.5").contains("row 3, column click: found nothing, expected a number"));
    assert!(plain(",1,0.5").contains("row 3, column action: nothing, expected a name"));
    let typed = Asked { reward: Some("clik".into()), ..asked() };
    assert!(refused(&log("a,1,0.5"), &Target::Uniform, &typed).contains("did you mean `click`?"));
}

#[test]
fn mistakes_in_the_target_are_told() {
    let log = logged(200, 1);
    let target = |text: &str| refused(&log, &Target::Sheet(csv(text)), &asked());
    assert!(target("action,probability\nitem0,0.5\nitem1,0.4\n").contains("sum to 0.9, expected 1"));
    assert!(target("action,probability\nitem0,0.5\nitem0,0.5\n").contains("action item0 stands twice"));
    assert!(
        target("position,action,probability\n0,item0,1\n")
            .contains("nothing is said about the context position=1")
    );
    assert!(target("action,weight\nitem0,1\n").contains("no column looks like the probability"));
    assert!(target("item,probability\nitem0,1\n").contains("no column `action`"));
}

#[test]
fn rewards_beyond_1_have_estimates_and_no_bound() {
    let rows: String = (0..600).map(|i| format!("item{},{},0.5\n", i % 2, i % 5)).collect();
    let log = csv(&format!("action,reward,propensity\n{rows}"));
    let found = off_policy(&log, &Target::Uniform, &asked()).expect("an estimate");
    assert_eq!(found.lower_bound, None);
    assert!((found.logged.value - 2.0).abs() < 1e-12 && words(&found).is_empty());
}
