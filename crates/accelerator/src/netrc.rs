//! Owns [`Netrc`]: passwords by host, from a text in the format of `.netrc`. Opens no file.

use crate::credentials::Credentials;

/// The entries of a `.netrc`.
///
/// The file belongs to many programs, so nothing in it is an error: it is read as curl reads it.
/// Words `machine NAME login USER password SECRET` stand in any layout; words that mean nothing
/// here are passed over; `#` where a word may begin makes the rest of the line a comment; a value
/// in double quotes has `\` before a character that is meant literally; `macdef` ends at the first
/// empty line. The bytes of a value are sent as they are. A `default` entry is skipped: a password
/// for any host that asks belongs to no origin. An entry that cannot be sent is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Netrc(Vec<Entry>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    host: Vec<u8>,
    credentials: Credentials,
}

/// An entry as it is written.
#[derive(Default)]
struct Draft {
    /// The host. Without a name the entry is never found.
    host: Vec<u8>,
    login: Vec<u8>,
    password: Option<Vec<u8>>,
}

impl Netrc {
    /// Reads the entries.
    pub fn parse(text: &[u8]) -> Self {
        let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
        let mut words = Words { rest: text };
        let mut drafts: Vec<Draft> = Vec::new();
        while let Some(word) = words.next() {
            match word.to_ascii_lowercase().as_slice() {
                b"machine" => drafts.push(Draft {
                    host: words.value().unwrap_or_default(),
                    ..Draft::default()
                }),
                b"default" => drafts.push(Draft::default()),
                b"macdef" => words.skip_macro(),
                name @ (b"login" | b"password" | b"account") => {
                    let value = words.value();
                    let Some(draft) = drafts.last_mut() else {
                        continue;
                    };
                    match name {
                        b"login" => draft.login = value.unwrap_or_default(),
                        b"password" => draft.password = value,
                        _account => {}
                    }
                }
                _other => {}
            }
        }
        Self(drafts.into_iter().filter_map(Draft::finish).collect())
    }

    /// Returns the credentials of a host: those of its first entry that has a password.
    pub fn credentials(&self, host: &str) -> Option<&Credentials> {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let is_its = |entry: &&Entry| entry.host.eq_ignore_ascii_case(host.as_bytes());
        Some(&self.0.iter().find(is_its)?.credentials)
    }
}

impl Draft {
    fn finish(self) -> Option<Entry> {
        let credentials = Credentials::basic_of_bytes(&self.login, &self.password?).ok()?;
        let host = self.host.strip_prefix(b"[").unwrap_or(&self.host);
        let host = host.strip_suffix(b"]").unwrap_or(host).to_vec();
        (!host.is_empty()).then_some(Entry { host, credentials })
    }
}

struct Words<'a> {
    rest: &'a [u8],
}

