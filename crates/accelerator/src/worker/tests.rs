//! One worker, in a scene of its own.

mod scene;

use super::*;
use scene::{Scene, content, range};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

#[tokio::test]
async fn a_part_begins_with_its_first_bytes_and_writes_none_before_its_grant() {
    let scene = Scene::new(MIB).await;
    let mut worker = scene.part(0, 256 * KIB);
    let mut server = scene.connection().await;
    server.send(scene.head(0, 256 * KIB).as_bytes()).await;
    worker.opened().await;
    worker.says_nothing().await;
    server.send(&content(0, 100)).await;
    worker.began().await;
    worker.says_nothing().await;
    scene.is_untouched(0, 100);
    worker.order(scene.grant(0, 256 * KIB));
    server.send(&content(100, 256 * KIB)).await;
    let ending = worker.stopped().await;
    assert!(matches!(ending.result, Ok(Stop::Drained)), "{ending:?}");
    assert_eq!((ending.position, ending.wasted), (256 * KIB, 0));
    scene.is_written(0, 256 * KIB);
}

#[tokio::test]
async fn what_comes_before_a_grant_is_thrown_away_and_counted() {
    let scene = Scene::new(MIB).await;
    let (mut worker, mut server) = scene.begun(128 * KIB, 512 * KIB).await;
    worker.order(scene.grant(256 * KIB, 512 * KIB));
    server.send(&content(128 * KIB + 1, 512 * KIB)).await;
    let ending = worker.stopped().await;
    assert!(matches!(ending.result, Ok(Stop::Drained)), "{ending:?}");
    assert_eq!((ending.position, ending.wasted), (512 * KIB, 128 * KIB));
    scene.is_untouched(128 * KIB, 256 * KIB);
    scene.is_written(256 * KIB, 512 * KIB);
}

#[tokio::test]
async fn at_the_end_of_a_lease_a_worker_says_so_and_waits() {
    let scene = Scene::new(MIB).await;
    let (mut worker, mut server) = scene.begun(0, MIB).await;
    worker.order(scene.grant(0, 64 * KIB));
    server.send(&content(1, 64 * KIB + 10)).await;
    worker.received(64 * KIB).await;
    worker.says_nothing().await;
    scene.is_untouched(64 * KIB, 65 * KIB);
    worker.order(Order::Extend(128 * KIB));
    server.send(&content(64 * KIB + 10, 128 * KIB)).await;
    worker.received(128 * KIB).await;
    scene.is_written(0, 128 * KIB);
    worker.order(Order::Stop);
    let ending = worker.stopped().await;
    assert!(matches!(ending.result, Ok(Stop::Told)), "{ending:?}");
    assert_eq!((ending.position, ending.wasted), (128 * KIB, 0));
}

#[tokio::test]
async fn a_worker_that_waits_can_be_granted_bytes_further_on() {
    let scene = Scene::new(MIB).await;
    let (mut worker, mut server) = scene.begun(0, MIB).await;
    worker.order(scene.grant(0, 64 * KIB));
    server.send(&content(1, 64 * KIB + 10)).await;
    worker.received(64 * KIB).await;
    worker.order(scene.grant(512 * KIB, MIB));
    server.send(&content(64 * KIB + 10, MIB)).await;
    let ending = worker.stopped().await;
    assert!(matches!(ending.result, Ok(Stop::Drained)), "{ending:?}");
    assert_eq!((ending.position, ending.wasted), (MIB, 448 * KIB));
    scene.is_written(0, 64 * KIB);
    scene.is_untouched(64 * KIB, 512 * KIB);
    scene.is_written(512 * KIB, MIB);
}

#[tokio::test]
async fn the_first_lease_is_free_once_a_second_was_granted() {
    let scene = Scene::new(MIB).await;
    let (mut worker, mut server) = scene.begun(0, MIB).await;
    worker.order(scene.grant(0, 64 * KIB));
    server.send(&content(1, 64 * KIB)).await;
    worker.received(64 * KIB).await;
    worker.order(scene.grant(128 * KIB, 192 * KIB));
    server.send(&content(64 * KIB, 192 * KIB)).await;
    worker.received(192 * KIB).await;
    scene.file.lease(range(0, 128 * KIB)).unwrap();
}

#[tokio::test]
async fn a_lease_that_goes_on_in_time_is_written_without_a_stop() {
    let scene = Scene::new(MIB).await;
    let (mut worker, mut server) = scene.begun(0, MIB).await;
    worker.order(scene.grant(0, 64 * KIB));
    worker.order(Order::Extend(MIB));
    server.send(&content(1, MIB)).await;
    let ending = worker.stopped().await;
    assert!(matches!(ending.result, Ok(Stop::Drained)), "{ending:?}");
    assert_eq!((ending.position, ending.wasted), (MIB, 0));
    scene.is_written(0, MIB);
}

