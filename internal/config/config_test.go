// Every setting that is refused, and that the message names the flag and the fix.

package config_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/config"
)

func TestDefaultsAreValid(t *testing.T) {
	t.Parallel()
	d := config.Defaults()
	require.NoError(t, d.Validate())
	// What a server does that is told nothing is part of the promise.
	require.Equal(t, "127.0.0.1:8080", d.Listen)
	require.Equal(t, "sqlite:satcap.db", d.DB)
	require.Equal(t, "satcap_", d.SecretPrefix)
	require.Equal(t, 24*time.Hour, d.HoldTTL)
	require.Equal(t, 10*time.Second, d.ShutdownTimeout)
	require.Empty(t, d.DevToken)
	require.Empty(t, d.BlinkListen, "whoever reaches it may spend")
	require.Empty(t, d.TLSCert+d.TLSKey)
}

func TestValidate(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for _, c := range []struct {
		name string
		edit func(*config.Server)
		want []string // in the message; none: the settings are valid
	}{
		{"DBOther", func(s *config.Server) { s.DB = "mysql://x" }, []string{"--db", "sqlite:PATH", "postgres://USER:PASSWORD@HOST/NAME"}},
		{"DBEmpty", func(s *config.Server) { s.DB = "" }, []string{"--db", "sqlite:PATH"}},

		{"BlinkListenPort", func(s *config.Server) { s.BlinkListen = "6686" }, []string{"--blink-listen", "HOST:PORT"}},
		{"BlinkListen", func(s *config.Server) { s.BlinkListen = "10.0.0.7:6686" }, nil},

		{"CertWithoutKey", func(s *config.Server) { s.TLSCert = "c.pem" }, []string{"--tls-cert", "--tls-key", "both or neither"}},
		{"KeyWithoutCert", func(s *config.Server) { s.TLSKey = "k.pem" }, []string{"--tls-cert", "--tls-key", "both or neither"}},
		{"CertAndKey", func(s *config.Server) { s.TLSCert, s.TLSKey = "c.pem", "k.pem" }, nil},

		{"PrefixEmpty", func(s *config.Server) { s.SecretPrefix = "" }, []string{"--secret-prefix", "1 to 32"}},
		{"PrefixLong", func(s *config.Server) { s.SecretPrefix = strings.Repeat("a", 33) }, []string{"--secret-prefix", "1 to 32"}},
		{"PrefixLongest", func(s *config.Server) { s.SecretPrefix = strings.Repeat("a", 32) }, nil},
		{"PrefixImported", func(s *config.Server) { s.ImportedSecretPrefix = "blink_" }, nil},
		{"PrefixImportedSame", func(s *config.Server) { s.ImportedSecretPrefix = s.SecretPrefix }, nil},
		{"PrefixImportedSpace", func(s *config.Server) { s.ImportedSecretPrefix = "my key" }, []string{"--imported-secret-prefix", "letters, digits"}},
		{"PrefixImportedOfTokens", func(s *config.Server) { s.ImportedSecretPrefix = "satcapsvc_x" }, []string{"--imported-secret-prefix", "tokens of services"}},
		{"PrefixSpace", func(s *config.Server) { s.SecretPrefix = "my key" }, []string{"--secret-prefix", "letters, digits"}},

		{"TTLShort", func(s *config.Server) { s.HoldTTL = time.Second - 1 }, []string{"--hold-ttl", "from 1s to 720h"}},
		{"TTLShortest", func(s *config.Server) { s.HoldTTL = time.Second }, nil},
		{"TTLLong", func(s *config.Server) { s.HoldTTL = 30*day + 1 }, []string{"--hold-ttl", "from 1s to 720h"}},
		{"TTLLongest", func(s *config.Server) { s.HoldTTL = 30 * day }, nil},

		{"ShutdownNegative", func(s *config.Server) { s.ShutdownTimeout = -1 }, []string{"--shutdown-timeout", "not be negative"}},
		{"ShutdownAtOnce", func(s *config.Server) { s.ShutdownTimeout = 0 }, nil},

		{"LevelOther", func(s *config.Server) { s.LogLevel = "loud" }, []string{"--log-level", "debug, info, warn or error"}},
		{"LevelEmpty", func(s *config.Server) { s.LogLevel = "" }, []string{"--log-level", "debug, info, warn or error"}},
		{"FormatOther", func(s *config.Server) { s.LogFormat = "xml" }, []string{"--log-format", "text or json"}},
		{"FormatJSON", func(s *config.Server) { s.LogFormat = "json" }, nil},

		{"TokenSpace", func(s *config.Server) { s.DevToken = "very secret" }, []string{"SATCAP_DEV_TOKEN", "without spaces"}},
		{"TokenNewline", func(s *config.Server) { s.DevToken = "secret\n" }, []string{"SATCAP_DEV_TOKEN", "without spaces"}},
		{"TokenNotASCII", func(s *config.Server) { s.DevToken = "sécret" }, []string{"SATCAP_DEV_TOKEN", "ASCII"}},
		{"Token", func(s *config.Server) { s.DevToken = "s3cret-._~+/=" }, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := config.Defaults()
			c.edit(&s)
			err := s.Validate()
			if c.want == nil {
				require.NoError(t, err)
				return
			}
			for _, want := range c.want {
				require.ErrorContains(t, err, want)
			}
			if s.DevToken != "" {
				require.NotContains(t, err.Error(), s.DevToken)
			}
		})
	}
}

