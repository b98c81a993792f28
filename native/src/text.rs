//! Says of a text that it surely holds no secret. It may say no too often, never yes too often.
//!
//! Its rules are those of `TextRedactor.is_clean` (aegis_otel/redaction/text.py), which gives the words:
//! they come from the rule set in force. What is not surely clean is left to Python.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use std::collections::BTreeMap;

/// Names up to this long count only where they end a word: else `pan` were in "company".
const SHORT: usize = 4;
/// Beginnings of words that may follow a short name and change nothing (`pinHash`).
const AFTER_SHORT: [&[u8; 2]; 13] =
    [b"va", b"nu", b"no", b"ha", b"st", b"te", b"en", b"da", b"pl", b"ra", b"la", b"fu", b"di"];

/// What must follow the first word of a name for the name to be there.
struct Tail {
    words: Vec<Vec<u8>>,
    short: bool,
}

/// A set of words that is looked for in one pass, upper and lower case alike.
pub struct Words {
    search: Option<AhoCorasick>,
    /// For each pattern of `search`; empty for a literal, which is a hit as it stands.
    tails: Vec<Vec<Tail>>,
}

impl Words {
    /// `literals` are parts of texts; of `names`, the words may have one character between each other.
    pub fn new(literals: &[String], names: &[Vec<String>]) -> Result<Self, String> {
        let mut patterns: BTreeMap<Vec<u8>, Vec<Tail>> = BTreeMap::new();
        for name in names {
            let mut words = name.iter().map(|word| word.to_ascii_lowercase().into_bytes());
            let Some(first) = words.next() else { continue };
            let words: Vec<Vec<u8>> = words.collect();
            let length = first.len() + words.iter().map(Vec::len).sum::<usize>();
            let short = length <= SHORT;
            patterns.entry(first).or_default().push(Tail { words, short });
        }
        for literal in literals {
            patterns.insert(literal.to_ascii_lowercase().into_bytes(), Vec::new());
        }
        if patterns.keys().any(Vec::is_empty) {
            return Err("an empty word is everywhere".to_owned());
        }
        let search = if patterns.is_empty() {
            None
        } else {
            let found = AhoCorasick::builder()
                .ascii_case_insensitive(true)
                .match_kind(MatchKind::Standard)
                .kind(Some(AhoCorasickKind::DFA))
                .build(patterns.keys());
            Some(found.map_err(|error| error.to_string())?)
        };
        Ok(Self { search, tails: patterns.into_values().collect() })
    }

    /// Whether any of the words may be in the ASCII text.
    pub fn hits(&self, text: &[u8]) -> bool {
        let Some(search) = &self.search else {
            return false;
        };
        search.find_overlapping_iter(text).any(|found| {
            let tails = &self.tails[found.pattern().as_usize()];
            tails.is_empty() || tails.iter().any(|tail| tail.follows(&text[found.end()..]))
        })
    }
}

impl Tail {
    fn follows(&self, text: &[u8]) -> bool {
        Self::words_follow(&self.words, text, self.short)
    }

    fn words_follow(words: &[Vec<u8>], text: &[u8], short: bool) -> bool {
        let Some((word, others)) = words.split_first() else {
            return !short || ends_word(text);
        };
        [text, text.get(1..).unwrap_or_default()].into_iter().any(|rest| {
            rest.len() >= word.len()
                && rest[..word.len()].eq_ignore_ascii_case(word)
                && Self::words_follow(others, &rest[word.len()..], short)
        })
    }
}

fn ends_word(rest: &[u8]) -> bool {
    match rest {
        [] => true,
        [first, ..] if !first.is_ascii_alphabetic() => true,
        [first, second, ..] => {
            let pair = [first.to_ascii_lowercase(), second.to_ascii_lowercase()];
            AFTER_SHORT.iter().any(|start| **start == pair)
        }
        _ => false,
    }
}

/// The words of one rule set.
pub struct TextPrefilter {
    /// For texts in which `key=value` may stand: literals and names of keys.
    active: Words,
    /// For all others.
    plain: Words,
    /// What makes a number of eight digits a telephone number.
    hints: Words,
}

