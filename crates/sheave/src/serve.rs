//! Owns `sheave serve`: starts the server, says where, shows its requests, stops it. Knows nothing
//! of ranges.

mod backlog;
mod socket;

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use accelerator::ByteCount;
use range_server::{
    BindError, Config, Content, Ending, Limits, RequestRecord, Server, TlsIdentity,
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tempfile::NamedTempFile;

use crate::background;
use crate::duration;
use crate::exit_code::Exit;
use crate::printer;
use crate::settings::{ServeSettings, Tls, faults};
use crate::signal::{Patience, Stop};
use crate::terminal_text::TerminalText;
use backlog::{Lines, Waiting, backlog};
use socket::Socket;

/// The server lets responses finish for up to five seconds.
pub(crate) const PATIENCE: Patience = Patience {
    grace: Duration::from_secs(6),
    last_words: "stopped with responses under way",
    reloads: false,
};

/// The time the log may take to be written once the server has stopped.
const LOG_GRACE: Duration = Duration::from_millis(500);

/// Longest path that is shown, in characters.
const LONGEST_PATH: usize = 200;

/// Serves until it is asked to stop.
pub(crate) async fn run(mut settings: ServeSettings, mut stop: Stop) -> Exit {
    let log_file = match settings.log_json.as_deref().map(open_log).transpose() {
        Ok(log_file) => log_file,
        Err(error) => return printer::failure(Exit::Disk, &error),
    };
    let mut logging = None;
    if settings.show_requests || log_file.is_some() {
        let (backlog, waiting) = backlog();
        let (show, keep) = (settings.show_requests, log_file.is_some());
        settings.config.on_request = Some(Arc::new(move |record: &RequestRecord| {
            backlog.add(Lines {
                shown: show.then(|| for_people(record)),
                logged: keep.then(|| record.to_json() + "\n"),
            });
        }));
        logging = background::start(move || log(waiting, log_file));
        if logging.is_none() {
            let what = "the system has no thread left for the log";
            return printer::failure(Exit::Internal, &what);
        }
    }
    let certificate = match identify(&mut settings) {
        Ok(certificate) => certificate,
        Err(exit) => return exit,
    };
    let scope = scope(&settings);
    let heading = settings.show_requests.then(|| heading(&settings));
    let faults = if settings.config.faults_by_url {
        ", and have it answer wrongly"
    } else {
        ""
    };
    make_room(
        settings.config.limits.max_connections,
        files_each(&settings.config),
    );
    let socket = match Socket::open(settings.bind).await {
        Ok(socket) => socket,
        Err((place, cause)) => {
            let what = format_args!("could not listen on {place}: {cause}");
            return printer::failure(Exit::Network, &what);
        }
    };
    let (place, listener) = (socket.place, socket.listener);
    let server = match Server::listen(listener, settings.config) {
        Ok(server) => server,
        Err(error) => return could_not_start(&place, &error),
    };
    printer::data(server.base_url());
    if let Some(certificate) = &certificate {
        printer::data(certificate.path().display());
    }
    if let Some(heading) = heading {
        printer::note(heading);
    }
    if !server.address().ip().to_canonical().is_loopback() {
        let address = server.address();
        printer::note(format_args!(
            "sheave: warning: whoever reaches {address} over the network can read {scope}{faults}"
        ));
    }
    reload_until(&mut stop, settings.scenario.as_deref(), &server).await;
    server.stop().await;
    drop(socket.path);
    // Lines that nobody reads must not keep the program.
    if let Some(logging) = logging {
        let _ = tokio::time::timeout(LOG_GRACE, logging).await;
    }
    Exit::Success
}

/// Reads the scenario again each time a signal asks for it, until the program is asked to stop.
/// A fault in it is said, and changes nothing.
async fn reload_until(stop: &mut Stop, scenario: Option<&Path>, server: &Server) {
    let mut hangups = stop.clone();
    loop {
        tokio::select! {
            () = stop.requested() => return,
            () = hangups.reload() => {}
        }
        match scenario.map(faults).transpose() {
            Ok(None) => {}
            Ok(Some(faults)) => {
                let count = faults.len();
                server.set_faults(faults);
                printer::note(format_args!("sheave: the scenario has {count} faults now"));
            }
            Err(error) => printer::note(format_args!("sheave: the old scenario stays: {error}")),
        }
    }
}

/// Returns how many files a connection sends at once.
fn files_each(config: &Config) -> usize {
    let speaks_http_2 = config.tls.is_some() && config.faults.is_empty();
    if speaks_http_2 {
        Limits::ANSWERED_AT_ONCE
    } else {
        1
    }
}

/// Raises the soft limit of descriptors to what the connections take, as far as the hard one
/// permits: one each, those of the files each sends at once, and some for the program. Beyond it
/// connections wait, and files are answered 503.
fn make_room(max_connections: usize, files: usize) {
    let wanted = u64::try_from(max_connections.saturating_mul(1 + files))
        .unwrap_or(u64::MAX)
        .saturating_add(128);
    let limit = getrlimit(Resource::Nofile);
    let Some(current) = limit.current.filter(|&current| current < wanted) else {
        return;
    };
    let raised = limit.maximum.map_or(wanted, |hard| hard.min(wanted));
    let limit = Rlimit {
        current: Some(raised),
        ..limit
    };
    let reached = setrlimit(Resource::Nofile, limit).map_or(current, |()| raised);
    if reached < wanted {
        printer::note(format_args!(
            "sheave: warning: {reached} open files are allowed; {max_connections} connections may \
             take {wanted}"
        ));
    }
}

/// Settles who an https server is. A generated certificate is put in a file, for clients to be
/// pointed at, which is removed when what is returned is dropped.
fn identify(settings: &mut ServeSettings) -> Result<Option<NamedTempFile>, Exit> {
    match settings.tls.take() {
        None => Ok(None),
        Some(Tls::Given(identity)) => {
            settings.config.tls = Some(identity);
            Ok(None)
        }
        Some(Tls::Generated) => {
            let name = settings.bind.clone().unwrap_or_default().host();
            let identity = TlsIdentity::generate(name).map_err(|error| {
                printer::failure(Exit::Internal, &format_args!("failed to {error}"))
            })?;
            let file = write_certificate(identity.certificate_pem()).map_err(|error| {
                let what = format!("could not write the certificate: {error}");
                printer::failure(Exit::Disk, &what)
            })?;
            settings.config.tls = Some(identity);
            Ok(Some(file))
        }
    }
}

fn write_certificate(pem: &str) -> io::Result<NamedTempFile> {
    let mut file = tempfile::Builder::new()
        .prefix("sheave-")
        .suffix(".pem")
        .tempfile()?;
    file.write_all(pem.as_bytes())?;
    Ok(file)
}

/// Says what is served, and how that ends.
fn heading(settings: &ServeSettings) -> String {
    match &settings.config.content {
        Content::Directory(directory) => {
            let root = std::path::absolute(&directory.root);
            let root = root.as_deref().unwrap_or(&directory.root).to_string_lossy();
            format!("serving {}; Ctrl-C stops", TerminalText(&root))
        }
        Content::SyntheticOnly => "serving synthetic content; Ctrl-C stops".to_owned(),
    }
}

fn scope(settings: &ServeSettings) -> String {
    match &settings.config.content {
        Content::Directory(directory) => {
            let root = directory.root.to_string_lossy();
            format!("every file beneath {}", TerminalText(&root))
        }
        Content::SyntheticOnly => "synthetic content".to_owned(),
    }
}

/// Says why the server could not start.
pub(crate) fn could_not_start(place: &impl std::fmt::Display, error: &BindError) -> Exit {
    match error {
        BindError::Listen(cause) => printer::failure(
            Exit::Network,
            &format_args!("could not listen on {place}: {cause}"),
        ),
        BindError::Root { root, source } => printer::failure(
            Exit::Disk,
            &format_args!("could not open the directory {}: {source}", root.display()),
        ),
        _ => printer::failure(Exit::Internal, &format_args!("could not start: {error}")),
    }
}

/// Opens the log; `-` is standard output.
fn open_log(path: &Path) -> Result<File, String> {
    if path == Path::new("-") {
        let output = io::stdout().as_fd().try_clone_to_owned();
        let output = output.map_err(|error| format!("could not write to standard output: {error}"));
        return output.map(File::from);
    }
    #[expect(
        clippy::disallowed_methods,
        reason = "the log is the program's own file, not one that is served"
    )]
    let file = File::options().append(true).create(true).open(path);
    file.map_err(|error| format!("could not open the log {}: {error}", path.display()))
}

