//! Programs that look around on a server: each has its own way with paths, listings and text.

use std::path::Path;
use std::process::Command;

use range_server::{Config, Content, Cors, Directory};

use crate::support::browser::Browser;
use crate::support::files;
use crate::support::site::Site;

/// `deb http://host/debian ./`, whose files apt asks for as `/debian/./NAME`.
#[test]
fn apt_takes_a_flat_repository() {
    let Some(apt) = needs::program("apt-get") else {
        return;
    };
    let root = files::directory();
    std::fs::create_dir(root.path().join("debian")).unwrap();
    let package = "Package: a\nVersion: 1\nArchitecture: all\nFilename: ./a.deb\nSize: 1\n\
                   SHA256: 0000000000000000000000000000000000000000000000000000000000000000\n";
    std::fs::write(root.path().join("debian/Packages"), package).unwrap();
    let site = Site::of(root.path(), Vec::new());
    let own = files::directory();
    for directory in ["state/lists/partial", "cache/archives/partial", "etc"] {
        std::fs::create_dir_all(own.path().join(directory)).unwrap();
    }
    std::fs::write(own.path().join("state/status"), "").unwrap();
    let list = own.path().join("etc/sources.list");
    let source = format!("deb [trusted=yes] {} ./\n", site.url("/debian"));
    std::fs::write(&list, source).unwrap();
    let option = |name: &str, path: &str| format!("{name}={}", own.path().join(path).display());
    let output = Command::new(apt)
        .args(["-o", &option("Dir::State", "state")])
        .args(["-o", &option("Dir::State::status", "state/status")])
        .args(["-o", &option("Dir::Cache", "cache")])
        .args(["-o", &option("Dir::Etc::sourcelist", "etc/sources.list")])
        .args([
            "-o",
            "Dir::Etc::sourceparts=-",
            "-o",
            "APT::Sandbox::User=root",
        ])
        .args([
            "-o",
            "Acquire::http::Proxy=DIRECT",
            "-o",
            "Acquire::Languages=none",
        ])
        .arg("update")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let asked = site
        .requests()
        .into_iter()
        .map(|record| (record.path, record.status.as_u16()));
    let found: Vec<_> = asked.filter(|(_, status)| *status == 200).collect();
    assert_eq!(found, [("/debian/./Packages".to_owned(), 200)]);
}

