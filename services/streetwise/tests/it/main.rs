//! The commands as an operator runs them, against real servers.

mod apply;
mod broker_users;
mod provision;
mod schemas;
mod street;
mod town;
