//! Owns a record as a line of JSON. Other programs read it, so fields are added and never renamed.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use http::HeaderMap;
use http::header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION};
use serde_json::{Value, json};

use super::{Ending, RequestRecord};

/// Stands for what is a secret.
const HIDDEN: &str = "***";

impl RequestRecord {
    /// The record as one JSON object in one line of ASCII. Credentials are left out: of
    /// `Authorization` the scheme is shown, of cookies nothing.
    pub fn to_json(&self) -> String {
        let ending = match self.ending {
            Ending::Complete => "complete",
            Ending::Interrupted => "interrupted",
            Ending::Cut => "cut",
            Ending::Failed => "failed",
        };
        let elapsed = (self.elapsed.as_secs_f64() * 1000.0).round() / 1000.0;
        let fields = [
            ("time", json!(self.time_stamp())),
            ("request", json!(self.number)),
            ("connection", json!(self.connection)),
            ("peer", json!(self.peer.to_string())),
            ("method", json!(self.method.as_str())),
            ("path", json!(self.path)),
            ("protocol", json!(format!("{:?}", self.protocol))),
            ("range", json!(self.range())),
            ("if_match", json!(self.header("if-match"))),
            ("if_none_match", json!(self.header("if-none-match"))),
            ("if_modified_since", json!(self.header("if-modified-since"))),
            (
                "if_unmodified_since",
                json!(self.header("if-unmodified-since")),
            ),
            ("if_range", json!(self.header("if-range"))),
            ("headers", headers(&self.headers)),
            ("status", json!(self.status.as_u16())),
            ("etag", json!(self.response_header("etag"))),
            (
                "last_modified",
                json!(self.response_header("last-modified")),
            ),
            (
                "content_range",
                json!(self.content_range.map(|range| range.to_string())),
            ),
            ("parts", json!(self.parts.len())),
            ("promised_bytes", json!(self.promised.0)),
            ("sent_bytes", json!(self.sent.0)),
            ("elapsed_s", json!(elapsed)),
            ("ending", json!(ending)),
            ("why", json!(self.why)),
            ("faults", json!(self.faults)),
        ];
        let mut line = String::from("{");
        for (index, (name, value)) in fields.into_iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            let _ = write!(line, "{comma}\"{name}\":");
            push_ascii(&mut line, &value.to_string());
        }
        line.push('}');
        line
    }
}

/// The fields of a request by their names in lower case, lines of the same name joined with commas.
fn headers(fields: &HeaderMap) -> Value {
    let mut shown = BTreeMap::<&str, String>::new();
    for (name, value) in fields {
        let text = String::from_utf8_lossy(value.as_bytes());
        let text = if name == AUTHORIZATION || name == PROXY_AUTHORIZATION {
            match text.split_once(' ') {
                Some((scheme, _)) => format!("{scheme} {HIDDEN}"),
                None => HIDDEN.to_owned(),
            }
        } else if name == COOKIE {
            HIDDEN.to_owned()
        } else {
            text.into_owned()
        };
        let all = shown.entry(name.as_str()).or_default();
        if !all.is_empty() {
            all.push_str(", ");
        }
        all.push_str(&text);
    }
    json!(shown)
}

/// Adds JSON with everything beyond ASCII escaped: nothing in it then acts on a terminal.
fn push_ascii(line: &mut String, text: &str) {
    for character in text.chars() {
        if character.is_ascii() && character != '\x7f' {
            line.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            let _ = write!(line, "\\u{unit:04x}");
        }
    }
}
