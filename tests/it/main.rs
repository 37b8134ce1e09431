//! Process tests: the program as a user runs it, over real sockets, with real files, against our
//! server and servers nobody here wrote. Knows the program's contract, not its insides.
#![forbid(unsafe_code)]
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a failed unwrap is a failed test; tests own their files and wait for processes"
)]

mod activation;
mod advice;
mod as_simulated;
mod beginnings;
mod browser;
mod certificates;
mod check_server;
mod checksums;
mod clients;
mod contention;
mod courtesies;
mod credentials;
mod crowd;
mod defaults;
mod demo;
mod disk;
mod download;
mod elsewhere;
mod exists;
mod faults;
mod field;
mod generations;
mod hostile;
mod idle;
mod inspect;
mod last_resort;
mod library;
mod library_examples;
mod lists;
mod manual;
mod matrix;
mod messages;
mod metalink_create;
mod metalinks;
mod mirrors;
mod names;
mod one_stream;
mod output;
mod pages;
mod pieces;
mod process;
mod profiles;
mod proxy;
mod published;
mod rate;
mod real_servers;
mod resume;
mod scarce;
mod scenario;
mod serve;
mod serve_limits;
mod serve_options;
mod server_digests;
mod servers;
mod several;
mod slow_disk;
mod standard_output;
mod strangers;
mod support;
mod syscalls;
mod told;
mod traced;
mod typed;
mod versions;