// TestValidateSaysAllAtOnce spares whoever sets a server up one start per mistake.
func TestValidateSaysAllAtOnce(t *testing.T) {
	t.Parallel()
	err := config.Server{Listen: "80", TLSKey: "k", HoldTTL: -1, ShutdownTimeout: -1, DevToken: " "}.Validate()
	for _, flag := range []string{
		"--db", "--tls-cert", "--secret-prefix", "--hold-ttl", "--shutdown-timeout", "--log-level", "--log-format", "--listen", "--api-key-header", "SATCAP_DEV_TOKEN",
	} {
		require.ErrorContains(t, err, flag)
	}
}

// TestListen: in development mode only this machine may reach the server.
func TestListen(t *testing.T) {
	t.Parallel()
	for _, listen := range []string{
		"127.0.0.1:8080", "127.0.0.1:0", "127.0.0.2:8080", "[::1]:8080", "localhost:8080", "[::ffff:127.0.0.1]:8080",
	} {
		s := config.Defaults()
		s.Listen = listen
		require.NoError(t, s.Validate(), listen)
		require.NoError(t, s.CheckDevelopment(), listen)
	}
	for _, listen := range []string{
		"0.0.0.0:8080", ":8080", "[::]:8080", "8.8.8.8:8080", "192.168.1.5:8080", "10.0.0.1:80", "[2001:db8::1]:8080", "[fe80::1]:80",
		"[::ffff:0.0.0.0]:8080", "[::ffff:8.8.8.8]:8080", "[::1%lo]:8080", "0:8080", "127.1:8080", "2130706433:8080",
		"example.com:8080", "localhost.example.com:8080", "127.0.0.1.nip.io:8080", "localhost.:8080",
	} {
		s := config.Defaults()
		s.Listen = listen
		require.NoError(t, s.Validate(), "with callers configured it is fine: %s", listen)
		err := s.CheckDevelopment()
		require.ErrorContains(t, err, "--listen", listen)
		require.ErrorContains(t, err, listen)
		require.ErrorContains(t, err, "use 127.0.0.1, ::1 or localhost", listen)
		require.ErrorContains(t, err, "no authentication is configured", listen)
	}
	for _, listen := range []string{"", "8080", "127.0.0.1", "localhost", "::1:8080", "http://127.0.0.1:8080"} {
		s := config.Defaults()
		s.Listen = listen
		require.ErrorContains(t, s.Validate(), "HOST:PORT", listen)
		require.ErrorContains(t, s.CheckDevelopment(), "HOST:PORT", listen)
	}
}

func TestLevel(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]slog.Level{
		"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
	} {
		level, err := config.Server{LogLevel: text}.Level()
		require.NoError(t, err)
		require.Equal(t, want, level)
	}
}

func TestParseDB(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]config.DB{
		"sqlite:satcap.db":             {SQLitePath: "satcap.db"},
		"sqlite:/var/lib/satcap/a.db":  {SQLitePath: "/var/lib/satcap/a.db"},
		"sqlite:a b?c#d%20.db":         {SQLitePath: "a b?c#d%20.db"},
		"postgres://u:p@h/n":           {PostgresURL: "postgres://u:p@h/n"},
		"postgresql://u@h:5433/n?x=on": {PostgresURL: "postgresql://u@h:5433/n?x=on"},
	} {
		db, err := config.ParseDB(text)
		require.NoError(t, err, text)
		require.Equal(t, want, db)
	}
	for _, text := range []string{
		"", "sqlite", "sqlite:", "satcap.db", "SQLITE:x", "postgres:", "host=h user=u password=hunter2", "mysql://u:hunter2@h/n", " sqlite:x",
	} {
		db, err := config.ParseDB(text)
		require.Zero(t, db)
		require.ErrorContains(t, err, "--db must be sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME", text)
		require.NotContains(t, err.Error(), "hunter2")
	}
	_, err := config.ParseDB("sqlite::memory:")
	require.ErrorContains(t, err, "--db sqlite::memory: a database in memory would lose what was acknowledged: give sqlite:PATH")
}
