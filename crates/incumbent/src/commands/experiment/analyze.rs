//! `incumbent experiment analyze`: a finished experiment's table. Exit status 0 where a trustworthy difference
//! was shown, 1 where there was none or nothing may be trusted.

pub(super) mod json;
mod text;

use crate::{Outcome, args, print};
use anyhow::Context;
use domain::analysis::Conclusion;
use lifecycle::analyze::{Analysis, Asked, analyze};
use lifecycle::sheet::Sheet;

/// Runs the command.
pub fn run(args: &args::Analyze, json: bool) -> anyhow::Result<Outcome> {
    let sheet = Sheet::read(&args.file)?;
    let found = analyze(&sheet, &asked(args))?;
    if let Some(path) = &args.html {
        let page = server::report::experiment(&sheet.file, &found);
        std::fs::write(path, page).with_context(|| format!("could not write {}", path.display()))?;
    }
    if json {
        print::json(&json::of(&sheet.file, &found));
    } else {
        text::print(&sheet.file, &found);
    }
    Ok(outcome(&found))
}

fn asked(args: &args::Analyze) -> Asked {
    Asked {
        unit: args.unit.clone(),
        arm: args.arm.clone(),
        control: args.control.clone(),
        treatment: args.treatment.clone(),
        outcomes: args.outcome.clone(),
        exposure: args.exposure.clone(),
        time: args.time.clone(),
        shares: args.shares,
    }
}

fn outcome(found: &Analysis) -> Outcome {
    match found.conclusion {
        Conclusion::Difference => Outcome::Pass,
        Conclusion::NoEffect | Conclusion::NotTrustworthy => Outcome::Fail,
    }
}
