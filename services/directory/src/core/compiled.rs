//! A tenant's documents, compiled and checked beyond what the contract's own check knows.

use contract::document::manifest::{DistrictSpec, Manifest, StreetSpec};
use contract::document::{
    self, DistrictCore, Document, DocumentError, Kind, Part, People, Reach, SlaPolicy, StreetCore, Territory,
    Validity, Variables,
};
use ids::TenantId;
use jiff::tz::TimeZone;
use uuid::Uuid;

use super::fault::Fault;
use super::{keys, members, pack, rota, rules, territory};

/// Namespace of the documents' aggregate ids: a fixed random UUID, part of the contract.
const DOCUMENTS: Uuid = Uuid::from_u128(0x3c1d_90a7_52be_5e44_8f1b_7f0e_6a9d_2b58);

/// The aggregate a document event is about: `v5(tenant, part)`.
pub(crate) fn aggregate_id(tenant: TenantId, part: Part) -> Uuid {
    Uuid::new_v5(&DOCUMENTS, format!("{tenant}/{}", part.as_str()).as_bytes())
}

/// What this installation takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms<'a> {
    /// Values of `${NAME}`s.
    pub variables: &'a Variables,
    /// Whether a policy may be a demo policy (D48).
    pub demo_allowed: bool,
}

impl Terms<'_> {
    /// Where demo policies are taken, endpoints may be on this machine.
    fn reach(&self) -> Reach {
        if self.demo_allowed { Reach::Private } else { Reach::Public }
    }
}

/// A tenant without its generation.
#[derive(Debug, Clone)]
pub(crate) enum Compiled {
    District(Box<document::Compiled<DistrictCore>>),
    Street(Box<Street>),
}

/// A street's parts.
#[derive(Debug, Clone)]
pub(crate) struct Street {
    pub made: document::Compiled<StreetCore>,
    pub territory: Territory,
}

impl Compiled {
    /// All parts of this generation; who needs several has the one read last at last.
    pub(crate) fn documents(&self, generation: u64) -> Vec<Document> {
        match self {
            Compiled::District(made) => vec![
                Document::district(generation, made.core.clone()),
                Document::people(made.core.code, None, generation, made.people.clone()),
            ],
            Compiled::Street(street) => {
                let Street { made, territory } = &**street;
                let district = made.core.district;
                vec![
                    Document::territory(district, generation, territory.clone()),
                    Document::street(generation, made.core.clone()),
                    Document::people(made.core.code, Some(district), generation, made.people.clone()),
                ]
            }
        }
    }

    /// Who may act.
    pub(crate) fn people(&self) -> &People {
        match self {
            Compiled::District(made) => &made.people,
            Compiled::Street(street) => &street.made.people,
        }
    }

    /// Whether it says the same as the stored parts. The pack's generation does not count: a district
    /// that moved republishes none of its streets (D21).
    pub(crate) fn says_the_same(&self, stored: &[Vec<u8>]) -> Result<bool, DocumentError> {
        let stored: Vec<Document> = stored.iter().map(|b| Document::decode(b)).collect::<Result<_, _>>()?;
        let core = stored.iter().find(|document| document.header.part == Part::Core);
        let Some(header) = core.map(|document| &document.header) else { return Ok(false) };
        let mut like_it = self.clone();
        if let Compiled::Street(street) = &mut like_it {
            street.made.core.pack_generation = header.pack_generation.unwrap_or_default();
        }
        Ok(like_it.documents(header.generation).iter().all(|document| stored.contains(document)))
    }
}

/// A district on the pack it names.
pub(crate) fn compile_district(
    manifest: Manifest<DistrictSpec>,
    terms: Terms<'_>,
) -> Result<Compiled, Vec<Fault>> {
    let code = manifest.metadata.code;
    let mut faults = Vec::new();
    if code.as_i64() % 1_000_000 != 0 {
        faults.push(Fault::not_a_district());
    }
    if TimeZone::get(&manifest.spec.time_zone).is_err() {
        faults.push(Fault::unknown_time_zone());
    }
    let Some(pack) = pack::named(&manifest.spec.pack) else {
        faults.push(Fault::unknown_pack());
        return Err(faults);
    };
    let (made, found) = document::draft_district(manifest, pack, terms.variables, terms.reach());
    faults.extend(found.iter().map(Fault::of_contract));
    faults.extend(demo_policies(&made.core.policies, terms));
    faults.extend(rules::unsound(&made.core.rules));
    faults.extend(members::check(code, Kind::District, &made.people));
    faults.extend(keys::check(code, Kind::District, &made.people));
    faults.extend(duty(&made.people, &made.core.time_zone));
    if faults.is_empty() { Ok(Compiled::District(Box::new(made))) } else { Err(faults) }
}