/// Writes lines until the server is gone. Runs on a thread that may block.
fn log(mut waiting: Waiting, mut file: Option<File>) {
    while let Some(Lines { shown, logged }) = waiting.next() {
        if let Some(line) = shown {
            printer::note(line);
        }
        if let (Some(log), Some(line)) = (&mut file, logged)
            && let Err(error) = log.write_all(line.as_bytes())
        {
            printer::note(format_args!("sheave: could not write the log: {error}"));
            file = None;
        }
    }
}

fn for_people(record: &RequestRecord) -> String {
    let path = TerminalText(&record.path).capped(LONGEST_PATH);
    let content = match (record.content_range, record.parts.len()) {
        (Some(range), _) => range.to_string(),
        (None, 0) => "whole".to_owned(),
        (None, parts) => format!("{parts} parts"),
    };
    let ending = match record.ending {
        Ending::Complete => "",
        Ending::Interrupted => ", interrupted",
        Ending::Cut => ", cut",
        Ending::Failed => ", failed",
    };
    format!(
        "{} {} {path} {} {content}: {} in {}{ending}{}",
        record.peer,
        TerminalText(record.method.as_str()),
        record.status.as_u16(),
        ByteCount(record.sent.0),
        duration::measured(record.elapsed),
        record
            .why
            .as_ref()
            .map_or_else(String::new, |why| format!(", {why}")),
    )
}
