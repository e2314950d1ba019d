// GET /auth/check: VerifyApiKey for reverse proxies and identity gateways that
// speak plain HTTP: nginx auth_request, Envoy ext_authz, Ory Oathkeeper's
// bearer_token authenticator.

package server

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"github.com/satcap/satcap/internal/auth"
	"github.com/satcap/satcap/internal/ledger"
)

// checkAnswer is what a gateway learns: who owns the key, what its holder may
// do, and which key it is.
type checkAnswer struct {
	Subject  string `json:"sub"`
	Scope    string `json:"scope"`
	APIKeyID string `json:"api_key_id"`
}

// scopeNames are the scopes as gateways write them.
var scopeNames = []struct {
	scope ledger.Scopes
	name  string
}{{ledger.ScopeRead, "read"}, {ledger.ScopeReceive, "receive"}, {ledger.ScopeWrite, "write"}}

func scopeText(set ledger.Scopes) string {
	var names []string
	for _, s := range scopeNames {
		if set&s.scope != 0 {
			names = append(names, s.name)
		}
	}
	return strings.Join(names, " ")
}

// authCheck answers 200 with who the secret in the header belongs to, 401
// without a word if it lets nobody in, 429 if the client's address has sent too
// many that were wrong, 503 if the database cannot be asked. The answer is in
// headers as well: nginx passes on no body.
type authCheck struct {
	keys     *auth.Keys
	failures *auth.Failures
	proxies  auth.Proxies
	header   string
	log      *slog.Logger
}

// checkPath is where gateways ask.
const checkPath = "/auth/check"

// before answers questions of gateways and passes all other requests on. They
// come by any method and with any path behind checkPath, as it is: Envoy sends
// those of the request that it asks about. A mux would clean the path and answer
// with a redirect, and pages of other origins have no business here.
func (a *authCheck) before(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path == checkPath || strings.HasPrefix(req.URL.Path, checkPath+"/") {
			a.ServeHTTP(w, req)
			return
		}
		next.ServeHTTP(w, req)
	})
}

func (a *authCheck) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	address := a.proxies.Client(req)
	secrets := req.Header.Values(a.header)
	if len(secrets) == 0 || secrets[0] == "" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	holder, err := auth.Holder{}, auth.ErrUnauthenticated
	if len(secrets) == 1 {
		holder, err = a.keys.Verify(req.Context(), secrets[0], func() bool { return a.failures.Exhausted(address) })
	}
	switch {
	case errors.Is(err, auth.ErrUnauthenticated):
		if errors.Is(a.failures.Refuse(address), auth.ErrTooManyFailures) {
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		w.WriteHeader(http.StatusUnauthorized)
		return
	case errors.Is(err, auth.ErrTooManyFailures):
		w.WriteHeader(http.StatusTooManyRequests)
		return
	case errors.Is(err, auth.ErrBusy) || errors.Is(err, context.Canceled): // strangers can cause these
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	case err != nil:
		a.log.Error("auth check failed", "error", err)
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	answer := checkAnswer{Subject: holder.Subject, Scope: scopeText(holder.Scopes), APIKeyID: uuid.UUID(holder.KeyID).String()}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("X-Auth-Subject", answer.Subject)
	h.Set("X-Auth-Scope", answer.Scope)
	h.Set("X-Auth-Api-Key-Id", answer.APIKeyID)
	_ = json.NewEncoder(w).Encode(answer)
}
