//! The demo secrets, as notification drops them: one file `<tenant>__<endpoint key>`, `whsec_` and base64.

use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Every secret good for the endpoint `key` or `key@tenant`. Two tenants may have endpoints of one key; a bare key
/// is served by any of them.
pub fn of_endpoint(folder: &Path, endpoint: &str) -> Vec<Vec<u8>> {
    let (key, tenant) = match endpoint.split_once('@') {
        Some((key, tenant)) => (key, Some(tenant)),
        None => (endpoint, None),
    };
    let fits = |name: &str| {
        let named = name.split_once("__");
        named.is_some_and(|(owner, its_key)| its_key == key && tenant.is_none_or(|tenant| tenant == owner))
    };
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let files = entries.flatten().filter(|entry| entry.file_name().to_str().is_some_and(fits));
    files.filter_map(|entry| decode(&fs::read_to_string(entry.path()).ok()?)).collect()
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let text = text.trim();
    STANDARD.decode(text.strip_prefix("whsec_").unwrap_or(text)).ok().filter(|secret| !secret.is_empty())
}
