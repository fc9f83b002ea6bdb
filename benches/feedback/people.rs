//! People who are asked what a picture shows.

use domain::{Table, Values};
use stats::random::below;
use std::error::Error;

/// CIFAR-10's numbers of a cat and of a dog; whoever says anything else skips the picture.
const NAMED: [f64; 2] = [3.0, 5.0];

/// Who answers.
pub enum People {
    /// Whoever knows what is true.
    Know,
    /// Three people a picture, each with a class or with none of these.
    Crowd(Vec<[Option<u32>; 3]>),
}

impl People {
    /// The crowd's own answers.
    pub fn crowd(table: &Table) -> Result<People, Box<dyn Error>> {
        let mut answers = vec![[None; 3]; table.rows()];
        for (person, name) in ["worker1", "worker2", "worker3"].into_iter().enumerate() {
            let Some(Values::Number(said)) = table.column(name).map(|column| &column.values) else {
                return Err(format!("no column `{name}` of numbers").into());
            };
            for (answer, said) in answers.iter_mut().zip(said) {
                answer[person] = NAMED.iter().position(|named| named == said).map(|class| class as u32);
            }
        }
        Ok(People::Crowd(answers))
    }

    /// What somebody says of a picture; `None` where everybody skips it.
    pub fn label(&self, picture: usize, truth: u32, seed: u64) -> Option<u32> {
        match self {
            People::Know => Some(truth),
            People::Crowd(answers) => {
                let first = below(3, seed, picture as u64, 17);
                (0..3).find_map(|turn| answers[picture][(first + turn) % 3])
            }
        }
    }
}
