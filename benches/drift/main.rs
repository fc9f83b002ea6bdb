//! Two large tables that differ in a few columns, and how long it takes to read one column by column.
//!
//! usage: drift write FOLDER ROWS    writes reference.parquet and current.parquet: 24 columns of numbers of six
//!                                   laws and 6 of categories, in five of which the current rows differ
//!        drift read FILE THREADS    prints the seconds of reading every column once
//!        drift sketch FILE          prints the seconds of sketching every column, without reading, and the bytes

mod laws;

use laws::{Moved, column};
use std::error::Error;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use store::files::{ColumnReader, ReadError, ReadOptions, write_parquet};
use store::sketch::ColumnSketch;

/// Columns of numbers, and all columns.
const NUMBERS: usize = 24;
const COLUMNS: usize = 30;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["write", folder, rows] => write(Path::new(folder), rows.parse()?),
        ["read", file, threads] => read(Path::new(file), threads.parse()?),
        ["sketch", file] => sketch(Path::new(file)),
        _ => {
            eprintln!(
                "drift: nothing to do without `write FOLDER ROWS`, `read FILE THREADS` or `sketch FILE`"
            );
            Ok(())
        }
    }
}

fn write(folder: &Path, rows: usize) -> Result<(), Box<dyn Error>> {
    for (name, seed, is_current) in [("reference", 1, false), ("current", 2, true)] {
        let moved = |index| if is_current { Moved::of(index) } else { Moved::No };
        let columns = (0..COLUMNS).map(|index| column(index, NUMBERS, rows, seed, moved(index)));
        let table = domain::Table::new(columns.collect())?;
        write_parquet(&folder.join(format!("{name}.parquet")), &table)?;
    }
    Ok(())
}

fn read(file: &Path, threads: usize) -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    let reader = ColumnReader::open(file, &ReadOptions::default())?;
    let next = AtomicUsize::new(0);
    let work = || -> Result<u64, ReadError> {
        let mut cells = 0;
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some((_, kind)) = reader.names_and_kinds().get(index) else { return Ok(cells) };
            cells += match kind {
                domain::Kind::Text => reader.text_counts(index)?.rows,
                _ => reader.numbers(index)?.rows(),
            };
        }
    };
    let cells = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|t| t.join().expect("no thread panics")).sum::<Result<u64, ReadError>>()
    })?;
    println!("{cells} cells in {:.3} s", start.elapsed().as_secs_f64());
    Ok(())
}

fn sketch(file: &Path) -> Result<(), Box<dyn Error>> {
    let reader = ColumnReader::open(file, &ReadOptions::default())?;
    let (mut seconds, mut bytes) = (0.0, 0);
    for (index, (_, kind)) in reader.names_and_kinds().iter().enumerate() {
        let values = reader.column(index)?;
        let start = Instant::now();
        let mut sketch = ColumnSketch::new(kind);
        sketch.observe(&values)?;
        bytes += sketch.to_bytes().len();
        seconds += start.elapsed().as_secs_f64();
    }
    println!(
        "{} rows of {} columns in {seconds:.3} s, {bytes} bytes",
        reader.rows(),
        reader.names_and_kinds().len()
    );
    Ok(())
}
