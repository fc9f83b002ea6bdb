//! The registry in an SQLite database: one table of events.
//!
//! WAL with `synchronous=FULL`, so that a recorded event outlives a power cut, and several processes may
//! record and read at once. The schema grows by the numbered files in `migrate/`; a database that a newer
//! incumbent has migrated is refused unchanged.

use crate::{Registry, StoreError, event_json};
use domain::{Event, Recorded, Timestamp};
use rusqlite::{Connection, ErrorCode, OptionalExtension, TransactionBehavior, params};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A registry in a file.
#[derive(Debug)]
pub struct SqliteRegistry {
    path: PathBuf,
    connection: Mutex<Connection>,
}

/// Each brings the database from the version before it to its number, counted from 1.
const MIGRATIONS: [&str; 1] = [include_str!("../migrate/0001_events.sql")];

/// What marks a database as a registry: `incu`.
const APPLICATION: i32 = 0x696E_6375;

/// How long to wait for another process that records.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a file of SQLite begins with.
const MAGIC: &[u8] = b"SQLite format 3\0";

impl SqliteRegistry {
    /// Opens the registry of a file, which is made where there is none.
    pub fn open(path: &Path) -> Result<SqliteRegistry, StoreError> {
        check_magic(path)?;
        let told = |action| move |error| told(action, path, error);
        let mut connection = Connection::open(path).map_err(told("open the registry"))?;
        prepare(&mut connection, path).map_err(told("prepare the registry"))??;
        let verdict: String = connection
            .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
            .map_err(told("check the registry"))?;
        if verdict != "ok" {
            return Err(StoreError::Damaged { path: path.into(), why: verdict });
        }
        Ok(SqliteRegistry { path: path.into(), connection: Mutex::new(connection) })
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Registry for SqliteRegistry {
    fn record_all(&self, at: Timestamp, events: &[Event]) -> Result<u64, StoreError> {
        let encoded = events.iter().map(|event| event_json::encode(&self.path, event));
        let encoded = encoded.collect::<Result<Vec<_>, _>>()?;
        let insert = |connection: &mut Connection| {
            // the write lock is taken first, so that nobody can take the same numbers
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut sequence: i64 =
                transaction
                    .query_row("SELECT coalesce(max(sequence), 0) FROM events", [], |row| row.get(0))?;
            for event in &encoded {
                sequence += 1;
                let mut insert = transaction
                    .prepare_cached("INSERT INTO events (sequence, at, event) VALUES (?1, ?2, ?3)")?;
                insert.execute(params![sequence, at.0, event])?;
            }
            transaction.commit()?;
            Ok(sequence.unsigned_abs())
        };
        insert(&mut self.lock()).map_err(|e| told("record an event", &self.path, e))
    }

    fn events(&self, after: u64) -> Result<Vec<Recorded>, StoreError> {
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        let read = |connection: &Connection| {
            let mut select = connection.prepare_cached(
                "SELECT sequence, at, event FROM events WHERE sequence > ?1 ORDER BY sequence",
            )?;
            let rows = select.query_map([after], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            rows.collect::<rusqlite::Result<Vec<(i64, i64, String)>>>()
        };
        let rows = read(&self.lock()).map_err(|e| told("read events", &self.path, e))?;
        let decode = |(sequence, at, event): (i64, i64, String)| {
            let sequence = sequence.unsigned_abs();
            let event = event_json::decode(&self.path, sequence, &event)?;
            Ok(Recorded { sequence, at: Timestamp(at), event })
        };
        rows.into_iter().map(decode).collect()
    }
}

/// The outer error is the database's, the inner one a refusal.
fn prepare(connection: &mut Connection, path: &Path) -> rusqlite::Result<Result<(), StoreError>> {
    connection.busy_timeout(PATIENCE)?;
    let known = MIGRATIONS.len() as i32;
    let application: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let found: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if application != APPLICATION && !is_new(connection)? {
        let why = "it is a database of another program".into();
        return Ok(Err(StoreError::Foreign { path: path.into(), expected: "a registry of incumbent", why }));
    }
    if found > known {
        let (found, known) = (found.unsigned_abs(), known.unsigned_abs());
        return Ok(Err(StoreError::Newer { path: path.into(), found, known }));
    }
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    migrate(connection)?;
    Ok(Ok(()))
}

fn is_new(connection: &Connection) -> rusqlite::Result<bool> {
    let any = connection.query_row("SELECT 1 FROM sqlite_schema LIMIT 1", [], |_| Ok(())).optional()?;
    Ok(any.is_none())
}

fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // read under the lock: another process may have migrated in between
    let done: i32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for (number, sql) in (1..).zip(MIGRATIONS).skip(done.unsigned_abs() as usize) {
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "user_version", number)?;
        transaction.pragma_update(None, "application_id", APPLICATION)?;
    }
    transaction.commit()
}

fn check_magic(path: &Path) -> Result<(), StoreError> {
    let mut head = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(16).read_to_end(&mut head));
    match read {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(StoreError::Io { action: "read", path: path.into(), source }),
        // SQLite takes an empty file as an empty database
        Ok(_) if head.is_empty() || head == MAGIC => Ok(()),
        Ok(_) => {
            let why = "it is not an SQLite database".into();
            Err(StoreError::Foreign { path: path.into(), expected: "a registry of incumbent", why })
        }
    }
}

