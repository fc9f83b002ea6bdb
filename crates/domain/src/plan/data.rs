//! Where the rows are, and what their columns mean.
//!
//! Not reading them: files are the store's, and what stands in them is checked by the stage that reads.

use serde::{Deserialize, Serialize};

/// `[data]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// The file or the folder of pictures, relative to the plan.
    pub source: String,
    /// A file with the rows that judge.
    pub test: Option<String>,
    /// Where the data comes from.
    pub provenance: Option<String>,
    /// The column to predict.
    pub target: String,
    /// The column that orders the rows.
    pub time: Option<String>,
    /// The column that says who a row is about.
    pub entity: Option<String>,
    /// The column that names the series.
    pub series: Option<String>,
    /// Columns that are not known at prediction time, or tell nothing.
    #[serde(default)]
    pub drop: Vec<String>,
    /// Columns of numbers that are names.
    #[serde(default)]
    pub categories: Vec<String>,
    /// What every picture is brought to.
    pub image: Option<Shape>,
    /// Rows at or after this instant are the future: not used until they are replayed.
    pub until: Option<String>,
}

/// The size of a picture, written `[3, 32, 32]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "[usize; 3]", into = "[usize; 3]")]
pub struct Shape {
    /// 1 grey, 3 red, green and blue.
    pub channels: usize,
    /// Rows of pixels.
    pub height: usize,
    /// Pixels in a row.
    pub width: usize,
}

/// `[recommend]`
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Recommend {
    /// The column that says who rates.
    pub user: Option<String>,
    /// The column that says what is rated.
    pub item: Option<String>,
}

impl Recommend {
    /// The columns of users and items, where the plan names them.
    pub fn pair(&self) -> Option<(&str, &str)> {
        self.user.as_deref().zip(self.item.as_deref())
    }
}

impl From<[usize; 3]> for Shape {
    fn from([channels, height, width]: [usize; 3]) -> Shape {
        Shape { channels, height, width }
    }
}

impl From<Shape> for [usize; 3] {
    fn from(shape: Shape) -> [usize; 3] {
        [shape.channels, shape.height, shape.width]
    }
}
