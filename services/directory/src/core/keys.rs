//! Whether the keys of a manifest can be what it says, and whether a rollback would bring back one that was taken out.

use std::collections::BTreeSet;

use access::Role;
use contract::document::{ApiKey, Document, DocumentBody, Kind, People};
use ids::{BodyKey, TenantId};

use super::fault::Fault;
use super::members::usable;

/// The one before and the one after a change of keys.
const HASHES_MAX: usize = 2;

/// Everything that is wrong with them.
pub(super) fn check(tenant: TenantId, kind: Kind, people: &People) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (name, key) in &people.keys {
        if name.parse::<BodyKey>().is_err() {
            let detail = "密钥名须为 1 至 64 个小写字母、数字或连字符，以字母开头 / the name of a key is 1 to 64 of a-z, 0-9 and -, \
                          starting with a letter";
            faults.push(Fault::people(&["keys", name], "identifier-invalid", detail));
        }
        faults.extend(hashes(name, key));
        if key.grants.is_empty() {
            let detail = "密钥须至少有一个角色 / a key has at least one role";
            faults.push(Fault::people(&["keys", name, "grants"], "grant-missing", detail));
        }
        for (position, form) in key.grants.iter().enumerate() {
            let position = position.to_string();
            let steps = ["keys", name.as_str(), "grants", &position];
            faults.extend(usable(tenant, kind, form).map(|unusable| unusable.fault(&steps)));
            if form.role.parse().is_ok_and(people_only) {
                let detail = "该角色只能由人担任 / only a person can hold this role";
                faults.push(Fault::people(&[&steps[..], &["role"]].concat(), "role-of-people", detail));
            }
        }
    }
    faults
}

/// Verifying and looking after the system stay with people: a machine must not close what a machine handled, and who
/// appoints, removes or audits answers for it by name.
fn people_only(role: Role) -> bool {
    matches!(role, Role::Verifier | Role::SystemAdmin | Role::SecurityAdmin | Role::AuditAdmin)
}

fn hashes(name: &str, key: &ApiKey) -> Vec<Fault> {
    let sound =
        |hash: &&String| hash.len() == 64 && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let bad = key.sha256.iter().enumerate().filter(|(_, hash)| !sound(hash));
    let mut faults: Vec<_> = bad
        .map(|(at, _)| {
            let detail = "须为密钥的 SHA-256，64 位小写十六进制；密钥本身不得写入清单 / the SHA-256 of the key, 64 lower-case \
                          hexadecimal digits; the key itself does not belong here";
            Fault::people(&["keys", name, "sha256", &at.to_string()], "hash-invalid", detail)
        })
        .collect();
    let different: BTreeSet<_> = key.sha256.iter().collect();
    if key.sha256.is_empty() || key.sha256.len() > HASHES_MAX || different.len() < key.sha256.len() {
        let detail = "须有一个或两个不同的摘要 / one hash, or two different ones while keys are changed";
        faults.push(Fault::people(&["keys", name, "sha256"], "hash-count", detail));
    }
    faults
}

/// Keys that a rollback would let in again: of hashes that are not taken today. Somebody had a reason to take them out.
pub(crate) fn brought_back(made: &People, stored: &[Document]) -> Vec<Fault> {
    let today = stored.iter().find_map(|document| match &document.body {
        DocumentBody::People(people) => Some(&people.keys),
        _ => None,
    });
    let taken = |hash: &String| today.is_some_and(|keys| keys.values().any(|key| key.sha256.contains(hash)));
    let back = made.keys.iter().filter(|(_, key)| !key.sha256.iter().all(taken));
    back.map(|(name, _)| {
        let detail = "回滚会恢复已撤销的密钥；请改用不含该密钥的清单 apply / the rollback would let in a key that was taken out \
                      since; apply a manifest without it instead";
        Fault::people(&["keys", name], "key-brought-back", detail)
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use contract::document::Grant;
    use jiff::Timestamp;

    use super::*;

    const STREET: &str = "990102001000";

    fn people(sha256: &[&str], roles: &[&str]) -> People {
        let tenant: TenantId = STREET.parse().unwrap();
        let grant = |role: &&str| Grant { role: (*role).to_owned(), scope: tenant, body: None };
        let key = ApiKey {
            sha256: sha256.iter().map(|hash| (*hash).to_owned()).collect(),
            grants: roles.iter().map(grant).collect(),
            expires_at: Timestamp::MAX,
        };
        People { keys: [("sensors".to_owned(), key)].into(), ..People::default() }
    }

    fn codes(sha256: &[&str], roles: &[&str]) -> Vec<&'static str> {
        let faults = check(STREET.parse().unwrap(), Kind::Street, &people(sha256, roles));
        faults.iter().map(|fault| fault.code).collect()
    }

    #[test]
    fn what_a_key_may_not_be_is_said() {
        let (one, other, third) = ("0a".repeat(32), "0b".repeat(32), "0c".repeat(32));
        assert!(codes(&[&one], &["device"]).is_empty());
        assert!(codes(&[&one, &other], &["device", "grid-worker"]).is_empty());
        assert_eq!(codes(&[], &["device"]), ["hash-count"]);
        assert_eq!(codes(&[&one, &one], &["device"]), ["hash-count"]);
        assert_eq!(codes(&[&one, &other, &third], &["device"]), ["hash-count"]);
        assert_eq!(codes(&[&one.to_uppercase()], &["device"]), ["hash-invalid"]);
        assert_eq!(codes(&["swk_990102001000_sensors_00"], &["device"]), ["hash-invalid"]);
        assert_eq!(codes(&[&one], &[]), ["grant-missing"]);
        assert_eq!(codes(&[&one], &["emperor"]), ["unknown-role"]);
        assert_eq!(codes(&[&one], &["verifier"]), ["role-of-people"]);
        assert_eq!(codes(&[&one], &["district-centre"]), ["role-not-here"]);
    }

    #[test]
    fn a_rollback_lets_in_no_key_that_is_not_taken_today() {
        let (one, other) = ("0a".repeat(32), "0b".repeat(32));
        let tenant: TenantId = STREET.parse().unwrap();
        let stored = |people: People| [Document::people(tenant, None, 2, people)];
        let back =
            |then: &[&str], today: People| brought_back(&people(then, &["device"]), &stored(today)).len();
        assert_eq!(back(&[&one], people(&[&one, &other], &["device"])), 0);
        assert_eq!(back(&[&one], people(&[&other], &["device"])), 1);
        assert_eq!(back(&[&one], People::default()), 1);
        assert!(brought_back(&People::default(), &stored(people(&[&one], &["device"]))).is_empty());
    }
}
