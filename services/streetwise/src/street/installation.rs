//! All services of an installation, with one caller's token.

use std::collections::BTreeMap;
use std::path::Path;

use contract::topology::PUBLISHERS;
use serde::Deserialize;

use crate::cli::InstallationDoor;
use crate::client::Client;
use crate::failure::Failure;
use crate::token;

/// A client for each service.
pub(super) struct Installation {
    clients: BTreeMap<String, Client>,
}

/// What `./dev up` writes down.
#[derive(Deserialize)]
struct Endpoints {
    services: BTreeMap<String, String>,
}

impl Installation {
    /// Every service must be named: one that is left out would keep what it has.
    pub(super) fn open(door: &InstallationDoor) -> Result<Self, Failure> {
        let token = door.caller.token()?;
        let mut addresses = match &door.endpoints {
            Some(file) => endpoints(file)?.services,
            None => BTreeMap::new(),
        };
        for text in &door.services {
            let (service, url) = crate::clock::parsed(text)?;
            addresses.insert(service.to_owned(), url.to_owned());
        }
        let mut clients = BTreeMap::new();
        for service in services() {
            let url = addresses.get(service).ok_or_else(|| {
                Failure::Usage(format!(
                    "缺少 {service} 的地址 / the address of {service} is missing: --service {service}=URL"
                ))
            })?;
            clients.insert(service.to_owned(), Client::new(url, &token)?);
        }
        Ok(Self { clients })
    }

    /// One of [`services`].
    pub(super) fn of(&self, service: &str) -> &Client {
        &self.clients[service]
    }
}

/// Everything that keeps something of a street.
pub(super) fn services() -> impl Iterator<Item = &'static str> {
    PUBLISHERS.into_iter().chain(["console"])
}

fn endpoints(file: &Path) -> Result<Endpoints, Failure> {
    let text = std::fs::read_to_string(file).map_err(|error| token::unreadable(file, error))?;
    let doing = format!("读取 / reading {}", file.display());
    serde_json::from_str(&text).map_err(|error| Failure::world(doing, "", error))
}
