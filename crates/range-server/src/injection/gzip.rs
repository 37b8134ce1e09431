//! Owns the compression nobody asked for: content in, gzip out, chunk by chunk.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures::stream;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};

use crate::body::Body;

/// The same content, compressed as fast as can be.
pub(crate) fn compressed(content: Body) -> Body {
    let encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let frames = stream::try_unfold(Some((content, encoder)), |state| async {
        let Some((mut content, mut encoder)) = state else {
            return Ok(None);
        };
        while let Some(frame) = content.frame().await {
            let Ok(bytes) = frame?.into_data() else {
                continue;
            };
            encoder.write_all(&bytes).expect("memory takes all");
            let out = std::mem::take(encoder.get_mut());
            if !out.is_empty() {
                return Ok(Some((
                    Frame::data(Bytes::from(out)),
                    Some((content, encoder)),
                )));
            }
        }
        let out = encoder.finish().expect("memory takes all");
        Ok(Some((Frame::data(Bytes::from(out)), None)))
    });
    StreamBody::new(frames).boxed_unsync()
}
