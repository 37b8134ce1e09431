//! Owns the judgement of a file that has the final name although the run that published it did not
//! live to say so. Knows no network.

use range_core::http::validator::Agreement;
use range_core::journal::{Decoded, Header};
use range_store::{AppendLog, Directory, PartNames, StoreError, StoreFailure, Unfinished};

use crate::builder::Settings;
use crate::error::Error;
use crate::generation::Generation;
use crate::stored_url;
use crate::target::read;

/// The final file, and the journal that says what it is.
#[derive(Debug)]
pub(crate) struct Published {
    file: Unfinished,
    header: Header,
}

impl Published {
    /// The final file, if its journal is still there and claims every byte of it. Only a proven
    /// file can have got that far.
    pub(crate) fn find(directory: &Directory, names: &PartNames) -> Result<Option<Self>, Error> {
        let log = match AppendLog::open(directory, names) {
            Ok(log) => log,
            Err(error) if error.disposition() == StoreFailure::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let Ok(journal) = read(&log)? else {
            return Ok(None);
        };
        let identity = journal.header.part_file;
        let Some(file) = Unfinished::find(directory, names, identity)? else {
            return Ok(None);
        };
        Ok(is_what_the_journal_says(&file, &journal)?.then_some(Self {
            file,
            header: journal.header,
        }))
    }

    /// Which version of the remote file it is.
    pub(crate) fn generation(&self) -> Generation {
        Generation {
            length: Some(self.header.length),
            validators: self.header.validators.clone(),
        }
    }

    /// Whether it is what these settings ask for, without asking the server: it was proven by the
    /// same digests, or came from the same URL.
    pub(crate) fn is_wanted(&self, settings: &Settings) -> bool {
        if settings.digests.is_empty() {
            self.header.url == stored_url::stored(&settings.url, self.header.session)
        } else {
            self.header.digests == settings.digests
        }
    }

    /// Whether it is the version that is served at the URL.
    pub(crate) fn is_served(&self, served: &Generation) -> bool {
        let length = self.header.length;
        let validators = &self.header.validators;
        served.length.is_none_or(|served| served == length)
            && validators.compare(&served.validators) == Agreement::Same
    }

    /// Does what is left of publishing it.
    pub(crate) fn finish(self, sync: bool) -> Result<(), StoreError> {
        self.file.finish(sync)
    }
}

fn is_what_the_journal_says(found: &Unfinished, journal: &Decoded) -> Result<bool, StoreError> {
    let (length, block_size) = (journal.header.length, journal.header.block_size);
    if found.length()?.0 != length || !journal.is_complete() {
        return Ok(false);
    }
    for &(block, hash) in &journal.blocks {
        let range = block_size.range_of(block, length);
        let range = range.expect("the journal's reader lets no block past the end through");
        if found.hash_block(range)? != hash {
            return Ok(false);
        }
    }
    Ok(true)
}
