//! The whistle: who is summoned, checks in against a clock, and is waited for.

use orders::{Act, Phase, Refusal, Role, Stage, Verdict};

use crate::fixtures::{calendar, plan, second, seconds};
use crate::world::{Step, World};

fn take(world: &mut World, step: Step) {
    *world = world.after(&step).unwrap_or_else(|refusal| panic!("{step:?}: {refusal}")).0;
}

#[test]
fn a_summoned_body_checks_in_and_the_lead_waits_for_it() {
    let plans = vec![
        plan(Role::Lead, "transport", vec![], vec![]),
        plan(Role::Inform, "street-centre", vec![], vec![]),
    ];
    let mut world = World::open(plans, seconds(Stage::Verify, 100, &[]), calendar(&[2026]), second(0)).0;
    assert_eq!(world.after(&Step::Whistle("transport")).unwrap_err(), Refusal::OwnBody);
    // Who is only informed may be summoned.
    take(&mut world, Step::Whistle("street-centre"));
    take(&mut world, Step::Whistle("traffic-police"));
    assert_eq!(world.after(&Step::Whistle("traffic-police")).unwrap_err(), Refusal::OwnBody);

    take(&mut world, Step::Act(0, Act::Acknowledge, "li"));
    assert_eq!(world.after(&Step::Act(0, Act::Submit, "li")).unwrap_err().code(), "assistants-open");
    assert_eq!(world.orders[3].wake_at(), Some(second(1_800)));
    take(&mut world, Step::Act(3, Act::Acknowledge, "zhou"));
    assert_eq!(world.after(&Step::Act(3, Act::Submit, "zhou")).unwrap_err(), Refusal::VisitRequired);
    take(&mut world, Step::Wait(3_601));
    take(&mut world, Step::Act(3, Act::Arrive, "zhou"));
    assert_eq!(world.orders[3].stages[0].verdict, Some(Verdict::Breached));
    take(&mut world, Step::Act(3, Act::Submit, "zhou"));
    take(&mut world, Step::Waive(2));
    take(&mut world, Step::Act(0, Act::Submit, "li"));
    assert_eq!(world.orders[0].phase, Phase::Submitted);
    assert_eq!(world.after(&Step::Whistle("bus-company")).unwrap_err().code(), "invalid-transition");
}
