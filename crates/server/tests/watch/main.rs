//! What moved, and why: the report of two files, the page's section, the metrics and the alarm.

mod alarm;
#[path = "../common/mod.rs"]
mod common;
mod facts;
mod page;
mod report;
#[path = "../common/story.rs"]
mod story;
