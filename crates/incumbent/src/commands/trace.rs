//! `incumbent trace`: one prediction's or one version's whole story.

mod feedback;

use crate::error::Hinted;
use crate::{Outcome, args, commands, print, workspace};
use domain::history::Standing;
use domain::{Event, History, Prediction, PredictionId, ServedBy, Source};
use lifecycle::Project;
use serde_json::{Value, json};
use server::experiment;

/// Runs the command.
pub fn run(args: &args::Trace, json: bool) -> anyhow::Result<Outcome> {
    let project = workspace::open(&args.dir)?;
    let history = project.history()?;
    match PredictionId::parse(&args.id) {
        Some(id) => prediction(&project, &history, id, json),
        None => version(&project, &history, commands::find(&history, &args.id)?, json),
    }
}

fn prediction(project: &Project, history: &History, id: PredictionId, json: bool) -> anyhow::Result<Outcome> {
    let unknown = || {
        Hinted::error(
            format!("no prediction {id} in the journal"),
            "ids are in the answers of :predict and infer",
        )
    };
    let prediction = project.journal.prediction(id)?.ok_or_else(unknown)?;
    let outcomes = project.journal.outcomes(id)?;
    let version = history.version(&prediction.version);
    let feedback = feedback::of(project, history, &prediction)?;
    if json {
        let outcomes = outcomes
            .iter()
            .map(|o| json!({"at": o.at.to_string(), "value": o.value, "source": source(o.source)}));
        let input: Value = serde_json::from_str(&prediction.input).unwrap_or(Value::Null);
        let mut told = json!({
            "prediction": id.to_string(), "at": prediction.at.to_string(), "version": prediction.version.0,
            "served_by": served_by(&prediction), "input": input, "output": prediction.output,
            "latency_us": prediction.latency_us, "outcomes": outcomes.collect::<Vec<_>>(),
            "origin": version.map(|v| &v.origin), "trained_on": version.map(|v| &v.trained_on),
        });
        let told_of = told.as_object_mut().expect("an object");
        told_of.extend(feedback.json(history).as_object().expect("an object").clone());
        print::json(&told);
        return Ok(Outcome::Pass);
    }
    println!("prediction {id}");
    println!("  answered   {} in {} us", prediction.at, prediction.latency_us);
    println!("  version    {}", version.map_or(prediction.version.to_string(), print::name));
    println!("  served by  {}", served_by(&prediction));
    println!("  input      {}", prediction.input);
    println!("  output     {:?}", prediction.output);
    for outcome in &outcomes {
        println!("  outcome    {} at {}, {}", outcome.value, outcome.at, source(outcome.source));
    }
    if outcomes.is_empty() {
        println!("  outcome    not known yet");
    }
    feedback.print(history);
    version.map_or(Ok(()), |v| story(project, history, v))?;
    Ok(Outcome::Pass)
}

fn version(project: &Project, history: &History, standing: &Standing, json: bool) -> anyhow::Result<Outcome> {
    if json {
        let events = project.registry.events(0)?;
        let own = events.iter().filter(|r| concerns(&r.event, standing));
        let own = own.map(|r| json!({"sequence": r.sequence, "at": r.at.to_string(), "event": r.event}));
        let (own, learned) = (own.collect::<Vec<_>>(), feedback::learned(project, standing)?);
        print::json(&json!({"version": standing.version.0, "learned": learned, "events": own}));
        return Ok(Outcome::Pass);
    }
    println!("version {} ({})", print::name(standing), standing.version.0);
    story(project, history, standing)?;
    Ok(Outcome::Pass)
}

fn story(project: &Project, history: &History, standing: &Standing) -> anyhow::Result<()> {
    let trained = &standing.trained_on;
    println!(
        "  made       {}: {} on {} rows of {}",
        standing.at,
        standing.origin,
        trained.rows,
        &trained.data[..8.min(trained.data.len())]
    );
    feedback::print_learned(project, standing)?;
    if let Some(judged) = history.verdict(&standing.version) {
        println!("  gate       {} at {}", judged.verdict.decision, judged.at);
        judged
            .verdict
            .checks
            .iter()
            .for_each(|c| println!("    {:<12} {}: {}", c.decision.to_string(), c.rule, c.found));
    }
    for deployment in history.deployments.iter().filter(|d| d.incumbent == standing.version) {
        println!("  served     from {}", deployment.at);
    }
    for m in history.measurements.iter().filter(|m| m.version == standing.version) {
        println!(
            "  live       {} {} on {} rows, {} to {}",
            m.metric,
            print::number(m.value),
            m.rows,
            m.from,
            m.to
        );
    }
    releases(history, standing);
    println!("  stage      {} ({})", print::stage(standing.stage), project.plan.name);
    Ok(())
}

fn source(source: Source) -> &'static str {
    match source {
        Source::Observed => "observed",
        Source::Reviewer => "reviewer",
    }
}

/// The releases that it took part in, on either side.
fn releases(history: &History, standing: &Standing) {
    let id = &standing.version;
    for release in history.experiments.iter().filter(|r| &r.challenger == id || &r.incumbent == id) {
        let side = if &release.challenger == id { "challenger against" } else { "incumbent against" };
        let other = if &release.challenger == id { &release.incumbent } else { &release.challenger };
        println!(
            "  release    {}: {side} {}, {}",
            release.id,
            experiment::name(history, other),
            experiment::state(release)
        );
        if let Some(look) = experiment::decided(release) {
            println!("    {}, {}: {}", look.decision, look.facts.now, look.decision.why());
        }
    }
}

fn concerns(event: &Event, standing: &Standing) -> bool {
    let id = &standing.version;
    match event {
        Event::Registered { version, .. }
        | Event::Scored { version, .. }
        | Event::Moved { version, .. }
        | Event::Measured { version, .. } => version == id,
        Event::Judged { facts, .. } => &facts.challenger == id || &facts.incumbent == id,
        Event::Deployed { incumbent, fallback } => incumbent == id || fallback.contains(id),
        Event::Started { incumbent, challenger, .. } => incumbent == id || challenger == id,
        Event::Decided { facts, .. } => facts.arms.iter().any(|arm| &arm.version == id),
        Event::Diagnosed { facts, .. } => &facts.version == id,
        Event::RetrainDecided { facts, .. } => &facts.incumbent == id,
        Event::Certified { facts, .. } => &facts.version == id,
        Event::Distilled { facts, .. } => &facts.teacher == id,
        Event::BreakerOpened { version } => version == id,
        Event::StageDone { .. } | Event::Triggered { .. } | Event::Dropped { .. } => false,
    }
}

fn served_by(prediction: &Prediction) -> String {
    match &prediction.served_by {
        ServedBy::Intended => "the version that was meant".into(),
        ServedBy::Fallback { version, why } => format!("fallback {version} ({why})"),
        ServedBy::Floor { why } => format!("the constant answer ({why})"),
    }
}
