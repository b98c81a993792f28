//! Says of a text that it surely holds no secret. It may say no too often, never yes too often.
//!
//! Its rules are those of `Screen.is_clean` (aegis_otel/redaction/screen.py), which gives the words:
//! they come from the rule set in force. What is not surely clean is left to Python.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use std::collections::BTreeMap;

use crate::contract::{ACTIVE as ACTIVE_BYTES, BETWEEN_DIGITS, DIGITS, HINTED, ID_LENGTHS, NEAR, SHORT};

/// At the end of a literal: no letter may follow it.
const ENDS: u8 = 8;

/// The words of one rule set.
pub struct Vocabulary {
    pub names: Vec<Vec<String>>,
    pub literals: Vec<String>,
    pub plain: Vec<String>,
    pub hints: Vec<String>,
    /// Beginnings of words that may follow a short name and change nothing (`pinHash`).
    pub neutral: Vec<String>,
}

/// What must follow the first word of a name for the name to be there.
struct Tail {
    words: Vec<Vec<u8>>,
    end: End,
}

/// What may come after a word.
#[derive(Clone, Copy)]
enum End {
    Anything,
    NoLetter,
    NoLetterButNeutral,
}

/// A set of words that is looked for in one pass, upper and lower case alike.
pub struct Words {
    search: Option<AhoCorasick>,
    /// For each pattern of `search`; empty for a literal, which is a hit as it stands.
    tails: Vec<Vec<Tail>>,
    neutral: Vec<Vec<u8>>,
}

impl Words {
    /// `literals` are parts of texts; of `names`, the words may have anything but letters between each other.
    pub fn new(literals: &[String], names: &[Vec<String>], neutral: &[String]) -> Result<Self, String> {
        let mut patterns: BTreeMap<Vec<u8>, Vec<Tail>> = BTreeMap::new();
        for name in names {
            let mut words = name.iter().map(|word| word.to_ascii_lowercase().into_bytes());
            let Some(first) = words.next() else { continue };
            let words: Vec<Vec<u8>> = words.collect();
            let length = first.len() + words.iter().map(Vec::len).sum::<usize>();
            let end = if length <= SHORT { End::NoLetterButNeutral } else { End::Anything };
            patterns.entry(first).or_default().push(Tail { words, end });
        }
        let (bounded, unbounded): (Vec<_>, Vec<_>) = literals
            .iter()
            .map(|literal| literal.to_ascii_lowercase().into_bytes())
            .partition(|literal| literal.last() == Some(&ENDS));
        for mut literal in bounded {
            literal.pop();
            patterns.entry(literal).or_default().push(Tail { words: Vec::new(), end: End::NoLetter });
        }
        for literal in unbounded {
            patterns.insert(literal, Vec::new());
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
        let neutral = neutral.iter().map(|word| word.to_ascii_lowercase().into_bytes()).collect();
        Ok(Self { search, tails: patterns.into_values().collect(), neutral })
    }

    /// Whether any of the words may be in the ASCII text.
    pub fn hits(&self, text: &[u8]) -> bool {
        let Some(search) = &self.search else {
            return false;
        };
        search.find_overlapping_iter(text).any(|found| {
            let tails = &self.tails[found.pattern().as_usize()];
            tails.is_empty() || tails.iter().any(|tail| tail.follows(&text[found.end()..], &self.neutral))
        })
    }
}

impl Tail {
    fn follows(&self, mut text: &[u8], neutral: &[Vec<u8>]) -> bool {
        for word in &self.words {
            text = behind_gap(text);
            if !starts_with(text, word) {
                return false;
            }
            text = &text[word.len()..];
        }
        match self.end {
            End::Anything => true,
            End::NoLetter => !starts_with_letter(text),
            End::NoLetterButNeutral => !starts_with_letter(text) || neutral.iter().any(|word| starts_with(text, word)),
        }
    }
}

fn starts_with(text: &[u8], word: &[u8]) -> bool {
    text.len() >= word.len() && text[..word.len()].eq_ignore_ascii_case(word)
}

fn starts_with_letter(text: &[u8]) -> bool {
    text.first().is_some_and(u8::is_ascii_alphabetic)
}

/// The text behind what may stand between two words of one key: `api2_key` is the key `api key`.
fn behind_gap(text: &[u8]) -> &[u8] {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let rest = &text[digits..];
    &rest[rest.iter().take_while(|byte| !byte.is_ascii_alphanumeric() && **byte != b'\n').count()..]
}

/// The search for one rule set.
pub struct WordScreen {
    /// For texts in which `key=value` may stand: literals and names of keys.
    active: Words,
    /// For all others.
    plain: Words,
    /// What makes a number of eight digits a telephone number.
    hints: Words,
}

impl WordScreen {
    pub fn new(words: &Vocabulary) -> Result<Self, String> {
        Ok(Self {
            active: Words::new(&words.literals, &words.names, &words.neutral)?,
            plain: Words::new(&words.plain, &[], &[])?,
            hints: Words::new(&words.hints, &[], &[])?,
        })
    }

