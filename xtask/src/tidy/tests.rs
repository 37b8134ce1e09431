//! Each rule shown failing, and shown to keep quiet.
use super::code::{only_code, without_test_items};
use super::{Source, breaches};

/// `path:line: rule` for each breach, of files that are otherwise in order.
fn found(files: &[(&str, &str)]) -> Vec<String> {
    let sources: Vec<Source> = files
        .iter()
        .map(|&(path, text)| Source::new(path.to_owned(), format!("//! Owns a test.\n{text}")))
        .collect();
    let lines = breaches(&sources).into_iter();
    lines
        .map(|breach| format!("{}:{}: {}", breach.path, breach.line, breach.rule))
        .collect()
}

/// The breaches of one file that belongs to no crate's modules.
fn found_in(text: &str) -> Vec<String> {
    found(&[("benches/a.rs", text)])
}

const CLEAN: [&str; 0] = [];

#[test]
fn a_file_in_order_has_no_breach() {
    let root = "#![forbid(unsafe_code)]\nmod a;\n";
    assert_eq!(
        found(&[
            ("xtask/src/main.rs", root),
            ("xtask/src/a.rs", "fn a() {}\n")
        ]),
        CLEAN
    );
}

#[test]
fn the_first_line_says_what_the_file_owns() {
    for text in [
        "",
        "\n//! Late.\n",
        "//!\n",
        "//! \n",
        "// A comment.\n",
        "/// An item.\n",
    ] {
        let breaches = breaches(&[Source::new("a.rs".to_owned(), text.to_owned())]);
        assert_eq!(breaches.len(), 1, "{text:?}");
        let hint = "begin with `//! ` and what the file owns and must not know";
        assert_eq!(
            breaches[0].to_string(),
            format!("a.rs:1: first-line: {hint}")
        );
    }
}

#[test]
fn a_file_has_at_most_700_lines() {
    assert_eq!(found_in(&"\n".repeat(699)), CLEAN);
    assert_eq!(
        found_in(&"\n".repeat(700)),
        ["benches/a.rs:701: file-length"]
    );
}

#[test]
fn a_line_has_at_most_100_columns_of_any_script() {
    let line = |columns: usize| format!("// {}\n", "é".repeat(columns - 3));
    assert_eq!(found_in(&line(100)), CLEAN);
    assert_eq!(found_in(&line(101)), ["benches/a.rs:2: line-length"]);
}

#[test]
fn unfinished_work_and_silenced_lints_are_found() {
    for text in [
        "fn a() { todo!() }",
        "fn a() { unimplemented!(\"x\") }",
        "fn a() { dbg!(1); }",
        "#[test]\n#[ignore]\nfn a() {}",
        "#[ignore = \"slow\"]\nfn a() {}",
        "#[allow(dead_code)]\nfn a() {}",
        "#![allow(dead_code)]",
    ] {
        let found = found_in(text);
        assert_eq!(found.len(), 1, "{text}");
        assert!(found[0].ends_with(": forbidden"), "{found:?}");
    }
}

#[test]
fn words_in_comments_and_literals_are_not_code() {
    for text in [
        "// todo!() dbg! unsafe",
        "/* #[allow( /* nested */ unsafe */",
        "const A: &str = \"unsafe \\\" dbg!\";",
        "const A: &str = r#\"unsafe \" todo!\"#;",
        "const A: &[u8] = br\"dbg!\\\";",
        "const A: (char, &str) = ('\"', \"unsafe\");",
        "const A: (char, char, &str) = ('\\'', '\\\\', \"dbg!\");",
        "fn my_dbg() { budget.allow(1); }",
    ] {
        assert_eq!(found_in(text), CLEAN, "{text}");
    }
}

#[test]
fn code_after_a_literal_is_still_code() {
    for text in [
        "const A: &str = r\"\\\"; fn a() { dbg!(1) }",
        "const A: &str = r#\"\"\"#; fn a() { dbg!(1) }",
        "const A: char = '\"'; fn a() { dbg!(1) }",
        "const A: char = '\\''; fn a() { dbg!(1) }",
        "fn a<'a>(x: &'a str) { dbg!(x) } const Q: char = 'q';",
        "/* /* */ */ fn a() { dbg!(1) }",
        "const A: &str = \"// \"; fn a() { dbg!(1) }",
    ] {
        assert_eq!(found_in(text), ["benches/a.rs:2: forbidden"], "{text}");
    }
}

