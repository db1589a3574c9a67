//! Matters given from above (上级交办, D33): who may be given what. Pure.
//!
//! A centre gives to bodies of its own level or below it, never what the list reserves above whoever it would have lead:
//! a duty without its powers is refused, from whomever it comes.

use contract::document::{Body, EffectivePack, Level};
use ids::BodyRef;

/// Who has to act, as the centre says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assigned {
    /// Whose centre gives it: the street's or the district's.
    pub by: Level,
    /// Who leads.
    pub lead: BodyRef,
    /// Who assists, in the centre's order.
    pub assists: Vec<BodyRef>,
}

/// Why a matter cannot be given so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Limits come from the item, so it has to be said.
    ItemRequired,
    /// The list has no such item today.
    UnknownItem,
    /// Neither the street nor its district has such a body.
    UnknownBody(Place),
    /// Another body has taken its place.
    Succeeded(Place),
    /// It stands above the centre that would command it.
    NotBelow(Place),
    /// It only ever assists.
    CannotLead,
    /// The list reserves the item for this level.
    ReservedAbove(Level),
}

/// Which of the bodies is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The one that leads.
    Lead,
    /// This one of those that assist.
    Assist(usize),
}

/// Whether a matter of an item may be given so, by the documents of a day: the first thing that is wrong.
pub fn check(pack: &EffectivePack<'_>, item: Option<&str>, assigned: &Assigned) -> Result<(), Fault> {
    let code = item.ok_or(Fault::ItemRequired)?;
    let reserved = pack.item(code).ok_or(Fault::UnknownItem)?.level;
    let below = |body, place| below(pack, (assigned.by, code), body, place);
    let lead = below(&assigned.lead, Place::Lead)?;
    if !lead.can_lead {
        return Err(Fault::CannotLead);
    }
    if reserved > lead.level {
        return Err(Fault::ReservedAbove(reserved));
    }
    for (place, body) in assigned.assists.iter().enumerate() {
        below(body, Place::Assist(place))?;
    }
    Ok(())
}

/// The body, if it takes new matters of the item and its centre can command it.
fn below<'a>(
    pack: &EffectivePack<'a>,
    (by, item): (Level, &str),
    body: &BodyRef,
    place: Place,
) -> Result<&'a Body, Fault> {
    let known = pack.body(body).ok_or(Fault::UnknownBody(place))?;
    let community = body.at.filter(|_| known.level == Level::Community);
    if pack.body_for(&body.key, item, community).is_none_or(|takes| takes.key != body.key) {
        return Err(Fault::Succeeded(place));
    }
    if known.level > by { Err(Fault::NotBelow(place)) } else { Ok(known) }
}

#[cfg(test)]
mod tests {
    use contract::document::{DistrictCore, DocumentBody, StreetCore, merge};

    use super::*;

    fn documents() -> (DistrictCore, StreetCore) {
        let mut found = (None, None);
        for document in testkit::demo::documents(1) {
            match document.body {
                DocumentBody::District(core) => found.0 = Some(*core),
                DocumentBody::Street(core) => found.1 = Some(*core),
                _ => {}
            }
        }
        (found.0.unwrap(), found.1.unwrap())
    }

    /// The code of an item that the list reserves for this level.
    fn item_of(district: &DistrictCore, level: Level) -> &str {
        district.items.iter().find(|(_, item)| item.level == level).map(|(code, _)| code.as_str()).unwrap()
    }

    fn body_of(pack: &EffectivePack<'_>, level: Level, can_lead: bool) -> Option<BodyRef> {
        let mut bodies = pack.bodies().into_iter();
        bodies.find(|(_, body)| body.level == level && body.can_lead == can_lead).map(|(body, _)| body)
    }

    /// Every centre, every level of the lead and of the item: allowed exactly where the lead stands at or below the centre and
    /// at or above what the list reserves.
    #[test]
    fn a_duty_goes_down_with_its_powers_only() {
        let (district, street) = documents();
        let pack = merge(&district, &street);
        let levels = [Level::Community, Level::Street, Level::District];
        for (by, of_lead, reserved) in levels
            .into_iter()
            .skip(1)
            .flat_map(|by| levels.map(|lead| (by, lead)))
            .flat_map(|(by, lead)| levels.map(|item| (by, lead, item)))
        {
            let lead = body_of(&pack, of_lead, true).unwrap();
            let assigned = Assigned { by, lead, assists: Vec::new() };
            let expected = match () {
                () if of_lead > by => Err(Fault::NotBelow(Place::Lead)),
                () if reserved > of_lead => Err(Fault::ReservedAbove(reserved)),
                () => Ok(()),
            };
            assert_eq!(check(&pack, Some(item_of(&district, reserved)), &assigned), expected, "{assigned:?}");
        }
    }

    #[test]
    fn what_nobody_knows_is_named() {
        let (district, street) = documents();
        let pack = merge(&district, &street);
        let lead = body_of(&pack, Level::Street, true).unwrap();
        let item = item_of(&district, Level::Street);
        let assigned = |lead: &BodyRef, assists: &[&str]| Assigned {
            by: Level::Street,
            lead: lead.clone(),
            assists: assists.iter().map(|body| body.parse().unwrap()).collect(),
        };
        assert_eq!(check(&pack, None, &assigned(&lead, &[])), Err(Fault::ItemRequired));
        assert_eq!(check(&pack, Some("ZZZ-99"), &assigned(&lead, &[])), Err(Fault::UnknownItem));
        let nobody: BodyRef = "nobody@990102001000".parse().unwrap();
        assert_eq!(check(&pack, Some(item), &assigned(&nobody, &[])), Err(Fault::UnknownBody(Place::Lead)));
        let own = lead.to_string();
        let fault = check(&pack, Some(item), &assigned(&lead, &[&own, "nobody"]));
        assert_eq!(fault, Err(Fault::UnknownBody(Place::Assist(1))));
        let above = body_of(&pack, Level::District, true).unwrap().to_string();
        let fault = check(&pack, Some(item), &assigned(&lead, &[&above]));
        assert_eq!(fault, Err(Fault::NotBelow(Place::Assist(0))));
        if let Some(only_assists) = body_of(&pack, Level::Street, false) {
            assert_eq!(check(&pack, Some(item), &assigned(&only_assists, &[])), Err(Fault::CannotLead));
        }
    }
}
