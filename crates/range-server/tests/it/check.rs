//! The runner of the conformance table, against servers that are right but for one thing, and
//! against some that are odd in how they treat connections.

mod altered;
mod by_hand;
mod defects;

use std::sync::{Arc, Mutex};

use altered::{Alter, Site2000, file};
use defects::{content_range, is_part};
use range_server::check::{self, Answer, CheckError, CheckReport, Level, Options};

/// The report on our server with its replies altered.
fn report_on(alter: Alter) -> CheckReport {
    let site = Site2000::start(alter);
    site.run(check::check(&site.url, &Options::default()))
        .unwrap()
}

/// Level, rule, row and words of each finding.
fn told(report: &CheckReport) -> Vec<String> {
    let findings = report.findings().map(|(row, finding)| {
        let name = row.map_or("all", |row| row.name);
        let (level, rule) = (finding.level().word(), finding.rule.name);
        format!("{level} {rule} | {name}: {}", finding.what)
    });
    findings.collect()
}

#[test]
fn nothing_is_found_where_nothing_is_wrong() {
    let report = report_on(|_, _| {});
    assert_eq!(told(&report), Vec::<String>::new());
    for outcome in &report.outcomes {
        let Answer::Judged { status, .. } = outcome.answer else {
            panic!("{outcome:?}");
        };
        assert_eq!(status, outcome.row.preferred, "{}", outcome.row.name);
    }
    let answers = &report.answers;
    let all = [&answers.ranges, &answers.resumption, &answers.parallel];
    assert!(
        all.iter().all(|verdict| verdict.yes == Some(true)),
        "{answers:?}"
    );
    assert!(report.caches.is_empty() && report.gone.is_none());
}

