//! What tests need from the world, real wherever it can be real.
//!
//! * [`postgres`]: a private server, fresh databases in milliseconds, a durable server that may be killed.
//! * [`nats`]: a private JetStream broker that may be killed, frozen and restarted; [`redis`]: the same, without data.
//! * [`process`]: a program of ours as a real process.
//! * [`proxy`]: a TCP proxy with faults; [`sink`]: a webhook receiver that checks signatures and answers as told.
//! * [`clock`]: time that moves only when a test says so; [`wait`]: waiting for a level with a deadline.
//! * [`rig`]: a service put together on all of these, drained until empty; [`demo`]: the shipped district.
//! * [`identity`]: a token issuer with its key set; [`otlp`]: a collector that keeps what it is sent.
//!
//! Every server started here dies with the test process, even when that is killed, and never listens on a
//! standard port. Deliberately not here: anything of a service (a service's own tests build it), and mocks.

mod breakable;
pub mod clock;
pub mod demo;
mod error;
mod guardian;
pub mod identity;
pub mod journal;
pub mod nats;
pub mod otlp;
mod port;
pub mod postgres;
pub mod process;
pub mod proxy;
pub mod redis;
pub mod rig;
pub mod sink;
pub mod wait;

pub use error::Error;
