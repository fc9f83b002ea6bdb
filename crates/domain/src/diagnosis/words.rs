//! Causes, actions and marks in words.

use super::{Action, AnswerFault, Cause, DataFault, Facts, FaultKind, Fingerprint, Misbehaviour};
use std::fmt;

/// The sentence to say.
pub(super) fn why(cause: Cause, facts: &Facts) -> String {
    match cause {
        Cause::Healthy => healthy(facts),
        Cause::ServingBug => serving(facts),
        Cause::PreprocessingMismatch => replay(facts),
        Cause::UpstreamDataBug => {
            let faults = facts.faults.iter().filter(|f| f.step).take(3).map(ToString::to_string);
            faults.collect::<Vec<_>>().join("; ")
        }
        Cause::LabelProcessChanged => labels(facts),
        Cause::NotTheModel => "the model does as promised, and what the business counts fell".into(),
        Cause::PopulationShift => format!("{} moved, and the loss is as promised", moved(facts)),
        Cause::CovariateShift => harm(facts, &format!("{} moved to where the model is worse", moved(facts))),
        Cause::ConceptDrift => harm(facts, "the same inputs have other outcomes than before"),
        Cause::OfflineEstimateWrong => harm(facts, "it was so from the first day on"),
        Cause::Unknown if facts.loss.is_some() => harm(facts, "neither part of the difference is shown yet"),
        Cause::Unknown => format!("{} moved, and too few outcomes are known to see harm", moved(facts)),
    }
}

fn healthy(facts: &Facts) -> String {
    match facts.loss {
        Some(_) => "nothing is wrong, and the loss is as promised".into(),
        None => "nothing is wrong with the rows; too few outcomes are known to see the loss".into(),
    }
}

fn serving(facts: &Facts) -> String {
    if let Some(first) = facts.misbehaviour.first() {
        return first.to_string();
    }
    if facts.golden.broken() {
        let golden = &facts.golden;
        return format!(
            "{} of {} golden rows are answered wrongly by the kept bytes",
            golden.wrong, golden.rows
        );
    }
    let how = facts.answer_fault.as_ref().map(|fault| format!(": {fault}")).unwrap_or_default();
    format!(
        "{} of {} logged answers are not what the version answers{how}",
        facts.answers.wrong, facts.answers.rows
    )
}

fn replay(facts: &Facts) -> String {
    let columns = facts.replay.iter().flat_map(|r| &r.columns).take(3);
    let each = columns.map(|m| format!("{} differs in {}: {}", m.column, percent(m.share), m.fingerprint));
    each.collect::<Vec<_>>().join("; ")
}

fn labels(facts: &Facts) -> String {
    let told = |what: &str, change: &super::Change| {
        format!("{what} fell from {} to {}", percent(change.before), percent(change.now))
    };
    match (&facts.labels.agreement, &facts.labels.arrival) {
        (Some(agreement), _) if agreement.fell() => told("agreement among labels", agreement),
        (_, Some(arrival)) => told("the share of outcomes that arrive in time", arrival),
        _ => "labels changed".into(),
    }
}

fn harm(facts: &Facts, what: &str) -> String {
    let Some(loss) = &facts.loss else { return what.into() };
    format!(
        "{} is {:.4} where {:.4} was promised ({:+.4} by inputs, {:+.4} by their relation to the outcome): {what}",
        loss.metric, loss.live.value, loss.reference.value, loss.inputs.value, loss.relation.value
    )
}

fn moved(facts: &Facts) -> String {
    let names: Vec<&str> = facts.moved.iter().take(3).map(|c| c.column.as_str()).collect();
    match names.len() {
        0 => "the columns together".into(),
        3 if facts.moved.len() > 3 => format!("{} and {} more", names.join(", "), facts.moved.len() - 3),
        _ => names.join(", "),
    }
}

