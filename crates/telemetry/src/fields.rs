//! The fields of a log event, already redacted: what both the line and the exported record are made of.

use std::fmt::{self, Debug, Write};

use tracing::field::{Field, Visit};

use crate::redact::{self, Class, WITHHELD};

/// A value that may leave.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Scalar {
    Bool(bool),
    Signed(i64),
    Unsigned(u64),
    Float(f64),
    Text(String),
}

/// What an event says.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    pub message: String,
    pub rest: Vec<(&'static str, Scalar)>,
}

impl Fields {
    pub(crate) fn of(event: &tracing::Event<'_>) -> Self {
        let mut fields = Self::default();
        event.record(&mut fields);
        fields
    }

    /// The value is only made when its key is listed.
    fn text(&mut self, field: &Field, value: impl FnOnce() -> String) {
        let name = field.name();
        match redact::class(name) {
            None => self.withhold(field),
            Some(Class::Word) => self.rest.push((name, Scalar::Text(value()))),
            Some(Class::Text) => {
                let masked = redact::mask(&value()).into_owned();
                if name == "message" {
                    self.message = masked
                } else {
                    self.rest.push((name, Scalar::Text(masked)))
                }
            }
        }
    }

    fn plain(&mut self, field: &Field, value: Scalar) {
        match redact::class(field.name()) {
            None => self.withhold(field),
            Some(_) => self.rest.push((field.name(), value)),
        }
    }

    /// The bridge of the `log` crate adds file and line to every event; those are nobody's secret and no use.
    fn withhold(&mut self, field: &Field) {
        if !field.name().starts_with("log.") {
            self.rest.push((field.name(), Scalar::Text(WITHHELD.to_owned())));
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.text(field, || format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field, || value.to_owned());
    }

    /// The outermost text only: causes of database errors may repeat values.
    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.text(field, || value.to_string());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.plain(field, Scalar::Bool(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.plain(field, Scalar::Signed(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.plain(field, Scalar::Unsigned(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.plain(field, Scalar::Float(value));
    }
}

/// Writes the value as JSON; numbers that JSON lacks become null.
pub(crate) fn write_json(out: &mut impl Write, value: &Scalar) -> fmt::Result {
    match value {
        Scalar::Bool(value) => write!(out, "{value}"),
        Scalar::Signed(value) => write!(out, "{value}"),
        Scalar::Unsigned(value) => write!(out, "{value}"),
        Scalar::Float(value) if value.is_finite() => write!(out, "{value}"),
        Scalar::Float(_) => out.write_str("null"),
        Scalar::Text(text) => write_text(out, text),
    }
}

/// Writes a JSON string.
pub(crate) fn write_text(out: &mut impl Write, text: &str) -> fmt::Result {
    let quoted = serde_json::to_string(text).map_err(|_| fmt::Error)?;
    out.write_str(&quoted)
}
