//! Calls without an account: what stands in their message is their right, as with a link. Which services take them, a
//! service says with [`crate::Plan::rpc_for_strangers`]; every other call is proved before its message is read.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::http::{self, HeaderMap};
use tonic::service::RoutesBuilder;
use tonic::{Request, Status};

use super::incoming::Proved;
use crate::door::strangers::FORWARDED_FOR;
use crate::door::{Problem, TraceContext};

/// The generated servers of a service, and the names of those that strangers may call.
#[derive(Debug, Default)]
pub struct Servers {
    pub(crate) routes: RoutesBuilder,
    pub(crate) open: BTreeSet<&'static str>,
}

/// What [`super::front::Front`] asks: whether a method is a stranger's to call.
#[derive(Debug, Clone)]
pub(super) struct Open(pub Arc<BTreeSet<&'static str>>);

impl Open {
    pub fn takes(&self, method: &str) -> bool {
        method.split_once('/').is_some_and(|(service, _)| self.0.contains(service))
    }
}

/// A stranger's call.
#[derive(Debug, Clone)]
pub struct Knock {
    /// Where it came from, for [`crate::door::Strangers`], and nothing else of its headers.
    pub headers: HeaderMap,
    /// The caller's trace, continued.
    pub trace: TraceContext,
    connection: Option<Proved>,
}

impl Knock {
    /// Of a request.
    pub fn of<T>(request: &Request<T>) -> Result<Self, Status> {
        request.extensions().get::<Self>().cloned().ok_or_else(|| {
            tracing::error!("a server for strangers is not among the open ones");
            Problem::internal().into()
        })
    }

    pub(super) fn begun<T>(request: &http::Request<T>) -> Self {
        let followed = request.extensions().get::<TraceContext>().cloned();
        let trace = followed.unwrap_or_else(|| TraceContext::of(request.headers()));
        let forwarded = request.headers().get_all(FORWARDED_FOR).iter().cloned();
        Self {
            headers: forwarded.map(|value| (FORWARDED_FOR, value)).collect(),
            trace,
            connection: request.extensions().get::<Proved>().cloned(),
        }
    }

    /// What it brought was true: its connection is free to stay, as that of somebody with an account.
    pub fn known(&self) {
        if let Some(connection) = &self.connection {
            connection.note();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_named_services_take_strangers() {
        let open = Open(Arc::new(BTreeSet::from(["streetwise.dispatch.v1.LinkBearerService"])));
        assert!(open.takes("streetwise.dispatch.v1.LinkBearerService/OpenLink"));
        for closed in ["streetwise.dispatch.v1.LinkService/IssueLink", "streetwise.dispatch.v1", ""] {
            assert!(!open.takes(closed), "{closed}");
        }
    }

    #[test]
    fn of_its_headers_only_its_place_is_kept() {
        let request = http::Request::get("/")
            .header("authorization", "Bearer x")
            .header("x-forwarded-for", "198.51.100.7")
            .body(())
            .unwrap();
        let knock = Knock::begun(&request);
        assert_eq!(knock.headers.len(), 1);
        assert_eq!(knock.headers["x-forwarded-for"], "198.51.100.7");
        knock.known();
    }
}
