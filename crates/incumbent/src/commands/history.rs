//! `incumbent history`: every event; and every verdict judged again from the facts that its event holds.

use crate::{Outcome, args, print, workspace};
use domain::gate::judge;
use domain::{Event, Recorded};
use lifecycle::Project;
use serde_json::{Value, json};

/// Runs the command.
pub fn run(args: &args::History, json: bool) -> anyhow::Result<Outcome> {
    let project = workspace::open(&args.dir)?;
    if args.replay {
        return replay(&project, json);
    }
    let events = project.registry.events(0)?;
    if json {
        let all =
            events.iter().map(|r| json!({"sequence": r.sequence, "at": r.at.to_string(), "event": r.event}));
        print::json(&Value::Array(all.collect()));
    } else {
        events.iter().for_each(|r| println!("{:>5}  {}  {}", r.sequence, r.at, sentence(r)));
    }
    Ok(Outcome::Pass)
}

fn replay(project: &Project, json: bool) -> anyhow::Result<Outcome> {
    let history = project.history()?;
    let mut different = Vec::new();
    for judged in &history.verdicts {
        let rules = serde_json::from_value(judged.rules.clone())?;
        if judge(&rules, &judged.facts) != judged.verdict {
            different.push(judged.sequence);
        }
    }
    if json {
        print::json(&json!({"verdicts": history.verdicts.len(), "different": different}));
    } else {
        println!(
            "{} verdicts judged again from their facts, {} come out differently",
            history.verdicts.len(),
            different.len()
        );
        different.iter().for_each(|sequence| println!("  event {sequence}"));
    }
    Ok(if different.is_empty() { Outcome::Pass } else { Outcome::Fail })
}

/// One event in words.
pub fn sentence(recorded: &Recorded) -> String {
    match &recorded.event {
        Event::StageDone { stage, .. } => format!("stage {stage} done"),
        Event::Registered { version, origin, trained_on, .. } => {
            format!("{version} registered: {origin}, {} rows", trained_on.rows)
        }
        Event::Scored { version, scores, .. } => {
            let scores = scores.iter().map(|s| format!("{} {}", s.metric, print::estimate(&s.estimate)));
            format!("{version} scored: {}", scores.collect::<Vec<_>>().join(", "))
        }
        Event::Judged { facts, verdict, .. } => {
            format!("{} judged against {}: {}", facts.challenger, facts.incumbent, verdict.decision)
        }
        Event::Moved { version, stage, why } => format!("{version} is now {}: {why}", print::stage(*stage)),
        Event::Deployed { incumbent, fallback } => {
            let behind: Vec<String> = fallback.iter().map(ToString::to_string).collect();
            format!("{incumbent} serves; behind it [{}]", behind.join(", "))
        }
        Event::Triggered { action, why } => format!("{action} triggered: {why}"),
        Event::Measured { version, metric, from, to, value, interval, rows } => {
            let (value, low, high) =
                (print::number(*value), print::number(interval.0), print::number(interval.1));
            format!("{version} live {metric} {value} [{low}, {high}] on {rows} rows, {from} to {to}")
        }
        Event::Dropped { predictions, why } => {
            format!("{predictions} predictions answered but not logged: {why}")
        }
    }
}
