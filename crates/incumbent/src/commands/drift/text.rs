//! A comparison for people.

use crate::print;
use domain::drift::{ColumnDrift, DriftKind};
use lifecycle::drift::{Comparison, Side};

/// Columns that are printed; the rest are in the JSON and on the page.
const SHOWN: usize = 40;

/// Prints it.
pub(super) fn print(found: &Comparison) {
    println!("{} beside {}", side(&found.current), side(&found.reference));
    found.faults.iter().for_each(|fault| println!("  broken: {fault}"));
    found.left_out.iter().for_each(|(column, why)| println!("  left out: {column}: {why}"));
    if let Some(told) = &found.told_apart {
        let by: Vec<String> =
            told.by.iter().take(3).map(|(name, share)| format!("{name} {:.0}%", 100.0 * share)).collect();
        println!(
            "all columns together: told apart with AUC {} by {}",
            print::estimate(&told.auc),
            by.join(", ")
        );
    }
    let columns: Vec<&ColumnDrift> = found.columns.iter().map(|c| &c.drift).collect();
    println!("{}", table(&columns));
    let moved = found.moved().count();
    println!("{moved} of {} columns moved; {} are broken", found.columns.len(), found.faults.len());
}

/// Columns as a table, the first of them.
pub(crate) fn table(columns: &[&ColumnDrift]) -> comfy_table::Table {
    let rows = columns.iter().take(SHOWN).map(|c| {
        vec![
            c.column.clone(),
            distance(c),
            print::number(c.largest),
            format!("{:.2e}", c.adjusted_p),
            format!("{} ({})", print::number(c.psi), print::number(c.psi_noise)),
            format!("{} → {}", print::percent(c.missing.0), print::percent(c.missing.1)),
            c.importance.map(print::number).unwrap_or_default(),
            if c.moved { "moved" } else { "" }.into(),
        ]
    });
    let headings = ["column", "distance", "largest gap", "p", "PSI (noise)", "missing", "importance", ""];
    print::table(&headings, rows.collect())
}

fn distance(column: &ColumnDrift) -> String {
    let unit = match column.kind {
        DriftKind::Number | DriftKind::Size => "sd",
        DriftKind::Category => "JS",
    };
    format!("{} {unit}", print::number(column.distance))
}

/// `live, 400 rows, from .. to ..`
fn side(side: &Side) -> String {
    let span = match (side.from, side.to) {
        (Some(from), Some(to)) => format!(", {from} to {to}"),
        _ => String::new(),
    };
    format!("{} ({} rows{span})", side.name, side.rows)
}
