//! Owns what identifies one version of the remote file, and what replies are held against. Bytes of
//! two versions never meet. Knows no reply and no connection.

use range_core::http::validator::{Agreement, Validators};

use crate::transport::media_type::MediaType;

/// One version of the remote file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Generation {
    /// How many bytes it has, where the server says.
    pub(crate) length: Option<u64>,
    /// What tells it from others.
    pub(crate) validators: Validators,
}

impl Generation {
    /// Whether two replies that both differ from what was expected may be of one other version.
    /// A 416 states no more than the length.
    pub(crate) fn agrees_with(&self, other: &Self) -> bool {
        self.length == other.length
            && self.validators.compare(&other.validators) != Agreement::Different
    }
}

/// What a download expects of a reply once it knows which version it is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Expected {
    pub(crate) generation: Generation,
    /// The media type of the replies before; `None` where nothing is known of them.
    pub(crate) media_type: Option<MediaType>,
    /// Whether that is of this run. Between two runs a server may have learned a better type, or
    /// the file have moved to another server.
    pub(crate) is_of_this_run: bool,
    /// Whether a digest decides at the end which bytes are right. Validators then refuse nothing:
    /// mirrors of one file have different ones.
    pub(crate) digest_decides: bool,
}
