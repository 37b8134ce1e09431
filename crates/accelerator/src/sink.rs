//! Owns where the bytes of a download go: into a resumable file, or in order to a reader. Both are
//! written through leases, by any number of workers. Knows no reply and no scheduling.

use std::sync::Arc;

use range_core::ByteRange;
use range_store::{LeaseError, ResumableFile, StoreError};

use crate::blocking;
use crate::error::Error;
use crate::generation::{Expected, Generation};
use crate::ordered::{Ordered, OrderedWriter, OtherBytes};
use crate::target::Target;

/// The place where a sink is made once a reply tells what the file is.
#[derive(Clone, Debug)]
pub(crate) enum Destination {
    /// A part file at this place.
    File(Arc<Target>),
    /// A reader.
    Reader(Ordered),
}

/// Where bytes go.
#[derive(Clone, Debug)]
pub(crate) enum Sink {
    /// A file.
    File(ResumableFile),
    /// A reader.
    Reader(Ordered),
}

/// The exclusive right to write a range, in order from its start.
#[derive(Debug)]
pub(crate) enum SinkWriter {
    /// To a file.
    File(range_store::Writer),
    /// To a reader.
    Reader(OrderedWriter),
}

/// The reason why bytes were not written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteError {
    #[error("could not {0}")]
    Store(#[from] StoreError),
    #[error(transparent)]
    OtherBytes(#[from] OtherBytes),
}

impl Destination {
    /// Makes the sink of a file whose first reply was accepted.
    pub(crate) async fn create(
        &self,
        expected: Expected,
        coding: Option<&str>,
    ) -> Result<Sink, Error> {
        match self {
            Self::File(target) => {
                let file = create(target, expected.generation, coding.is_some()).await?;
                if let Some(coding) = coding {
                    file.note_coding(coding)?;
                }
                if let Some(media_type) = expected.media_type {
                    file.note_media_type(media_type.as_str())?;
                }
                Ok(Sink::File(file))
            }
            Self::Reader(ordered) => {
                ordered.begin_anew();
                Ok(Sink::Reader(ordered.clone()))
            }
        }
    }
}

/// Creates the part file off the async threads: reserving blocks may take a while.
pub(crate) async fn create(
    target: &Arc<Target>,
    generation: Generation,
    is_coded: bool,
) -> Result<ResumableFile, Error> {
    let target = Arc::clone(target);
    blocking::run(move |_| target.create(&generation, is_coded)).await?
}

impl Sink {
    /// Leases a range to one writer.
    pub(crate) fn lease(&self, range: ByteRange) -> SinkWriter {
        match self {
            Self::File(file) => SinkWriter::File(exclusive(file.lease(range))),
            Self::Reader(ordered) => SinkWriter::Reader(ordered.lease(range)),
        }
    }

    /// Leases everything, to wherever it ends.
    pub(crate) fn lease_all(&self) -> SinkWriter {
        match self {
            Self::File(file) => SinkWriter::File(exclusive(file.lease_from(0))),
            Self::Reader(ordered) => SinkWriter::Reader(ordered.lease_all()),
        }
    }

    /// Gives up what was written of a file, if that is possible: it comes anew. A reader keeps what
    /// it has.
    pub(crate) fn give_up(&self) -> Result<(), StoreError> {
        match self {
            Self::File(file) => file.discard(),
            Self::Reader(_) => Ok(()),
        }
    }

    /// Returns the file, if it is one.
    pub(crate) fn file(&self) -> Option<&ResumableFile> {
        match self {
            Self::File(file) => Some(file),
            Self::Reader(_) => None,
        }
    }
}

fn exclusive<T>(leased: Result<T, LeaseError>) -> T {
    leased.expect("the scheduler's leases are exclusive")
}

impl SinkWriter {
    /// Returns the offset of the next byte to write.
    pub(crate) fn position(&self) -> u64 {
        match self {
            Self::File(writer) => writer.position(),
            Self::Reader(writer) => writer.position(),
        }
    }

    /// Returns the range still to be written.
    pub(crate) fn remaining(&self) -> Option<ByteRange> {
        match self {
            Self::File(writer) => writer.remaining(),
            Self::Reader(writer) => writer.remaining(),
        }
    }

    /// Ends the lease at `cut`, or as soon after as it can. Returns the actual end.
    pub(crate) fn shrink_to(&mut self, cut: u64) -> u64 {
        match self {
            Self::File(writer) => writer.shrink_to(cut),
            Self::Reader(writer) => writer.shrink_to(cut),
        }
    }

    /// Lets the lease go on to `end`.
    pub(crate) fn extend_to(&mut self, end: u64) {
        match self {
            Self::File(writer) => exclusive(writer.extend_to(end)),
            Self::Reader(writer) => writer.extend_to(end),
        }
    }

    /// Writes all of `bytes` at the position, and advances it past them.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        match self {
            Self::File(writer) => Ok(writer.write(bytes)?),
            Self::Reader(writer) => Ok(writer.write(bytes)?),
        }
    }
}
