//! The protobuf wire format, as far as a log record needs it.

/// Field numbers and wire types, as the bytes they are written with.
pub mod tag {
    pub const RESOURCE_LOGS: u8 = 0x0a;
    pub const SCOPE_LOGS: u8 = 0x12;
    pub const LOG_RECORD: u8 = 0x12;
    pub const TIME: u8 = 0x09;
    pub const OBSERVED_TIME: u8 = 0x59;
    pub const SEVERITY_NUMBER: u8 = 0x10;
    pub const SEVERITY_TEXT: u8 = 0x1a;
    pub const BODY: u8 = 0x2a;
    pub const ATTRIBUTE: u8 = 0x32;
    pub const FLAGS: u8 = 0x45;
    pub const TRACE_ID: u8 = 0x4a;
    pub const SPAN_ID: u8 = 0x52;
    pub const EVENT_NAME: u8 = 0x62;

    pub const KEY: u8 = 0x0a;
    pub const VALUE: u8 = 0x12;

    pub const STRING: u8 = 0x0a;
    pub const BOOL: u8 = 0x10;
    pub const INT: u8 = 0x18;
    pub const DOUBLE: u8 = 0x21;
    pub const ARRAY: u8 = 0x2a;
    pub const MAP: u8 = 0x32;
    pub const MEMBER: u8 = 0x0a;
}

pub fn put_varint(out: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

pub fn varint_size(number: u64) -> usize {
    let bits = 64 - (number | 1).leading_zeros() as usize;
    bits.div_ceil(7)
}

/// How many bytes a field takes whose content has `size` bytes.
pub fn field_size(size: usize) -> usize {
    1 + varint_size(size as u64) + size
}

pub fn put_head(out: &mut Vec<u8>, tag: u8, size: usize) {
    out.push(tag);
    put_varint(out, size as u64);
}

pub fn put_field(out: &mut Vec<u8>, tag: u8, content: &[u8]) {
    put_head(out, tag, content.len());
    out.extend_from_slice(content);
}

/// A string as an `AnyValue`, its length in front.
pub fn put_string_value(out: &mut Vec<u8>, text: &str) {
    put_varint(out, field_size(text.len()) as u64);
    put_field(out, tag::STRING, text.as_bytes());
}

/// How many bytes `put_string_value` writes.
pub fn string_value_size(text: &str) -> usize {
    let inner = field_size(text.len());
    varint_size(inner as u64) + inner
}

/// A `KeyValue` under `outer`, its value a string.
pub fn put_string_pair(out: &mut Vec<u8>, outer: u8, key: &str, text: &str) {
    put_head(out, outer, field_size(key.len()) + 1 + string_value_size(text));
    put_field(out, tag::KEY, key.as_bytes());
    out.push(tag::VALUE);
    put_string_value(out, text);
}

/// A `KeyValue` under `outer`; `value` is an `AnyValue` with its length in front.
pub fn put_pair(out: &mut Vec<u8>, outer: u8, key: &str, value: &[u8]) {
    put_head(out, outer, field_size(key.len()) + 1 + value.len());
    put_field(out, tag::KEY, key.as_bytes());
    out.push(tag::VALUE);
    out.extend_from_slice(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_are_as_long_as_said() {
        for number in [0, 1, 127, 128, 16_383, 16_384, u64::from(u32::MAX), u64::MAX] {
            let mut out = Vec::new();
            put_varint(&mut out, number);
            assert_eq!(out.len(), varint_size(number));
        }
    }

    #[test]
    fn a_number_of_more_than_seven_bits_is_split() {
        let mut out = Vec::new();
        put_varint(&mut out, 300);
        assert_eq!(out, [0xac, 0x02]);
    }

    #[test]
    fn a_pair_says_its_size() {
        for length in [0, 1, 120, 127, 128, 20_000] {
            let mut out = Vec::new();
            put_string_pair(&mut out, tag::ATTRIBUTE, "key", &"x".repeat(length));
            let mut value = Vec::new();
            put_string_value(&mut value, &"x".repeat(length));
            assert_eq!(value.len(), string_value_size(&"x".repeat(length)));
            let mut other = Vec::new();
            put_pair(&mut other, tag::ATTRIBUTE, "key", &value);
            assert_eq!(out, other);
        }
    }
}
