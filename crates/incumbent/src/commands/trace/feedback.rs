//! The loop through people in a story: how a prediction came to them, what they said, and which versions learned from
//! it; and of a version, which of their labels it learned from.

use crate::commands::review;
use crate::print;
use domain::history::{Certified, Standing};
use domain::review::Standing as Stands;
use domain::{History, Prediction, ServedBy};
use lifecycle::Project;
use lifecycle::review::{Item, Lesson, Round, item, learners, lessons};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The most predictions of a version that are told in words.
const TOLD: usize = 5;

/// What people had to do with one prediction.
pub struct Feedback<'a> {
    item: Option<(Item, Round)>,
    certified: Option<&'a Certified>,
    /// The answer's confidence: its largest number.
    confidence: f64,
    learners: Vec<(&'a Standing, Lesson)>,
}

/// Reads it.
pub fn of<'a>(
    project: &Project,
    history: &'a History,
    prediction: &Prediction,
) -> anyhow::Result<Feedback<'a>> {
    let answered = match &prediction.served_by {
        ServedBy::Intended => Some(&prediction.version),
        ServedBy::Fallback { version, .. } => Some(version),
        ServedBy::Floor { .. } => None,
    };
    let in_force = |v| history.certificates_of(v).rfind(|certified| certified.at <= prediction.at);
    Ok(Feedback {
        item: item(project, prediction.id)?,
        certified: answered.and_then(in_force),
        confidence: prediction.output.iter().copied().fold(0.0, f64::max),
        learners: learners(project, history, prediction.id)?,
    })
}

impl Feedback<'_> {
    /// For programs: an object with `review`, `certificate` and `learned`.
    pub fn json(&self, history: &History) -> Value {
        let drawn = self.item.as_ref().map(|(item, round)| {
            let mut told = review::item(item);
            told["round"] = json!(item.round + 1);
            told["drawn_at"] = json!(round.at.to_string());
            told
        });
        let certificate = self.certified.map(|certified| {
            let (at, alone) = (certified.at.to_string(), self.alone(certified));
            json!({"at": at, "alone": alone, "confidence": self.confidence, "certificate": certified.certificate})
        });
        let learned = self.learners.iter().map(|(version, lesson)| {
            let verdict = history.verdict(&version.version).map(|judged| judged.verdict.decision);
            json!({
                "version": version.version.0, "number": version.number, "weight": lesson.weight,
                "verdict": verdict, "stage": version.stage,
            })
        });
        json!({"review": drawn, "certificate": certificate, "learned": learned.collect::<Vec<_>>()})
    }

    /// For people.
    pub fn print(&self, history: &History) {
        self.certified.iter().for_each(|certified| self.print_certificate(certified));
        match &self.item {
            None => println!("  review     not drawn for people"),
            Some((item, round)) => print_item(item, round),
        }
        for (version, lesson) in &self.learners {
            let verdict = history.verdict(&version.version).map(|j| j.verdict.decision.to_string());
            let (name, stage) = (print::name(version), print::stage(version.stage));
            let gate = verdict.map_or("not judged yet".into(), |verdict| format!("gate: {verdict}"));
            println!("  taught     {name} with weight {}; {gate}; {stage}", print::number(lesson.weight));
        }
    }

    fn alone(&self, certified: &Certified) -> bool {
        certified.certificate.threshold.is_some_and(|threshold| self.confidence >= threshold)
    }

    fn print_certificate(&self, certified: &Certified) {
        let given = if self.alone(certified) { "given alone" } else { "for people" };
        let rule = match certified.certificate.threshold {
            Some(threshold) => format!("answers from {threshold:.4} on are given alone"),
            None => "no answer is given alone".into(),
        };
        println!(
            "  alone      {given}: confidence {:.4}, and {rule} since {}",
            self.confidence, certified.at
        );
    }
}

fn print_item(item: &Item, round: &Round) {
    let (why, chance) = (item.asked.why, print::number(item.asked.chance));
    println!("  review     drawn as {why} with chance {chance} in round {}, {}", item.round + 1, round.at);
    item.labels.iter().for_each(|l| println!("    {} said {} at {}", l.worker, l.label, l.at));
    item.skips.iter().for_each(|worker| println!("    {worker} passed it on"));
    let label = item.label().unwrap_or_default();
    match item.standing {
        Stands::Settled(_) if item.noted => println!("    label {label}, which counts"),
        Stands::Settled(_) => println!("    label {label}, which does not count yet"),
        Stands::Open => println!("    waits for people"),
        Stands::Contested => println!("    people differ"),
        Stands::Unclear => println!("    nobody can tell"),
    }
}

/// Which predictions that people were shown a version learned from, for programs; `null` where it did from none.
pub fn learned(project: &Project, version: &Standing) -> anyhow::Result<Value> {
    let Some(taught) = &version.trained_on.reviewed else { return Ok(Value::Null) };
    let lessons = lessons(project, version)?;
    let ids: Vec<&String> = lessons.iter().map(|lesson| &lesson.prediction).collect();
    Ok(
        json!({"labels": taught.labels, "total": taught.total(), "rounds": rounds(&lessons), "predictions": ids}),
    )
}

/// The same for people.
pub fn print_learned(project: &Project, version: &Standing) -> anyhow::Result<()> {
    let Some(taught) = &version.trained_on.reviewed else { return Ok(()) };
    let lessons = lessons(project, version)?;
    let by: Vec<String> = taught.labels.iter().map(|(why, count)| format!("{count} {why}")).collect();
    let rounds: Vec<String> = rounds(&lessons).iter().map(usize::to_string).collect();
    println!("  learned    from {} reviewed predictions ({})", taught.total(), by.join(", "));
    println!("    of the rounds {}", rounds.join(", "));
    for lesson in lessons.iter().take(TOLD) {
        println!("    {} {}, weight {}", lesson.prediction, lesson.why, print::number(lesson.weight));
    }
    if lessons.len() > TOLD {
        println!("    and {} more; --json names all", lessons.len() - TOLD);
    }
    Ok(())
}

/// The rounds that lessons are of, counted from 1.
fn rounds(lessons: &[Lesson]) -> BTreeSet<usize> {
    lessons.iter().map(|lesson| lesson.round + 1).collect()
}