#[test]
fn rclone_lists_every_name() {
    let Some(rclone) = needs::program("rclone") else {
        return;
    };
    let root = files::directory();
    for index in 0..50_000 {
        std::fs::File::create(root.path().join(format!("ä {index}#%3a"))).unwrap();
    }
    let site = Site::of(root.path(), Vec::new());
    let output = Command::new(rclone)
        .args([
            "--config",
            "/dev/null",
            "--http-no-head",
            "--http-url",
            &site.url("/"),
        ])
        .args(["lsf", ":http:"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let names = String::from_utf8(output.stdout).unwrap();
    assert_eq!(names.lines().count(), 50_000);
    assert!(names.lines().any(|name| name == "ä 7#%3a"), "{names}");
}

/// A wheel with nothing in it but what says that it is one.
fn write_wheel(python: &Path, directory: &Path) {
    const WRITE: &str = "import sys, zipfile
with zipfile.ZipFile(sys.argv[1] + '/a_package-1-py3-none-any.whl', 'w') as wheel:
    about = 'a_package-1.dist-info/'
    wheel.writestr(about + 'METADATA', 'Metadata-Version: 2.1\\nName: a-package\\nVersion: 1\\n')
    tags = 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n'
    wheel.writestr(about + 'WHEEL', tags)
    wheel.writestr(about + 'RECORD', '')
";
    let written = Command::new(python)
        .args(["-c", WRITE])
        .arg(directory)
        .status();
    assert!(written.unwrap().success());
}

#[test]
fn pip_finds_a_package_in_a_listing() {
    let Some(python) = needs::program("python3") else {
        return;
    };
    let pip = Command::new(&python)
        .args(["-m", "pip", "--version"])
        .output();
    if !pip.unwrap().status.success() {
        needs::unmet("pip", "not installed");
        return;
    }
    let root = files::directory();
    let package = root.path().join("simple/a-package");
    std::fs::create_dir_all(&package).unwrap();
    write_wheel(&python, &package);
    let site = Site::of(root.path(), Vec::new());
    let into = files::directory();
    let output = Command::new(&python)
        .args([
            "-m",
            "pip",
            "download",
            "--isolated",
            "--no-cache-dir",
            "--no-deps",
        ])
        .args([
            "--disable-pip-version-check",
            "--index-url",
            &site.url("/simple"),
        ])
        .arg("-d")
        .arg(into.path())
        .arg("a-package")
        .env("NO_PROXY", "*")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(into.path().join("a_package-1-py3-none-any.whl").exists());
}

#[test]
fn a_page_of_another_origin_reads_by_range_and_umlauts_are_themselves() {
    let Some(browser) = Browser::open() else {
        return;
    };
    let root = files::directory();
    std::fs::write(root.path().join("a.txt"), "äöü€").unwrap();
    std::fs::write(root.path().join("README"), "für alle").unwrap();
    let content = || Content::Directory(Directory::new(root.path()));
    let page = Site::of(root.path(), Vec::new());
    let open = Site::start(Config {
        content: content(),
        cors: Some(Cors::Any),
        ..Config::default()
    });
    browser.go_to(&page.url("/a.txt"));
    assert_eq!(browser.run("return document.body.textContent"), "äöü€");
    browser.go_to(&page.url("/README"));
    assert_eq!(browser.run("return document.body.textContent"), "für alle");
    let fetched = |site: &Site| {
        browser.run(&format!(
            "return fetch('{}', {{ headers: {{ Range: 'bytes=2-3', 'If-None-Match': '\"x\"' }} }})
                .then((reply) => reply.text().then((text) => [reply.status, text,
                    reply.headers.get('content-range'), !!reply.headers.get('etag')]))
                .catch((error) => String(error));",
            site.url("/a.txt")
        ))
    };
    assert_eq!(
        fetched(&open),
        serde_json::json!([206, "ö", "bytes 2-3/9", true])
    );
    let closed = Site::of(root.path(), Vec::new());
    let refused = fetched(&closed);
    assert!(
        refused
            .as_str()
            .is_some_and(|text| text.contains("TypeError")),
        "{refused}"
    );
}

#[test]
fn gdal_reads_a_raster_in_place() {
    let (Some(create), Some(info)) = (needs::program("gdal_create"), needs::program("gdalinfo"))
    else {
        return;
    };
    let root = files::directory();
    let path = root.path().join("a.tif");
    let made = Command::new(create)
        .args([
            "-q", "-of", "GTiff", "-outsize", "500", "400", "-bands", "1", "-burn", "7",
        ])
        .arg(&path)
        .status();
    assert!(made.unwrap().success());
    let site = Site::of(root.path(), Vec::new());
    let checksum = |name: &str| {
        let output = Command::new(&info)
            .args(["-checksum", name])
            .env("no_proxy", "*")
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let said = String::from_utf8(output.stdout).unwrap();
        let line = said.lines().find(|line| line.contains("Checksum="));
        line.unwrap_or_else(|| panic!("no checksum: {said}"))
            .to_owned()
    };
    let over_http = format!("/vsicurl/{}", site.url("/a.tif"));
    assert_eq!(checksum(&over_http), checksum(path.to_str().unwrap()));
    assert!(site.requests().iter().any(|record| record.status == 206));
}

/// A table of half a million rows, which is asked for a column of it, and over http.
const QUERY: &str = "import duckdb, duckdb_ext, glob, sys
folders = [glob.glob(part + '/extensions/*/*/httpfs.*') for part in duckdb_ext.__path__]
database = duckdb.connect()
database.execute(f\"load '{folders[0][0]}'\")
table = sys.argv[1] + '/a.parquet'
rows = 'select range as number, md5(range::varchar) as text, random() as noise from range(500000)'
database.execute(f\"copy ({rows}) to '{table}' (format parquet, row_group_size 50000)\")
for place in sys.argv[1:]:
    print(database.execute(f\"select sum(number), max(text) from '{place}/a.parquet' \"
        'where number between 240000 and 250000').fetchone())
";

#[test]
fn duckdb_reads_columns_of_a_table_in_place() {
    let Some(python) = needs::program("python3") else {
        return;
    };
    let packages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/peers/python");
    let command = || {
        let mut command = Command::new(&python);
        command.env("PYTHONPATH", &packages).env("NO_PROXY", "*");
        command
    };
    let found = command().args(["-c", "import duckdb, duckdb_ext"]).output();
    if !found.unwrap().status.success() {
        needs::unmet(
            "duckdb",
            "not in target/peers/python, where .ci/run puts it",
        );
        return;
    }
    let root = files::directory();
    let site = Site::of(root.path(), Vec::new());
    let output = command()
        .args(["-c", QUERY])
        .args([root.path(), Path::new(&site.url(""))])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let told = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<_> = told.lines().collect();
    assert_eq!(answers.len(), 2);
    assert_eq!(answers[0], answers[1]);
    let whole = std::fs::metadata(root.path().join("a.parquet"))
        .unwrap()
        .len();
    let records = site.requests();
    let read: u64 = records.iter().map(|record| record.sent.0).sum();
    assert!(records.iter().any(|record| record.status == 206));
    assert!(read < whole / 2, "{read} of {whole} bytes");
}
