//! One worker, with a server whose every byte the test sends and a file of its own.

use std::path::PathBuf;
use std::time::Duration;

use range_core::http::validator::Validators;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::*;
use crate::generation::Generation;
use crate::generations::Generations;
use crate::settings::Settings;
use crate::target::Target;
use crate::task::Task;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// Longer than anything takes that is to happen.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long the tests look for what must not happen.
const A_MOMENT: Duration = Duration::from_millis(60);

const ATTEMPT: AttemptId = AttemptId {
    segment: scheduler::SegmentId(0),
    number: 1,
};

struct Scene {
    listener: TcpListener,
    transport: Arc<HttpTransport>,
    generations: SharedGenerations,
    file: ResumableFile,
    length: u64,
    clock: Clock,
    _directory: TempDir,
}

impl Scene {
    async fn new(length: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/file", listener.local_addr().unwrap());
        let directory = tempfile::tempdir().unwrap();
        let output: PathBuf = directory.path().join("file");
        let task = Arc::new(Task::new(&url, output, Settings::default()).unwrap());
        let target = Target::open(Arc::clone(&task)).unwrap();
        let generation = Generation {
            length: Some(length),
            validators: Validators::default(),
        };
        Self {
            listener,
            transport: Arc::new(HttpTransport::new(&task).unwrap()),
            generations: SharedGenerations::new(Generations::begin(None, false)),
            file: target.create(&generation).unwrap(),
            length,
            clock: Clock::start(),
            _directory: directory,
        }
    }

    /// A worker at work for a part.
    fn part(&self, start: u64, end: u64) -> Played {
        let (orders, inbox) = mpsc::unbounded_channel();
        let (reports, reports_in) = mpsc::channel(64);
        let job = Job {
            attempt: ATTEMPT,
            request: Request::Part(range(start, end)),
            route: Route::Known,
            reply: None,
            generations: self.generations.clone(),
            file: Some(self.file.clone()),
            transport: Arc::clone(&self.transport),
            clock: self.clock,
            time: DiskTime::new(self.clock),
        };
        let mut task = JoinSet::new();
        task.spawn(run(job, inbox, reports));
        Played {
            _task: task,
            orders,
            reports: reports_in,
        }
    }

    async fn connection(&self) -> Server {
        let (stream, _) = within(self.listener.accept()).await.unwrap();
        let mut server = Server { stream };
        server.request().await;
        server
    }

    fn grant(&self, start: u64, end: u64) -> Order {
        Order::Grant(self.file.lease(range(start, end)).unwrap())
    }

    fn head(&self, start: u64, end: u64) -> String {
        format!(
            "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {start}-{}/{}\r\n\
             Content-Length: {}\r\n\r\n",
            end - 1,
            self.length,
            end - start
        )
    }

    /// A worker whose reply has brought its first byte.
    async fn begun(&self, start: u64, end: u64) -> (Played, Server) {
        let mut worker = self.part(start, end);
        let mut server = self.connection().await;
        server.send(self.head(start, end).as_bytes()).await;
        server.send(&content(start, start + 1)).await;
        worker.opened().await;
        worker.began().await;
        (worker, server)
    }

    #[track_caller]
    fn holds(&self, start: u64, end: u64, expected: &[u8]) {
        let mut bytes = vec![0xAA; expected.len()];
        self.file.read_at(start, &mut bytes).unwrap();
        assert!(bytes == expected, "bytes {start}-{end} of the file");
    }

    #[track_caller]
    fn is_written(&self, start: u64, end: u64) {
        self.holds(start, end, &content(start, end));
    }

    #[track_caller]
    fn is_untouched(&self, start: u64, end: u64) {
        self.holds(start, end, &vec![0; size(end - start)]);
    }
}

struct Server {
    stream: TcpStream,
}

impl Server {
    async fn request(&mut self) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(within(self.stream.read_u8()).await.unwrap());
        }
    }

    async fn send(&mut self, bytes: &[u8]) {
        within(self.stream.write_all(bytes)).await.unwrap();
    }
}

struct Played {
    _task: JoinSet<()>,
    orders: mpsc::UnboundedSender<Order>,
    reports: mpsc::Receiver<WorkerReport>,
}

impl Played {
    fn order(&self, order: Order) {
        self.orders.send(order).unwrap();
    }

    async fn report(&mut self) -> WorkerReport {
        within(self.reports.recv()).await.expect("a report")
    }

    async fn opened(&mut self) {
        let report = self.report().await;
        assert!(matches!(report, WorkerReport::Opened(..)), "{report:?}");
    }

    async fn began(&mut self) {
        let report = self.report().await;
        assert!(matches!(report, WorkerReport::Began(_)), "{report:?}");
    }

    /// Reads on to the report that everything before `position` is written.
    async fn received(&mut self, position: u64) {
        loop {
            let report = self.report().await;
            let WorkerReport::Received(_, at) = report else {
                panic!("{report:?} before {position}");
            };
            assert!(at <= position, "{at} past {position}");
            if at == position {
                return;
            }
        }
    }

    /// The next report that is not of progress.
    async fn other_report(&mut self) -> WorkerReport {
        loop {
            let report = self.report().await;
            if !matches!(report, WorkerReport::Received(..)) {
                return report;
            }
        }
    }

    async fn shrunk(&mut self) -> u64 {
        let report = self.other_report().await;
        let WorkerReport::Shrunk(_, end) = report else {
            panic!("{report:?}");
        };
        end
    }

    async fn stopped(&mut self) -> Ending {
        let report = self.other_report().await;
        let WorkerReport::Stopped(_, ending) = report else {
            panic!("{report:?}");
        };
        ending
    }

    async fn says_nothing(&mut self) {
        let report = tokio::time::timeout(A_MOMENT, self.reports.recv()).await;
        assert!(report.is_err(), "{report:?}");
    }
}

async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future)
        .await
        .expect("in time")
}

fn range(start: u64, end: u64) -> ByteRange {
    ByteRange::new(start, end).unwrap()
}

fn size(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap()
}

/// The bytes of the remote file: none is 0, which is what was never written.
fn content(start: u64, end: u64) -> Vec<u8> {
    let byte = |offset: u64| u8::try_from(offset % 251 + 1).unwrap();
    (start..end).map(byte).collect()
}

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
