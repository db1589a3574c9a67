//! The review desk (研判台): whose it is, who has taken an entry in hand, and why a decision is not taken. Pure.

use ids::CaseId;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How long an entry stays in the hands of who has claimed it; claiming again begins anew.
pub const CLAIMED_FOR: SignedDuration = SignedDuration::from_mins(15);

/// Whose desk an entry lies on, and whose a person may decide at: the district's includes the street's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Desk {
    /// The street centre's.
    Street,
    /// The district centre's.
    District,
}

impl Desk {
    /// As stored and said.
    pub const fn as_str(self) -> &'static str {
        match self {
            Desk::Street => "street",
            Desk::District => "district",
        }
    }

    /// From the stored word.
    pub fn of(word: &str) -> Option<Self> {
        [Desk::Street, Desk::District].into_iter().find(|desk| desk.as_str() == word)
    }

    /// In Chinese.
    pub const fn zh(self) -> &'static str {
        match self {
            Desk::Street => "街道",
            Desk::District => "区",
        }
    }
}

/// Who is told that a report lies on a desk: the centre whose it is, and at once the district's as well of what may not wait.
/// Where the street has no centre that is told of anything, the district's looks.
pub fn told(desk: Desk, urgent: bool, centre: impl Fn(Desk) -> Option<String>) -> Vec<String> {
    let own = centre(desk);
    let above = centre(Desk::District).filter(|_| desk < Desk::District && (urgent || own.is_none()));
    own.into_iter().chain(above).collect()
}

/// How a case stands with triage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Its plan went out: dispatch has the word.
    Open,
    /// Its plan waits for a person.
    Reviewing,
    /// Nobody has to act.
    Rejected,
    /// Its voices went to another case.
    Merged,
}

impl Standing {
    /// Every standing.
    pub const ALL: [Standing; 4] =
        [Standing::Open, Standing::Reviewing, Standing::Rejected, Standing::Merged];

    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Standing::Open => "open",
            Standing::Reviewing => "reviewing",
            Standing::Rejected => "rejected",
            Standing::Merged => "merged",
        }
    }

    /// As said: nothing where dispatch has the word.
    pub const fn said(self) -> &'static str {
        match self {
            Standing::Open => "",
            other => other.as_str(),
        }
    }

    /// From the stored word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|standing| standing.as_str() == word)
    }
}

/// Why nobody has to act on a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Ground {
    /// Nothing is asked for.
    NotAMatter,
    /// No body of the district is competent: a court's, another district's, a contract between persons.
    NoCompetence,
    /// It cannot be told what and where, and nobody can be asked.
    Unclear,
    /// Somebody tried the form.
    Test,
    /// Insult or flood.
    Abuse,
}

impl Ground {
    /// Every ground.
    pub const ALL: [Ground; 5] =
        [Ground::NotAMatter, Ground::NoCompetence, Ground::Unclear, Ground::Test, Ground::Abuse];

    /// As stored and said.
    pub const fn as_str(self) -> &'static str {
        match self {
            Ground::NotAMatter => "not-a-matter",
            Ground::NoCompetence => "no-competence",
            Ground::Unclear => "unclear",
            Ground::Test => "test",
            Ground::Abuse => "abuse",
        }
    }
}

/// Who has an entry in hand, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Subject of the person.
    pub by: String,
    /// From then on it is free.
    pub until: Timestamp,
}

impl Claim {
    /// Taken now.
    pub fn begun(by: &str, now: Timestamp) -> Self {
        Self { by: by.to_owned(), until: now + CLAIMED_FOR }
    }

    /// The claim that still holds.
    pub fn holding(claim: Option<Self>, now: Timestamp) -> Option<Self> {
        claim.filter(|claim| claim.until > now)
    }
}

