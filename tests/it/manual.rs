//! The pages as a reader follows them: links lead somewhere, and what is shown for other programs
//! does what it says. Rust in them is compiled and run as documentation tests.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::serving::Serving;
use crate::support::{files, program};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn page(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

/// Every page for readers, from the root.
fn pages() -> Vec<String> {
    let mut pages = vec!["README.md".to_owned(), "CONTRIBUTING.md".to_owned()];
    for directory in ["docs", "docs/design", "docs/formats"] {
        let names = files::names(&root().join(directory));
        let names = names.iter().filter_map(|name| name.strip_suffix(".md"));
        pages.extend(names.map(|name| format!("{directory}/{name}.md")));
    }
    let crates = files::names(&root().join("crates"));
    pages.extend(crates.iter().map(|name| format!("crates/{name}/README.md")));
    pages
}

/// The texts of the fenced blocks of one language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let begin = format!("```{language}\n");
    let blocks = page.split(&begin).skip(1);
    blocks
        .map(|rest| rest.split("```").next().unwrap().to_owned())
        .collect()
}

/// The anchors of a page, as they are made of its headings.
fn anchors(page: &str) -> Vec<String> {
    let headings = page.lines().filter(|line| line.starts_with('#'));
    let anchors = headings.map(|line| {
        let text = line.trim_start_matches('#').trim().to_lowercase();
        let text = text.replace(' ', "-");
        let is_kept = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
        text.chars().filter(|&c| is_kept(c)).collect()
    });
    anchors.collect()
}

#[test]
fn the_front_page_is_short() {
    let lines = page("README.md").lines().count();
    assert!(lines <= 150, "{lines}");
}

#[test]
fn every_link_leads_to_something() {
    let mut broken = Vec::new();
    for name in pages() {
        let text = page(&name);
        let here = root().join(&name);
        let links = text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split_once(')'));
        let after = |attribute| text.split(attribute).skip(1);
        let pictures = after(" src=\"").chain(after(" srcset=\""));
        let pictures = pictures.filter_map(|rest| rest.split_once('"'));
        for (link, _) in links.chain(pictures) {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let is_elsewhere = path.contains(':') || path.contains(['\n', '<', ' ']);
            let target = match path {
                "" => here.clone(),
                _ => here.parent().unwrap().join(path),
            };
            let has_anchor = || {
                anchor.is_empty()
                    || fs::read_to_string(&target)
                        .is_ok_and(|page| anchors(&page).iter().any(|own| own == anchor))
            };
            let leads_there = is_elsewhere || target.exists() && has_anchor();
            if !leads_there {
                broken.push(format!("{name}: {link}"));
            }
        }
    }
    assert_eq!(broken, Vec::<String>::new());
}

/// A server with a file, a directory for its copy, and the sum of it.
struct Scene {
    serving: Serving,
    _served: tempfile::TempDir,
    into: tempfile::TempDir,
    sum: String,
}

impl Scene {
    fn new() -> Self {
        let served = files::directory();
        let file = files::create(&served.path().join("disk.img"), 5, 300_000);
        Self {
            serving: Serving::start(served.path(), &[]),
            sum: files::sha256(&file),
            _served: served,
            into: files::directory(),
        }
    }

    /// Runs a command where the program is the first to be found, and returns what it printed.
    fn run(&self, name: &str, arguments: &[&str]) -> Option<(bool, String)> {
        let mut command = Command::new(needs::program(name)?);
        command.arg0(name);
        let own = program::path().parent().unwrap();
        let output = command
            .args(arguments)
            .current_dir(self.into.path())
            .env("PATH", format!("{}:/usr/bin:/bin", own.display()))
            .env("URL", self.serving.url("/disk.img"))
            .env("SUM", &self.sum)
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        Some((output.status.success(), String::from_utf8(said).unwrap()))
    }

    /// Reports whether the copy is the file, and removes it.
    fn has_the_file(&self) -> bool {
        let copy = self.into.path().join("disk.img");
        let is_it = copy.exists() && files::sha256(&copy) == self.sum;
        let _removed = fs::remove_file(copy);
        is_it
    }
}

#[test]
fn the_scripts_of_the_manual_do_what_they_say() {
    let scene = Scene::new();
    let scripts = blocks(&page("docs/integrations.md"), "sh");
    let named = |word: &str| scripts.iter().find(|script| script.contains(word)).unwrap();
    for word in ["if !", "for wait"] {
        let (succeeded, said) = scene.run("sh", &["-c", named(word)]).unwrap();
        assert!(succeeded && said.is_empty(), "{word}: {said}");
        assert!(scene.has_the_file(), "{word}");
    }
    let unreachable = "URL=http://127.0.0.1:1/x; sleep() { :; }";
    let script = format!("{unreachable}\n{}", named("for wait"));
    let (succeeded, said) = scene.run("sh", &["-c", &script]).unwrap();
    assert!(!succeeded && said.lines().count() == 4, "{said}");
    let list = format!("{0}\n", scene.serving.url("/disk.img"));
    fs::write(scene.into.path().join("urls.txt"), list).unwrap();
    let (succeeded, said) = scene.run("sh", &["-c", named("xargs")]).unwrap();
    assert!(succeeded && scene.has_the_file(), "{said}");
    for script in &scripts {
        let (succeeded, said) = scene.run("sh", &["-n", "-c", script]).unwrap();
        assert!(succeeded, "{script}: {said}");
    }
}

#[test]
fn make_gets_a_target_that_is_right_or_none() {
    let scene = Scene::new();
    let rule = &blocks(&page("docs/integrations.md"), "make")[0];
    fs::write(scene.into.path().join("Makefile"), rule).unwrap();
    let Some((succeeded, said)) = scene.run("make", &[]) else {
        return;
    };
    assert!(succeeded && scene.has_the_file(), "{said}");
    let wrong = format!("SUM={}", "0".repeat(64));
    let (succeeded, _) = scene.run("make", &[&wrong]).unwrap();
    assert!(!succeeded && !scene.has_the_file());
}

#[test]
fn python_reads_the_events() {
    let scene = Scene::new();
    let script = &blocks(&page("docs/integrations.md"), "python")[0];
    let url = scene.serving.url("/disk.img");
    let Some((succeeded, said)) = scene.run("python3", &["-c", script, &url, "disk.img"]) else {
        return;
    };
    assert!(succeeded && said.contains("300000\n"), "{said}");
    assert!(scene.has_the_file());
    let missing = scene.serving.url("/missing");
    let (succeeded, said) = scene
        .run("python3", &["-c", script, &missing, "x"])
        .unwrap();
    assert!(!succeeded && said.contains("RuntimeError: "), "{said}");
    assert!(said.contains("404"), "{said}");
}
