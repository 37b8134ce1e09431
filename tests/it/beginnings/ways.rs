//! The ways in which a download can begin: what the server says, what the command asks for, and
//! what the rules let an interrupted one keep. Runs nothing.

use std::fmt;

use crate::support::cut_off::BLOCK;

/// Sixteen blocks and a bit.
pub(super) const LENGTH: u64 = 16 * BLOCK + 12_345;

/// A tag by which bytes of two runs are known to belong together.
const STRONG: &str = "ETag: \"a\"\r\n";

/// A tag that says too little, and a date that was old when the reply was made.
const WEAK_AND_DATE: &str = "ETag: W/\"a\"\r\nDate: Wed, 01 Jul 2026 10:00:00 GMT\r\n\
                             Last-Modified: Mon, 01 Jun 2026 10:00:00 GMT\r\n";

/// The same date alone.
const DATE: &str = "Date: Wed, 01 Jul 2026 10:00:00 GMT\r\n\
                    Last-Modified: Mon, 01 Jun 2026 10:00:00 GMT\r\n";

/// How the server deals with a `Range`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ranges {
    /// As it should.
    Served,
    /// It sends at most so many bytes of one.
    Capped(u64),
    /// It sends them, and never says how long the file is.
    OfUnknownLength,
    /// It answers 200 with the whole file.
    Ignored,
    /// It refuses the request.
    Refused,
}

/// How the end of a body is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    Length,
    Chunked,
    UntilClose,
}

/// Where the URL of the command leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leads {
    ToTheFile,
    /// To another path of the same host, by a redirect.
    Elsewhere,
    /// To another host, by a redirect.
    ToAnotherHost,
}

/// The reply of the server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    pub(super) length: u64,
    pub(super) ranges: Ranges,
    pub(super) framing: Framing,
    pub(super) leads: Leads,
    /// Of the reply that has the whole file.
    pub(super) status: &'static str,
    pub(super) coding: Option<&'static str>,
    /// Further header fields, each with its end of line.
    pub(super) fields: &'static str,
}

/// Under which name the file is to be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    OfTheUrl(&'static str),
    Suggested(&'static str),
    /// By `-o`, in a directory below.
    Given(&'static str),
}

/// The bytes that an interrupted download may leave to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keeps {
    /// Every block that was whole.
    Blocks,
    /// Nothing: the next run starts over, and says so.
    Nothing,
}

/// One way to begin.
#[derive(Clone, Copy)]
pub(super) struct Way {
    pub(super) called: &'static str,
    pub(super) manner: Manner,
    pub(super) name: Name,
    pub(super) options: &'static [&'static str],
    pub(super) has_checksum: bool,
    pub(super) keeps: Keeps,
}

impl fmt::Debug for Way {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}, {:?}", self.called, self.options)
    }
}

const PLAIN: Manner = Manner {
    length: LENGTH,
    ranges: Ranges::Served,
    framing: Framing::Length,
    leads: Leads::ToTheFile,
    status: "200 OK",
    coding: None,
    fields: STRONG,
};

const IGNORED: Manner = Manner {
    ranges: Ranges::Ignored,
    ..PLAIN
};

/// Of unknown length: no range is served of what nobody knows the end of.
const ENDLESS: Manner = Manner {
    framing: Framing::Chunked,
    ..IGNORED
};

const FILE: Name = Name::OfTheUrl("file.bin");

const fn way(called: &'static str, manner: Manner, keeps: Keeps) -> Way {
    Way {
        called,
        manner,
        name: FILE,
        options: &[],
        has_checksum: false,
        keeps,
    }
}

const fn plain(options: &'static [&'static str]) -> Way {
    Way {
        options,
        ..way(options[0], PLAIN, Keeps::Blocks)
    }
}

const fn with_checksum(way: Way, keeps: Keeps) -> Way {
    Way {
        has_checksum: true,
        keeps,
        ..way
    }
}

const fn said(fields: &'static str) -> Manner {
    Manner { fields, ..PLAIN }
}

const fn of(length: u64) -> Manner {
    Manner { length, ..PLAIN }
}

const fn coded(coding: &'static str, manner: Manner) -> Manner {
    Manner {
        coding: Some(coding),
        ..manner
    }
}

const fn leading(leads: Leads) -> Manner {
    Manner { leads, ..PLAIN }
}

const fn treating(ranges: Ranges) -> Manner {
    Manner { ranges, ..PLAIN }
}

