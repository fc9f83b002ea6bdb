//! `incumbent review`: how far people are with what the model doubts, and items and answers as files. Answers go to the
//! server that holds the journal, or straight into the project where none runs.

use crate::args::{self, Review};
use crate::error::Hinted;
use crate::{Outcome, print, workspace};
use anyhow::Context;
use domain::gate::Estimate;
use lifecycle::Project;
use lifecycle::review::desk::{Imported, Reply};
use lifecycle::review::exchange::{self, Form, Replies};
use lifecycle::review::{Desk, Item, LiveLoss, live_loss};
use lifecycle::version::open;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Duration;
use store::StoreError;

/// Answers of one request.
const BATCH: usize = 1_000;

/// Runs the command.
pub fn run(args: &Review, json: bool) -> anyhow::Result<Outcome> {
    match args {
        Review::List(args) => list(args, json),
        Review::Export(args) => export(args, json),
        Review::Import(args) => import(args, json),
    }
}

fn file(project: &Project) -> PathBuf {
    lifecycle::review::file(&project.state())
}

/// The desk of a project, only to look at.
fn look(project: &Project) -> anyhow::Result<Desk> {
    Ok(Desk::read(project, &file(project), model(project)?)?)
}

fn model(project: &Project) -> anyhow::Result<std::sync::Arc<dyn models::Predict>> {
    let history = project.history()?;
    let Some(incumbent) = history.incumbent() else {
        return Err(Hinted::error(
            "nothing serves, so there is nothing to review",
            "run `incumbent up` first",
        ));
    };
    Ok(open(project, &incumbent.version)?.model)
}

fn list(args: &args::ReviewList, json: bool) -> anyhow::Result<Outcome> {
    let project = workspace::open_to_watch(&args.dir)?;
    let desk = look(&project)?;
    let history = project.history()?;
    let (progress, people, loss) = (desk.progress(), desk.people(), live_loss(&project, &desk, &history)?);
    let (agreement, gold) = (desk.agreement(), desk.gold(None));
    let certified = history.incumbent().and_then(|s| history.certificates_of(&s.version).next_back());
    if json {
        let people: Vec<Value> =
            people.iter().map(|(name, labels)| json!({"name": name, "labels": labels})).collect();
        print::json(&json!({
            "progress": {
                "items": progress.items, "settled": progress.settled, "aside": progress.aside,
                "labels": progress.labels, "noted": progress.noted,
            },
            "people": people,
            "agreement": {"alpha": agreement.0, "items": agreement.1},
            "gold": {"right": gold.0, "of": gold.1},
            "certificate": certified.map(|c| &c.certificate),
            "live_error": {
                "all": loss.all, "audit": loss.audit, "alone": loss.alone, "naive": loss.naive, "rows": loss.rows, "waiting": loss.waiting,
            },
            "items": desk.items().iter().map(item).collect::<Vec<_>>(),
        }));
        return Ok(Outcome::Pass);
    }
    let waiting = progress.items - progress.settled - progress.aside;
    println!(
        "items      {} drawn, {} settled, {} put aside, {waiting} waiting",
        progress.items, progress.settled, progress.aside
    );
    println!("labels     {} given, {} of them count in the journal", progress.labels, progress.noted);
    people.iter().for_each(|(name, labels)| println!("           {name}: {labels}"));
    if let (Some(alpha), items) = agreement {
        println!("agreement  Krippendorff's alpha {alpha:.3} on {items} items with two labels or more");
    }
    if gold.1 > 0 {
        println!("gold       {} of {} right", gold.0, gold.1);
    }
    if let Some(certified) = certified {
        println!("alone      {}", alone(&certified.certificate));
    }
    wrong(&loss);
    Ok(Outcome::Pass)
}

fn alone(certificate: &domain::review::Certificate) -> String {
    match (certificate.threshold, certificate.missing) {
        (Some(threshold), _) => {
            format!(
                "answers from {threshold:.4} on, {:.1}% of rows: {}",
                100.0 * certificate.share,
                certificate.why
            )
        }
        (None, Some(missing)) => {
            format!("no answer yet: {}; about {missing} labels are missing", certificate.why)
        }
        (None, None) => format!("no answer: {}", certificate.why),
    }
}

