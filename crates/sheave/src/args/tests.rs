//! Tests of the command line: the values it accepts, and the mistakes it reports.

use accelerator::BytesPerSecond;

use super::*;
use clap::error::ErrorKind;

fn parsed(line: &str) -> Result<Command, ErrorKind> {
    let arguments = std::iter::once("sheave").chain(line.split_whitespace());
    let program = Args::command();
    let arguments = leading::with_command(arguments.map(OsString::from).collect(), &program);
    Args::try_parse_from(in_our_words(&arguments, &program).unwrap())
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
        let url = Url::parse("http://a/x").unwrap();
        assert_eq!(get(line).wanted, [Wanted::Url(url)], "{line}");
    }
}

#[test]
fn a_command_may_follow_options() {
    for line in [
        "-q get http://a/x",
        "-qx 4 get http://a/x",
        "-x4 get http://a/x",
        "-o get get http://a/x",
        "--output-document z get http://a/x",
    ] {
        let url = Url::parse("http://a/x").unwrap();
        assert_eq!(get(line).wanted, [Wanted::Url(url)], "{line}");
    }
    assert!(parsed("-q -- get").is_err(), "what follows -- is a URL");
}

#[test]
fn an_option_that_is_repeated_counts_last_or_adds_up() {
    let args = get("-x 4 -x 8 -o a -o b -vv http://a/x");
    assert_eq!((args.connections.most, args.output), (8, Some("b".into())));
    let args =
        get("-H a:1 -H b:2 --pin=sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= http://a/x");
    assert_eq!(args.connection.headers, ["a:1", "b:2"]);
}

#[test]
fn the_commands_are_those_that_are_defined() {
    let program = definition();
    let defined = program
        .get_subcommands()
        .filter(|command| !command.is_hide_set());
    let defined: Vec<_> = defined
        .map(clap::Command::get_name)
        .chain(["help"])
        .collect();
    assert_eq!(leading::COMMANDS[..], defined);
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
    assert_eq!(args.wanted.len(), 2);
    assert_eq!(args.connections.most, Settings::default().connections);
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
    assert_eq!(serve.bind, None);
    let Ok(Command::Demo(demo)) = parsed("demo") else {
        panic!("demo needs no arguments");
    };
    assert_eq!(demo.size, ByteCount(1 << 30));
}

#[test]
fn values_are_checked_where_they_are_written() {
    let auto = Settings::default().connections;
    assert_eq!(get("-x auto http://h").connections.most, auto);
    assert_eq!(get("-x 256 http://h").connections.most, 256);
    assert_eq!(get("--write mapped http://h").write, WriteMode::Mapped);
    let limit = RateLimit::new(BytesPerSecond(5_000_000));
    assert_eq!(get("--limit-rate 5MB http://h").limit_rate, limit);
    for line in [
        "-x 0 http://h",
        "--limit-rate 0 http://h",
        "--limit-rate abc http://h",
        "--limit-rate=-1 http://h",
        "--limit-rate 16EiB http://h",
        "-x 257 http://h",
        "-x many http://h",
        "--max-tries 0 http://h",
        "--stall-timeout 20 http://h",
        "--checksum md5=00 http://h",
        "--write sideways http://h",
        "serve --bind a/b",
        "serve --basic-auth name",
        "serve --header Name",
        "serve --header Content-Length:1",
        "serve --cors=app.example",
        "serve --cors=https://app.example/path",
        "serve --rate 0",
        "serve --host http://files.example",
        "serve --host files.example:80",
        "serve --host=",
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
        "-q -v http://h",
        "-c --no-resume http://h",
        "-C - --no-resume http://h",
        "--no-clobber --overwrite http://h",
        "--no-clobber --exists skip http://h",
        "--overwrite --exists skip http://h",
        "serve --as nginx --max-ranges 5",
        "serve --as nginx --no-ranges",
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
