//! The environment of a process: read once, checked before anything starts, every fault named with its variable.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;

use crate::identity::IdentitySettings;

/// A variable that is missing or does not parse. The value is never repeated: it may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Not set.
    #[error("{0} is not set")]
    Missing(&'static str),
    /// Set to something else than it takes.
    #[error("{name} is not {expected}")]
    Malformed {
        /// The variable.
        name: &'static str,
        /// What it takes.
        expected: &'static str,
    },
}

/// The environment, as data: tests hand in their own.
#[derive(Debug, Clone, Default)]
pub struct Env(BTreeMap<String, String>);

impl Env {
    /// This process's own.
    pub fn of_process() -> Self {
        Self(std::env::vars().filter(|(name, _)| name.starts_with("STREETWISE_")).collect())
    }

    /// A variable, if it is set and not empty.
    pub fn get(&self, name: &'static str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A variable that must be set.
    pub fn required(&self, name: &'static str) -> Result<&str, ConfigError> {
        self.get(name).ok_or(ConfigError::Missing(name))
    }

    /// A variable of a type, or its default.
    pub fn parsed<T: FromStr>(
        &self,
        name: &'static str,
        expected: &'static str,
        default: T,
    ) -> Result<T, ConfigError> {
        match self.get(name) {
            None => Ok(default),
            Some(text) => text.parse().map_err(|_| ConfigError::Malformed { name, expected }),
        }
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Env {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

/// What every service needs to run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `STREETWISE_DATABASE_URL`: role `<service>`.
    pub database_url: String,
    /// `STREETWISE_RELAY_DATABASE_URL`: role `<service>_relay`.
    pub relay_database_url: String,
    /// `STREETWISE_NATS_URL`.
    pub nats_url: String,
    /// `STREETWISE_NATS_NKEY_FILE`: the key of this service's user at the broker, made by `streetwise broker-users`. Only
    /// in development may it be missing, with a broker that lets everybody in.
    pub nats_nkey_file: Option<PathBuf>,
    /// `STREETWISE_HTTP_LISTEN`, e.g. `127.0.0.1:8081`; port 0 takes any.
    pub http_listen: String,
    /// `STREETWISE_GRPC_LISTEN`: the gRPC door; none where it is not set.
    pub grpc_listen: Option<String>,
    /// `STREETWISE_ENVIRONMENT` is `development`; `production` is the default.
    pub development: bool,
    /// Where tokens come from.
    pub identity: IdentitySettings,
}

impl Settings {
    /// Reads and checks all of them.
    pub fn read(env: &Env) -> Result<Self, ConfigError> {
        let development = match env.get("STREETWISE_ENVIRONMENT") {
            None | Some("production") => false,
            Some("development") => true,
            Some(_) => {
                let expected = "production or development";
                return Err(ConfigError::Malformed { name: "STREETWISE_ENVIRONMENT", expected });
            }
        };
        Ok(Self {
            database_url: env.required("STREETWISE_DATABASE_URL")?.to_owned(),
            relay_database_url: env.required("STREETWISE_RELAY_DATABASE_URL")?.to_owned(),
            nats_url: env.required("STREETWISE_NATS_URL")?.to_owned(),
            nats_nkey_file: nats_nkey_file(env, development)?,
            http_listen: env.required("STREETWISE_HTTP_LISTEN")?.to_owned(),
            grpc_listen: env.get("STREETWISE_GRPC_LISTEN").map(str::to_owned),
            development,
            identity: IdentitySettings {
                jwks_file: PathBuf::from(env.required("STREETWISE_JWKS_FILE")?),
                issuer: env.required("STREETWISE_JWT_ISSUER")?.to_owned(),
                audience: env.required("STREETWISE_JWT_AUDIENCE")?.to_owned(),
                development,
            },
        })
    }
}

fn nats_nkey_file(env: &Env, development: bool) -> Result<Option<PathBuf>, ConfigError> {
    const NAME: &str = "STREETWISE_NATS_NKEY_FILE";
    match env.get(NAME) {
        None if !development => Err(ConfigError::Missing(NAME)),
        file => Ok(file.map(PathBuf::from)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn production_wants_a_key_for_the_broker() {
        let name = "STREETWISE_NATS_NKEY_FILE";
        assert_eq!(nats_nkey_file(&Env::default(), true), Ok(None));
        assert_eq!(nats_nkey_file(&Env::default(), false), Err(ConfigError::Missing(name)));
        let file = Env::from_iter([(name, "/run/secrets/intake.nk")]);
        assert_eq!(nats_nkey_file(&file, false), Ok(Some(PathBuf::from("/run/secrets/intake.nk"))));
    }

    #[test]
    fn faults_name_the_variable_and_never_the_value() {
        assert_eq!(
            Settings::read(&Env::default()).unwrap_err(),
            ConfigError::Missing("STREETWISE_DATABASE_URL")
        );
        let env = Env::from_iter([("STREETWISE_ENVIRONMENT", "secret-word")]);
        let text = Settings::read(&env).unwrap_err().to_string();
        assert_eq!(text, "STREETWISE_ENVIRONMENT is not production or development");
    }
}
