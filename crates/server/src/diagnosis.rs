//! What a diagnosis says besides its sentence, in the form that the page, the metrics and the alarm share: since when,
//! and the cause as a word for programs.
//!
//! Not a rule: which cause it is stands in `domain`.

use domain::Timestamp;
use domain::diagnosis::{Cause, Change, Diagnosis, Facts};

/// Since when it is so: of a source's bug the first fault's moment, of labels and of the business the change's, of harm
/// the moment from which the loss was higher. `None` where nothing dates it; exact checks do not.
pub fn since(facts: &Facts, diagnosis: &Diagnosis) -> Option<Timestamp> {
    match diagnosis.cause {
        Cause::Healthy | Cause::ServingBug | Cause::PreprocessingMismatch | Cause::PopulationShift => None,
        Cause::UpstreamDataBug => facts.faults.iter().filter(|f| f.step).filter_map(|f| f.since).min(),
        Cause::LabelProcessChanged => {
            let changes = [facts.labels.arrival, facts.labels.agreement].into_iter().flatten();
            changes.filter(Change::fell).filter_map(|change| change.since).min()
        }
        Cause::NotTheModel => facts.kpi.and_then(|kpi| kpi.since),
        Cause::CovariateShift | Cause::ConceptDrift | Cause::OfflineEstimateWrong | Cause::Unknown => {
            facts.loss.as_ref().and_then(|loss| loss.since)
        }
    }
}

/// A cause in one word, such as `upstream_data_bug`: as events spell it.
pub fn word(cause: Cause) -> String {
    cause.to_string().replace(' ', "_")
}

/// Every cause, from the harmless to the unknown.
pub fn causes() -> impl Iterator<Item = Cause> {
    std::iter::successors(Some(Cause::Healthy), |cause| after(*cause))
}

/// Exhaustive, so that a new cause cannot be left out.
fn after(cause: Cause) -> Option<Cause> {
    Some(match cause {
        Cause::Healthy => Cause::ServingBug,
        Cause::ServingBug => Cause::PreprocessingMismatch,
        Cause::PreprocessingMismatch => Cause::UpstreamDataBug,
        Cause::UpstreamDataBug => Cause::PopulationShift,
        Cause::PopulationShift => Cause::CovariateShift,
        Cause::CovariateShift => Cause::ConceptDrift,
        Cause::ConceptDrift => Cause::OfflineEstimateWrong,
        Cause::OfflineEstimateWrong => Cause::LabelProcessChanged,
        Cause::LabelProcessChanged => Cause::NotTheModel,
        Cause::NotTheModel => Cause::Unknown,
        Cause::Unknown => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_spelt_as_in_events() {
        for cause in causes() {
            assert_eq!(serde_json::to_value(cause).expect("a word"), word(cause));
        }
        assert_eq!(causes().count(), 11);
    }
}
