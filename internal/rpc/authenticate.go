// Who is calling: the one place where a call's credentials meet the table.

package rpc

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"

	"connectrpc.com/connect/v2"

	"github.com/satcap/satcap/internal/auth"
)

// connection is what a call brought with it besides its headers.
type connection struct {
	credentials auth.Credentials
	client      netip.Addr
}

type connectionKey struct{}

// WithConnection reads the credentials and the client's address of every
// request, for the authentication of calls. apiKeyHeader carries the secrets of
// API keys.
func WithConnection(next http.Handler, proxies auth.Proxies, apiKeyHeader string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := connection{client: proxies.Client(r)}
		for header, proof := range map[string]*string{"Authorization": &c.credentials.Authorization, apiKeyHeader: &c.credentials.APIKey} {
			if values := r.Header.Values(header); len(values) > 0 {
				*proof = values[0]
				c.credentials.Unclear = c.credentials.Unclear || len(values) > 1 || values[0] == ""
			}
		}
		c.credentials.Session = sessionOf(r, &c.credentials.Unclear)
		if r.TLS != nil && len(r.TLS.VerifiedChains) > 0 {
			c.credentials.Certificate = r.TLS.VerifiedChains[0][0]
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), connectionKey{}, c)))
	})
}

// sessionOf is the session that a request carries. One that is empty, or there
// twice, is a wrong proof, whatever else was sent.
func sessionOf(r *http.Request, unclear *bool) string {
	cookies := r.CookiesNamed(auth.SessionCookie)
	if len(cookies) == 0 {
		return ""
	}
	if len(cookies) > 1 || cookies[0].Value == "" {
		*unclear = true
	}
	return cookies[0].Value
}

// CredentialsOf is what the request of a context, one that went through
// [WithConnection], brought as proof, and where it came from.
func CredentialsOf(ctx context.Context) (auth.Credentials, netip.Addr) {
	c, _ := ctx.Value(connectionKey{}).(connection)
	return c.credentials, c.client
}

// authenticate finds out who is calling and what the call may reach, before
// anything of the request is read.
func authenticate(a auth.Authenticator, keys *auth.Keys, failures *auth.Failures, log *slog.Logger) connect.ServerInterceptor {
	return func(next connect.ServerFunc) connect.ServerFunc {
		return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) error {
			c, _ := ctx.Value(connectionKey{}).(connection)
			if c.credentials.None() {
				return auth.ErrUnauthenticated
			}
			c.credentials.Exhausted = func() bool { return failures.Exhausted(c.client) }
			caller, err := a.Authenticate(ctx, c.credentials)
			if errors.Is(err, auth.ErrSessionEnded) {
				// Not a wrong proof: an old tab must not keep its neighbours out.
				return auth.ErrUnauthenticated
			}
			if errors.Is(err, auth.ErrUnauthenticated) {
				return failures.Refuse(c.client)
			}
			if err != nil {
				return err
			}
			grant, err := auth.Permit(spec.Procedure, caller)
			if err != nil {
				if caller.IsKey {
					// A key that tries to do more than a key may is worth a look.
					log.Warn("security: refused to an API key", "rpc", spec.Procedure, "authentication", caller.Authentication,
						"api_key_id", keyText(caller.KeyID), "client", c.client)
				}
				return err
			}
			return next(withStill(auth.WithGrant(ctx, grant), spec, keys, caller, c.credentials), spec, stream)
		}
	}
}

// admit takes every call for one of the caller's, whatever credentials it brings.
func admit(caller auth.Caller) connect.ServerInterceptor {
	return func(next connect.ServerFunc) connect.ServerFunc {
		return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) error {
			grant, err := auth.Permit(spec.Procedure, caller)
			if err != nil {
				return err
			}
			return next(auth.WithGrant(ctx, grant), spec, stream)
		}
	}
}
