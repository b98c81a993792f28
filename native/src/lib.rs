//! The common log record of aegis-otel, made cheap. What is unusual is left to the Python code, record by record, so
//! that each thing this does can be done without it. See README.md next to Cargo.toml.

mod contract;
#[cfg_attr(not(feature = "python"), allow(dead_code))]
mod text_screen;
#[cfg_attr(not(feature = "python"), allow(dead_code))]
mod wire;

#[cfg(feature = "python")]
mod calls;
#[cfg(feature = "python")]
mod config;
#[cfg(feature = "python")]
mod encode;
#[cfg(feature = "python")]
mod guard;
#[cfg(feature = "python")]
mod method;
#[cfg(feature = "python")]
mod module;
#[cfg(feature = "python")]
mod record;
#[cfg(feature = "python")]
mod record_screen;
#[cfg(feature = "python")]
mod taken;
