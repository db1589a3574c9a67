//! Texts with a form of their own, as a schema says it. Each is the text of a type of crate `ids` or a key that
//! [`crate::document::check`] judges. The directory, which has regular expressions, tests the patterns against those.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::document::item::Priority;
use crate::document::policy::Stage;

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $pattern:literal, $about:literal) => {
        $(#[$doc])*
        pub(crate) struct $name;

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $pattern, "description": $about })
            }
        }
    };
}

text!(
    /// `ids::TenantId`
    Code,
    r"^[1-9][0-9]{11}$",
    "12 位数字，首位不为 0，加引号 / 12 digits, the first is not 0, in quotes"
);
text!(
    /// `ids::BodyKey`
    Slug,
    r"^[a-z][a-z0-9-]{0,63}$",
    "1 至 64 个小写字母、数字或连字符，以字母开头 / 1 to 64 of a-z, 0-9 and -, starting with a letter"
);
text!(
    /// `ids::BodyRef`
    BodyName,
    r"^[a-z][a-z0-9-]{0,63}(@[1-9][0-9]{11})?$",
    "单位的键，街道或社区单位可加 @ 与 12 位代码 / a body's key, with @ and 12 digits for one of a street or community"
);
text!(
    /// A key of the manifest's own, as the content check takes it.
    Key,
    r"^[A-Za-z0-9._-]{1,64}$",
    "1 至 64 个字母、数字或 . _ - / 1 to 64 letters, digits, dots, underscores or hyphens"
);

text!(
    /// The name of a pair, as the content check takes it.
    PairName,
    r"^[a-z][a-z0-9-]{0,31}$",
    "1 至 32 个小写字母、数字或连字符，以字母开头，不与固定环节同名 / 1 to 32 of a-z, 0-9 and -, starting with a letter, and no fixed stage"
);

text!(
    /// `jiff::civil::Date`
    Day,
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
    "日期，如 2026-10-01 / a date like 2026-10-01"
);

text!(
    /// A time of day, as rotas take it.
    ClockTime,
    r"^([01][0-9]|2[0-3]):[0-5][0-9]$",
    "时刻，如 08:30，加引号 / a time of day like 08:30, in quotes"
);

text!(
    /// The end of a stretch of working hours.
    ClosingTime,
    r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$",
    "时刻，如 17:30，日末写作 24:00，加引号 / a time of day like 17:30, 24:00 for the day's end, in quotes"
);

text!(
    /// `jiff::Timestamp`
    Instant,
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2})$",
    "时刻，如 2027-06-30T16:00:00Z / an instant like 2027-06-30T16:00:00Z"
);

text!(
    /// What `sha256sum` prints.
    Sha256,
    r"^[0-9a-f]{64}$",
    "64 位小写十六进制 / 64 lower-case hexadecimal digits"
);

/// [`Stage`] as a key of a map, which must be named to be listed.
pub(crate) struct StageWord;

impl JsonSchema for StageWord {
    fn schema_name() -> Cow<'static, str> {
        "StageWord".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "enum": Stage::ALL.map(Stage::as_str) })
    }
}

/// [`Priority`], which is not described by itself.
pub(crate) struct PriorityWord;

impl JsonSchema for PriorityWord {
    fn schema_name() -> Cow<'static, str> {
        "PriorityWord".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let words = [Priority::P1, Priority::P2, Priority::P3, Priority::P4].map(Priority::as_str);
        json_schema!({ "type": "string", "enum": words })
    }
}
