//! Owns the settings for authentication, proxies and TLS: arguments, files and environment in,
//! checked values of the library out.

mod error;

use std::io::{self, Read};
use std::path::Path;

use accelerator::{Cookies, Credentials, Netrc, Proxies, Proxy, Secret, Settings};
use url::Url;

use crate::args::ConnectionArgs;
pub(crate) use error::ConnectionError;

/// The largest accepted file of secrets or certificates: the bundle of all public authorities has
/// 0.25 MB.
const FILE_MAX: u64 = 4 << 20;

/// Looks up an environment variable, which may be set to nothing.
pub(crate) type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Returns the library's defaults, with the program's own `User-Agent`.
pub(crate) fn under_our_name() -> Settings {
    Settings {
        user_agent: concat!("sheave/", env!("CARGO_PKG_VERSION")).to_owned(),
        ..Settings::default()
    }
}

/// Reads and checks everything that the arguments name, except the `.netrc`, whose entries are for
/// one host each.
pub(super) fn settings(
    args: &ConnectionArgs,
    urls: &[Url],
    variables: Variables<'_>,
) -> Result<(Settings, Option<Netrc>), ConnectionError> {
    let (mut headers, mut cookies) = (headers(args)?, Cookies::default());
    match args.cookie.as_deref().map(cookie).transpose()? {
        Some(CookieSource::File(found)) => cookies = found,
        Some(CookieSource::Pairs(pairs)) => headers.push(("Cookie".to_owned(), pairs)),
        None => {}
    }
    let credentials = credentials(args, variables)?;
    let netrc = netrc(args, variables)?;
    let proxies = proxies(args, urls, variables)?;
    let authorities = args.cacert.as_deref().map(read_pem).transpose()?;
    let settings = Settings {
        credentials,
        headers,
        cookies,
        proxies,
        authorities: authorities.into_iter().collect(),
        only_authorities: args.only_cacert,
        pins: args.pins.concat(),
        identity: identity(args)?,
        oldest_tls: args.tls_min,
        allow_private: args.allow_private,
        ..under_our_name()
    };
    let origins = origins(urls);
    if origins > 1 && is_for_one_origin(&settings) {
        return Err(ConnectionError::SeveralOrigins { origins });
    }
    Ok((settings, netrc))
}

fn is_for_one_origin(settings: &Settings) -> bool {
    settings.credentials.is_some()
        || settings.identity.is_some()
        || !settings
            .headers
            .iter()
            .all(|(name, _)| accelerator::is_harmless(name))
}

/// Returns the entry of the `.netrc` for the host of a URL. It is used only if no other argument
/// gives the credentials.
pub(super) fn of_netrc(netrc: &Netrc, settings: &Settings, url: &Url) -> Option<Credentials> {
    let names_user = !url.username().is_empty() || url.password().is_some();
    let is_header = |(name, _): &(String, _)| name.eq_ignore_ascii_case("authorization");
    if settings.credentials.is_some() || names_user || settings.headers.iter().any(is_header) {
        return None;
    }
    netrc.credentials(url.host_str()?).cloned()
}

/// Counts the origins of the URLs.
fn origins(urls: &[Url]) -> usize {
    let origins = urls.iter().map(|url| url.origin().ascii_serialization());
    origins.collect::<std::collections::BTreeSet<_>>().len()
}

fn credentials(
    args: &ConnectionArgs,
    variables: Variables<'_>,
) -> Result<Option<Credentials>, ConnectionError> {
    if let Some(user) = &args.user {
        if user.contains(':') {
            return Err(ConnectionError::PasswordOnCommandLine);
        }
        let password = secret(
            args.password_file.as_deref(),
            args.password_env.as_deref(),
            variables,
        )?;
        let password = password.ok_or(ConnectionError::NoPassword)?;
        return Ok(Some(Credentials::basic(user, &password)?));
    }
    let token = secret(
        args.bearer_file.as_deref(),
        args.bearer_env.as_deref(),
        variables,
    )?;
    Ok(token.map(|token| Credentials::bearer(&token)).transpose()?)
}

fn secret(
    file: Option<&Path>,
    variable: Option<&str>,
    variables: Variables<'_>,
) -> Result<Option<String>, ConnectionError> {
    match (file, variable) {
        (Some(path), _) => first_line(path).map(Some),
        (None, Some(name)) => match variables(name) {
            Some(value) => Ok(Some(value)),
            None => Err(ConnectionError::NoVariable {
                name: name.to_owned(),
            }),
        },
        (None, None) => Ok(None),
    }
}

