//! Owns how other downloaders are set against faults, and where the table of it goes. Knows nothing
//! of what is in it.
use crate::workspace::{self, Failure};

/// Where the table is, and what is around it.
const PAGE: &str = "docs/faults.md";
const BEGIN: &str = "<!-- rivals: begin -->\n";
const END: &str = "<!-- rivals: end -->";

/// Builds both, runs the rivals, and replaces the table.
pub(crate) fn run() -> Result<(), Failure> {
    let rivals = workspace::example("rivals")?.display().to_string();
    let program = workspace::product()?.display().to_string();
    let table = workspace::output_of(&rivals, &[&program])?;
    let table = String::from_utf8_lossy(&table);
    let page = replaced(&workspace::text_of(PAGE)?, &table).ok_or(Failure::Shape {
        field: "rivals: begin",
    })?;
    workspace::write(PAGE, &page)
}

/// The page with another table; `None` where it has no place for one.
fn replaced(page: &str, table: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}{table}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::replaced;

    #[test]
    fn only_what_is_between_the_marks_is_replaced() {
        let page = |table| format!("a\n<!-- rivals: begin -->\n{table}<!-- rivals: end -->\nb\n");
        assert_eq!(replaced(&page("old\n"), "new\n"), Some(page("new\n")));
        assert_eq!(replaced("a page without a place", "new\n"), None);
    }
}
