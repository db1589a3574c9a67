//! `streetwise.triage.v1.ReviewDeskService`: the review desk (研判台), for the systems of centres. Each method fills the form of its
//! HTTP sibling, so that both doors make the same commands; who may is asked before a form is read, so that a street of others is
//! not there whatever else is said.

mod shown;

use std::sync::Arc;

use bootstrap::door::{IfMatch, Problem};
use bootstrap::rpc::{Call, MESSAGE_BYTES_MAX, invalid, named, parsed};
use contract::proto::triage as wire;
use contract::proto::triage::review_desk_service_server::{ReviewDeskService, ReviewDeskServiceServer};
use ids::{CaseId, ReportId, TenantId};
use tonic::{Request, Response, Status};

use crate::core::desk::{Desk, Ground};
use crate::handle::Room;
use crate::inbound::desk::{Acting, ListQuery};
use crate::inbound::plans::{self, PlanForm};
use crate::inbound::reroutes::{self, CasePlaceForm};
use crate::inbound::reviews::{self, ReviewForm};
use crate::inbound::voices::{self, VoicesQuery};
use crate::inbound::{cases::CaseForm, merges, splits};

/// The server, for [`bootstrap::Plan::rpc`].
pub(crate) fn server(room: Arc<Room>) -> ReviewDeskServiceServer<ReviewDesk> {
    ReviewDeskServiceServer::new(ReviewDesk(room)).max_decoding_message_size(MESSAGE_BYTES_MAX)
}

/// The door.
#[derive(Clone)]
pub(crate) struct ReviewDesk(Arc<Room>);

#[tonic::async_trait]
impl ReviewDeskService for ReviewDesk {
    async fn list_reviews(
        &self,
        request: Request<wire::ListReviewsRequest>,
    ) -> Result<Response<wire::ListReviewsResponse>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(list_reviews(&self.0, &call, request.into_inner()).await?))
    }

    async fn list_plan_reviews(
        &self,
        request: Request<wire::ListPlanReviewsRequest>,
    ) -> Result<Response<wire::ListPlanReviewsResponse>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(list_plan_reviews(&self.0, &call, request.into_inner()).await?))
    }

    async fn review_report(
        &self,
        request: Request<wire::ReviewReportRequest>,
    ) -> Result<Response<wire::ReviewReportResponse>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(review_report(&self.0, &call, request.into_inner()).await?))
    }

    async fn review_plan(
        &self,
        request: Request<wire::ReviewPlanRequest>,
    ) -> Result<Response<wire::ReviewPlanResponse>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(review_plan(&self.0, &call, request.into_inner()).await?))
    }

    async fn list_voices(
        &self,
        request: Request<wire::ListVoicesRequest>,
    ) -> Result<Response<wire::ListVoicesResponse>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(list_voices(&self.0, &call, request.into_inner()).await?))
    }

    async fn split_voice(
        &self,
        request: Request<wire::SplitVoiceRequest>,
    ) -> Result<Response<wire::SplitVoiceResponse>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(split_voice(&self.0, &call, request.into_inner()).await?))
    }

    async fn merge_case(
        &self,
        request: Request<wire::MergeCaseRequest>,
    ) -> Result<Response<wire::MergeCaseResponse>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(merge_case(&self.0, &call, request.into_inner()).await?))
    }

    async fn reroute_case(
        &self,
        request: Request<wire::RerouteCaseRequest>,
    ) -> Result<Response<wire::RerouteCaseResponse>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(reroute_case(&self.0, &call, request.into_inner()).await?))
    }
}

async fn list_reviews(
    room: &Room,
    call: &Call,
    asked: wire::ListReviewsRequest,
) -> Result<wire::ListReviewsResponse, Problem> {
    let street: TenantId = named(&asked.street)?;
    Acting::admitted(room, &call.who, street, &call.trace)?;
    let query = query(asked.desk, &asked.after, asked.limit)?;
    shown::reviews(reviews::page(room, &call.who, street, &query).await?)
}

