//! Owns what a server says of the file that it serves, as callers get it. Judges nothing.

use std::time::{Duration, SystemTime};

use crate::generation::Generation;
use crate::redact::SafeUrl;
use crate::transport::media_type::MediaType;

/// The file as the server describes it. The texts are a stranger's: escape them where they are
/// shown.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RemoteFile {
    /// The URL that the redirects led to, without its secrets; the URL of the download, if no
    /// server had to be asked.
    pub url: SafeUrl,
    /// The entity tag as it is sent: `"x"`, or `W/"x"` if it is weak.
    pub entity_tag: Option<String>,
    /// The time of the last change, to the second.
    pub last_modified: Option<SystemTime>,
    /// The media type in lower case, without parameters.
    pub content_type: Option<String>,
}

impl RemoteFile {
    pub(crate) fn new(
        url: SafeUrl,
        generation: Option<&Generation>,
        media_type: Option<&MediaType>,
    ) -> Self {
        let validators = generation.map(|known| &known.validators);
        let date = validators.and_then(|known| known.last_modified);
        let media_type = media_type.filter(|known| known.is_stated());
        Self {
            url,
            entity_tag: validators
                .and_then(|known| known.entity_tag.as_ref())
                .map(ToString::to_string),
            last_modified: date
                .map(|date| SystemTime::UNIX_EPOCH + Duration::from_secs(date.unix_seconds())),
            content_type: media_type.map(|known| known.as_str().to_owned()),
        }
    }
}
