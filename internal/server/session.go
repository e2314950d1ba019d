// Signing in and out of the dashboard.

package server

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/satcap/satcap/internal/auth"
	"github.com/satcap/satcap/internal/config"
	"github.com/satcap/satcap/internal/rpc"
)

// codes holds the one-time code of development mode: one at a time, good once.
type codes struct {
	mu   sync.Mutex
	hash *[sha256.Size]byte // nil: there is none
}

// issue makes a code. The one before it is worth nothing from now on.
func (c *codes) issue() string {
	code := rand.Text()
	hash := sha256.Sum256([]byte(code))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hash = &hash
	return code
}

// take says whether this is the code, and ends it if it is.
func (c *codes) take(code string) bool {
	hash := sha256.Sum256([]byte(code))
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.hash == nil || subtle.ConstantTimeCompare(hash[:], c.hash[:]) != 1 {
		return false
	}
	c.hash = nil
	return true
}

// sessions serves /session and /ui.json.
type sessions struct {
	callers *callers
	cfg     config.Server
	log     *slog.Logger
	codes   codes
	oidc    *oidcLogin // nil: no provider
}

func newSessions(cfg config.Server, c *callers, seal *auth.Seal, log *slog.Logger) *sessions {
	s := &sessions{callers: c, cfg: cfg, log: log}
	if cfg.OIDC.Configured() {
		s.oidc = newOIDCLogin(cfg, seal, log)
	}
	return s
}

func (s *sessions) mount(mux *http.ServeMux) {
	mux.HandleFunc("GET /ui.json", s.serveUI)
	mux.HandleFunc("GET /session", s.serveWho)
	mux.HandleFunc("POST /session", s.serveSignIn)
	mux.HandleFunc("DELETE /session", s.serveSignOut)
	mux.HandleFunc("POST /session/code", s.serveCode)
	if s.oidc != nil {
		mux.HandleFunc("GET /session/login", s.serveLogin)
		mux.HandleFunc("GET /session/callback", s.serveCallback)
	}
}

// answer writes JSON that nobody keeps.
func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client is gone
}

func refuse(w http.ResponseWriter, status int) {
	answer(w, status, map[string]string{"error": http.StatusText(status)})
}

// stillDeveloping says whether the development token, and what began with it,
// is worth something: nil, [auth.ErrUnauthenticated], or the store's error.
func (s *sessions) stillDeveloping(ctx context.Context) error {
	if s.callers.Development == nil {
		return auth.ErrUnauthenticated
	}
	return s.callers.Development.Still(ctx)
}

// serveUI says how people sign in here, now.
func (s *sessions) serveUI(w http.ResponseWriter, r *http.Request) {
	how := "token"
	switch {
	case s.oidc != nil:
		how = "oidc"
	case !errors.Is(s.stillDeveloping(r.Context()), auth.ErrUnauthenticated):
		how = "development"
	}
	answer(w, http.StatusOK, map[string]any{"signIn": how, "embedOrigins": append([]string{}, s.cfg.EmbedOrigins...)})
}

// serveWho says who is signed in. Only the session counts here.
func (s *sessions) serveWho(w http.ResponseWriter, r *http.Request) {
	sent, client := rpc.CredentialsOf(r.Context())
	if sent.Session == "" && !sent.Unclear {
		refuse(w, http.StatusUnauthorized)
		return
	}
	caller, err := s.callers.Authenticate(r.Context(), auth.Credentials{Session: sent.Session, Unclear: sent.Unclear})
	switch {
	case errors.Is(err, auth.ErrUnauthenticated):
		http.SetCookie(w, s.callers.Sessions.End()) // it is of no more use
		refuse(w, s.refused(err, client))
	case err != nil:
		refuse(w, http.StatusServiceUnavailable)
	default:
		answer(w, http.StatusOK, map[string]string{"subject": caller.Subject, "authentication": caller.Authentication})
	}
}

// refused counts a wrong proof, and a session that has ended is none. It returns
// the status to answer.
func (s *sessions) refused(err error, client netip.Addr) int {
	if !errors.Is(err, auth.ErrSessionEnded) && errors.Is(s.callers.failures.Refuse(client), auth.ErrTooManyFailures) {
		return http.StatusTooManyRequests
	}
	return http.StatusUnauthorized
}

// readCode reads the body of a sign-in: a code, and nothing beside or after it.
func readCode(body io.Reader) (string, error) {
	var sent struct {
		Code string `json:"code"`
	}
	decoder := json.NewDecoder(body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&sent); err != nil {
		return "", err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return "", errors.New("more than one value")
	}
	return strings.TrimSpace(sent.Code), nil
}

