//! Tests of the settings that arguments and variables lead to.

use super::*;

type Pairs = &'static [(&'static str, &'static str)];

fn variables(pairs: Pairs) -> impl Fn(&str) -> Option<String> {
    move |name| {
        let found = pairs.iter().find(|(own, _)| *own == name);
        found.map(|(_, value)| (*value).to_owned())
    }
}

fn args(line: &str) -> ConnectionArgs {
    let arguments = ["sheave", "get", "http://a/"].into_iter();
    let arguments = arguments.chain(line.split_whitespace()).map(Into::into);
    match crate::args::parse(arguments) {
        Ok(crate::args::Command::Get(args)) => args.connection,
        other => panic!("{line}: {other:?}"),
    }
}

fn told(line: &str, pairs: Pairs) -> Result<(Settings, Option<Netrc>), ConnectionError> {
    let urls = [Url::parse("http://a.example/x").unwrap()];
    settings(&args(line), &urls, &variables(pairs))
}

fn settled(line: &str, pairs: Pairs) -> Settings {
    told(line, pairs).unwrap().0
}

fn complaint(line: &str, pairs: Pairs) -> String {
    told(line, pairs).unwrap_err().to_string()
}

fn file(content: &str) -> tempfile::NamedTempFile {
    use std::io::Write;
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(content.as_bytes()).unwrap();
    file
}

#[test]
fn secrets_come_from_files_and_variables_that_are_named() {
    let secret = file("open sesame\nsecond line\n");
    let path = secret.path().display();
    let aladdin = Credentials::basic("aladdin", "open sesame").unwrap();
    for line in [
        format!("--user aladdin --password-file {path}"),
        "--user aladdin --password-env WORD".to_owned(),
    ] {
        let settings = settled(&line, &[("WORD", "open sesame")]);
        assert_eq!(settings.credentials, Some(aladdin.clone()), "{line}");
    }
    let token = settled("--bearer-env TOKEN", &[("TOKEN", "t0k.en")]);
    assert_eq!(
        token.credentials,
        Some(Credentials::bearer("t0k.en").unwrap())
    );
    let none = settled("", &[("TOKEN", "t0k.en"), ("NETRC", "/nowhere")]);
    assert_eq!(none.credentials, None);
}

#[test]
fn a_password_on_the_command_line_is_refused_and_not_repeated() {
    let complaint = complaint("--user aladdin:sesame", &[]);
    assert!(complaint.contains("--password-file"), "{complaint}");
    assert!(!complaint.contains("sesame"), "{complaint}");
}

#[test]
fn what_is_missing_is_named() {
    let empty = file("\nlate");
    for (line, words) in [
        ("--user a".to_owned(), "--password-file"),
        ("--user a --password-env NOPE".to_owned(), "NOPE"),
        ("--bearer-env NOPE".to_owned(), "NOPE"),
        ("--bearer-file /nowhere/token".to_owned(), "/nowhere/token"),
        (format!("--bearer-file {}", empty.path().display()), "empty"),
        ("--netrc".to_owned(), "HOME"),
        ("--netrc-file /nowhere/netrc".to_owned(), "/nowhere/netrc"),
        ("--cert /nowhere/pem".to_owned(), "/nowhere/pem"),
        ("--header nocolon".to_owned(), "NAME: VALUE"),
        ("--proxy ftp://p".to_owned(), "--proxy"),
    ] {
        let complaint = complaint(&line, &[]);
        assert!(complaint.contains(words), "{line}: {complaint}");
    }
}

#[test]
fn headers_and_cookies_can_come_from_files() {
    let headers = file("X-Key: one\n\nX-Other:two: three \n");
    let cookie = file("id=7; x=y\n");
    let line = format!(
        "--header A:b --header @{} --cookie @{}",
        headers.path().display(),
        cookie.path().display()
    );
    let settings = settled(&line, &[]);
    let shown: Vec<_> = settings
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.reveal().as_str()))
        .collect();
    let expected = [
        ("A", "b"),
        ("X-Key", "one"),
        ("X-Other", "two: three"),
        ("Cookie", "id=7; x=y"),
    ];
    assert_eq!(shown, expected);
    assert!(!format!("{settings:?}").contains("id=7"));
}