/// `12.3%`
pub(super) fn percent(share: f64) -> String {
    format!("{:.1}%", 100.0 * share)
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Cause::Healthy => "healthy",
            Cause::ServingBug => "serving bug",
            Cause::PreprocessingMismatch => "preprocessing mismatch",
            Cause::UpstreamDataBug => "upstream data bug",
            Cause::PopulationShift => "population shift",
            Cause::CovariateShift => "covariate shift",
            Cause::ConceptDrift => "concept drift",
            Cause::OfflineEstimateWrong => "offline estimate wrong",
            Cause::LabelProcessChanged => "label process changed",
            Cause::NotTheModel => "not the model",
            Cause::Unknown => "unknown",
        })
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Action::None => "nothing to do",
            Action::RollBack => "serve the version before, and look at how answers leave the door",
            Action::FixTransform => "mend the serving transform; do not retrain, it would learn the mistake",
            Action::TellTheSource => "tell who owns the source; until it is mended, fall back or impute",
            Action::KeepWatching => "keep watching; nothing needs to change now",
            Action::RetrainOnNewInputs => "retrain on newer rows, those like the live ones weighing more",
            Action::RetrainOnRecentLabels => "retrain on recent labels",
            Action::JudgeAgain => "look for a leak, and judge again on rows that came after training",
            Action::AuditLabels => "have labels checked before anything is trained on them",
            Action::AskTheProduct => "ask who owns the product or the metric",
            Action::Label => "label more live rows",
        })
    }
}

impl fmt::Display for AnswerFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AnswerFault::OtherVersion { version } => write!(f, "they are those of version {version}"),
            AnswerFault::Permuted { places } => write!(f, "their numbers stand in other places, {places:?}"),
            AnswerFault::Shifted { rows } => write!(f, "they belong to the row {rows:+} places away"),
            AnswerFault::Rounded { decimals } => write!(f, "they are rounded to {decimals} decimals"),
            AnswerFault::Constant => f.write_str("all are alike"),
            AnswerFault::Other => f.write_str("in no way that has a name"),
        }
    }
}

impl fmt::Display for Misbehaviour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Misbehaviour::Unsteady { rows } => {
                write!(f, "{rows} rows are answered differently when asked again")
            }
            Misbehaviour::Company { rows } => {
                write!(f, "{rows} rows are answered differently alone than among others")
            }
            Misbehaviour::Against { column, share } => {
                write!(f, "the answer goes against {column} in {} of the rows", percent(*share))
            }
        }
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fingerprint::Ratio { by } => write!(f, "{by:.6} times what training computes (a unit)"),
            Fingerprint::Offset { by } => write!(f, "{by:+.6} beside what training computes"),
            Fingerprint::Zone { hours } => write!(f, "{hours:+} hours apart (a time zone)"),
            Fingerprint::Swapped { with } => write!(f, "it holds the values of {with}"),
            Fingerprint::Default { value } => write!(f, "the default `{value}` stands in their place"),
            Fingerprint::Vocabulary { example } => write!(f, "`{example}` is no word that training knows"),
            Fingerprint::Rounded => f.write_str("digits are lost"),
            Fingerprint::Earlier => f.write_str("it is the value of an earlier row (not renewed)"),
            Fingerprint::Later => f.write_str("it is the value of a later row (training sees the future)"),
            Fingerprint::Other => f.write_str("in no way that has a name"),
        }
    }
}

impl fmt::Display for DataFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.column.is_empty() {
            write!(f, "{}: ", self.column)?;
        }
        match &self.kind {
            FaultKind::Missing => f.write_str("missing")?,
            FaultKind::Unseen { example } => write!(f, "categories never seen before, such as `{example}`,")?,
            FaultKind::OutOfRange { example } => {
                write!(f, "outside of all that was seen, such as {example},")?
            }
            FaultKind::Spike { value } => write!(f, "the number {value}")?,
            FaultKind::Frozen { value } => write!(f, "always `{value}`")?,
            FaultKind::Repeated => f.write_str("rows that repeat others")?,
            FaultKind::Swapped { with } => write!(f, "holds what {with} held")?,
            FaultKind::Scaled { by } => write!(f, "is {by} times what it was")?,
            FaultKind::Silent { hours } => return write!(f, "nothing was asked for {hours:.1} hours"),
            FaultKind::Kind { expected, found } => return write!(f, "holds {found}, expected {expected}"),
        }
        write!(f, " in {} of the rows, {} before", percent(self.now), percent(self.before))?;
        match self.since {
            Some(since) if self.step => write!(f, ", since {since}"),
            Some(since) => write!(f, ", little by little from {since}"),
            None => Ok(()),
        }
    }
}
