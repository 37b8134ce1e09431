//! Owns `sheave inspect`: what a part file holds, on standard output. Does not read it itself.

use accelerator::{ByteCount, Inspection};
use console::Term;

use crate::exit_code::Exit;
use crate::printer;
use crate::report::{self, BlockMap, json};
use crate::settings::InspectSettings;
use crate::terminal_text::TerminalText;

/// Shows one part file.
pub(crate) fn run(settings: &InspectSettings) -> Exit {
    let part = settings.part.to_string_lossy();
    let inspection = match accelerator::inspect(&settings.part) {
        Ok(inspection) => inspection,
        Err(error) => {
            return printer::failure(error.kind().into(), &format_args!("{part}: {error}"));
        }
    };
    if settings.json {
        printer::data(json::inspection(&part, &inspection));
        return Exit::Success;
    }
    for (label, value) in facts(&part, &inspection) {
        printer::data(format_args!("{label:<9} {}", TerminalText(&value)));
    }
    if let Some(map) = BlockMap::of_inspection(&inspection) {
        let (_, columns) = Term::stdout().size();
        printer::data(settings.palette.draw(&map.cells(usize::from(columns))));
    }
    Exit::Success
}

fn facts(part: &str, inspection: &Inspection) -> Vec<(&'static str, String)> {
    let (present, length) = (inspection.claimed.len(), inspection.length);
    let share = report::percent(ByteCount(present), ByteCount(length));
    let mut facts = vec![
        ("part", part.to_owned()),
        ("url", inspection.url.clone()),
        ("length", amount(length)),
        (
            "present",
            format!("{}, {}%", amount(present), share.unwrap_or(100)),
        ),
    ];
    facts.extend(inspection.entity_tag.clone().map(|tag| ("etag", tag)));
    let modified = inspection.last_modified.clone();
    facts.extend(modified.map(|date| ("modified", date)));
    let digests = json::digest_names(&inspection.digests);
    facts.extend(digests.into_iter().map(|digest| ("expects", digest)));
    if inspection.torn > 0 {
        facts.push((
            "torn",
            format!("{} of the journal", amount(inspection.torn)),
        ));
    }
    facts
}

/// In a unit people read, and exactly.
fn amount(bytes: u64) -> String {
    match bytes {
        0..1024 => ByteCount(bytes).to_string(),
        _ => format!("{} ({bytes} bytes)", ByteCount(bytes)),
    }
}