const fn framed(framing: Framing, manner: Manner) -> Manner {
    Manner { framing, ..manner }
}

const fn named(way: Way, name: Name) -> Way {
    Way { name, ..way }
}

/// Each is crossed with every interruption.
pub(super) const WAYS: &[Way] = &[
    way("a strong tag", PLAIN, Keeps::Blocks),
    way("a weak tag and a date", said(WEAK_AND_DATE), Keeps::Blocks),
    way("a date", said(DATE), Keeps::Blocks),
    way("a weak tag", said("ETag: W/\"a\"\r\n"), Keeps::Nothing),
    way("no validators", said(""), Keeps::Nothing),
    with_checksum(
        way("a tag, a checksum", PLAIN, Keeps::Nothing),
        Keeps::Blocks,
    ),
    with_checksum(
        way("no validators, a checksum", said(""), Keeps::Nothing),
        Keeps::Blocks,
    ),
    way("unknown length", ENDLESS, Keeps::Nothing),
    with_checksum(
        way("unknown length, a checksum", ENDLESS, Keeps::Nothing),
        Keeps::Nothing,
    ),
    way(
        "unknown length, ended by closing",
        framed(Framing::UntilClose, IGNORED),
        Keeps::Nothing,
    ),
    way(
        "parts in chunks",
        framed(Framing::Chunked, PLAIN),
        Keeps::Blocks,
    ),
    way("coded", coded("gzip", PLAIN), Keeps::Nothing),
    way(
        "coded, of unknown length",
        coded("gzip", ENDLESS),
        Keeps::Nothing,
    ),
    way(
        "coded, without ranges",
        coded("br", IGNORED),
        Keeps::Nothing,
    ),
    // Apache's `AddEncoding x-gzip .tgz`: the coding is the object's own.
    named(
        way("coded as an object", coded("x-gzip", PLAIN), Keeps::Nothing),
        Name::OfTheUrl("archive.tgz"),
    ),
    with_checksum(
        named(
            way(
                "coded as an object, a checksum",
                coded("x-gzip", PLAIN),
                Keeps::Nothing,
            ),
            Name::OfTheUrl("archive.tgz"),
        ),
        Keeps::Nothing,
    ),
    way("redirected", leading(Leads::Elsewhere), Keeps::Blocks),
    way(
        "redirected to another host",
        leading(Leads::ToAnotherHost),
        Keeps::Blocks,
    ),
    way(
        "redirected, without validators",
        Manner {
            leads: Leads::ToAnotherHost,
            ..said("")
        },
        Keeps::Nothing,
    ),
    way("ranges ignored", IGNORED, Keeps::Nothing),
    way(
        "ranges ignored, no validators",
        Manner {
            fields: "",
            ..IGNORED
        },
        Keeps::Nothing,
    ),
    way("ranges refused", treating(Ranges::Refused), Keeps::Nothing),
    way(
        "ranges capped",
        treating(Ranges::Capped(300_000)),
        Keeps::Blocks,
    ),
    way(
        "parts of unknown length",
        treating(Ranges::OfUnknownLength),
        Keeps::Blocks,
    ),
    way(
        "203",
        Manner {
            status: "203 Non-Authoritative Information",
            ..IGNORED
        },
        Keeps::Nothing,
    ),
    way("an empty file", of(0), Keeps::Blocks),
    way("one byte", of(1), Keeps::Blocks),
    way("one block", of(BLOCK), Keeps::Blocks),
    plain(&["-x", "1"]),
    plain(&["-x", "2"]),
    plain(&["-x", "16"]),
    plain(&["--limit-rate", "16MiB"]),
    plain(&["--no-sync"]),
    plain(&["--write", "mapped"]),
    plain(&["--write", "positioned"]),
    plain(&["--remote-time"]),
    plain(&["--overwrite"]),
    Way {
        options: &["--overwrite", "-x", "1"],
        ..way("--overwrite, ranges ignored", IGNORED, Keeps::Nothing)
    },
    Way {
        name: Name::Suggested("suggested.bin"),
        options: &["--content-disposition"],
        ..way(
            "--content-disposition",
            said("ETag: \"a\"\r\nContent-Disposition: attachment; filename=suggested.bin\r\n"),
            Keeps::Blocks,
        )
    },
    named(
        way("-o in another directory", PLAIN, Keeps::Blocks),
        Name::Given("below/given.bin"),
    ),
];
