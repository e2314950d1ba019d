// Package config is the settings of a server and what makes them valid.
package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/satcap/satcap/internal/apikey"
	"github.com/satcap/satcap/internal/auth"
)

// Server is the settings of a server.
type Server struct {
	// Listen is the address to listen on, host:port.
	Listen string
	// BlinkListen is the address for Blink's contract without credentials,
	// host:port; empty: there is none.
	BlinkListen string
	// DB is the database: see ParseDB.
	DB string
	// TLSCert and TLSKey are PEM files; both or neither.
	TLSCert, TLSKey string
	// TLSClientCA is a PEM file with the authorities of client certificates;
	// ClientSANs maps the names in such certificates to roles, NAME=ROLE+ROLE.
	TLSClientCA string
	ClientSANs  []string
	// JWT says which tokens of owners are accepted.
	JWT JWT
	// APIKeyHeader is the header that carries the secret of an API key.
	APIKeyHeader string
	// CORSOrigins are the origins whose pages may call directly.
	CORSOrigins []string
	// OIDC is where people sign in; PublicURL is where browsers reach the server.
	OIDC      OIDC
	PublicURL string
	// SessionKey seals sessions, 64 hexadecimal digits; empty: one is made.
	SessionKey string
	// EmbedOrigins are the origins whose pages may show the dashboard in a frame.
	EmbedOrigins []string
	// TrustedProxies are addresses and networks whose X-Forwarded-For is believed.
	TrustedProxies []string
	// DevToken is the token of development mode; empty: one is made.
	DevToken string
	// SecretPrefix begins the secrets of new API keys.
	SecretPrefix string
	// ImportedSecretPrefix begins the secrets of imported API keys; empty: there
	// are none.
	ImportedSecretPrefix string
	// HoldTTL is how long a hold counts if the request does not say: 1 s to 30 d.
	HoldTTL time.Duration
	// ShutdownTimeout is how long calls in progress may take at shutdown.
	ShutdownTimeout time.Duration
	// LogLevel is debug, info, warn or error; LogFormat is text or json.
	LogLevel, LogFormat string
}

// JWT says which tokens of owners are accepted. JWKS, Issuer and Audience go
// together; without them no token is.
type JWT struct {
	// JWKS is the URL or the file of the key set that tokens are signed with.
	JWKS string
	// Issuer and Audience must be those of the token.
	Issuer, Audience string
	// SubjectClaim, ScopeClaim and KeyClaim name claims.
	SubjectClaim, ScopeClaim, KeyClaim string
	// DefaultScope is what a token without a scope claim may do.
	DefaultScope string
}

// headerName is what a header may be called (RFC 9110, section 5.6.2).
var headerName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")

// takenHeaders mean something else already, to the server or on the way to it.
var takenHeaders = []string{
	"authorization", "cookie", "host", "origin", "connection", "content-type", "content-length", "content-encoding",
	"transfer-encoding", "te", "upgrade", "user-agent", "accept", "accept-encoding", "x-forwarded-for", "forwarded", "x-request-id",
	"connect-protocol-version", "connect-timeout-ms", "grpc-timeout", "grpc-encoding", "grpc-accept-encoding",
}

// Configured says whether tokens are accepted.
func (j JWT) Configured() bool { return j.JWKS != "" }

// Defaults are the settings of a server that is told nothing.
func Defaults() Server {
	return Server{
		Listen:          "127.0.0.1:8080",
		DB:              "sqlite:satcap.db",
		SecretPrefix:    apikey.DefaultPrefix,
		HoldTTL:         24 * time.Hour,
		ShutdownTimeout: 10 * time.Second,
		APIKeyHeader:    "X-API-KEY",
		JWT:             JWT{SubjectClaim: "sub", ScopeClaim: "scope", KeyClaim: "api_key_id"},
		LogLevel:        "info",
		LogFormat:       "text",
	}
}