#[test]
fn what_one_origin_is_told_is_not_told_to_several() {
    let urls = |urls: &[&str]| {
        urls.iter()
            .map(|url| Url::parse(url).unwrap())
            .collect::<Vec<_>>()
    };
    let one = urls(&["http://a/x", "http://A:80/y"]);
    let two = urls(&["http://a/x", "https://a/x"]);
    let key = file("token");
    let bearer = format!("--bearer-file {}", key.path().display());
    for line in [bearer.as_str(), "--header X-Key:1", "--cookie a=b"] {
        assert!(settings(&args(line), &one, &variables(&[])).is_ok());
        let refused = settings(&args(line), &two, &variables(&[]));
        assert!(
            matches!(refused, Err(ConnectionError::SeveralOrigins { origins: 2 })),
            "{line}"
        );
    }
    for line in ["", "--header user-agent:x --header Accept:y", "--no-proxy"] {
        assert!(
            settings(&args(line), &two, &variables(&[])).is_ok(),
            "{line}"
        );
    }
}

#[test]
fn a_netrc_is_used_only_where_nothing_else_says_who_the_user_is() {
    let netrc = file("machine a.example login me password secret");
    let line = format!("--netrc-file {}", netrc.path().display());
    let found = |more: &str, url: &str| {
        let (settings, netrc) = told(&format!("{line} {more}"), &[]).unwrap();
        of_netrc(&netrc.unwrap(), &settings, &Url::parse(url).unwrap())
    };
    let me = Some(Credentials::basic("me", "secret").unwrap());
    assert_eq!(found("", "http://a.example/x"), me);
    assert_eq!(found("", "https://A.EXAMPLE:8443/x"), me);
    assert_eq!(found("", "http://b.example/x"), None);
    assert_eq!(found("", "http://you@a.example/x"), None);
    assert_eq!(
        found("--header authorization:x", "http://a.example/x"),
        None
    );
}

/// Returns the proxies for `http://a.example/` and `https://a.example/`.
fn chosen(line: &str, pairs: Pairs) -> [Option<String>; 2] {
    let proxies = settled(line, pairs).proxies;
    ["http", "https"].map(|scheme| {
        let url = Url::parse(&format!("{scheme}://a.example/")).unwrap();
        let proxy = proxies.for_url(&url).unwrap();
        proxy.map(|proxy| proxy.url().to_string())
    })
}

#[test]
fn proxies_come_from_the_usual_variables() {
    for (line, pairs, http, https) in [
        ("", &[][..], None, None),
        ("", &[("http_proxy", "h:1")], Some("http://h:1/"), None),
        (
            "",
            &[("HTTP_PROXY", "h:1"), ("HTTPS_PROXY", "s:2")],
            Some("http://h:1/"),
            Some("http://s:2/"),
        ),
        (
            "",
            &[("HTTP_PROXY", "u:1"), ("http_proxy", "l:1")],
            Some("http://l:1/"),
            None,
        ),
        (
            "",
            &[("ALL_PROXY", "socks5://a")],
            Some("socks5://a:1080"),
            Some("socks5://a:1080"),
        ),
        (
            "",
            &[("all_proxy", "a:1"), ("https_proxy", "s:2")],
            Some("http://a:1/"),
            Some("http://s:2/"),
        ),
        (
            "",
            &[("ALL_PROXY", "a:1"), ("NO_PROXY", "x, .example")],
            None,
            None,
        ),
        (
            "",
            &[("ALL_PROXY", "a:1"), ("NO_PROXY", "b.example")],
            Some("http://a:1/"),
            Some("http://a:1/"),
        ),
        // A request's header `Proxy` must not choose the proxy of a CGI program.
        (
            "",
            &[("HTTP_PROXY", "evil:1"), ("REQUEST_METHOD", "GET")],
            None,
            None,
        ),
        (
            "",
            &[("http_proxy", "h:1"), ("REQUEST_METHOD", "GET")],
            Some("http://h:1/"),
            None,
        ),
        (
            "--proxy p:3",
            &[("ALL_PROXY", "a:1")],
            Some("http://p:3/"),
            Some("http://p:3/"),
        ),
        ("--proxy p:3", &[("no_proxy", "a.example")], None, None),
        ("--no-proxy", &[("ALL_PROXY", "a:1")], None, None),
    ] {
        let expected = [http, https].map(|proxy| proxy.map(str::to_owned));
        assert_eq!(chosen(line, pairs), expected, "{line} {pairs:?}");
    }
}