/// All that RFC 9110 permits is no finding of `MUST` or `SHOULD`.
#[test]
fn nothing_is_found_in_what_is_permitted() {
    let permitted: &[(&str, Alter)] = &[
        ("no ranges, no validators, chunks", |question, reply| {
            let is_conditional = question.has("if-none-match") || question.has("if-modified-since");
            if question.field("if-none-match") == Some("*") {
                return;
            }
            if is_conditional || reply.status != 200 {
                reply.become_status(200, &file());
            }
            for name in [
                "etag",
                "last-modified",
                "accept-ranges",
                "content-length",
                "content-encoding",
            ] {
                reply.remove(name);
            }
            reply.set("transfer-encoding", "chunked");
            reply.content = [b"7d0\r\n".as_slice(), &file(), b"\r\n0\r\n\r\n"].concat();
        }),
        ("several ranges are refused", |question, reply| {
            let is_several = question
                .field("range")
                .is_some_and(|range| range.contains("0-9,5"));
            if is_several && reply.status == 206 {
                reply.become_status(200, &file());
                reply.set("content-type", "text/plain");
            }
        }),
        ("invalid ranges are rejected", |question, reply| {
            if matches!(
                question.field("range"),
                Some("bytes=5-2" | "bytes=abc" | "bytes=-")
            ) {
                reply.become_status(400, b"no");
            }
        }),
        ("each connection ends, and is said to", |_, reply| {
            reply.set("connection", "close");
            reply.closes = true;
        }),
        ("not all that was asked for", |_, reply| {
            if is_part(reply) && reply.content.len() > 512 {
                let (first, _, total) = content_range(reply);
                let content = reply.content[..512].to_vec();
                reply.content = content;
                reply.set("content-length", "512");
                reply.set(
                    "content-range",
                    &format!("bytes {first}-{}/{total}", first + 511),
                );
            }
        }),
        ("a HEAD that tells less", |question, reply| {
            if question.method == "HEAD" && reply.status == 200 {
                reply.remove("content-length");
                reply.remove("vary");
                reply.remove("etag");
            }
        }),
        ("empty lines after a message", |_, reply| {
            reply.surplus = b"\r\n".to_vec();
        }),
    ];
    let wrong = in_parallel(permitted, |(name, alter)| {
        let told = told(&report_on(*alter)).into_iter();
        let told: Vec<_> = told.filter(|told| !told.starts_with("ADVICE")).collect();
        (!told.is_empty()).then(|| format!("{name}: {told:#?}"))
    });
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The outcome of each case. A check mostly waits, so several go at once.
fn in_parallel<T: Sync>(cases: &[T], judge: fn(&T) -> Option<String>) -> Vec<String> {
    let piece = cases.len().div_ceil(8);
    std::thread::scope(|scope| {
        let threads: Vec<_> = cases
            .chunks(piece)
            .map(|cases| scope.spawn(move || cases.iter().filter_map(judge).collect::<Vec<_>>()))
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    })
}

#[test]
fn each_defect_is_found_by_its_rule() {
    let missed = in_parallel(&defects::all(), |(expected, name, alter)| {
        let told = told(&report_on(*alter));
        let expected = format!("{expected} |");
        let is_told = told.iter().any(|told| told.starts_with(&expected));
        (!is_told).then(|| format!("{name}: {expected} is not among {told:#?}"))
    });
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn a_server_that_dies_is_judged_up_to_there() {
    let report = report_on(|question, reply| {
        reply.dies = question.field("range") == Some("bytes=0-18446744073709551615");
    });
    let gone = report.gone.as_ref().expect("it is gone");
    assert_eq!(gone.since, "a last position of 2^64-1");
    assert_eq!(told(&report), Vec::<String>::new());
    let asked = report
        .outcomes
        .iter()
        .filter(|outcome| !matches!(outcome.answer, Answer::NotAsked));
    assert!(asked.count() < 15);
}

/// A proxy, or what starts services when they are asked for, listens on.
#[test]
fn a_server_that_dies_behind_a_proxy_is_gone_too() {
    let dead: &[Alter] = &[
        |question, reply| reply.is_dropped = question.number > 30,
        |question, reply| {
            if question.number > 30 {
                reply.become_status(502, b"");
            }
        },
        |question, reply| {
            if question.number > 30 {
                reply.become_status(503, b"");
                reply.set("retry-after", "0");
            }
        },
    ];
    for alter in dead {
        let report = report_on(*alter);
        let asked = report.outcomes.iter();
        let asked = asked
            .filter(|outcome| !matches!(outcome.answer, Answer::NotAsked))
            .count();
        assert_eq!(told(&report), Vec::<String>::new());
        assert!(
            report.gone.is_some() && (25..35).contains(&asked),
            "{asked}: {:?}",
            report.gone
        );
    }
}

#[test]
fn a_cache_is_free_of_what_binds_origin_servers() {
    let report = report_on(|question, reply| {
        let is_ignored = question.has("if-match") || question.has("if-unmodified-since");
        if is_ignored && reply.status == 412 {
            reply.become_status(200, &file());
        }
        reply.set("via", "1.1 somewhere");
        reply.set("age", "7");
    });
    let musts = report
        .findings()
        .filter(|(_, finding)| finding.level() == Level::Must);
    assert_eq!(musts.count(), 0, "{:#?}", told(&report));
    assert_eq!(report.caches, ["age", "via"]);
    let excused = report.outcomes.iter().filter(
        |outcome| matches!(&outcome.answer, Answer::Judged { excused, .. } if !excused.is_empty()),
    );
    assert!(excused.count() >= 3);
}

#[test]
fn a_server_that_is_busy_is_not_judged_by_that() {
    let report = report_on(|question, reply| {
        if question.field("range") == Some("bytes=abc") {
            reply.become_status(503, b"");
            reply.set("retry-after", "0");
        }
    });
    assert_eq!(told(&report), Vec::<String>::new());
    let busy = report
        .outcomes
        .iter()
        .filter(|outcome| matches!(outcome.answer, Answer::Busy { .. }));
    assert_eq!(busy.count(), 1);
}

#[test]
fn the_answers_name_what_is_in_the_way() {
    let cases: &[(&str, Alter)] = &[
        ("it is ignored", |question, reply| {
            if question.has("if-range") && reply.status == 200 {
                reply.become_status(206, &file()[..10]);
                reply.set("content-range", "bytes 0-9/2000");
            }
        }),
        ("another with each reply", |question, reply| {
            reply.set("etag", &format!("\"{}\"", question.number));
            reply.remove("last-modified");
        }),
        ("nothing tells", |_, reply| {
            reply.remove("etag");
            reply.remove("last-modified");
        }),
        ("the ETag is weak", |_, reply| {
            reply.set("etag", "W/\"a\"");
            reply.remove("last-modified");
        }),
        ("no ranges to rely on", |_, reply| {
            if is_part(reply) {
                reply.content[0] ^= 1;
            }
        }),
    ];
    for (why, alter) in cases {
        let report = report_on(*alter);
        let resumption = &report.answers.resumption;
        assert_eq!(resumption.yes, Some(false), "{resumption:?}");
        assert!(
            resumption.why.contains(why.trim_start_matches("it is ")),
            "{resumption:?}"
        );
    }
}

#[test]
fn redirects_are_followed_and_told() {
    let site = Site2000::start(|question, reply| {
        if question.number < 2 {
            reply.become_status(302, b"");
            let to = ["/f.txt?secret", "//user:secret@HOST/f.txt"][question.number];
            reply.set(
                "location",
                &to.replace("HOST", question.field("host").unwrap()),
            );
        }
    });
    let report = site
        .run(check::check(&site.url, &Options::default()))
        .unwrap();
    let redirected = [format!("{}?...", site.url), site.url.clone()];
    assert_eq!(
        report.redirects, redirected,
        "told without what may be secret"
    );
    assert_eq!(report.url, site.url);
    assert_eq!(told(&report), Vec::<String>::new());
}

#[test]
fn every_question_is_told_before_it_is_asked() {
    let site = Site2000::start(|_, _| {});
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = Arc::clone(&told);
    let options = Options {
        on_question: Some(Arc::new(move |number| tell.lock().unwrap().push(number))),
        ..Options::default()
    };
    site.run(check::check(&site.url, &options)).unwrap();
    let all: Vec<_> = (0..=check::rows().len()).collect();
    assert_eq!(*told.lock().unwrap(), all);
}

#[test]
fn fields_of_ones_own_are_sent_but_for_those_of_the_questions() {
    let site = Site2000::start(|question, reply| {
        if question.field("x-key") != Some("a") {
            reply.become_status(403, b"");
        }
    });
    let field = |name: &'static str| Options {
        fields: vec![(name.to_owned(), "a".to_owned())],
        ..Options::default()
    };
    let error = site
        .run(check::check(&site.url, &Options::default()))
        .unwrap_err();
    assert!(matches!(error, CheckError::NotServed(403)), "{error}");
    let report = site.run(check::check(&site.url, &field("x-key"))).unwrap();
    assert_eq!(told(&report), Vec::<String>::new());
    for name in ["range", "if-match", "accept-encoding"] {
        let error = site.run(check::check(&site.url, &field(name))).unwrap_err();
        assert!(matches!(error, CheckError::OfQuestions { .. }), "{error}");
    }
}

#[test]
fn a_file_that_changes_once_is_checked_as_it_is_then() {
    let report = report_on(|question, reply| {
        // Another tag from the twentieth request on, and nothing else.
        let tag = if question.number < 20 {
            "\"one\""
        } else {
            "\"two\""
        };
        if reply.field("etag").is_some() {
            reply.set("etag", tag);
        }
    });
    let of_parts = told(&report);
    let of_parts: Vec<_> = of_parts
        .iter()
        .filter(|told| told.contains("fields-of-206"))
        .collect();
    assert!(of_parts.is_empty(), "{of_parts:#?}");
}

#[test]
fn every_finding_rests_on_a_sentence_with_its_section() {
    for rule in check::rules() {
        let word = rule.level.word();
        assert!(
            rule.sentence.len() > 30 && rule.sentence.is_char_boundary(0),
            "{}",
            rule.name
        );
        let has_word = rule.level == Level::Advice || rule.sentence.contains(word);
        assert!(has_word, "{}: {word} is not in the sentence", rule.name);
        let is_section = rule
            .section
            .split('.')
            .all(|number| number.parse::<u8>().is_ok());
        assert!(is_section, "{}", rule.section);
        let is_unique = check::rules()
            .iter()
            .filter(|other| other.name == rule.name)
            .count()
            == 1;
        assert!(is_unique, "{}", rule.name);
    }
    for row in check::rows() {
        assert!(check::rules().contains(&row.rule), "{}", row.name);
    }
}
