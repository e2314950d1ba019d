// Amounts as people write them: 100k, 1.5M, 500_000, 100,000, 0.01btc. Exact, never a float.

package cli

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// maxSats is all the bitcoin there is, in sats.
const maxSats = 2_100_000_000_000_000

// maxAmountLength is far more than any amount needs; it keeps a hostile
// argument from becoming a number of a million digits.
const maxAmountLength = 64

// amountUnit is by how many decimal places a unit shifts the number. M is a
// million; there is no m, which elsewhere means a thousandth.
func amountUnit(unit string) (shift int, ok bool) {
	switch {
	case unit == "", strings.EqualFold(unit, "sat"), strings.EqualFold(unit, "sats"):
		return 0, true
	case strings.EqualFold(unit, "k"):
		return 3, true
	case unit == "M":
		return 6, true
	case strings.EqualFold(unit, "btc"):
		return 8, true
	}
	return 0, false
}

// parseSats reads an amount of whole sats, from 1 to maxSats.
func parseSats(text string) (int64, error) {
	fail := func(format string, args ...any) (int64, error) {
		return 0, fmt.Errorf("amount %q: %s", shorten(text), fmt.Sprintf(format, args...))
	}
	s := strings.TrimSpace(text)
	if s == "" {
		return fail("is empty")
	}
	if len(s) > maxAmountLength {
		return fail("is longer than %d characters", maxAmountLength)
	}
	end := strings.LastIndexAny(s, "0123456789_,.") + 1
	number, unit := s[:end], strings.TrimSpace(s[end:])
	shift, ok := amountUnit(unit)
	if !ok {
		return fail("unknown unit %q (k, M, btc or none)", unit)
	}
	whole, fraction, hasPoint := strings.Cut(number, ".")
	digits, err := ungroup(whole)
	if err != nil {
		return fail("%v", err)
	}
	// "1,500" and "1.500" are each a fraction to some and thousands to others. A
	// sat has no fraction, so plain sats take the comma and units the point, and
	// nothing can be read as a thousand times what was meant.
	if shift != 0 && strings.Contains(whole, ",") {
		return fail("a comma groups the thousands of plain sats; with a unit use _ or a decimal point")
	}
	if hasPoint {
		if shift == 0 {
			return fail("a fraction needs a unit: k, M or btc")
		}
		if fraction == "" || !allDigits(fraction) {
			return fail("only digits may follow the decimal point")
		}
	}
	fraction = strings.TrimRight(fraction, "0")
	if len(fraction) > shift {
		return fail("is not a whole number of sats")
	}
	sats, _ := new(big.Int).SetString(digits+fraction+strings.Repeat("0", shift-len(fraction)), 10)
	if sats.Sign() == 0 {
		return fail("must be at least 1 sat")
	}
	if sats.Cmp(big.NewInt(maxSats)) > 0 {
		return fail("is more than %s sats, all the bitcoin there is", formatSats(maxSats))
	}
	return sats.Int64(), nil
}

// ungroup removes the separators of thousands. They must stand where thousands
// are: "1,5" is a fraction to some, and must not be read as 15.
func ungroup(s string) (string, error) {
	if s == "" || s[0] < '0' || s[0] > '9' {
		return "", fmt.Errorf("must start with a digit")
	}
	separator := strings.TrimLeft(s, "0123456789")
	if separator == "" {
		return s, nil
	}
	mark := separator[:1]
	if mark != "," && mark != "_" {
		return "", fmt.Errorf("%q is not a digit", string([]rune(separator)[:1]))
	}
	groups := strings.Split(s, mark)
	if s[0] == '0' {
		return "", fmt.Errorf("must not start with 0")
	}
	for i, group := range groups {
		if !allDigits(group) || len(group) > 3 || i > 0 && len(group) != 3 {
			return "", fmt.Errorf("%q must separate groups of three digits", mark)
		}
	}
	return strings.Join(groups, ""), nil
}

func allDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// shorten keeps an error message to a line.
func shorten(s string) string {
	if runes := []rune(s); len(runes) > maxAmountLength {
		return string(runes[:maxAmountLength]) + "..."
	}
	return s
}

// formatSats groups the thousands: 41200 is "41,200".
func formatSats(sats int64) string {
	digits := strconv.FormatInt(sats, 10)
	sign := ""
	if sats < 0 {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}
