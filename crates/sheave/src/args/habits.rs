//! Owns what people's fingers know of curl, wget, aria2 and axel: options that ask for what happens
//! anyway, and the answers to those that this program does not have. Knows nothing of how the
//! command line is parsed.

use clap::Args;

/// Options that ask for what `get` does in any case. They are accepted, and change nothing.
#[derive(Debug, Default, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
pub(crate) struct Needless {
    /// A part that is there is always continued.
    #[arg(
        short = 'c',
        long = "continue",
        hide = true,
        conflicts_with = "no_resume"
    )]
    resumes: bool,
    /// The same, as curl says it; a position of the user's choice would be a hole.
    #[arg(short = 'C', long = "continue-at", hide = true, value_name = "-", value_parser = the_end)]
    #[arg(allow_hyphen_values = true, conflicts_with = "no_resume")]
    resumes_at: Option<()>,
    /// Redirects are always followed.
    #[arg(short = 'L', long = "location", hide = true)]
    follows: bool,
    /// An error of the server is never saved as the file.
    #[arg(short = 'f', long = "fail", hide = true)]
    fails: bool,
    /// Brackets and braces in a URL mean themselves.
    #[arg(short = 'g', long = "globoff", hide = true)]
    means_itself: bool,
    /// A file that exists is not replaced unless that is asked for.
    #[arg(long = "no-clobber", hide = true, conflicts_with_all = ["overwrite", "exists"])]
    keeps: bool,
}

/// Parses the one place from which a part is continued.
fn the_end(text: &str) -> Result<(), &'static str> {
    match text {
        "-" => Ok(()),
        _ => Err("a part is always continued where it ends; no other place can be chosen"),
    }
}

/// The command, options as they are typed after it, and the rest of the sentence that begins with
/// the option.
type Answer = (&'static str, &'static [&'static str], &'static str);

const ANSWERS: &[Answer] = &[
    (
        "get",
        &["-O", "--remote-name", "--remote-name-all"],
        "is not needed: the file is named after the URL; -o NAME names it otherwise",
    ),
    (
        "get",
        &["-s"],
        "has two meanings elsewhere: -q is silent, -x N sets the number of connections",
    ),
    (
        "get",
        &["-S", "--show-error"],
        "is not needed: errors are always shown",
    ),
    (
        "get",
        &["-#", "--progress-bar"],
        "is not needed: a terminal always shows progress",
    ),
    (
        "get",
        &["--no-progress-meter", "--no-verbose"],
        "is --quiet here",
    ),
    (
        "get",
        &["-n", "--num-connections"],
        "has two meanings elsewhere: --netrc reads ~/.netrc, -x N sets the number of connections",
    ),
    (
        "get",
        &[
            "-k",
            "--insecure",
            "--no-check-certificate",
            "--check-certificate",
        ],
        "has no counterpart: certificates are always verified; --cacert FILE trusts your own",
    ),
    (
        "get",
        &["-i", "--input-file"],
        "has no counterpart: `xargs sheave get < FILE` downloads the URLs in a file",
    ),
    (
        "get",
        &[
            "-j",
            "--jobs",
            "--max-concurrent-downloads",
            "-Z",
            "--parallel",
        ],
        "has no counterpart: URLs are downloaded one after another; `xargs -P N` runs several",
    ),
    (
        "get",
        &["-p", "--page-requisites", "-r", "--recursive"],
        "has no counterpart: only the URLs that are named are downloaded",
    ),
    (
        "get",
        &["--range", "--start-pos"],
        "has no counterpart: files are downloaded whole",
    ),
    (
        "get",
        &[
            "-4",
            "-6",
            "--ipv4",
            "--ipv6",
            "--inet4-only",
            "--inet6-only",
            "--disable-ipv6",
        ],
        "has no counterpart: the address that answers first is used",
    ),
    (
        "get",
        &["-U"],
        "has two meanings elsewhere: --user-agent NAME, or --proxy-user NAME",
    ),
    (
        "get",
        &["-b", "--load-cookies", "--cookies"],
        "is --cookie here; --cookie @FILE reads a file of cookies",
    ),
    (
        "get",
        &["--cookie-jar", "--save-cookies"],
        "has no counterpart: cookies are never stored",
    ),
    ("get", &["-e"], "is --referer here"),
    ("get", &["-P"], "is --dir here"),
    (
        "get",
        &["-N", "--timestamping"],
        "is not needed: a file that is there and current is complete; --overwrite replaces it",
    ),
    ("get", &["--skip-existing"], "is --exists skip here"),
    ("get", &["--auto-file-renaming"], "is --exists rename here"),
    ("get", &["--force"], "is --overwrite here"),
    (
        "get",
        &[
            "-T",
            "--timeout",
            "--connect-timeout",
            "--read-timeout",
            "--speed-time",
        ],
        "is --stall-timeout here",
    ),
    ("get", &["-t", "--max-retry"], "is --max-tries here"),
    (
        "get",
        &["--max-time", "--retry-max-time"],
        "has no counterpart: `timeout 10m sheave URL` stops after 10 minutes and keeps the part",
    ),
    (
        "get",
        &["--speed-limit", "--lowest-speed-limit"],
        "has no counterpart: a slow connection is replaced; --stall-timeout replaces a silent one",
    ),
    (
        "get",
        &[
            "-X",
            "--request",
            "--data",
            "--data-raw",
            "--form",
            "-F",
            "--post-data",
        ],
        "has no counterpart: files are downloaded by GET",
    ),
    (
        "get",
        &["-I", "--head", "--spider"],
        "has no counterpart: `sheave check-server URL` shows what the server can do",
    ),
    (
        "get",
        &[
            "--http-user",
            "--http-passwd",
            "--password",
            "--http-password",
        ],
        "is --user here, with --password-file or --password-env",
    ),
    (
        "get",
        &["--oauth2-bearer"],
        "is --bearer-file or --bearer-env here",
    ),
    ("get", &["--auth-no-challenge"], "is not needed"),
    (
        "get",
        &["--file-allocation", "--min-split-size", "--compressed"],
        "is not needed",
    ),
    (
        "get",
        &["--http1.1", "--http2", "--http3", "-0", "--http1.0"],
        "has no counterpart: the protocol is chosen for you",
    ),
    (
        "get",
        &["--tlsv1.2", "--tlsv1.3", "--secure-protocol"],
        "is --tls-min here",
    ),
    (
        "get",
        &["--color", "--no-color"],
        "has no counterpart: NO_COLOR=1 in the environment turns colours off",
    ),
    (
        "get",
        &["--mirror", "--metalink-file"],
        "has no counterpart: one URL is used for each file",
    ),
    (
        "get",
        &["--noproxy"],
        "has no counterpart: NO_PROXY in the environment lists exceptions",
    ),
    (
        "serve",
        &["-p", "--port", "--listen", "-l", "-b", "--address"],
        "is --bind here, as in --bind 127.0.0.1:8090",
    ),
    (
        "serve",
        &["-d", "--directory", "--root"],
        "is not needed: `sheave serve DIR` names the directory",
    ),
];

/// Returns the sentence that answers an option which `command` does not have, if other programs
/// have it.
pub(super) fn answer(command: &str, option: &str) -> Option<String> {
    let (.., says) = ANSWERS
        .iter()
        .find(|(of, options, _)| *of == command && options.contains(&option))?;
    Some(format!("{option} {says}"))
}

#[cfg(test)]
mod tests;
