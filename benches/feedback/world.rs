//! Pictures that come, pictures that judge, and what is true of both.

use crate::people::People;
use domain::plan::PlanError;
use domain::{Examples, Plan, Table, Target, Values};
use lifecycle::data;
use serde_json::{Map, Value};
use std::error::Error;
use std::path::Path;

/// Wrong answers among those given alone, where everybody knows what is true...
const PROMISE: f64 = 0.1;
/// ...and where people are wrong about one picture in fifteen, and the model about more.
const PROMISE_OF_CROWD: f64 = 0.25;

/// Pictures, in an order that says nothing.
pub struct World {
    /// Those that come: some are labelled to begin with, the others are asked about.
    pub pool: Examples,
    /// Those that only judge, by what is true.
    pub test: Examples,
    /// What people say.
    pub people: People,
    /// The largest share of wrong answers among those given alone.
    pub promise: f64,
    /// Whether a picture means the same in a mirror.
    pub mirror: bool,
}

impl World {
    /// Reads a folder with `train.parquet` and `test.parquet`, one of the two that this bench is for: cats and dogs, with
    /// a crowd's answers in `worker1` to `worker3`, or clothes.
    pub fn read(folder: &Path) -> Result<World, Box<dyn Error>> {
        let crowd = folder.ends_with("cifar10-cat-dog");
        let plan = plan(if crowd { "[3, 32, 32]" } else { "[1, 28, 28]" })?;
        let read = |name: &str| data::read(&plan, &folder.join(name));
        let cut = |table: &Table, name: &str| {
            let seen = table.select(|name| ["label", "jpeg", "image"].contains(&name));
            data::cut(&plan, &seen, name).map(|loaded| loaded.examples)
        };
        let train = read("train.parquet")?;
        let people = if crowd { People::crowd(&train)? } else { People::Know };
        let (pool, test) = (cut(&train, "train.parquet")?, cut(&read("test.parquet")?, "test.parquet")?);
        let promise = if crowd { PROMISE_OF_CROWD } else { PROMISE };
        Ok(World { pool, test, people, promise, mirror: crowd })
    }
}

/// The plan of a folder of pictures of this shape.
fn plan(image: &str) -> Result<Plan, PlanError> {
    Plan::parse(&format!(
        "name = \"pictures\"\ntask = \"classification\"\n[data]\nsource = \"train.parquet\"\ntarget = \"label\"\nimage = {image}\n"
    ))
}

/// The classes of rows, and each row's own.
pub fn truth(rows: &Examples) -> (&[String], &[u32]) {
    match &rows.target {
        Target::Class { classes, index } => (classes, index),
        _ => unreachable!("the plans are of classification"),
    }
}

impl World {
    /// How unlike the others each of some pictures is, as the product judges it: by how bright it is.
    pub fn novelty(&self, pictures: &[usize]) -> Vec<f64> {
        let rows = self.pool.rows.take(pictures);
        let Some(Values::Tensor { shape, data }) = rows.columns().first().map(|column| &column.values) else {
            return vec![0.0; pictures.len()];
        };
        let size: usize = shape.iter().product();
        let brightness = |cells: &[f32]| cells.iter().map(|&x| f64::from(x)).sum::<f64>() / size as f64;
        let bright: Vec<Map<String, Value>> = data
            .chunks(size)
            .map(|cells| Map::from_iter([("image".into(), brightness(cells).into())]))
            .collect();
        lifecycle::review::novelty(&bright.iter().collect::<Vec<_>>())
    }
}
