//! The form people write for one tenant: `District` and `Street` manifests, as YAML.
//!
//! Strict: an unknown field is refused, so that a slip of the pen never passes in silence. That is why these are
//! not the wire types, which must pass over what they do not know. [`super::pack`] holds the forms of a pack,
//! [`super::compile`] turns both into documents.
//! Not here: reading YAML, which needs a parser (service `directory`, the CLI). Read [`ManifestHead`] first, then
//! `Manifest<DistrictSpec>` or `Manifest<StreetSpec>` by its kind.

use std::collections::BTreeMap;

use ids::{BodyKey, BodyRef, TenantId};
use serde::{Deserialize, Serialize};

use super::core::{Channel, RoutingMode};
use super::pack::{BodyForm, ChainForm, NameForm, PolicyForm};

/// The version of the manifest language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ApiVersion {
    /// `streetwise/v1`
    #[serde(rename = "streetwise/v1")]
    V1,
}

/// What a manifest describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ManifestKind {
    /// A district; its spec is [`DistrictSpec`].
    District,
    /// A street; its spec is [`StreetSpec`].
    Street,
}

/// Just enough of a manifest to know how to read the rest.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ManifestHead {
    /// The language.
    #[serde(rename = "apiVersion")]
    pub api_version: ApiVersion,
    /// District or street.
    pub kind: ManifestKind,
    /// Whose it is.
    pub metadata: Metadata,
}

/// One tenant in one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest<Spec> {
    /// The language.
    #[serde(rename = "apiVersion")]
    pub api_version: ApiVersion,
    /// District or street; must suit the spec.
    pub kind: ManifestKind,
    /// Whose it is.
    pub metadata: Metadata,
    /// What it says.
    pub spec: Spec,
}

/// Code and name of the tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metadata {
    /// 12 digits, quoted in YAML.
    pub code: TenantId,
    /// Its name.
    pub name: NameForm,
}

/// What a district says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DistrictSpec {
    /// Name of the pack that holds its bodies, items, calendar and policies.
    pub pack: String,
    /// IANA name of the time zone of its local days.
    pub time_zone: String,
    /// Endpoints of district bodies by key.
    #[serde(default)]
    pub endpoints: BTreeMap<String, EndpointForm>,
    /// Grants by subject.
    #[serde(default)]
    pub members: BTreeMap<String, Vec<GrantForm>>,
}

/// What a street says for itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreetSpec {
    /// The parent district.
    pub district: TenantId,
    /// Who reviews case plans.
    pub routing_mode: RoutingMode,
    /// Its communities.
    #[serde(default)]
    pub communities: Vec<CommunityForm>,
    /// Bodies of street or community level, added or replaced by key.
    #[serde(default)]
    pub bodies: BTreeMap<BodyKey, BodyForm>,
    /// Changes to items of the pack by code.
    #[serde(default)]
    pub items: BTreeMap<String, ItemOverrideForm>,
    /// Policies, added or replaced by key.
    #[serde(default)]
    pub policies: BTreeMap<String, PolicyForm>,
    /// Escalation chains, added or replaced by key.
    #[serde(default)]
    pub chains: BTreeMap<String, ChainForm>,
    /// Endpoints of the street's own bodies by key.
    #[serde(default)]
    pub endpoints: BTreeMap<String, EndpointForm>,
    /// Grants by subject.
    #[serde(default)]
    pub members: BTreeMap<String, Vec<GrantForm>>,
}

/// A community.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommunityForm {
    /// 12 digits, the first nine are the street's; quoted in YAML.
    pub code: TenantId,
    /// Its name.
    pub name: NameForm,
}

/// What a street changes about an item.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemOverrideForm {
    /// Replaces the assistants; `[]` means none.
    #[serde(default)]
    pub assists: Option<Vec<BodyKey>>,
    /// Replaces the policy.
    #[serde(default)]
    pub policy: Option<String>,
}

/// Where a body is told; no secret stands here (D20).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndpointForm {
    /// Who is told. In a street's manifest a bare key of street level means the street's own.
    pub body: BodyRef,
    /// By which means.
    pub channel: Channel,
    /// The address; may hold `${VARIABLE}`s that the reader allows.
    pub url: String,
}

/// One role of a member; its scope is the tenant of the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantForm {
    /// In kebab-case.
    pub role: String,
    /// The body the member acts for; read as in [`EndpointForm`].
    #[serde(default)]
    pub body: Option<BodyRef>,
}
