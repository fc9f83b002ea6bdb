//! Which character stands between the cells of a CSV file.

const CANDIDATES: [u8; 4] = [b',', b';', b'\t', b'|'];

/// Rows that are looked at.
const ROWS: usize = 200;

/// The candidate that cuts the most rows into as many cells as the header, and then into the most cells.
/// A comma where none of them cuts the header: then there is one column.
pub(super) fn sniff(head: &[u8]) -> u8 {
    let fit = |&delimiter: &u8| {
        let (fields, alike, rows) = cut(head, delimiter);
        // a share in thousandths, so that it can be compared exactly
        (fields > 1).then(|| (alike * 1000 / rows.max(1), fields))
    };
    let best = CANDIDATES.iter().rev().filter(|d| fit(d).is_some()).max_by_key(|d| fit(d));
    best.copied().unwrap_or(b',')
}

/// The cells of the first row, how many rows have as many, and how many rows there are.
fn cut(head: &[u8], delimiter: u8) -> (usize, usize, usize) {
    let reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(head);
    let widths: Vec<usize> =
        reader.into_byte_records().take(ROWS).map_while(Result::ok).map(|record| record.len()).collect();
    // the last row may be cut off by the end of the head
    let whole = &widths[..widths.len().saturating_sub(1).max(widths.len().min(1))];
    let fields = whole.first().copied().unwrap_or(0);
    (fields, whole.iter().filter(|&&w| w == fields).count(), whole.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(head: &str, expected: u8) {
        assert_eq!(char::from(sniff(head.as_bytes())), char::from(expected), "{head}");
    }

    #[test]
    fn the_delimiter_is_found_from_the_rows() {
        check("a,b\n1,2\n3,4\n", b',');
        check("a;b\n1,5;2,5\n3,5;4,5\n", b';');
        check("a\tb\n1\t2\n", b'\t');
        check("a|b\n1|2\n", b'|');
        check("name;note\n\"x\";\"a,b\"\n\"y\";\"c,d,e\"\n", b';');
    }

    #[test]
    fn delimiters_inside_of_quotes_do_not_count() {
        check("a,b\n\"x;y;z\",1\n\"u;v;w\",2\n", b',');
    }

    #[test]
    fn a_single_column_is_taken_as_cut_by_commas() {
        check("a\n1\n2\n", b',');
    }

    #[test]
    fn a_header_alone_is_enough() {
        check("a;b;c", b';');
    }
}
