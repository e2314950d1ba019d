// Arguments that are not amounts: limits of windows, moments, durations, enum names.

package cli

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
)

// unlimited is how a window without a limit is written and read.
const unlimited = "unlimited"

// windowAmount is one "daily=100k"; sats is nil for "daily=unlimited".
type windowAmount struct {
	window satcapv1.LimitWindow
	sats   *int64
}

// parseWindowAmounts reads "daily=100k" and comma lists of it, each window once.
func parseWindowAmounts(list []string) ([]windowAmount, error) {
	var amounts []windowAmount
	seen := make(map[satcapv1.LimitWindow]bool)
	for _, text := range list {
		for _, pair := range splitPairs(text) {
			name, value, ok := strings.Cut(pair, "=")
			if !ok {
				return nil, usageErrorf("limit %q must be WINDOW=AMOUNT, like daily=100k", shorten(pair))
			}
			window, err := parseWindow(name)
			if err != nil {
				return nil, err
			}
			if seen[window] {
				return nil, usageErrorf("the %s limit is given twice", windowName(window))
			}
			seen[window] = true
			amount := windowAmount{window: window}
			if !strings.EqualFold(strings.TrimSpace(value), unlimited) {
				sats, err := parseSats(value)
				if err != nil {
					return nil, usageErrorf("%s limit: %v", windowName(window), err)
				}
				amount.sats = &sats
			}
			amounts = append(amounts, amount)
		}
	}
	return amounts, nil
}

// splitPairs splits at commas, except those that group an amount's thousands:
// "daily=100,000,weekly=1M" is two pairs. What follows a comma and has no "="
// belongs to the amount before it, and the amount says whether it fits there.
func splitPairs(text string) []string {
	var pairs []string
	for i, piece := range strings.Split(text, ",") {
		if i > 0 && !strings.Contains(piece, "=") {
			pairs[len(pairs)-1] += "," + piece
			continue
		}
		pairs = append(pairs, piece)
	}
	return pairs
}

// Enums are written without their prefix, in lower case: LIMIT_WINDOW_DAILY is daily.
const (
	windowPrefix = "LIMIT_WINDOW_"
	scopePrefix  = "SCOPE_"
	statePrefix  = "STATE_"
)

func enumName(value fmt.Stringer, prefix string) string {
	return strings.ToLower(strings.TrimPrefix(value.String(), prefix))
}

func windowName(window satcapv1.LimitWindow) string { return enumName(window, windowPrefix) }

// enumNames is the names that parseEnum takes, in the order of their numbers.
func enumNames(prefix string, numbers map[string]int32) []string {
	names := slices.SortedFunc(maps.Keys(numbers), func(a, b string) int { return int(numbers[a] - numbers[b]) })
	var short []string
	for _, name := range names {
		if numbers[name] != 0 {
			short = append(short, strings.ToLower(strings.TrimPrefix(name, prefix)))
		}
	}
	return short
}

// parseEnum reads the name of a value with or without its prefix, in any case.
// what says in an error what the name is of.
func parseEnum[E ~int32](what, prefix string, numbers map[string]int32, text string) (E, error) {
	name := strings.ToUpper(strings.TrimSpace(text))
	number, ok := numbers[prefix+strings.TrimPrefix(name, prefix)]
	if !ok || number == 0 {
		return 0, usageErrorf("unknown %s %q (one of %s)",
			what, shorten(text), strings.Join(enumNames(prefix, numbers), ", "))
	}
	return E(number), nil
}

// parseEnums reads a list of names, none twice.
func parseEnums[E ~int32](what, prefix string, numbers map[string]int32, list []string) ([]E, error) {
	var values []E
	for _, text := range list {
		value, err := parseEnum[E](what, prefix, numbers, text)
		if err != nil {
			return nil, err
		}
		if slices.Contains(values, value) {
			return nil, usageErrorf("%s %q is given twice", what, strings.TrimSpace(text))
		}
		values = append(values, value)
	}
	return values, nil
}

func parseWindow(text string) (satcapv1.LimitWindow, error) {
	return parseEnum[satcapv1.LimitWindow]("window", windowPrefix, satcapv1.LimitWindow_value, text)
}

// parseMoment reads an RFC 3339 time, or a duration that move puts before or
// after now. relative says that it was a duration.
func parseMoment(text string, move func(time.Duration) time.Time) (moment *timestamppb.Timestamp, relative bool, err error) {
	text = strings.TrimSpace(text)
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return timestamppb.New(t), false, nil
	}
	span, err := parseSpan(text)
	if errors.Is(err, errNotSpan) {
		return nil, false, fmt.Errorf(
			"%q is neither a time like 2026-11-24T14:05:11Z nor a duration like 90d or 12h", shorten(text))
	}
	if err != nil {
		return nil, false, err
	}
	return timestamppb.New(move(span)), true, nil
}

// maxSpan is a hundred years; time.Duration ends at 292.
const maxSpan = 36_500 * 24 * time.Hour

// errNotSpan is text that does not have the form of a duration.
var errNotSpan = errors.New("not like 90d or 1d12h")

var spanUnits = map[byte]time.Duration{
	'w': 7 * 24 * time.Hour, 'd': 24 * time.Hour, 'h': time.Hour, 'm': time.Minute, 's': time.Second,
}

// parseSpan reads a duration of whole weeks, days, hours, minutes and seconds,
// like 90d or 1d12h. A day is 24 hours, as in a limit's window.
func parseSpan(text string) (time.Duration, error) {
	if text == "" {
		return 0, errNotSpan
	}
	var total time.Duration
	for rest := text; rest != ""; {
		end := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
		if end == 0 || end == len(rest) {
			return 0, errNotSpan
		}
		unit, ok := spanUnits[rest[end]]
		if !ok {
			return 0, errNotSpan
		}
		// ParseInt only fails here for a number that is too big.
		count, err := strconv.ParseInt(rest[:end], 10, 64)
		if err != nil || count > int64((maxSpan-total)/unit) {
			return 0, fmt.Errorf("duration %q is longer than 100 years", shorten(text))
		}
		total += time.Duration(count) * unit
		rest = rest[end+1:]
	}
	if total == 0 {
		return 0, fmt.Errorf("duration %q must be more than nothing", shorten(text))
	}
	return total, nil
}
