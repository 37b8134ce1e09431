//! Owns which servers there is a profile of, and their names. What each does otherwise than RFC
//! 9110 would have it is data, in `table`.

mod habits;
mod outcome;
mod preconditions;
mod range;
mod rules;
mod table;

pub(crate) use rules::{Answer, Rules};

/// Another server, whose way with ranges, preconditions and validators ours can take on: the
/// status, the range and the fields of its answers, not how it speaks on a connection.
///
/// An empty file, and a `Range` of more than 4096 bytes, get the whole with every profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Profile {
    /// nginx 1.22.
    Nginx,
    /// Apache 2.4.
    Apache,
    /// lighttpd 1.4.
    Lighttpd,
    /// Caddy 2.6.
    Caddy,
    /// The file server of Go's standard library, which Caddy is built on, but without tags.
    Go,
    /// `http.server` of Python, which knows no ranges.
    Python,
    /// Varnish 7.1, answering from its cache.
    Varnish,
    /// `static` of Express 4.
    Express,
}

impl Profile {
    /// All there are.
    pub const ALL: [Self; 8] = [
        Self::Nginx,
        Self::Apache,
        Self::Lighttpd,
        Self::Caddy,
        Self::Go,
        Self::Python,
        Self::Varnish,
        Self::Express,
    ];

    /// The name of the server.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Apache => "apache",
            Self::Lighttpd => "lighttpd",
            Self::Caddy => "caddy",
            Self::Go => "go",
            Self::Python => "python",
            Self::Varnish => "varnish",
            Self::Express => "express",
        }
    }

    /// The one of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| profile.name() == name)
    }
}

#[cfg(test)]
mod tests;
