//! One binary: the doors over real sockets, tokens with real keys, the end of a process.

mod bounds;
mod door;
mod frozen;
mod health;
mod identity;
mod issuer;
mod rsa;
mod server;
mod shutdown;
