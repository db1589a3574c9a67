//! The knobs of this service.

use access::{Grant, Membership, Role, Scope};
use bootstrap::{ConfigError, Env};
use contract::document::Variables;

const VARIABLES: &str = "STREETWISE_MANIFEST_VARIABLES";

/// What the environment says.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// `STREETWISE_DIRECTORY_ADMINS`: subjects, separated by commas, who may apply any manifest. Somebody must,
    /// before the first document names members.
    pub admins: Membership,
    /// `STREETWISE_MANIFEST_VARIABLES`: `NAME=value` pairs, separated by commas, for the `${NAME}`s of addresses.
    /// Development only: what is applied in production says itself where it points.
    pub variables: Variables,
    /// Demo policies are taken in development only (D48).
    pub demo_allowed: bool,
}

impl Config {
    /// Reads and checks.
    pub fn read(env: &Env, development: bool) -> Result<Self, ConfigError> {
        let admins = listed(env.get("STREETWISE_DIRECTORY_ADMINS")).map(|subject| (subject, administrator()));
        let admins = admins.collect();
        let variables = match env.get(VARIABLES) {
            Some(_) if !development => {
                return Err(ConfigError::Malformed {
                    name: VARIABLES,
                    expected: "left unset outside development",
                });
            }
            text => variables(text)?,
        };
        Ok(Self { admins, variables, demo_allowed: development })
    }
}

fn administrator() -> Grant {
    Grant::new(Role::DirectoryAdmin, Scope::Installation)
        .expect("a directory admin may be held installation-wide")
}

fn variables(text: Option<&str>) -> Result<Variables, ConfigError> {
    let malformed =
        || ConfigError::Malformed { name: VARIABLES, expected: "NAME=value pairs separated by commas" };
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').ok_or_else(malformed)?;
        Ok((name.trim().to_owned(), value.trim().to_owned()))
    };
    listed(text).map(pair).collect()
}

fn listed(text: Option<&str>) -> impl Iterator<Item = &str> {
    text.unwrap_or_default().split(',').map(str::trim).filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(development: bool, variables: &str) -> Result<Variables, ConfigError> {
        let env = Env::from_iter([(VARIABLES, variables)]);
        Config::read(&env, development).map(|config| config.variables)
    }

    #[test]
    fn variables_are_for_development() {
        let taken = read(true, "SINK_URL=http://127.0.0.1:9400/?a=b, OTHER=x").unwrap();
        assert_eq!(taken["SINK_URL"], "http://127.0.0.1:9400/?a=b");
        assert_eq!(taken["OTHER"], "x");
        assert!(read(false, "SINK_URL=http://127.0.0.1:9400").is_err());
        assert!(read(true, "SINK_URL").is_err());
        assert!(read(false, "").unwrap().is_empty());
    }

    #[test]
    fn administrators_reach_every_tenant() {
        let env = Env::from_iter([("STREETWISE_DIRECTORY_ADMINS", " sre ,ops,")]);
        let admins = Config::read(&env, false).unwrap().admins;
        let resource = access::Resource::of("990102001000".parse().unwrap(), "990102000000".parse().unwrap());
        for (subject, may) in [("sre", true), ("ops", true), ("", false), ("other", false)] {
            let answer = admins.principal(subject).may(access::Action::DocumentApply, &resource);
            assert_eq!(answer.is_ok(), may, "{subject}");
        }
    }
}
