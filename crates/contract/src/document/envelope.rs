//! The envelope of a document: `{schema, tenant, kind, part, generation, pack_generation?, parent?, body}`.

use ids::TenantId;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::classifier::Classifier;
use super::core::{DistrictCore, StreetCore};
use super::people::People;
use super::territory::Territory;

/// The schema version this build reads and writes.
pub const SCHEMA: u32 = 1;

/// What kind of tenant (D1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// 区
    District,
    /// 街道
    Street,
}

/// Which part of a tenant; a token of the subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// Bodies, items, policies, endpoints.
    Core,
    /// Layers of a street with their polygons.
    Territory,
    /// Members.
    People,
    /// A learned text classifier; published by itself, with generations of its own.
    Classifier,
}

impl Part {
    /// Every part.
    pub const ALL: [Part; 4] = [Part::Core, Part::Territory, Part::People, Part::Classifier];

    /// Whether it is most of a tenant's bytes, so that who needs none keeps none.
    pub const fn large(self) -> bool {
        matches!(self, Part::Territory | Part::Classifier)
    }

    /// The subject token.
    pub const fn as_str(self) -> &'static str {
        match self {
            Part::Core => "core",
            Part::Territory => "territory",
            Part::People => "people",
            Part::Classifier => "classifier",
        }
    }
}

/// Everything about a document but its body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// [`SCHEMA`]; another value is refused.
    pub schema: u32,
    /// Whose document it is.
    pub tenant: TenantId,
    /// What kind of tenant.
    pub kind: Kind,
    /// Which part.
    pub part: Part,
    /// Only moves forward, per tenant and part.
    pub generation: u64,
    /// For a street's core: generation of the district's core it was checked against.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pack_generation: Option<u64>,
    /// For a street: its district.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<TenantId>,
    /// A tombstone: the tenant is removed, and there is no body. A build that does not know it cannot read the body, and
    /// keeps what it has.
    #[serde(default, skip_serializing_if = "is_false")]
    pub removed: bool,
}

fn is_false(value: &bool) -> bool {
    !value
}

/// A document as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The envelope.
    pub header: Header,
    /// What it says.
    pub body: DocumentBody,
}

/// The body, by kind and part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum DocumentBody {
    /// Core of a district.
    District(Box<DistrictCore>),
    /// Core of a street.
    Street(Box<StreetCore>),
    /// Territory of a street.
    Territory(Box<Territory>),
    /// People of either.
    People(Box<People>),
    /// Classifier of either.
    Classifier(Box<Classifier>),
}

/// Why bytes are no document.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// Not JSON, or not of the expected shape.
    #[error("document does not parse")]
    Malformed(#[from] serde_json::Error),
    /// Written by a build that speaks another schema.
    #[error("unknown document schema {0}")]
    UnknownSchema(u32),
    /// The body names another tenant than the envelope.
    #[error("document of tenant {tenant} carries the body of {body}")]
    WrongTenant {
        /// In the envelope.
        tenant: TenantId,
        /// In the body.
        body: TenantId,
    },
}

impl Header {
    /// Reads the envelope only.
    pub fn decode(bytes: &[u8]) -> Result<Self, DocumentError> {
        let header: Header = serde_json::from_slice(bytes)?;
        if header.schema == SCHEMA { Ok(header) } else { Err(DocumentError::UnknownSchema(header.schema)) }
    }
}

impl Header {
    /// The envelope of a tombstone for one part of a removed street of `district`.
    pub fn tombstone(street: TenantId, district: TenantId, part: Part, generation: u64) -> Self {
        let header = header(street, Kind::Street, part, generation);
        Self { parent: Some(district), removed: true, ..header }
    }

    /// A tombstone to the bytes that travel: an envelope with nothing in it.
    pub fn encode(&self) -> Result<Vec<u8>, DocumentError> {
        #[derive(Serialize)]
        struct Wire<'a> {
            #[serde(flatten)]
            header: &'a Header,
            body: (),
        }
        Ok(serde_json::to_vec(&Wire { header: self, body: () })?)
    }
}

impl Document {
    /// The core document of a district.
    pub fn district(generation: u64, core: DistrictCore) -> Self {
        let header = header(core.code, Kind::District, Part::Core, generation);
        Self { header, body: DocumentBody::District(Box::new(core)) }
    }

