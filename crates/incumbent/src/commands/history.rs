//! `incumbent history`: every event; and every verdict, diagnosis, retrain and look of a release decided again from the
//! facts that its event holds.

use crate::{Outcome, args, print, workspace};
use domain::diagnosis::diagnose;
use domain::distill::{DistillDecision, distill};
use domain::experiment::{Decision, Reason, decide};
use domain::gate::judge;
use domain::history::Looked;
use domain::retrain::{RetrainDecision, retrain};
use domain::review::certify;
use domain::{Event, History, Recorded};
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

/// What came of deciding again.
struct Again {
    verdicts: usize,
    diagnoses: usize,
    retrains: usize,
    certificates: usize,
    distilled: usize,
    looks: usize,
    /// Looks at which a person decided, not the rule.
    by_hand: usize,
    /// The events that come out differently.
    different: Vec<u64>,
}

fn replay(project: &Project, json: bool) -> anyhow::Result<Outcome> {
    let again = again(&project.history()?)?;
    let Again { verdicts, diagnoses, retrains, certificates, distilled, looks, by_hand, different } = again;
    if json {
        print::json(&json!({
            "verdicts": verdicts, "diagnoses": diagnoses, "retrains": retrains, "certificates": certificates, "distilled": distilled,
            "looks": looks, "by_hand": by_hand, "different": different,
        }));
    } else {
        println!(
            "{verdicts} verdicts, {diagnoses} diagnoses, {retrains} retrains, {certificates} certificates, {distilled} distillations and {looks} looks at releases decided again from their facts, {} come out differently",
            different.len()
        );
        different.iter().for_each(|sequence| println!("  event {sequence}"));
        if by_hand > 0 {
            println!("{by_hand} releases were stopped by hand, which no rule decides");
        }
    }
    Ok(if different.is_empty() { Outcome::Pass } else { Outcome::Fail })
}

fn again(history: &History) -> anyhow::Result<Again> {
    let mut different = Vec::new();
    for judged in &history.verdicts {
        let rules = serde_json::from_value(judged.rules.clone())?;
        if judge(&rules, &judged.facts) != judged.verdict {
            different.push(judged.sequence);
        }
    }
    for diagnosed in &history.diagnoses {
        let rules = serde_json::from_value(diagnosed.rules.clone())?;
        if diagnose(&rules, &diagnosed.facts) != diagnosed.diagnosis {
            different.push(diagnosed.sequence);
        }
    }
    for retraining in &history.retrains {
        let rules = serde_json::from_value(retraining.rules.clone())?;
        if retrain(&rules, &retraining.facts) != retraining.decision {
            different.push(retraining.sequence);
        }
    }
    for certified in &history.certificates {
        let rules = serde_json::from_value(certified.rules.clone())?;
        if certify(&rules, &certified.facts) != certified.certificate {
            different.push(certified.sequence);
        }
    }
    for distilled in &history.distilled {
        if distill(&distilled.facts) != distilled.decision {
            different.push(distilled.sequence);
        }
    }
    let all = || history.experiments.iter().flat_map(|release| &release.looks);
    let (by_hand, looks): (Vec<&Looked>, Vec<&Looked>) = all().partition(|look| by_hand(look));
    for look in &looks {
        let rules = serde_json::from_value(look.rules.clone())?;
        if decide(&rules, look.mode, &look.facts) != look.decision {
            different.push(look.sequence);
        }
    }
    different.sort_unstable();
    Ok(Again {
        verdicts: history.verdicts.len(),
        diagnoses: history.diagnoses.len(),
        retrains: history.retrains.len(),
        certificates: history.certificates.len(),
        distilled: history.distilled.len(),
        looks: looks.len(),
        by_hand: by_hand.len(),
        different,
    })
}

fn by_hand(look: &Looked) -> bool {
    matches!(look.decision, Decision::Stop { reason: Reason::ByHand, .. })
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
        Event::Started { experiment, incumbent, challenger, phase, why, .. } => {
            format!("release {experiment} of {challenger} against {incumbent} begins with {phase}: {why}")
        }
        Event::Decided { facts, decision, .. } => {
            format!("release {} in {}: {decision}: {}", facts.experiment, facts.phase, decision.why())
        }
        Event::Diagnosed { facts, diagnosis, .. } => {
            format!(
                "{} diagnosed: {}: {}; {}",
                facts.version, diagnosis.cause, diagnosis.why, diagnosis.action
            )
        }
        Event::RetrainDecided { decision, .. } => match decision {
            RetrainDecision::Train(why) => format!("retrain decided: {why}"),
            RetrainDecision::Wait(why) => format!("retrain waits: {why}"),
            RetrainDecision::Refuse(why) => format!("retrain refused: {why}"),
        },
        Event::Certified { facts, certificate, .. } => match certificate.threshold {
            Some(threshold) => {
                format!("{} answers alone from {threshold:.4} on: {}", facts.version, certificate.why)
            }
            None => format!("{} answers nothing alone: {}", facts.version, certificate.why),
        },
        Event::Distilled { facts, decision } => match decision {
            DistillDecision::Refuse(why) => format!("teacher {} is not distilled: {why}", facts.teacher),
            DistillDecision::Nobody(why) => {
                format!("no student of {} is within the budget: {why}", facts.teacher)
            }
            DistillDecision::Choose { student, why } => {
                let lesson = if facts.lesson.real > 0 {
                    format!(", taught from {},", facts.lesson)
                } else {
                    String::new()
                };
                format!("student {student} of {}{lesson} is chosen: {why}", facts.teacher)
            }
        },
        Event::BreakerOpened { version } => {
            format!("{version} failed so often that it is not asked for a while: its breaker opened")
        }
        Event::Dropped { predictions, why } => {
            format!("{predictions} predictions answered but not logged: {why}")
        }
    }
}
