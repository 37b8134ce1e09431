//! Each rule shown failing, and shown to keep quiet.
use super::{breaches, in_one, unknown_files, untrue_rows};

const CLEAN: [&str; 0] = [];

/// The breaches of a file of this text beneath a line that says what it owns.
fn found_in(text: &str) -> Vec<String> {
    in_one(&("a.rs".to_owned(), format!("//! Owns a test.\n{text}")))
}

/// The files that nothing lists.
fn forgotten(files: &[(&str, &str)]) -> Vec<String> {
    let sources: Vec<_> = files
        .iter()
        .map(|&(path, text)| (path.to_owned(), format!("//! Owns a test.\n{text}")))
        .collect();
    let lines = breaches(&sources).into_iter();
    lines
        .filter_map(|line| Some(line.split_once(":1: no `mod ")?.0.to_owned()))
        .collect()
}

#[test]
fn the_first_line_says_what_the_file_owns() {
    for text in [
        "",
        "\n//! Late.\n",
        "//!\n",
        "//! \n",
        "// A.\n",
        "/// A.\n",
    ] {
        let hint = "begin with `//! ` and what the file owns and must not know";
        assert_eq!(
            in_one(&("a.rs".to_owned(), text.to_owned())),
            [format!("a.rs:1: {hint}")],
            "{text:?}"
        );
    }
    assert_eq!(found_in(""), CLEAN);
}

#[test]
fn a_file_has_at_most_700_lines() {
    assert_eq!(found_in(&"\n".repeat(699)), CLEAN);
    let hint = "a.rs:701: 701 lines, at most 700: find the seam and split";
    assert_eq!(found_in(&"\n".repeat(700)), [hint]);
}

#[test]
fn a_line_has_at_most_100_columns_of_any_script() {
    let line = |columns: usize| format!("// {}\n", "é".repeat(columns - 3));
    assert_eq!(found_in(&line(100)), CLEAN);
    assert_eq!(found_in(&line(101)), ["a.rs:2: 101 columns, at most 100"]);
}

#[test]
fn no_test_is_ignored() {
    for text in ["#[ignore]", "    #[ignore = \"slow\"]"] {
        let text = format!("#[test]\n{text}\nfn a() {{}}");
        assert_eq!(found_in(&text), ["a.rs:3: repair the test or delete it"]);
    }
    assert_eq!(found_in("// #[ignore] is no way out"), CLEAN);
}

#[test]
fn a_file_that_nothing_lists_is_found() {
    let root = (
        "crates/a/tests/it/main.rs",
        "mod listed;\nmod support;\n// mod commented;",
    );
    for (path, is_forgotten) in [
        ("crates/a/tests/it/listed.rs", false),
        ("crates/a/tests/it/support/mod.rs", false),
        ("crates/a/tests/it/forgotten.rs", true),
        ("crates/a/tests/it/commented.rs", true),
        ("crates/a/tests/it/list.rs", true),
        // The listing is another package's.
        ("crates/b/tests/it/listed.rs", true),
        ("tests/it/listed.rs", true),
        ("crates/a/src/listed.rs", true),
        // Every file here is a crate.
        ("crates/a/benches/listed.rs", false),
    ] {
        let found = forgotten(&[root, (path, "")]);
        let expected: &[&str] = if is_forgotten { &[path] } else { &[] };
        assert_eq!(found, expected);
    }
}

#[test]
fn modules_below_modules_are_listed_where_they_are_declared() {
    let root = ("crates/a/src/lib.rs", "pub mod b;");
    let leaf = ("crates/a/src/b/c.rs", "");
    for parent in ["crates/a/src/b.rs", "crates/a/src/b/mod.rs"] {
        let declared = (parent, "pub(crate) mod c;");
        assert_eq!(forgotten(&[root, declared, leaf]), CLEAN);
        assert_eq!(forgotten(&[root, (parent, ""), leaf]), [leaf.0]);
    }
}

#[test]
fn the_table_of_faults_has_every_row_and_names_tests_that_exist() {
    let file =
        "//! Owns a test.\nfn a_test() {}\n    async fn another() {}\n// fn in_a_comment()\n";
    let sources = [("tests/it/here.rs".to_owned(), file.to_owned())];
    let rows: Vec<String> = (1..=12)
        .map(|row| format!("| A{row} | x | `here::another` | `here::a_test` |\n"))
        .collect();
    let rows = rows.concat();
    let untrue = |table: &str| untrue_rows(table, &sources);
    assert_eq!(untrue(&rows), CLEAN);
    assert_eq!(
        untrue(&rows.replace("| A7 |", "| A8 |")),
        [
            "docs/faults.md:7: A8 where A7 belongs",
            "docs/faults.md:8: A8 where A9 belongs",
        ]
    );
    assert_eq!(untrue("no table at all").len(), 1);
    for name in [
        "here::absent",
        "there::a_test",
        "here::in_a_comment",
        "ere::a_test",
    ] {
        let table = rows.replacen("here::a_test", name, 1);
        assert_eq!(untrue(&table).len(), 1, "{name}");
    }
}

#[test]
fn the_map_names_files_that_exist() {
    let sources = [("crates/a/src/here.rs".to_owned(), String::new())];
    assert_eq!(
        unknown_files("| `here.rs`, `src/here.rs`, `x` |", &sources),
        CLEAN
    );
    let found = unknown_files("\n`there.rs` and `ere.rs`", &sources);
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(
        found[0],
        "docs/ARCHITECTURE.md:2: there is no file there.rs"
    );
}
