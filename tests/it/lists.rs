//! Downloads whose checksums are in a list: on this machine, on a server, or beside the file.

use std::path::Path;

use crate::support::files;
use crate::support::program::{self, Ran};
use crate::support::site::Site;

/// A site with a file `f`, and lists as they are named.
struct Scene {
    root: tempfile::TempDir,
    into: tempfile::TempDir,
    site: Site,
}

impl Scene {
    fn new(lists: &[(&str, &str)]) -> Self {
        let root = files::directory();
        files::create(&root.path().join("f"), 5, 3_000_001);
        let sha256 = files::sha256(&root.path().join("f"));
        for (name, text) in lists {
            std::fs::write(root.path().join(name), text.replace("SHA256", &sha256)).unwrap();
        }
        let site = Site::of(root.path(), Vec::new());
        let into = files::directory();
        Self { root, into, site }
    }

    fn run(&self, list: &str) -> Ran {
        let directory = self.into.path().to_str().unwrap();
        let arguments = ["get", "--json", "-d", directory, "--checksum-file", list];
        let url = self.site.url("/f");
        program::run(arguments.iter().copied().chain([url.as_str()]))
    }

    fn path(&self, name: &str) -> String {
        self.root.path().join(name).display().to_string()
    }

    fn saved(&self) -> bool {
        Path::exists(&self.into.path().join("f"))
    }
}

#[test]
fn a_list_proves_wherever_it_is() {
    let lists = [
        ("SHA256SUMS", "0000  other\nSHA256 *./f\n"),
        ("f.sha256", "SHA256\n"),
        ("CHECKSUM", "# f: 3000001 bytes\nSHA256 (f) = SHA256\n"),
    ];
    for list in ["SHA256SUMS", "f.sha256"] {
        let scene = Scene::new(&lists);
        for place in [scene.path(list), scene.site.url(&format!("/{list}"))] {
            let ran = scene.run(&place).expect(0);
            assert_eq!(ran.last_json()["verified"], "digest", "{place}: {ran:?}");
        }
    }
    for beside in [&lists[..1], &lists[1..2]] {
        let scene = Scene::new(beside);
        let ran = scene.run("auto").expect(0);
        assert_eq!(ran.last_json()["verified"], "digest", "{ran:?}");
    }
}

#[test]
fn a_list_of_another_file_saves_nothing() {
    let zeros = "0".repeat(64);
    let wrong = format!("{zeros}  f\n");
    let scene = Scene::new(&[
        ("wrong", &wrong),
        ("other", &format!("{zeros}  g\n")),
        ("page", "<html>SHA256</html>"),
    ]);
    for (list, code, told) in [
        ("wrong", 6, "checksum"),
        ("other", 2, "does not name the file"),
        ("page", 2, "there is no checksum"),
    ] {
        for place in [scene.path(list), scene.site.url(&format!("/{list}"))] {
            let ran = scene.run(&place).expect(code);
            assert!(ran.stderr.contains(told), "{place}: {ran:?}");
            assert!(!scene.saved(), "{place}");
        }
    }
    let ran = scene.run("auto").expect(4);
    assert!(ran.stderr.contains("SHA256SUMS"), "{ran:?}");
    scene.run(&scene.site.url("/missing")).expect(4);
    scene.run(&scene.path("missing")).expect(2);
    assert!(!scene.saved());
}
