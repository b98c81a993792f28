//! Names of a record's fields, and what the screen goes by.
//! Generated from contract/ by `python -m tools.contract`: don't edit it.
#![cfg_attr(not(feature = "python"), allow(dead_code))]

pub const CODE_KEYS: [&str; 3] = ["code.file.path", "code.line.number", "code.function.name"];
pub const ERROR_KEYS: [&str; 3] = ["errorName", "errorMessage", "error"];
pub const CORRELATION: &str = "correlationId";
/// Severity numbers that the process writes, with their texts.
pub const SEVERITIES: [(u8, &str); 5] = [(5, "DEBUG"), (9, "INFO"), (13, "WARN"), (17, "ERROR"), (21, "FATAL")];

/// A text without any of these has no `key=value` and no disguise.
pub const ACTIVE: &[u8] = b"=:@<>\"'%\\|&_`\x1b";
pub const BETWEEN_DIGITS: &[u8] = b" ().-/_+";
pub const NEAR: usize = 3;
pub const DIGITS: usize = 9;
pub const HINTED: usize = 8;
pub const SHORT: usize = 4;
/// Lengths of hashes and trace ids in hex digits.
pub const ID_LENGTHS: [usize; 8] = [16, 32, 40, 48, 56, 64, 96, 128];