impl Words<'_> {
    /// Returns the next word, which may be the name of something.
    fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            self.rest = self.rest.trim_ascii_start();
            if self.rest.is_empty() {
                return None;
            }
            if !self.rest.starts_with(b"#") {
                // An open quote is no word.
                return Some(self.word().unwrap_or_default());
            }
            self.skip_line();
        }
    }

    /// Returns the value after a name. Here `#` is a character like any other.
    fn value(&mut self) -> Option<Vec<u8>> {
        self.rest = self.rest.trim_ascii_start();
        if self.rest.is_empty() {
            return None;
        }
        self.word()
    }

    /// Returns a word; `None` for a quote that is not closed on its line, which is then over.
    fn word(&mut self) -> Option<Vec<u8>> {
        let Some(quoted) = self.rest.strip_prefix(b"\"") else {
            let is_end = |byte: &u8| byte.is_ascii_whitespace();
            let end = self.rest.iter().position(is_end).unwrap_or(self.rest.len());
            let (word, rest) = self.rest.split_at(end);
            self.rest = rest;
            return Some(word.to_vec());
        };
        let mut word = Vec::new();
        let mut bytes = quoted.iter();
        while let Some(&byte) = bytes.next() {
            match byte {
                b'"' => {
                    self.rest = bytes.as_slice();
                    return Some(word);
                }
                b'\\' => match bytes.next() {
                    Some(b'n') => word.push(b'\n'),
                    Some(b'r') => word.push(b'\r'),
                    Some(b't') => word.push(b'\t'),
                    Some(&other) => word.push(other),
                    None => break,
                },
                b'\n' => break,
                other => word.push(other),
            }
        }
        self.skip_line();
        None
    }

    fn skip_line(&mut self) -> &[u8] {
        let end = self.rest.iter().position(|byte| *byte == b'\n');
        let (line, rest) = match end {
            Some(end) => (&self.rest[..end], &self.rest[end + 1..]),
            None => (self.rest, &[][..]),
        };
        self.rest = rest;
        line
    }

    /// Skips a macro, which ends at the first empty line, or with the text.
    fn skip_macro(&mut self) {
        self.skip_line();
        while !self.rest.is_empty() {
            if matches!(self.skip_line(), b"" | b"\r") {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, host: &str) -> Option<Credentials> {
        Netrc::parse(text.as_bytes()).credentials(host).cloned()
    }

    fn basic(user: &str, password: &str) -> Credentials {
        Credentials::basic(user, password).unwrap()
    }

    #[test]
    fn entries_are_found_by_host_in_any_layout() {
        let text = "# mine\nmachine a.example login me password p#1\n\
                    machine\tB.example\n  account x\n  password \"two words\\\"\"\n  login you\n\
                    machine c.example login only\nmachine c.example password late\n\
                    Machine d.example LOGIN up Password case machine ::1 password six\n\
                    machine [::2] password brackets";
        assert_eq!(found(text, "a.example"), Some(basic("me", "p#1")));
        assert_eq!(found(text, "A.EXAMPLE"), Some(basic("me", "p#1")));
        assert_eq!(found(text, "b.example"), Some(basic("you", "two words\"")));
        assert_eq!(found(text, "c.example"), Some(basic("", "late")));
        assert_eq!(found(text, "d.example"), Some(basic("up", "case")));
        assert_eq!(found(text, "[::1]"), Some(basic("", "six")));
        assert_eq!(found(text, "[::2]"), Some(basic("", "brackets")));
        for other in ["x.example", "example", "sub.a.example", "a.example.", ""] {
            assert_eq!(found(text, other), None, "{other}");
        }
    }

    #[test]
    fn what_other_programs_wrote_takes_nothing_from_an_entry() {
        let ours = "machine a login me password pass\n";
        for around in [
            "{}",
            "machine b login c port 993 password d\n{}",
            "machine b protocol https login c password d\n{}",
            "machine b user c password d\n{}",
            "machine b login c:d password e\n{}",
            "machine b login c password #d\n{}",
            "machine b login c password d#e\n{}",
            "machine b login c password d\"e\n{}",
            "machine b login c password \"d\n{}",
            "machine b login \"c password d\n{}",
            "machine b password \"d\\\n{}",
            "machine b password d # a note about a\n{}",
            "machine b password d account e\n{}",
            "machine b\nlogin c\n\n\n  password d\n\n{}",
            "login x password y\n{}",
            "hunter2\n{}",
            "\u{feff}{}",
            "# caf\u{e9}: machine a login no password no\n{}",
            "macdef init\ncd /\nmachine a login no password no\n\n{}",
            "machine b login c password d\nmacdef init\n\tcd /\n \n\tmachine a password no\n\n{}",
            "default login anonymous password guest\n{}",
            "{}default login anonymous password guest",
            "{}macdef init\nmachine a login no password no",
            "{}machine a login no password no",
            "{}machine",
            "{}machine b password",
        ] {
            let text = around.replace("{}", ours);
            for text in [text.replace('\n', "\r\n"), text] {
                assert_eq!(found(&text, "a"), Some(basic("me", "pass")), "{text:?}");
            }
        }
        assert_eq!(found(ours.trim_end(), "a"), Some(basic("me", "pass")));
    }

    #[test]
    fn passwords_are_taken_literally() {
        for (written, meant) in [
            ("#b", "#b"),
            ("b#", "b#"),
            ("b\"c", "b\"c"),
            ("a\\b", "a\\b"),
            ("\"a\\\\b\"", "a\\b"),
            ("\"# \"", "# "),
            ("\"\"", ""),
            ("machine", "machine"),
            ("login", "login"),
            ("p\u{e4}ss", "p\u{e4}ss"),
        ] {
            let text = format!("machine a login me password {written}\nmachine b password c");
            assert_eq!(found(&text, "a"), Some(basic("me", meant)), "{written}");
            assert_eq!(found(&text, "b"), Some(basic("", "c")), "{written}");
        }
        let latin = Netrc::parse(b"machine a login me password p\xe4ss");
        let sent = Credentials::basic_of_bytes(b"me", b"p\xe4ss").unwrap();
        assert_eq!(latin.credentials("a"), Some(&sent));
    }

    #[test]
    fn a_password_for_everyone_is_given_to_no_one() {
        let text = "machine a login x password y default login anonymous password guest";
        assert_eq!(found(text, "b"), None);
        assert_eq!(found(text, ""), None);
        assert_eq!(found(text, "a"), Some(basic("x", "y")));
    }

    #[test]
    fn an_entry_that_cannot_be_sent_is_none() {
        for text in [
            "machine a login b:c password d",
            "machine a login b password \"c\\nd\"",
            "machine a login b password \"c",
            "machine a login b",
            "machine \"\" password b",
        ] {
            assert_eq!(found(text, "a"), None, "{text}");
        }
        let shown = format!("{:?}", Netrc::parse(b"machine a password hunter2"));
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn every_text_ends() {
        for text in [
            "",
            "\"",
            "\\",
            "machine \"",
            "machine a password \\",
            "machine a password \"\\",
            "#",
            "\u{85}",
            "macdef",
            "\r",
            "\0",
        ] {
            let _parsed = Netrc::parse(text.as_bytes());
        }
    }
}
