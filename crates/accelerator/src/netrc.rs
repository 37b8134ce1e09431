//! Owns [`Netrc`]: passwords by host, from a text in the format of `.netrc`. Opens no file.

use crate::credentials::{Credentials, InvalidCredentials};

/// The entries of a `.netrc`.
///
/// The format is that of ftp(1): words `machine NAME login USER password SECRET` in any layout,
/// words in double quotes with `\` before what is meant literally, `account` skipped, `macdef`
/// skipped up to an empty line, and `#` beginning a comment where a word may begin. A `default`
/// entry is skipped: a password for whoever asks belongs to no origin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Netrc(Vec<(String, Credentials)>);

/// An entry as it is written.
#[derive(Default)]
struct Entry {
    host: String,
    login: String,
    password: Option<String>,
}

/// Why a text is no `.netrc`. No word of it is repeated: each may be a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NetrcError {
    /// A word stands where none of the format's can.
    #[error("line {line} has a word that does not belong there")]
    Unexpected {
        /// Counted from 1.
        line: usize,
    },
    /// A name or password cannot be sent.
    #[error(transparent)]
    Credentials(#[from] InvalidCredentials),
    /// The text ends where a value is missing.
    #[error("the value after the word on line {line} is missing")]
    Missing {
        /// Counted from 1.
        line: usize,
    },
}

impl Netrc {
    /// Reads the entries.
    pub fn parse(text: &str) -> Result<Self, NetrcError> {
        let mut words = Words {
            rest: text,
            line: 1,
        };
        let mut entries: Vec<Entry> = Vec::new();
        while let Some(word) = words.next() {
            let line = words.line;
            let mut value = || words.next().ok_or(NetrcError::Missing { line });
            match word.as_str() {
                "machine" => entries.push(Entry {
                    host: value()?.to_ascii_lowercase(),
                    ..Entry::default()
                }),
                // Without a name it is never found.
                "default" => entries.push(Entry::default()),
                "macdef" => words.skip_macro(),
                "login" | "password" | "account" => {
                    let value = value()?;
                    let entry = entries.last_mut().ok_or(NetrcError::Unexpected { line })?;
                    match word.as_str() {
                        "login" => entry.login = value,
                        "password" => entry.password = Some(value),
                        _account => {}
                    }
                }
                _ => return Err(NetrcError::Unexpected { line }),
            }
        }
        let mut found = Vec::new();
        for entry in entries {
            if let Some(password) = entry.password {
                let credentials = Credentials::basic(&entry.login, &password)?;
                found.push((entry.host, credentials));
            }
        }
        Ok(Self(found))
    }

    /// The credentials of a host: those of its first entry that has a password.
    pub fn credentials(&self, host: &str) -> Option<&Credentials> {
        let mut entries = self.0.iter();
        let found = entries.find(|(own, _)| !own.is_empty() && own.eq_ignore_ascii_case(host))?;
        Some(&found.1)
    }
}

struct Words<'a> {
    rest: &'a str,
    line: usize,
}

impl Words<'_> {
    fn next(&mut self) -> Option<String> {
        self.skip_space_and_comments();
        let mut word = String::new();
        let mut characters = self.rest.chars();
        let quoted = self.rest.starts_with('"');
        if quoted {
            characters.next();
        }
        loop {
            let before = characters.as_str();
            match characters.next() {
                Some('\\') => word.extend(characters.next()),
                Some('"') if quoted => break,
                Some(space) if !quoted && space.is_whitespace() => {
                    characters = before.chars();
                    break;
                }
                Some(character) => word.push(character),
                None if word.is_empty() && !quoted => return None,
                None => break,
            }
        }
        self.rest = characters.as_str();
        Some(word)
    }

    fn skip_space_and_comments(&mut self) {
        loop {
            let trimmed = self.rest.trim_start();
            let skipped = &self.rest[..self.rest.len() - trimmed.len()];
            self.line += skipped.matches('\n').count();
            self.rest = trimmed;
            if !trimmed.starts_with('#') {
                return;
            }
            self.rest = trimmed.find('\n').map_or("", |end| &trimmed[end..]);
        }
    }

    /// A macro ends at the first empty line, or with the text.
    fn skip_macro(&mut self) {
        let end = self.rest.find("\n\n").unwrap_or(self.rest.len());
        self.line += self.rest[..end].matches('\n').count();
        self.rest = &self.rest[end..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, host: &str) -> Option<Credentials> {
        Netrc::parse(text).unwrap().credentials(host).cloned()
    }

    fn basic(user: &str, password: &str) -> Credentials {
        Credentials::basic(user, password).unwrap()
    }

    #[test]
    fn entries_are_found_by_host_in_any_layout() {
        let text = "# mine\nmachine a.example login me password p#1\n\
                    machine\tB.example\n  account x\n  password \"two words\\\"\"\n  login you\n\
                    machine c.example login only\nmachine c.example password late\n";
        assert_eq!(found(text, "a.example"), Some(basic("me", "p#1")));
        assert_eq!(found(text, "A.EXAMPLE"), Some(basic("me", "p#1")));
        assert_eq!(found(text, "b.example"), Some(basic("you", "two words\"")));
        assert_eq!(found(text, "c.example"), Some(basic("", "late")));
        for other in ["x.example", "example", "sub.a.example", "a.example.", ""] {
            assert_eq!(found(text, other), None, "{other}");
        }
    }

    #[test]
    fn a_password_for_everyone_is_given_to_no_one() {
        let text = "machine a login x password y default login anonymous password guest";
        assert_eq!(found(text, "b"), None);
        assert_eq!(found(text, ""), None);
        assert_eq!(found(text, "a"), Some(basic("x", "y")));
    }

    #[test]
    fn macros_are_skipped_whatever_they_say() {
        let text =
            "macdef init\nmachine a login evil password evil\n\nmachine a login x password y";
        assert_eq!(found(text, "a"), Some(basic("x", "y")));
        assert_eq!(found("macdef init\nmachine a password b", "a"), None);
    }

    #[test]
    fn what_is_no_netrc_is_refused_by_line_and_without_its_words() {
        for (text, error) in [
            ("hunter2", NetrcError::Unexpected { line: 1 }),
            (
                "machine a login b\n\npassword c d",
                NetrcError::Unexpected { line: 3 },
            ),
            ("login a", NetrcError::Unexpected { line: 1 }),
            ("# x\nmachine", NetrcError::Missing { line: 2 }),
            ("machine a password", NetrcError::Missing { line: 1 }),
            (
                "machine a login b:c password d",
                NetrcError::Credentials(InvalidCredentials::ColonInName),
            ),
        ] {
            assert_eq!(Netrc::parse(text), Err(error), "{text:?}");
        }
        assert!(!format!("{:?}", Netrc::parse("machine a password hunter2")).contains("hunter2"));
    }

    #[test]
    fn every_text_ends() {
        for text in [
            "",
            "\"",
            "\\",
            "machine \"",
            "machine a password \\",
            "#",
            "\u{85}",
            "macdef",
        ] {
            let _parsed = Netrc::parse(text);
        }
        assert_eq!(found("machine a password \"\"", "a"), Some(basic("", "")));
    }
}
