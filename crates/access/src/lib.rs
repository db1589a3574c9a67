//! Who may do what: roles, scopes, actions, and one table of rights as data.
//!
//! A [`Grant`] is a role held in a scope. A [`Membership`] lists the grants of every subject, as the People
//! documents of a street and its district name them. A [`Principal`] is one subject with its grants; asked
//! whether it [may](Principal::may) do an action on a [`Resource`] it answers with a [`BodyScope`], the
//! mandatory predicate over rows (D8), or with a [`Denied`].
//!
//! Deliberately not here: who the subject is (the door checks the token), and rules that need the case's own
//! state, such as "who handled it may not verify it" (dispatch knows the handlers).

mod action;
mod decision;
mod grant;
mod membership;
mod names;
mod rights;

pub use action::Action;
pub use decision::{BodyScope, Denied, Resource};
pub use grant::{Grant, Role, Scope, ScopeKind, ScopeMismatch, UnknownRole};
pub use membership::{Holder, Membership, Principal};
pub use names::Name;
pub use rights::{held_in, rights};
