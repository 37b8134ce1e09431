//! Every row of the table of faults, as a fresh start and as the continuation of a run that was
//! killed. Knows what is sent and what has to become of it; `run` holds the program to it.

mod replies;
mod run;

use std::net::TcpListener;
use std::process::Command;

use crate::support::site::Site;
use crate::support::{files, program};
use replies::{
    an_endless_body, chunked_beside_a_wrong_length, content, goaway, portal_in_the_middle, too_much,
};
use run::End::{Arrives, Coded, Deceived, Fails, Loses};
use run::{LENGTH, Row, SEED, Secrets, Server, row};

/// The functions are named by the table in `docs/faults.md`.
const ROWS: &[(&str, &[Row])] = &[
    ("A1", &a1_the_whole_file_for_a_part()),
    ("A2", &a2_another_start()),
    ("A3", &a3_an_earlier_end()),
    ("A4", &a4_more_than_promised()),
    ("A5", &a5_another_complete_length()),
    ("A6", &a6_no_place_or_several()),
    ("A7", &a7_another_validator()),
    ("A8", &a8_other_bytes_under_one_validator()),
    ("A9", &a9_a_validator_for_each_connection()),
    ("A10", &a10_a_precondition_nobody_set()),
    ("A11", &a11_no_such_bytes()),
    ("A12", &a12_a_coding_on_a_part()),
    ("A13", &a13_two_framings()),
    ("A14", &a14_an_early_end()),
    ("A15", &a15_a_cut_after_the_same_number_of_bytes()),
    ("A16", &a16_silence()),
    ("A17", &a17_a_crawl()),
    ("A19", &a19_a_busy_server()),
    ("A20", &a20_an_expired_link()),
    ("A21", &a21_a_captive_portal()),
    ("A22", &a22_a_page_of_the_right_length()),
    ("A23", &a23_another_protocol()),
    ("A24", &a24_bytes_after_the_reply()),
    ("A25", &a25_redirects_that_lead_nowhere()),
    ("A26", &a26_another_origin()),
    ("A27", &a27_from_https_to_http()),
    ("A28", &a28_no_end()),
    ("A29", &a29_lengths_that_are_none()),
    ("A30", &a30_a_length_beside_a_block()),
    ("A31", &a31_no_length()),
    ("A32", &a32_one_corrupt_node()),
    ("A33", &a33_a_certificate_of_a_stranger()),
    ("A34", &a34_interim_replies()),
    ("degrade", &degrading_is_not_failing()),
];

/// An address that connects and never answers comes first, as a broken IPv6 route has it. The
/// system prefers 127.0.0.1, which is nearer to itself.
#[test]
fn a18_an_address_that_never_answers() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let into = files::directory();
    let hosts = into.path().join("hosts");
    std::fs::write(&hosts, "127.0.0.1 localhost\n127.0.0.2 localhost\n").unwrap();
    // A mount of its own: nobody else's names change.
    let script = r#"mount --bind "$1" /etc/hosts && shift && exec "$@""#;
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "sh", "-c", script, "sh"])
        .arg(&hosts);
    let can = Command::new("unshare").args(["--mount", "true"]).status();
    if !can.is_ok_and(|status| status.success()) {
        needs::unmet("a mount namespace", "unshare and root make one");
        return;
    }
    let site = Site::at(("127.0.0.2", port), Vec::new());
    command.arg(program::path());
    let url = format!("http://localhost:{port}/synthetic/{LENGTH}?seed={}", SEED.0);
    command.args(["get", &url, "--json", "--stall-timeout", "2s", "-d"]);
    command.arg(into.path());
    let ran = program::start_command(command).finish().expect(0);
    drop(site);
    let found = std::fs::read(into.path().join(LENGTH.to_string())).unwrap();
    assert!(found == content(), "{ran:?}");
    let elapsed = ran.last_json()["elapsed_s"].as_f64().unwrap();
    assert!((0.9..10.0).contains(&elapsed), "{ran:?}");
}