impl TextPrefilter {
    pub fn new(names: &[Vec<String>], literals: &[String], plain: &[String], hints: &[String]) -> Result<Self, String> {
        Ok(Self {
            active: Words::new(literals, names)?,
            plain: Words::new(plain, &[])?,
            hints: Words::new(hints, &[])?,
        })
    }

    /// Whether nothing in `text` can be a secret; never wrongly true.
    pub fn is_clean(&self, text: &str) -> bool {
        let bytes = text.as_bytes();
        let seen = scan(bytes);
        if !seen.ascii || seen.folded {
            return false;
        }
        let words = if seen.active { &self.active } else { &self.plain };
        if words.hits(bytes) {
            return false;
        }
        !seen.digits
            || digits_are_harmless(bytes, || self.hints.hits(bytes))
            || without_ids(bytes).is_some_and(|rest| digits_are_harmless(&rest, || self.hints.hits(bytes)))
    }
}

#[allow(clippy::struct_excessive_bools)]
struct Seen {
    ascii: bool,
    /// It may have a disguise, or an address.
    folded: bool,
    /// `key=value` or the like may stand in it.
    active: bool,
    /// It has more than one digit.
    digits: bool,
}

const ACTIVE: u8 = 1;
const DIGIT: u8 = 2;
const FOLDED: u8 = 4;
const FOREIGN: u8 = 8;
const AMPERSAND: u8 = 16;
const SEMICOLON: u8 = 32;
const BACKSLASH: u8 = 64;

const KINDS: [u8; 256] = kinds();

const fn kinds() -> [u8; 256] {
    let mut table = [0; 256];
    let active = b"=:@<>\"'%\\|&_`\x1b";
    let mut index = 0;
    while index < active.len() {
        table[active[index] as usize] |= ACTIVE;
        index += 1;
    }
    let mut digit = b'0';
    while digit <= b'9' {
        table[digit as usize] |= DIGIT;
        digit += 1;
    }
    table[b'%' as usize] |= FOLDED;
    table[b'@' as usize] |= FOLDED;
    table[0x1b] |= FOLDED;
    table[b'&' as usize] |= AMPERSAND;
    table[b';' as usize] |= SEMICOLON;
    table[b'\\' as usize] |= BACKSLASH;
    let mut high = 128;
    while high < 256 {
        table[high] |= FOREIGN;
        high += 1;
    }
    table
}

fn scan(bytes: &[u8]) -> Seen {
    let mut all = 0;
    let mut digits = 0;
    for &byte in bytes {
        let kind = KINDS[byte as usize];
        all |= kind;
        digits += usize::from(kind & DIGIT != 0);
    }
    let mut folded = all & FOLDED != 0 || all & (AMPERSAND | SEMICOLON) == AMPERSAND | SEMICOLON;
    if all & BACKSLASH != 0 {
        folded |= bytes.windows(2).any(|pair| pair == b"\\u" || pair == b"\\x");
    }
    Seen {
        ascii: all & FOREIGN == 0,
        folded,
        active: all & ACTIVE != 0 || bytes.windows(2).any(|pair| pair == b" -"),
        digits: digits >= 2,
    }
}

/// Whether no run of digits and of what stands between digits is long enough for a number that is secret.
fn digits_are_harmless(bytes: &[u8], has_hint: impl Fn() -> bool) -> bool {
    let mut first = None; // of this run
    let mut last = 0;
    let mut near = 0; // digits with at most three other characters between each other
    let mut long = false;
    for (index, byte) in bytes.iter().enumerate() {
        if byte.is_ascii_digit() {
            near = if first.is_some() && index - last <= 4 { near + 1 } else { 1 };
            let start = *first.get_or_insert(index);
            last = index;
            if near >= 9 {
                return false;
            }
            long |= index - start >= 7;
        } else if !b" ().-/_+".contains(byte) {
            first = None;
        }
    }
    !long || !has_hint()
}

const UUID: usize = 36;

