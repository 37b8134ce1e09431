//! Owns a run's story as people read it: a line for every input, output and fault, with virtual
//! time. Bounded: the middle of a long story is left out. Knows no world.

use std::collections::VecDeque;
use std::fmt::{self, Display, Formatter};

use scheduler::{AttemptId, Body, Input, Notice, Output, Request, Stop, WaitReason};

/// So many lines are kept from the beginning, and as many from the end.
const KEPT: usize = 1000;

/// A story, as far as it is kept.
#[derive(Debug, Default)]
pub struct Trace {
    first: Vec<String>,
    last: VecDeque<String>,
    left_out: u64,
    /// Reports that came one after another: when the first one did, how many, and the last one.
    reports: Option<(f64, u64, String)>,
}

impl Trace {
    pub(crate) fn input(&mut self, now: f64, input: &Input, waited_for: WaitReason) {
        if let Input::Received { attempt, position } = input {
            let text = format!("{} has up to {}", name(*attempt), Bytes(*position));
            let (since, count) = self.reports.take().map_or((now, 0), |r| (r.0, r.1));
            self.reports = Some((since, count + 1, text));
            return;
        }
        self.line(now, '>', &describe_input(input, waited_for));
    }

    pub(crate) fn output(&mut self, now: f64, output: &Output) {
        if !matches!(output, Output::Wait { .. }) {
            self.line(now, '<', &describe_output(output));
        }
    }

    pub(crate) fn fault(&mut self, now: f64, what: &str) {
        self.line(now, '!', what);
    }

    fn line(&mut self, now: f64, mark: char, text: &str) {
        if let Some((since, count, last)) = self.reports.take() {
            let more = if count > 1 {
                format!("  ({count} reports)")
            } else {
                String::new()
            };
            self.push(format!("{since:>13.6} s > {last}{more}"));
        }
        self.push(format!("{now:>13.6} s {mark} {text}"));
    }

    fn push(&mut self, line: String) {
        if self.first.len() < KEPT {
            self.first.push(line);
            return;
        }
        self.last.push_back(line);
        if self.last.len() > KEPT {
            self.last.pop_front();
            self.left_out += 1;
        }
    }
}

impl Display for Trace {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        for line in &self.first {
            writeln!(formatter, "{}", escaped(line))?;
        }
        if self.left_out > 0 {
            writeln!(
                formatter,
                "{:>15} {} lines are left out",
                "...", self.left_out
            )?;
        }
        for line in &self.last {
            writeln!(formatter, "{}", escaped(line))?;
        }
        Ok(())
    }
}

/// Text without anything that would move a terminal's cursor.
pub fn escaped(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let shown = if c.is_control() {
                c.escape_default().collect::<String>()
            } else {
                c.to_string()
            };
            shown.chars().collect::<Vec<_>>()
        })
        .collect()
}

fn name(attempt: AttemptId) -> String {
    format!("#{}.{}", attempt.segment.0, attempt.number)
}

fn describe_input(input: &Input, waited_for: WaitReason) -> String {
    match input {
        Input::Tick => format!("tick ({waited_for:?})"),
        Input::Opened { attempt, body } => match body {
            Body::Part { range, .. } => format!("{} 206 {range}", name(*attempt)),
            Body::Whole { length } => format!("{} 200 length {length:?}", name(*attempt)),
        },
        Input::Began { attempt } => format!("{} has its first bytes", name(*attempt)),
        Input::Received { attempt, position } => {
            format!("{} has up to {}", name(*attempt), Bytes(*position))
        }
        Input::Shrunk { attempt, end } => format!("{} now ends at {}", name(*attempt), Bytes(*end)),
        Input::Stopped {
            attempt,
            position,
            how,
        } => {
            let how = match how {
                Stop::Drained => "is done".to_owned(),
                Stop::Told => "has let go".to_owned(),
                Stop::Failed(class) => format!("failed: {class:?}"),
            };
            format!("{} {how} at {}", name(*attempt), Bytes(*position))
        }
        Input::Proven { range } => format!("{range} is proven"),
        Input::Disproven { range, source } => format!("{range} is wrong, of {source:?}"),
        Input::Durable { checkpoint } => format!("checkpoint {} is durable", checkpoint.0),
        Input::Verified { .. }
        | Input::Rejected { .. }
        | Input::RateLimit(_)
        | Input::Taken { .. }
        | Input::Cancel => {
            format!("{input:?}")
        }
    }
}

fn describe_output(output: &Output) -> String {
    match output {
        Output::Start {
            attempt,
            source,
            request,
            route,
        } => {
            let what = match request {
                Request::First => "first, from 0".to_owned(),
                Request::Whole => "whole".to_owned(),
                Request::Part(range) => {
                    format!("{range} ({})", Bytes(range.len()))
                }
            };
            let whom = match source.0 {
                0 => String::new(),
                number => format!(" source {number}"),
            };
            format!(
                "{} asks{whom} for {what} by the {route:?} route",
                name(*attempt)
            )
        }
        Output::Grant { attempt, grant } => format!("{} may write {grant:?}", name(*attempt)),
        Output::Extend { attempt, end } => {
            format!("{} goes on to {}", name(*attempt), Bytes(*end))
        }
        Output::Shrink { attempt, cut } => {
            format!("{} is to end at {}", name(*attempt), Bytes(*cut))
        }
        Output::Allow { attempt, end } => {
            format!("{} may write to {}", name(*attempt), Bytes(*end))
        }
        Output::Stop { attempt } => format!("{} is to stop", name(*attempt)),
        Output::Checkpoint { id } => format!("checkpoint {}", id.0),
        Output::Notice(Notice::Retrying {
            attempt,
            class,
            delay,
            ..
        }) => format!(
            "{} will be tried again in {delay:?}: {class:?}",
            name(*attempt)
        ),
        Output::Notice(notice) => format!("{notice:?}"),
        Output::Wait { .. } | Output::Finished(_) => format!("{output:?}"),
    }
}

/// A count of bytes, in the unit people would choose.
struct Bytes(u64);

impl Display for Bytes {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let mib = self.0 as f64 / f64::from(1 << 20);
        if mib < 1024.0 {
            write!(formatter, "{mib:.3} MiB")
        } else {
            write!(formatter, "{:.3} GiB", mib / 1024.0)
        }
    }
}