async fn list_plan_reviews(
    room: &Room,
    call: &Call,
    asked: wire::ListPlanReviewsRequest,
) -> Result<wire::ListPlanReviewsResponse, Problem> {
    let street: TenantId = named(&asked.street)?;
    Acting::admitted(room, &call.who, street, &call.trace)?;
    let query = query(asked.desk, &asked.after, asked.limit)?;
    Ok(plans::page(room, &call.who, street, &query).await?.into())
}

async fn list_voices(
    room: &Room,
    call: &Call,
    asked: wire::ListVoicesRequest,
) -> Result<wire::ListVoicesResponse, Problem> {
    let (street, case_id): (TenantId, CaseId) = (named(&asked.street)?, named(&asked.case_id)?);
    let some = |number: u32| Some(number).filter(|number| *number > 0);
    let query = VoicesQuery { after: some(asked.after), limit: some(asked.limit) };
    Ok(voices::page(room, &call.who, street, case_id, &query).await?.into())
}

async fn review_report(
    room: &Room,
    call: &Call,
    asked: wire::ReviewReportRequest,
) -> Result<wire::ReviewReportResponse, Problem> {
    let (street, report_id): (TenantId, ReportId) = (named(&asked.street)?, named(&asked.report_id)?);
    let acting = Acting::admitted(room, &call.who, street, &call.trace)?;
    let (verb, ground) = (report_verb(asked.act())?, ground_of(asked.ground)?);
    let form = ReviewForm {
        item: given(asked.item),
        case_id: case_named(&asked.into_case_id)?,
        ground,
        note: given(asked.note),
    };
    Ok(reviews::acted(&acting, report_id, verb, form).await?.into())
}

async fn review_plan(
    room: &Room,
    call: &Call,
    asked: wire::ReviewPlanRequest,
) -> Result<wire::ReviewPlanResponse, Problem> {
    let (street, case_id): (TenantId, CaseId) = (named(&asked.street)?, named(&asked.case_id)?);
    let acting = Acting::admitted(room, &call.who, street, &call.trace)?;
    let (verb, ground) = (plan_verb(asked.act())?, ground_of(asked.ground)?);
    let form = PlanForm {
        lead: given(asked.lead),
        assists: asked.assists.map(|assists| assists.bodies),
        case_id: case_named(&asked.into_case_id)?,
        ground,
        note: given(asked.note),
    };
    // 0 as everywhere: the caller does not insist.
    let if_match = (asked.if_version > 0).then(|| IfMatch::version(asked.if_version));
    let plan = plans::ReadPlan { case_id, if_match };
    Ok(plans::acted(&acting, plan, verb, form).await?.into())
}

async fn split_voice(
    room: &Room,
    call: &Call,
    asked: wire::SplitVoiceRequest,
) -> Result<wire::SplitVoiceResponse, Problem> {
    let (street, case_id): (TenantId, CaseId) = (named(&asked.street)?, named(&asked.case_id)?);
    let acting = Acting::admitted(room, &call.who, street, &call.trace)?;
    let form = CaseForm {
        report_id: Some(parsed("/report_id", &asked.report_id)?),
        item: given(asked.item),
        note: given(asked.note),
        ..CaseForm::default()
    };
    Ok(splits::split(&acting, case_id, form).await?.into())
}

async fn merge_case(
    room: &Room,
    call: &Call,
    asked: wire::MergeCaseRequest,
) -> Result<wire::MergeCaseResponse, Problem> {
    let (street, case_id): (TenantId, CaseId) = (named(&asked.street)?, named(&asked.case_id)?);
    let acting = Acting::admitted(room, &call.who, street, &call.trace)?;
    let into = case_named(&asked.into_case_id)?;
    let form = CaseForm { case_id: into, note: given(asked.note), ..CaseForm::default() };
    Ok(merges::merge(&acting, case_id, form).await?.into())
}

