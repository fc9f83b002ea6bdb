//! The plan's reference page for the book, so that it cannot tell anything else than the program does.

use super::fields::{FIELDS, FieldDoc, FieldKind};

const HEAD: &str = "# The plan: incumbent.toml

<!-- Written by `just reference` from crates/domain/src/plan/fields.rs; a test fails when it is stale. -->

Every key, in the order of the file. Only those whose default is *required* must stand in a plan. Unknown keys are
refused. `incumbent plan --explain` prints the same with your plan's values, `incumbent plan --schema` a JSON schema
for editors.
";

/// The page, as Markdown, read off [`FIELDS`]: `docs/book/reference/plan.md`.
pub fn markdown() -> String {
    let mut page = HEAD.to_string();
    let mut last = None;
    for field in FIELDS {
        let section = field.path.split_once('.').map_or("", |(section, _)| section);
        if last != Some(section) {
            page += &heading(section);
            last = Some(section);
        }
        page += &row(field);
    }
    page
}

fn heading(section: &str) -> String {
    let title = if section.is_empty() { "At the top".into() } else { format!("`[{section}]`") };
    format!("\n## {title}\n\n| key | takes | default | why |\n| --- | --- | --- | --- |\n")
}

fn row(field: &FieldDoc) -> String {
    let key = field.path.rsplit('.').next().unwrap_or(field.path);
    let cells = [takes(field.kind), field.default.into(), field.why.into()];
    format!("| `{key}` | {} |\n", cells.map(|c: String| c.replace('|', "\\|")).join(" | "))
}

fn takes(kind: FieldKind) -> String {
    match kind {
        FieldKind::Text => "text".into(),
        FieldKind::Choice(words) => words.iter().map(|w| format!("`{w}`")).collect::<Vec<_>>().join(", "),
        FieldKind::Texts => "list of texts".into(),
        FieldKind::Steps(words) => format!("list among {}, in this order", words.join(", ")),
        FieldKind::Shares => "list of rising numbers, 0 to 0.5".into(),
        FieldKind::Number { min, max } => format!("number, {min} to {max}"),
        FieldKind::Whole { min, max: i64::MAX } => format!("whole number from {min}"),
        FieldKind::Whole { min, max } => format!("whole number, {min} to {max}"),
        FieldKind::Shape => "channels, height and width, such as `[3, 32, 32]`".into(),
        FieldKind::Switch => "`true` or `false`".into(),
        FieldKind::Span => "span of time, such as `30d`, `12h`, `200ms`".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_book_holds_this_very_page() {
        let written = include_str!("../../../../docs/book/reference/plan.md");
        let line = markdown().lines().zip(written.lines()).position(|(now, then)| now != then);
        assert_eq!(line, None, "docs/book/reference/plan.md is stale; write it with `just reference`");
        assert_eq!(markdown().len(), written.len(), "docs/book/reference/plan.md has more or fewer lines");
    }

    #[test]
    fn every_key_has_a_row_of_four_cells() {
        let page = markdown();
        for field in FIELDS {
            let key = field.path.rsplit('.').next().unwrap_or_default();
            let rows = page.lines().filter(|line| line.starts_with(&format!("| `{key}` |")));
            assert!(rows.clone().count() > 0, "no row of {}", field.path);
            rows.for_each(|row| assert_eq!(row.replace("\\|", "").matches('|').count(), 5, "{row}"));
        }
    }
}