#[test]
fn a_variable_that_is_set_to_nothing_is_an_answer() {
    for (line, pairs, http, https) in [
        (
            "",
            &[("all_proxy", "a:1"), ("http_proxy", "")][..],
            None,
            Some("http://a:1/"),
        ),
        (
            "",
            &[("http_proxy", " "), ("HTTP_PROXY", "b:1")],
            None,
            None,
        ),
        ("", &[("HTTP_PROXY", ""), ("HTTPS_PROXY", "")], None, None),
        ("", &[("all_proxy", "direct://")], None, None),
        (
            "",
            &[("http_proxy", "Direct:///"), ("ALL_PROXY", "a:1")],
            None,
            Some("http://a:1/"),
        ),
        ("", &[("all_proxy", "a:1"), ("no_proxy", "*")], None, None),
        (
            "",
            &[("all_proxy", "a:1"), ("no_proxy", ""), ("NO_PROXY", "*")],
            Some("http://a:1/"),
            Some("http://a:1/"),
        ),
    ] {
        let expected = [http, https].map(|proxy: Option<&str>| proxy.map(str::to_owned));
        assert_eq!(chosen(line, pairs), expected, "{line} {pairs:?}");
    }
}

#[test]
fn a_variable_that_names_no_proxy_is_an_error_and_not_a_direct_connection() {
    for (name, value) in [
        ("HTTP_PROXY", "ftp://user:hush@p"),
        ("http_proxy", "http://user:hush@"),
        ("all_proxy", "http://us er:hush@a b"),
        ("ALL_PROXY", "http://user%0a:hush@p"),
    ] {
        let variables = |asked: &str| (asked == name).then(|| value.to_owned());
        let urls = [Url::parse("http://a.example/x").unwrap()];
        let complaint = settings(&args(""), &urls, &variables).unwrap_err();
        let complaint = complaint.to_string();
        assert!(complaint.contains(name), "{complaint}");
        assert!(!complaint.contains("hush"), "{complaint}");
    }
}

#[test]
fn a_variable_that_is_for_other_urls_refuses_nothing() {
    for pairs in [
        &[("HTTPS_PROXY", "ftp://user:hush@p")][..],
        &[("HTTPS_PROXY", "ftp://p"), ("http_proxy", "h:1")],
        &[("ALL_PROXY", "ftp://p"), ("http_proxy", "h:1")],
        &[("ALL_PROXY", "ftp://p"), ("no_proxy", "a.example")],
        &[("http_proxy", "ftp://p"), ("no_proxy", "*")],
        &[("ftp_proxy", "ftp://p")],
    ] {
        let urls = [Url::parse("http://a.example/x").unwrap()];
        let found = settings(&args(""), &urls, &variables(pairs));
        assert!(found.is_ok(), "{pairs:?}: {found:?}");
    }
}

#[test]
fn a_proxy_has_a_user_of_its_own() {
    let password = file("w0rd");
    let line = format!(
        "--proxy p:1 --proxy-user me --proxy-password-file {}",
        password.path().display()
    );
    let told = settled(&line, &[]);
    assert_eq!(told.credentials, None);
    assert!(!format!("{told:?}").contains("w0rd"));
}
