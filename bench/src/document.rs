//! Owns where the table of a scenario is kept: in a file of its own in docs/benchmarks. People
//! write the page that leads to these files.
use std::fs;
use std::path::PathBuf;

use super::checkout;
use super::failure::Failure;

/// Replaces what one scenario said last.
pub(super) fn replace(scenario: &str, section: &str) -> Result<(), Failure> {
    let title = format!("# {scenario}\n\n<!-- Written by `cargo xtask bench --write`. -->\n\n");
    fs::write(path(scenario), title + section).map_err(Failure::io("write a table"))
}

/// The page with the table of a scenario, as it is kept.
pub(super) fn read(scenario: &str) -> Result<String, Failure> {
    fs::read_to_string(path(scenario)).map_err(Failure::io("read a table"))
}

/// The plot as it is kept.
#[cfg(test)]
pub(super) fn plot() -> Result<String, Failure> {
    fs::read_to_string(plot_path()).map_err(Failure::io("read the plot"))
}

/// Replaces the plot.
pub(super) fn replace_plot(svg: &str) -> Result<(), Failure> {
    fs::write(plot_path(), svg).map_err(Failure::io("write the plot"))
}

fn plot_path() -> PathBuf {
    checkout::root().join("docs/benchmarks/plot.svg")
}

fn path(scenario: &str) -> PathBuf {
    let name = format!("docs/benchmarks/{scenario}.md");
    checkout::root().join(name)
}

#[cfg(test)]
mod tests {
    use super::super::wan::PATHS;
    use super::path;

    #[test]
    fn the_page_leads_to_the_table_of_every_scenario() {
        let page = include_str!("../../docs/benchmarks.md");
        let fixed = [
            "loopback", "verify", "tls", "small", "memory", "serve", "disk",
        ];
        for name in fixed.into_iter().chain(PATHS.iter().map(|path| path.name)) {
            assert!(page.contains(&format!("(benchmarks/{name}.md)")), "{name}");
            assert!(path(name).is_file(), "{name}");
        }
    }
}
