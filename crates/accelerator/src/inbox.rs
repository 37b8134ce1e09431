//! Owns a queue whose reader is woken at once for what is urgent, and a few hundred times a second
//! at most for the rest. Knows nothing of what is sent.
//!
//! Waking a thread costs a system call and takes the processor from a thread that moves bytes. Over
//! loopback, workers report some 8000 times a second, and of a hundred such reports one needs an
//! answer.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{Notify, mpsc};
use tokio::time::{Sleep, sleep};

/// The number of messages that may wait; senders wait when there are more.
const MESSAGES_MAX: usize = 256;

/// The time for which a reader that has read everything is not woken by what can wait. It is short
/// beside every span of time in which anything is decided.
const REST: Duration = Duration::from_millis(5);

/// Returns an empty queue.
pub(crate) fn inbox<T>() -> (Sender<T>, Inbox<T>) {
    resting(REST)
}

fn resting<T>(rest: Duration) -> (Sender<T>, Inbox<T>) {
    let (sender, messages) = mpsc::channel(MESSAGES_MAX);
    let urgent = Arc::new(Notify::new());
    let sender = Sender {
        messages: sender,
        urgent: Arc::clone(&urgent),
    };
    let inbox = Inbox {
        messages,
        urgent,
        rest,
        has_read: false,
        resting: None,
    };
    (sender, inbox)
}

/// The end that sends. The reader reads in the order in which was sent, urgent or not. Without a
/// reader, nothing is sent.
#[derive(Debug)]
pub(crate) struct Sender<T> {
    messages: mpsc::Sender<T>,
    urgent: Arc<Notify>,
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self {
            messages: self.messages.clone(),
            urgent: Arc::clone(&self.urgent),
        }
    }
}

impl<T> Sender<T> {
    /// Sends, and has the reader woken.
    pub(crate) async fn send(&self, message: T) {
        let _delivered = self.messages.send(message).await;
        self.urgent.notify_one();
    }

    /// Sends what can wait for a few milliseconds.
    pub(crate) async fn send_soon(&self, message: T) {
        let _delivered = self.messages.send(message).await;
    }
}

/// The end that reads.
#[derive(Debug)]
pub(crate) struct Inbox<T> {
    messages: mpsc::Receiver<T>,
    urgent: Arc<Notify>,
    rest: Duration,
    /// True if something was read after the last rest began.
    has_read: bool,
    /// The end of the rest.
    resting: Option<Pin<Box<Sleep>>>,
}

impl<T> Inbox<T> {
    /// Returns the next message, or `None` once all senders are gone.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no message, and neither begins a rest nor ends one.
    pub(crate) async fn recv(&mut self) -> Option<T> {
        loop {
            match self.messages.try_recv() {
                Ok(message) => {
                    self.has_read = true;
                    return Some(message);
                }
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) => {}
            }
            if std::mem::take(&mut self.has_read) {
                self.resting = Some(Box::pin(sleep(self.rest)));
            }
            let Some(rested) = &mut self.resting else {
                let message = self.messages.recv().await;
                self.has_read = true;
                return message;
            };
            tokio::select! {
                biased;
                () = self.urgent.notified() => {}
                () = rested => self.resting = None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures::poll;

    use super::*;

    /// Longer than any test takes.
    const LONG: Duration = Duration::from_hours(1);

    #[tokio::test]
    async fn messages_come_in_order_and_none_is_lost() {
        let (sender, mut inbox) = inbox();
        let sending = async move {
            for number in 0..10_000_u32 {
                if number % 97 == 0 {
                    sender.send(number).await;
                } else {
                    sender.send_soon(number).await;
                }
            }
        };
        let reading = async {
            for number in 0..10_000 {
                assert_eq!(inbox.recv().await, Some(number));
            }
            assert_eq!(inbox.recv().await, None, "the sender is gone");
        };
        tokio::join!(sending, reading);
    }

    #[tokio::test]
    async fn what_can_wait_is_read_at_once_only_by_a_reader_that_does_not_rest() {
        let (sender, mut inbox) = resting(LONG);
        {
            let mut first = pin!(inbox.recv());
            assert!(poll!(&mut first).is_pending());
            sender.send_soon(1).await;
            assert_eq!(first.await, Some(1));
        }
        {
            let mut second = pin!(inbox.recv());
            assert!(poll!(&mut second).is_pending());
            sender.send_soon(2).await;
            let moment = tokio::time::timeout(Duration::from_millis(50), &mut second);
            assert!(moment.await.is_err(), "nothing has woken it");
            sender.send(3).await;
            assert_eq!(second.await, Some(2));
        }
        assert_eq!(inbox.recv().await, Some(3));
    }

    #[tokio::test]
    async fn a_reader_that_comes_by_during_a_rest_reads_what_is_there() {
        let (sender, mut inbox) = resting(LONG);
        for number in 0..10 {
            sender.send_soon(number).await;
            assert_eq!(inbox.recv().await, Some(number));
            assert!(poll!(pin!(inbox.recv())).is_pending(), "it rests");
        }
    }

    #[tokio::test]
    async fn each_urgent_message_ends_a_rest() {
        let (sender, mut inbox) = resting(LONG);
        for number in 0..10 {
            sender.send(number).await;
            assert_eq!(inbox.recv().await, Some(number));
            let mut next = pin!(inbox.recv());
            assert!(poll!(&mut next).is_pending());
            sender.send(number + 100).await;
            assert_eq!(next.await, Some(number + 100));
        }
    }

    #[tokio::test]
    async fn a_rest_ends_by_itself() {
        let (sender, mut inbox) = inbox();
        for number in 0..10 {
            sender.send_soon(number).await;
            assert_eq!(inbox.recv().await, Some(number));
            let mut next = pin!(inbox.recv());
            let _rests = poll!(&mut next);
            sender.send_soon(number + 100).await;
            assert_eq!(next.await, Some(number + 100));
        }
    }
}
