//! Owns the one plot of the results: bars for the tables of a few scenarios, as SVG. It is drawn
//! from the tables as they are kept, so that it cannot say anything else. Measures nothing.

use std::fmt::Write as _;

/// A part of the plot: a table, its title, and the rows that are drawn.
struct Panel {
    scenario: &'static str,
    title: &'static str,
    /// The name of a row in the table, and the one in the plot.
    ours: (&'static str, &'static str),
}

const PANELS: &[Panel] = &[
    Panel {
        scenario: "wan-100ms",
        title: "512 MiB over 100 ms, 400 Mbit/s and 0.05 % loss, to the disk: seconds",
        ours: ("sheave", "sheave"),
    },
    Panel {
        scenario: "loopback",
        title: "2 GiB from this machine, none waiting for the disk: seconds",
        ours: ("sheave --no-sync", "sheave --no-sync"),
    },
];

/// The peers that are drawn: what people have, in their best row of each table.
const PEERS: &[&str] = &["axel", "aria2", "lftp", "rclone", "wget2", "curl"];

const WIDTH: f64 = 760.0;
const LABEL: f64 = 150.0;
const ROW: f64 = 24.0;
const BAR: f64 = 16.0;
/// Room behind a bar for its number.
const NUMBER: f64 = 60.0;

/// The tables that are needed, by scenario.
pub(super) fn scenarios() -> impl Iterator<Item = &'static str> {
    PANELS.iter().map(|panel| panel.scenario)
}

/// A contender's time.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Time {
    Seconds(f64),
    /// It was ended after so long.
    MoreThan(f64),
}

impl Time {
    fn seconds(self) -> f64 {
        match self {
            Self::Seconds(seconds) | Self::MoreThan(seconds) => seconds,
        }
    }
}

/// Draws the plot from the tables, in the order of [`scenarios`]; `None` if one lacks our own row.
pub(super) fn drawn(tables: &[String]) -> Option<String> {
    let mut body = String::new();
    let mut y = 8.0;
    for (panel, table) in PANELS.iter().zip(tables) {
        y = draw_panel(&mut body, panel, table, y)?;
    }
    let mut svg = String::new();
    // Writing to a String cannot fail.
    let _ = write!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH:.0} {y:.0}\" role=\"img\" \
         aria-label=\"Times of sheave and of other downloaders\">\n\
         <!-- Written by `cargo xtask bench plot` from the tables in this directory. -->\n<style>\
         text{{font:13px system-ui,sans-serif;fill:#1f2328}}.title{{font-weight:600}}\
         .own{{fill:#1a7f37}}.other{{fill:#818b98}}.ended{{fill:#818b98;fill-opacity:.45}}\
         @media (prefers-color-scheme:dark){{text{{fill:#e6edf3}}.own{{fill:#3fb950}}}}\
         </style>\n{body}</svg>\n"
    );
    Some(svg)
}

/// Draws one panel from `y` on, and returns where it ends.
fn draw_panel(body: &mut String, panel: &Panel, table: &str, mut y: f64) -> Option<f64> {
    let (row, name) = panel.ours;
    let mut bars = vec![(name.to_owned(), best(table, |own| own == row)?)];
    let mut peers: Vec<(String, Time)> = Vec::new();
    for peer in PEERS {
        let is_own = |name: &str| name.split(' ').next() == Some(peer);
        // One that was not installed is left out.
        let Some((name, time)) = best_named(table, is_own) else {
            continue;
        };
        // A width of one is how such a program works, and no choice.
        let name = name.strip_suffix(" 1").unwrap_or(&name).to_owned();
        peers.push((name, time));
    }
    peers.sort_by(|one, other| one.1.seconds().total_cmp(&other.1.seconds()));
    bars.extend(peers);
    let longest = bars.iter().map(|(_, time)| time.seconds());
    let scale = (WIDTH - LABEL - NUMBER) / longest.fold(0.0, f64::max);
    let title = panel.title;
    let _ = writeln!(
        body,
        "<text class=\"title\" x=\"0\" y=\"{:.0}\">{title}</text>",
        y + 14.0
    );
    y += 26.0;
    for (index, (name, time)) in bars.iter().enumerate() {
        let (class, text) = match time {
            Time::Seconds(seconds) if index == 0 => ("own", format!("{seconds:.1}")),
            Time::Seconds(seconds) => ("other", format!("{seconds:.1}")),
            Time::MoreThan(seconds) => ("ended", format!("over {seconds:.0}")),
        };
        let (length, line) = (time.seconds() * scale, y + 13.0);
        let _ = writeln!(
            body,
            "<text x=\"{:.0}\" y=\"{line:.0}\" text-anchor=\"end\">{name}</text>\
             <rect class=\"{class}\" x=\"{LABEL}\" y=\"{y:.0}\" width=\"{length:.1}\" \
             height=\"{BAR}\" rx=\"2\"/><text x=\"{:.1}\" y=\"{line:.0}\">{text}</text>",
            LABEL - 8.0,
            LABEL + length + 6.0
        );
        y += ROW;
    }
    Some(y + 10.0)
}

fn best(table: &str, is_wanted: impl Fn(&str) -> bool) -> Option<Time> {
    best_named(table, is_wanted).map(|(_, time)| time)
}

/// The fastest of the rows that are wanted, with its name.
fn best_named(table: &str, is_wanted: impl Fn(&str) -> bool) -> Option<(String, Time)> {
    let rows = table.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| ")?.split('|').map(str::trim);
        let name = cells.next().filter(|name| is_wanted(name))?;
        Some((name.to_owned(), time(cells.next()?)?))
    });
    rows.min_by(|one, other| {
        let is_ended = |time: Time| matches!(time, Time::MoreThan(_));
        let by_end = is_ended(one.1).cmp(&is_ended(other.1));
        by_end.then(one.1.seconds().total_cmp(&other.1.seconds()))
    })
}

fn time(cell: &str) -> Option<Time> {
    if let Some((_, limit)) = cell.split_once("took longer than ") {
        let seconds = limit.strip_suffix(" s")?.parse().ok()?;
        return Some(Time::MoreThan(seconds));
    }
    cell.parse().ok().map(Time::Seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
|                 | median s |\n\
| :-------------- | -------: |\n\
| sheave          |   12.754 |\n\
| aria2 16        | run 1: took longer than 46 s | |\n\
| aria2 32        |   22.592 |\n\
| curl 1          | run 1: took longer than 46 s | |\n\
| rclone          | is not installed | |\n";

    #[test]
    fn a_peer_is_drawn_by_its_best_row() {
        let named = |peer: &str| best_named(TABLE, |name| name.split(' ').next() == Some(peer));
        let aria2 = ("aria2 32".to_owned(), Time::Seconds(22.592));
        assert_eq!(named("aria2"), Some(aria2));
        assert_eq!(
            named("curl"),
            Some(("curl 1".to_owned(), Time::MoreThan(46.0)))
        );
        assert_eq!(named("rclone"), None);
        assert_eq!(named("wget2"), None);
    }

    #[test]
    fn the_plot_is_that_of_the_tables() {
        let tables = scenarios()
            .map(crate::document::read)
            .collect::<Result<Vec<_>, _>>();
        let plot = drawn(&tables.unwrap()).expect("the tables have every row");
        assert_eq!(
            plot,
            crate::document::plot().unwrap(),
            "run `cargo xtask bench plot`"
        );
    }
}
