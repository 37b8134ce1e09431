//! Wrong edges, one a test, in the shape `cargo metadata` gives them.
use serde_json::{Value, json};

use super::{breaches, graph};

const DRAWN: &[(&str, &[&str])] = &[
    ("range-core", &["thiserror"]),
    ("scheduler", &["range-core"]),
    ("catalog", &["range-core", "quick-xml"]),
    ("range-store", &["range-core", "memmap2"]),
    ("range-server", &["range-core", "hyper"]),
    (
        "accelerator",
        &[
            "catalog",
            "range-core",
            "range-store",
            "scheduler",
            "reqwest",
            "tokio",
        ],
    ),
    (
        "sheave",
        &[
            "accelerator",
            "catalog",
            "range-server",
            "clap",
            "indicatif",
        ],
    ),
    ("simulator", &["range-core", "scheduler"]),
    (
        "sheave-tests",
        &["accelerator", "range-core", "range-server", "sheave"],
    ),
    (
        "fuzz-bodies",
        &[
            "accelerator",
            "catalog",
            "range-core",
            "range-server",
            "range-store",
        ],
    ),
    ("needs", &[]),
    ("sheave-bench", &["clap", "range-core"]),
    ("xtask", &["clap"]),
];

fn package(name: &str, dependencies: &[Value]) -> Value {
    json!({ "name": name, "dependencies": dependencies })
}

fn dependency(name: &str, kind: Option<&str>) -> Value {
    json!({ "name": name, "kind": kind, "rename": null })
}

/// The map as drawn, with one line more in one manifest.
fn workspace_with(from: &str, to: &str, kind: Option<&str>) -> Value {
    let packages: Vec<Value> = DRAWN
        .iter()
        .map(|&(name, dependencies)| {
            let drawn = dependencies.iter().map(|to| dependency(to, None));
            let added = (name == from).then(|| dependency(to, kind));
            package(name, &drawn.chain(added).collect::<Vec<_>>())
        })
        .collect();
    json!({ "packages": packages })
}

fn lines(metadata: &Value) -> Vec<String> {
    breaches(&graph(metadata).expect("the fixture has the shape of cargo's"))
}

#[test]
fn the_map_as_drawn_has_no_breach() {
    assert_eq!(lines(&workspace_with("", "", None)), Vec::<String>::new());
}

#[test]
fn every_edge_that_is_not_drawn_is_a_breach() {
    let names: Vec<&str> = DRAWN.iter().map(|&(name, _)| name).collect();
    for &(from, drawn) in DRAWN {
        for &to in &names {
            let found = lines(&workspace_with(from, to, None));
            let allowed = drawn.contains(&to) || from == "sheave-tests";
            assert_eq!(
                found.len(),
                usize::from(!allowed),
                "{from} -> {to}: {found:?}"
            );
        }
    }
}

#[test]
fn tests_of_the_scheduler_may_use_the_simulator_and_nothing_else_of_it() {
    for (kind, allowed) in [(Some("dev"), true), (None, false), (Some("build"), false)] {
        let found = lines(&workspace_with("scheduler", "simulator", kind));
        assert_eq!(found.is_empty(), allowed, "{kind:?}: {found:?}");
    }
}

#[test]
fn dev_and_build_edges_count_like_normal_ones() {
    for kind in ["dev", "build"] {
        let found = lines(&workspace_with("range-server", "accelerator", Some(kind)));
        assert_eq!(
            found,
            [format!(
                "range-server -> accelerator ({kind}-dependencies): no arrow on the map: \
                 range-server may use range-core"
            )]
        );
    }
}

#[test]
fn only_tests_may_use_what_is_for_tests() {
    for (kind, allowed) in [(Some("dev"), true), (Some("build"), false), (None, false)] {
        let found = lines(&workspace_with("range-core", "needs", kind));
        assert_eq!(found.is_empty(), allowed, "{kind:?}: {found:?}");
    }
}

#[test]
fn a_renamed_dependency_is_seen_through() {
    let mut hidden = dependency("accelerator", None);
    hidden["rename"] = json!("innocent");
    let metadata = json!({ "packages": [
        package("accelerator", &[]),
        package("range-store", &[hidden]),
    ]});
    assert_eq!(lines(&metadata).len(), 1);
}

#[test]
fn a_crate_that_is_not_drawn_is_named_once() {
    let metadata = json!({ "packages": [
        package("range-core", &[]),
        package("range-cache", &[dependency("range-core", None)]),
    ]});
    assert_eq!(
        lines(&metadata),
        ["range-cache: crate that is not on the map: draw it in layers/crates.rs"]
    );
}

#[test]
fn outside_crates_stay_with_their_owners() {
    for (from, to) in [
        ("range-server", "reqwest"),
        ("sheave", "reqwest"),
        ("sheave-tests", "reqwest"),
        ("accelerator", "clap"),
        ("accelerator", "indicatif"),
        ("xtask", "indicatif"),
        ("accelerator", "memmap2"),
        ("range-store", "tokio"),
    ] {
        let found = lines(&workspace_with(from, to, None));
        assert_eq!(found.len(), 1, "{from} -> {to}: {found:?}");
        assert!(found[0].contains(&format!("{to} belongs to ")), "{found:?}");
    }
}

#[test]
fn pure_crates_take_nothing_from_outside_but_what_is_listed() {
    for (to, kind, allowed) in [
        ("thiserror", None, true),
        ("crc32c", None, false),
        ("proptest", Some("dev"), true),
        ("proptest", None, false),
        ("rand", None, false),
        ("rand", Some("dev"), false),
        ("cc", Some("build"), false),
    ] {
        for from in ["range-core", "scheduler"] {
            let found = lines(&workspace_with(from, to, kind));
            assert_eq!(found.is_empty(), allowed, "{from} {to} {kind:?}: {found:?}");
        }
    }
}

#[test]
fn metadata_of_another_shape_is_an_error_and_not_a_pass() {
    for (metadata, field) in [
        (json!({}), "packages"),
        (json!({ "packages": [{ "dependencies": [] }] }), "name"),
        (json!({ "packages": [{ "name": "a" }] }), "dependencies"),
        (workspace_with("sheave", "url", Some("new")), "kind"),
    ] {
        let message = graph(&metadata)
            .expect_err("the shape is wrong")
            .to_string();
        assert_eq!(
            message,
            format!("find `{field}` in what `cargo metadata` says")
        );
    }
}
