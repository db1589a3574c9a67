//! Where each report of a batch goes: to a person, into a case that stands, or into one of its own. Chosen in memory from what
//! stands around, so reports of the same batch see each other's cases.

use std::collections::{BTreeMap, BTreeSet};

use contract::document::JoinedBy;
use ids::{CaseId, TenantId};
use jiff::Timestamp;
use pg::ScopedTx;
use snapshot::View;

use super::{Goes, Matter, Room};
use crate::core::alike::Shingles;
use crate::core::board::{Board, Seeking, Spot};
use crate::core::item::ReviewReason;
use crate::core::join::{self, Candidate};
use crate::core::pressing::{self, Sameness};
use crate::core::worded::{self, Similar, Unclear, Worded};
use crate::store::{bands, cases};
use crate::tenants::Street;

/// Where a report goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Choice {
    /// To a person, with the cases it may be about.
    Review(ReviewReason, Vec<Similar>),
    Join(Candidate),
    /// What item and place do not make the same, and plainly the same again; how alike the words are, in thousandths.
    Again(Candidate, u32),
    /// Its words are so much those of a case, in thousandths, which is no farther away than this, in millimetres.
    ByWords(CaseId, u32, u64),
    /// A person says so.
    Into(CaseId),
    /// A case of its own, beside one that it may belong to.
    Open(CaseId, Option<Candidate>),
}

/// What a case near by is to a report.
enum Joining {
    /// The same matter.
    Joins(Choice),
    /// Another one, perhaps beside the one it may belong to.
    Beside(Option<Candidate>),
}

/// What stands around the reports of a batch.
pub(super) struct Around {
    near: Vec<(Spot, Candidate)>,
    worded: Vec<Worded>,
    /// Those of the database, with their streets.
    standing: BTreeMap<CaseId, TenantId>,
}

impl Matter<'_> {
    /// What it looks for; nothing while its item is not known, or whose it is.
    pub(super) fn seeking(&self) -> Result<Seeking<'_>, ReviewReason> {
        if self.astray() {
            return Err(ReviewReason::OutsideTerritory);
        }
        let report = &self.submission.report;
        let item = self.finding.item.as_deref().map_err(|reason| *reason)?;
        let (tenant, datum, point) = (report.tenant, report.datum, report.point);
        Ok(Seeking { tenant, item, datum, drill: self.submission.drill, point })
    }

    /// Its words, where they are all there is to go by, or it does not go by its item and place alone. A rehearsal goes by its
    /// item.
    fn words(&self) -> Option<Shingles> {
        let matter = self.words_matter() && !self.astray() && !self.submission.drill;
        matter.then(|| Shingles::of(&self.submission.report.text))
    }

    fn words_matter(&self) -> bool {
        self.finding.item.is_err() || self.sameness != Sameness::Place
    }

    fn unclear<'m>(&'m self, shingles: &'m Shingles) -> Unclear<'m> {
        let report = &self.submission.report;
        Unclear { tenant: report.tenant, point: report.point, datum: report.datum, shingles }
    }
}

impl Around {
    /// Looks: two statements, the second only where words matter and there is a case to hold them against.
    pub(super) async fn look(
        tx: &mut ScopedTx,
        now: Timestamp,
        matters: &[Matter<'_>],
    ) -> Result<Self, pg::Error> {
        let seeking = matters.iter().filter_map(|matter| matter.seeking().ok());
        let spots: BTreeSet<Spot> = seeking.flat_map(|seeking| seeking.spots().collect::<Vec<_>>()).collect();
        let near = cases::near(tx, &spots, now - join::WINDOW).await?;
        let peopled: BTreeSet<&Spot> = near.iter().map(|(spot, _)| spot).collect();
        let alone = |matter: &Matter<'_>| {
            matter.seeking().is_ok_and(|seeking| !seeking.spots().any(|spot| peopled.contains(&spot)))
        };
        let bands: BTreeSet<(TenantId, i64)> = matters
            .iter()
            .filter(|matter| !alone(matter))
            .filter_map(|matter| Some((matter.submission.report.tenant, matter.words()?)))
            .flat_map(|(tenant, words)| words.bands().into_iter().map(move |band| (tenant, band)))
            .collect();
        let worded = bands::meeting(tx, &Vec::from_iter(bands), now - join::WINDOW).await?;
        let by_place = near.iter().map(|(spot, case)| (case.case_id, spot.tenant));
        let standing = by_place.chain(worded.iter().map(|case| (case.case_id, case.tenant))).collect();
        Ok(Self { near, worded, standing })
    }