fn netrc(
    args: &ConnectionArgs,
    variables: Variables<'_>,
) -> Result<Option<Netrc>, ConnectionError> {
    let named = |name| variables(name).filter(|path| !path.is_empty());
    let path = match (&args.netrc_file, named("NETRC")) {
        (Some(path), _) => path.clone(),
        (None, _) if !args.netrc && !args.netrc_optional => return Ok(None),
        (None, Some(path)) => path.into(),
        (None, None) => {
            let home = named("HOME").ok_or(ConnectionError::NoHome)?;
            Path::new(&home).join(".netrc")
        }
    };
    let read = match read(&path) {
        Err(ConnectionError::File { source, .. })
            if args.netrc_optional && source.kind() == io::ErrorKind::NotFound =>
        {
            return Ok(None);
        }
        read => read?,
    };
    Ok(Some(Netrc::parse(&read)))
}

/// Chooses the proxies. The command line takes precedence over the environment. `NO_PROXY` applies
/// to both, as in other programs. An unusable proxy is an error only if one of the URLs needs it.
fn proxies(
    args: &ConnectionArgs,
    urls: &[Url],
    variables: Variables<'_>,
) -> Result<Proxies, ConnectionError> {
    if args.no_proxy {
        return Ok(Proxies::default());
    }
    let except = variables("no_proxy").or_else(|| variables("NO_PROXY"));
    let except = except.unwrap_or_default();
    if let Some(text) = &args.proxy {
        let failed = |source| ConnectionError::Proxy {
            origin: "--proxy".to_owned(),
            source,
        };
        let mut proxy = Proxy::parse(text).map_err(failed)?;
        if let (Some(user), Some(path)) = (&args.proxy_user, &args.proxy_password_file) {
            proxy = proxy.with_user(user, &first_line(path)?).map_err(failed)?;
        }
        return Ok(Proxies::new(
            Some(Ok(proxy.clone())),
            Some(Ok(proxy)),
            &except,
        ));
    }
    // In a CGI program this variable is the request's header `Proxy`: anyone could set it.
    let is_cgi = variables("REQUEST_METHOD").is_some();
    let http = ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"];
    let http = http
        .into_iter()
        .filter(|name| !(is_cgi && *name == "HTTP_PROXY"));
    let https = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
    let (http, https) = (set(http, variables), set(https.into_iter(), variables));
    let parsed = |set: &Option<(_, String)>| set.as_ref().map(|(_, text)| Proxy::parse(text));
    let proxies = Proxies::new(parsed(&http), parsed(&https), &except);
    for url in urls {
        if let Err(source) = proxies.for_url(url) {
            let chosen = if url.scheme() == "https" {
                &https
            } else {
                &http
            };
            let name = chosen.as_ref().map_or("", |(name, _)| name);
            return Err(ConnectionError::Proxy {
                origin: format!("the environment variable {name}"),
                source,
            });
        }
    }
    Ok(proxies)
}

/// Returns the first of these variables that is set, with its value. An empty one means that there
/// is no proxy, whatever the later ones say, and so does `direct://`, as desktops write it.
fn set(
    mut names: impl Iterator<Item = &'static str>,
    variables: Variables<'_>,
) -> Option<(&'static str, String)> {
    let set = names.find_map(|name| Some((name, variables(name)?)));
    set.filter(|(_, text)| {
        let text = text.trim().trim_end_matches('/');
        !text.is_empty() && !text.eq_ignore_ascii_case("direct:")
    })
}

fn headers(args: &ConnectionArgs) -> Result<Vec<(String, Secret<String>)>, ConnectionError> {
    let mut headers = Vec::new();
    let named = [
        ("User-Agent", args.user_agent.as_ref()),
        ("Referer", args.referer.as_ref()),
    ];
    for (name, value) in named {
        let value = value.map(|value| (name.to_owned(), value.clone().into()));
        headers.extend(value);
    }
    headers.extend(given_headers(&args.headers)?);
    if headers
        .iter()
        .any(|(name, value)| asks_for_a_part(name, value))
    {
        return Err(ConnectionError::Range);
    }
    Ok(headers)
}

/// Returns whether a header asks for less than the whole file. One for all of it is copied from
/// browsers, and changes nothing.
fn asks_for_a_part(name: &str, value: &Secret<String>) -> bool {
    let value = value.reveal().trim();
    name.eq_ignore_ascii_case("range") && !value.eq_ignore_ascii_case("bytes=0-")
}

