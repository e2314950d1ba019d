// Who may call this server: what the settings and the database say.

package server

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	connectcors "connectrpc.com/cors"
	"github.com/rs/cors"

	"github.com/satcap/satcap/internal/auth"
	"github.com/satcap/satcap/internal/config"
	"github.com/satcap/satcap/internal/jwks"
	"github.com/satcap/satcap/internal/store"
)

// callers is everything that finds out who is calling.
type callers struct {
	auth.Callers
	failures *auth.Failures
	proxies  auth.Proxies
	seal     *auth.Seal
	keySet   *jwks.Set // nil: no tokens of owners
	// development says that there is no other kind of caller than the holders of
	// API keys.
	development bool
	// madeToken is the development token if this server made it.
	madeToken string
}

// newCallers reads the settings. The server is in development mode if no kind of
// caller is configured: no key set for tokens of owners, no provider to sign in
// at, no authority for client certificates, and no token of a service in the
// database.
func newCallers(ctx context.Context, cfg config.Server, s store.Access, keys auth.KeyStore, log *slog.Logger) (*callers, error) {
	c := &callers{failures: auth.NewFailures(time.Now)}
	var err error
	if c.proxies, err = cfg.Proxies(); err != nil {
		return nil, err
	}
	if c.Certificates, err = cfg.Certificates(); err != nil {
		return nil, err
	}
	c.Tokens = auth.NewTokens(s)
	tokens, err := c.Tokens.Any(ctx)
	if err != nil {
		return nil, err
	}
	c.development = !tokens && !configured(cfg)
	if c.development {
		if err := cfg.CheckDevelopment(); err != nil {
			return nil, err
		}
		token := cfg.DevToken
		if token == "" {
			token = auth.NewDevelopmentToken()
			c.madeToken = token
		}
		c.Development = auth.NewDevelopment(token)
		c.Development.Gone = c.Tokens.Any
	}
	if c.Sessions, c.seal, err = newCallersSessions(cfg); err != nil {
		return nil, err
	}
	if j := cfg.JWT; j.Configured() {
		c.keySet = jwks.New(ctx, jwks.Config{Source: j.JWKS, Log: log})
		c.JWT = auth.NewJWT(auth.JWTConfig{
			Keys: c.keySet, Issuer: j.Issuer, Audience: j.Audience, DefaultScope: j.DefaultScope,
			SubjectClaim: j.SubjectClaim, ScopeClaim: j.ScopeClaim, KeyClaim: j.KeyClaim,
		})
	}
	c.Keys = auth.NewKeys(keys, cfg.Secrets(), log)
	return c, nil
}

// configured says whether the settings name a kind of caller; the tokens of
// services are in the database.
func configured(cfg config.Server) bool {
	return cfg.JWT.Configured() || cfg.OIDC.Configured() || cfg.TLSClientCA != ""
}

// Close stops what runs beside the calls.
func (c *callers) Close() {
	if c.keySet != nil {
		c.keySet.Close()
	}
	c.Keys.Close()
}

// crossOrigin lets pages of the listed origins call directly. Cookies are not
// among what they may send: a page proves itself by a token of its own.
func crossOrigin(origins []string, apiKeyHeader string, next http.Handler) http.Handler {
	if len(origins) == 0 {
		return next
	}
	return cors.New(cors.Options{
		AllowedOrigins: origins,
		AllowedMethods: []string{http.MethodPost},
		AllowedHeaders: append(connectcors.AllowedHeaders(), "Authorization", apiKeyHeader, "X-Request-Id"),
		ExposedHeaders: append(connectcors.ExposedHeaders(), "X-Request-Id"),
		MaxAge:         7200,
	}).Handler(next)
}