    /// The case of the database that a choice goes into.
    pub(super) fn standing(&self, matter: &Matter<'_>, choice: &Choice) -> Option<(TenantId, CaseId)> {
        let known = |case_id: &CaseId| Some((*self.standing.get(case_id)?, *case_id));
        match choice {
            Choice::Join(case) | Choice::Again(case, _) => known(&case.case_id),
            // Shown with its number.
            Choice::Open(_, beside) => known(&beside.as_ref()?.case_id),
            Choice::ByWords(case_id, ..) => known(case_id),
            Choice::Into(case_id) => Some((matter.submission.report.tenant, *case_id)),
            Choice::Review(..) => None,
        }
    }

    /// Chooses, in order.
    pub(super) fn choose(
        &mut self,
        room: &Room,
        view: &View<Street>,
        now: Timestamp,
        matters: &[Matter<'_>],
    ) -> Vec<Choice> {
        let mut board = Board::default();
        self.near.drain(..).for_each(|(spot, case)| board.add(spot, case));
        let words_matter = matters.iter().any(Matter::words_matter);
        let choose = |matter: &Matter<'_>| {
            let seeking = match matter.seeking() {
                Ok(seeking) => seeking,
                Err(reason) => return self.by_words(view, matter, reason, now),
            };
            if let Some(Goes::Into(case_id)) = matter.submission.goes() {
                return Choice::Into(case_id);
            }
            // Each drill has to show a path of its own, by the documents of now; what a centre gives is for whom it says.
            let joins = matter.joins
                && !seeking.drill
                && matter.submission.report.assigned.is_none()
                && !matter.submission.apart();
            let near = if joins { board.choose(&seeking, now) } else { None };
            let beside = match near.map(|case| self.joining(matter, &seeking, case, now)) {
                Some(Joining::Joins(chosen)) => return chosen,
                Some(Joining::Beside(case)) => case,
                None => None,
            };
            let case_id = CaseId(room.house.minter.mint(now));
            board.add(seeking.own_spot(), Candidate { case_id, point: seeking.point, opened_at: now });
            if words_matter && !seeking.drill {
                self.worded.push(opening(matter, &seeking, case_id, now));
            }
            Choice::Open(case_id, beside)
        };
        matters.iter().map(choose).collect()
    }

    /// What a case near by is to it: where item and place do not say that it is the same, its words have to.
    fn joining(
        &self,
        matter: &Matter<'_>,
        seeking: &Seeking<'_>,
        near: Candidate,
        now: Timestamp,
    ) -> Joining {
        let Some(nearness) = matter.sameness.nearness() else { return Joining::Joins(Choice::Join(near)) };
        let Some(words) = matter.words() else { return Joining::Beside(Some(near)) };
        let numbers = pressing::numbers(&matter.submission.report.text);
        let unclear = matter.unclear(&words);
        match pressing::choose(unclear, seeking.item, &numbers, now, &self.worded, nearness) {
            Some((case, alike)) => Joining::Joins(Choice::Again(case, alike)),
            // Whoever lives near somebody with a like matter is not of interest to the desk, unless they speak alike.
            None if matter.sameness == Sameness::Words => {
                Joining::Beside(pressing::maybe(unclear, seeking.item, now, &self.worded))
            }
            None => Joining::Beside(Some(near)),
        }
    }

    /// Where the words do not say what the matter is, they may say which. Mortal danger is looked at by a person, whatever the
    /// words are like.
    fn by_words(
        &self,
        view: &View<Street>,
        matter: &Matter<'_>,
        reason: ReviewReason,
        now: Timestamp,
    ) -> Choice {
        let Some(words) = matter.words() else { return Choice::Review(reason, Vec::new()) };
        let unclear = matter.unclear(&words);
        let numbers = pressing::numbers(&matter.submission.report.text);
        let bounds_mm = |case: &Worded| match view.street(case.tenant)?.of.joined_by(&case.item) {
            JoinedBy::Place => Some(join::RADIUS_MM),
            JoinedBy::Words => (case.numbers == numbers).then_some(pressing::MATTER.radius_mm),
        };
        if matter.joins_by_words
            && matter.lane != ids::Lane::Urgent
            && let Some((case, alike_per_mille)) = worded::choose(unclear, now, &self.worded, bounds_mm)
            && let Some(radius_mm) = bounds_mm(case)
        {
            return Choice::ByWords(case.case_id, alike_per_mille, radius_mm);
        }
        Choice::Review(reason, worded::similar(unclear, now, &self.worded))
    }
}

fn opening(matter: &Matter<'_>, seeking: &Seeking<'_>, case_id: CaseId, now: Timestamp) -> Worded {
    Worded {
        tenant: seeking.tenant,
        case_id,
        case_no: None,
        item: seeking.item.to_owned(),
        point: seeking.point,
        datum: seeking.datum.to_owned(),
        opened_at: now,
        shingles: Shingles::of(&matter.submission.report.text),
        numbers: pressing::numbers(&matter.submission.report.text),
    }
}
