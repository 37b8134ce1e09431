//! Owns the place where a download goes: what an earlier run left there, the check that this is of
//! the same file, and what is created. Knows no network, and not how a file is kept.

use std::sync::Arc;

use range_core::http::validator::{Agreement, Validators};
use range_core::units::ByteCount;
use range_store::journal::{Header, SessionId};
use range_store::{
    Claims, Description, Directory, Foreign, Found as Stored, Keeping, Location, ResumableFile,
};

use crate::error::{Cause, Error, ErrorKind, Occupied};
use crate::events::RestartReason;
use crate::generation::Generation;
use crate::settings::Exists;
use crate::stored_url;
use crate::task::Task;
use crate::transport::media_type::MediaType;

/// The largest number that is put behind a name. Each one before it costs a look at the directory.
const NUMBER_MAX: u32 = 9999;

/// The place a download goes to.
#[derive(Debug)]
pub(crate) struct Target {
    location: Location,
    task: Arc<Task>,
}

/// The remains of an earlier run.
#[derive(Debug)]
pub(crate) struct Earlier {
    pub(crate) file: ResumableFile,
    pub(crate) generation: Generation,
    /// The media type of the reply that the file was begun from, if the journal tells.
    pub(crate) media_type: Option<MediaType>,
    /// The content coding of that reply, if it had one.
    pub(crate) coding: Option<String>,
    /// True if no validator joins its bytes to each other.
    pub(crate) is_mixed: bool,
    pub(crate) claims: Claims,
}

/// The bytes to begin with.
#[derive(Debug)]
pub(crate) enum Found {
    /// Nothing; or something that was of no use and is gone.
    Nothing(Option<RestartReason>),
    /// Bytes to verify and continue from.
    Earlier(Box<Earlier>),
}

impl Target {
    /// Opens the directory.
    pub(crate) fn open(task: Arc<Task>) -> Result<Self, Error> {
        let keeping = Keeping {
            write_mode: task.settings.write_mode,
            sync: task.settings.sync,
            takes_several: !task.mirrors.is_empty() || task.settings.exists == Exists::Continue,
        };
        let path = &task.directory;
        let directory = Directory::open(path).map_err(|error| Error::of_directory(path, error))?;
        let location = Location::new(directory, task.names.clone(), keeping);
        Ok(Self { location, task })
    }

    /// Makes sure the final name is free, or may be replaced.
    pub(crate) fn check_output(&self) -> Result<(), Error> {
        Ok(self.location.check_output(self.task.publish())?)
    }

    /// Returns the place where the store keeps it.
    pub(crate) fn location(&self) -> &Location {
        &self.location
    }

    /// Looks for an earlier run, and holds what it left.
    pub(crate) fn find(&self) -> Result<Found, Error> {
        if !self.task.settings.resume {
            let had_part = self.location.clear()?;
            let had_part = had_part.map_err(|foreign| self.not_ours(foreign))?;
            return Ok(Found::Nothing(had_part.then_some(RestartReason::NotWanted)));
        }
        // The journal's hashes prove nothing against an author who means harm, and its validators
        // are public: of a copy from another origin, only a digest would tell.
        let is_copy = |header: &Header| stored_url::is_of_origin(&header.url, &self.task.url);
        let digest_expected = self.task.expects_digest();
        let earlier = match self.location.find(digest_expected, is_copy)? {
            Stored::Nothing(why) => return Ok(Found::Nothing(why.map(RestartReason::from))),
            Stored::Earlier(earlier) => earlier,
            Stored::Foreign(foreign) => return Err(self.not_ours(foreign)),
            // The version of this program that wrote the journal can still use it.
            Stored::Unreadable(error) => {
                return Err(Error::new(ErrorKind::Exists, Cause::Journal(error)));
            }
        };
        let generation = Generation {
            length: Some(earlier.header().length),
            validators: earlier.header().validators.clone(),
        };
        let media_type = earlier.media_type().map(MediaType::from_journal);
        let is_mixed = earlier.is_mixed();
        let coding = earlier.coding().map(str::to_owned);
        let needs_digest = digest_expected && earlier.is_of_several();
        let (file, claims) = earlier.resume()?;
        if claims.is_empty() {
            // Without a byte of the file, nothing depends on what the earlier run believed of it.
            file.discard()?;
            return Ok(Found::Nothing(Some(RestartReason::NothingKept)));
        }
        if needs_digest {
            // From here on a digest lets other bytes in than those that the user vouches for.
            file.note_mixed()?;
        }
        Ok(Found::Earlier(Box::new(Earlier {
            file,
            generation,
            media_type,
            coding,
            is_mixed,
            claims,
        })))
    }

    fn not_ours(&self, foreign: Foreign) -> Error {
        let names = self.location.names();
        let part = || names.part().to_owned();
        let cause = match foreign {
            Foreign::PartAlone => Cause::PartWithoutJournal { part: part() },
            Foreign::Part => Cause::PartOfAnother { part: part() },
            Foreign::Journal => Cause::NoJournal {
                journal: names.journal().to_owned(),
            },
        };
        Error::new(ErrorKind::Exists, cause)
    }

    /// Creates the part file, reserves its blocks, and begins its journal.
    ///
    /// Offsets into coded bytes are of no use to another request, so that the journal must not
    /// promise that a coded file can be continued: it is begun as one of unknown length.
    pub(crate) fn create(
        &self,
        generation: &Generation,
        is_coded: bool,
    ) -> Result<ResumableFile, Error> {
        let description = self.description(generation.validators.clone());
        let mut length = generation.length.map(ByteCount);
        if is_coded && let Some(coded) = length.take() {
            self.location.check_room(coded)?;
        }
        Ok(self.location.create(length, &description)?)
    }

    /// Returns what the journal says of the file that is asked for.
    pub(crate) fn description(&self, validators: Validators) -> Description {
        let session = SessionId::random();
        Description {
            session,
            url: stored_url::stored(&self.task.url, session),
            validators,
            digests: self.task.settings.digests.clone(),
        }
    }
}

/// Gives the task the first name that is free: its own, or that with a number behind it.
pub(crate) fn take_free_name(task: &mut Arc<Task>) -> Result<(), Error> {
    let name = task.names.final_name().to_owned();
    for number in 1..=NUMBER_MAX {
        if Target::open(Arc::clone(task))?
            .location
            .final_entry()?
            .is_none()
        {
            return Ok(());
        }
        let mut numbered = name.clone();
        numbered.push(format!(".{number}"));
        let task = Arc::get_mut(task);
        let task = task.expect("it is shared only once the download runs");
        task.rename(&numbered)?;
    }
    Err(Occupied::Exists.into())
}

/// Reports whether a journal is of the version that a reply states.
pub(crate) fn is_of(header: &Header, generation: &Generation) -> bool {
    generation.length == Some(header.length)
        && header.validators.compare(&generation.validators) == Agreement::Same
}
