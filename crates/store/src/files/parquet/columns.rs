//! One column of a Parquet file at a time.
//!
//! Invariant: what a reader holds is the footer of the file and no file handle, so that threads share nothing
//! that moves; that the file is still the one whose footer was read is checked by its length and rows.

use super::column::{Fault, Growing, convert, floating};
use super::read::named;
use super::tally;
use crate::files::cells::WHOLE;
use crate::files::columns::texts;
use crate::files::tally::Tally;
use crate::files::{Numbers, ReadError, ReadOptions, header, unread};
use crate::image::ImageShape;
use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef, Float64Array};
use arrow_schema::{DataType, FieldRef, Schema};
use domain::{Kind, Values};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::statistics::Statistics;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rows that are decoded at a time: few enough to stay near the processor.
const BATCH: usize = 32_768;

/// Rows for which room is made on the footer's word alone.
const TRUSTED: usize = 1 << 22;

/// A Parquet file whose footer was read.
pub(in crate::files) struct ParquetColumns {
    path: PathBuf,
    /// Bytes of the file.
    length: u64,
    /// With the types of the file.
    plain: ArrowReaderMetadata,
    /// With texts as dictionaries, in which they are written where they are few.
    coded: ArrowReaderMetadata,
    /// What the pictures of each column become.
    images: Vec<Option<ImageShape>>,
    kinds: Vec<(String, Kind)>,
}

impl ParquetColumns {
    pub fn open(path: &Path, options: &ReadOptions) -> Result<ParquetColumns, ReadError> {
        let file = File::open(path).map_err(|e| unread(path, e))?;
        let length = file.metadata().map_err(|e| unread(path, e))?.len();
        let undecodable = |e| undecodable(path, e);
        let plain = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new()).map_err(undecodable)?;
        let fields = plain.schema().fields();
        let names: Vec<String> = fields.iter().map(|f| f.name().clone()).collect();
        header::check(path, 1, &names)?;
        let images = names.iter().map(|name| options.image_of(name)).collect();
        let types = Schema::new(fields.iter().map(tally::coded).collect::<Vec<FieldRef>>());
        let types = ArrowReaderOptions::new().with_schema(Arc::new(types));
        let coded = ArrowReaderMetadata::try_new(Arc::clone(plain.metadata()), types).map_err(undecodable)?;
        let mut file = ParquetColumns { path: path.into(), length, plain, coded, images, kinds: Vec::new() };
        let kinds = names.into_iter().enumerate().map(|(index, name)| Ok((name, file.kind(index)?)));
        file.kinds = kinds.collect::<Result<_, ReadError>>()?;
        Ok(file)
    }

    pub fn rows(&self) -> u64 {
        self.groups().iter().map(|group| group.num_rows().max(0) as u64).sum()
    }

    pub fn kinds(&self) -> &[(String, Kind)] {
        &self.kinds
    }

    /// All cells of a column.
    pub fn column(&self, index: usize) -> Result<Values, ReadError> {
        self.cells(index, None)
    }

    /// The numbers of a column whose kind is a number, and the cells of some rows, which ascend.
    pub fn numbers(&self, index: usize, rows: &[usize]) -> Result<(Numbers, Vec<f64>), ReadError> {
        let expected = usize::try_from(self.rows()).map_or(TRUSTED, |rows| rows.min(TRUSTED));
        let mut numbers = Numbers { present: Vec::with_capacity(expected), ..Numbers::default() };
        let (mut wanted, mut cells) = (Wanted::of(rows), Vec::with_capacity(rows.len()));
        self.visit(&self.plain, index, None, &mut |array| {
            let rows = wanted.within(array.len());
            match array.as_primitive_opt::<Float64Type>() {
                Some(floats) => {
                    add_floats(floats, &mut numbers);
                    let cell = |row| if floats.is_null(row) { f64::NAN } else { floats.value(row) };
                    cells.extend(rows.map(cell));
                }
                None => {
                    let floats = some_numbers(array)?;
                    numbers.extend(&floats);
                    cells.extend(rows.map(|row| floats[row]));
                }
            }
            Ok(())
        })?;
        Ok((numbers, cells))
    }

    /// The texts of a column whose kind is text, and the cells of some rows, which ascend.
    pub fn tally(&self, index: usize, rows: &[usize]) -> Result<(Tally, Vec<Option<String>>), ReadError> {
        if !tally::is_text(self.data_type(index)) {
            // ids that are too large for floats
            let values = self.column(index)?;
            let cells = texts(values.take(rows));
            return Ok((Tally::of(&texts(values)), cells));
        }
        let (mut wanted, mut cells) = (Wanted::of(rows), Vec::with_capacity(rows.len()));
        let mut tally = tally::Coded::default();
        self.visit(&self.coded, index, None, &mut |array| {
            tally.add(array);
            cells.extend(wanted.within(array.len()).map(|row| tally::text(array, row)));
            Ok(())
        })?;
        Ok((tally.finish(), cells))
    }

    fn groups(&self) -> &[RowGroupMetaData] {
        self.plain.metadata().row_groups()
    }

    fn data_type(&self, index: usize) -> &DataType {
        self.plain.schema().field(index).data_type()
    }

    /// What a column holds, by its type where that can tell, else by its cells.
    fn kind(&self, index: usize) -> Result<Kind, ReadError> {
        match self.data_type(index) {
            kind if kind.is_floating() || matches!(kind, DataType::Boolean) => Ok(Kind::Number),
            kind if tally::is_text(kind) => Ok(Kind::Text),
            DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) => Ok(Kind::Time),
            kind if kind.is_integer() => match self.all_small(index) {
                true => Ok(Kind::Number),
                false => self.cells(index, None).map(|cells| cells.kind()),
            },
            DataType::Dictionary(..) => self.cells(index, None).map(|cells| cells.kind()),
            _ => self.cells(index, Some(1)).map(|cells| cells.kind()),
        }
    }

    /// Whether the footer says that every whole number of a column has a float of its own.
    fn all_small(&self, index: usize) -> bool {
        match self.data_type(index) {
            DataType::Int64 => self.within(index, |x| x.unsigned_abs()),
            DataType::UInt64 => self.within(index, |x| x as u64),
            _ => true,
        }
    }

    fn within(&self, index: usize, size: impl Fn(i64) -> u64) -> bool {
        let leaves = self.plain.parquet_schema();
        let leaf = (0..leaves.num_columns()).find(|&leaf| leaves.get_column_root_idx(leaf) == index);
        let small = |group: &RowGroupMetaData| match group.column(leaf?).statistics()? {
            Statistics::Int64(seen) => Some(size(*seen.min_opt()?).max(size(*seen.max_opt()?)) <= WHOLE),
            _ => None,
        };
        self.groups().iter().all(|group| small(group) == Some(true))
    }

    fn cells(&self, index: usize, limit: Option<usize>) -> Result<Values, ReadError> {
        let field = self.plain.schema().field(index);
        let mut growing = Growing::new(field, self.images[index]);
        self.visit(&self.plain, index, limit, &mut |array| growing.add(array))?;
        let column = growing.finish(field.data_type());
        column.map(|c| c.values).map_err(|fault| named(&self.path, field.name(), 0, fault))
    }

    /// Calls `add` with the cells of a column, batch by batch.
    fn visit(
        &self,
        types: &ArrowReaderMetadata,
        index: usize,
        limit: Option<usize>,
        add: &mut dyn FnMut(&ArrayRef) -> Result<(), Fault>,
    ) -> Result<(), ReadError> {
        let undecodable = |e| undecodable(&self.path, e);
        let only = ProjectionMask::roots(types.parquet_schema(), [index]);
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(self.reopen()?, types.clone());
        let mut reader = reader.with_projection(only).with_batch_size(BATCH);
        if let Some(limit) = limit {
            reader = reader.with_limit(limit);
        }
        let mut rows = 0;
        for batch in reader.build().map_err(undecodable)? {
            let batch = batch.map_err(|e| undecodable(e.into()))?;
            let array = batch.column(0);
            add(array).map_err(|fault| named(&self.path, types.schema().field(index).name(), rows, fault))?;
            rows += array.len() as u64;
        }
        let expected = limit.map_or(self.rows(), |limit| self.rows().min(limit as u64));
        if rows != expected {
            let why = format!(
                "column {} has {rows} rows, expected {expected}",
                self.plain.schema().field(index).name()
            );
            return Err(ReadError::Parquet { path: self.path.clone(), why });
        }
        Ok(())
    }

    /// The file once more, since the position in one that is open is common to all who read it.
    fn reopen(&self) -> Result<File, ReadError> {
        let file = File::open(&self.path).map_err(|e| unread(&self.path, e))?;
        let length = file.metadata().map_err(|e| unread(&self.path, e))?.len();
        if length != self.length {
            let why = format!("it changed from {} to {length} bytes while it was read", self.length);
            return Err(ReadError::Parquet { path: self.path.clone(), why });
        }
        Ok(file)
    }
}

