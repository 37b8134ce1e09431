//! Owns the identity of one version of the remote file, and the expectation that replies are held
//! against. Bytes of two versions never meet. Knows no reply and no connection.

use range_core::http::validator::{Agreement, Validators};

use crate::transport::media_type::MediaType;

/// One version of the remote file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Generation {
    /// The number of its bytes, if the server says.
    pub(crate) length: Option<u64>,
    /// The validators, which tell it from others.
    pub(crate) validators: Validators,
}

impl Generation {
    /// Reports whether the other one is this very version.
    pub(crate) fn is_surely(&self, other: &Self) -> bool {
        self.length == other.length && self.validators.compare(&other.validators) == Agreement::Same
    }

    /// Reports whether two replies that both differ from the expected version may be of one other
    /// version. A 416 states no more than the length.
    pub(crate) fn agrees_with(&self, other: &Self) -> bool {
        self.length == other.length
            && self.validators.compare(&other.validators) != Agreement::Different
    }
}

/// The properties that a download expects of a reply once it knows the version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Expected {
    pub(crate) generation: Generation,
    /// The media type of the replies before; `None` where nothing is known of them.
    pub(crate) media_type: Option<MediaType>,
    /// True if the media type is of this run. Between two runs a server may have learned a better
    /// type, or the file may have moved to another server.
    pub(crate) is_of_this_run: bool,
    /// True if a digest decides at the end which bytes are right. Validators then refuse nothing:
    /// mirrors of one file have different ones.
    pub(crate) digest_decides: bool,
}

impl Expected {
    /// Reports whether the replies before looked like messages to people or programs.
    pub(crate) fn is_of_a_message(&self) -> bool {
        let media_type = self.media_type.as_ref();
        media_type.is_some_and(|before| before.message().is_some())
    }
}
