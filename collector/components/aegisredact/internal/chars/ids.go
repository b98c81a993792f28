package chars

import (
	"slices"

	"github.com/aegis-otel/aegis-otel/collector/components/aegisredact/internal/contract"
)

const uuidLength = 36 // RFC 9562: 8-4-4-4-12 hex digits

// InID says whether text[start:end] lies in a UUID, or in a hash or trace id of as many hex digits as these have, with a
// letter in it. Such ids are everywhere, and one in some thousands has digits in it that are right for a card.
func InID(text string, start, end int) bool {
	for from := max(0, end-uuidLength); from <= start && from+uuidLength <= len(text); from++ {
		if IsUUID(text[from:from+uuidLength]) && standsAlone(text, from, from+uuidLength) {
			return true
		}
	}
	if end-start > contract.LongestID || !isHex(text[start:end]) {
		return false
	}
	for start > 0 && isHexDigit(text[start-1]) && end-start <= contract.LongestID {
		start--
	}
	for end < len(text) && isHexDigit(text[end]) && end-start <= contract.LongestID {
		end++
	}
	return slices.Contains(contract.IDLengths, end-start) && isHex(text[start:end]) && inOneCase(text[start:end]) &&
		standsAlone(text, start, end)
}

// IsUUID says whether s is a UUID (RFC 9562), in one case.
func IsUUID(s string) bool {
	if len(s) != uuidLength {
		return false
	}
	for i := range len(s) {
		switch dash := i == 8 || i == 13 || i == 18 || i == 23; {
		case dash && s[i] != '-', !dash && !isHexDigit(s[i]):
			return false
		}
	}
	return !inBothCases(s)
}

func isHex(s string) bool {
	for i := range len(s) {
		if !isHexDigit(s[i]) {
			return false
		}
	}
	return true
}

func isHexDigit(c byte) bool {
	return IsDigit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// inBothCases says whether s has letters of both cases.
func inBothCases(s string) bool {
	var lower, upper bool
	for i := range len(s) {
		lower = lower || IsLower(s[i])
		upper = upper || IsUpper(s[i])
	}
	return lower && upper
}

// inOneCase says whether s has letters, all of them lower case or all upper case.
func inOneCase(s string) bool {
	var lower, upper bool
	for i := range len(s) {
		lower = lower || IsLower(s[i])
		upper = upper || IsUpper(s[i])
	}
	return lower != upper
}

func standsAlone(text string, start, end int) bool {
	return !IsAlnum(At(text, start-1)) && !IsAlnum(At(text, end))
}
