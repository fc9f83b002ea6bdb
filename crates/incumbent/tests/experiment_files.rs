//! Finished experiments and logs in files, through the real binary: planted faults, published figures where the
//! reference data lies beside the workspace, and mistakes typed on purpose.

mod common;

use common::{Copy, Ran};
use serde_json::Value;

/// 600 visits: the treatment converts more often; three exposures disagree, one unit returns, one outcome is
/// missing.
fn visits() -> String {
    let row = |i: u32| {
        let treated = i % 2 == 1;
        let (group, page) = if treated { ("treatment", "new_page") } else { ("control", "old_page") };
        let page = if [40, 41, 90].contains(&i) {
            "old_page".replace("old", if treated { "old" } else { "new" })
        } else {
            page.into()
        };
        let converted = (i / 2) % 10 < if treated { 4 } else { 2 };
        let converted = if i == 7 { String::new() } else { u8::from(converted).to_string() };
        let unit = if i == 311 { 111 } else { i };
        format!("{unit},2024-03-{:02},{group},{page},{converted}\n", 1 + i / 30)
    };
    let rows: String = (0..600).map(row).collect();
    format!("user_id,day,group,landing_page,converted\n{rows}")
}

fn analyze(args: &[&str]) -> Ran {
    let folder = Copy::with(&[("visits.csv", visits().as_bytes())]);
    folder.run(&[&["experiment", "analyze", "visits.csv"], args].concat())
}

fn close(found: &Value, expected: f64, within: f64) {
    let found = found.as_f64().expect("a number");
    assert!((found - expected).abs() <= within, "{found} is not {expected}");
}

fn covers(interval: &Value, value: f64) -> bool {
    let end = |key: &str| interval[key].as_f64().expect("a number");
    end("low") <= value && value <= end("high")
}

#[test]
fn planted_faults_are_set_aside_and_the_effect_is_shown() {
    let found = analyze(&["--json"]).json(0);
    assert_eq!(found["columns"]["exposure"]["column"], "landing_page");
    let broken: Vec<(&str, u64, u64)> = found["broken"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|b| {
            (
                b["kind"].as_str().expect("a word"),
                b["rows"].as_u64().expect("a count"),
                b["example_row"].as_u64().expect("a row"),
            )
        })
        .collect();
    assert_eq!(broken, [("exposure_disagrees", 3, 42), ("unit_twice", 1, 313), ("missing_outcome", 1, 9)]);
    assert_eq!(found["conclusion"], "difference");
    assert_eq!(found["effects"][0]["days"].as_array().expect("days").len(), 20);
    close(&found["effects"][0]["difference"]["value"], 0.2, 0.01);
}

