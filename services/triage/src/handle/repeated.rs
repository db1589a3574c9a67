//! What came before the cases that a batch opens: how often, for rules that ask (`repeats`, `voices`), and what was closed not long
//! ago. Read once for the whole batch, in its transaction; cases of the batch count for those after them.

use std::collections::{BTreeMap, BTreeSet};

use contract::document::JoinedBy;
use ids::CaseId;
use jiff::{SignedDuration, Timestamp};
use pg::ScopedTx;
use routing::rules::Repetition;
use snapshot::{StreetView, View};

use super::Matter;
use super::choice::Choice;
use crate::core::board::{Seeking, Spot};
use crate::core::join::{self, Closed, RADIUS_MM};
use crate::core::pressing::{MATTER, Sameness, Words};
use crate::core::repeats::{self, Earlier};
use crate::store;
use crate::store::cases::OpenCase;
use crate::store::repeats::Sought;
use crate::tenants::Street;

/// Replicas bind their times before they wait for the lock, so what is there already may be younger by that.
const YOUNGER: SignedDuration = SignedDuration::from_hours(1);

/// Cases by their spots.
pub(super) struct Repeated(BTreeMap<Spot, Vec<Earlier>>);

/// What a matter looks for, where a rule asks.
fn asking<'m>(matter: &'m Matter<'_>, street: &StreetView<Street>, now: Timestamp) -> Option<Seeking<'m>> {
    let seeking = matter.seeking().ok()?;
    street.of.asks_repetition(seeking.item, street.of.day(now)).then_some(seeking)
}

