//! The manifests as text: what a person would write above, GeoJSON on one line below.

use super::{drawing, duty, names};

const PREFIX: &str = "990102";
/// District bodies that are told by webhook, where there is an address for it.
const TOLD: [&str; 4] = ["transport", "traffic-police", "bus-company", "governance-centre"];

/// The district's manifest. Its members are those of the development identity; it has no endpoints.
pub fn district() -> String {
    let body_users: String =
        TOLD[..3].iter().map(|body| format!("    {body}: [{{ role: body-user, body: {body} }}]\n")).collect();
    format!(
        r#"# A district that does not exist, made by `streetwise simulate district`.
apiVersion: streetwise/v1
kind: District
metadata:
  code: "{PREFIX}000000"
  name: {{ zh: 示范区, en: Demonstration District }}
spec:
  pack: default
  time_zone: Asia/Shanghai
  members:
{body_users}    governance-centre:
      - {{ role: district-centre, body: governance-centre }}
      - {{ role: body-user, body: governance-centre }}
    sre: [{{ role: sre }}]
    system-admin: [{{ role: system-admin }}]
"#
    )
}

/// The manifest of street `n`, from 1 to [`super::STREETS_MAX`]. With an address its centre is told by webhook.
pub fn street(seed: u64, n: u16, webhooks: Option<&str>) -> String {
    let prefix = format!("{PREFIX}{n:03}");
    let (zh, en) = names::street(n);
    let endpoint = |url: &str| {
        format!(
            "  endpoints:\n    street-centre: {{ body: street-centre, channel: webhook, url: \"{url}/hooks/street-centre@{prefix}000\" }}\n"
        )
    };
    format!(
        r#"# A street that does not exist, made by `streetwise simulate district` from seed {seed}.
apiVersion: streetwise/v1
kind: Street
metadata:
  code: "{prefix}000"
  name: {{ zh: {zh}, en: {en} }}
spec:
  district: "{PREFIX}000000"
  routing_mode: auto
  communities:
{communities}{endpoints}  members:
    grid-worker: [{{ role: grid-worker }}]
    resident: [{{ role: resident }}]
    street-centre:
      - {{ role: street-centre, body: street-centre }}
      - {{ role: body-user, body: street-centre }}
    verifier: [{{ role: verifier }}]
{duty}  territory:
    datum: wgs84
    layers:
{layers}"#,
        communities = communities(seed, n, &prefix),
        endpoints = webhooks.map(endpoint).unwrap_or_default(),
        duty = duty::lines(seed, n),
        layers = layers(seed, n, &prefix),
    )
}

fn communities(seed: u64, n: u16, prefix: &str) -> String {
    let line = |number: usize| {
        let (zh, en) = names::community(seed, n, number);
        format!("    - {{ code: \"{prefix}{number:03}\", name: {{ zh: {zh}, en: {en} }} }}\n")
    };
    (1..=17).map(line).collect()
}

fn layers(seed: u64, n: u16, prefix: &str) -> String {
    let layers = drawing::layers(seed, n, prefix).into_iter();
    let text = layers.map(|layer| {
        let name = layer.name.map(|(zh, en)| format!("        name: {{ zh: {zh}, en: {en} }}\n"));
        format!("      {}:\n{}        geojson: {}\n", layer.key, name.unwrap_or_default(), layer.geojson)
    });
    text.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_street_fits_into_a_manifest_and_is_reproducible() {
        let one = street(7, 12, Some("https://hooks.example.org"));
        assert_eq!(one, street(7, 12, Some("https://hooks.example.org")));
        assert_ne!(one, street(8, 12, Some("https://hooks.example.org")));
        assert!(one.len() < 200 * 1024, "{} bytes", one.len());
        assert_eq!(one.matches("\"type\":\"Polygon\"").count(), 1 + 17 + 106 + 4);
        assert_eq!((one.matches(" post: ").count(), one.matches("{ subject: ").count()), (10, 80));
    }
}