#[test]
fn the_terminal_shows_it_in_this_form() {
    let ran = analyze(&[]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(ran.stdout, @r"
    visits.csv: 600 rows; analysed 298 units of control (control) and 298 of treatment

    columns
      unit      user_id          its name is one that units go by
      arm       group            its name is one that arms go by, and its values are control, treatment
      control   control          its name is one that controls go by
      exposure  landing_page     it agrees with `group` in 99.5% of rows
      time      day              its name is one that times go by
      outcome   converted        it holds 0 and 1
      (each can be named: --unit, --arm, --control, --exposure, --time, --outcome)

    broken rows, set aside
            3  exposure disagrees with the arm; the first is row 42: group=control, user_id=40, landing_page=new_page
            1  unit has an earlier row; the first is row 313: group=treatment, user_id=111, landing_page=new_page
            1  no outcome, for this outcome only; the first is row 9: converted=

    sample ratio
      assigned: 300 to 299, p 0.97, ln Bayes factor -0.97
      analysed: 298 to 298, p 1.00, ln Bayes factor -0.97
      with a value of converted: 298 to 297, p 0.97, ln Bayes factor -0.97

    treatment minus control, with 95% intervals

      converted
        control    19.80% [15.67%, 24.69%] of 298 units
        treatment  39.73% [34.33%, 45.39%] of 297 units
        difference +19.93 points [+12.64, +26.94], +100.7% [+53.5%, +162.4%] relative
        z 5.32, p < 0.0001
         │                    ├───────────●───────────┤
        sizes like these see a true difference of 9.15 points with a chance of 80%
        day by day, all units so far; intervals that hold at every look:
          2024-03-02        57  too few units yet
          2024-03-04       116  too few units yet
          2024-03-06       176  too few units yet
          2024-03-08       236  too few units yet
          2024-03-10       296   │   ├────────────────────●───────────────────┤
          2024-03-12       355   │      ├─────────────────●──────────────────┤
          2024-03-14       415   │       ├────────────────●────────────────┤
          2024-03-16       475   │        ├───────────────●───────────────┤
          2024-03-18       535   │         ├──────────────●──────────────┤
          2024-03-20       595   │          ├─────────────●─────────────┤
          at the end +19.93 points [+8.81, +31.06]

    conclusion: a difference was shown: converted is higher with treatment
    ");
}

#[test]
fn a_page_is_written_that_loads_nothing_and_shows_the_alarm() {
    let folder = Copy::with(&[("visits.csv", visits().as_bytes())]);
    let ran =
        folder.run(&["experiment", "analyze", "visits.csv", "--shares", "0.9,0.1", "--html", "page.html"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stdout.starts_with("ALARM: SAMPLE RATIO MISMATCH"), "{}", ran.stdout);
    let page = std::fs::read_to_string(folder.path("page.html")).expect("the page");
    for part in [
        "not trustworthy",
        "The arms did not get the units",
        "<svg",
        "class=\"band series0\"",
        "exposure disagrees",
    ] {
        assert!(page.contains(part), "no `{part}` on the page");
    }
    for part in ["http", "<script", "src=", "url("] {
        assert!(!page.contains(part), "`{part}` is on the page");
    }
}

#[test]
fn a_table_can_be_read_in_other_words() {
    let found = analyze(&["--control", "treatment", "--outcome", "converted", "--json"]).json(0);
    close(&found["effects"][0]["difference"]["value"], -0.2, 0.01);
    assert_eq!(found["control"]["why"], "named");
}

#[test]
fn mistakes_in_an_analysis_end_with_a_hint() {
    let check = |args: &[&str], parts: &[&str]| refused(&analyze(args), parts);
    check(&["--arm", "grup"], &["no column `grup`, which --arm names", "did you mean `group`?"]);
    check(
        &["--outcome", "convertd"],
        &["no column `convertd`, which --outcome names", "did you mean `converted`?"],
    );
    check(&["--control", "contrl"], &["no arm `contrl`, which --control names", "did you mean `control`?"]);
    check(&["--arm", "day"], &["20 arms", "a comparison is of two", "--treatment"]);
    check(&["--time", "group"], &["column group holds text, expected times"]);
    let ran = analyze(&["--shares", "0.5"]);
    assert!(ran.code == 2 && ran.stderr.contains("write 0.5,0.5"), "{}", ran.stderr);
    let tables = Copy::with(&[("one.csv", b"group,x\na,1\na,0\n"), ("none.csv", b"p,q\n1.5,2.5\n")]);
    let of = |file: &str| tables.run(&["experiment", "analyze", file]);
    refused(&of("one.csv"), &["column group has the single arm `a`", "--arm"]);
    refused(&of("none.csv"), &["no column looks like the arm", "the columns are p, q"]);
    refused(&of("gone.csv"), &["gone.csv does not exist"]);
}

fn refused(ran: &Ran, parts: &[&str]) {
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
    for part in parts.iter().chain(&["hint:"]) {
        assert!(ran.stderr.contains(part), "no `{part}` in:\n{}", ran.stderr);
    }
}

/// Decisions drawn evenly; the first action is clicked on in 4 of 10, the second in 2 of 10.
fn decisions(propensity: impl Fn(u32) -> String) -> String {
    let row = |i: u32| {
        let second = i % 2 == 1;
        let clicked = (i / 2) % 10 < if second { 2 } else { 4 };
        format!("{},{},{}\n", if second { "red" } else { "blue" }, u8::from(clicked), propensity(i))
    };
    let rows: String = (0..1_000).map(row).collect();
    format!("action,click,propensity\n{rows}")
}

fn off_policy(log: &str, target: &str, args: &[&str]) -> Ran {
    let folder = Copy::with(&[
        ("log.csv", log.as_bytes()),
        ("target.csv", b"action,probability\nblue,0.8\nred,0.2\n"),
    ]);
    folder.run(&[&["experiment", "off-policy", "log.csv", "--target", target], args].concat())
}

#[test]
fn a_policy_is_valued_from_a_log_that_it_did_not_draw() {
    let log = decisions(|_| "0.5".into());
    let found = off_policy(&log, "target.csv", &["--json"]).json(0);
    assert_eq!((found["identified"].as_bool(), found["actions"].as_u64()), (Some(true), Some(2)));
    let names: Vec<&str> = found["estimates"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|e| e["estimator"].as_str().expect("a name"))
        .collect();
    assert_eq!(names, ["DR", "SNIPS", "IPS", "DR", "SNIPS", "IPS", "switch-DR", "DM"]);
    for estimate in &found["estimates"].as_array().expect("a list")[..6] {
        close(&estimate["value"]["value"], 0.36, 0.005);
    }
    assert!(found["lower_bound"].as_f64().is_some_and(|bound| (0.25..0.36).contains(&bound)), "{found}");
    let ran = off_policy(&log, "target.csv", &[]);
    assert!(ran.stdout.contains("conclusion: the target's value is about 0.36"), "{}", ran.stdout);
}

#[test]
fn a_deterministic_log_is_refused_with_a_way_out() {
    let ran = off_policy(&decisions(|_| "1".into()), "uniform", &[]);
    assert_eq!(ran.code, 1);
    let start = "REFUSED: a deterministic log does not identify the value: every propensity is 1\n  hint: run the other \
                 policy in shadow";
    assert!(ran.stdout.starts_with(start), "{}", ran.stdout);
    assert!(ran.stdout.contains("  DR  ") && ran.stdout.contains("conclusion: refused"), "{}", ran.stdout);
}

#[test]
fn mistakes_in_a_log_end_with_a_hint() {
    let sound = decisions(|_| "0.5".into());
    let zero = decisions(|i| if i == 5 { "0".into() } else { "0.5".into() });
    refused(
        &off_policy(&zero, "uniform", &[]),
        &["log.csv: row 7, column propensity: found 0, expected a number above 0"],
    );
    refused(
        &off_policy(&sound, "uniform", &["--reward", "clicks"]),
        &["no column `clicks`, which --reward names", "did you mean `click`?"],
    );
    refused(
        &off_policy(&sound, "uniform", &["--reward", "action", "--action", "click"]),
        &["column action holds text, expected numbers"],
    );
    refused(&off_policy(&sound, "gone.csv", &[]), &["gone.csv does not exist"]);
    let ran = off_policy(&sound, "uniform", &["--clip", "0"]);
    assert!(ran.code == 2 && ran.stderr.contains("`0` is no number above 0"), "{}", ran.stderr);
}

#[test]
fn cookie_cats_is_reproduced_with_its_alarm() {
    let Some(file) = testkit::shared("data/cookie-cats/cookie_cats.parquet") else { return };
    let found = Copy::empty().run(&["experiment", "analyze", &file.to_string_lossy(), "--json"]).json(1);
    assert_eq!(
        (&found["conclusion"], &found["units"]),
        (&"not_trustworthy".into(), &serde_json::json!([44_700, 45_489]))
    );
    assert_eq!(found["sample_ratio"][0]["alarm"], true);
    close(&found["sample_ratio"][0]["p"], 0.0086, 0.00005);
    let of = |name: &str| {
        let effects = found["effects"].as_array().expect("a list");
        effects.iter().find(|e| e["outcome"] == name).expect("an outcome").clone()
    };
    let (week, rounds) = (of("retention_7"), of("sum_gamerounds"));
    close(&week["arms"][0]["value"], 0.1902, 0.00005);
    close(&week["arms"][1]["value"], 0.1820, 0.00005);
    close(&week["statistic"], -3.16, 0.005);
    close(&week["p"], 0.0016, 0.00005);
    close(&of("retention_1")["p"], 0.074, 0.0005);
    assert_eq!((&rounds["tail"]["heavy"], &rounds["tail"]["largest"]), (&true.into(), &49_854.0.into()));
}

#[test]
fn ab_landing_page_is_reproduced_without_an_effect() {
    let Some(file) = testkit::shared("data/ab-landing-page/ab_data.parquet") else { return };
    let found = Copy::empty().run(&["experiment", "analyze", &file.to_string_lossy(), "--json"]).json(1);
    assert_eq!(found["conclusion"], "no_effect");
    assert_eq!(found["units"], serde_json::json!([145_274, 145_310]));
    let broken = found["broken"].as_array().expect("a list");
    let rows = |kind: &str| broken.iter().find(|b| b["kind"] == kind).map(|b| b["rows"].clone());
    assert_eq!((rows("exposure_disagrees"), rows("unit_twice")), (Some(3_893.into()), Some(1.into())));
    close(&found["effects"][0]["arms"][0]["value"], 0.1204, 0.00005);
    close(&found["effects"][0]["arms"][1]["value"], 0.1188, 0.00005);
    assert_eq!(found["effects"][0]["days"].as_array().expect("days").len(), 23);
}

/// One direction of open-bandit: the estimate from one policy's log, and what the other's own log shows.
fn open_bandit(campaign: &str, log: &str, target: &str) -> Option<(Value, f64)> {
    let path = |policy: &str| testkit::shared(&format!("data/open-bandit/{policy}_{campaign}.parquet"));
    let (log, target) =
        (path(log)?.to_string_lossy().to_string(), path(target)?.to_string_lossy().to_string());
    let ran = Copy::empty().run(&["experiment", "off-policy", &log, "--target", &target, "--json"]);
    let found = ran.json(ran.code);
    assert_eq!(ran.code, i32::from(!found["identified"].as_bool().expect("yes or no")), "{}", ran.stdout);
    let observed = found["observed"]["value"]["value"].as_f64().expect("the target has a log");
    Some((found, observed))
}

#[test]
fn open_bandit_s_policies_are_valued_from_each_other_s_logs() {
    for (campaign, log, target, rate, refused) in [
        ("all", "random", "bts", 0.0042, &[][..]),
        ("all", "bts", "random", 0.0038, &[]),
        ("women", "random", "bts", 0.0046, &[]),
        ("women", "bts", "random", 0.0046, &["few_effective", "mean_weight"]),
    ] {
        let Some((found, observed)) = open_bandit(campaign, log, target) else { return };
        let place = format!("{target} from {log}, {campaign}");
        assert!((observed - rate).abs() < 1e-9, "{place}: {observed}");
        assert_eq!(found["observed"]["covered"], true, "{place}");
        for estimate in found["estimates"].as_array().expect("a list").iter().take(3) {
            assert!(covers(&estimate["value"], observed), "{place}: {estimate}");
        }
        let refusals: Vec<&str> = found["refusals"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|r| r["refusal"].as_str().expect("a word"))
            .collect();
        assert_eq!(refusals, refused, "{place}");
        assert!(found["lower_bound"].as_f64().is_some_and(|bound| bound <= observed), "{place}");
    }
}
