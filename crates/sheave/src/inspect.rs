//! Owns `sheave inspect`: what a part file holds, on standard output. Does not read it itself.

use std::io;

use accelerator::{ByteCount, Checked, Error, ErrorKind, Inspection};
use console::Term;

use crate::exit_code::Exit;
use crate::printer;
use crate::report::{self, Bars, BlockMap, json};
use crate::settings::InspectSettings;
use crate::terminal_text::TerminalText;

/// The interval at which the bars are drawn anew while a part file is read back.
const STEPS: u64 = 200;

/// Shows one part file.
pub(crate) fn run(settings: &InspectSettings) -> Exit {
    let part = settings.part.to_string_lossy();
    if part.contains("://") && !settings.part.exists() {
        // It may hold a password.
        let why = "inspect reads a part file on this machine, not a URL";
        return report::refused(Exit::Usage, why, settings.json);
    }
    let inspected = accelerator::inspect(&settings.part).and_then(|inspection| {
        let checked = settings.verify.then(|| verify(settings, &inspection));
        Ok((checked.transpose()?, inspection))
    });
    let (checked, inspection) = match inspected {
        Ok(both) => both,
        Err(error) => {
            let found = settings.part.symlink_metadata();
            let is_missing = found.is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
            let what = if error.kind() == ErrorKind::Disk && is_missing {
                format!("{part}: there is no such file")
            } else {
                format!("{part}: {error}")
            };
            return report::refused(error.kind().into(), &what, settings.json);
        }
    };
    let checked = checked.as_ref();
    if settings.json {
        printer::data(json::inspection(&part, &inspection, checked));
    } else {
        for (label, value) in facts(&part, &inspection, checked) {
            printer::data(format_args!("{label:<9} {}", TerminalText(&value)));
        }
        if let Some(map) = BlockMap::of_inspection(&inspection, checked) {
            let (_, columns) = Term::stdout().size();
            printer::data(settings.palette.draw(&map.cells(usize::from(columns))));
        }
    }
    match checked.map_or(0, |checked| checked.rejected.len()) {
        0 => Exit::Success,
        rejected => printer::failure(
            Exit::Corrupt,
            &format_args!(
                "{part}: {} are not what was written; get fetches them again",
                amount(rejected)
            ),
        ),
    }
}

fn verify(settings: &InspectSettings, inspection: &Inspection) -> Result<Checked, Error> {
    let name = settings.part.file_name().unwrap_or_default();
    let name = name.to_string_lossy();
    let bars = settings.bars.map(Bars::new);
    let step = inspection.claimed.len() / STEPS;
    let mut drawn_at = u64::MAX;
    inspection.verify(|checked| {
        let left = checked.left.len();
        if let Some(bars) = &bars
            && drawn_at - left >= step
        {
            drawn_at = left;
            bars.draw_check(&name, inspection, checked);
        }
    })
}

fn facts(
    part: &str,
    inspection: &Inspection,
    checked: Option<&Checked>,
) -> Vec<(&'static str, String)> {
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
    if let Some(checked) = checked {
        facts.push(("verified", amount(checked.verified.len())));
        facts.push(("rejected", amount(checked.rejected.len())));
    }
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
