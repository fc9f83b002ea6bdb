//! `incumbent distill label`: the teacher answers many rows, without a budget of time.

use crate::error::Hinted;
use crate::progress::Shown;
use crate::{Outcome, args, commands, print, workspace};
use domain::{History, VersionId};
use lifecycle::StageError;
use lifecycle::distill::Form;
use lifecycle::distill::label::{self, Fidelity, Labelled};
use serde_json::json;

/// Runs the command.
pub fn run(args: &args::Label, json: bool) -> anyhow::Result<Outcome> {
    let project = workspace::open_to_watch(&args.dir)?;
    let form = Form::of(&args.out)?;
    let history = project.history()?;
    let by = labeller(&history, args.by.as_deref())?;
    let mut shown = Shown::new();
    let found = match label::run(&project, &by, args.data.as_deref(), &mut shown) {
        Err(StageError::Interrupted) => {
            return Err(Hinted::error("interrupted; nothing was written", "run it again: it begins anew"));
        }
        found => found?,
    };
    shown.finish();
    form.write(&args.out, &found.answers)?;
    let file = args.out.display().to_string();
    if json {
        print::json(&json!({
            "by": by.0, "file": file, "rows": found.answers.rows(), "left_out": found.aside,
            "fidelity": found.fidelity.as_ref().ok(), "no_fidelity": found.fidelity.as_ref().err(),
        }));
    } else {
        told(&found, &by, &file);
    }
    Ok(Outcome::Pass)
}

/// Who was asked for, or the teacher of what serves.
fn labeller(history: &History, asked: Option<&str>) -> anyhow::Result<VersionId> {
    if let Some(name) = asked {
        return Ok(commands::find(history, name)?.version.clone());
    }
    match (label::teacher(history), history.incumbent()) {
        (Some(teacher), _) => Ok(teacher.clone()),
        (None, None) => {
            Err(Hinted::error("nothing serves, so no teacher stands behind it", "run `incumbent up` first"))
        }
        (None, Some(serving)) => Err(Hinted::error(
            format!("{} serves, which is no student: no teacher stands behind it", print::name(serving)),
            "let one learn from a teacher: incumbent distill; or say which version answers: --by VERSION",
        )),
    }
}

fn told(found: &Labelled, by: &VersionId, file: &str) {
    println!("{} rows answered by version {by}, in {file}", found.answers.rows());
    if found.aside > 0 {
        println!("{} rows were left out: it cannot read them", found.aside);
    }
    match &found.fidelity {
        Ok(fidelity) => alike(fidelity),
        Err(why) => println!("the fidelity of what serves is not known: {why}"),
    }
}

fn alike(fidelity: &Fidelity) {
    let Fidelity { student, agreement, divergence, variation } = fidelity;
    let percent = |share: f64| format!("{:.2}", 100.0 * share);
    println!("version {student}, which serves, on {} rows that neither learned from:", agreement.rows);
    println!(
        "  same class       {}% [{}, {}]",
        percent(agreement.value),
        percent(agreement.low),
        percent(agreement.high)
    );
    println!("  divergence       {} nats", print::estimate(divergence));
    println!("  total variation  {}", print::estimate(variation));
}
