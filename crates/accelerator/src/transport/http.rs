//! Owns the requests of a download over HTTP. Only here and below is the HTTP library named; its
//! retries and redirects are off, because the scheduler and `redirect` decide about them.

mod clients;
mod failures;

use std::future::poll_fn;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use catalog::fields::{Answer, Claims};
use http::header::{ACCEPT, ACCEPT_ENCODING, LOCATION, RANGE, SET_COOKIE};
use http::{HeaderMap, HeaderValue, StatusCode};
use range_core::http::range_header::RangeRequest;
use range_core::units::ByteCount;
use scheduler::{Request, Route};
use url::Url;

use super::address::{Reach, names_public_host};
use super::error::{Size, TransportError};
use super::fields;
use super::hand_back::{HandBack, Taken};
use super::head::Head;
use super::judge_reply;
use super::redirect::Trail;
use super::whom::Whom;
use crate::claims::Claimed;
use crate::clock;
use crate::cookies::Cookies;
use crate::place::Place;
use crate::redact::SafeUrl;
use crate::settings::InvalidSetting;
use crate::task::Task;
use clients::Clients;

/// Sends the requests of one download to one of its sources.
#[derive(Debug)]
pub(crate) struct HttpTransport {
    clients: Clients,
    original: Url,
    headers: HeaderMap,
    cookies: Cookies,
    allow_private: bool,
    public_only: bool,
    stall_timeout: Duration,
    max_size: Option<ByteCount>,
    length: Option<ByteCount>,
    /// The redirect that asked for more patience than a request has, and got it.
    waited_at: Mutex<Option<Url>>,
    /// The place that the last redirects led to, so that each segment need not follow them again.
    known: Mutex<Option<Trail>>,
    /// The server that was asked last.
    asked: Mutex<Option<Whom>>,
    requests: AtomicU64,
    hand_back: HandBack,
}

/// A reply whose body has not been read.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) head: Head,
    response: reqwest::Response,
    /// The most bytes that may still come, if there is a limit on the file.
    room: Option<u64>,
    limit: Limit,
    /// The bytes that are still to come, where nothing else ends the content.
    left: Option<u64>,
    _taken: Taken,
}

/// The most bytes that the file may have.
#[derive(Clone, Copy, Debug)]
enum Limit {
    None,
    /// The user wants no more.
    Size(ByteCount),
    /// It has so many.
    Length(ByteCount),
}

impl Limit {
    fn bytes(self) -> Option<u64> {
        match self {
            Self::None => None,
            Self::Size(most) | Self::Length(most) => Some(most.0),
        }
    }

    /// The error of a file that has more.
    fn exceeded(self, size: Size) -> TransportError {
        match self {
            Self::Length(expected) => TransportError::OtherLength { size, expected },
            Self::Size(limit) => TransportError::TooLarge { size, limit },
            Self::None => TransportError::Surplus,
        }
    }
}

impl HttpTransport {
    pub(crate) fn new(task: &Task, place: &Place) -> Result<Self, InvalidSetting> {
        Ok(Self {
            clients: Clients::new(task, place)?,
            original: place.url.clone(),
            headers: place.headers.clone(),
            cookies: task.settings.cookies.clone(),
            waited_at: Mutex::new(None),
            allow_private: task.settings.allow_private,
            public_only: task.settings.public_only,
            stall_timeout: task.settings.stall_timeout,
            max_size: task.settings.max_size,
            length: task.settings.length,
            known: Mutex::new(None),
            asked: Mutex::new(None),
            requests: AtomicU64::new(0),
            hand_back: HandBack::default(),
        })
    }

    /// Returns the URL of the source, without its secrets.
    pub(crate) fn url(&self) -> SafeUrl {
        SafeUrl::new(&self.original)
    }

