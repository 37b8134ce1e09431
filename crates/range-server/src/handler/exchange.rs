//! Owns the answer to one request: who is refused, what takes the place of content, what is found.
//! Sends nothing.

use std::sync::atomic::Ordering;

use http::header::{ACCEPT_ENCODING, VARY};
use http::request::Parts;
use http::{Method, StatusCode};
use range_core::http::conditional;
use range_core::http::{AcceptEncoding, HttpDate};
use rustix::io::Errno;

use super::shared::Shared;
use crate::accept;
use crate::clock;
use crate::connection::ConnectionState;
use crate::content::version::Version;
use crate::content::{self, Found, MAX_LISTED, Style};
use crate::digest_fields;
use crate::injection::FaultPlan;
use crate::query::Query;
use crate::random;
use crate::reply::{LISTING_VARIES, Reply};
use crate::request_fields::{Conditions, field};

/// The reason why a directory is not listed.
const TOO_MANY_LISTINGS: &str = "too many long listings are on their way; try again later";

/// A request and all that its answer depends on.
pub(super) struct Exchange<'a> {
    pub(super) shared: &'a Shared,
    pub(super) request: &'a Parts,
    pub(super) query: &'a Query,
    pub(super) conditions: &'a Conditions<'a>,
    pub(super) plan: &'a FaultPlan,
    pub(super) connection: &'a ConnectionState,
    pub(super) date: HttpDate,
}

impl Exchange<'_> {
    pub(super) async fn answer(&self) -> Reply {
        // The time it takes is not the peer's.
        let _held = self.connection.hold_on();
        let date = self.date;
        if let Some(refusal) = self.shared.policy.refuse(self.request, date) {
            return refusal;
        }
        let method = match self.request.method {
            Method::GET => conditional::Method::Get,
            Method::HEAD => conditional::Method::Head,
            Method::OPTIONS => return Reply::options(date),
            // Known to everybody, and not served here (RFC 9110 §15.5.6, §15.6.2).
            Method::POST
            | Method::PUT
            | Method::DELETE
            | Method::PATCH
            | Method::CONNECT
            | Method::TRACE => return Reply::method_not_allowed(date),
            _ => return Reply::status(StatusCode::NOT_IMPLEMENTED, date),
        };
        let reply = match self.replacement() {
            Some(reply) => reply,
            None => self.answer_get(method).await,
        };
        match method {
            conditional::Method::Get => reply,
            conditional::Method::Head => reply.without_payload(),
        }
    }

    /// The answer before any content is looked for, if a fault or a link that expired wants
    /// it.
    fn replacement(&self) -> Option<Reply> {
        let since_epoch = clock::since_epoch();
        let (link, links) = (self.query.link, &self.shared.faults.links);
        if !link.is_valid(links, since_epoch) {
            return Some(Reply::status(StatusCode::FORBIDDEN, self.date));
        }
        let scheme = self.shared.tls.as_ref().map_or("http", |_| "https");
        let replacement = self.plan.replacement.as_ref()?;
        replacement.reply(self.request, scheme, (link, links), self.date, since_epoch)
    }

    async fn answer_get(&self, method: conditional::Method) -> Reply {
        let Self {
            shared,
            request,
            query,
            plan,
            date,
            ..
        } = *self;
        let version = plan
            .version
            .unwrap_or(Version(shared.version.load(Ordering::Relaxed)));
        let (path, seed) = (request.uri.path(), query.presentation.seed);
        let fields = &request.headers;
        let accepted = field(fields, &ACCEPT_ENCODING)
            .map(|value| AcceptEncoding::parse(&value))
            .unwrap_or_default();
        let directory = shared.directory.as_ref();
        match content::find(directory, path, seed, accepted, version, date).await {
            Found::Representation(mut representation) => {
                let tag = representation.entity_tag.clone();
                plan.replace(&mut representation, self.connection.number);
                let (length, boundary) = (representation.length, random::boundary());
                let (conditions, rules) = (self.conditions, shared.rules);
                let mut reply =
                    Reply::content(method, conditions, representation, date, rules, boundary);
                let wanted = digest_fields::Wanted::read(fields, method);
                wanted
                    .add(&mut reply, length, &shared.digests, self.connection)
                    .await;
                plan.reshape(reply, tag.as_ref(), boundary, date)
            }
            Found::Directory(unread) => {
                let style = if accept::prefers_json(fields) {
                    Style::Json
                } else {
                    Style::Html(query.order)
                };
                let rules = shared.rules;
                if let Some(reply) = Reply::without_page(method, self.conditions, date, rules) {
                    return reply.with(VARY, LISTING_VARIES);
                }
                match method {
                    conditional::Method::Head => Reply::listing_head(style, date),
                    conditional::Method::Get => match unread.page(style, &shared.listings).await {
                        Ok(Some(page)) => Reply::listing(page, style, date),
                        Ok(None) => Reply::explanation(
                            StatusCode::SERVICE_UNAVAILABLE,
                            &TOO_MANY_LISTINGS,
                            date,
                        ),
                        Err(Errno::TOOBIG) => {
                            let why =
                                format!("a directory of over {MAX_LISTED} names is not listed");
                            let status = StatusCode::INTERNAL_SERVER_ERROR;
                            Reply::explanation(status, &why, date).because(Some(why))
                        }
                        Err(error) => Reply::status(StatusCode::SERVICE_UNAVAILABLE, date)
                            .because(Some(error)),
                    },
                }
            }
            Found::WithSlash => Reply::with_slash(path, request.uri.query(), date),
            Found::Missing(missing) => {
                Reply::status(StatusCode::NOT_FOUND, date).because(missing.why())
            }
            Found::Failed(error) => {
                Reply::status(StatusCode::SERVICE_UNAVAILABLE, date).because(Some(error))
            }
        }
    }
}
