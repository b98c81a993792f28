// Package chars tells what the characters of a text are, finds ids in it, and takes off disguises that characters can be
// written in.
package chars

// At returns a byte of a text, 0 outside of it.
func At(s string, i int) byte {
	if i < 0 || i >= len(s) {
		return 0
	}
	return s[i]
}

// AllDigits says whether a text is digits and nothing else.
func AllDigits(s string) bool {
	return s != "" && CountDigits(s) == len(s)
}

// CountDigits counts ASCII digits.
func CountDigits(s string) int {
	n := 0
	for i := 0; i < len(s); i++ {
		if IsDigit(s[i]) {
			n++
		}
	}
	return n
}

// IsNumber says whether s is digits with points, commas and underscores after the first.
func IsNumber(s string) bool {
	if s == "" || !IsDigit(s[0]) {
		return false
	}
	for i := 0; i < len(s); i++ {
		if !IsDigit(s[i]) && s[i] != '.' && s[i] != ',' && s[i] != '_' {
			return false
		}
	}
	return true
}

// LowerASCII lowers the ASCII letters.
func LowerASCII(s string) string {
	for i := 0; i < len(s); i++ {
		if IsUpper(s[i]) {
			lowered := []byte(s)
			for j := i; j < len(lowered); j++ {
				if IsUpper(lowered[j]) {
					lowered[j] += 'a' - 'A'
				}
			}
			return string(lowered)
		}
	}
	return s
}

// Classes of ASCII characters; a word byte may be beyond ASCII as well.

func IsLower(c byte) bool    { return c >= 'a' && c <= 'z' }
func IsUpper(c byte) bool    { return c >= 'A' && c <= 'Z' }
func IsDigit(c byte) bool    { return c >= '0' && c <= '9' }
func IsLetter(c byte) bool   { return IsLower(c) || IsUpper(c) }
func IsAlnum(c byte) bool    { return IsLetter(c) || IsDigit(c) }
func IsWordByte(c byte) bool { return IsAlnum(c) || c >= 0x80 }
func IsBlank(c byte) bool    { return c == ' ' || (c >= '\t' && c <= '\r') }
func IsQuote(c byte) bool    { return c == '"' || c == '\'' || c == '`' }
func IsOpening(c byte) bool  { return c == '[' || c == '{' || c == '(' }
func IsKeyByte(c byte) bool  { return IsAlnum(c) || c == '_' || c == '-' || c == '.' }
