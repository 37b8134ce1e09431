//! The same against a server that says one thing to everybody.

use range_server::check::{self, Answer, CheckError, CheckReport, Options};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Answers the first request of each connection with this text, and closes it upon the second.
async fn check(answer: String) -> Result<CheckReport, CheckError> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/x", listener.local_addr().unwrap());
    let serve = async {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            let is_head = head.starts_with(b"HEAD");
            let end = answer.find("\r\n\r\n").map_or(answer.len(), |end| end + 4);
            let sent = if is_head { &answer[..end] } else { &answer };
            stream.write_all(sent.as_bytes()).await.unwrap();
            // The next request is under way when the connection closes.
            let _next = stream.read_u8().await;
        }
    };
    let options = Options::default();
    tokio::select! {
        report = check::check(&url, &options) => report,
        () = serve => panic!("it serves for ever"),
    }
}

#[tokio::test]
async fn a_connection_closed_between_two_requests_is_no_finding_of_a_row() {
    let content = "x".repeat(1000);
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{content}");
    let report = check(answer).await.unwrap();
    let broken = report
        .outcomes
        .iter()
        .filter(|outcome| matches!(outcome.answer, Answer::Broken { .. }));
    assert_eq!(broken.count(), 0);
    assert_eq!(report.connection[0].rule.name, "persistence");
}

#[tokio::test]
async fn what_is_no_file_of_known_length_is_refused() {
    for (answer, expected) in [
        (
            "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
            "answered 404",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nshort",
            "1000 bytes",
        ),
        (
            "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n",
            "no Location",
        ),
        (
            "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n",
            "too many",
        ),
        ("not HTTP at all\r\n\r\n", "cannot be asked"),
    ] {
        let error = check(answer.to_owned()).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
}