/// Rows that are wanted, ascending, of which batches take their own.
struct Wanted<'a> {
    left: &'a [usize],
    /// The first row of the next batch.
    begin: usize,
}

impl<'a> Wanted<'a> {
    fn of(rows: &'a [usize]) -> Wanted<'a> {
        Wanted { left: rows, begin: 0 }
    }

    /// Those in the next so many rows, counted from the first of these.
    fn within(&mut self, rows: usize) -> impl Iterator<Item = usize> + use<'a> {
        let begin = self.begin;
        self.begin += rows;
        let (here, left) = self.left.split_at(self.left.partition_point(|&row| row < begin + rows));
        self.left = left;
        here.iter().map(move |row| row - begin)
    }
}

fn undecodable(path: &Path, error: ParquetError) -> ReadError {
    ReadError::Parquet { path: path.into(), why: error.to_string() }
}

/// Numbers that need no conversion, run by run between the missing ones.
fn add_floats(floats: &Float64Array, numbers: &mut Numbers) {
    match floats.nulls() {
        None => numbers.extend(floats.values()),
        Some(nulls) => {
            numbers.missing += nulls.null_count() as u64;
            nulls.valid_slices().for_each(|(start, end)| numbers.extend(&floats.values()[start..end]));
        }
    }
}

/// The numbers of a batch, infinite ones among them; NaN where there is none.
fn some_numbers(array: &ArrayRef) -> Result<Vec<f64>, Fault> {
    match array.data_type() {
        DataType::Null | DataType::Boolean | DataType::Dictionary(..) => match convert(array)? {
            Values::Number(cells) => Ok(cells),
            _ => Err(Fault::Type(format!("type {}", array.data_type()))),
        },
        _ => floating(array),
    }
}