// serveSignIn exchanges a one-time code for a session.
func (s *sessions) serveSignIn(w http.ResponseWriter, r *http.Request) {
	// A form of another site cannot send this type.
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		refuse(w, http.StatusUnsupportedMediaType)
		return
	}
	code, err := readCode(http.MaxBytesReader(w, r.Body, 1<<10))
	if err != nil {
		refuse(w, http.StatusBadRequest)
		return
	}
	_, client := rpc.CredentialsOf(r.Context())
	err = s.stillDeveloping(r.Context())
	if err == nil && !s.codes.take(code) {
		err = auth.ErrUnauthenticated
	}
	switch {
	case errors.Is(err, auth.ErrUnauthenticated):
		refuse(w, s.refused(err, client))
	case err != nil:
		refuse(w, http.StatusServiceUnavailable)
	case s.begin(w, auth.DevelopmentSubject, auth.SignedInDevelopment):
		answer(w, http.StatusOK, map[string]string{"subject": auth.DevelopmentSubject, "authentication": "session"})
	}
}

// begin gives the browser a session.
func (s *sessions) begin(w http.ResponseWriter, subject, how string) bool {
	cookie, err := s.callers.Sessions.Begin(subject, how)
	if err != nil { // such as one that would be too long for a cookie
		s.log.Error("a session could not be made", "error", err)
		refuse(w, http.StatusInternalServerError)
		return false
	}
	http.SetCookie(w, cookie)
	return true
}

// serveSignOut ends the session, in the browser that has it and for whoever has
// a copy of its cookie.
func (s *sessions) serveSignOut(w http.ResponseWriter, r *http.Request) {
	sent, _ := rpc.CredentialsOf(r.Context())
	s.callers.Sessions.SignOut(sent.Session)
	http.SetCookie(w, s.callers.Sessions.End())
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNoContent)
}

// serveCode makes another one-time code for whoever has the development token.
func (s *sessions) serveCode(w http.ResponseWriter, r *http.Request) {
	sent, client := rpc.CredentialsOf(r.Context())
	sent.Session = "" // a session must not be able to make others
	if sent.None() {
		refuse(w, http.StatusUnauthorized)
		return
	}
	sent.Exhausted = func() bool { return s.callers.failures.Exhausted(client) }
	caller, err := s.callers.Authenticate(r.Context(), sent)
	switch {
	case errors.Is(err, auth.ErrTooManyFailures),
		errors.Is(err, auth.ErrUnauthenticated) && errors.Is(s.callers.failures.Refuse(client), auth.ErrTooManyFailures):
		refuse(w, http.StatusTooManyRequests)
	case errors.Is(err, auth.ErrUnauthenticated):
		refuse(w, http.StatusUnauthorized)
	case err != nil:
		refuse(w, http.StatusServiceUnavailable)
	case caller.Authentication != "development token":
		refuse(w, http.StatusForbidden)
	default:
		answer(w, http.StatusOK, map[string]any{"code": s.codes.issue()})
	}
}

// sameOrigin refuses what another site makes a browser send along with its
// cookie. Whatever proves itself by a header is not the browser's doing, and
// passes: it comes from a listed origin or from no page at all.
func sameOrigin(apiKeyHeader string, next http.Handler) http.Handler {
	protect := http.NewCrossOriginProtection().Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isCall(r) || (!provesByHeader(r, apiKeyHeader) && len(r.CookiesNamed(auth.SessionCookie)) > 0) {
			protect.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func provesByHeader(r *http.Request, apiKeyHeader string) bool {
	return len(r.Header.Values("Authorization")) > 0 || len(r.Header.Values(apiKeyHeader)) > 0
}

// isCall says whether a request is about anything but signing in and out.
func isCall(r *http.Request) bool {
	return r.URL.Path != "/session" && !strings.HasPrefix(r.URL.Path, "/session/")
}

// takeBack has the browser forget a session that is refused, so that a page
// which goes on asking with it, every few seconds, does so only once.
func (s *sessions) takeBack(apiKeyHeader string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent, _ := rpc.CredentialsOf(r.Context())
		if r.Method == http.MethodPost && isCall(r) && sent.Session != "" && !provesByHeader(r, apiKeyHeader) {
			if _, err := s.callers.Authenticate(r.Context(), sent); errors.Is(err, auth.ErrUnauthenticated) {
				http.SetCookie(w, s.callers.Sessions.End())
			}
		}
		next.ServeHTTP(w, r)
	})
}

// newCallersSessions are the sessions that these settings accept.
func newCallersSessions(cfg config.Server) (*auth.Sessions, *auth.Seal, error) {
	key, err := cfg.SessionKeyBytes()
	if err != nil {
		return nil, nil, err
	}
	seal := auth.NewSeal(key)
	return auth.NewSessions(seal, cfg.OIDC.Configured(), time.Now), seal, nil
}

// Close ends the connections to the provider.
func (s *sessions) Close() {
	if s.oidc != nil {
		s.oidc.provider.Close()
	}
}
