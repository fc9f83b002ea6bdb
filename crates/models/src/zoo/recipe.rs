//! What a member looks at: the columns themselves, and features engineered from them.

/// A member's features, in this order: the inputs, then each extra.
#[derive(Debug, Clone, PartialEq)]
pub struct Recipe {
    /// The columns themselves; `None` leaves them out.
    pub inputs: Option<Inputs>,
    /// Engineered features.
    pub extras: Vec<Extra>,
}

/// How columns are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inputs {
    /// As they are, missing as NaN: for trees only.
    Raw,
    /// Missing cells filled with the median, then transformed.
    Filled(Transform),
    /// The same with mean 0 and deviation 1, kept within 30 deviations.
    Scaled(Transform),
    /// As `Scaled`, but a column that is mostly 0 has deviation 1 and no mean taken off: its zeros stay zeros, which
    /// products of single rows skip.
    Sparse(Transform),
}

/// What is done to columns that were never negative in training; others stay as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transform {
    /// Nothing.
    Plain,
    /// ln(1 + x): counts whose orders of magnitude matter.
    Log1p,
    /// √(x + 3/8): counts with a deviation that does not grow with them (Anscombe 1948).
    Root,
}

/// Features that are engineered from all columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extra {
    /// How many columns are not 0.
    NonZero,
    /// Which columns are 0, one flag each.
    Zero,
    /// For each class of 5 rows or more: the distance to its nearest row, and the sums of those to the nearest
    /// 2 and 4. A training row is left out where its own features are made, with all rows of its entity.
    Neighbours(Space),
    /// The distances to this many cluster centres, and which one is nearest, one-hot.
    Clusters(usize),
}

/// Where distances are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Space {
    /// Columns as [`Inputs::Scaled`] with [`Transform::Log1p`].
    Scaled,
    /// Columns as counts of words: each times ln((1 + rows) / (1 + rows with it)) + 1, then at length 1.
    TfIdf,
}

impl Recipe {
    /// The columns alone.
    pub fn of(inputs: Inputs) -> Recipe {
        Recipe { inputs: Some(inputs), extras: Vec::new() }
    }

    /// With one more engineered feature.
    pub fn with(mut self, extra: Extra) -> Recipe {
        self.extras.push(extra);
        self
    }
}
