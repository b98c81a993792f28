package aegisredact

// checks are the tests which a match must pass beyond its pattern, by the name used in the rules.
var checks = map[string]func(match string) bool{
	"":     nil,
	"none": nil,
	"luhn": luhn,
	"ssn":  validSSN,
}

// luhn says whether the 12 to 19 digits of s satisfy the checksum of payment cards (ISO/IEC 7812-1,
// annex B). Digits all alike do not count: they are placeholders and test data.
func luhn(s string) bool {
	var digits [19]byte
	n := 0
	for i := 0; i < len(s); i++ {
		if !isDigit(s[i]) {
			continue
		}
		if n == len(digits) {
			return false
		}
		digits[n] = s[i] - '0'
		n++
	}
	if n < 12 {
		return false
	}
	sum, alike := 0, true
	for i := 0; i < n; i++ {
		d := int(digits[n-1-i])
		if i%2 == 1 {
			d *= 2
			if d > 9 {
				d -= 9
			}
		}
		sum += d
		alike = alike && digits[i] == digits[0]
	}
	return sum%10 == 0 && !alike
}

// validSSN says whether the nine digits of s can be a social security number: no area 000, 666 or
// 9xx, no group 00, no serial 0000 (Social Security Administration, RM 10201.035).
func validSSN(s string) bool {
	var d [9]byte
	n := 0
	for i := 0; i < len(s); i++ {
		if !isDigit(s[i]) {
			continue
		}
		if n == len(d) {
			return false
		}
		d[n] = s[i]
		n++
	}
	if n != len(d) {
		return false
	}
	area, group, serial := string(d[:3]), string(d[3:5]), string(d[5:])
	return area != "000" && area != "666" && d[0] != '9' && group != "00" && serial != "0000"
}