    /// Returns the number of requests that were sent.
    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Returns the URL that the last good reply came from.
    pub(crate) fn answered_at(&self) -> Option<SafeUrl> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().map(|trail| SafeUrl::new(trail.here()))
    }

    /// Reports whether the last good reply came from a host out in the world, or by way of one.
    pub(crate) fn answered_from_outside(&self) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().is_some_and(Trail::is_public)
    }

    /// Returns the server that was asked last.
    pub(crate) fn asked(&self) -> Option<Whom> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.clone()
    }

    /// Sends a request and follows its redirects. The body of the reply is not read.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection; nothing else changes.
    pub(crate) async fn open(
        &self,
        request: Request,
        route: Route,
    ) -> Result<Reply, TransportError> {
        let mut trail = self.trail(route);
        if trail.reach() == Reach::Public && names_public_host(trail.here()) == Some(false) {
            let at = SafeUrl::new(trail.here());
            return Err(TransportError::Inside { at });
        }
        let mut claimed = Claimed::default();
        loop {
            let response = self.send(&trail, request).await?;
            if !self.allow_private {
                trail.answered(self.address_of(&trail, &response));
            }
            let status = response.status();
            let now = clock::date();
            let mut head = Head::new(status, response.headers(), now);
            if let Some(answer) = answer(status) {
                let claims = Claims::read(fields_of(response.headers()), answer, trail.here());
                claimed.add(&claims, answer);
            }
            tracing::debug!(status = head.status, url = %SafeUrl::new(trail.here()), "a reply");
            let location = response.headers().get(LOCATION).cloned();
            // A choice with a preferred one may be followed (RFC 9110 section 15.4.1).
            let is_choice = status.as_u16() == 300 && location.is_some();
            if !is_choice && !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
                if status.is_success() {
                    *self.known.lock().unwrap_or_else(PoisonError::into_inner) =
                        Some(trail.shortcut());
                }
                head.claimed = claimed;
                self.check_size(&head)?;
                return Ok(Reply {
                    left: head.content_length.filter(|_| head.ends_by_length),
                    head,
                    response,
                    room: self.limit().bytes(),
                    limit: self.limit(),
                    _taken: self.hand_back.begin(),
                });
            }
            for cookie in response.headers().get_all(SET_COOKIE) {
                trail.set_cookie(cookie.as_bytes(), now);
            }
            drop(response);
            if let Some(wait) = head.retry_after {
                self.wait_to_follow(&trail, &head, wait).await?;
            }
            trail.follow(location.as_ref().map(HeaderValue::as_bytes))?;
        }
    }

    fn check_size(&self, head: &Head) -> Result<(), TransportError> {
        let is_of_the_file = matches!(head.status, 200..=299 | 416);
        let size = head.complete_length().filter(|_| is_of_the_file);
        let Some(size) = size else {
            return Ok(());
        };
        let limit = match (self.max_size, self.length) {
            (Some(most), _) if size > most.0 => Limit::Size(most),
            (_, Some(expected)) if size != expected.0 => Limit::Length(expected),
            _ => return Ok(()),
        };
        Err(limit.exceeded(Size::Exactly(ByteCount(size))))
    }

    /// Returns the most bytes that a reply may have.
    fn limit(&self) -> Limit {
        match (self.max_size, self.length) {
            (Some(most), Some(length)) if length.0 <= most.0 => Limit::Length(length),
            (Some(most), _) => Limit::Size(most),
            (None, Some(length)) => Limit::Length(length),
            (None, None) => Limit::None,
        }
    }

    /// Waits as long as a redirect asks for (RFC 9110 section 10.2.3). A wait that is longer than a
    /// request may be silent is left to the next attempt, once: the same redirect is followed then,
    /// whatever it asks for.
    async fn wait_to_follow(
        &self,
        trail: &Trail,
        head: &Head,
        wait: Duration,
    ) -> Result<(), TransportError> {
        let shortest = wait.min(self.stall_timeout / 2);
        if shortest < wait {
            let mut waited_at = self
                .waited_at
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if waited_at.as_ref() != Some(trail.here()) {
                *waited_at = Some(trail.here().clone());
                return Err(judge_reply::status(head));
            }
            return Ok(());
        }
        tokio::time::sleep(wait).await;
        Ok(())
    }

    fn trail(&self, route: Route) -> Trail {
        let known = self
            .known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        match (route, known) {
            (Route::Known, Some(trail)) => trail,
            (Route::Known | Route::Original, _) => {
                let trail = Trail::new(self.original.clone(), self.cookies.clone());
                if self.public_only {
                    trail.fenced()
                } else {
                    trail
                }
            }
        }
    }

    async fn send(
        &self,
        trail: &Trail,
        request: Request,
    ) -> Result<reqwest::Response, TransportError> {
        let proxy = self.clients.proxies.for_url(trail.here()).ok().flatten();
        let whom = Whom::new(trail.here(), proxy);
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = Some(whom.clone());
        let headers = self.fields(trail, request);
        self.hand_back.settle().await;
        let client = self.clients.client_for(trail)?;
        let ask = || {
            self.requests.fetch_add(1, Ordering::Relaxed);
            let request = client.get(trail.here().clone());
            request.headers(headers.clone()).send()
        };
        let looked_up = self.looked_up_for(trail.here());
        let reply = self.race(ask, looked_up.as_deref()).await;
        reply.map_err(|error| {
            let error = failures::of_head(error, trail, whom);
            if let (TransportError::Unreachable { .. }, Some(host)) = (&error, &looked_up) {
                self.clients.addresses.silent(host);
            }
            error
        })
    }

    /// The fields of a request.
    fn fields(&self, trail: &Trail, request: Request) -> HeaderMap {
        let mut headers = fields::for_hop(&self.headers, trail, clock::date());
        headers
            .entry(ACCEPT)
            .or_insert(HeaderValue::from_static("*/*"));
        let range = match request {
            Request::First => RangeRequest::From(0),
            Request::Part(range) => RangeRequest::Exactly(range),
            // The last resort has nothing that a server could stumble over.
            Request::Whole => return headers,
        };
        // Ranges count coded bytes, so no coding is wanted.
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let value = HeaderValue::try_from(range.to_string()).expect("ranges are ASCII");
        headers.insert(RANGE, value);
        headers
    }

    /// Asks, and waits for a reply. Where the host has addresses that were never tried, the same is
    /// asked of the next of them each time half the stall timeout has brought none, and the first
    /// reply is taken.
    async fn race<T, E, F>(&self, ask: impl Fn() -> F, host: Option<&str>) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
    {
        let book = &self.clients.addresses;
        let mut turn = host.map(|host| book.turn(host));
        let mut asked = vec![Box::pin(ask())];
        loop {
            let next = poll_fn(|context| {
                let ready = asked.iter_mut().enumerate().find_map(|(at, reply)| {
                    match reply.as_mut().poll(context) {
                        Poll::Ready(reply) => Some((at, reply)),
                        Poll::Pending => None,
                    }
                });
                ready.map_or(Poll::Pending, Poll::Ready)
            });
            match tokio::time::timeout(self.stall_timeout / 2, next).await {
                Ok((_, Ok(reply))) => return Ok(reply),
                Ok((at, Err(error))) => {
                    drop(asked.swap_remove(at));
                    if asked.is_empty() {
                        return Err(error);
                    }
                }
                Err(_) => {
                    let next = host
                        .zip(turn)
                        .and_then(|(host, turn)| book.after(host, turn));
                    if next.is_some() {
                        turn = next;
                        asked.push(Box::pin(ask()));
                    }
                }
            }
        }
    }

    /// Returns the name that is looked up to connect for a URL: its own host, or that of a proxy.
    fn looked_up_for(&self, url: &Url) -> Option<String> {
        let connected_to = match self.clients.proxies.for_url(url) {
            Ok(Some(proxy)) => proxy.secret_url(),
            Ok(None) | Err(_) => url,
        };
        connected_to.domain().map(str::to_owned)
    }

    /// Returns the address that the host of a URL answered from; `None` behind a proxy, whose
    /// address says nothing.
    fn address_of(&self, trail: &Trail, response: &reqwest::Response) -> Option<IpAddr> {
        let is_direct = self.clients.proxies.for_url(trail.here()) == Ok(None);
        let address = response.remote_addr().filter(|_| is_direct);
        address.map(|address| address.ip())
    }
}

/// Returns the kind of an answer whose fields speak of the file.
fn answer(status: StatusCode) -> Option<Answer> {
    match status.as_u16() {
        300..=399 => Some(Answer::Redirect),
        206 => Some(Answer::Part),
        200 => Some(Answer::Whole),
        _ => None,
    }
}

fn fields_of(headers: &HeaderMap) -> impl Iterator<Item = (&str, &[u8])> {
    let fields = headers.iter();
    fields.map(|(name, value)| (name.as_str(), value.as_bytes()))
}

impl Reply {
    /// Returns the next bytes of the body; `None` at its end.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no byte.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, TransportError> {
        if self.left == Some(0) {
            return Ok(None);
        }
        let chunk = self.response.chunk().await.map_err(failures::of_body)?;
        let length = chunk.as_ref().map_or(0, Bytes::len) as u64;
        if let Some(left) = &mut self.left {
            *left = left.checked_sub(length).ok_or(TransportError::Surplus)?;
        }
        if let Some(room) = &mut self.room {
            let left = room.checked_sub(length);
            *room = left.ok_or_else(|| self.limit.exceeded(Size::More))?;
        }
        Ok(chunk)
    }
}