#[test]
fn blanking_keeps_every_line_at_its_number() {
    let text = "a\n/* b\nc */ d\n\"e\nf\" g\nr#\"h\n\"# i // j\nk";
    let code = only_code(text);
    assert_eq!(code.lines().count(), text.lines().count());
    let words: Vec<&str> = code.lines().map(str::trim).collect();
    assert_eq!(words, ["a", "", "d", "", "g", "r#", "i", "k"]);
}

#[test]
fn literals_that_never_end_do_not_panic() {
    for text in [
        "\"",
        "\"\\",
        "r#\"",
        "r#\"\"",
        "'\\",
        "'",
        "/*",
        "/* *",
        "//",
        "#[cfg(test)]",
    ] {
        let code = only_code(text);
        assert_eq!(code.chars().count(), text.chars().count(), "{text}");
        assert!(without_test_items(&code).len() <= code.len(), "{text}");
    }
}

#[test]
fn unsafe_lives_in_two_files() {
    let code = "fn a() { unsafe { b() } }";
    let root = (
        "crates/range-store/src/lib.rs",
        "mod bus_error;\nmod mmap;\nmod region;",
    );
    let home = |file| found(&[root, (file, code)]);
    assert_eq!(home("crates/range-store/src/region.rs"), CLEAN);
    assert_eq!(home("crates/range-store/src/bus_error.rs"), CLEAN);
    let elsewhere = "crates/range-store/src/mmap.rs";
    assert_eq!(home(elsewhere), [format!("{elsewhere}:2: unsafe-home")]);
    assert_eq!(
        found_in("#[expect(unsafe_code, reason = \"a lint's name\")]\nfn a() {}"),
        CLEAN
    );
}

#[test]
fn every_root_but_the_stores_forbids_unsafe() {
    let core = "#![no_std]";
    for (path, text) in [
        ("crates/range-core/src/lib.rs", core),
        ("crates/range-server/src/lib.rs", ""),
        ("crates/accelerator/src/lib.rs", ""),
        ("crates/sheave/src/main.rs", ""),
        ("crates/simulator/src/lib.rs", ""),
        ("tests/it/main.rs", ""),
        ("xtask/src/main.rs", "// #![forbid(unsafe_code)]"),
    ] {
        assert_eq!(found(&[(path, text)]), [format!("{path}:1: forbid-unsafe")]);
        assert_eq!(
            found(&[(path, &format!("{core}\n#![forbid(unsafe_code)]"))]),
            CLEAN
        );
    }
    assert_eq!(found(&[("crates/range-store/src/lib.rs", "")]), CLEAN);
}

#[test]
fn the_core_names_std_in_tests_only() {
    let root = "#![no_std]\n#![forbid(unsafe_code)]\n#[cfg(test)]\nextern crate std;\nmod a;";
    let with = |text| {
        found(&[
            ("crates/range-core/src/lib.rs", root),
            ("crates/range-core/src/a.rs", text),
        ])
    };
    for text in [
        "use core::fmt;",
        "#[cfg(test)]\nmod tests {\n    use std::vec::Vec;\n    fn a(b: [u8; 2]) { std::c() }\n}",
        "#[cfg(test)]\n#[expect(dead_code, reason = \"a\")]\nfn a(b: [u8; 2]) { std::c() }",
        "#[cfg(test)]\nuse std::{fmt, vec};",
        "// std::fs is out of reach.",
    ] {
        assert_eq!(with(text), CLEAN, "{text}");
    }
    let breach = |line: usize| [format!("crates/range-core/src/a.rs:{line}: core-std")];
    assert_eq!(with("use std::fmt;"), breach(2));
    assert_eq!(with("extern crate std;"), breach(2));
    assert_eq!(
        with("#[cfg(test)]\nmod tests {\n    use std::a;\n}\nuse std::fmt;"),
        breach(6)
    );
    assert_eq!(with("#[cfg(test)]\nmod tests;\nuse ::std::fs;"), breach(4));
    let path = "crates/range-core/src/contests.rs";
    let lines = found(&[(path, "use std::fs;")]);
    assert!(lines.contains(&format!("{path}:2: core-std")), "{lines:?}");
}

#[test]
fn the_core_is_no_std() {
    let path = "crates/range-core/src/lib.rs";
    let found = found(&[(path, "#![forbid(unsafe_code)]")]);
    assert_eq!(found, [format!("{path}:1: core-std")]);
}