#[tokio::test]
async fn a_worker_cut_to_where_it_is_says_so_and_waits() {
    let scene = Scene::new(MIB).await;
    let (mut worker, mut server) = scene.begun(0, MIB).await;
    worker.order(Order::Allow(256 * KIB));
    worker.order(scene.grant(0, MIB));
    server.send(&content(1, 256 * KIB)).await;
    worker.received(256 * KIB).await;
    worker.order(Order::Allow(u64::MAX));
    worker.order(Order::Shrink(0));
    assert_eq!(worker.shrunk().await, 256 * KIB, "a block ends there");
    worker.received(256 * KIB).await;
    server.send(&content(256 * KIB, 256 * KIB + 10)).await;
    worker.says_nothing().await;
    scene.is_untouched(256 * KIB, 257 * KIB);
    scene.file.lease(range(256 * KIB, MIB)).unwrap();
}

#[tokio::test]
async fn a_reply_is_stopped_before_its_first_bytes_and_before_its_grant() {
    let scene = Scene::new(MIB).await;
    let mut silent = scene.part(64 * KIB, MIB);
    let mut server = scene.connection().await;
    server.send(scene.head(64 * KIB, MIB).as_bytes()).await;
    silent.opened().await;
    silent.order(Order::Stop);
    let ending = silent.stopped().await;
    assert!(matches!(ending.result, Ok(Stop::Told)), "{ending:?}");
    assert_eq!((ending.position, ending.wasted), (64 * KIB, 0));

    let (mut begun, _server) = scene.begun(64 * KIB, MIB).await;
    begun.order(Order::Stop);
    let ending = begun.stopped().await;
    assert!(matches!(ending.result, Ok(Stop::Told)), "{ending:?}");
    assert_eq!((ending.position, ending.wasted), (64 * KIB, 1));
}

#[tokio::test]
async fn a_reply_that_ends_before_its_first_byte_is_drained_where_it_began() {
    let scene = Scene::new(MIB).await;
    let mut worker = scene.part(64 * KIB, MIB);
    let mut server = scene.connection().await;
    let head = format!(
        "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {}-{}/{MIB}\r\n\
         Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        64 * KIB,
        MIB - 1
    );
    server.send(head.as_bytes()).await;
    worker.opened().await;
    let ending = worker.stopped().await;
    assert!(matches!(ending.result, Ok(Stop::Drained)), "{ending:?}");
    assert_eq!((ending.position, ending.wasted), (64 * KIB, 0));
}

#[tokio::test]
async fn a_reply_with_more_than_it_promised_is_no_good() {
    let scene = Scene::new(MIB).await;
    let mut worker = scene.part(0, 100);
    let mut server = scene.connection().await;
    let head = format!(
        "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-99/{MIB}\r\n\
         Transfer-Encoding: chunked\r\n\r\n64\r\n"
    );
    server.send(head.as_bytes()).await;
    server.send(&content(0, 100)).await;
    worker.opened().await;
    worker.began().await;
    worker.order(scene.grant(0, 100));
    server.send(b"\r\n1\r\n!\r\n0\r\n\r\n").await;
    let ending = worker.stopped().await;
    let surplus = AttemptError::Transport(TransportError::Surplus);
    assert_eq!(ending.result.unwrap_err().to_string(), surplus.to_string());
}

#[tokio::test]
async fn nothing_is_written_past_what_is_allowed() {
    let scene = Scene::new(MIB).await;
    let (mut worker, mut server) = scene.begun(0, MIB).await;
    worker.order(Order::Allow(1000));
    worker.order(scene.grant(0, MIB));
    server.send(&content(1, 5000)).await;
    worker.received(1000).await;
    worker.says_nothing().await;
    scene.is_untouched(1000, 5000);
    worker.order(Order::Allow(u64::MAX));
    server.send(&content(5000, MIB)).await;
    let ending = worker.stopped().await;
    assert!(matches!(ending.result, Ok(Stop::Drained)), "{ending:?}");
    scene.is_written(0, MIB);
}

#[tokio::test]
async fn a_reply_read_to_its_end_gives_its_connection_to_the_next() {
    let scene = Scene::new(MIB).await;
    let (mut worker, mut server) = scene.begun(0, 64 * KIB).await;
    worker.order(scene.grant(0, 64 * KIB));
    server.send(&content(1, 64 * KIB)).await;
    worker.stopped().await;
    let mut next = scene.part(64 * KIB, MIB);
    server.request().await;
    server.send(scene.head(64 * KIB, MIB).as_bytes()).await;
    next.opened().await;
}
