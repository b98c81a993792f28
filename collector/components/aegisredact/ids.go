package aegisredact

const (
	uuidLength = 36 // RFC 9562: 8-4-4-4-12 hex digits
	longestID  = 64
)

// inID says whether text[start:end] lies in a UUID, or in a hash or trace id of 32, 40 or 64 hex digits, with a letter in
// it. Such ids are everywhere, and one in some thousands has digits in it that are right for a card.
func inID(text string, start, end int) bool {
	for from := max(0, end-uuidLength); from <= start && from+uuidLength <= len(text); from++ {
		if isUUID(text[from:from+uuidLength]) && standsAlone(text, from, from+uuidLength) {
			return true
		}
	}
	if end-start > longestID || !isHex(text[start:end]) {
		return false
	}
	for start > 0 && isHexDigit(text[start-1]) && end-start <= longestID {
		start--
	}
	for end < len(text) && isHexDigit(text[end]) && end-start <= longestID {
		end++
	}
	switch end - start {
	case 32, 40, longestID:
		return isHex(text[start:end]) && inOneCase(text[start:end]) && standsAlone(text, start, end)
	}
	return false
}

func isUUID(s string) bool {
	if len(s) != uuidLength {
		return false
	}
	for i := range len(s) {
		switch dash := i == 8 || i == 13 || i == 18 || i == 23; {
		case dash && s[i] != '-', !dash && !isHexDigit(s[i]):
			return false
		}
	}
	return inOneCase(s)
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
	return isDigit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// inOneCase says whether s has letters, all of them lower case or all upper case.
func inOneCase(s string) bool {
	var lower, upper bool
	for i := range len(s) {
		lower = lower || isLower(s[i])
		upper = upper || isUpper(s[i])
	}
	return lower != upper
}

func standsAlone(text string, start, end int) bool {
	return !isAlnum(at(text, start-1)) && !isAlnum(at(text, end))
}