    /// Whether nothing in `text` can be a secret; never wrongly true.
    pub fn is_clean(&self, text: &str) -> bool {
        let bytes = text.as_bytes();
        let seen = scan(bytes);
        if !seen.ascii || seen.folded || may_nest(bytes) {
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
    let active = ACTIVE_BYTES;
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
    Seen { ascii: all & FOREIGN == 0, folded, active: all & ACTIVE != 0 || has_dash(bytes), digits: digits >= 2 }
}

/// Whether a dash begins a word: `--password`.
fn has_dash(bytes: &[u8]) -> bool {
    let mut before = b' ';
    bytes.iter().any(|&byte| {
        let begins = byte == b'-' && !before.is_ascii_alphanumeric();
        before = byte;
        begins
    })
}

/// Whether the text may be JSON that shows more when it is read: a map in a map, or a list of a command's arguments.
fn may_nest(bytes: &[u8]) -> bool {
    matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'['))
        && (bytes.iter().filter(|byte| **byte == b'{').nth(1).is_some() || bytes.windows(2).any(|pair| pair == b"\"-"))
}

/// Whether no run of digits and of what stands between digits is long enough for a number that is secret.
fn digits_are_harmless(bytes: &[u8], has_hint: impl Fn() -> bool) -> bool {
    let mut first = None; // of this run
    let mut last = 0;
    let mut near = 0; // digits with at most three other characters between each other
    let mut long = false;
    for (index, byte) in bytes.iter().enumerate() {
        if byte.is_ascii_digit() {
            near = if first.is_some() && index - last <= NEAR + 1 { near + 1 } else { 1 };
            let start = *first.get_or_insert(index);
            last = index;
            if near >= DIGITS {
                return false;
            }
            long |= index - start >= HINTED - 1;
        } else if !BETWEEN_DIGITS.contains(byte) {
            first = None;
        }
    }
    !long || !has_hint()
}

const UUID: usize = 36;

/// The text with an `x` for each UUID, and each hash or trace id of as many hex digits as ids have, with a letter in it; from its
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
        _ if ID_LENGTHS.contains(&word) => word,
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

    fn screen() -> WordScreen {
        let names = vec![owned(&["pan"]), owned(&["api", "key"]), owned(&["d", "o", "b"]), owned(&["session"])];
        WordScreen::new(&Vocabulary {
            names,
            literals: owned(&["bearer", "ssn", "mr\"", "tel\x08"]),
            plain: owned(&["bearer", "ssn", "tel\x08"]),
            hints: owned(&["phone"]),
            neutral: owned(&["ha", "va"]),
        })
        .unwrap()
    }

    #[test]
    fn plain_prose_is_clean() {
        for text in ["", "order 17 was created", "company: japanese", "a=1 telling", "took 12.5 ms, 3 of 4", "a=1 b=2"]
        {
            assert!(screen().is_clean(text), "{text}");
        }
    }

    #[test]
    fn words_are_found_in_any_case_and_with_a_gap_between() {
        for text in [
            "a Bearer b",
            "x SSN y",
            "api_key=1",
            "APIKEY: 1",
            "api1key=2",
            "api__key=2",
            "d.o.b: 1",
            "a tel: 1",
            "pan=1",
            "panHash=1",
        ] {
            assert!(!screen().is_clean(text), "{text}");
        }
    }

    #[test]
    fn what_may_be_disguised_is_not_clean() {
        for text in ["caf\u{e9}", "a%20b", "a\\u0041", "a\\x41", "&quot;", "\x1b[1m", "jane@host"] {
            assert!(!screen().is_clean(text), "{text}");
        }
    }

    #[test]
    fn digits_of_ids_are_no_number() {
        let uuid = "228d5036-4142-4378-8866-701e11fd3166";
        let trace = "30b75da195ef4098115615908ba943bd";
        for text in [uuid, trace, &format!("/orders/{uuid}/items"), &format!("{uuid}, {trace}"), &uuid.to_uppercase()] {
            assert!(screen().is_clean(text), "{text}");
        }
        let next_to = format!("{} 34567890", uuid.replace("701e11fd3166", "701e11fd1234"));
        for text in [&next_to, &format!("x{uuid}"), &format!("{uuid}0"), &trace[1..], &trace.replace('f', "F")] {
            assert!(!screen().is_clean(text), "{text}");
        }
    }

    #[test]
    fn long_numbers_are_not_clean() {
        for text in ["123456789", "123-45-6789", "1 2 3 4 5 6 7 8 9", "(555) 123 4567", "phone 555-1234"] {
            assert!(!screen().is_clean(text), "{text}");
        }
        assert!(screen().is_clean("phone 555-123 and 1"));
        assert!(screen().is_clean("at 12345678"));
        assert!(screen().is_clean("1     2     3     4     5     6     7     8     9"));
    }

    #[test]
    fn an_empty_word_is_refused() {
        assert!(Words::new(&owned(&[""]), &[], &[]).is_err());
    }
}