    /// The core document of a street.
    pub fn street(generation: u64, core: StreetCore) -> Self {
        let header = Header {
            pack_generation: Some(core.pack_generation),
            parent: Some(core.district),
            ..header(core.code, Kind::Street, Part::Core, generation)
        };
        Self { header, body: DocumentBody::Street(Box::new(core)) }
    }

    /// The territory document of a street of `district`.
    pub fn territory(district: TenantId, generation: u64, territory: Territory) -> Self {
        let parent = Some(district);
        let header = Header { parent, ..header(territory.code, Kind::Street, Part::Territory, generation) };
        Self { header, body: DocumentBody::Territory(Box::new(territory)) }
    }

    /// The people document of a tenant; `parent` is a street's district.
    pub fn people(tenant: TenantId, parent: Option<TenantId>, generation: u64, people: People) -> Self {
        let kind = if parent.is_some() { Kind::Street } else { Kind::District };
        let header = Header { parent, ..header(tenant, kind, Part::People, generation) };
        Self { header, body: DocumentBody::People(Box::new(people)) }
    }

    /// The classifier document of a tenant; `parent` is a street's district.
    pub fn classifier(
        tenant: TenantId,
        parent: Option<TenantId>,
        generation: u64,
        classifier: Classifier,
    ) -> Self {
        let kind = if parent.is_some() { Kind::Street } else { Kind::District };
        let header = Header { parent, ..header(tenant, kind, Part::Classifier, generation) };
        Self { header, body: DocumentBody::Classifier(Box::new(classifier)) }
    }

    /// To the bytes that travel. Equal documents have equal bytes.
    pub fn encode(&self) -> Result<Vec<u8>, DocumentError> {
        #[derive(Serialize)]
        struct Wire<'a> {
            #[serde(flatten)]
            header: &'a Header,
            body: &'a DocumentBody,
        }
        Ok(serde_json::to_vec(&Wire { header: &self.header, body: &self.body })?)
    }

    /// From bytes; unknown fields are passed over.
    pub fn decode(bytes: &[u8]) -> Result<Self, DocumentError> {
        let header = Header::decode(bytes)?;
        let body = match (header.kind, header.part) {
            (Kind::District, Part::Core) => DocumentBody::District(body_of(bytes)?),
            (Kind::Street, Part::Core) => DocumentBody::Street(body_of(bytes)?),
            (_, Part::Territory) => DocumentBody::Territory(body_of(bytes)?),
            (_, Part::People) => DocumentBody::People(body_of(bytes)?),
            (_, Part::Classifier) => DocumentBody::Classifier(body_of(bytes)?),
        };
        match body.tenant() {
            Some(body) if body != header.tenant => {
                Err(DocumentError::WrongTenant { tenant: header.tenant, body })
            }
            _ => Ok(Self { header, body }),
        }
    }
}

impl DocumentBody {
    fn tenant(&self) -> Option<TenantId> {
        match self {
            DocumentBody::District(core) => Some(core.code),
            DocumentBody::Street(core) => Some(core.code),
            DocumentBody::Territory(territory) => Some(territory.code),
            DocumentBody::People(_) | DocumentBody::Classifier(_) => None,
        }
    }
}

fn header(tenant: TenantId, kind: Kind, part: Part, generation: u64) -> Header {
    Header {
        schema: SCHEMA,
        tenant,
        kind,
        part,
        generation,
        pack_generation: None,
        parent: None,
        removed: false,
    }
}

fn body_of<B: DeserializeOwned>(bytes: &[u8]) -> Result<B, DocumentError> {
    #[derive(Deserialize)]
    struct OnlyBody<B> {
        body: B,
    }
    Ok(serde_json::from_slice::<OnlyBody<B>>(bytes)?.body)
}

#[cfg(test)]
mod tests {
    use super::super::classifier::MODEL_BYTES_MAX;
    use super::super::{ClassifierModel, Grant, RoutingMode};
    use super::*;
    use proptest::prelude::*;

    fn street() -> StreetCore {
        let empty = serde_json::json!({
            "code": "990102001000", "name": {"zh": "街", "en": "Street"}, "district": "990102000000",
            "pack_generation": 7, "routing_mode": "auto",
        });
        serde_json::from_value(empty).unwrap()
    }