#[test]
fn test_modules_of_the_core_may_use_std() {
    let root = (
        "crates/range-core/src/lib.rs",
        "#![no_std]\n#![forbid(unsafe_code)]\nmod a;",
    );
    let module = ("crates/range-core/src/a.rs", "#[cfg(test)]\nmod tests;");
    assert_eq!(
        found(&[
            root,
            module,
            ("crates/range-core/src/a/tests.rs", "use std::fmt;")
        ]),
        CLEAN
    );
}

#[test]
fn libraries_are_named_in_their_homes_only() {
    let http = "crates/accelerator/src/transport/http.rs";
    let bars = "crates/sheave/src/report/bars.rs";
    let args = "crates/sheave/src/args.rs";
    for (library, home, elsewhere) in [
        ("reqwest", http, "tests/it/a.rs"),
        (
            "reqwest",
            http,
            "crates/accelerator/src/transport/http/body.rs",
        ),
        ("indicatif", bars, "crates/sheave/src/report/bars_of.rs"),
        (
            "indicatif",
            "crates/sheave/src/report/bars/line.rs",
            "crates/sheave/src/report.rs",
        ),
        ("clap", args, "crates/sheave/src/settings.rs"),
        (
            "clap",
            "crates/sheave/src/args/get.rs",
            "crates/range-server/src/args.rs",
        ),
        (
            "clap",
            "xtask/src/main.rs",
            "crates/accelerator/src/args.rs",
        ),
    ] {
        let rules_of = |path, text: String| -> Vec<String> {
            let all = found(&[(path, &text)]).into_iter();
            all.filter(|line| line.ends_with("library-home")).collect()
        };
        let text = format!("use {library}::A;");
        assert_eq!(rules_of(home, text.clone()), CLEAN);
        assert_eq!(
            rules_of(elsewhere, text),
            [format!("{elsewhere}:2: library-home")]
        );
        assert_eq!(
            rules_of(
                elsewhere,
                format!("// What {library} does.\nfn my_{library}() {{}}")
            ),
            CLEAN
        );
    }
}

#[test]
fn a_file_that_nothing_lists_is_found() {
    let root = (
        "crates/a/tests/it/main.rs",
        "mod listed;\nmod support;\n// mod commented;",
    );
    for (path, found_lines) in [
        ("crates/a/tests/it/listed.rs", 0),
        ("crates/a/tests/it/support/mod.rs", 0),
        ("crates/a/tests/it/forgotten.rs", 1),
        ("crates/a/tests/it/commented.rs", 1),
        ("crates/a/tests/it/list.rs", 1),
        // The listing is another package's.
        ("crates/b/tests/it/listed.rs", 1),
        ("tests/it/listed.rs", 1),
        ("crates/a/src/listed.rs", 1),
    ] {
        let found = found(&[root, (path, "")]);
        assert_eq!(found.len(), found_lines, "{path}: {found:?}");
        assert!(
            found
                .iter()
                .all(|line| *line == format!("{path}:1: forgotten-file")),
            "{found:?}"
        );
    }
}

#[test]
fn modules_below_modules_are_listed_where_they_are_declared() {
    let root = ("crates/a/src/lib.rs", "#![forbid(unsafe_code)]\npub mod b;");
    let leaf = ("crates/a/src/b/c.rs", "");
    for parent in ["crates/a/src/b.rs", "crates/a/src/b/mod.rs"] {
        assert_eq!(found(&[root, (parent, "pub(crate) mod c;"), leaf]), CLEAN);
        assert_eq!(
            found(&[root, (parent, ""), leaf]),
            ["crates/a/src/b/c.rs:1: forgotten-file"]
        );
    }
}

#[test]
fn the_table_of_faults_has_every_row_and_names_tests_that_exist() {
    let file = "//! Owns a test.\nfn a_test() {}\n// fn in_a_comment()\n";
    let sources = [Source::new("tests/it/here.rs".to_owned(), file.to_owned())];
    let rows: Vec<String> = (1..=34)
        .map(|row| format!("| A{row} | x | y | `here::a_test` |\n"))
        .collect();
    let rows = rows.concat();
    let untrue = |table: &str| {
        let breaches = super::faults::untrue(table, &sources);
        breaches
            .into_iter()
            .map(|breach| breach.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(untrue(&rows), CLEAN);
    assert_eq!(untrue(&rows.replace("| A7 |", "| A70 |")).len(), 1);
    assert_eq!(untrue(&rows.replace("| A7 |", "| A8 |")).len(), 2);
    for name in [
        "here::another",
        "there::a_test",
        "here::in_a_comment",
        "ere::a_test",
    ] {
        let table = rows.replacen("here::a_test", name, 1);
        assert_eq!(untrue(&table).len(), 1, "{name}");
    }
}
