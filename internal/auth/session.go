// Sessions of people in a browser: an owner, sealed into a cookie.

package auth

import (
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gorilla/securecookie"
	lru "github.com/hashicorp/golang-lru/v2"
)

// ErrSessionEnded is [ErrUnauthenticated] for a session that this server, or one
// with the same key, did make: it is over, and nobody has guessed at anything.
var ErrSessionEnded = fmt.Errorf("%w: the session has ended", ErrUnauthenticated)

const (
	// SessionCookie carries a session. Its prefix makes browsers refuse one that
	// another host, or a page without TLS, has set.
	SessionCookie = "__Host-satcap_session"
	// SessionLasts is how long a session is good.
	SessionLasts = 8 * time.Hour
	// SessionKeyBytes is the size of the key that sessions are sealed with.
	SessionKeyBytes = 32
	// signedOutMost bounds how many sessions that were signed out are remembered.
	signedOutMost = 10_000
)

// How a person proved itself when a session began.
const (
	SignedInDevelopment = "development"
	SignedInOIDC        = "oidc"
)

// Session is who signed in, and until when.
type Session struct {
	// ID tells one session from another of the same person.
	ID string `json:"i"`
	// Subject is the owner.
	Subject string `json:"s"`
	// How the owner signed in: SignedInDevelopment or SignedInOIDC.
	How string `json:"h"`
	// Expires is when it is over, in Unix seconds.
	Expires int64 `json:"e"`
}

// Seal encrypts and authenticates what a browser keeps for the server.
type Seal struct{ codec *securecookie.SecureCookie }

// NewSeal seals with a key; nil: one that ends with the program.
func NewSeal(key []byte) *Seal {
	if key == nil {
		key = make([]byte, SessionKeyBytes)
		rand.Read(key) //nolint:errcheck // never fails
	}
	derive := func(purpose string) []byte {
		derived, err := hkdf.Key(sha256.New, key, nil, "satcap session "+purpose, SessionKeyBytes)
		if err != nil {
			panic(err) // the size is a constant
		}
		return derived
	}
	codec := securecookie.New(derive("authenticate"), derive("encrypt"))
	codec.SetSerializer(securecookie.JSONEncoder{})
	codec.MaxAge(0) // what is sealed says itself when it ends, which is no forgery
	return &Seal{codec}
}

// Close seals a value for the cookie of that name, and no other.
func (s *Seal) Close(cookie string, value any) (string, error) { return s.codec.Encode(cookie, value) }

// Open reads a value that was sealed for the cookie of that name.
func (s *Seal) Open(cookie, text string, value any) error { return s.codec.Decode(cookie, text, value) }

// Sessions judges the cookies of sessions.
type Sessions struct {
	seal *Seal
	now  func() time.Time
	// oidc says that sessions of people who signed in at a provider count.
	oidc bool
	// signedOut are the sessions that were ended here before their time, so that
	// no copy of the cookie is worth more than the browser's own.
	signedOut *lru.Cache[string, struct{}]
}

// NewSessions accepts what was sealed by seal. Sessions from a provider count
// only while one is configured.
func NewSessions(seal *Seal, oidc bool, now func() time.Time) *Sessions {
	signedOut, err := lru.New[string, struct{}](signedOutMost)
	if err != nil {
		panic(err) // the size is a constant
	}
	return &Sessions{seal: seal, oidc: oidc, now: now, signedOut: signedOut}
}

// Begin makes the cookie of a new session.
func (s *Sessions) Begin(subject, how string) (*http.Cookie, error) {
	text, err := s.seal.Close(SessionCookie, Session{rand.Text(), subject, how, s.now().Add(SessionLasts).Unix()})
	if err != nil {
		return nil, err
	}
	c := hostCookie(text)
	c.MaxAge = int(SessionLasts / time.Second)
	return c, nil
}

// read returns the session that a cookie carries, or [ErrUnauthenticated] if
// nobody with the key made it, or [ErrSessionEnded].
func (s *Sessions) read(text string) (Session, error) {
	var found Session
	if err := s.seal.Open(SessionCookie, text, &found); err != nil || found.Subject == "" || found.ID == "" {
		return Session{}, ErrUnauthenticated
	}
	if s.signedOut.Contains(found.ID) || s.now().Unix() >= found.Expires {
		return Session{}, ErrSessionEnded
	}
	return found, nil
}

// SignOut ends the session that a cookie carries, wherever the cookie was copied
// to. Only this program knows of it, and until it ends itself: others that have
// the same key take a copy until the session's own time is over.
func (s *Sessions) SignOut(text string) {
	if found, err := s.read(text); err == nil {
		s.signedOut.Add(found.ID, struct{}{})
	}
}

// End makes the cookie that takes a session away from the browser that has it.
func (s *Sessions) End() *http.Cookie {
	c := hostCookie("")
	c.MaxAge = -1
	return c
}

func hostCookie(value string) *http.Cookie {
	return &http.Cookie{Name: SessionCookie, Value: value, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode}
}

// sessionCaller is the owner that a session belongs to. One that began with the
// development token is worth what that token is worth now.
func (a *Callers) sessionCaller(ctx context.Context, text string) (Caller, error) {
	s := a.Sessions
	if s == nil {
		return Caller{}, ErrUnauthenticated
	}
	found, err := s.read(text)
	if err != nil {
		return Caller{}, err
	}
	switch {
	case found.How == SignedInDevelopment && a.Development != nil:
		if err := a.Development.Still(ctx); err != nil {
			if errors.Is(err, ErrUnauthenticated) {
				err = ErrSessionEnded
			}
			return Caller{}, err
		}
	case found.How == SignedInOIDC && s.oidc:
	default: // people do not sign in like this any more
		return Caller{}, ErrSessionEnded
	}
	return Caller{Kinds: owner, Subject: found.Subject, Authentication: "session"}, nil
}
