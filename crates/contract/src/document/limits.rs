//! What may be wrong with limits of time and with what follows when one is missed; part of [`super::check`].

use ids::BodyKey;

use super::check::{Faults, Problem};
use super::core::Level;
use super::effective::ITEM_POLICY;
use super::pair;
use super::policy::{Chain, ChainAction, ChainStep, Clock, Limit, SlaPolicy, Unit};

/// Ten years, as crate `sla` bounds a limit.
const SECONDS_MAX: u64 = 3_660 * 24 * 3_600;
/// Ten years of working days, as crate `sla` bounds them.
const WORKDAYS_MAX: u32 = 3_660;

/// A policy: its limits, its pairs, what it warns of and the chain it names.
pub(super) fn check_policy(
    faults: &mut Faults,
    key: &str,
    policy: &SlaPolicy,
    chain_known: impl Fn(&str) -> bool,
) {
    let path = format!("policies.{key}");
    faults.unless(key != ITEM_POLICY, &path, || Problem::ReservedKey);
    for (stage, limit) in &policy.limits {
        check_limit(faults, &format!("{path}.limits.{}", stage.as_str()), *limit, policy.demo);
    }
    pair::check(faults, &path, policy);
    check_warnings(faults, &path, &policy.warn_per_mille);
    if let Some(chain) = policy.chain.as_ref().filter(|chain| !chain_known(chain)) {
        faults.add(format!("{path}.chain"), Problem::UnknownChain(chain.clone()));
    }
}

/// More than nothing, in a unit its clock can count, and no longer than a clock may run.
pub(super) fn check_limit(faults: &mut Faults, path: &str, limit: Limit, demo: bool) {
    faults.unless(limit.amount > 0, path, || Problem::ZeroLimit);
    faults.unless(demo || limit.unit != Unit::Second, path, || Problem::SecondsNotDemo);
    let countable = limit.unit != Unit::Workday || limit.clock == Clock::Work;
    faults.unless(countable, path, || Problem::WorkdayOnClock);
    let seconds = |each: u64| u64::from(limit.amount) * each <= SECONDS_MAX;
    let short = match limit.unit {
        Unit::Second => seconds(1),
        Unit::Minute => seconds(60),
        Unit::Hour => seconds(3_600),
        Unit::Workday => limit.amount <= WORKDAYS_MAX,
    };
    faults.unless(short, path, || Problem::LimitTooLong);
}

/// Parts of a thousand, each later than the one before.
pub(super) fn check_warnings(faults: &mut Faults, path: &str, warnings: &[u32]) {
    let fine = warnings.iter().all(|w| (1..=999).contains(w)) && warnings.is_sorted_by(|a, b| a < b);
    faults.unless(fine, format!("{path}.warn_per_mille"), || Problem::BadWarnings);
}

/// A chain: steps in order, each telling somebody there is.
pub(super) fn check_chain(
    faults: &mut Faults,
    key: &str,
    chain: &Chain,
    level: impl Fn(&BodyKey) -> Option<Level>,
) {
    let path = format!("chains.{key}.steps");
    faults.unless(chain.steps.is_sorted_by_key(|s| s.after_s), &path, || Problem::StepsOutOfOrder);
    for (position, step) in chain.steps.iter().enumerate() {
        let path = format!("{path}.{position}");
        let in_time = u64::from(step.after_s) <= SECONDS_MAX;
        faults.unless(in_time, format!("{path}.after_s"), || Problem::LimitTooLong);
        let can = step.action != ChainAction::Unsupported;
        faults.unless(can, format!("{path}.action"), || Problem::Unsupported);
        check_told(faults, &format!("{path}.body"), step, &level);
    }
}

/// Who a step tells: nobody but the holder, or a body there is; the district, where it is raised.
fn check_told(faults: &mut Faults, path: &str, step: &ChainStep, level: impl Fn(&BodyKey) -> Option<Level>) {
    match (step.action, &step.body) {
        (ChainAction::NotifyHolder, Some(_)) => faults.add(path, Problem::HolderIsTold),
        (ChainAction::NotifyHolder, None) => {}
        (_, None) => faults.add(path, Problem::NobodyIsTold),
        (action, Some(key)) => match level(key) {
            None => faults.add(path, Problem::UnknownBody(key.clone())),
            Some(Level::District) => {}
            Some(_) => {
                let fine = action != ChainAction::Raise;
                faults.unless(fine, path, || Problem::NotOfDistrict(key.clone()));
            }
        },
    }
}
