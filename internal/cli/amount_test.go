// Amounts and durations as people write them.

package cli_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/satcap/satcap/internal/cli"
)

func TestParseSats(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"1":                         1,
		"007":                       7,
		" 100000 ":                  100_000,
		"100k":                      100_000,
		"100K":                      100_000,
		"1.5M":                      1_500_000,
		"1.500000M":                 1_500_000,
		"500_000":                   500_000,
		"1_500k":                    1_500_000,
		"100,000":                   100_000,
		"1,234,567":                 1_234_567,
		"1,000 sats":                1_000,
		"1sat":                      1,
		"0.01btc":                   1_000_000,
		"0.01 BTC":                  1_000_000,
		"0.00000001btc":             1,
		"0.000000010000btc":         1,
		"21_000_000btc":             cli.MaxSats,
		"2_100_000_000_000_000":     cli.MaxSats,
		"2,100,000,000,000,000":     cli.MaxSats,
		"20999999.99999999 btc":     cli.MaxSats - 1,
		"0000000000000000000000001": 1,
	} {
		got, err := cli.ParseSats(text)
		require.NoError(t, err)
		require.Equal(t, want, got, text)
	}
}

func TestParseSatsRefuses(t *testing.T) {
	t.Parallel()
	for text, why := range map[string]string{
		"":                      "is empty",
		"  ":                    "is empty",
		"0":                     "must be at least 1 sat",
		"0.0k":                  "must be at least 1 sat",
		"2100000000000001":      "is more than 2,100,000,000,000,000 sats, all the bitcoin there is",
		"21000000.00000001btc":  "is more than 2,100,000,000,000,000 sats, all the bitcoin there is",
		"9223372036854775808":   "is more than 2,100,000,000,000,000 sats, all the bitcoin there is",
		"18446744073709551617":  "is more than 2,100,000,000,000,000 sats, all the bitcoin there is", // 1 in 64 bits
		"-5":                    "must start with a digit",
		"+5":                    "must start with a digit",
		"_5":                    "must start with a digit",
		".5M":                   "must start with a digit",
		"k":                     "must start with a digit",
		"1.000":                 "a fraction needs a unit: k, M or btc",
		"1.5 sats":              "a fraction needs a unit: k, M or btc",
		"1.0001k":               "is not a whole number of sats",
		"0.000000001btc":        "is not a whole number of sats",
		"1.k":                   "only digits may follow the decimal point",
		"1.5.5M":                "only digits may follow the decimal point",
		"1.000_5k":              "only digits may follow the decimal point",
		"1,5":                   `"," must separate groups of three digits`,
		"1,0000":                `"," must separate groups of three digits`,
		"1000,000":              `"," must separate groups of three digits`,
		"1,000,":                `"," must separate groups of three digits`,
		"1,000_000":             `"," must separate groups of three digits`,
		"1__000":                `"_" must separate groups of three digits`,
		"0,001":                 "must not start with 0",
		"1,500k":                "a comma groups the thousands of plain sats; with a unit use _ or a decimal point",
		"1m":                    `unknown unit "m" (k, M, btc or none)`,
		"1 000":                 `" " is not a digit`,
		"1e5":                   `"e" is not a digit`,
		"0x10":                  `"x" is not a digit`,
		"ten":                   `unknown unit "ten" (k, M, btc or none)`,
		"１":                     `unknown unit "１" (k, M, btc or none)`,
		strings.Repeat("1", 65): "is longer than 64 characters",
	} {
		_, err := cli.ParseSats(text)
		require.Error(t, err, text)
		require.Contains(t, err.Error(), ": "+why, text)
	}
	_, err := cli.ParseSats("1m")
	require.EqualError(t, err, `amount "1m": unknown unit "m" (k, M, btc or none)`)
}

// Every amount, written in every way, is read back as itself.
func TestSatsRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		sats := rapid.Int64Range(1, cli.MaxSats).Draw(t, "sats")
		grouped := cli.FormatSats(sats)
		for _, text := range []string{
			fmt.Sprint(sats),
			grouped,
			strings.ReplaceAll(grouped, ",", "_"),
			grouped + " sats",
			fmt.Sprintf("%d.%03dk", sats/1_000, sats%1_000),
			fmt.Sprintf("%d.%06d M", sats/1_000_000, sats%1_000_000),
			fmt.Sprintf("%d.%08dbtc", sats/100_000_000, sats%100_000_000),
		} {
			got, err := cli.ParseSats(text)
			if err != nil || got != sats {
				t.Fatalf("%q is %d, not %d (%v)", text, got, sats, err)
			}
		}
	})
}

// Whatever is accepted is in range, and is the same number when written plainly.
func FuzzParseSats(f *testing.F) {
	for _, seed := range []string{"100k", "1.5M", "500_000", "100,000", "0.01 BTC", "1,5", "-1", "0.000000001btc", "9e9"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		sats, err := cli.ParseSats(text)
		if err != nil {
			return
		}
		require.True(t, sats >= 1 && sats <= cli.MaxSats, "%q is %d", text, sats)
		again, err := cli.ParseSats(cli.FormatSats(sats))
		require.NoError(t, err)
		require.Equal(t, sats, again)
	})
}

func TestFormatSats(t *testing.T) {
	t.Parallel()
	for sats, want := range map[int64]string{
		0: "0", 999: "999", 1_000: "1,000", 41_200: "41,200", 123_456: "123,456", -1_000: "-1,000", -999: "-999",
		cli.MaxSats: "2,100,000,000,000,000", math.MinInt64: "-9,223,372,036,854,775,808",
	} {
		require.Equal(t, want, cli.FormatSats(sats))
	}
}

func TestParseSpan(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for text, want := range map[string]time.Duration{
		"90d": 90 * day, "12h": 12 * time.Hour, "1d12h": 36 * time.Hour, "2w": 14 * day,
		"1m30s": 90 * time.Second, "36500d": 36_500 * day,
	} {
		got, err := cli.ParseSpan(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{
		"", "d", "90", "1d12", "1.5d", "-1d", "1 d", "1y", "0d", "0d0h", "36501d", "36500d1s", "9223372036854775808s", "9999999999999w",
	} {
		_, err := cli.ParseSpan(text)
		require.Error(t, err, text)
	}
}