/// Why a decision is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// No such entry.
    Unknown,
    /// Another plan was drawn than the one the person insists on.
    Redrawn,
    /// Decided before, in another way.
    DecidedOtherwise,
    /// The list has no such item.
    UnknownItem,
    /// Neither the street nor its district has such a body.
    UnknownBody(&'static str),
    /// It only ever assists.
    CannotLead,
    /// Somebody else has it in hand.
    Claimed(Claim),
    /// It lies on the district's desk.
    DistrictDecides,
    /// It is led at a level above the body's.
    ReservedAbove,
    /// It lies on that desk already.
    AlreadyThere,
    /// The case it should go to is not there, or over.
    NoOpenCase(CaseId),
    /// A case does not go to itself.
    Itself,
    /// More voices than one act moves.
    TooManyVoices,
    /// Its plan waits for a person: it is merged there, and bodies do not have it.
    PlanWaits,
    /// The case is over.
    CaseOver,
    /// Its orders are for more haste than those of the case it should go into.
    UrgentStays,
    /// The district gave it, or the list reserves it above the lead of the case it should go into.
    DistrictMerges,
    /// The voice that opened the case is what the case is.
    FirstVoice,
    /// The report is in no other voice of this case.
    NotItsVoice,
    /// It came before reports were kept with their voices.
    NotKept,
    /// Item, place and bodies would be what they are.
    NothingChanged,
    /// The place is not in this street.
    OutsideTerritory,
    /// It goes by the district only: given, reviewed or reserved there.
    DistrictReroutes,
}

/// Whether a person may decide what lies on a desk and may be in somebody's hands.
pub fn decidable(
    desk: Desk,
    claim: Option<&Claim>,
    who: &str,
    rank: Desk,
    now: Timestamp,
) -> Result<(), Refusal> {
    if rank < desk {
        return Err(Refusal::DistrictDecides);
    }
    match claim {
        Some(claim) if claim.until > now && claim.by != who => Err(Refusal::Claimed(claim.clone())),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-23T02:00:00Z".parse().unwrap()
    }

    #[test]
    fn words_read_back() {
        for desk in [Desk::Street, Desk::District] {
            assert_eq!(Desk::of(desk.as_str()), Some(desk));
            assert_eq!(serde_json::to_value(desk).unwrap(), desk.as_str());
        }
        for standing in Standing::ALL {
            assert_eq!(Standing::of(standing.as_str()), Some(standing));
        }
        for ground in Ground::ALL {
            assert_eq!(serde_json::to_value(ground).unwrap(), ground.as_str());
        }
    }

    #[test]
    fn the_centre_whose_desk_it_is_is_told_and_the_district_of_what_may_not_wait() {
        let both = |desk: Desk| Some(desk.as_str().to_owned());
        assert_eq!(told(Desk::Street, false, both), ["street"]);
        assert_eq!(told(Desk::Street, true, both), ["street", "district"]);
        for urgent in [false, true] {
            assert_eq!(told(Desk::District, urgent, both), ["district"]);
            let no_street = |desk| both(desk).filter(|_| desk == Desk::District);
            assert_eq!(told(Desk::Street, urgent, no_street), ["district"]);
            assert!(told(Desk::Street, urgent, |_| None).is_empty());
        }
    }

    #[test]
    fn a_claim_holds_others_off_for_its_time_and_a_desk_those_below() {
        let claim = Claim::begun("a", now());
        let may = |who, after_min| {
            let at = now() + SignedDuration::from_mins(after_min);
            decidable(Desk::Street, Some(&claim), who, Desk::Street, at)
        };
        assert_eq!(may("a", 0), Ok(()));
        assert_eq!(may("b", 14), Err(Refusal::Claimed(claim.clone())));
        assert_eq!(may("b", 15), Ok(()));
        assert_eq!(Claim::holding(Some(claim.clone()), claim.until), None);
        let may = |rank| decidable(Desk::District, None, "a", rank, now());
        assert_eq!((may(Desk::Street), may(Desk::District)), (Err(Refusal::DistrictDecides), Ok(())));
        assert_eq!(decidable(Desk::Street, None, "a", Desk::District, now()), Ok(()));
    }
}
