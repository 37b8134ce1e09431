//! Owns what holds for every request, whatever it is for: whose is refused, and the fields that
//! each answer has. Knows no content.

use http::request::Parts;
use http::uri::Scheme;
use http::{HeaderMap, Method, StatusCode};
use range_core::http::HttpDate;

use crate::cors::Cors;
use crate::host::Hosts;
use crate::login::Login;
use crate::reply::Reply;
use crate::target;

/// The rules for every request.
pub(crate) struct Policy {
    pub(crate) hosts: Hosts,
    /// The connections are secured, so that resources of https are served.
    pub(crate) is_secured: bool,
    pub(crate) cors: Option<Cors>,
    pub(crate) headers: HeaderMap,
    pub(crate) login: Option<Login>,
}

impl Policy {
    /// The refusal of a request that is not to be answered.
    pub(crate) fn refuse(&self, request: &Parts, date: HttpDate) -> Option<Reply> {
        let is_of = |scheme: &Scheme, name| scheme.as_str().eq_ignore_ascii_case(name);
        if let Some(scheme) = request.uri.scheme()
            && !is_of(scheme, "http")
            && !(self.is_secured && is_of(scheme, "https"))
        {
            // RFC 9110 §7.4: what is of https comes over secured connections alone.
            let why = format!("this connection serves nothing of {scheme}");
            return Some(Reply::explanation(
                StatusCode::MISDIRECTED_REQUEST,
                &why,
                date,
            ));
        }
        if let Err(refusal) = self.hosts.check_request(request) {
            return Some(Reply::explanation(refusal.status(), &refusal, date));
        }
        if request.uri.path() == "*" && request.method != Method::OPTIONS {
            let why = "* as a target is for OPTIONS alone (RFC 9112 §3.2.4)";
            return Some(Reply::explanation(StatusCode::BAD_REQUEST, &why, date));
        }
        if target::is_too_long(&request.uri) {
            return Some(Reply::status(StatusCode::URI_TOO_LONG, date));
        }
        let login = self.login.as_ref()?;
        let is_let_in =
            login.is_in(&request.headers) || (self.cors.is_some() && Cors::is_preflight(request));
        (!is_let_in).then(|| Reply::complete_status(StatusCode::UNAUTHORIZED, date))
    }

    /// Adds the fields that every answer has.
    pub(crate) fn add_fields(&self, request: &Parts, reply: &mut Reply) {
        if let Some(cors) = &self.cors {
            cors.permit(request, &mut reply.headers);
        }
        for name in self.headers.keys() {
            reply.headers.remove(name);
        }
        let own = self.headers.iter();
        let own = own.map(|(name, value)| (name.clone(), value.clone()));
        reply.headers.extend(own);
    }
}