fn told(action: &'static str, path: &Path, error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StoreError::Damaged { path: path.into(), why: error.to_string() }
        }
        _ => StoreError::Database { action, path: path.into(), source: Box::new(error) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance;
    use tempfile::TempDir;

    fn folder() -> TempDir {
        tempfile::tempdir().expect("a folder")
    }

    fn triggered(why: &str) -> Event {
        Event::Triggered { action: "retrain".into(), why: why.into() }
    }

    #[test]
    fn it_keeps_the_promises_of_a_registry() {
        let folder = folder();
        let mut count = 0;
        conformance::check_registry(|| {
            count += 1;
            Box::new(SqliteRegistry::open(&folder.path().join(format!("{count}.db"))).expect("opened"))
        });
    }

    #[test]
    fn events_are_there_after_opening_again() {
        let folder = folder();
        let path = folder.path().join("registry.db");
        let first = SqliteRegistry::open(&path).expect("made");
        first.record(Timestamp(5), &triggered("a")).expect("recorded");
        drop(first);
        let again = SqliteRegistry::open(&path).expect("opened");
        assert_eq!(again.record(Timestamp(6), &triggered("b")).expect("recorded"), 2);
        let expected = Recorded { sequence: 1, at: Timestamp(5), event: triggered("a") };
        assert_eq!(again.events(0).expect("readable")[0], expected);
    }

    #[test]
    fn two_processes_record_without_gaps() {
        let folder = folder();
        let path = folder.path().join("registry.db");
        let houses = [(); 2].map(|()| SqliteRegistry::open(&path).expect("opened"));
        std::thread::scope(|scope| {
            for house in &houses {
                scope.spawn(|| {
                    (0..40).for_each(|_| {
                        house.record(Timestamp(0), &triggered("x")).expect("recorded");
                    })
                });
            }
        });
        let sequences: Vec<u64> = houses[0].events(0).expect("readable").iter().map(|e| e.sequence).collect();
        assert_eq!(sequences, (1..=80).collect::<Vec<_>>());
    }

    #[test]
    fn every_commit_is_synced() {
        let folder = folder();
        let registry = SqliteRegistry::open(&folder.path().join("registry.db")).expect("made");
        let connection = registry.lock();
        let pragma = |name: &str| {
            connection
                .pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0))
                .expect(name)
        };
        assert_eq!(pragma("synchronous"), rusqlite::types::Value::Integer(2));
        assert_eq!(pragma("journal_mode"), rusqlite::types::Value::Text("wal".into()));
        // before 3.51.3 a reset of the log could lose commits
        assert!(rusqlite::version_number() >= 3_051_003, "{}", rusqlite::version());
    }

    #[test]
    fn events_cannot_be_changed_by_hand() {
        let folder = folder();
        let registry = SqliteRegistry::open(&folder.path().join("registry.db")).expect("made");
        registry.record(Timestamp(0), &triggered("x")).expect("recorded");
        for sql in ["DELETE FROM events", "UPDATE events SET at = 1"] {
            let error = registry.lock().execute(sql, []).expect_err("append-only");
            assert!(error.to_string().contains("events are append-only"), "{error}");
        }
    }

    fn refused(prepare: impl Fn(&Path)) -> String {
        let folder = folder();
        let path = folder.path().join("registry.db");
        prepare(&path);
        let before = std::fs::read(&path).expect("there");
        let error = SqliteRegistry::open(&path).expect_err("refused").to_string();
        assert_eq!(std::fs::read(&path).expect("still there"), before, "a refused file stays as it was");
        error.replace(&path.display().to_string(), "registry.db")
    }

    #[test]
    fn other_files_are_refused_unchanged() {
        let text = refused(|path| std::fs::write(path, "name,age\nx,1\n").expect("written"));
        assert_eq!(text, "registry.db is not a registry of incumbent: it is not an SQLite database");
        let foreign = refused(|path| {
            let connection = Connection::open(path).expect("made");
            connection.execute_batch("CREATE TABLE t (x)").expect("made");
        });
        assert_eq!(
            foreign,
            "registry.db is not a registry of incumbent: it is a database of another program"
        );
    }

    #[test]
    fn a_newer_database_is_refused_unchanged() {
        let newer = refused(|path| {
            drop(SqliteRegistry::open(path).expect("made"));
            let connection = Connection::open(path).expect("opened");
            connection.pragma_update(None, "user_version", 99).expect("set");
        });
        assert_eq!(newer, "registry.db has format 99, and this incumbent reads up to 1");
    }

    #[test]
    fn a_damaged_database_is_told() {
        let damaged = refused(|path| {
            let registry = SqliteRegistry::open(path).expect("made");
            let events = vec![triggered(&"x".repeat(500)); 200];
            registry.record_all(Timestamp(0), &events).expect("recorded");
            drop(registry);
            let mut bytes = std::fs::read(path).expect("there");
            let middle = bytes.len() / 2;
            bytes[middle..].fill(0x55);
            std::fs::write(path, bytes).expect("written");
        });
        assert!(damaged.starts_with("registry.db is damaged: "), "{damaged}");
    }
}
