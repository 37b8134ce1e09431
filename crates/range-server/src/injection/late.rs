//! Owns content that begins later than its head: the same chunks, after a wait.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use futures::stream;
use http_body_util::{BodyExt, StreamBody};

use crate::body::Body;
use crate::connection::ConnectionState;

/// The same content, whose first byte comes so much later than it is first asked for, which is
/// when the head has been written.
pub(crate) fn late(content: Body, delay: Duration, connection: Arc<ConnectionState>) -> Body {
    let wait = Some((delay, connection));
    let frames = stream::try_unfold((content, wait), |(mut content, wait)| async {
        if let Some((delay, connection)) = wait
            && !connection.hold(delay).await
        {
            return Err(std::io::Error::from(ErrorKind::BrokenPipe).into());
        }
        let frame = content.frame().await.transpose()?;
        Ok(frame.map(|frame| (frame, (content, None))))
    });
    StreamBody::new(frames).boxed_unsync()
}
