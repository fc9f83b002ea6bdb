//! Scores of every forecasting method on a competition's series.

use crate::progress::Shown;
use crate::{Outcome, print};
use lifecycle::Progress;
use models::forecast::competition::{Score, Series, score};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use store::files::read_series;

/// Scores the series of a file, each kind of series on its own and all together.
pub fn run(file: &Path, json: bool) -> anyhow::Result<Outcome> {
    let mut kinds: BTreeMap<String, Vec<Series>> = BTreeMap::new();
    for cut in read_series(file)? {
        let series = Series { train: cut.train, test: cut.test, season: cut.season };
        kinds.entry(cut.period).or_default().push(series);
    }
    if kinds.len() > 1 {
        let all = kinds.values().flatten().cloned().collect();
        kinds.insert("all".into(), all);
    }
    let mut shown = Shown::new();
    let mut found = Vec::new();
    for (kind, series) in &kinds {
        shown.begin("score", &format!("{} series ({kind})", series.len()));
        found.push((kind, score(series, &|_| ())));
        if !shown.share(1.0) {
            return Err(lifecycle::StageError::Interrupted.into());
        }
    }
    shown.finish();
    if json {
        let of = |(kind, scores): &(&String, Vec<Score>)| json!({"period": kind, "methods": scores.iter().map(as_json).collect::<Vec<_>>()});
        print::json(&found.iter().map(of).collect());
    } else {
        found.iter().for_each(|(kind, scores)| println!("{kind}\n{}\n", table(scores)));
    }
    Ok(Outcome::Pass)
}

fn as_json(s: &Score) -> serde_json::Value {
    json!({
        "method": s.method, "smape": s.smape, "smape_pooled": s.smape_pooled, "mase": s.mase,
        "series": s.series, "left_out": s.left_out,
    })
}

fn table(scores: &[Score]) -> comfy_table::Table {
    let rows = scores.iter().map(|s| {
        let digits = |x: f64| format!("{x:.3}");
        let counts = format!("{} of {}", s.series, s.series + s.left_out);
        vec![s.method.into(), digits(s.smape), digits(s.smape_pooled), digits(s.mase), counts]
    });
    print::table(&["method", "sMAPE", "sMAPE pooled", "MASE", "series"], rows.collect())
}
