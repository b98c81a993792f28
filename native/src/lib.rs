//! The common log record of aegis-otel, made cheap. What is unusual is left to the Python code, record by record, so
//! that each thing this does can be done without it. See README.md beside Cargo.toml.

#[cfg_attr(not(feature = "python"), allow(dead_code))]
mod text;
#[cfg_attr(not(feature = "python"), allow(dead_code))]
mod wire;

#[cfg(feature = "python")]
mod encode;
#[cfg(feature = "python")]
mod log;
#[cfg(feature = "python")]
mod method;
#[cfg(feature = "python")]
mod python;
#[cfg(feature = "python")]
mod screen;
#[cfg(feature = "python")]
mod taken;