/// The headers of `--header`, one or a file of them each.
pub(super) fn given_headers(
    texts: &[String],
) -> Result<Vec<(String, Secret<String>)>, ConnectionError> {
    let mut headers = Vec::new();
    for text in texts {
        headers.extend(header(text)?);
    }
    Ok(headers)
}

fn header(text: &str) -> Result<Vec<(String, Secret<String>)>, ConnectionError> {
    let one = |line: &str| {
        let (name, value) = line.split_once(':').ok_or(ConnectionError::NoColon)?;
        Ok((name.trim().to_owned(), value.trim().to_owned().into()))
    };
    match text.strip_prefix('@') {
        Some(path) => {
            let text = read_text(Path::new(path))?;
            let lines = text.lines().filter(|line| !line.trim().is_empty());
            lines.map(one).collect()
        }
        None => Ok(vec![one(text)?]),
    }
}

enum CookieSource {
    /// Each cookie is sent to the hosts that its line names.
    File(Cookies),
    /// The cookies are sent to the origin of the URL.
    Pairs(Secret<String>),
}

/// As with curl, a text without `=` names a file, with or without an `@`.
fn cookie(text: &str) -> Result<CookieSource, ConnectionError> {
    let path = match text.strip_prefix('@') {
        Some(path) => Path::new(path),
        None if !text.contains('=') => {
            let path = Path::new(text);
            // It may be a secret without its name.
            if !path.exists() {
                return Err(ConnectionError::NeitherCookieNorFile);
            }
            path
        }
        None => return Ok(CookieSource::Pairs(text.to_owned().into())),
    };
    let content = read(path)?;
    if let Some(cookies) = Cookies::of_file(&content) {
        return Ok(CookieSource::File(cookies));
    }
    let pairs = first_line(path)?;
    let is_something_else = pairs.starts_with(['#', '[', '{', '<']);
    if is_something_else || !pairs.contains('=') {
        let path = path.to_owned();
        return Err(ConnectionError::NoCookies { path });
    }
    Ok(CookieSource::Pairs(pairs.into()))
}

fn identity(args: &ConnectionArgs) -> Result<Option<Secret<Vec<u8>>>, ConnectionError> {
    let Some(cert) = &args.cert else {
        return Ok(None);
    };
    let mut pem = read_pem(cert)?;
    if let Some(key) = &args.key {
        pem.push(b'\n');
        pem.extend(read_pem(key)?);
    }
    Ok(Some(pem.into()))
}

fn first_line(path: &Path) -> Result<String, ConnectionError> {
    let text = read_text(path)?;
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(line.to_owned()),
        Some(_) | None => Err(ConnectionError::Empty {
            path: path.to_owned(),
        }),
    }
}

fn read_text(path: &Path) -> Result<String, ConnectionError> {
    String::from_utf8(read(path)?).map_err(|_| ConnectionError::File {
        path: path.to_owned(),
        source: io::Error::new(io::ErrorKind::InvalidData, "it is not text in UTF-8"),
    })
}

/// Reads a file that has to be in PEM format; whether what is in it can be used, the library says.
pub(super) fn read_pem(path: &Path) -> Result<Vec<u8>, ConnectionError> {
    let content = read(path)?;
    let begin = b"-----BEGIN ";
    if content.windows(begin.len()).any(|window| window == begin) {
        return Ok(content);
    }
    let path = path.to_owned();
    Err(ConnectionError::NotPem { path })
}

pub(super) fn read(path: &Path) -> Result<Vec<u8>, ConnectionError> {
    read_up_to(FILE_MAX, path)
}

/// Reads a file that is not larger than `most`.
pub(super) fn read_up_to(most: u64, path: &Path) -> Result<Vec<u8>, ConnectionError> {
    let failed = |source| ConnectionError::File {
        path: path.to_owned(),
        source,
    };
    #[expect(
        clippy::disallowed_methods,
        reason = "the file is part of the settings, and the library takes its content"
    )]
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut content = Vec::new();
    let read = file
        .take(most + 1)
        .read_to_end(&mut content)
        .map_err(failed)?;
    if read as u64 > most {
        let why = format!("it is larger than {} MiB", most >> 20);
        let source = io::Error::new(io::ErrorKind::FileTooLarge, why);
        return Err(failed(source));
    }
    Ok(content)
}

#[cfg(test)]
mod tests;
