//! One file a command: read, call, print.

pub mod baseline;
pub mod diagnose;
pub mod distill;
pub mod drift;
pub mod experiment;
pub mod export;
pub mod gate;
pub mod history;
pub mod import;
pub mod init;
pub mod outcomes;
pub mod plan;
pub mod retrain;
pub mod review;
pub mod serve;
pub mod status;
pub mod trace;
pub mod train;
pub mod up;

use crate::error::Hinted;
use domain::History;
use domain::history::Standing;

/// The one version of this number or these first digits.
pub fn find<'a>(history: &'a History, name: &str) -> anyhow::Result<&'a Standing> {
    match history.find(name)[..] {
        [one] => Ok(one),
        [] => {
            let known: Vec<String> = history.versions.iter().map(crate::print::name).collect();
            let hint = if known.is_empty() {
                "run `incumbent up` first".into()
            } else {
                format!("there are {}", known.join(", "))
            };
            Err(Hinted::error(format!("no version `{name}`"), hint))
        }
        _ => Err(Hinted::error(format!("`{name}` is the beginning of several versions"), "give more digits")),
    }
}
