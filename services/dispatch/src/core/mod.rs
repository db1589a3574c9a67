//! Pure helpers: no database, no clock.

pub(crate) mod auditor;
pub(crate) mod case_clocks;
pub(crate) mod clocks;
pub(crate) mod deed;
pub(crate) mod direct;
mod late;
pub(crate) mod link;
pub(crate) mod link_view;
pub(crate) mod matter;
pub(crate) mod merged;
pub(crate) mod number;
pub(crate) mod past;
pub(crate) mod replan;
mod reroute;
pub(crate) mod routed;
pub(crate) mod rulings;
pub(crate) mod say;
pub(crate) mod stages;
pub(crate) mod terms;
pub(crate) mod token;
pub(crate) mod unfolded;
pub(crate) mod view;
pub(crate) mod visit;
