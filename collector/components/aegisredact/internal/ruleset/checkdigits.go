package ruleset

import (
	"strings"

	"github.com/aegis-otel/aegis-otel/collector/components/aegisredact/internal/chars"
	"github.com/aegis-otel/aegis-otel/collector/components/aegisredact/internal/contract"
)

// weighs says whether the weighted sum of the values is a multiple of the modulus.
func weighs(name string, values []int) bool {
	rule := contract.CheckWeights[name]
	if len(values) != len(rule.Weights) {
		return false
	}
	sum := 0
	for i, value := range values {
		sum += value * rule.Weights[i]
	}
	return sum%rule.Modulus == 0
}

func weighted(name string) Check {
	return func(text string, start, end int) bool {
		var values []int
		for _, digit := range digitsOf(text[start:end]) {
			values = append(values, int(digit-'0'))
		}
		return weighs(name, values)
	}
}

// luhnSum is the sum of ISO/IEC 7812-1, Annex B: a number is right if 10 divides it.
func luhnSum(digits string) int {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum
}

func luhnWithHead(name string) Check {
	return func(text string, start, end int) bool {
		rule := contract.LuhnHeads[name]
		digits := digitsOf(text[start:end])
		return len(digits) == rule.Length && luhnSum(rule.Head+digits)%10 == 0
	}
}

// vin: a vehicle identification number (49 CFR 565.15); one of digits alone could be any number.
func vin(text string, start, end int) bool {
	values, letters := make([]int, 0, end-start), 0
	for i, c := range []byte(strings.ToUpper(text[start:end])) {
		value, isLetter := contract.VINLetters[c]
		switch {
		case chars.IsDigit(c):
			value = int(c - '0')
		case !isLetter:
			return false
		case i == contract.VINCheck && c == 'X':
			value, letters = 10, letters+1
		default:
			letters++
		}
		values = append(values, value)
	}
	return letters >= contract.VINLeastLetters && weighs("vin", values)
}

// iban: modulo 97 of the whole account number, its first four characters at the end, is 1 (ISO 13616).
func iban(text string, start, end int) bool {
	var account []byte
	for _, c := range []byte(strings.ToUpper(text[start:end])) {
		if chars.IsAlnum(c) {
			account = append(account, c)
		} else if c >= 0x80 {
			return false
		}
	}
	if len(account) < 4 {
		return false
	}
	rest := 0
	for _, c := range append(append([]byte{}, account[4:]...), account[:4]...) {
		if chars.IsDigit(c) {
			rest = (10*rest + int(c-'0')) % 97
		} else {
			rest = (100*rest + int(c-'A') + 10) % 97
		}
	}
	return rest == 1
}
