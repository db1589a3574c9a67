//! The doors of intake: parse, authenticate, make a command; decide nothing.

mod form;
mod hashed;
pub mod http;
mod refusals;
mod reveal;
pub(crate) mod rpc;

use access::{Action, Scope, rights};
use bootstrap::door::{Fault, Problem};
use bootstrap::{Admitted, Identity};
use contract::document::Level;
use ids::TenantId;

use self::form::Duties;
use crate::core::assign::Assigned;
use crate::handle::Room;

/// The source of a drill: nobody reports it in a role.
pub(crate) const DRILL: &str = "drill";

/// The source of a matter given from above (上级交办): a centre's, whoever of it sends it.
pub(crate) const ASSIGNMENT: &str = "assignment";

/// Who has to act, if the caller may say so here: for the district where it may decide for the district, else for the street.
fn assigned(
    room: &Room,
    who: &Identity,
    street: TenantId,
    duties: Option<Duties>,
) -> Result<Option<Assigned>, Problem> {
    let Some(Duties { lead, assists }) = duties else { return Ok(None) };
    room.house.admit(who, Action::ReportAssign, street)?;
    let district = room.house.admit(who, Action::ReviewDistrict, street).is_ok();
    let by = if district { Level::District } else { Level::Street };
    Ok(Some(Assigned { by, lead, assists }))
}

/// A rehearsal takes the way of everybody's reports.
fn no_assignment(duties: Option<&Duties>) -> Result<(), Problem> {
    match duties {
        None => Ok(()),
        Some(_) => {
            let detail = "演练不作交办，请去掉 assigned / a drill is given to nobody: leave assigned out";
            Err(Problem::validation_failed([Fault::new("/assigned", "not-for-drills", detail)]))
        }
    }
}

/// The role in which the caller reports here: the first that allows it.
pub(crate) fn source_of(admitted: &Admitted) -> &'static str {
    let here = |scope: &Scope| match scope {
        Scope::Street(street) => *street == admitted.tenant,
        Scope::District(district) => *district == admitted.district,
        Scope::Body { .. } | Scope::Installation => false,
    };
    let mut grants = admitted.principal.grants().iter();
    let grant =
        grants.find(|grant| here(grant.scope()) && rights(grant.role()).contains(&Action::ReportSubmit));
    grant.map_or("unknown", |grant| grant.role().as_str())
}
