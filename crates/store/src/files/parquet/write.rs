//! From a table to Parquet: zstd, one row group every million rows, and missing cells as nulls.

use crate::StoreError;
use crate::disk;
use arrow_array::types::Float32Type;
use arrow_array::{
    ArrayRef, FixedSizeListArray, Float64Array, PrimitiveArray, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow_schema::{Field, Schema};
use domain::{Column, Table, Timestamp, Values};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use std::path::Path;
use std::sync::Arc;

/// Writes a table as Parquet, whole or not at all: a reader never sees half of it, and after this returns
/// a power cut does not lose it.
pub fn write_parquet(path: &Path, table: &Table) -> Result<(), StoreError> {
    disk::replace(&disk::Os, path, &parquet_bytes(table))
}

/// The bytes of a table as Parquet.
pub fn parquet_bytes(table: &Table) -> Vec<u8> {
    let arrays: Vec<ArrayRef> = table.columns().iter().map(array).collect();
    let fields = table.columns().iter().zip(&arrays);
    let fields: Vec<Field> = fields.map(|(c, a)| Field::new(&c.name, a.data_type().clone(), true)).collect();
    encode(Arc::new(Schema::new(fields)), arrays)
}

/// The bytes of equally long arrays as Parquet.
pub(crate) fn encode(schema: Arc<Schema>, arrays: Vec<ArrayRef>) -> Vec<u8> {
    let level = ZstdLevel::try_new(3).expect("3 is a level of zstd");
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(level)).build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, Arc::clone(&schema), Some(properties))
        .expect("every type here has a place in Parquet");
    if !arrays.is_empty() {
        let batch =
            RecordBatch::try_new(schema, arrays).expect("arrays are made by the schema, equally long");
        writer.write(&batch).expect("memory takes every byte");
    }
    writer.close().expect("memory takes every byte");
    bytes
}

fn array(column: &Column) -> ArrayRef {
    match &column.values {
        Values::Number(v) => Arc::new(Float64Array::from_iter(v.iter().map(|x| (!x.is_nan()).then_some(*x)))),
        Values::Text(v) => Arc::new(StringArray::from_iter(v.iter().map(|x| x.as_deref()))),
        Values::Time(v) => {
            let micros = v.iter().map(|t| t.map(|Timestamp(micros)| micros));
            Arc::new(TimestampMicrosecondArray::from_iter(micros).with_timezone("UTC"))
        }
        Values::Tensor { shape, data } => {
            let numbers = PrimitiveArray::<Float32Type>::from_iter_values(data.iter().copied());
            shape.iter().rev().fold(Arc::new(numbers), nest)
        }
    }
}

/// Every `width` elements as one list.
fn nest(elements: ArrayRef, &width: &usize) -> ArrayRef {
    let width = i32::try_from(width).expect("a row's block is far smaller than 2^31 numbers");
    let field = Arc::new(Field::new("item", elements.data_type().clone(), true));
    Arc::new(FixedSizeListArray::new(field, width, elements, None))
}
