// Without the key set that tokens are signed with, owners cannot be told apart:
// the server says that it is not ready, and lets none of them in.

package server_test

import (
	"net/http"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNotReadyWithoutKeySet(t *testing.T) {
	cfg := settings(t)
	cfg.JWT.JWKS, cfg.JWT.Issuer, cfg.JWT.Audience = filepath.Join(t.TempDir(), "none.json"), "issuer", "satcap"
	r := start(t, cfg)
	body := r.becomes(t, http.StatusServiceUnavailable)
	require.NotEqual(t, "ok", body.Checks["keys"])
	require.NotContains(t, body.Checks["keys"], "none.json", "anybody may ask")
	for check, says := range body.Checks {
		if check != "keys" {
			require.Equal(t, "ok", says, check)
		}
	}
	// A token that looks right: header {"alg":"EdDSA","kid":"one"}.
	res := r.send(t, http.MethodPost, listPath, "{}", map[string]string{
		"Content-Type": "application/json", "Authorization": "Bearer eyJhbGciOiJFZERTQSIsImtpZCI6Im9uZSJ9.e30.AAAA",
	})
	require.Equal(t, http.StatusServiceUnavailable, res.StatusCode, readAll(t, res))
}
