//! The program `sheave`: arguments to settings, events to the screen, errors to exit codes. Knows
//! neither scheduling nor HTTP nor what is in a file.
#![forbid(unsafe_code)]

mod args;
mod background;
mod check_server;
mod checksum_list;
mod checksums;
mod clock;
mod command_line;
mod create_metalink;
mod demo;
mod duration;
mod exit_code;
mod get;
mod inspect;
mod metalink;
mod metalinks;
mod printer;
mod remote_file;
mod report;
mod serve;
mod settings;
mod signal;
mod standard_output;
mod suspicion;
mod terminal_text;
mod wrap;

use args::Unparsed;
use exit_code::Exit;
use settings::{Environment, Job};

/// A stack that is large enough for all there is to do on the first thread.
const STACK: usize = 2 << 20;

fn main() -> std::process::ExitCode {
    let is_small = accelerator::stack_limit().is_some_and(|limit| limit.0 < STACK as u64);
    let elsewhere = is_small.then(|| std::thread::Builder::new().stack_size(STACK).spawn(start));
    let exit = match elsewhere {
        Some(Ok(thread)) => thread.join().unwrap_or(Exit::Internal),
        // Where there is no other thread, this one may be good for it.
        Some(Err(_)) | None => start(),
    };
    std::process::ExitCode::from(exit.code())
}

fn start() -> Exit {
    // Without these two a full quota or a lost disk ends the program by a bare signal; should
    // they fail, everything else still works.
    let _ = accelerator::ignore_file_size_signal();
    let _ = accelerator::exit_on_bus_error(Exit::Disk.code());
    accelerator::spare_address_space();
    let arguments: Vec<_> = std::env::args_os().collect();
    command_line::hide_secrets(&arguments);
    match args::parse(arguments) {
        Ok(command) => run(command),
        Err(Unparsed::Page(exit)) => exit,
        Err(Unparsed::Complaint { text, json }) => report::refused(Exit::Usage, &text, json),
    }
}

fn run(command: args::Command) -> Exit {
    let json = command.wants_json();
    let job = match Job::new(command, Environment::read()) {
        Ok(job) => job,
        Err(error) => return report::refused(Exit::Usage, &error.to_string(), json),
    };
    match job {
        Job::CheckServer(settings) => {
            printer::unless_lost(signal::supervise(check_server::PATIENCE, |stop| {
                check_server::run(settings, stop)
            }))
        }
        Job::CreateMetalink(args) => printer::unless_lost(create_metalink::run(&args)),
        Job::Inspect(settings) => printer::unless_lost(inspect::run(&settings)),
        Job::Get(settings) => signal::supervise(get::PATIENCE, |stop| get::run(*settings, stop)),
        Job::Serve(settings) => {
            let patience = signal::Patience {
                reloads: settings.scenario.is_some(),
                ..serve::PATIENCE
            };
            signal::supervise(patience, |stop| serve::run(*settings, stop))
        }
        Job::Completions(shell) => printer::unless_lost(args::pages::completions(shell)),
        Job::Man(directory) => args::pages::man(&directory),
        Job::Demo(settings) => signal::supervise(demo::PATIENCE, |stop| demo::run(settings, stop)),
    }
}
