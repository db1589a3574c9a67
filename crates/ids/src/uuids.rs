//! Identifiers that are UUIDs: v7 where we mint them, v5 where they are derived (D16, D18, D19).

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A UUIDv7 of `now` with the given random bytes. `now` is the database's bound time, so that a wrong
/// service clock never decides into which daily partition a row falls.
pub fn mint(now: Timestamp, random: [u8; 10]) -> Uuid {
    let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// The bare UUID, for a column or a message field.
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// One submission (上报). A v5 of the idempotency scope and key, so a replay has the same id (D19).
    ReportId
);
id!(
    /// The matter itself (案件), after duplicates are joined.
    CaseId
);
id!(
    /// The duty of one body in one case (工单).
    OrderId
);
id!(
    /// One journal row, one event, one `Nats-Msg-Id` (D11, D16).
    EventId
);
id!(
    /// One message to one endpoint (投递).
    DeliveryId
);
id!(
    /// A link to one order, for a body without an account (链接).
    LinkId
);
id!(
    /// A visit to the place that several bodies made together (联合走访).
    VisitId
);
id!(
    /// The client's `Idempotency-Key`.
    IdempotencyKey
);

/// Namespace of report ids (D19): a fixed random UUID, part of the contract.
const REPORTS: Uuid = Uuid::from_u128(0x6b2f_8c1e_4d37_5f0a_9e5b_0d1c_7a64_e3f2);

impl ReportId {
    /// `v5(scope, key)`: the scope is street, principal and route, each length-prefixed so that no two
    /// scopes share a text.
    pub fn derive(scope: &[&str], key: IdempotencyKey) -> Self {
        let mut name = Vec::new();
        for part in scope {
            name.extend_from_slice(&(part.len() as u64).to_be_bytes());
            name.extend_from_slice(part.as_bytes());
        }
        name.extend_from_slice(key.0.as_bytes());
        Self(Uuid::new_v5(&REPORTS, &name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn minted_ids_sort_by_time(a in 0i64..4_000_000_000_000, b in 0i64..4_000_000_000_000, r: [u8; 10], s: [u8; 10]) {
            let (x, y) = (
                mint(Timestamp::from_millisecond(a).unwrap(), r),
                mint(Timestamp::from_millisecond(b).unwrap(), s),
            );
            prop_assert_eq!(x.get_version_num(), 7);
            if a != b {
                prop_assert_eq!(a < b, x < y);
            }
        }

        #[test]
        fn scopes_do_not_run_into_each_other(a in "[a-z]{0,6}", b in "[a-z]{0,6}", c in "[a-z]{0,6}", d in "[a-z]{0,6}", key: u128) {
            let key = IdempotencyKey(Uuid::from_u128(key));
            let same = a == c && b == d;
            prop_assert_eq!(same, ReportId::derive(&[&a, &b], key) == ReportId::derive(&[&c, &d], key));
        }
    }
}
