//! Pages: static shells of HTML, script and style (D55). They hold no data and no secret; their script asks the doors of
//! the service that serves them.

use axum::http::{HeaderName, HeaderValue, header};

/// Only our own script, style and doors; no frames, no forms, nothing from elsewhere, nothing inline.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A part of a page with its headers.
pub type Served = ([(HeaderName, HeaderValue); 5], &'static str);

/// HTML.
pub fn html(text: &'static str) -> Served {
    served("text/html; charset=utf-8", text)
}

/// JavaScript.
pub fn script(text: &'static str) -> Served {
    served("text/javascript; charset=utf-8", text)
}

/// CSS.
pub fn style(text: &'static str) -> Served {
    served("text/css; charset=utf-8", text)
}

fn served(content_type: &'static str, text: &'static str) -> Served {
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers.map(|(name, value)| (name, HeaderValue::from_static(value))), text)
}
