//! Owns the scene of a worker: a server whose every byte the test sends, and a file of its own.
//! Knows no expectation of any test.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use range_core::ByteRange;
use range_core::http::validator::Validators;
use range_store::ResumableFile;
use scheduler::{AttemptId, Route, SourceId};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::super::*;
use crate::clock::Clock;
use crate::disk_time::DiskTime;
use crate::generation::Generation;
use crate::generations::Generations;
use crate::settings::Settings;
use crate::sink::SinkWriter;
use crate::target::Target;
use crate::task::Task;
use crate::transport::Transport;
use crate::versions::SharedVersions;

/// Everything that is to happen takes less than this.
const PATIENCE: Duration = Duration::from_secs(20);

/// The time for which the tests look for what must not happen.
const A_MOMENT: Duration = Duration::from_millis(60);

const ATTEMPT: AttemptId = AttemptId {
    segment: scheduler::SegmentId(0),
    number: 1,
};

pub(super) struct Scene {
    pub(super) listener: TcpListener,
    pub(super) transport: Arc<Transport>,
    pub(super) versions: SharedVersions,
    pub(super) file: ResumableFile,
    pub(super) length: u64,
    pub(super) clock: Clock,
    _directory: TempDir,
}

impl Scene {
    pub(super) async fn new(length: u64) -> Self {
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
            transport: Arc::new(Transport::new(&task, &task.home).unwrap()),
            versions: SharedVersions::new(Generations::begin(None, false), false),
            file: target.create(&generation, false).unwrap(),
            length,
            clock: Clock::start(),
            _directory: directory,
        }
    }

    /// Starts a worker for a part.
    pub(super) fn part(&self, start: u64, end: u64) -> Played {
        let (orders, inbox) = mpsc::unbounded_channel();
        let (reports, reports_in) = inbox::inbox();
        let job = Job {
            attempt: ATTEMPT,
            source: SourceId(0),
            request: Request::Part(range(start, end)),
            route: Route::Known,
            reply: None,
            versions: self.versions.clone(),
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

    pub(super) async fn connection(&self) -> Server {
        let (stream, _) = within(self.listener.accept()).await.unwrap();
        let mut server = Server { stream };
        server.request().await;
        server
    }

    pub(super) fn grant(&self, start: u64, end: u64) -> Order {
        let writer = self.file.lease(range(start, end)).unwrap();
        Order::Grant(SinkWriter::File(writer))
    }

    pub(super) fn head(&self, start: u64, end: u64) -> String {
        format!(
            "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {start}-{}/{}\r\n\
             Content-Length: {}\r\n\r\n",
            end - 1,
            self.length,
            end - start
        )
    }

    /// Starts a worker whose reply has brought its first byte.
    pub(super) async fn begun(&self, start: u64, end: u64) -> (Played, Server) {
        let mut worker = self.part(start, end);
        let mut server = self.connection().await;
        server.send(self.head(start, end).as_bytes()).await;
        server.send(&content(start, start + 1)).await;
        worker.opened().await;
        worker.began().await;
        (worker, server)
    }

    #[track_caller]
    pub(super) fn holds(&self, start: u64, end: u64, expected: &[u8]) {
        let mut bytes = vec![0xAA; expected.len()];
        self.file.read_at(start, &mut bytes).unwrap();
        assert!(bytes == expected, "bytes {start}-{end} of the file");
    }

    #[track_caller]
    pub(super) fn is_written(&self, start: u64, end: u64) {
        self.holds(start, end, &content(start, end));
    }

    #[track_caller]
    pub(super) fn is_untouched(&self, start: u64, end: u64) {
        self.holds(start, end, &vec![0; size(end - start)]);
    }
}

pub(super) struct Server {
    pub(super) stream: TcpStream,
}

impl Server {
    pub(super) async fn request(&mut self) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(within(self.stream.read_u8()).await.unwrap());
        }
    }

    pub(super) async fn send(&mut self, bytes: &[u8]) {
        within(self.stream.write_all(bytes)).await.unwrap();
    }
}

pub(super) struct Played {
    _task: JoinSet<()>,
    pub(super) orders: mpsc::UnboundedSender<Order>,
    pub(super) reports: inbox::Inbox<WorkerReport>,
}

impl Played {
    pub(super) fn order(&self, order: Order) {
        self.orders.send(order).unwrap();
    }

    pub(super) async fn report(&mut self) -> WorkerReport {
        within(self.reports.recv()).await.expect("a report")
    }

    pub(super) async fn opened(&mut self) {
        let report = self.report().await;
        assert!(matches!(report, WorkerReport::Opened(..)), "{report:?}");
    }

    pub(super) async fn began(&mut self) {
        let report = self.report().await;
        assert!(matches!(report, WorkerReport::Began(_)), "{report:?}");
    }

    /// Reads on to the report that everything before `position` is written.
    pub(super) async fn received(&mut self, position: u64) {
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

    /// Waits for the next report that is not of progress.
    pub(super) async fn other_report(&mut self) -> WorkerReport {
        loop {
            let report = self.report().await;
            if !matches!(report, WorkerReport::Received(..)) {
                return report;
            }
        }
    }

    pub(super) async fn shrunk(&mut self) -> u64 {
        let report = self.other_report().await;
        let WorkerReport::Shrunk(_, end) = report else {
            panic!("{report:?}");
        };
        end
    }

    pub(super) async fn stopped(&mut self) -> Ending {
        let report = self.other_report().await;
        let WorkerReport::Stopped(_, ending) = report else {
            panic!("{report:?}");
        };
        ending
    }

    pub(super) async fn says_nothing(&mut self) {
        let report = tokio::time::timeout(A_MOMENT, self.reports.recv()).await;
        assert!(report.is_err(), "{report:?}");
    }
}

async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future)
        .await
        .expect("in time")
}

pub(super) fn range(start: u64, end: u64) -> ByteRange {
    ByteRange::new(start, end).unwrap()
}

fn size(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap()
}

/// Returns the bytes of the remote file. None of them is 0, which stands for bytes that were never
/// written.
pub(super) fn content(start: u64, end: u64) -> Vec<u8> {
    let byte = |offset: u64| u8::try_from(offset % 251 + 1).unwrap();
    (start..end).map(byte).collect()
}
