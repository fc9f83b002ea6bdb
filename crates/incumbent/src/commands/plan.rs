//! `incumbent plan`: checks the plan, explains its keys, prints their JSON schema.

use crate::{Outcome, args, plan_file, print};
use domain::plan::fields::FIELDS;
use serde_json::json;

/// Runs the command.
pub fn run(args: &args::Plan, json: bool) -> anyhow::Result<Outcome> {
    if args.schema {
        print::json(&domain::plan::schema::json_schema());
        return Ok(Outcome::Pass);
    }
    let plan = plan_file::read(&args.dir)?;
    let values = serde_json::to_value(&plan)?;
    if json {
        print::json(&values);
    } else if args.explain {
        explain(&values);
    } else {
        println!(
            "{} is a plan: {} of `{}`",
            plan_file::path(&args.dir).display(),
            plan.task,
            plan.data.target
        );
        println!("  better means a better {}; guardrails: {}", plan.primary(), plan.guardrails().join(", "));
        println!("  trainers: {}", lifecycle::trainers::names(&plan).join(", "));
        println!("  see every key with: incumbent plan --explain {}", args.dir.display());
    }
    Ok(Outcome::Pass)
}

fn explain(values: &serde_json::Value) {
    for field in FIELDS {
        let value = field.path.split('.').fold(values, |v, name| &v[name]);
        let shown = if *value == json!(null) { "(default)".to_string() } else { value.to_string() };
        println!("{} = {shown}", field.path);
        println!("    {}", field.why);
        println!("    default: {}", field.default);
    }
}
