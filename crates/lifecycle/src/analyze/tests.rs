//! Tables with planted faults: what is set aside, what is left, and what is said about it.

use super::*;
use crate::sheet::tests::csv;
use domain::analysis::Conclusion;

/// 400 units in turn in both arms over 20 days; the treatment buys on 1 day in 4 more often.
fn rows() -> Vec<String> {
    let row = |i: usize| {
        let treated = i % 2 == 1;
        let (group, page) = if treated { ("treatment", "new") } else { ("control", "old") };
        let bought = (i / 2).is_multiple_of(4) || (treated && (i / 2) % 4 == 1);
        let day = 1 + i / 20;
        format!("u{i},2024-05-{day:02},{group},{page},{},{}", u8::from(bought), 10 + i % 7)
    };
    (0..400).map(row).collect()
}

const HEADER: &str = "user,day,group,page,bought,spent";

fn table(rows: &[String]) -> Sheet {
    csv(&format!("{HEADER}\n{}\n", rows.join("\n")))
}

fn analysed(rows: &[String]) -> Analysis {
    analyze(&table(rows), &Asked::default()).expect("an analysis")
}

fn broken(found: &Analysis) -> Vec<(&'static str, u64, u64)> {
    found.broken.iter().map(|b| (b.kind.word(), b.rows, b.example)).collect()
}

#[test]
fn a_sound_table_shows_its_effect() {
    let found = analysed(&rows());
    assert_eq!((found.units, broken(&found)), ([200, 200], vec![]));
    let bought = &found.effects[0];
    assert_eq!((bought.outcome.as_str(), bought.scale), ("bought", Scale::Share));
    assert_eq!((bought.arms[0].value, bought.arms[1].value), (0.25, 0.5));
    assert!((bought.difference.value - 0.25).abs() < 1e-12 && bought.difference.low > 0.0);
    assert!((bought.relative.expect("both arms buy").value - 1.0).abs() < 1e-12);
    assert!(bought.adjusted > bought.p && bought.shown());
    assert_eq!(found.conclusion, Conclusion::Difference);
    let days = &bought.days;
    assert_eq!((days.len(), days[19].units), (20, [200, 200]));
    assert!(days[3].difference.is_none(), "80 units are too few");
    let width = |day: &Day| day.difference.map(|d| d.high - d.low);
    assert!(width(&days[19]) < width(&days[12]));
    let last = days[19].difference.expect("enough units");
    assert!(last.low < bought.difference.low && last.high > bought.difference.high, "the price of looking");
}

#[test]
fn every_planted_fault_is_found_once_and_the_rest_is_untouched() {
    let mut rows = rows();
    rows.extend([
        "u900,2024-05-02,,new,1,3".to_string(),
        "u901,2024-05-02,holdout,new,1,3".into(),
        ",2024-05-02,control,old,1,3".into(),
        "u902,2024-05-02,control,new,1,3".into(),
        "u903,2024-05-02,treatment,old,1,3".into(),
        "u904,2024-05-02,control,old,1,3".into(),
        "u904,2024-05-03,treatment,new,1,3".into(),
        "u7,2024-04-30,treatment,new,0,3".into(),
    ]);
    let found = analysed(&rows);
    // The header is row 1, the first planted row 402. The earlier visit of u7 is kept, so that its own
    // row, 9, is the one set aside.
    let expected = [
        ("missing_arm", 1, 402),
        ("unknown_arm", 1, 403),
        ("missing_unit", 1, 404),
        ("exposure_disagrees", 2, 405),
        ("unit_in_both_arms", 2, 407),
        ("unit_twice", 1, 9),
    ];
    assert_eq!(broken(&found), expected);
    assert_eq!(found.units, [200, 200]);
    let set_aside: u64 = found.broken.iter().map(|b| b.rows).sum();
    assert_eq!(set_aside + 400, found.rows);
    assert_eq!(found.broken[3].found, "group=control, user=u902, page=new");
}

