//! The analysis as data. Keys stay; new ones may come.

use lifecycle::analyze::{Analysis, Broken, Columns, Day, Effect, SampleRatio, Scale, Tail};
use lifecycle::choice::Choice;
use serde_json::{Value, json};

/// Everything that was found.
pub fn of(file: &str, found: &Analysis) -> Value {
    json!({
        "file": file,
        "rows": found.rows,
        "columns": columns(&found.columns),
        "control": {"arm": found.arms[0], "why": found.control_because},
        "treatment": {"arm": found.arms[1]},
        "broken": found.broken.iter().map(broken).collect::<Vec<_>>(),
        "units": found.units,
        "sample_ratio": found.sample_ratio.iter().map(ratio).collect::<Vec<_>>(),
        "effects": found.effects.iter().map(effect).collect::<Vec<_>>(),
        "conclusion": found.conclusion.word(),
    })
}

/// A column and why it was chosen.
pub fn choice(choice: &Choice) -> Value {
    json!({"column": choice.column, "why": choice.why})
}

fn columns(columns: &Columns) -> Value {
    json!({
        "unit": columns.unit.as_ref().map(choice),
        "arm": choice(&columns.arm),
        "exposure": columns.exposure.as_ref().map(choice),
        "time": columns.time.as_ref().map(choice),
        "outcomes": columns.outcomes.iter().map(choice).collect::<Vec<_>>(),
    })
}

fn broken(broken: &Broken) -> Value {
    json!({"kind": broken.kind.word(), "rows": broken.rows, "example_row": broken.example, "found": broken.found})
}

fn ratio(ratio: &SampleRatio) -> Value {
    json!({
        "at": ratio.at, "units": ratio.units, "shares": ratio.shares, "p": ratio.p, "alarm": ratio.alarm,
        "log_bayes_factor": ratio.log_bayes_factor, "sequential_alarm": ratio.sequential_alarm,
    })
}

fn effect(effect: &Effect) -> Value {
    json!({
        "outcome": effect.outcome,
        "scale": match effect.scale { Scale::Share => "share", Scale::Mean => "mean" },
        "arms": effect.arms,
        "difference": effect.difference,
        "relative": effect.relative,
        "statistic": effect.statistic,
        "p": effect.p,
        "p_holm": effect.adjusted,
        "shown": effect.shown(),
        "detectable": effect.detectable,
        "tail": effect.tail.as_ref().map(tail),
        "days": effect.days.iter().map(day).collect::<Vec<_>>(),
    })
}

fn tail(tail: &Tail) -> Value {
    json!({
        "largest": tail.largest, "row": tail.row, "share": tail.share, "without": tail.without, "cut": tail.cut,
        "winsorised": tail.winsorised, "heavy": tail.heavy,
    })
}

fn day(day: &Day) -> Value {
    json!({"day": day.day.to_string(), "units": day.units, "difference": day.difference})
}
