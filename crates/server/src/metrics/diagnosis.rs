//! What the newest recorded diagnosis says, as gauges. Absent until there is one: a 0 would say that all is well.

use super::Page;
use crate::diagnosis::{causes, word};
use domain::history::Diagnosed;
use domain::time::SECOND;

pub(super) fn write(page: &mut Page, newest: &Diagnosed) {
    let said = &newest.diagnosis;
    let name = "incumbent_diagnosis_info";
    page.head(name, "gauge", "1 for the cause of the newest diagnosis, 0 for every other.");
    for cause in causes() {
        page.line(name, &[("cause", &word(cause))], f64::from(u8::from(said.cause == cause)));
    }
    let help = "1 while the newest diagnosis is one that somebody should be told, else 0.";
    page.gauge("incumbent_alarm", help, f64::from(u8::from(said.alarm)));
    let help = "Columns that moved, by the newest diagnosis.";
    page.gauge("incumbent_columns_moved", help, newest.facts.moved.len() as f64);
    let help = "When the newest diagnosis that said something new was recorded, in seconds since 1970.";
    page.gauge("incumbent_last_diagnosis_timestamp_seconds", help, newest.at.0.div_euclid(SECOND) as f64);
}
