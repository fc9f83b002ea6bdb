//! The command line and the rows.

use domain::{Column, Examples, Table, Target, Values};
use models::ensemble::Preset;
use std::error::Error;
use std::path::{Path, PathBuf};

/// What is asked for.
pub struct Settings {
    /// Where `otto.csv` is and results go.
    pub folder: PathBuf,
    /// The teacher.
    pub preset: Preset,
    /// One division only.
    pub quick: bool,
    /// No students.
    pub teacher: bool,
    /// So many rows only.
    pub rows: usize,
    /// Bred rows for each real one.
    pub bred: f64,
}

impl Settings {
    /// `None` without a folder.
    pub fn of(mut args: impl Iterator<Item = String>) -> Result<Option<Settings>, Box<dyn Error>> {
        let (mut folder, mut preset, mut quick, mut teacher) = (None, Preset::Small, false, false);
        let (mut rows, mut bred) = (usize::MAX, 1.0);
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--bench" => {}
                "--quick" => quick = true,
                "--teacher" => teacher = true,
                "--rows" => rows = args.next().ok_or("--rows wants a number")?.parse()?,
                "--bred" => bred = args.next().ok_or("--bred wants a number")?.parse()?,
                "--preset" => {
                    let name = args.next().unwrap_or_default();
                    preset = Preset::of(&name).ok_or_else(|| format!("no preset is called `{name}`"))?;
                }
                other => folder = Some(PathBuf::from(other)),
            }
        }
        Ok(folder.map(|folder| Settings { folder, preset, quick, teacher, rows, bred }))
    }
}

/// Rows of `class,f0..`, in the file's order, at most so many: the file is sorted by class, so they are taken evenly.
pub fn read(file: &Path, most: usize) -> Result<Examples, Box<dyn Error>> {
    let text = std::fs::read_to_string(file)?;
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().ok_or("an empty file")?.split(',').skip(1).collect();
    let mut cells = vec![Vec::new(); names.len()];
    let mut index = Vec::new();
    let all: Vec<&str> = lines.collect();
    let kept = most.min(all.len());
    for line in (0..kept).map(|i| all[i * all.len() / kept]) {
        let mut numbers = line.split(',');
        index.push(numbers.next().ok_or("an empty line")?.parse::<u32>()?);
        for (column, cell) in cells.iter_mut().zip(numbers) {
            column.push(cell.parse::<f64>()?);
        }
    }
    let column =
        |(name, cells): (&&str, Vec<f64>)| Column { name: name.to_string(), values: Values::Number(cells) };
    let rows = Table::new(names.iter().zip(cells).map(column).collect())?;
    let classes = (1..=9).map(|k| format!("Class_{k}")).collect();
    Ok(Examples { rows, target: Target::Class { classes, index }, weight: None, at: None, entity: None })
}
