// Signing in at an OpenID Connect provider: authorization code with PKCE.

package server

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"html"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/satcap/satcap/internal/auth"
	"github.com/satcap/satcap/internal/config"
	"github.com/satcap/satcap/internal/rpc"
)

const (
	// loginCookie keeps what a login began with. Lax: it must come back with the
	// redirect from the provider, which is another site.
	loginCookie = "__Host-satcap_login"
	loginLasts  = 10 * time.Minute
)

// loginState is what a login began with.
type loginState struct {
	State    string `json:"s"`
	Nonce    string `json:"n"`
	Verifier string `json:"v"`
	Expires  int64  `json:"e"`
}

// oidcLogin is how people sign in at the provider.
type oidcLogin struct {
	cfg      config.OIDC
	public   string
	seal     *auth.Seal
	provider *provider
}

func newOIDCLogin(cfg config.Server, seal *auth.Seal, log *slog.Logger) *oidcLogin {
	return &oidcLogin{cfg: cfg.OIDC, public: cfg.PublicURL, seal: seal, provider: newProvider(cfg.OIDC.Issuer, log)}
}

// asks is what the provider is asked for, and where.
func (o *oidcLogin) asks(p *oidc.Provider) *oauth2.Config {
	return &oauth2.Config{
		ClientID: o.cfg.ClientID, ClientSecret: o.cfg.ClientSecret, Endpoint: p.Endpoint(),
		RedirectURL: o.public + "/session/callback", Scopes: []string{oidc.ScopeOpenID},
	}
}

// serveLogin sends the browser to the provider.
func (s *sessions) serveLogin(w http.ResponseWriter, r *http.Request) {
	p, err := s.oidc.provider.get(r.Context())
	if err != nil {
		notSignedIn(w, http.StatusBadGateway, err)
		return
	}
	began := loginState{rand.Text(), rand.Text(), oauth2.GenerateVerifier(), time.Now().Add(loginLasts).Unix()}
	text, err := s.oidc.seal.Close(loginCookie, began)
	if err != nil {
		refuse(w, http.StatusInternalServerError)
		return
	}
	http.SetCookie(w, newLoginCookie(text, int(loginLasts/time.Second)))
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	to := s.oidc.asks(p).AuthCodeURL(began.State, oidc.Nonce(began.Nonce), oauth2.S256ChallengeOption(began.Verifier))
	http.Redirect(w, r, to, http.StatusSeeOther)
}

func newLoginCookie(value string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: loginCookie, Value: value, Path: "/", MaxAge: maxAge, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
}

// serveCallback takes the browser back from the provider.
func (s *sessions) serveCallback(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, newLoginCookie("", -1)) // a login is good once
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer") // the address has the code
	_, client := rpc.CredentialsOf(r.Context())
	began, err := s.oidc.began(r)
	if err != nil {
		// Anybody can come here with nothing: that is not worth a line of the log.
		s.log.Debug("a login at the OpenID provider was refused", "reason", err)
		notSignedIn(w, http.StatusUnauthorized, err)
		return
	}
	if s.callers.failures.Exhausted(client) { // the provider is not asked for those who guess
		notSignedIn(w, http.StatusTooManyRequests, auth.ErrTooManyFailures)
		return
	}
	subject, err := s.oidc.finish(r, began)
	switch {
	case errors.Is(err, errProviderSilent):
		s.log.Warn("a login could not be finished", "reason", err)
		notSignedIn(w, http.StatusBadGateway, err)
	case r.Context().Err() != nil: // there is nobody to answer
	case err != nil:
		// Only why: what a provider answers may hold what the log must not.
		s.log.Warn("a login at the OpenID provider was refused", "reason", err)
		notSignedIn(w, s.refused(auth.ErrUnauthenticated, client), err)
	case s.begin(w, subject, auth.SignedInOIDC):
		http.Redirect(w, r, "/", http.StatusSeeOther)
	}
}

// Why a login was refused.
var (
	errLoginState    = errors.New("it began in another browser, or more than 10 minutes ago")
	errLoginDenied   = errors.New("the provider did not let this person in")
	errLoginExchange = errors.New("the provider did not take the code")
	errLoginToken    = errors.New("the provider's ID token is not valid for this login")
	errLoginSubject  = errors.New("the provider's name for this person cannot be used")
)

// began checks that the login began in this browser, not long ago.
func (o *oidcLogin) began(r *http.Request) (began loginState, err error) {
	cookie, err := r.Cookie(loginCookie)
	if err != nil || o.seal.Open(loginCookie, cookie.Value, &began) != nil || time.Now().Unix() >= began.Expires || began.State == "" ||
		subtle.ConstantTimeCompare([]byte(began.State), []byte(r.URL.Query().Get("state"))) != 1 {
		return loginState{}, errLoginState
	}
	return began, nil
}

// finish asks the provider who it is that came back.
func (o *oidcLogin) finish(r *http.Request, began loginState) (string, error) {
	code := r.URL.Query().Get("code")
	if code == "" { // there is an error instead
		return "", errLoginDenied
	}
	p, err := o.provider.get(r.Context())
	if err != nil {
		return "", err
	}
	ctx := oidc.ClientContext(r.Context(), o.provider.client)
	token, err := o.asks(p).Exchange(ctx, code, oauth2.VerifierOption(began.Verifier))
	if err != nil {
		answered := new(oauth2.RetrieveError)
		if errors.As(err, &answered) && answered.Response != nil && answered.Response.StatusCode < http.StatusInternalServerError {
			return "", errLoginExchange
		}
		return "", errProviderSilent
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := p.Verifier(&oidc.Config{ClientID: o.cfg.ClientID}).Verify(ctx, raw)
	if err != nil || began.Nonce == "" || subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(began.Nonce)) != 1 {
		return "", errLoginToken
	}
	var to struct {
		Party string `json:"azp"`
	}
	if id.Claims(&to) != nil || (to.Party != "" && to.Party != o.cfg.ClientID) {
		return "", errLoginToken // it was made for another program
	}
	if !auth.ValidSubject(id.Subject) {
		return "", errLoginSubject
	}
	return id.Subject, nil
}

// notSignedIn is a page for a person: the browser came here by itself, and there
// is no script to show what is wrong.
func notSignedIn(w http.ResponseWriter, status int, why error) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	if status != http.StatusUnauthorized {
		h.Set("Retry-After", strconv.Itoa(int(askAgainAfter/time.Second)))
	}
	w.WriteHeader(status)
	// The client may be gone.
	_, _ = fmt.Fprintf(w, notSignedInPage, html.EscapeString(reasonFor(why)))
}

const notSignedInPage = `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Not signed in</title>
<h1>Not signed in</h1>
<p>%s.</p>
<p><a href="/">Back to the dashboard, to try again</a></p>
</html>
`

// reasonFor is what a person is told: a sentence of this file, and nothing that
// came from elsewhere.
func reasonFor(why error) string {
	text := errProviderSilent.Error()
	for _, known := range []error{errLoginState, errLoginDenied, errLoginExchange, errLoginToken, errLoginSubject, auth.ErrTooManyFailures} {
		if errors.Is(why, known) {
			text = strings.TrimPrefix(known.Error(), "auth: ")
		}
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
