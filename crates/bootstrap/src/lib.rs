//! Turns a Service into a process: config, listen, health, shutdown.
