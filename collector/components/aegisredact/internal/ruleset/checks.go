package ruleset

import (
	"encoding/base64"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/aegis-otel/aegis-otel/collector/components/aegisredact/internal/chars"
	"github.com/aegis-otel/aegis-otel/collector/components/aegisredact/internal/contract"
)

// Check is a test that a match must pass beyond its pattern: whether text[start:end] counts.
type Check func(text string, start, end int) bool

// Checks are the tests by the name which rules use. The checks "secret" and "field" need the rule set and
// are the engine's.
var Checks = map[string]Check{
	"edge":         edge,
	"luhn":         luhn,
	"ssn":          ssn,
	"phone":        phone,
	"nanp":         nanp,
	"phone_hint":   phoneHint,
	"opaque":       Opaque,
	"opaque_digit": opaqueDigit,
	"mixed":        mixed,
	"basic":        basic,
	"email":        email,
	"ipv4":         ipv4,
	"ipv6":         ipv6,
	"code":         code,
	"aba":          weighted("aba"),
	"dea":          weighted("dea"),
	"npi":          luhnWithHead("npi"),
	"imei":         luhnWithHead("imei"),
	"vin":          vin,
	"iban":         iban,
}

// NumberChecks are the checks of numbers: when one fails the search goes on one character further, since
// a number may begin within what the pattern took.
var NumberChecks = NameSet(contract.NumberChecks)

var (
	notMailLocals  = NameSet(contract.NotMailLocals)
	notMailDomains = NameSet(contract.NotMailDomains)
)

func digitsOf(s string) string {
	digits := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if chars.IsDigit(s[i]) {
			digits = append(digits, s[i])
		}
	}
	return string(digits)
}

func isJoiner(c byte) bool { return c == '.' || c == '-' || c == '_' }

// edge: no part of a longer number, that is no digit next to it, nor behind one of ".-_".
func edge(text string, start, end int) bool {
	before, after := chars.At(text, start-1), chars.At(text, end)
	return !chars.IsDigit(before) && !(isJoiner(before) && chars.IsDigit(chars.At(text, start-2))) &&
		!chars.IsDigit(after) && !(isJoiner(after) && chars.IsDigit(chars.At(text, end+1)))
}

// luhn: a payment card number with an issuer's range and length and the right check digit (ISO/IEC 7812-1).
func luhn(text string, start, end int) bool {
	digits := digitsOf(text[start:end])
	if !issued(digits) || chars.IsDigit(chars.At(text, start-1)) || chars.IsDigit(chars.At(text, end)) {
		return false
	}
	if len(digits) == end-start &&
		(chars.At(text, start-1) == '.' && chars.IsDigit(chars.At(text, start-2)) || chars.At(text, end) == '.' && chars.IsDigit(chars.At(text, end+1))) {
		return false
	}
	return luhnSum(digits)%10 == 0 && !chars.InID(text, start, end)
}

// issued says whether a card number may begin with these digits and have this length.
func issued(digits string) bool {
	for _, issuer := range contract.Issuers {
		if len(digits) < issuer.Digits {
			continue
		}
		if first, err := strconv.Atoi(digits[:issuer.Digits]); err == nil && first >= issuer.Least && first <= issuer.Most {
			return slices.Contains(issuer.Lengths, len(digits))
		}
	}
	return false
}

// ssn: with dashes the shape is enough; otherwise the number must be one that exists (no area 000, 666 or
// 9xx, no group 00, no serial 0000).
func ssn(text string, start, end int) bool {
	if !edge(text, start, end) {
		return false
	}
	candidate := text[start:end]
	if strings.Contains(candidate, "-") {
		return true
	}
	d := digitsOf(candidate)
	return len(d) == 9 && d[:3] != "000" && d[:3] != "666" && d[0] != '9' && d[3:5] != "00" && d[5:] != "0000"
}

// phone: a telephone number that stands by itself; of North America, with an area that there can be.
func phone(text string, start, end int) bool {
	if !edge(text, start, end) {
		return false
	}
	if before := chars.At(text, start-1); chars.IsAlnum(before) {
		return false
	} else if start > 0 && strings.IndexByte("-_/+", before) >= 0 && chars.IsAlnum(chars.At(text, start-2)) {
		return false
	}
	after := chars.At(text, end)
	if chars.IsLetter(after) || after == '_' {
		return false
	}
	if (after == '-' || after == '/') && chars.IsAlnum(chars.At(text, end+1)) {
		return false
	}
	candidate := text[start:end]
	area := digitsOf(candidate)
	n := len(area)
	if n == 11 && area[0] == '1' {
		area = area[1:]
	}
	if len(area) == 10 && candidate[0] != '+' && candidate[0] != '0' && strings.IndexByte(contract.AreaStarts, area[0]) < 0 {
		return false
	}
	if candidate[0] == '+' {
		if n == len(candidate)-1 {
			return n >= 10 && n <= 15
		}
		return n >= 9
	}
	return n >= 9 && n <= 15
}