    #[test]
    fn a_document_survives_its_bytes_and_an_older_reader() {
        let document = Document::street(3, street());
        let bytes = document.encode().unwrap();
        assert_eq!(Document::decode(&bytes).unwrap(), document);
        assert_eq!(document.header.pack_generation, Some(7));

        let mut newer: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        newer["of_tomorrow"] = 1.into();
        newer["body"]["of_tomorrow"] = 1.into();
        assert_eq!(Document::decode(newer.to_string().as_bytes()).unwrap(), document);
    }

    #[test]
    fn people_survive_too() {
        let tenant = "990102001000".parse().unwrap();
        let body = Some("street-centre@990102001000".parse().unwrap());
        let grant = Grant { role: "body-user".into(), scope: tenant, body };
        let people = People { members: [("u".to_owned(), vec![grant])].into(), ..People::default() };
        let document = Document::people(tenant, Some("990102000000".parse().unwrap()), 1, people);
        assert_eq!(document.header.kind, Kind::Street);
        assert_eq!(Document::decode(&document.encode().unwrap()).unwrap(), document);
    }

    fn classifier(model: Option<ClassifierModel>) -> Document {
        let (street, district) = ("990102001000".parse().unwrap(), "990102000000".parse().unwrap());
        let body = Classifier { model, published_at: "2026-11-23T02:00:00Z".parse().unwrap() };
        Document::classifier(street, Some(district), u64::MAX, body)
    }

    #[test]
    fn the_largest_classifier_fits_into_a_message_and_comes_back() {
        let model = ClassifierModel {
            sha256: "f".repeat(64),
            bytes: MODEL_BYTES_MAX as u32,
            labels: u32::MAX,
            examples: u64::MAX,
            threshold_permille: 1_000,
            weights: "/".repeat(MODEL_BYTES_MAX.div_ceil(3) * 4),
        };
        let document = classifier(Some(model));
        let bytes = document.encode().unwrap();
        assert!(bytes.len() < 1_000_000, "{}", bytes.len());
        assert_eq!(Document::decode(&bytes).unwrap(), document);
    }

    #[test]
    fn a_withdrawn_classifier_is_a_document_without_a_model() {
        let document = classifier(None);
        let bytes = document.encode().unwrap();
        assert_eq!(Document::decode(&bytes).unwrap(), document);
        assert!(!Header::decode(&bytes).unwrap().removed, "its tenant is still there");
        assert!(!String::from_utf8(bytes).unwrap().contains("\"model\""));
    }

    #[test]
    fn every_part_is_called_alike_in_subjects_and_in_documents() {
        for part in Part::ALL {
            assert_eq!(serde_json::to_value(part).unwrap(), part.as_str());
        }
        assert_eq!(Part::ALL.map(Part::large), [false, true, false, true]);
    }

    #[test]
    fn a_tombstone_is_an_envelope_and_no_document() {
        let (street, district) = ("990102001000".parse().unwrap(), "990102000000".parse().unwrap());
        let tombstone = Header::tombstone(street, district, Part::Core, 4);
        let bytes = tombstone.encode().unwrap();
        assert_eq!(Header::decode(&bytes).unwrap(), tombstone);
        assert!(Document::decode(&bytes).is_err(), "an older reader keeps what it has");
        assert!(!Header::decode(&Document::street(3, self::street()).encode().unwrap()).unwrap().removed);
    }

    #[test]
    fn another_schema_and_another_tenant_are_refused() {
        let mut document = Document::street(3, street());
        document.header.tenant = "990102002000".parse().unwrap();
        let bytes = document.encode().unwrap();
        assert!(matches!(Document::decode(&bytes), Err(DocumentError::WrongTenant { .. })));
        document.header.schema = 2;
        let bytes = document.encode().unwrap();
        assert!(matches!(Document::decode(&bytes), Err(DocumentError::UnknownSchema(2))));
        assert_eq!(street().routing_mode, RoutingMode::Auto);
    }

    proptest! {
        #[test]
        fn any_other_bytes_are_an_error_not_a_panic(bytes: Vec<u8>) {
            prop_assert!(Document::decode(&bytes).is_err());
        }
    }
}
