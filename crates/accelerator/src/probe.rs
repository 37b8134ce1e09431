//! Owns what can be told of a file before any of it is kept, from the first reply. Sends nothing.

use scheduler::Body;

use crate::error::Error;
use crate::file_name::FileName;
use crate::first::First;
use crate::redact::SafeUrl;
use crate::remote_file::RemoteFile;
use crate::transport::judge_reply::accept;

/// The facts that the first reply tells of a file.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Probe {
    /// The file as the server describes it.
    pub remote: RemoteFile,
    /// The length, unless only the end of the reply would tell.
    pub length: Option<u64>,
    /// True if the server serves ranges, so that the file can be fetched over several connections.
    pub has_ranges: bool,
    /// True if a strong validator tells one version from another, so that a later run can continue
    /// this one. A digest that is expected does as well.
    pub has_strong_validator: bool,
    /// The name that the server suggests with `Content-Disposition`, made harmless.
    pub suggested_name: Option<FileName>,
    /// The content coding that the server insists on. The length is that of the coded bytes.
    pub coding: Option<String>,
    name_in_url: FileName,
}

impl Probe {
    pub(crate) fn new(first: &First, url: SafeUrl, name_in_url: FileName) -> Result<Self, Error> {
        let head = &first.reply.head;
        let accepted = accept(first.request, None, head)?;
        let generation = &accepted.generation;
        let suggested = head.suggested_name.as_deref();
        Ok(Self {
            length: generation.length,
            has_ranges: matches!(accepted.body, Body::Part { .. }),
            has_strong_validator: generation.validators.is_strong(),
            suggested_name: suggested.map(FileName::from_suggestion),
            remote: RemoteFile::new(url, Some(generation), Some(&accepted.media_type)),
            coding: accepted.coding,
            name_in_url,
        })
    }

    /// Returns the name to save the file under: the one that the server suggests, or else that in
    /// the URL.
    pub fn name(&self) -> &FileName {
        self.suggested_name.as_ref().unwrap_or(&self.name_in_url)
    }

    /// Reports whether an interrupted download continues where it was, without a digest.
    pub fn is_resumable(&self) -> bool {
        self.has_ranges && self.has_strong_validator
    }
}
