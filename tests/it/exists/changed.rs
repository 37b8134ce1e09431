//! Files that were changed after they were downloaded, or are not those that were: each is noticed
//! and left alone, and one that nobody touched is not read.

use super::*;

#[test]
fn what_is_not_known_is_left_alone_and_the_way_out_is_named() {
    let change = |file: &Path| std::fs::write(file, b"mine").unwrap();
    let touch = |file: &Path| {
        let file = File::options().write(true).open(file).unwrap();
        file.set_modified(SystemTime::now() + Duration::from_secs(9))
            .unwrap();
    };
    let copy = |file: &Path| {
        let copied = file.with_extension("copy");
        let arguments = ["--archive", "--no-preserve=links"];
        let mut cp = Command::new("cp");
        let copy = cp.args(arguments).arg(file).arg(&copied);
        assert!(copy.status().unwrap().success());
        std::fs::rename(copied, file).unwrap();
    };
    let changes: [&dyn Fn(&Path); 3] = [&change, &touch, &copy];
    for change in changes {
        let published = Published::new("/synthetic/1MiB", &[]);
        change(&published.file());
        let requests = published.site.requests().len();
        let ran = published.unchanged(|| published.again(&[])).expect(8);
        assert!(
            ran.stderr.contains("nothing shows that it is the one"),
            "{ran:?}"
        );
        assert!(
            ran.stderr
                .contains("; --overwrite replaces it, -o NAME saves"),
            "{ran:?}"
        );
        assert_eq!(published.site.requests().len(), requests);
    }
    // A server that tells nothing of a version, and another place.
    let published = Published::new("/synthetic/1MiB", &["no-validators"]);
    published.unchanged(|| published.again(&[])).expect(8);
    let published = Published::new("/synthetic/1MiB", &[]);
    let other = published.site.url("/synthetic/1048576");
    published
        .unchanged(|| get(&other, published.into.path(), &[]))
        .expect(8);
}

/// A validator is one of a resource: another query names another, of which the same tag says
/// nothing (RFC 9110 section 8.8.1).
#[test]
fn the_same_tag_under_another_query_is_no_proof() {
    if !are_known() {
        return;
    }
    let published = Published::new("/synthetic/1MiB?id=1", &[]);
    for query in ["?id=2", "", "?id=1&seed=2"] {
        let other = published.site.url(&format!("/synthetic/1MiB{query}"));
        let ran = published.unchanged(|| get(&other, published.into.path(), &[]));
        let ran = ran.expect(8);
        assert!(
            ran.stderr.contains("downloaded from another URL"),
            "{ran:?}"
        );
    }
    let fragment = format!("{}#part", published.url);
    let ran = published.unchanged(|| get(&fragment, published.into.path(), &[]));
    ran.expect(0);
}

/// As `cp -p` over the file leaves it, or an editor that puts the time back.
#[test]
fn other_bytes_with_the_same_length_and_time_are_noticed() {
    if !are_known() {
        return;
    }
    let rewrite = |file: &Path| {
        let bytes = std::fs::read(file).unwrap();
        let mut other = bytes;
        *other.last_mut().unwrap() ^= 1;
        std::fs::write(file, other).unwrap();
    };
    let copy = |file: &Path| {
        let source = file.with_extension("source");
        std::fs::write(&source, vec![7; 1 << 20]).unwrap();
        let time = std::fs::metadata(file).unwrap().modified().unwrap();
        File::options()
            .write(true)
            .open(&source)
            .unwrap()
            .set_modified(time)
            .unwrap();
        let copied = Command::new("cp").arg("-p").arg(&source).arg(file).status();
        assert!(copied.unwrap().success());
        std::fs::remove_file(source).unwrap();
    };
    let changes: [&dyn Fn(&Path); 2] = [&rewrite, &copy];
    for change in changes {
        let published = Published::new("/synthetic/1MiB", &[]);
        let time = std::fs::metadata(published.file())
            .unwrap()
            .modified()
            .unwrap();
        change(&published.file());
        let file = File::options().write(true).open(published.file()).unwrap();
        file.set_modified(time).unwrap();
        drop(file);
        let ran = published.unchanged(|| published.again(&[])).expect(8);
        assert!(
            ran.stderr.contains("was changed after it was downloaded"),
            "{ran:?}"
        );
    }
    // A change of no byte only costs a look at all of them.
    let published = Published::new("/synthetic/1MiB", &[]);
    let shared = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(published.file(), shared).unwrap();
    published.unchanged(|| published.again(&[])).expect(0);
}

#[test]
fn a_file_that_nobody_touched_is_not_read() {
    if !are_known() || !strace::is_installed() {
        return;
    }
    let published = Published::new("/synthetic/3MiB", &[]);
    let output = published.file();
    let log = published.into.path().with_extension("strace");
    let mut command = Command::new("strace");
    command
        .args(["-f", "-y", "-e", "trace=pread64,read", "-o"])
        .arg(&log);
    command
        .arg(program::path())
        .args(["get", &published.url, "-o"])
        .arg(&output);
    assert!(command.status().unwrap().success());
    let log_text = std::fs::read_to_string(&log).unwrap();
    std::fs::remove_file(log).unwrap();
    let reads = log_text
        .lines()
        .filter(|line| line.contains(output.to_str().unwrap()));
    assert_eq!(reads.count(), 0, "{log_text}");
}
