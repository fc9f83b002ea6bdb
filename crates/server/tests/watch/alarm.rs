//! An alarm says what programs act on, and dates it where it can be dated.

use crate::facts;
use domain::Timestamp;
use domain::diagnosis::{Change, Exact, Facts};
use domain::time::DAY;
use insta::assert_snapshot;
use serde_json::Value;

fn alarm(facts: &Facts) -> Value {
    server::report::alarm(facts, &facts::said(facts))
}

#[test]
fn it_is_this_object() {
    let body = serde_json::to_string_pretty(&alarm(&facts::upstream())).expect("plain data");
    assert_snapshot!(body, @r#"
    {
      "version": "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
      "cause": "upstream_data_bug",
      "action": "tell_the_source",
      "advice": "tell who owns the source; until it is mended, fall back or impute",
      "alarm": true,
      "why": "job: missing in 40.0% of the rows, 0.0% before, since 2025-09-13T12:00:00Z",
      "since": "2025-09-13T12:00:00Z",
      "from": "2025-09-08T12:00:00Z",
      "to": "2025-09-15T12:00:00Z",
      "rows": 4000,
      "findings": [
        {
          "check": "golden rows",
          "wrong": false,
          "found": "0 of 2000 answered again by the kept bytes differ; at most 0.1% are wrong (95%)"
        },
        {
          "check": "answers",
          "wrong": false,
          "found": "0 of 2000 logged and answered again differ; at most 0.1% are wrong (95%)"
        },
        {
          "check": "behaviour",
          "wrong": false,
          "found": "alone, among others and again: the same answers"
        },
        {
          "check": "replay",
          "wrong": false,
          "found": "2000 rows recomputed, every column as logged"
        },
        {
          "check": "schema",
          "wrong": true,
          "found": "job: missing in 40.0% of the rows, 0.0% before, since 2025-09-13T12:00:00Z"
        },
        {
          "check": "distribution",
          "wrong": false,
          "found": "none of 9 columns moved; told apart with AUC 0.503 [0.483, 0.523]"
        },
        {
          "check": "loss",
          "wrong": false,
          "found": "log_loss 0.3000 live, 0.3000 promised: +0.0000 [-0.0150, +0.0150], tolerance 0.0300; +0.0000 by inputs, +0.0000 by the relation, 2.0% of the rows like none before"
        },
        {
          "check": "labels",
          "wrong": null,
          "found": "2000 outcomes are known, too few to tell"
        },
        {
          "check": "kpi",
          "wrong": null,
          "found": "nobody said what the business counts"
        }
      ]
    }
    "#);
}

#[test]
fn it_is_dated_by_what_caused_it() {
    let day_ago = Timestamp(facts::NOW.0 - DAY);
    let change = Change { before: 0.9, now: 0.5, p: 1e-9, since: Some(day_ago) };
    let mut labels = facts::healthy();
    labels.labels.agreement = Some(change);
    let mut kpi = facts::healthy();
    kpi.kpi = Some(change);
    for (facts, cause) in
        [(facts::shifted(), "covariate_shift"), (labels, "label_process_changed"), (kpi, "not_the_model")]
    {
        let said = alarm(&facts);
        assert_eq!((&said["cause"], &said["since"]), (&cause.into(), &day_ago.to_string().into()));
    }
    let wrong = Facts { answers: Exact { rows: 2000, wrong: 3, worst: 0.2 }, ..facts::shifted() };
    let said = alarm(&wrong);
    assert_eq!(
        (&said["cause"], &said["since"]),
        (&"serving_bug".into(), &Value::Null),
        "exact checks date nothing"
    );
    assert_eq!(alarm(&facts::healthy())["alarm"], false);
}
