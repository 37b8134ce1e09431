//! The servers that people run, asked the table of `check-server`. Their answers are the figures in
//! `docs/servers.tsv`, of which the page `docs/servers.md` is made: both are compared with what is
//! installed here. `cargo xtask servers` writes them anew, by running these tests with
//! `SHEAVE_WRITE_SERVERS` set.

mod figures;
mod page;

use std::path::{Path, PathBuf};

use range_server::check::{self, Options};
use tokio::runtime::Runtime;

use crate::check_server::{FILE, root};
use crate::support::serving::Serving;
use crate::support::software::{ALL, Software};
use figures::{Column, Figures};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../docs")
        .join(name)
}

fn text_of(name: &str) -> String {
    std::fs::read_to_string(path(name)).unwrap()
}

fn is_to_be_written() -> bool {
    std::env::var_os("SHEAVE_WRITE_SERVERS").is_some()
}

/// The column of a server at a URL.
fn ask(runtime: &Runtime, name: &str, version: &str, url: &str) -> Column {
    let report = runtime.block_on(check::check(url, &Options::default()));
    let report = report.unwrap_or_else(|error| panic!("{name}: {error}"));
    Column::of(name, version, &report)
}

/// The column of what is installed here; `None` if nothing is, or another version than this one.
fn column(
    runtime: &Runtime,
    root: &Path,
    software: &Software,
    wanted: Option<&str>,
) -> Option<Column> {
    let Some(version) = software.version() else {
        // The packages of npm are there where the page is written.
        if software.is_of_debian() {
            needs::unmet(software.package(), "not installed");
        }
        return None;
    };
    if wanted.is_some_and(|wanted| wanted != version) {
        let what = format!("{} {}", software.package(), wanted.unwrap_or_default());
        needs::unmet(&what, format!("here is {version}"));
        return None;
    }
    // A cache stands in front of our own server.
    let origin = software.is_cache.then(|| Serving::start(root, &[]));
    let behind = match &origin {
        Some(origin) => origin.address().rsplit(':').next().unwrap(),
        None => root.to_str().unwrap(),
    };
    let running = software.start(behind);
    Some(ask(runtime, software.name, &version, &running.url(FILE)))
}

#[test]
fn the_figures_are_what_servers_answer() {
    let root = root();
    let runtime = Runtime::new().unwrap();
    let mut figures = Figures::parse(&text_of("servers.tsv"));
    let documented = |name: &str| figures.columns.iter().find(|column| column.name == name);
    let serving = Serving::start(root.path(), &[]);
    let mut found = vec![ask(
        &runtime,
        "sheave",
        "",
        &serving.url(&format!("/{FILE}")),
    )];
    for software in ALL {
        let wanted = documented(software.name).map(|column| column.version.as_str());
        let wanted = wanted.filter(|_| !is_to_be_written());
        found.extend(column(&runtime, root.path(), software, wanted));
    }
    if is_to_be_written() {
        let names: Vec<_> = ["sheave"]
            .into_iter()
            .chain(ALL.iter().map(|one| one.name))
            .collect();
        figures.replace(found, &names);
        std::fs::write(path("servers.tsv"), figures.to_string()).unwrap();
        let page = page::replaced(&text_of("servers.md"), &figures);
        std::fs::write(path("servers.md"), page).unwrap();
        return;
    }
    for column in found {
        let documented = documented(&column.name).expect("each is in the figures");
        assert_eq!(documented, &column, "documented first");
    }
}

#[test]
fn the_page_is_what_the_figures_say() {
    if is_to_be_written() {
        return;
    }
    let (page, figures) = (
        text_of("servers.md"),
        Figures::parse(&text_of("servers.tsv")),
    );
    assert!(figures.columns.len() > 15);
    let made = page::replaced(&page, &figures);
    for (line, made) in page.lines().zip(made.lines()) {
        assert_eq!(line, made);
    }
    assert_eq!(page.len(), made.len());
}

#[test]
fn each_finding_on_the_page_has_its_sentence() {
    let (page, figures) = (
        text_of("servers.md"),
        Figures::parse(&text_of("servers.tsv")),
    );
    for rule in figures.rules() {
        let rule = check::rules().iter().find(|known| known.name == rule);
        let rule = rule.expect("the figures name rules that there are");
        assert!(page.contains(rule.sentence), "{}", rule.name);
        assert!(
            page.contains(&format!("{} §{}", rule.document, rule.section)),
            "{}",
            rule.name
        );
    }
}
