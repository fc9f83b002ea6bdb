//! Who teaches, by what the rows are: an ensemble of tables, or networks of several seeds where they are pictures.
//!
//! Not the fit itself. Invariant: of every training row a student hears what was said by models that never saw it.

use super::shelf::Folder;
use super::{Class, fit, traffic};
use crate::{Project, StageError};
use domain::distill::LessonFact;
use domain::{Table, Values};
use models::distill::{Bagged, Breed, Lesson, Student, label_bred};
use models::ensemble::{Preset, Shelf, Stack, Stacked, Telling};
use models::neural::Cnn;

/// A bred row counts half of a real one.
const BRED_WEIGHT: f64 = 0.5;
/// A live row counts as a training row does: it was really asked. Its label is the teacher's, but so is nine tenths of
/// what a student hears of a training row.
const LIVE_WEIGHT: f64 = 1.0;

/// A teacher, to be fitted.
pub(super) enum Teacher {
    /// Many models of a table.
    Tables(Stack),
    /// Networks of one column of pictures.
    Pictures(Bagged),
}

impl Teacher {
    /// The preset's for such rows.
    pub(super) fn of(project: &Project, rows: &Table) -> Teacher {
        let preset = preset(project);
        if !pictures(rows) {
            return Teacher::Tables(preset.stack());
        }
        let (bags, folds) = match preset {
            Preset::Tiny => (2, 2),
            Preset::Small => (3, 3),
            Preset::Medium | Preset::Otto => (5, 5),
        };
        Teacher::Pictures(Bagged { cnn: Cnn::default(), bags, folds })
    }

    /// What the teacher's versions bear.
    pub(super) fn name(&self, project: &Project) -> String {
        let preset = project.plan.distill.preset.word();
        match self {
            Teacher::Tables(_) => format!("ensemble_{preset}"),
            Teacher::Pictures(_) => format!("bagged_cnn_{preset}"),
        }
    }

    pub(super) fn fit(
        &self,
        class: &Class<'_>,
        shelf: &dyn Shelf,
        tell: Telling<'_>,
    ) -> Result<Stacked, StageError> {
        let stacked = match self {
            Teacher::Tables(stack) => stack.fit_on(class.rows, class.seed, shelf, tell),
            Teacher::Pictures(bagged) => bagged.fit_on(class.rows, class.seed, shelf, tell),
        };
        stacked.map_err(fit)
    }

    /// What students learn from: the rows with what models said that never saw them, bred rows, and live rows that
    /// nobody has labelled; and how many there are of each.
    pub(super) fn lesson(
        &self,
        class: &Class<'_>,
        stacked: &Stacked,
        shelf: &Folder,
        tell: Telling<'_>,
    ) -> Result<(Lesson, LessonFact), StageError> {
        let lesson = Lesson::new(class.rows, &stacked.out_of_fold).map_err(fit)?;
        let real = lesson.len();
        let mut lesson = self.breed(lesson, class, stacked, shelf, tell)?;
        let bred = lesson.len() - real;
        let traffic = traffic::label(class, &stacked.artifact, tell)?;
        let live = traffic.rows.rows();
        if live > 0 {
            lesson = lesson.with(&traffic.rows, &traffic.said, LIVE_WEIGHT).map_err(fit)?;
        }
        let (real, bred, live) = (real as u64, bred as u64, live as u64);
        Ok((lesson, LessonFact { real, bred, live, aside: traffic.aside, until: traffic.until }))
    }

    /// With bred rows for tables; for pictures there are none: a picture between two is none.
    fn breed(
        &self,
        plain: Lesson,
        class: &Class<'_>,
        stacked: &Stacked,
        shelf: &Folder,
        tell: Telling<'_>,
    ) -> Result<Lesson, StageError> {
        let times = class.project.plan.distill.bred;
        let Teacher::Tables(stack) = self else { return Ok(plain) };
        if times == 0.0 {
            return Ok(plain);
        }
        let bred = label_bred((stack, stacked), class.rows, (Breed::Munge, times), class.seed, shelf, tell)
            .map_err(fit)?;
        bred.iter().try_fold(plain, |lesson, (rows, said)| lesson.with(rows, said, BRED_WEIGHT)).map_err(fit)
    }

    /// Who may learn from it.
    pub(super) fn students(&self, epochs: usize) -> Vec<Student> {
        match self {
            Teacher::Tables(_) => Student::ladder(epochs),
            Teacher::Pictures(_) => Student::picture_ladder(epochs),
        }
    }
}

/// Whether rows are one column of pictures: channels, height and width.
pub(super) fn pictures(rows: &Table) -> bool {
    matches!(rows.columns(), [column] if matches!(&column.values, Values::Tensor { shape, .. } if shape.len() == 3))
}

fn preset(project: &Project) -> Preset {
    match project.plan.distill.preset {
        domain::plan::Preset::Tiny => Preset::Tiny,
        domain::plan::Preset::Small => Preset::Small,
        domain::plan::Preset::Medium => Preset::Medium,
        domain::plan::Preset::Otto => Preset::Otto,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_column_of_pictures_has_networks_for_a_teacher_and_a_table_has_not() {
        let mixed = testkit::mixed::classes(20, 1).examples.rows;
        assert!(pictures(&testkit::pictures::bars(20, 1).examples.rows));
        assert!(!pictures(&mixed), "columns beside");
        assert!(!pictures(&mixed.select(|name| name == "pulse")), "a block of 2 x 2 numbers has no channels");
    }
}