// Validate says what is wrong with the settings, naming the flag and the fix.
func (s Server) Validate() error {
	var errs []error
	if _, err := ParseDB(s.DB); err != nil {
		errs = append(errs, err)
	}
	if (s.TLSCert == "") != (s.TLSKey == "") {
		errs = append(errs, errors.New("--tls-cert and --tls-key go together: give both or neither"))
	}
	if err := apikey.Prefix(s.SecretPrefix).Validate(); err != nil {
		errs = append(errs, fmt.Errorf("--secret-prefix: %w", err))
	}
	if strings.HasPrefix(s.SecretPrefix, string(auth.TokenPrefix)) {
		errs = append(errs, fmt.Errorf("--secret-prefix must not begin with %s, as the tokens of services do", auth.TokenPrefix))
	}
	if s.ImportedSecretPrefix != "" {
		if err := apikey.Prefix(s.ImportedSecretPrefix).Validate(); err != nil {
			errs = append(errs, fmt.Errorf("--imported-secret-prefix: %w", err))
		}
		if strings.HasPrefix(s.ImportedSecretPrefix, string(auth.TokenPrefix)) {
			errs = append(errs, fmt.Errorf("--imported-secret-prefix must not begin with %s, as the tokens of services do", auth.TokenPrefix))
		}
	}
	if s.HoldTTL < time.Second || s.HoldTTL > 30*24*time.Hour {
		errs = append(errs, errors.New("--hold-ttl must be from 1s to 720h (30 days)"))
	}
	if s.ShutdownTimeout < 0 {
		errs = append(errs, errors.New("--shutdown-timeout must not be negative"))
	}
	if _, err := s.Level(); err != nil {
		errs = append(errs, err)
	}
	if s.LogFormat != "text" && s.LogFormat != "json" {
		errs = append(errs, errors.New("--log-format must be text or json"))
	}
	if _, _, err := net.SplitHostPort(s.Listen); err != nil {
		errs = append(errs, fmt.Errorf("--listen %q must be HOST:PORT", s.Listen))
	}
	if _, _, err := net.SplitHostPort(s.BlinkListen); s.BlinkListen != "" && err != nil {
		errs = append(errs, fmt.Errorf("--blink-listen %q must be HOST:PORT", s.BlinkListen))
	}
	errs = append(errs, s.checkAccess()...)
	errs = append(errs, s.checkSessions()...)
	if strings.ContainsFunc(s.DevToken, func(r rune) bool { return r <= ' ' || r > '~' }) {
		errs = append(errs, errors.New("SATCAP_DEV_TOKEN must be ASCII without spaces: a header cannot carry it otherwise"))
	}
	return errors.Join(errs...)
}

// Secrets is what the secrets of API keys look like.
func (s Server) Secrets() apikey.Accepted {
	return apikey.Accepted{Own: apikey.Prefix(s.SecretPrefix), Imported: apikey.Prefix(s.ImportedSecretPrefix)}
}

// Level is LogLevel as slog has it.
func (s Server) Level() (slog.Level, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(s.LogLevel)); err != nil {
		return 0, errors.New("--log-level must be debug, info, warn or error")
	}
	return level, nil
}