async fn reroute_case(
    room: &Room,
    call: &Call,
    asked: wire::RerouteCaseRequest,
) -> Result<wire::RerouteCaseResponse, Problem> {
    let (street, case_id): (TenantId, CaseId) = (named(&asked.street)?, named(&asked.case_id)?);
    let acting = Acting::admitted(room, &call.who, street, &call.trace)?;
    let place = asked.place.map(CasePlaceForm::from);
    let form = CaseForm { item: given(asked.item), place, note: given(asked.note), ..CaseForm::default() };
    Ok(reroutes::reroute(&acting, case_id, form).await?.into())
}

/// The query of the HTTP door. 0 entries means as many as it gives unless told.
fn query(desk: i32, after: &str, limit: u32) -> Result<ListQuery, Problem> {
    // A word of a later proto is none that means both.
    let desk = wire::Desk::try_from(desk).map_err(|_| invalid("/desk"))?;
    let after = (!after.is_empty()).then(|| after.parse().map_err(|_| Problem::bad_cursor()));
    let desk = match desk {
        wire::Desk::Unspecified => None,
        wire::Desk::Street => Some(Desk::Street),
        wire::Desk::District => Some(Desk::District),
    };
    Ok(ListQuery { limit: Some(limit).filter(|limit| *limit > 0), after: after.transpose()?, desk })
}

/// The verb that the act has in the path of the HTTP door.
fn report_verb(act: wire::ReportAct) -> Result<&'static str, Problem> {
    match act {
        wire::ReportAct::Decide => Ok("decide"),
        wire::ReportAct::Join => Ok("join"),
        wire::ReportAct::Reject => Ok("reject"),
        wire::ReportAct::Claim => Ok("claim"),
        wire::ReportAct::Release => Ok("release"),
        wire::ReportAct::Raise => Ok("raise"),
        wire::ReportAct::HandDown => Ok("hand-down"),
        wire::ReportAct::Unspecified => Err(invalid("/act")),
    }
}

fn plan_verb(act: wire::PlanAct) -> Result<&'static str, Problem> {
    match act {
        wire::PlanAct::Approve => Ok("approve"),
        wire::PlanAct::Merge => Ok("merge"),
        wire::PlanAct::Reject => Ok("reject"),
        wire::PlanAct::Claim => Ok("claim"),
        wire::PlanAct::Release => Ok("release"),
        wire::PlanAct::Raise => Ok("raise"),
        wire::PlanAct::HandDown => Ok("hand-down"),
        wire::PlanAct::Unspecified => Err(invalid("/act")),
    }
}

fn ground_of(ground: i32) -> Result<Option<Ground>, Problem> {
    let ground = wire::RejectionGround::try_from(ground).map_err(|_| invalid("/ground"))?;
    Ok(match ground {
        wire::RejectionGround::Unspecified => None,
        wire::RejectionGround::NotAMatter => Some(Ground::NotAMatter),
        wire::RejectionGround::NoCompetence => Some(Ground::NoCompetence),
        wire::RejectionGround::Unclear => Some(Ground::Unclear),
        wire::RejectionGround::Test => Some(Ground::Test),
        wire::RejectionGround::Abuse => Some(Ground::Abuse),
    })
}

/// The case that voices go to; the forms of the HTTP door call it `case_id`.
fn case_named(id: &str) -> Result<Option<CaseId>, Problem> {
    (!id.is_empty()).then(|| parsed("/case_id", id)).transpose()
}

fn given(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ground_and_desk_of_the_wire_is_one_of_ours() {
        let grounds = (1..).map_while(|n| wire::RejectionGround::try_from(n).ok());
        let grounds: Vec<_> = grounds.map(|ground| ground_of(ground.into()).unwrap().unwrap()).collect();
        assert_eq!(grounds, Ground::ALL);
        let desks = (1..).map_while(|n| wire::Desk::try_from(n).ok());
        let desks: Vec<_> = desks.map(|desk| query(desk.into(), "", 0).unwrap().desk.unwrap()).collect();
        assert_eq!(desks, [Desk::Street, Desk::District]);
        assert!(query(7, "", 0).is_err() && ground_of(99).is_err(), "a word of a later proto");
    }
}