impl Repeated {
    /// Looks around the cases that will be opened: one statement, and none where no rule asks.
    pub(super) async fn look(
        tx: &mut ScopedTx,
        view: &View<Street>,
        now: Timestamp,
        matters: &[Matter<'_>],
        choices: &[Choice],
    ) -> Result<Self, pg::Error> {
        let opening = matters.iter().zip(choices).filter(|(_, choice)| matches!(choice, Choice::Open(..)));
        let mut sought = BTreeSet::new();
        for (matter, _) in opening {
            let Some(street) = view.street(matter.submission.report.tenant) else { continue };
            let Some(seeking) = asking(matter, street, now).filter(|seeking| !seeking.drill) else {
                continue;
            };
            let since = repeats::since(now, street.of.repeat_days());
            sought.extend(seeking.spots().map(|spot| Sought { spot, since, until: now + YOUNGER }));
        }
        let sought = Vec::from_iter(sought);
        let mut spots: BTreeMap<Spot, Vec<Earlier>> = BTreeMap::new();
        for (position, case) in store::repeats::earlier(tx, &sought).await? {
            spots.entry(sought[position].spot.clone()).or_default().push(case);
        }
        Ok(Self(spots))
    }

    /// What came before a matter; nothing where no rule asks. `cases` are those of the batch, which may have got voices meanwhile.
    pub(super) fn before(
        &self,
        matter: &Matter<'_>,
        street: &StreetView<Street>,
        now: Timestamp,
        cases: &BTreeMap<CaseId, OpenCase>,
    ) -> Option<Repetition> {
        let seeking = asking(matter, street, now)?;
        let days = street.of.repeat_days();
        if seeking.drill {
            return Some(Repetition::none(days));
        }
        let around = seeking.spots().filter_map(|spot| self.0.get(&spot)).flatten().map(|case| {
            let voices = cases.get(&case.case_id).map_or(case.voices, OpenCase::voices_in);
            Earlier { voices, ..*case }
        });
        Some(repeats::count(seeking.point, now, days, around))
    }

    /// What there is around a case that is drawn anew: the case itself is none of them, and all its voices count.
    pub(super) fn before_case(
        &self,
        matter: &Matter<'_>,
        street: &StreetView<Street>,
        now: Timestamp,
        case: &OpenCase,
    ) -> Option<Repetition> {
        let seeking = asking(matter, street, now)?;
        let days = street.of.repeat_days();
        if seeking.drill {
            return Some(Repetition::none(days));
        }
        let around = seeking.spots().filter_map(|spot| self.0.get(&spot)).flatten().copied();
        let others = around.filter(|earlier| earlier.case_id != case.case_id);
        let counted = repeats::count(seeking.point, now, days, others);
        // A report to come is counted as one; the case has as many as it has.
        let voices = counted.voices.saturating_sub(1).saturating_add(case.voices_in());
        Some(Repetition { voices, ..counted })
    }

    /// A case that the batch has opened.
    pub(super) fn opened(&mut self, matter: &Matter<'_>, street: &StreetView<Street>, case: &OpenCase) {
        let Some(seeking) = asking(matter, street, case.opened_at).filter(|seeking| !seeking.drill) else {
            return;
        };
        let OpenCase { case_id, point, opened_at, voices, .. } = *case;
        self.0.entry(seeking.own_spot()).or_default().push(Earlier { case_id, point, opened_at, voices });
    }
}

/// Cases that closed not long ago around those that will be opened.
pub(super) struct ClosedAround {
    spots: BTreeMap<Spot, Vec<Closed>>,
    /// What those said that are about persons.
    words: BTreeMap<CaseId, Words>,
}

impl ClosedAround {
    /// Looks as far back as counts for the most patient of their streets.
    pub(super) async fn look(
        tx: &mut ScopedTx,
        view: &View<Street>,
        now: Timestamp,
        matters: &[Matter<'_>],
        choices: &[Choice],
    ) -> Result<Self, pg::Error> {
        let opening = matters.iter().zip(choices).filter(|(_, choice)| matches!(choice, Choice::Open(..)));
        let (mut sought, mut earliest) = (BTreeSet::new(), now);
        for (matter, _) in opening {
            let Some(seeking) = matter.seeking().ok().filter(|seeking| !seeking.drill) else { continue };
            let Some(street) = view.street(seeking.tenant) else { continue };
            earliest = earliest.min(matter.accepted_at(now) - street.of.false_closure(street.of.day(now)));
            sought.extend(seeking.spots());
        }
        let (mut spots, mut of_persons) = (BTreeMap::<Spot, Vec<Closed>>::new(), BTreeSet::new());
        for (spot, case) in store::cases::closed_near(tx, &sought, earliest).await? {
            if view.street(spot.tenant).is_some_and(|s| s.of.joined_by(&spot.item) == JoinedBy::Words) {
                of_persons.insert((spot.tenant, case.case_id));
            }
            spots.entry(spot).or_default().push(case);
        }
        let texts = match of_persons.is_empty() {
            true => Vec::new(),
            false => store::bands::texts(tx, &Vec::from_iter(of_persons)).await?,
        };
        let words = texts.into_iter().map(|(_, case_id, text, _)| (case_id, Words::of(&text))).collect();
        Ok(Self { spots, words })
    }

    /// The closed case of which a matter is the same again, with how alike the words are where it is about persons: next door to
    /// somebody's closed matter is somebody else's.
    pub(super) fn repeated(
        &self,
        matter: &Matter<'_>,
        seeking: &Seeking<'_>,
        at: Timestamp,
        within: SignedDuration,
    ) -> Option<(Closed, Option<u32>)> {
        let around = seeking.spots().filter_map(|spot| self.spots.get(&spot)).flatten().copied();
        if matter.sameness != Sameness::Words {
            return Some((join::repeated((seeking.point, RADIUS_MM), at, within, around)?, None));
        }
        let words = Words::of(&matter.submission.report.text);
        let alike = |case: &Closed| self.words.get(&case.case_id)?.same_per_mille(&words);
        let same = around.filter(|case| alike(case).is_some());
        let chosen = join::repeated((seeking.point, MATTER.radius_mm), at, within, same)?;
        Some((chosen, alike(&chosen)))
    }
}
