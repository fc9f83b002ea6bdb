//! Alarms as they leave the house: one POST of JSON to the plan's `watch.webhook`.

use anyhow::Context;
use lifecycle::diagnose::Found;
use std::time::Duration;

/// How long the other side may take; the loop waits for it.
const PATIENCE: Duration = Duration::from_secs(5);

/// Sends one alarm. Another answer than 2xx is an error; it is not sent again, since the page and `/metrics` show it.
pub fn send(url: &str, found: &Found) -> anyhow::Result<()> {
    let agent = ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).build().new_agent();
    let body = server::report::alarm(&found.facts, &found.diagnosis);
    agent.post(url).send_json(body).with_context(|| format!("could not send it to {url}"))?;
    Ok(())
}
