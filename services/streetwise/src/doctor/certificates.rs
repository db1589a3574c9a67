//! Dates of certificates in files.

use std::path::Path;

use x509_parser::pem::Pem;

use super::finding::{Finding, State};

/// A renewal that takes longer than this is noticed too late.
const LEFT_DAYS_MIN: i64 = 21;
const DAY_S: i64 = 24 * 60 * 60;
const TITLE: &str = "证书 certificate";

/// Every certificate in a file, chain and all; `now_s` is this machine's, seconds since 1970.
pub(super) fn look(file: &Path, now_s: i64) -> Vec<Finding> {
    let bytes = match std::fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) => {
            return vec![Finding::unreachable("certificate", TITLE, error, "请核对路径 / check the path")];
        }
    };
    let found: Vec<Finding> =
        Pem::iter_from_buffer(&bytes).map(|pem| one(file, pem.map_err(anyhow::Error::from), now_s)).collect();
    if found.is_empty() {
        let why = anyhow::anyhow!("{} holds no certificate", file.display());
        return vec![Finding::unreachable("certificate", TITLE, why, NOT_PEM)];
    }
    found
}

const NOT_PEM: &str = "文件应为 PEM 证书 / the file should be a certificate in PEM";

fn one(file: &Path, pem: Result<Pem, anyhow::Error>, now_s: i64) -> Finding {
    let dates = pem.and_then(|pem| {
        let certificate = pem.parse_x509()?;
        let validity = certificate.validity();
        let subject = certificate.subject().to_string();
        Ok((subject, validity.not_before.timestamp(), validity.not_after.timestamp()))
    });
    match dates {
        Ok((subject, from_s, until_s)) => {
            let left = (until_s - now_s).div_euclid(DAY_S);
            let found = format!("{} {subject}: {left} days left", file.display());
            Finding::well("certificate", TITLE, found)
                .unless(left < LEFT_DAYS_MIN, State::Warning, "请续期 / renew it")
                .unless(
                    until_s <= now_s || from_s > now_s,
                    State::Failed,
                    "已过期或尚未生效：请更换 / expired or not valid yet: replace it",
                )
        }
        Err(error) => Finding::unreachable("certificate", TITLE, error, NOT_PEM),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Self-signed, valid from 2026-11-29T10:28:54Z to 2036-11-26T10:28:54Z.
    const PEM: &str = "-----BEGIN CERTIFICATE-----
MIIBXTCCAQ+gAwIBAgIUGoHZCDUD4F2UjhD1EB7O5seVf+cwBQYDK2VwMCQxIjAg
BgNVBAMMGWludGFrZS5zdHJlZXR3aXNlLmV4YW1wbGUwHhcNMjYxMTI5MTAyODU0
WhcNMzYxMTI2MTAyODU0WjAkMSIwIAYDVQQDDBlpbnRha2Uuc3RyZWV0d2lzZS5l
eGFtcGxlMCowBQYDK2VwAyEAUkq09v7Nq179CkyRScdmIff+1fMl5/2sXZfyD1Hp
pQSjUzBRMB0GA1UdDgQWBBQEpMw3X7I5Nw4WAGBoGtlphcX+azAfBgNVHSMEGDAW
gBQEpMw3X7I5Nw4WAGBoGtlphcX+azAPBgNVHRMBAf8EBTADAQH/MAUGAytlcANB
AGNbAZfo40x+ZEJ0Qp0qM8E5h5y2CxPD3mPSYXyhZVhqGZ5X/1kSSTrtP4u5H31M
L62aWzwONDxpiHC2QSSBhwo=
-----END CERTIFICATE-----
";
    const FROM_S: i64 = 1_795_948_134;
    const UNTIL_S: i64 = 2_111_308_134;

    fn states(text: &str, now_s: i64) -> Vec<State> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        look(file.path(), now_s).iter().map(|finding| finding.state).collect()
    }

    #[test]
    fn a_certificate_is_told_before_it_expires() {
        for (now_s, state) in [
            (FROM_S - 1, State::Failed),
            (FROM_S, State::Well),
            (UNTIL_S - 21 * DAY_S, State::Well),
            (UNTIL_S - 21 * DAY_S + 1, State::Warning),
            (UNTIL_S, State::Failed),
        ] {
            assert_eq!(states(PEM, now_s), [state], "{now_s}");
        }
        assert_eq!(states(&PEM.repeat(2), FROM_S), [State::Well, State::Well], "a chain");
        assert_eq!(states("no certificate", FROM_S), [State::Failed]);
    }
}
