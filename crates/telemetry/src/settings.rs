//! The standard OpenTelemetry variables, read once at start.
//!
//! `OTEL_EXPORTER_OTLP_ENDPOINT` (gRPC without TLS: the collector beside the process or in the cluster) switches
//! the export on; unset or `OTEL_SDK_DISABLED=true` means off. `OTEL_TRACES_SAMPLER` and its `_ARG` choose what
//! is recorded. The rest of the standard (headers, time-outs, batch sizes, intervals, `OTEL_RESOURCE_ATTRIBUTES`)
//! is read by the SDK itself.

/// Of the traces that begin here, the part that is recorded unless `OTEL_TRACES_SAMPLER` says otherwise: at 3,000
/// reports a second still thirty a second, at a street's usual load one in a while.
pub const RATIO_DEFAULT: f64 = 0.01;

/// Where telemetry goes and how much of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings {
    /// The collector; nothing is exported without.
    pub endpoint: Option<String>,
    /// Which traces are recorded.
    pub sampling: Sampling,
}

/// Who decides which traces are recorded. A caller's decision is followed.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum Sampling {
    /// `OTEL_TRACES_SAMPLER`, read by the SDK.
    Standard,
    /// This part of the traces that begin here.
    Ratio(f64),
    /// [`RATIO_DEFAULT`] of them.
    #[default]
    Usual,
}

impl Settings {
    /// This process's own.
    pub fn of_process() -> Self {
        Self::read(|name| std::env::var(name).ok())
    }

    fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set =
            |name: &str| variable(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let disabled = set("OTEL_SDK_DISABLED").is_some_and(|text| text.eq_ignore_ascii_case("true"));
        let ratio = set("OTEL_TRACES_SAMPLER_ARG").and_then(|text| text.parse().ok());
        let sampling = match (set("OTEL_TRACES_SAMPLER"), ratio) {
            (Some(_), _) => Sampling::Standard,
            (None, Some(ratio)) => Sampling::Ratio(ratio),
            (None, None) => Sampling::Usual,
        };
        Self { endpoint: set("OTEL_EXPORTER_OTLP_ENDPOINT").filter(|_| !disabled), sampling }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Settings {
        let find = |name: &str| variables.iter().find(|(known, _)| *known == name);
        Settings::read(|name| find(name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn only_an_endpoint_switches_the_export_on() {
        let to = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317");
        assert_eq!(read(&[]), Settings::default());
        assert_eq!(read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", " ")]).endpoint, None);
        assert_eq!(read(&[to]).endpoint.as_deref(), Some("http://127.0.0.1:4317"));
        assert_eq!(read(&[to, ("OTEL_SDK_DISABLED", "True")]).endpoint, None);
    }

    #[test]
    fn a_named_sampler_is_the_standards_a_mere_ratio_is_ours() {
        assert_eq!(read(&[("OTEL_TRACES_SAMPLER", "always_on")]).sampling, Sampling::Standard);
        assert_eq!(read(&[("OTEL_TRACES_SAMPLER_ARG", "0.5")]).sampling, Sampling::Ratio(0.5));
        assert_eq!(read(&[("OTEL_TRACES_SAMPLER_ARG", "half")]).sampling, Sampling::Usual);
    }
}
