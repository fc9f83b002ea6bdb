//! A verdict as Markdown, for a pull request.

use domain::gate::{Decision, Verdict};

/// One heading, one table, and what is missing.
pub fn render(model: &str, challenger: &str, verdict: &Verdict) -> String {
    let mut text = format!("## Gate of `{model}`: {}\n\nChallenger {challenger}.\n\n", verdict.decision);
    text += "| check | result | found |\n| --- | --- | --- |\n";
    for check in &verdict.checks {
        let result = match (check.decision, check.warning) {
            (Decision::Pass, false) => "pass".to_string(),
            (Decision::Pass, true) => "pass, with a warning".to_string(),
            (other, _) => format!("**{other}**"),
        };
        text += &format!("| {} | {result} | {} |\n", cell(&check.rule), cell(&check.found));
    }
    if let Some(rows) = verdict.missing_rows() {
        text += &format!("\nAbout {rows} more labelled rows would settle it.\n");
    }
    for check in verdict.reasons() {
        if let Some(hint) = &check.hint {
            text += &format!("\n- {}: {hint}", check.rule);
        }
    }
    text + "\n"
}

/// Text that cannot break out of its cell.
fn cell(text: &str) -> String {
    text.replace('\\', "\\\\").replace('|', "\\|").replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::gate::Check;

    #[test]
    fn a_slice_named_after_markup_stays_in_its_cell() {
        let check = Check {
            rule: "slice a|b".into(),
            decision: Decision::Fail,
            warning: false,
            found: "worse\nby 1".into(),
            missing_rows: Some(7),
            hint: Some("look".into()),
        };
        let text = render("bank", "v2", &Verdict { decision: Decision::Fail, checks: vec![check] });
        assert!(text.contains("| slice a\\|b | **fail** | worse by 1 |\n"), "{text}");
        assert!(text.contains("About 7 more"));
    }
}
