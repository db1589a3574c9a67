//! What came of one attempt, as facts.

/// The end of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// An answer came, whatever it says.
    Answered {
        /// The HTTP status.
        status: u16,
        /// The `Retry-After` header, if one came.
        retry_after: Option<String>,
    },
    /// Nothing, or not all of it, within the time of an attempt.
    TimedOut,
    /// No connection, no TLS, or it broke off.
    Unreachable,
    /// The name resolved to addresses that webhooks do not go to.
    AddressRefused,
    /// The URL itself is one that webhooks do not go to.
    UrlRefused,
    /// The endpoint was too busy with others to be asked in time; nothing was sent.
    NotSent,
}

impl Outcome {
    /// 2xx is success, everything else failure.
    pub fn success(&self) -> bool {
        matches!(self, Outcome::Answered { status: 200..=299, .. })
    }

    /// The receiver asks never to be told again.
    pub fn gone(&self) -> bool {
        matches!(self, Outcome::Answered { status: 410, .. })
    }

    /// Every code there is.
    pub const CODES: [&'static str; 7] =
        ["ok", "status", "timeout", "unreachable", "address-refused", "endpoint-not-allowed", "not-sent"];

    /// Stable code, for the attempt's row and for metrics.
    pub fn code(&self) -> &'static str {
        match self {
            Outcome::Answered { status: 200..=299, .. } => "ok",
            Outcome::Answered { .. } => "status",
            Outcome::TimedOut => "timeout",
            Outcome::Unreachable => "unreachable",
            Outcome::AddressRefused => "address-refused",
            Outcome::UrlRefused => "endpoint-not-allowed",
            Outcome::NotSent => "not-sent",
        }
    }

    /// The HTTP status, if there was one.
    pub fn status(&self) -> Option<u16> {
        match self {
            Outcome::Answered { status, .. } => Some(*status),
            _ => None,
        }
    }
}
