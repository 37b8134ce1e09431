//! Owns fuzzing of how faults are written: what is read means the same in a URL and in a scenario,
//! and every complaint is one line that can be shown.
use range_server::{Fault, scenario};

use crate::decoded;

/// Checks what must hold of any bytes.
///
/// # Panics
///
/// Where it does not.
pub fn run(bytes: &[u8]) {
    let Some(input) = decoded::<(bool, &str)>(bytes) else {
        return;
    };
    let (is_scenario, text) = input;
    if is_scenario {
        if let Err(error) = scenario::parse(text) {
            assert!(
                (1..=1 + text.lines().count()).contains(&error.line),
                "{error}"
            );
            assert_shown(&error.to_string());
        }
        return;
    }
    let fault = Fault::parse(text);
    if let Err(error) = &fault {
        assert_shown(&error.to_string());
    }
    let rewritten = as_scenario(text).map(|scenario| scenario::parse(&scenario));
    match (fault, rewritten) {
        (Ok(fault), Some(Ok(faults))) => assert_eq!(faults, [fault]),
        (Err(_), Some(Ok(faults))) => panic!("only a scenario may say {faults:?}"),
        // A table has each key once, and an option is no key if it is empty or the effect.
        (_, Some(Err(_)) | None) => {}
    }
}

/// The same fault as a table, if it can be one.
fn as_scenario(text: &str) -> Option<String> {
    let mut items = text.split(',');
    let mut scenario = format!("[[fault]]\neffect = {}\n", quoted(items.next()?));
    let mut keys = vec!["effect"];
    for item in items {
        let (key, value) = item.split_once('=').unwrap_or((item, ""));
        if keys.contains(&key) {
            return None;
        }
        keys.push(key);
        scenario = scenario + &quoted(key) + " = " + &quoted(value) + "\n";
    }
    Some(scenario)
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let escaped = text.chars().map(|character| match character {
        '"' | '\\' => format!("\\{character}"),
        _ if character.is_control() => format!("\\u{:04X}", u32::from(character)),
        _ => character.to_string(),
    });
    format!("\"{}\"", escaped.collect::<String>())
}

fn assert_shown(line: &str) {
    assert!(!line.contains(char::is_control), "{line:?}");
}