/// The text with an `x` for each UUID, and each hash or trace id of 32, 40 or 64 hex digits, with a letter in it; from its
/// first letter to its last, as the digits at its ends may belong to a number next to it. None where there is no such id.
fn without_ids(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut rest = Vec::new();
    let mut copied = 0;
    let mut index = 0;
    while index < bytes.len() {
        let starts = bytes[index].is_ascii_hexdigit() && (index == 0 || !bytes[index - 1].is_ascii_alphanumeric());
        let Some(length) = starts.then(|| id_length(&bytes[index..])).flatten() else {
            index += 1;
            continue;
        };
        let id = &bytes[index..index + length];
        if let Some(first) = id.iter().position(u8::is_ascii_alphabetic) {
            let last = id.iter().rposition(u8::is_ascii_alphabetic).unwrap_or(first);
            rest.extend_from_slice(&bytes[copied..index + first]);
            rest.push(b'x');
            copied = index + last + 1;
        }
        index += length;
    }
    (copied > 0).then(|| {
        rest.extend_from_slice(&bytes[copied..]);
        rest
    })
}

/// How long the id is that the text begins with.
fn id_length(text: &[u8]) -> Option<usize> {
    let word = text.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let length = match word {
        8 if text.len() >= UUID && text[..UUID].iter().enumerate().all(|(at, byte)| is_of_uuid(at, *byte)) => UUID,
        32 | 40 | 64 => word,
        _ => return None,
    };
    let id = &text[..length];
    let one_case = id.iter().any(u8::is_ascii_lowercase) != id.iter().any(u8::is_ascii_uppercase);
    let alone = text.get(length).is_none_or(|byte| !byte.is_ascii_alphanumeric());
    (one_case && alone).then_some(length)
}

fn is_of_uuid(at: usize, byte: u8) -> bool {
    if matches!(at, 8 | 13 | 18 | 23) {
        byte == b'-'
    } else {
        byte.is_ascii_hexdigit()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    fn prefilter() -> TextPrefilter {
        let names = vec![owned(&["pan"]), owned(&["api", "key"]), owned(&["d", "o", "b"]), owned(&["session"])];
        TextPrefilter::new(&names, &owned(&["bearer", "ssn", "mr\""]), &owned(&["bearer", "ssn"]), &owned(&["phone"]))
            .unwrap()
    }

    #[test]
    fn plain_prose_is_clean() {
        for text in ["", "order 17 was created", "company: japanese", "took 12.5 ms, 3 of 4", "a=1 b=2"] {
            assert!(prefilter().is_clean(text), "{text}");
        }
    }

    #[test]
    fn words_are_found_in_any_case_and_with_a_character_between() {
        for text in ["a Bearer b", "x SSN y", "api_key=1", "APIKEY: 1", "api1key=2", "d.o.b: 1", "pan=1", "panHash=1"] {
            assert!(!prefilter().is_clean(text), "{text}");
        }
    }

    #[test]
    fn what_may_be_disguised_is_not_clean() {
        for text in ["caf\u{e9}", "a%20b", "a\\u0041", "a\\x41", "&quot;", "\x1b[1m", "jane@host"] {
            assert!(!prefilter().is_clean(text), "{text}");
        }
    }

    #[test]
    fn digits_of_ids_are_no_number() {
        let uuid = "228d5036-4142-4378-8866-701e11fd3166";
        let trace = "30b75da195ef4098115615908ba943bd";
        for text in [uuid, trace, &format!("/orders/{uuid}/items"), &format!("{uuid}, {trace}"), &uuid.to_uppercase()] {
            assert!(prefilter().is_clean(text), "{text}");
        }
        let next_to = format!("{} 34567890", uuid.replace("701e11fd3166", "701e11fd1234"));
        for text in [&next_to, &format!("x{uuid}"), &format!("{uuid}0"), &trace[1..], &trace.replace('f', "F")] {
            assert!(!prefilter().is_clean(text), "{text}");
        }
    }

    #[test]
    fn long_numbers_are_not_clean() {
        for text in ["123456789", "123-45-6789", "1 2 3 4 5 6 7 8 9", "(555) 123 4567", "phone 555-1234"] {
            assert!(!prefilter().is_clean(text), "{text}");
        }
        assert!(prefilter().is_clean("phone 555-123 and 1"));
        assert!(prefilter().is_clean("at 12345678"));
        assert!(prefilter().is_clean("1     2     3     4     5     6     7     8     9"));
    }

    #[test]
    fn an_empty_word_is_refused() {
        assert!(Words::new(&owned(&[""]), &[]).is_err());
    }
}
