//! Tests of a file of which nothing is missing, when nobody wants it any more.

use std::sync::{Mutex, mpsc};

use range_core::digest::DigestAlgorithm;
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::*;
use crate::events::Events;
use crate::progress::ProgressHandle;
use crate::settings::Settings;
use crate::sources::Sources;
use crate::task::Task;

const TIB: u64 = 1 << 40;

/// This is longer than stopping takes, and shorter than reading the file.
const SOON: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_digest_ends_soon_after_it_is_told_to_stop() {
    let directory = tempfile::tempdir().unwrap();
    let digest = Digest::new(DigestAlgorithm::Sha256, &[0; 32]).unwrap();
    let settings = Settings {
        digests: vec![digest],
        ..Settings::default()
    };
    let output = directory.path().join("file");
    let task = Arc::new(Task::new("http://127.0.0.1/file", output, settings).unwrap());
    let target = Target::open(Arc::clone(&task)).unwrap();
    let file = target.create(&empty_file(None), false).unwrap();
    let (cancel, cancelled) = watch::channel(false);
    let (_limit, limited) = watch::channel(None);
    let sources = Sources::new(&task).unwrap();
    let progress = ProgressHandle::default();
    let session = Session::new(
        Arc::clone(&task),
        sources,
        Handle::current(),
        Events::new(),
        progress,
        cancelled,
        limited,
    );
    let (_held, never) = mpsc::channel::<()>();
    let never = Mutex::new(never);
    let slow = move |_, _: &mut [u8]| {
        let never = never.lock().unwrap();
        never.recv_timeout(Duration::from_millis(5)).unwrap_err();
        Ok(())
    };
    let digester = Digester::start_reading(Box::new(slow), task.algorithms());
    let expected = task.settings.digests.clone();
    let proving = session.digest(Some(digester), &file, TIB, &expected);
    let stopping = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        cancel.send_replace(true);
    };
    let both = async { tokio::join!(proving, stopping).0 };
    let ended = tokio::time::timeout(SOON, both).await;
    let error = ended.expect("it ends").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert!(error.is_resumable());
}
