//! `incumbent import`: a model made elsewhere becomes a version.

use crate::{Outcome, args, print, workspace};
use lifecycle::import::Found;
use lifecycle::{data, import};
use models::import::Told;
use serde_json::{Value, json};

/// Runs the command.
pub fn run(args: &args::Import, json: bool) -> anyhow::Result<Outcome> {
    let project = workspace::open(&args.dir)?;
    let loaded = data::load(&project)?;
    let golden = args.golden.as_ref().map(|file| data::read(&project.plan, file)).transpose()?;
    let found = import::run(&project, &args.file, told(args), golden.as_ref(), &loaded.examples)?;
    if json {
        print::json(&as_json(&found));
    } else {
        show(&found, &args.dir.display().to_string());
    }
    Ok(if found.version.is_some() { Outcome::Pass } else { Outcome::Fail })
}

fn told(args: &args::Import) -> Told {
    Told {
        features: (!args.features.is_empty()).then(|| args.features.clone()),
        answer: args.answer.clone(),
        classes: (!args.classes.is_empty()).then(|| args.classes.clone()),
        logits: args.logits,
        one_hot: args.one_hot,
        divide: args.divide,
    }
}

fn show(found: &Found, dir: &str) {
    let imported = &found.imported;
    imported.found.iter().for_each(|line| println!("found     {line}"));
    imported.adapted.iter().for_each(|line| println!("adapted   {line}"));
    println!("engine    {}", imported.engine);
    match (found.agreement(), &found.version) {
        (Ok(agreement), Some(version)) => {
            println!("parity    {agreement}");
            println!("registered {}; judge it with: incumbent gate {dir}", version.id);
            eprintln!(
                "note: which rows it was trained on is not known here; rows that it has seen flatter it"
            );
        }
        (Ok(why) | Err(why), _) => println!("parity    {why}\nnot registered"),
    }
}

fn as_json(found: &Found) -> Value {
    let imported = &found.imported;
    let parity = found.parity.map(|p| {
        json!({
            "rows": p.rows, "agrees": p.agrees(), "worst": p.worst, "row": p.row, "differing": p.differing,
            "changed_classes": p.changed_classes,
        })
    });
    json!({
        "found": imported.found, "adapted": imported.adapted, "engine": imported.engine.to_string(),
        "parity": parity, "version": found.version.as_ref().map(|v| &v.id.0),
    })
}