// nanp: a telephone number of North America that stands by itself, not three numbers that begin as no area does.
func nanp(text string, start, end int) bool {
	if !phone(text, start, end) {
		return false
	}
	area := strings.TrimPrefix(digitsOf(text[start:end]), "1")
	area = area[:min(3, len(area))]
	return !slices.ContainsFunc(contract.NoArea, func(no [2]string) bool { return no[0] <= area && area <= no[1] })
}

// phoneHint: a telephone number after a word like "phone"; shorter ones and bare digits count too, dates don't.
func phoneHint(text string, start, end int) bool {
	if !edge(text, start, end) || chars.InID(text, start, end) {
		return false
	}
	candidate := text[start:end]
	digits := digitsOf(candidate)
	if len(digits) == len(candidate) {
		return len(digits) >= 10 && len(digits) <= 15 && (digits[0] != '1' || len(digits) == 11)
	}
	isDate := len(candidate) > 4 && (candidate[4] == '-' || candidate[4] == '.') &&
		chars.AllDigits(candidate[:4]) && (candidate[:2] == "19" || candidate[:2] == "20")
	return len(digits) >= 7 && len(digits) <= 17 && !isDate
}

// Opaque: looks like a secret, not like a word: long enough, with a digit, a symbol or mixed
// case, or long.
func Opaque(text string, start, end int) bool {
	candidate := text[start:end]
	if runeCount := countRunes(candidate); runeCount < contract.OpaqueLeast {
		return false
	} else if runeCount >= contract.OpaqueLong || strings.ContainsAny(candidate, contract.OpaqueCharacters) {
		return true
	}
	upper, lower := false, false
	for i := 0; i < len(candidate); i++ {
		upper = upper || i > 0 && chars.IsUpper(candidate[i])
		lower = lower || chars.IsLower(candidate[i])
	}
	return upper && lower
}

// opaqueDigit: with a letter and a digit in it.
func opaqueDigit(text string, start, end int) bool {
	candidate := text[start:end]
	if countRunes(candidate) < contract.OpaqueLeast || chars.CountDigits(candidate) == 0 {
		return false
	}
	for i := 0; i < len(candidate); i++ {
		if chars.IsLetter(candidate[i]) {
			return true
		}
	}
	return false
}

// mixed: with a digit, or letters of both cases.
func mixed(text string, start, end int) bool {
	lower, upper := false, false
	for i := start; i < end; i++ {
		if chars.IsDigit(text[i]) {
			return true
		}
		lower = lower || chars.IsLower(text[i])
		upper = upper || chars.IsUpper(text[i])
	}
	return lower && upper
}

func countRunes(s string) int {
	n := 0
	for range s {
		n++
	}
	return n
}

// code: has a digit, as the number of a record or of a paper has; a word has none.
func code(text string, start, end int) bool { return chars.CountDigits(text[start:end]) > 0 }

// basic: Base64 of "user:password" (RFC 7617).
func basic(text string, start, end int) bool {
	candidate := strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text[start:end], "="))
	decoded, err := base64.RawStdEncoding.DecodeString(candidate)
	return err == nil && strings.IndexByte(string(decoded), ':') >= 0
}

// email: an address of a person, not a file, a systemd unit, a git remote, or the password in a URL.
func email(text string, start, end int) bool {
	candidate := text[start:end]
	split := strings.LastIndexByte(candidate, '@')
	local, domain := candidate[:split], candidate[split+1:]
	if notMailLocals[chars.LowerASCII(local)] || notMailDomains[chars.LowerASCII(domain[strings.LastIndexByte(domain, '.')+1:])] {
		return false
	}
	colon := false
	furthest := max(0, start-contract.URLUser)
	for start > furthest && strings.IndexByte(" \t\r\n\"'<>/", text[start-1]) < 0 {
		start--
		colon = colon || text[start] == ':'
	}
	return !(colon && strings.HasSuffix(text[:start], "://"))
}

func ipv4(text string, start, end int) bool {
	if !edge(text, start, end) {
		return false
	}
	for _, octet := range strings.Split(text[start:end], ".") {
		octet = strings.TrimLeft(octet, "0")
		if len(octet) > 3 || len(octet) == 3 && octet > "255" {
			return false
		}
	}
	return true
}

// ipv6: an address of RFC 4291 with a digit in it, standing by itself.
func ipv6(text string, start, end int) bool {
	before, after := chars.At(text, start-1), chars.At(text, end)
	if chars.IsWordByte(before) || before == '_' || before == ':' || before == '.' ||
		chars.IsWordByte(after) || after == '_' || after == ':' {
		return false
	}
	candidate := text[start:end]
	address, err := netip.ParseAddr(candidate)
	return err == nil && address.Is6() && chars.CountDigits(candidate) > 0
}
