// Secrets that another system made: what is taken for one.
package apikey_test

import (
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/apikey"
)

func TestImportedSecrets(t *testing.T) {
	t.Parallel()
	own, err := apikey.Prefix("pay_").New()
	require.NoError(t, err)
	made, err := apikey.Prefix("blink_").New()
	require.NoError(t, err)
	typo := own.Text[:len(own.Text)-1] + "!"
	rest := func(n int) string { return strings.Repeat("x", n) }
	for name, c := range map[string]struct {
		accepted apikey.Accepted
		text     string
		rest     string // what is hashed; empty: it is malformed
	}{
		"own":                   {apikey.Accepted{Own: "pay_", Imported: "blink_"}, own.Text, own.Text[4:]},
		"own with a typo":       {apikey.Accepted{Own: "pay_", Imported: "blink_"}, typo, ""},
		"imported":              {apikey.Accepted{Own: "pay_", Imported: "blink_"}, "blink_" + rest(32), rest(32)},
		"the shortest":          {apikey.Accepted{Own: "pay_", Imported: "blink_"}, "blink_" + rest(16), rest(16)},
		"the longest":           {apikey.Accepted{Own: "pay_", Imported: "blink_"}, "blink_" + rest(128), rest(128)},
		"too short":             {apikey.Accepted{Own: "pay_", Imported: "blink_"}, "blink_" + rest(15), ""},
		"too long":              {apikey.Accepted{Own: "pay_", Imported: "blink_"}, "blink_" + rest(129), ""},
		"every character":       {apikey.Accepted{Own: "pay_", Imported: "blink_"}, "blink_!#%&()*+,-./:;<=>?@[]^_`{|}~", "!#%&()*+,-./:;<=>?@[]^_`{|}~"},
		"a space":               {apikey.Accepted{Own: "pay_", Imported: "blink_"}, "blink_" + rest(16) + " " + rest(2), ""},
		"a control":             {apikey.Accepted{Own: "pay_", Imported: "blink_"}, "blink_" + rest(16) + "\x7f", ""},
		"not ASCII":             {apikey.Accepted{Own: "pay_", Imported: "blink_"}, "blink_" + rest(16) + "é", ""},
		"another prefix":        {apikey.Accepted{Own: "pay_", Imported: "blink_"}, "other_" + rest(32), ""},
		"none are imported":     {apikey.Accepted{Own: "pay_"}, rest(32), ""},
		"none, with the prefix": {apikey.Accepted{Own: "pay_"}, "pay_" + rest(32), ""},
		"one prefix, imported":  {apikey.Accepted{Own: "blink_", Imported: "blink_"}, "blink_" + rest(32), rest(32)},
		"one prefix, made here": {apikey.Accepted{Own: "blink_", Imported: "blink_"}, made.Text, made.Text[6:]},
		"one begins the other":  {apikey.Accepted{Own: "blink_", Imported: "blink_old_"}, "blink_old_" + rest(32), rest(32)},
		"the other way around":  {apikey.Accepted{Own: "blink_new_", Imported: "blink_"}, "blink_" + rest(32), rest(32)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hash, err := c.accepted.Hash(c.text)
			if c.rest == "" {
				require.ErrorIs(t, err, apikey.ErrMalformed)
				require.Zero(t, hash)
				return
			}
			require.NoError(t, err)
			require.Equal(t, sha256.Sum256([]byte(c.rest)), hash)
		})
	}
}
