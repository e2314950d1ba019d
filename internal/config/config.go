// Package config is the settings of a server and what makes them valid.
package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/satcap/satcap/internal/apikey"
)

// Server is the settings of a server.
type Server struct {
	// Listen is the address to listen on, host:port.
	Listen string
	// DB is the database: see ParseDB.
	DB string
	// TLSCert and TLSKey are PEM files; both or neither.
	TLSCert, TLSKey string
	// DevToken is the token of development mode; empty: one is made.
	DevToken string
	// SecretPrefix begins the secrets of new API keys.
	SecretPrefix string
	// HoldTTL is how long a hold counts if the request does not say: 1 s to 30 d.
	HoldTTL time.Duration
	// ShutdownTimeout is how long calls in progress may take at shutdown.
	ShutdownTimeout time.Duration
	// LogLevel is debug, info, warn or error; LogFormat is text or json.
	LogLevel, LogFormat string
}

// Defaults are the settings of a server that is told nothing.
func Defaults() Server {
	return Server{
		Listen:          "127.0.0.1:8080",
		DB:              "sqlite:satcap.db",
		SecretPrefix:    apikey.DefaultPrefix,
		HoldTTL:         24 * time.Hour,
		ShutdownTimeout: 10 * time.Second,
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
	if err := s.checkListen(); err != nil {
		errs = append(errs, err)
	}
	if strings.ContainsFunc(s.DevToken, func(r rune) bool { return r <= ' ' || r > '~' }) {
		errs = append(errs, errors.New("SATCAP_DEV_TOKEN must be ASCII without spaces: a header cannot carry it otherwise"))
	}
	return errors.Join(errs...)
}

// Level is LogLevel as slog has it.
func (s Server) Level() (slog.Level, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(s.LogLevel)); err != nil {
		return 0, errors.New("--log-level must be debug, info, warn or error")
	}
	return level, nil
}

// checkListen refuses an address that others can reach: the server is in
// development mode, in which one token may do everything.
func (s Server) checkListen() error {
	host, _, err := net.SplitHostPort(s.Listen)
	if err != nil {
		return fmt.Errorf("--listen %q must be HOST:PORT", s.Listen)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("--listen %q can be reached from other machines, and no authentication is configured: use 127.0.0.1, ::1 or localhost", s.Listen)
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
