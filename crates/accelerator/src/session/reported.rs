//! Owns what a session says of a file that is there: how it came to be, and the evidence for it.
//! Changes nothing.

use range_core::digest::{Digest, DigestAlgorithm};
use range_core::http::validator::Strength;

use super::Session;
use crate::generation::Generation;
use crate::published::AlreadyThere;
use crate::remote_file::RemoteFile;
use crate::report::{Completion, Report, Verification};
use crate::transport::media_type::MediaType;

impl Session {
    /// Returns the report of a file that was there.
    pub(super) fn has_found(mut self, there: AlreadyThere) -> Report {
        self.tally.resumed_bytes = there.length;
        self.tally.requests = self.sources.requests();
        self.tally.retries += there.retries;
        let digests = self.task.settings.digests.clone();
        let verified = self.verified(there.generation.as_ref(), true);
        let remote = self.remote(there.generation.as_ref(), None);
        let names = &self.task.names;
        let left = there
            .has_part
            .then(|| self.task.directory.join(names.part()));
        let report = self.report(
            there.completion,
            there.length,
            verified,
            digests,
            there.coding,
            remote,
        );
        Report { left, ..report }
    }

    /// Returns the evidence for a file that has no digest to prove it.
    pub(super) fn verified(
        &self,
        generation: Option<&Generation>,
        all_agree: bool,
    ) -> Verification {
        if self.task.expects_digest() {
            let mut algorithms = self.task.algorithms().into_iter();
            return if algorithms.all(DigestAlgorithm::is_weak) {
                Verification::WeakDigest
            } else {
                Verification::Digest
            };
        }
        let joined = generation.filter(|_| all_agree && !self.doubts_validators);
        let Some(validators) = joined.map(|joined| &joined.validators) else {
            return Verification::None;
        };
        if self.adopted.is_some() && validators.is_strong() {
            return Verification::Sampled;
        }
        let tag = validators.entity_tag.as_ref();
        if tag.is_some_and(|tag| tag.strength() == Strength::Strong) {
            Verification::EntityTag
        } else if validators.is_strong() {
            Verification::LastModified
        } else {
            Verification::None
        }
    }

    /// Returns what the server said of the file.
    pub(super) fn remote(
        &self,
        generation: Option<&Generation>,
        media_type: Option<&MediaType>,
    ) -> RemoteFile {
        let url = self.sources.answered_at();
        let url = url.unwrap_or_else(|| self.task.safe_url());
        RemoteFile::new(url, generation, media_type)
    }

    pub(super) fn report(
        self,
        completion: Completion,
        bytes: u64,
        verified: Verification,
        digests: Vec<Digest>,
        coding: Option<String>,
        remote: RemoteFile,
    ) -> Report {
        Report {
            url: self.task.safe_url(),
            remote,
            completion,
            path: self.task.output.clone(),
            bytes,
            elapsed: self.clock.now().since_start(),
            tally: self.tally,
            verified,
            digests,
            is_claimed: false,
            pieces: None,
            coding,
            left: None,
        }
    }
}
