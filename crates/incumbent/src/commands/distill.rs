//! `incumbent distill`: a big teacher, and the small student that learns from it and fits the budget.

mod label;
mod picture;

use crate::progress::Shown;
use crate::{Outcome, args, commands, print, workspace};
use anyhow::Context;
use domain::distill::{DistillDecision, DistillFacts, StepFact, StudentFact};
use domain::gate::{Decision, Estimate};
use lifecycle::distill::{self, Outcome as Distilled};
use serde_json::json;

/// Runs the command.
pub fn run(args: &args::Distill, json: bool) -> anyhow::Result<Outcome> {
    if let Some(args::Instead::Label(args)) = &args.instead {
        return label::run(args, json);
    }
    let project = workspace::open(&args.dir)?;
    let mut shown = Shown::new();
    let found = distill::run(&project, &mut shown)?;
    shown.finish();
    if let Some(path) = &args.picture {
        let written = std::fs::write(path, picture::draw(&found.facts));
        written.with_context(|| format!("could not write {}", path.display()))?;
    }
    if json {
        let student =
            found.student.as_ref().map(|(id, verdict)| json!({"version": id.0, "verdict": verdict}));
        let members = found.members.iter().map(|(name, loss)| json!({"name": name, "log_loss": loss}));
        print::json(&json!({
            "facts": found.facts, "decision": found.decision, "teacher": found.teacher, "student": student,
            "members": members.collect::<Vec<_>>(),
        }));
    } else {
        told(&found);
    }
    let shipped = found.student.as_ref().is_some_and(|(_, verdict)| verdict.decision == Decision::Pass);
    Ok(if shipped { Outcome::Pass } else { Outcome::Fail })
}

fn told(found: &Distilled) {
    let facts = &found.facts;
    let members = found.members.iter().map(|(name, loss)| vec![name.clone(), print::number(*loss)]);
    println!("{}\n", print::table(&["model of the teacher", "log loss out of fold"], members.collect()));
    println!("teacher {}: log loss {} on rows that nobody saw", facts.teacher, print::estimate(&facts.loss));
    println!("  better than {} alone by {}\n", facts.single, print::estimate(&facts.gain));
    commands::gate::print("teacher", &found.teacher);
    if !facts.students.is_empty() {
        println!("\nstudents learn from {}", facts.lesson);
        let headings =
            ["student", "log loss", "its hard twin", "of the way", "parameters", "bytes", "p99, us"];
        println!("\n{}", print::table(&headings, facts.students.iter().map(row).collect()));
    }
    steps(facts);
    match &found.decision {
        DistillDecision::Refuse(why) => println!("\nrefused: {why}"),
        DistillDecision::Nobody(why) => println!("\nno student is within the budget: {why}"),
        DistillDecision::Choose { student, why } => println!("\nchosen: {student}: {why}\n"),
    }
    if let Some((id, verdict)) = &found.student {
        commands::gate::print(&id.to_string(), verdict);
    }
}

/// What was tried to make students smaller.
fn steps(facts: &DistillFacts) {
    let line = |student: &StudentFact, step: &StepFact| {
        let kept = if step.pays(facts.tolerance) { "kept" } else { "undone" };
        let bytes = format!("{} of {}", step.bytes, step.before);
        vec![student.name.clone(), step.what.to_string(), bytes, print::estimate(&step.change), kept.into()]
    };
    let of = |student| move |step| line(student, step);
    let lines: Vec<_> = facts.students.iter().flat_map(|s: &StudentFact| s.steps.iter().map(of(s))).collect();
    if !lines.is_empty() {
        let headings = ["student", "made smaller by", "bytes", "costs a row", ""];
        println!("\n{}", print::table(&headings, lines));
    }
}

fn row(student: &StudentFact) -> Vec<String> {
    let shown = |e: Option<&Estimate>, of: &dyn Fn(&Estimate) -> String| e.map_or("unknown".into(), of);
    let share =
        |e: &Estimate| format!("{:.0}% [{:.0}, {:.0}]", 100.0 * e.value, 100.0 * e.low, 100.0 * e.high);
    vec![
        student.name.clone(),
        print::estimate(&student.loss),
        shown(student.twin.as_ref(), &print::estimate),
        shown(student.kept.as_ref(), &share),
        student.parameters.to_string(),
        student.bytes.to_string(),
        shown(student.p99.as_ref(), &|e| format!("{:.0} [{:.0}, {:.0}]", e.value, e.low, e.high)),
    ]
}
