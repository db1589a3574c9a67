//! Where each report of a batch goes: to a person, into a case that stands, or into one of its own. Chosen in memory from what
//! stands around, so reports of the same batch see each other's cases.

use std::collections::{BTreeMap, BTreeSet};

use ids::{CaseId, TenantId};
use jiff::Timestamp;
use pg::ScopedTx;

use super::{Goes, Matter, Room};
use crate::core::alike::Shingles;
use crate::core::board::{Board, Seeking, Spot};
use crate::core::item::ReviewReason;
use crate::core::join::{self, Candidate};
use crate::core::worded::{self, Similar, Unclear, Worded};
use crate::store::{bands, cases};

/// Where a report goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Choice {
    /// To a person, with the cases it may be about.
    Review(ReviewReason, Vec<Similar>),
    Join(Candidate),
    /// Its words are so much those of a case, in thousandths.
    ByWords(CaseId, u32),
    /// A person says so.
    Into(CaseId),
    Open(CaseId),
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

    /// Its words, where they are all there is to go by. A rehearsal goes by its item.
    fn words(&self) -> Option<Shingles> {
        let unclear = self.finding.item.is_err() && !self.astray() && !self.submission.drill;
        unclear.then(|| Shingles::of(&self.submission.report.text))
    }

    fn unclear<'m>(&'m self, shingles: &'m Shingles) -> Unclear<'m> {
        let report = &self.submission.report;
        Unclear { tenant: report.tenant, point: report.point, datum: report.datum, shingles }
    }
}

impl Around {
    /// Looks: two statements, the second only where words are all there is to go by.
    pub(super) async fn look(
        tx: &mut ScopedTx,
        now: Timestamp,
        matters: &[Matter<'_>],
    ) -> Result<Self, pg::Error> {
        let seeking = matters.iter().filter_map(|matter| matter.seeking().ok());
        let spots: BTreeSet<Spot> = seeking.flat_map(|seeking| seeking.spots().collect::<Vec<_>>()).collect();
        let near = cases::near(tx, &spots, now - join::WINDOW).await?;
        let bands: BTreeSet<(TenantId, i64)> = matters
            .iter()
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
            Choice::Join(case) => known(&case.case_id),
            Choice::ByWords(case_id, _) => known(case_id),
            Choice::Into(case_id) => Some((matter.submission.report.tenant, *case_id)),
            Choice::Review(..) | Choice::Open(_) => None,
        }
    }

    /// Chooses, in order.
    pub(super) fn choose(&mut self, room: &Room, now: Timestamp, matters: &[Matter<'_>]) -> Vec<Choice> {
        let mut board = Board::default();
        self.near.drain(..).for_each(|(spot, case)| board.add(spot, case));
        let words_matter = matters.iter().any(|matter| matter.finding.item.is_err());
        let choose = |matter: &Matter<'_>| {
            let seeking = match matter.seeking() {
                Ok(seeking) => seeking,
                Err(reason) => return self.by_words(matter, reason, now),
            };
            if let Some(Goes::Into(case_id)) = matter.submission.goes() {
                return Choice::Into(case_id);
            }
            // Each drill has to show a path of its own, by the documents of now; what a centre gives is for whom it says.
            if matter.joins
                && !seeking.drill
                && matter.submission.report.assigned.is_none()
                && !matter.submission.apart()
                && let Some(case) = board.choose(&seeking, now)
            {
                return Choice::Join(case);
            }
            let case_id = CaseId(room.house.minter.mint(now));
            board.add(seeking.own_spot(), Candidate { case_id, point: seeking.point, opened_at: now });
            if words_matter && !seeking.drill {
                self.worded.push(opening(matter, &seeking, case_id, now));
            }
            Choice::Open(case_id)
        };
        matters.iter().map(choose).collect()
    }

    /// Where the words do not say what the matter is, they may say which. Mortal danger is looked at by a person, whatever the
    /// words are like.
    fn by_words(&self, matter: &Matter<'_>, reason: ReviewReason, now: Timestamp) -> Choice {
        let Some(words) = matter.words() else { return Choice::Review(reason, Vec::new()) };
        let unclear = matter.unclear(&words);
        if matter.joins_by_words
            && matter.lane != ids::Lane::Urgent
            && let Some((case, alike_per_mille)) = worded::choose(unclear, now, &self.worded)
        {
            return Choice::ByWords(case.case_id, alike_per_mille);
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
    }
}
