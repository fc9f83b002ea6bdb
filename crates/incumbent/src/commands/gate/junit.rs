//! A verdict as JUnit XML: one test case a check, so that any CI shows which one failed.

use domain::gate::{Decision, Verdict};

/// A failed check is a failure; one without enough evidence is a failure of the type `inconclusive`.
pub fn render(model: &str, challenger: &str, verdict: &Verdict) -> String {
    let failures = verdict.reasons().count();
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let name = escape(&format!("gate of {model}: {challenger}"));
    text +=
        &format!("<testsuite name=\"{name}\" tests=\"{}\" failures=\"{failures}\">\n", verdict.checks.len());
    for check in &verdict.checks {
        let (rule, found) = (escape(&check.rule), escape(&check.found));
        text += &format!("  <testcase classname=\"gate\" name=\"{rule}\">");
        text += &match check.decision {
            Decision::Pass => format!("<system-out>{found}</system-out>"),
            Decision::Fail => format!("<failure type=\"fail\" message=\"{found}\"/>"),
            Decision::Inconclusive => format!("<failure type=\"inconclusive\" message=\"{found}\"/>"),
        };
        text += "</testcase>\n";
    }
    text + "</testsuite>\n"
}

fn escape(text: &str) -> String {
    let printable = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut escaped = String::new();
    for c in printable {
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::gate::Check;

    #[test]
    fn markup_in_names_is_escaped_and_failures_are_counted() {
        let of = |rule: &str, decision| Check {
            rule: rule.into(),
            decision,
            warning: false,
            found: "age < 30 & \"x\"".into(),
            missing_rows: None,
            hint: None,
        };
        let checks = vec![of("rows", Decision::Pass), of("slice <b>", Decision::Fail)];
        let text = render("bank", "v2", &Verdict { decision: Decision::Fail, checks });
        assert!(text.contains("tests=\"2\" failures=\"1\""), "{text}");
        assert!(text.contains(
            "name=\"slice &lt;b&gt;\"><failure type=\"fail\" message=\"age &lt; 30 &amp; &quot;x&quot;\"/>"
        ));
    }
}