#[test]
fn outcomes_that_are_missing_or_no_numbers_leave_only_their_own_comparison() {
    let mut rows = rows();
    rows[0] = "u0,2024-05-01,control,old,,10".into();
    rows[3] = "u3,2024-05-01,treatment,new,1,many".into();
    let found = analysed(&rows);
    assert_eq!(broken(&found), [("missing_outcome", 1, 2), ("not_a_number", 1, 5)]);
    let rows_of = |effect: &Effect| [effect.arms[0].rows, effect.arms[1].rows];
    assert_eq!(found.effects.iter().map(rows_of).collect::<Vec<_>>(), [[199, 200], [200, 199]]);
    let joins: Vec<&str> = found.sample_ratio.iter().map(|r| r.at.as_str()).collect();
    assert_eq!(joins, ["assigned", "with a value of bought", "with a value of spent"]);
}

#[test]
fn an_arm_that_loses_units_is_an_alarm_whatever_the_effect() {
    let rows: Vec<String> =
        rows().into_iter().enumerate().filter(|(i, _)| i % 8 != 7).map(|(_, r)| r).collect();
    let found = analysed(&rows);
    assert!(found.sample_ratio[0].alarm && found.effects[0].shown());
    assert_eq!(found.conclusion, Conclusion::NotTrustworthy);
    let meant = Asked { shares: Some([4.0, 3.0]), ..Asked::default() };
    let found = analyze(&table(&rows), &meant).expect("an analysis");
    assert_eq!((found.sample_ratio[0].alarm, found.conclusion), (false, Conclusion::Difference));
}

#[test]
fn an_arm_that_loses_outcomes_is_an_alarm_too() {
    let mut rows = rows();
    for i in (1..400).step_by(4) {
        rows[i] = rows[i].replacen(",new,0", ",new,", 1).replacen(",new,1", ",new,", 1);
    }
    let found = analysed(&rows);
    let alarmed: Vec<&str> = found.sample_ratio.iter().filter(|r| r.alarm).map(|r| r.at.as_str()).collect();
    assert_eq!(alarmed, ["with a value of bought"]);
}

#[test]
fn one_unit_that_carries_a_mean_is_pointed_at() {
    let mut rows = rows();
    let quiet = analysed(&rows);
    assert!(!quiet.effects[1].tail.as_ref().expect("a mean has a tail").heavy);
    rows[4] = "u4,2024-05-01,control,old,1,90000".into();
    let found = analysed(&rows);
    let tail = found.effects[1].tail.as_ref().expect("a mean has a tail");
    assert_eq!((tail.heavy, tail.row, tail.largest), (true, 6, 90_000.0));
    assert!(tail.share.is_some_and(|s| s > 0.9));
    assert!((tail.without.value - quiet.effects[1].difference.value).abs() < 0.1);
    assert!(found.effects[0].tail.is_none(), "a share has none");
}

#[test]
fn yes_and_no_are_shares_and_a_column_of_one_value_has_no_test() {
    let named = |outcome: &str| Asked { outcomes: vec![outcome.into()], ..Asked::default() };
    let rows: Vec<String> = (0..40)
        .map(|i| {
            format!("{},{},{}", if i % 2 == 0 { "a" } else { "b" }, if i % 4 < 2 { "Yes" } else { "no" }, 7)
        })
        .collect();
    let sheet = csv(&format!("arm,won,seven\n{}\n", rows.join("\n")));
    let found = analyze(&sheet, &named("won")).expect("an analysis");
    assert_eq!((found.effects[0].scale, found.effects[0].arms[0].value), (Scale::Share, 0.5));
    let found = analyze(&sheet, &named("seven")).expect("an analysis");
    assert_eq!((found.effects[0].p, found.conclusion), (None, Conclusion::NoEffect));
}

#[test]
fn tables_that_cannot_be_compared_say_why() {
    let refused = |text: &str, asked: &Asked| {
        let error = analyze(&csv(text), asked).expect_err("no comparison");
        format!("{error}; {}", error.hint().unwrap_or_default())
    };
    let plain = Asked::default();
    assert!(refused("arm,x\na,1\na,2\n", &plain).contains("the single arm `a`"));
    assert!(refused("arm,x\na,1\nb,2\nb,3\n", &plain).contains("arm `a` has 1 units left"));
    let words = Asked { outcomes: vec!["x".into()], ..Asked::default() };
    assert!(refused("arm,x\na,p\nb,q\na,p\nb,q\n", &words).contains("column x holds text, expected numbers"));
    let time = Asked { time: Some("x".into()), ..Asked::default() };
    assert!(refused("arm,x,y\na,p,1\nb,q,2\na,p,3\nb,q,4\n", &time).contains("expected times"));
}
