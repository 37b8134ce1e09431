//! Owns how each downloader is told to fetch one file: its best sensible settings, as a command
//! line. Runs none of them.
use std::path::Path;

use crate::job::Job;
use crate::process::Line;

/// The interpreter of modules, unless `SHEAVE_BENCH_PYTHON` names another.
pub(super) const PYTHON: &str = "python3";

/// The program itself, with its defaults but for what is named.
pub(crate) fn sheave(program: &Path, options: &str, job: &Job) -> Line {
    let trust = job.trust("--cacert");
    let digest = job.digest.as_ref();
    let digest = digest.map(|digest| format!("--checksum=sha-256={digest}"));
    Line(vec![program.display().to_string()])
        .and_all(Line::of(&format!("get --quiet {options}")).0)
        .and_all(trust.into_iter().chain(digest))
        .and("-o")
        .and(job.output())
        .and(&job.url)
}

pub(super) fn aria2(job: &Job, connections: u32) -> Line {
    let digest = job.digest.as_ref();
    let digest = digest.map(|digest| format!("--checksum=sha-256={digest}"));
    let options = format!(
        "aria2c --no-conf --quiet --summary-interval=0 -x{connections} -s{connections} \
         --min-split-size=1M --file-allocation=falloc"
    );
    Line::of(&options)
        .and_all(job.trust("--ca-certificate").into_iter().chain(digest))
        .and("-d")
        .and(&job.directory)
        .and("-o")
        .and(&job.name)
        .and(&job.url)
}

pub(super) fn axel(job: &Job, connections: u32) -> Line {
    // It has no option for an authority to trust.
    let trust = job.certificate.as_ref().map(|_| "--insecure".to_owned());
    Line::of("axel -q -n")
        .and(connections.to_string())
        .and_all(trust)
        .and("-o")
        .and(job.output())
        .and(&job.url)
}

pub(super) fn lftp(job: &Job, connections: u32) -> Line {
    let trust = job.certificate.as_ref();
    let trust = trust.map(|file| format!("set ssl:ca-file \"{file}\"; "));
    let trust = trust.unwrap_or_default();
    let script = format!(
        "{trust}set pget:save-status never; pget -n {connections} \"{}\" -o \"{}\"",
        job.url,
        job.output()
    );
    Line::of("lftp --norc -c").and(script)
}

pub(super) fn wget2(job: &Job, connections: u32) -> Line {
    Line::of("wget2 --no-config -q --chunk-size=1M")
        .and(format!("--max-threads={connections}"))
        .and_all(job.trust("--ca-certificate"))
        .and("-O")
        .and(job.output())
        .and(&job.url)
}

pub(super) fn curl(job: &Job, _one: u32) -> Line {
    let line = Line::of("curl -q -sS --fail");
    let trust = job.certificate.as_ref();
    line.and_all(trust.into_iter().flat_map(|file| ["--cacert", file]))
        .and("-o")
        .and(job.output())
        .and(&job.url)
}

/// Returns curl's command line for receiving without writing.
pub(crate) fn curl_to_nothing(job: &Job) -> Line {
    let line = Line::of("curl -q -sS --fail");
    let trust = job.certificate.as_ref();
    line.and_all(trust.into_iter().flat_map(|file| ["--cacert", file]))
        .and_all(["-o", "/dev/null"])
        .and(&job.url)
}

pub(super) fn rclone(job: &Job, connections: u32) -> Line {
    let (base, name) = job.url.rsplit_once('/').unwrap_or((&job.url, ""));
    // `copyurl` has one connection only, so the site is addressed as a remote.
    let options = format!("--multi-thread-streams {connections} --multi-thread-cutoff 1M");
    Line::of("rclone copyto")
        .and_all(Line::of(&options).0)
        .and("--config")
        .and("")
        .and_all(job.trust("--ca-cert"))
        .and_all(["--http-url", base])
        .and(format!(":http:{name}"))
        .and(job.output())
}

pub(super) fn ripget(job: &Job, connections: u32) -> Line {
    trusting_environment(job)
        .and_all(["ripget", "--silent", "--threads"])
        .and(connections.to_string())
        .and(&job.url)
        .and(job.output())
}

pub(super) fn fast_down(job: &Job, connections: u32) -> Line {
    let trust = job.certificate.as_ref().map(|_| "--accept-invalid-certs");
    Line::of("fast-down download --force --yes --no-resume --threads")
        .and(connections.to_string())
        .and_all(trust)
        .and("-d")
        .and(&job.directory)
        .and("-o")
        .and(&job.name)
        .and(&job.url)
}

/// A library without a program; its users ask it for pieces of 10 MiB.
pub(super) fn hf_transfer(job: &Job, connections: u32) -> Line {
    let call = "import sys, hf_transfer; \
                hf_transfer.download(sys.argv[1], sys.argv[2], int(sys.argv[3]), 10 << 20)";
    trusting_environment(job)
        .and_all([PYTHON, "-c", call])
        .and(&job.url)
        .and(job.output())
        .and(connections.to_string())
}

/// Returns what stands before a program that has no option for an authority to trust.
fn trusting_environment(job: &Job) -> Line {
    let trust = job.certificate.as_ref();
    let trust = trust.map(|file| ["env".to_owned(), format!("SSL_CERT_FILE={file}")]);
    Line(trust.into_iter().flatten().collect())
}