fn wrong(loss: &LiveLoss) {
    let share = |e: &Estimate| {
        format!("{:.2}% [{:.2}, {:.2}] on {} labels", 100.0 * e.value, 100.0 * e.low, 100.0 * e.high, e.rows)
    };
    if let Some(all) = &loss.all {
        println!(
            "wrong      {} of {} live rows, from labels weighted by one over their chance",
            share(all),
            loss.rows
        );
    }
    if let Some(audit) = &loss.audit {
        println!("           {} by the audit alone", share(audit));
    }
    if let Some(alone) = &loss.alone {
        println!("           {} of the answers given alone by what serves now", share(alone));
    }
    if let Some(naive) = loss.naive.filter(|_| loss.all.is_some()) {
        println!(
            "           {:.2}% of the labelled rows as they are, which misleads: doubt was drawn more often",
            100.0 * naive
        );
    }
    if loss.waiting > 0 {
        println!("           {} draws wait for labels and do not count yet", loss.waiting);
    }
}

/// An item with what people said of it.
pub fn item(item: &Item) -> Value {
    json!({
        "prediction_id": item.asked.prediction, "why": item.asked.why, "draw_probability": item.asked.chance,
        "needs": item.asked.needs, "label": item.label(), "counts": item.noted,
        "labels": item.labels.iter().map(|l| json!({"worker": l.worker, "label": l.label, "at": l.at.to_string()})).collect::<Vec<_>>(),
        "skips": item.skips.len(),
    })
}

fn export(args: &args::ReviewExport, json: bool) -> anyhow::Result<Outcome> {
    let form = Form::of(&args.file)?;
    let project = workspace::open_to_watch(&args.dir)?;
    let desk = look(&project)?;
    let written = exchange::export(&desk, form, args.all)?;
    let items = desk.items().iter().filter(|item| args.all || item.label().is_none()).count();
    let name = args.file.display().to_string();
    std::fs::write(&args.file, written).with_context(|| format!("could not write {name}"))?;
    if json {
        print::json(&json!({"file": name, "items": items}));
    } else {
        println!("{items} items in {name}");
    }
    Ok(Outcome::Pass)
}

fn import(args: &args::ReviewImport, json: bool) -> anyhow::Result<Outcome> {
    let Replies { replies, cancelled, empty } = exchange::read(&args.file)?;
    let project = workspace::open(&args.dir)?;
    let told = match project.journal.append(&[]) {
        Ok(()) => {
            let desk = Desk::open(&project, &file(&project), model(&project)?)?;
            let told = desk.import(&replies)?;
            desk.settle_all()?;
            told
        }
        Err(StoreError::ReadOnly { .. }) => send(&address(args, &project), &replies)?,
        Err(error) => return Err(error.into()),
    };
    let Imported { taken, known, unknown, refused } = told;
    if json {
        print::json(&json!({
            "taken": taken, "known": known, "unknown": unknown, "refused": refused, "cancelled": cancelled, "empty": empty,
        }));
    } else {
        println!("{taken} answers taken, {known} known before, {refused} to items that have their label");
        println!(
            "{cancelled} annotations cancelled by their writer and {empty} rows without a label were left out"
        );
        if unknown > 0 {
            println!(
                "{unknown} answers are of predictions that were never drawn: without its chance a label stands for nothing"
            );
        }
    }
    Ok(if unknown > 0 { Outcome::Fail } else { Outcome::Pass })
}

fn address(args: &args::ReviewImport, project: &Project) -> String {
    let address = args.address.as_deref().unwrap_or(&project.plan.serve.address);
    format!("http://{}", address.trim_start_matches("http://").trim_end_matches('/'))
}

fn send(address: &str, replies: &[Reply]) -> anyhow::Result<Imported> {
    let url = format!("{address}/api/review/import");
    let config = ureq::Agent::config_builder().http_status_as_error(false);
    let agent = config.timeout_global(Some(Duration::from_secs(60))).build().new_agent();
    let mut told = Imported::default();
    for batch in replies.chunks(BATCH) {
        let answer = |reply: &Reply| json!({"prediction_id": reply.prediction, "worker": reply.worker, "label": reply.label});
        let body = json!({"answers": batch.iter().map(answer).collect::<Vec<_>>()});
        let sent = agent.post(&url).send_json(body);
        let mut answer = sent.with_context(|| format!("could not send to {url}"))?;
        let body: Value = answer.body_mut().read_json().with_context(|| format!("{url} answered no JSON"))?;
        if let Some(why) = body["error"].as_str() {
            return Err(Hinted::error(
                why,
                "mend the file and import it again; what was taken is known then",
            ));
        }
        let count = |name: &str| body[name].as_u64().unwrap_or_default() as usize;
        told.taken += count("taken");
        told.known += count("known");
        told.unknown += count("unknown");
        told.refused += count("refused");
    }
    Ok(told)
}
