//! Tables and numbers on stdout.

use comfy_table::{ContentArrangement, Table};
use domain::Stage;
use domain::gate::Estimate;
use domain::history::Standing;

/// A table with these headings.
pub fn table(headings: &[&str], rows: Vec<Vec<String>>) -> Table {
    let mut table = Table::new();
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(headings.to_vec());
    table.add_rows(rows);
    table
}

/// Data for programs.
pub fn json(value: &serde_json::Value) {
    println!("{value:#}");
}

/// `0.2731 [0.2650, 0.2812]`
pub fn estimate(e: &Estimate) -> String {
    format!("{} [{}, {}]", number(e.value), number(e.low), number(e.high))
}

/// Four significant digits.
pub fn number(x: f64) -> String {
    if x == 0.0 || !x.is_finite() {
        return format!("{x}");
    }
    let decimals = (3 - x.abs().log10().floor() as i32).clamp(0, 8) as usize;
    format!("{x:.decimals$}")
}

/// A share in percent: `0.30%`.
pub fn percent(share: f64) -> String {
    format!("{:.2}%", 100.0 * share)
}

/// A stage's word.
pub fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Registered => "registered",
        Stage::Passed => "passed",
        Stage::Failed => "failed",
        Stage::Shadow => "shadow",
        Stage::Canary => "canary",
        Stage::Ab => "ab",
        Stage::Incumbent => "incumbent",
        Stage::Previous => "previous",
        Stage::Retired => "retired",
        Stage::Stopped => "stopped",
    }
}

/// `v3 1f2e3d4c`
pub fn name(standing: &Standing) -> String {
    format!("v{} {}", standing.number, standing.version)
}
