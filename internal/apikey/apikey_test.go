// Secrets: what they look like, and what is refused.
package apikey_test

import (
	"encoding/hex"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/apikey"
)

func TestNewSecret(t *testing.T) {
	t.Parallel()
	shape := regexp.MustCompile(`^pay_[0-9A-Za-z]{49}$`)
	seen := map[string]bool{}
	for range 1000 {
		s, err := apikey.Prefix("pay_").New()
		require.NoError(t, err)
		require.Regexp(t, shape, s.Text)
		require.True(t, strings.HasPrefix(s.Text, s.Shown))
		require.Len(t, s.Shown, len("pay_")+6, "what is shown must leave the rest unguessable")
		require.False(t, seen[s.Text], "a secret came twice")
		seen[s.Text] = true

		hash, err := apikey.Prefix("pay_").Hash(s.Text)
		require.NoError(t, err)
		require.Equal(t, s.Hash, hash)
	}
}

// A known value, so that a change of the alphabet, the checksum or the hash,
// which would lock every holder out, cannot go unseen.
func TestKnownSecret(t *testing.T) {
	t.Parallel()
	const text = "satcap_" + "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg" + "37cCQ0"
	hash, err := apikey.Prefix(apikey.DefaultPrefix).Hash(text)
	require.NoError(t, err)
	require.Equal(t, "805a2dce0dfba5de7abc20633bca3c7bc34ee90583a4ea98fda187b5f3721826", hex.EncodeToString(hash[:]))
}

func TestMalformedSecrets(t *testing.T) {
	t.Parallel()
	p := apikey.Prefix(apikey.DefaultPrefix)
	s, err := p.New()
	require.NoError(t, err)
	flip := func(i int) string {
		b := []byte(s.Text)
		if b[i]++; b[i] > 'y' || b[i] == ':' || b[i] == '[' {
			b[i] = '0'
		}
		return string(b)
	}
	for name, text := range map[string]string{
		"empty": "", "prefix only": "satcap_", "other prefix": "pay_" + s.Text[7:], "short": s.Text[:len(s.Text)-1],
		"long": s.Text + "0", "first character": flip(7), "last random character": flip(49), "checksum": flip(len(s.Text) - 1),
		"upper-case prefix": "SATCAP_" + s.Text[7:],
	} {
		_, err := p.Hash(text)
		require.ErrorIs(t, err, apikey.ErrMalformed, name)
	}
}

func TestPrefixes(t *testing.T) {
	t.Parallel()
	for _, good := range []apikey.Prefix{"satcap_", "a", "pay-live_", apikey.Prefix(strings.Repeat("x", 32))} {
		require.NoError(t, good.Validate(), good)
	}
	for _, bad := range []apikey.Prefix{"", "a b", "ü", "a\x00", apikey.Prefix(strings.Repeat("x", 33)), "a.b"} {
		require.Error(t, bad.Validate(), bad)
	}
}
