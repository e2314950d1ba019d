// Signing in at an OpenID Connect provider: authorization code with PKCE.

package server

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/satcap/satcap/internal/auth"
	"github.com/satcap/satcap/internal/config"
)

const (
	// loginCookie keeps what a login began with. Lax: it must come back with the
	// redirect from the provider, which is another site.
	loginCookie = "__Host-satcap_login"
	loginLasts  = 10 * time.Minute
	// oidcTimeout bounds each question to the provider.
	oidcTimeout = 10 * time.Second
)

// loginState is what a login began with.
type loginState struct {
	State    string `json:"s"`
	Nonce    string `json:"n"`
	Verifier string `json:"v"`
	Expires  int64  `json:"e"`
}

// oidcLogin knows the provider. It is asked at the first login and not at start:
// a provider that is down must not keep spends from being checked.
type oidcLogin struct {
	cfg    config.OIDC
	public string
	seal   *auth.Seal
	client *http.Client

	mu       sync.Mutex
	provider *oidc.Provider
}

func newOIDCLogin(cfg config.Server, seal *auth.Seal) *oidcLogin {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	return &oidcLogin{cfg: cfg.OIDC, public: cfg.PublicURL, seal: seal, client: &http.Client{Transport: transport, Timeout: oidcTimeout}}
}

// discover returns the provider and what to ask it for.
func (o *oidcLogin) discover() (*oidc.Provider, *oauth2.Config, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.provider == nil {
		// Not the request's context: the provider keeps it for its keys.
		p, err := oidc.NewProvider(oidc.ClientContext(context.Background(), o.client), o.cfg.Issuer)
		if err != nil {
			return nil, nil, err
		}
		o.provider = p
	}
	return o.provider, &oauth2.Config{
		ClientID: o.cfg.ClientID, ClientSecret: o.cfg.ClientSecret, Endpoint: o.provider.Endpoint(),
		RedirectURL: o.public + "/session/callback", Scopes: []string{oidc.ScopeOpenID},
	}, nil
}

// serveLogin sends the browser to the provider.
func (s *sessions) serveLogin(w http.ResponseWriter, r *http.Request) {
	_, asks, err := s.oidc.discover()
	if err != nil {
		s.log.Error("the OpenID provider does not answer", "error", err)
		refuse(w, http.StatusBadGateway)
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
	http.Redirect(w, r, asks.AuthCodeURL(began.State, oidc.Nonce(began.Nonce), oauth2.S256ChallengeOption(began.Verifier)), http.StatusSeeOther)
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
	subject, err := s.oidc.finish(r)
	if err != nil {
		// Not err itself: what a provider answers may hold what it must not.
		s.log.Warn("a login at the OpenID provider was refused", "reason", err.Error())
		refuse(w, http.StatusUnauthorized)
		return
	}
	if s.begin(w, subject, auth.SignedInOIDC) {
		http.Redirect(w, r, "/", http.StatusSeeOther)
	}
}

// Why a login was refused.
var (
	errLoginState    = errors.New("state")
	errLoginExchange = errors.New("exchange")
	errLoginToken    = errors.New("id token")
	errLoginSubject  = errors.New("subject")
)

// finish checks that the login began in this browser, and who it is.
func (o *oidcLogin) finish(r *http.Request) (string, error) {
	var began loginState
	cookie, err := r.Cookie(loginCookie)
	if err != nil || o.seal.Open(loginCookie, cookie.Value, &began) != nil || time.Now().Unix() >= began.Expires || began.State == "" ||
		subtle.ConstantTimeCompare([]byte(began.State), []byte(r.URL.Query().Get("state"))) != 1 {
		return "", errLoginState
	}
	provider, asks, err := o.discover()
	if err != nil {
		return "", errLoginExchange
	}
	ctx := oidc.ClientContext(r.Context(), o.client)
	token, err := asks.Exchange(ctx, r.URL.Query().Get("code"), oauth2.VerifierOption(began.Verifier))
	if err != nil {
		return "", errLoginExchange
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := provider.Verifier(&oidc.Config{ClientID: o.cfg.ClientID}).Verify(ctx, raw)
	if err != nil || subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(began.Nonce)) != 1 {
		return "", errLoginToken
	}
	if !auth.ValidSubject(id.Subject) {
		return "", errLoginSubject
	}
	return id.Subject, nil
}