#[test]
fn every_fault_ends_in_the_right_file_or_in_none() {
    // Building it is no part of any row's time.
    program::path();
    let secrets = Secrets::new();
    let wrong = run::all(ROWS, &secrets);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

const fn a1_the_whole_file_for_a_part() -> [Row; 3] {
    [
        row(&["ignore-range,requests=2.."], Arrives),
        row(&["ignore-range"], Arrives),
        row(&["ignore-range,requests=2..=3"], Arrives),
    ]
}

const fn a2_another_start() -> [Row; 4] {
    [
        row(&["start-earlier:512,requests=2.."], Arrives),
        row(&["start-later:512,requests=2.."], Arrives),
        row(&["start-later:1"], Arrives),
        row(&["align-start:3000000"], Arrives),
    ]
}

const fn a3_an_earlier_end() -> [Row; 2] {
    [
        row(&["end-earlier:1000"], Arrives),
        row(&["range-cap:300KiB"], Arrives),
    ]
}

const fn a4_more_than_promised() -> [Row; 2] {
    [
        row(&["overlong:10"], Arrives),
        row(&[], Arrives).by(Server::Raw(too_much)),
    ]
}

const fn a5_another_complete_length() -> [Row; 3] {
    [
        row(&["complete-length:*"], Arrives),
        row(&["complete-length:*,requests=2.."], Arrives),
        row(&["complete-length:9MiB,requests=2..=3"], Arrives),
    ]
}

const fn a6_no_place_or_several() -> [Row; 4] {
    [
        row(&["no-content-range"], Arrives),
        row(&["no-content-range,requests=2..=3"], Arrives),
        row(&["multipart"], Arrives),
        row(&["multipart,requests=2..=3"], Arrives),
    ]
}

const fn a7_another_validator() -> [Row; 2] {
    [
        row(&["version:1,requests=3.."], Arrives),
        row(&["version:1,every=2"], Arrives),
    ]
}

const fn a8_other_bytes_under_one_validator() -> [Row; 3] {
    [
        row(&["corrupt:8388607"], Deceived),
        row(&["corrupt:8388607"], Fails(6, "checksum")).with_checksum(),
        // The first reply is slow, or it would bring all of the file before the second one begins.
        row(
            &["rate:4MiB,requests=1", "misplace:4KiB,requests=2.."],
            Fails(6, "checksum"),
        )
        .with_checksum(),
    ]
}

const fn a9_a_validator_for_each_connection() -> [Row; 3] {
    [
        row(&["etag:per-connection"], Arrives),
        row(&["etag:per-connection"], Arrives).with_checksum(),
        row(&["etag:weak"], Arrives),
    ]
}

const fn a10_a_precondition_nobody_set() -> [Row; 2] {
    [
        row(&["status:412,requests=2..=2"], Arrives),
        row(&["status:412"], Fails(4, "412")),
    ]
}

const fn a11_no_such_bytes() -> [Row; 2] {
    [
        row(&["status:416"], Fails(4, "416")),
        row(&["status:416,requests=2..=3"], Arrives),
    ]
}

const fn a12_a_coding_on_a_part() -> [Row; 4] {
    [
        row(&["gzip"], Coded).resumed(Fails(4, "in a content coding only")),
        row(&["gzip,requests=2..=3"], Arrives),
        // A fresh start has all of the file from the first reply.
        row(&["gzip,requests=2.."], Arrives).resumed(Fails(4, "in a content coding only")),
        row(&["gzip"], Loses(6, "checksum"))
            .with_checksum()
            .resumed(Fails(4, "in a content coding only")),
    ]
}

const fn a13_two_framings() -> [Row; 2] {
    [
        row(&["content-length:beside-chunked"], Arrives),
        row(&[], Arrives).by(Server::Raw(chunked_beside_a_wrong_length)),
    ]
}

const fn a14_an_early_end() -> [Row; 5] {
    [
        row(&["cut:700000,requests=1..=8"], Arrives),
        row(&["close:700000,requests=1..=8"], Arrives)
            .by(Server::Tls(&["close:700000,requests=1..=8"])),
        row(&[], Arrives).by(Server::Tls(&[
            "ignore-range",
            "content-length:until-close",
            "cut:3MiB,requests=1..=2",
        ])),
        row(&[], Loses(3, "")).by(Server::Tls(&[
            "ignore-range",
            "content-length:until-close",
            "cut:3MiB",
        ])),
        row(
            &[
                "ignore-range",
                "content-length:chunked",
                "cut:3MiB,requests=1..=2",
            ],
            Arrives,
        ),
    ]
}

const fn a15_a_cut_after_the_same_number_of_bytes() -> [Row; 1] {
    [row(&["reset:700000"], Arrives)]
}

const fn a16_silence() -> [Row; 3] {
    [
        row(&["stall:500000,requests=2..=3"], Arrives),
        row(&["stall,requests=2..=3"], Arrives),
        row(&["stall"], Fails(3, "not begun to answer")),
    ]
}

const fn a17_a_crawl() -> [Row; 1] {
    [row(&["rate:100,requests=2..=2"], Arrives)]
}

const fn a19_a_busy_server() -> [Row; 7] {
    [
        row(&["status:503,retry-after=1,requests=2..=4"], Arrives),
        row(&["status:429,retry-after=date:1,requests=2..=4"], Arrives),
        row(&["status:503,retry-after=past,requests=1..=2"], Arrives),
        row(&["status:503,retry-after=negative,requests=1..=2"], Arrives),
        row(&["status:503,retry-after=garbage,requests=1..=2"], Arrives),
        row(&["connection-cap:2"], Arrives),
        row(&["status:503"], Fails(3, "503")),
    ]
}

const fn a20_an_expired_link() -> [Row; 3] {
    [
        row(&["redirect:once"], Arrives),
        row(&["redirect:expiring:100ms", "rate:2MiB"], Arrives),
        row(&["status:403"], Fails(4, "403")),
    ]
}

const fn a21_a_captive_portal() -> [Row; 1] {
    [row(&[], Fails(3, "page")).by(Server::Raw(portal_in_the_middle))]
}

const fn a22_a_page_of_the_right_length() -> [Row; 3] {
    [
        // A fresh start has all of the file from the first reply.
        row(
            &["rate:4MiB,requests=1", "error-page,requests=2.."],
            Arrives,
        )
        .resumed(Fails(3, "a page of HTML")),
        row(
            &["rate:4MiB,requests=1", "error-page,requests=2.."],
            Arrives,
        )
        .resumed(Fails(3, "a page of HTML"))
        .with_checksum(),
        row(&["error-page"], Fails(6, "checksum"))
            .with_checksum()
            .resumed(Fails(3, "a page of HTML")),
    ]
}

const fn a23_another_protocol() -> [Row; 2] {
    [
        row(&[], Arrives).by(Server::Tls(&[])),
        row(&[], Fails(3, "HTTP")).by(Server::Raw(goaway)),
    ]
}

const fn a24_bytes_after_the_reply() -> [Row; 2] {
    [
        row(&["surplus:100"], Arrives),
        row(&["surplus:100", "range-cap:300KiB"], Arrives),
    ]
}

const fn a25_redirects_that_lead_nowhere() -> [Row; 5] {
    [
        row(&["redirect:loop"], Fails(4, "circle")),
        row(&["redirect:chain:21"], Fails(4, "more than 20")),
        row(&["redirect:chain:20"], Arrives),
        row(&["redirect:ftp://127.0.0.1/x"], Fails(4, "http and https")),
        row(&["status:302"], Fails(4, "where")),
    ]
}

const fn a26_another_origin() -> [Row; 1] {
    [row(&["redirect:cross-origin"], Arrives)]
}

const fn a27_from_https_to_http() -> [Row; 1] {
    [row(&[], Fails(4, "https")).by(Server::Tls(&["redirect:http://127.0.0.1:1/"]))]
}

const fn a28_no_end() -> [Row; 2] {
    [
        row(&["endless-head"], Fails(3, "HTTP")),
        row(&[], Arrives).by(Server::Raw(an_endless_body)),
    ]
}

const fn a29_lengths_that_are_none() -> [Row; 6] {
    [
        row(&["content-length:-1"], Fails(3, "HTTP")),
        row(&["content-length:+5"], Fails(3, "HTTP")),
        row(&["content-length:9223372036854775808"], Fails(7, "limit")).resumed(Loses(7, "limit")),
        row(&["content-length:18446744073709551616"], Fails(3, "")),
        row(&["content-length:twice"], Fails(3, "HTTP")),
        row(
            &["complete-length:9223372036854775807"],
            Fails(7, "reserve"),
        )
        .resumed(Loses(7, "reserve")),
    ]
}

const fn a30_a_length_beside_a_block() -> [Row; 2] {
    [
        row(&[], Arrives).of(LENGTH - 1),
        row(&[], Arrives).of(LENGTH + 1),
    ]
}

const fn a31_no_length() -> [Row; 3] {
    [
        row(&["ignore-range", "content-length:chunked"], Arrives),
        row(&["ignore-range", "content-length:until-close"], Arrives),
        row(
            &["ignore-range", "content-length:chunked", "reset:3MiB"],
            Loses(3, ""),
        ),
    ]
}

const fn a32_one_corrupt_node() -> [Row; 1] {
    [row(
        &["corrupt:8388607,connections=1..=32"],
        Fails(6, "checksum"),
    )
    .with_checksum()]
}

const fn a33_a_certificate_of_a_stranger() -> [Row; 1] {
    [row(&[], Fails(3, "identity")).by(Server::Stranger)]
}

const fn a34_interim_replies() -> [Row; 3] {
    [
        row(&["interim:3"], Arrives),
        row(&["interim:2000"], Arrives),
        row(&["interim:4000000000"], Fails(3, "")),
    ]
}

const fn degrading_is_not_failing() -> [Row; 6] {
    [
        row(&["range-cap:1MiB,refusal=403"], Arrives),
        row(&["range-cap:1MiB,refusal=400"], Arrives),
        row(&["ignore-range,probability=0.3,seed=3"], Arrives),
        row(&["http-1.0"], Arrives),
        row(&["http-1.0", "ignore-range"], Arrives),
        row(&["no-validators"], Arrives),
    ]
}