// checkAccess says what is wrong with the settings of who may call.
func (s Server) checkAccess() []error {
	var errs []error
	j := s.JWT
	if set := j.JWKS != ""; set != (j.Issuer != "") || set != (j.Audience != "") {
		errs = append(errs, errors.New("--jwt-jwks, --jwt-issuer and --jwt-audience go together: give all three or none"))
	}
	if j.SubjectClaim == "" || j.ScopeClaim == "" || j.KeyClaim == "" {
		errs = append(errs, errors.New("--jwt-subject-claim, --jwt-scope-claim and --jwt-key-claim must not be empty"))
	}
	if j.SubjectClaim == j.ScopeClaim || j.SubjectClaim == j.KeyClaim || j.ScopeClaim == j.KeyClaim {
		errs = append(errs, errors.New("--jwt-subject-claim, --jwt-scope-claim and --jwt-key-claim must name three different claims"))
	}
	for _, scope := range strings.Fields(j.DefaultScope) {
		if scope != "read" && scope != "write" {
			errs = append(errs, errors.New("--jwt-default-scope must be read, write, or both with a space between"))
		}
	}
	if (s.TLSClientCA == "") != (len(s.ClientSANs) == 0) {
		errs = append(errs, errors.New("--tls-client-ca and --tls-client-san go together: give both or neither"))
	}
	if s.TLSClientCA != "" && s.TLSCert == "" {
		errs = append(errs, errors.New("--tls-client-ca needs --tls-cert and --tls-key: give them too"))
	}
	for _, origin := range s.CORSOrigins {
		u, err := url.Parse(origin)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || strings.ContainsAny(origin, "*") || u.Scheme+"://"+u.Host != origin {
			errs = append(errs, fmt.Errorf("--cors-origin %q must be an origin such as https://app.example.com, without a path or *", origin))
		}
	}
	if _, err := s.Proxies(); err != nil {
		errs = append(errs, err)
	}
	if _, err := s.Certificates(); err != nil {
		errs = append(errs, err)
	}
	if !headerName.MatchString(s.APIKeyHeader) || slices.Contains(takenHeaders, strings.ToLower(s.APIKeyHeader)) {
		errs = append(errs, errors.New("--api-key-header must be the name of a header without another meaning, such as X-API-KEY"))
	}
	return errs
}

// Proxies are the trusted proxies.
func (s Server) Proxies() (auth.Proxies, error) {
	proxies, err := auth.ParseProxies(s.TrustedProxies)
	if err != nil {
		return nil, fmt.Errorf("--trusted-proxy: %w", err)
	}
	return proxies, nil
}

// Certificates reads ClientSANs, NAME=ROLE+ROLE.
func (s Server) Certificates() (auth.Certificates, error) {
	names := make(auth.Certificates)
	for _, entry := range s.ClientSANs {
		name, roles, ok := cutLast(entry, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("--tls-client-san: %q must be NAME=ROLE+ROLE, such as core-api.internal=spend+usage", entry)
		}
		parsed, err := auth.ParseRoles(strings.Split(roles, "+"))
		if err != nil {
			return nil, fmt.Errorf("--tls-client-san: %q: %w", entry, err)
		}
		names[name] |= parsed
	}
	return names, nil
}

// cutLast cuts at the last sep: a name that is a URI may have one of its own.
func cutLast(text, sep string) (before, after string, found bool) {
	i := strings.LastIndex(text, sep)
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+len(sep):], true
}

// ExposedError refuses a server in development mode at an address that others
// can reach.
type ExposedError struct{ Listen string }

// Error is part of error.
func (e *ExposedError) Error() string {
	return fmt.Sprintf("--listen %q can be reached from other machines, and no authentication is configured: "+
		"use 127.0.0.1, ::1 or localhost, or configure callers (satcap tokens create, --jwt-jwks or --tls-client-ca)", e.Listen)
}

// CheckDevelopment refuses an address that others can reach, by an
// [ExposedError], for a server in development mode, in which one token may do
// everything.
func (s Server) CheckDevelopment() error {
	host, _, err := net.SplitHostPort(s.Listen)
	if err != nil {
		return fmt.Errorf("--listen %q must be HOST:PORT", s.Listen)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return &ExposedError{s.Listen}
	}
	return nil
}

// DB names a database.
type DB struct {
	// SQLitePath is the file of an SQLite database; empty: it is Postgres.
	SQLitePath string
	// PostgresURL is the connection string of a Postgres database.
	PostgresURL string
}

// ParseDB reads sqlite:PATH, postgres://... or postgresql://...
func ParseDB(text string) (DB, error) {
	if path, ok := strings.CutPrefix(text, "sqlite:"); ok && path != "" {
		if path == ":memory:" {
			return DB{}, errors.New("--db sqlite::memory: a database in memory would lose what was acknowledged: give sqlite:PATH of a file")
		}
		return DB{SQLitePath: path}, nil
	}
	if strings.HasPrefix(text, "postgres://") || strings.HasPrefix(text, "postgresql://") {
		return DB{PostgresURL: text}, nil
	}
	return DB{}, errors.New("--db must be sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME")
}
