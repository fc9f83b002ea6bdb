//! Prints the plan's reference page: `just reference` writes it into the book.

fn main() {
    print!("{}", domain::plan::reference::markdown());
}