/// A street against its district's core of `pack_generation`.
pub(crate) fn compile_street(
    mut manifest: Manifest<StreetSpec>,
    district: &DistrictCore,
    pack_generation: u64,
    terms: Terms<'_>,
) -> Result<Compiled, Vec<Fault>> {
    let code = manifest.metadata.code;
    let listed = manifest.spec.communities.iter();
    let communities = listed.map(|listed| {
        let (valid_from, valid_until) = (listed.valid_from, listed.valid_until);
        (listed.code, Validity { valid_from, valid_until })
    });
    let communities = communities.collect();
    let territory = territory::compile(code, manifest.spec.territory.take(), &communities);
    let (territory, mut faults) =
        territory.map_or_else(|faults| (Territory::unknown(code), faults), |made| (made, Vec::new()));
    if !lies_in(code, district.code) {
        faults.push(Fault::foreign_street());
    }
    let (made, found) =
        document::draft_street(manifest, district, pack_generation, terms.variables, terms.reach());
    faults.extend(found.iter().map(Fault::of_contract));
    faults.extend(demo_policies(&made.core.policies, terms));
    faults.extend(rules::unsound(&made.core.rules));
    faults.extend(members::check(code, Kind::Street, &made.people));
    faults.extend(keys::check(code, Kind::Street, &made.people));
    faults.extend(duty(&made.people, &district.time_zone));
    if faults.is_empty() { Ok(Compiled::Street(Box::new(Street { made, territory }))) } else { Err(faults) }
}

/// Every code a street of the district can have.
pub(crate) fn codes_within(district: TenantId) -> Vec<TenantId> {
    let codes = (1..1_000).filter_map(|street| TenantId::from_i64(district.as_i64() + street * 1_000).ok());
    codes.filter(|code| lies_in(*code, district)).collect()
}

/// Six digits of district, three of street, three zeros: so nobody claims a street of another district.
fn lies_in(street: TenantId, district: TenantId) -> bool {
    let (street, district) = (street.as_i64(), district.as_i64());
    street != district && street % 1_000 == 0 && street / 1_000_000 == district / 1_000_000
}

/// Posts and rotas, in the local time of a district.
fn duty(people: &People, time_zone: &str) -> Vec<Fault> {
    rota::check(&people.posts, &people.rotas, TimeZone::get(time_zone).ok().as_ref())
}

fn demo_policies<'a>(
    policies: &'a std::collections::BTreeMap<String, SlaPolicy>,
    terms: Terms<'_>,
) -> impl Iterator<Item = Fault> + 'a {
    let refused = !terms.demo_allowed;
    policies.iter().filter(move |(_, policy)| policy.demo && refused).map(|(key, _)| Fault::demo_policy(key))
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::manifest::{Manifest, read};
    use super::*;

    const DISTRICT: &str = include_str!("../../../../packs/demo/district-990102000000.yaml");
    const FAST: &str = include_str!("../../../../packs/demo/street-990102002000.yaml");

    fn variables() -> Variables {
        [("SINK_URL".to_owned(), "https://hooks.example.org".to_owned())].into()
    }

    pub(in crate::core) fn district() -> DistrictCore {
        let Ok(Manifest::District(manifest)) = read(DISTRICT.as_bytes()) else { panic!("a district") };
        let variables = variables();
        let terms = Terms { variables: &variables, demo_allowed: false };
        match compile_district(*manifest, terms) {
            Ok(Compiled::District(made)) => made.core,
            Ok(_) => panic!("a district"),
            Err(faults) => panic!("{faults:?}"),
        }
    }

    pub(in crate::core) fn street(demo_allowed: bool) -> Result<Compiled, Vec<Fault>> {
        let Ok(Manifest::Street(manifest)) = read(FAST.as_bytes()) else { panic!("a street") };
        compile_street(*manifest, &district(), 7, Terms { variables: &variables(), demo_allowed })
    }

    #[test]
    fn a_demo_policy_is_refused_outside_development() {
        let faults = street(false).unwrap_err();
        assert_eq!(faults, [Fault::demo_policy("demo-fast")]);
        assert_eq!(
            (faults[0].pointer.as_str(), faults[0].code),
            ("/spec/policies/demo-fast/demo", "demo-policy")
        );
        assert!(street(true).is_ok());
    }

    #[test]
    fn a_pack_that_moved_alone_changes_nothing_of_a_street() {
        let made = street(true).unwrap();
        let stored = |generation| {
            made.documents(generation)
                .into_iter()
                .map(|document| document.encode().unwrap())
                .collect::<Vec<_>>()
        };
        assert!(made.says_the_same(&stored(3)).unwrap());
        let Compiled::Street(mut later) = made.clone() else { panic!("a street") };
        later.made.core.pack_generation = 9;
        assert!(Compiled::Street(later.clone()).says_the_same(&stored(3)).unwrap());
        later.made.core.name.zh.push('新');
        assert!(!Compiled::Street(later).says_the_same(&stored(3)).unwrap());
        assert!(!made.says_the_same(&[]).unwrap());
    }
}
