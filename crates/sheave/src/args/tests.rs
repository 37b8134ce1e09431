//! Tests of the command line: the values it accepts, and the mistakes it reports.

use accelerator::BytesPerSecond;

use super::*;
use clap::CommandFactory;
use clap::error::ErrorKind;

fn parsed(line: &str) -> Result<Command, ErrorKind> {
    let arguments = std::iter::once("sheave").chain(line.split_whitespace());
    Args::try_parse_from(with_implied_get(arguments.map(OsString::from).collect()))
        .map(|args| args.command)
        .map_err(|error| error.kind())
}

fn get(line: &str) -> GetArgs {
    match parsed(line) {
        Ok(Command::Get(args)) => *args,
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn a_complaint_repeats_no_secret_of_a_mistyped_url() {
    for (argument, shown) in [
        ("u:hush@h/x", "...@h/x"),
        ("http//u:hush@h", "...@h"),
        ("u:hu@sh@h/x?token=hush", "...@h/x"),
        ("h/x?token=hush", "h/x?..."),
    ] {
        let complaint = format!("error: unrecognized subcommand '{argument}'");
        let text = without_secrets(&complaint, &["sheave".into(), argument.into()]).unwrap();
        assert_eq!(text, format!("error: unrecognized subcommand '{shown}'"));
    }
    assert_eq!(without_secrets("error: x", &["u:hush@h".into()]), None);
}

#[test]
fn the_definitions_contradict_nothing() {
    Args::command().debug_assert();
}

#[test]
fn get_may_be_left_out() {
    for line in [
        "http://a/x",
        "get http://a/x",
        "-x 4 http://a/x",
        "--connections=4 http://a/x",
        "-q http://a/x",
    ] {
        assert_eq!(get(line).urls, ["http://a/x"], "{line}");
    }
}

#[test]
fn a_misspelt_command_is_not_taken_for_a_url() {
    assert_eq!(
        parsed("gett http://a/x").unwrap_err(),
        ErrorKind::InvalidSubcommand
    );
}

#[test]
fn defaults_leave_the_choice_to_the_library() {
    let args = get("http://a/x http://a/y");
    assert_eq!(args.urls.len(), 2);
    assert_eq!(args.connections, Settings::default().connections);
    assert_eq!(args.write, WriteMode::default());
    assert!(args.output.is_none() && args.dir.is_none() && args.connection.cacert.is_none());
    assert!(args.max_tries.is_none() && args.stall_timeout.is_none());
    assert_eq!(args.limit_rate, None);
    assert!(!args.overwrite && !args.no_resume && !args.no_sync);
    assert!(!args.json && !args.quiet && !args.verbose);
    let Ok(Command::Serve(serve)) = parsed("serve") else {
        panic!("serve needs no arguments");
    };
    assert_eq!(serve.dir, PathBuf::from("."));
    assert!(serve.bind.ip().is_loopback());
    let Ok(Command::Demo(demo)) = parsed("demo") else {
        panic!("demo needs no arguments");
    };
    assert_eq!(demo.size, ByteCount(1 << 30));
}

#[test]
fn values_are_checked_where_they_are_written() {
    let auto = Settings::default().connections;
    assert_eq!(get("-x auto u://").connections, auto);
    assert_eq!(get("-x 256 u://").connections, 256);
    assert_eq!(get("--write mapped u://").write, WriteMode::Mapped);
    let limit = RateLimit::new(BytesPerSecond(5_000_000));
    assert_eq!(get("--limit-rate 5MB u://").limit_rate, limit);
    for line in [
        "-x 0 u://",
        "--limit-rate 0 u://",
        "--limit-rate abc u://",
        "--limit-rate=-1 u://",
        "--limit-rate 16EiB u://",
        "-x 257 u://",
        "-x many u://",
        "--max-tries 0 u://",
        "--stall-timeout 20 u://",
        "--checksum md5=00 u://",
        "--write sideways u://",
        "serve --bind here",
        "serve --rate 0",
        "serve --max-connections 0",
        "serve --max-connections-per-address 0",
        "serve --max-ranges 0",
        "serve --max-ranges 65536",
        "serve --invalid-range obey",
        "serve --as iis",
        "demo --size big",
        "demo --size 15MiB",
    ] {
        let kind = parsed(line).unwrap_err();
        assert!(
            matches!(kind, ErrorKind::ValueValidation | ErrorKind::InvalidValue),
            "{line}: {kind:?}"
        );
    }
    for line in [
        "-q -v u://",
        "-o a -d b u://",
        "serve --as nginx --max-ranges 5",
    ] {
        assert_eq!(parsed(line).unwrap_err(), ErrorKind::ArgumentConflict);
    }
    for line in [
        "get",
        "serve --tls --cert a",
        "serve --tls --key b",
        "serve --cert a --key b",
    ] {
        assert_eq!(
            parsed(line).unwrap_err(),
            ErrorKind::MissingRequiredArgument,
            "{line}"
        );
    }
    assert_eq!(
        parsed("").unwrap_err(),
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    );
}
