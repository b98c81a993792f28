package chars

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aegis-otel/aegis-otel/collector/components/aegisredact/internal/contract"
)

// foldUnit finds what may stand for an ASCII character in disguise: percent, JSON and HTML escapes,
// terminal colours, and every character beyond ASCII.
var foldUnit = regexp.MustCompile(
	`%(?:25)*([0-7][0-9A-Fa-f])` +
		`|\\{1,8}u([0-9A-Fa-f]{4})` +
		`|\\{1,8}x([0-7][0-9A-Fa-f])` +
		`|&(?:amp;)*(?:(` + strings.Join(slices.Sorted(maps.Keys(contract.Entities)), "|") + `)|#([0-9]{1,6})|#[xX]([0-9A-Fa-f]{1,5}));` +
		`|(\x1b\[[0-9;]*[A-Za-z])` +
		`|([^\x00-\x7f])`)

// foldRunes are characters that count as others, or as nothing.
var foldRunes = func() map[rune]string {
	counts := map[rune]string{}
	for _, all := range contract.Deleted {
		for r := all.First; r <= all.Last; r++ {
			counts[r] = ""
		}
	}
	for _, all := range contract.Replaced {
		for r := all.First; r <= all.Last; r++ {
			counts[r] = all.To
		}
	}
	for _, row := range contract.Rows {
		for r := row.First; r <= row.Last; r++ {
			counts[r] = string(rune(row.To[0]) + r - row.First)
		}
	}
	return counts
}()

// NeedsFolding says whether fold may change anything.
func NeedsFolding(text string) bool {
	ampersand, semicolon := false, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c >= utf8.RuneSelf || c == '%' || c == 0x1b:
			return true
		case c == '\\' && i+1 < len(text) && (text[i+1] == 'u' || text[i+1] == 'x'):
			return true
		case c == '&':
			ampersand = true
		case c == ';':
			semicolon = true
		}
	}
	return ampersand && semicolon
}

// foldRune returns what a character counts as: an ASCII character, itself, or nothing.
func foldRune(r rune) string {
	if r < utf8.RuneSelf {
		return string(r)
	}
	if to, ok := foldRunes[r]; ok {
		return to
	}
	if r >= contract.FirstAlphabet && r <= contract.LastAlphabet {
		if letter := (r - contract.FirstAlphabet) % 52; letter < 26 {
			return string('A' + letter)
		} else {
			return string('a' + letter - 26)
		}
	}
	if unicode.Is(unicode.Nd, r) {
		return string('0' + digitValue(r))
	}
	if unicode.IsLetter(r) {
		return contract.Letter
	}
	return string(r)
}

// digitValue relies on Unicode's promise that decimal digits come in rows of ten, zero first.
func digitValue(r rune) rune {
	for _, rows := range unicode.Nd.R16 {
		if rune(rows.Lo) <= r && r <= rune(rows.Hi) {
			return (r - rune(rows.Lo)) % 10
		}
	}
	for _, rows := range unicode.Nd.R32 {
		if rune(rows.Lo) <= r && r <= rune(rows.Hi) {
			return (r - rune(rows.Lo)) % 10
		}
	}
	return 0
}

// Folded is a text for matching only: Starts and Ends lead from its bytes to the original.
type Folded struct {
	Text         string
	Starts, Ends []int
}

// Fold takes the disguises off a text. It returns false when there are none.
func Fold(text string) (Folded, bool) {
	units := foldUnit.FindAllStringSubmatchIndex(text, -1)
	var f Folded
	var out strings.Builder
	done := 0
	keep := func(until int) {
		out.WriteString(text[done:until])
		for i := done; i < until; i++ {
			f.Starts = append(f.Starts, i)
			f.Ends = append(f.Ends, i+1)
		}
	}
	changed := false
	for _, unit := range units {
		start, end := unit[0], unit[1]
		to := foldUnitText(text, unit)
		if unit[16] >= 0 && to == text[start:end] {
			continue
		}
		changed = true
		keep(start)
		out.WriteString(to)
		for range len(to) {
			f.Starts = append(f.Starts, start)
			f.Ends = append(f.Ends, end)
		}
		done = end
	}
	if !changed {
		return f, false
	}
	keep(len(text))
	f.Text = out.String()
	return f, true
}

func foldUnitText(text string, unit []int) string {
	group := func(n int) string {
		if unit[2*n] < 0 {
			return ""
		}
		return text[unit[2*n]:unit[2*n+1]]
	}
	number := func(s string, base int) rune {
		n, _ := strconv.ParseInt(s, base, 32)
		return rune(n)
	}
	switch {
	case unit[2] >= 0:
		return string(number(group(1), 16))
	case unit[4] >= 0:
		return foldRune(number(group(2), 16))
	case unit[6] >= 0:
		return string(number(group(3), 16))
	case unit[8] >= 0:
		return contract.Entities[group(4)]
	case unit[10] >= 0:
		return foldEntity(number(group(5), 10))
	case unit[12] >= 0:
		return foldEntity(number(group(6), 16))
	case unit[16] >= 0:
		r, _ := utf8.DecodeRuneInString(group(8))
		if r == utf8.RuneError {
			return group(8)
		}
		return foldRune(r)
	}
	return "" // a terminal colour
}

func foldEntity(r rune) string {
	if r == 0 {
		return ""
	}
	return foldRune(r)
}
