//! What people's labels come to: their accuracy, beside that of the version that serves.

use super::Desk;
use super::queue::Said;
use crate::people::{People, people};
use crate::version::open;
use crate::{Project, StageError};
use domain::{Column, OutputKind, Table, Target, Values, VersionId};

/// What people's labels come to.
pub struct Report {
    /// Their accuracy, and whether a model may take over.
    pub people: People,
    /// The version whose answers they were compared with, where one serves.
    pub version: Option<VersionId>,
}

impl Desk {
    /// What the labels come to so far, beside the version that serves; `None` before the first label.
    pub fn report(&self, project: &Project) -> Result<Option<Report>, StageError> {
        let labels = self.labels();
        if labels.is_empty() {
            return Ok(None);
        }
        let version = project.history()?.incumbent().map(|standing| standing.version.clone());
        let model = version.as_ref().map(|id| self.answers(project, id, &labels)).transpose()?;
        let people = people(&self.table(&labels, model), None, "people's labels")?;
        Ok(Some(Report { people, version }))
    }

    /// Every label: who, which item, which class.
    fn labels(&self) -> Vec<(String, usize, usize)> {
        let open = self.lock();
        let of = |(person, said): (&str, &[(u64, Said)])| {
            let label = |(item, said): &(u64, Said)| match said {
                Said::Label(class) => Some((person.to_owned(), *item as usize, *class)),
                Said::Skip => None,
            };
            said.iter().filter_map(label).collect::<Vec<_>>()
        };
        open.queue.people().flat_map(of).collect()
    }

    /// The class that a version gives to the item of each label.
    fn answers(
        &self,
        project: &Project,
        id: &VersionId,
        labels: &[(String, usize, usize)],
    ) -> Result<Vec<String>, StageError> {
        let rows: Vec<usize> = labels.iter().map(|(_, item, _)| *item).collect();
        let outputs = open(project, id)?.answer(&self.rows.test.rows.take(&rows))?;
        let OutputKind::Probabilities { classes } = &outputs.kind else {
            return Err(StageError::TooEarly(format!("version {id} does not answer with classes")));
        };
        let best = stats::metric::most_probable(&outputs.values, classes.len());
        Ok(best.into_iter().map(|class| classes[class].clone()).collect())
    }

    /// The labels as `people` reads them, with the truth and the model's answers beside them.
    fn table(&self, labels: &[(String, usize, usize)], model: Option<Vec<String>>) -> Table {
        let truth = |item: usize| match &self.rows.test.target {
            Target::Class { index, .. } => self.classes[index[item] as usize].clone(),
            _ => String::new(),
        };
        let text = |name: &str, cells: Vec<String>| Column {
            name: name.into(),
            values: Values::Text(cells.into_iter().map(Some).collect()),
        };
        let mut columns = vec![
            text("item", labels.iter().map(|(_, item, _)| item.to_string()).collect()),
            text("worker", labels.iter().map(|(worker, _, _)| worker.clone()).collect()),
            text("label", labels.iter().map(|(_, _, class)| self.classes[*class].clone()).collect()),
            text("truth", labels.iter().map(|(_, item, _)| truth(*item)).collect()),
        ];
        columns.extend(model.map(|cells| text("model", cells)));
        Table::new(columns).expect("one cell a label in every column")
    }
}
