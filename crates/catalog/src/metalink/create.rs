//! Owns the writing of Metalink 4: entries in, text out.

use std::fmt::Write as _;

use quick_xml::escape::escape;

use crate::entry::{Entry, Pieces, Signature};
use crate::name::first_clash;
use crate::source::{Priority, Source};
use crate::told::told;

/// The reason why entries make no document.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CreateError {
    /// There is none.
    #[error("there is no file to list")]
    Empty,
    /// Two files have one name, or one is where the other needs a directory.
    #[error("two files would be saved as {0:?}")]
    Clash(String),
}

/// Returns a document of Metalink 4 that lists `entries`, in their order.
///
/// Checksums of algorithms without a registered name are left out, and so are numbers of
/// connections, which Metalink 4 has no place for. All else is read back as it was.
///
/// ```
/// use catalog::{Algorithm, Checksum, Entry, Priority, RelativeName, Source, SourceUrl, metalink};
///
/// let mut entry = Entry::new(RelativeName::parse("dir/empty").unwrap());
/// entry.size = Some(0);
/// let md5 = Checksum::from_hex(Algorithm::Md5, "d41d8cd98f00b204e9800998ecf8427e").unwrap();
/// entry.checksums.add(md5).unwrap();
/// entry.sources.push(Source {
///     url: SourceUrl::parse("https://example.org/empty", None).unwrap(),
///     priority: Priority::new(1).unwrap(),
///     location: None,
///     max_connections: None,
/// });
/// let document = metalink::create(&[entry.clone()]).unwrap();
/// assert_eq!(metalink::read(document.as_bytes(), None).unwrap().entries, [entry]);
/// ```
pub fn create(entries: &[Entry]) -> Result<String, CreateError> {
    if entries.is_empty() {
        return Err(CreateError::Empty);
    }
    if let Some(name) = first_clash(entries.iter().map(|entry| &entry.name)) {
        return Err(CreateError::Clash(told(name.as_str())));
    }
    let mut document = String::from(concat!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n",
        "<metalink xmlns=\"urn:ietf:params:xml:ns:metalink\">\n",
    ));
    for entry in entries {
        add_file(&mut document, entry);
    }
    document.push_str("</metalink>\n");
    Ok(document)
}

fn add_file(document: &mut String, entry: &Entry) {
    add(
        document,
        format_args!("  <file name=\"{}\">\n", escape(entry.name.as_str())),
    );
    if let Some(size) = entry.size {
        add(document, format_args!("    <size>{size}</size>\n"));
    }
    for checksum in entry.checksums.iter() {
        if let Some(name) = checksum.algorithm().registered() {
            let hex = checksum.hex();
            add(
                document,
                format_args!("    <hash type=\"{name}\">{hex}</hash>\n"),
            );
        }
    }
    if let Some(pieces) = &entry.pieces {
        add_pieces(document, pieces);
    }
    for source in &entry.sources {
        add_source(document, source);
    }
    if let Some(signature) = &entry.signature {
        add_signature(document, signature);
    }
    document.push_str("  </file>\n");
}

fn add_pieces(document: &mut String, pieces: &Pieces) {
    let Some(name) = pieces.algorithm().registered() else {
        return;
    };
    let length = pieces.length();
    add(
        document,
        format_args!("    <pieces length=\"{length}\" type=\"{name}\">\n"),
    );
    for hash in pieces.iter() {
        let hex = hash.hex();
        add(document, format_args!("      <hash>{hex}</hash>\n"));
    }
    document.push_str("    </pieces>\n");
}

fn add_source(document: &mut String, source: &Source) {
    document.push_str("    <url");
    if let Some(location) = &source.location {
        add(
            document,
            format_args!(" location=\"{}\"", location.as_str()),
        );
    }
    if source.priority != Priority::LAST {
        add(
            document,
            format_args!(" priority=\"{}\"", source.priority.get()),
        );
    }
    add(
        document,
        format_args!(">{}</url>\n", escape(source.url.as_str())),
    );
}

fn add_signature(document: &mut String, signature: &Signature) {
    let media_type = escape(signature.media_type());
    // A reader makes one line end of both characters, unless it is told of the first one.
    let text = escape(signature.text()).replace('\r', "&#13;");
    add(
        document,
        format_args!("    <signature mediatype=\"{media_type}\">{text}</signature>\n"),
    );
}

fn add(document: &mut String, text: std::fmt::Arguments<'_>) {
    document
        .write_fmt(text)
        .expect("writing to a string does not fail");
}
