// The port and what may keep it busy; the token and where it is seen.

package server_test

import (
	"bytes"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/config"
	"github.com/satcap/satcap/internal/server"
)

func TestPortInUse(t *testing.T) {
	first := start(t, settings(t))
	cfg := settings(t)
	cfg.Listen = first.Addr()
	_, err := server.New(t.Context(), cfg, slog.New(slog.DiscardHandler))
	require.ErrorContains(t, err, "--listen")
	require.ErrorContains(t, err, first.Addr())
	require.ErrorContains(t, err, "address already in use")
}

// TestNewRefuses: what is wrong is said before anything is opened.
func TestNewRefuses(t *testing.T) {
	requireNoLeak(t)
	for _, listen := range []string{"8080", "0.0.0.0:0"} {
		cfg := settings(t)
		cfg.Listen = listen
		_, err := server.New(t.Context(), cfg, slog.New(slog.DiscardHandler))
		require.ErrorContains(t, err, "--listen")
		require.NoFileExists(t, strings.TrimPrefix(cfg.DB, "sqlite:"))
	}
}

// TestPublicWithCallers: with callers configured, others may reach the server,
// and the development token, given or made, is worth nothing.
func TestPublicWithCallers(t *testing.T) {
	_, authorities := newAuthority(t)
	for name, edit := range map[string]func(*config.Server){
		"JWT": func(s *config.Server) {
			s.JWT.JWKS = filepath.Join(t.TempDir(), "jwks.json")
			require.NoError(t, os.WriteFile(s.JWT.JWKS, []byte(`{"keys":[]}`), 0o600))
			s.JWT.Issuer, s.JWT.Audience = "issuer", "satcap"
		},
		"ServiceToken": func(s *config.Server) {
			db, err := config.ParseDB(s.DB)
			require.NoError(t, err)
			opened, err := server.OpenStore(t.Context(), db)
			require.NoError(t, err)
			_, err = opened.Migrate(t.Context())
			require.NoError(t, err)
			_, err = server.CreateToken(t.Context(), opened, "core", []string{"spend"})
			require.NoError(t, err)
			require.NoError(t, opened.Close())
		},
		"ClientCA": func(s *config.Server) {
			s.TLSCert, s.TLSKey, _ = newCertificate(t)
			s.TLSClientCA, s.ClientSANs = authorities, []string{"core=spend"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := settings(t)
			cfg.Listen = "0.0.0.0:0"
			edit(&cfg)
			r := start(t, cfg)
			var announced bytes.Buffer
			r.Announce(&announced)
			require.NotContains(t, announced.String(), "development")
			require.NotContains(t, announced.String(), "token")
			if name != "ClientCA" { // which speaks TLS: see TestClientCertificates
				err := r.clients(false, token).reserve("00000000-0000-4000-8000-000000000000", "s")
				require.Equal(t, connect.CodeUnauthenticated, connect.CodeOf(err))
			}
		})
	}
}

// TestTimeouts: a client that says nothing does not keep a connection.
func TestTimeouts(t *testing.T) {
	r := start(t, settings(t), func(s *server.Server) {
		require.Equal(t, 5*time.Second, s.HTTP().ReadHeaderTimeout)
		require.Equal(t, 30*time.Second, s.HTTP().ReadTimeout)
		require.Equal(t, 2*time.Minute, s.HTTP().IdleTimeout)
		require.Equal(t, 16<<10, s.HTTP().MaxHeaderBytes)
		s.HTTP().ReadHeaderTimeout = 100 * time.Millisecond
	})
	for name, said := range map[string]string{
		"Nothing":     "",
		"HalfAHeader": "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ",
		"HalfAHTTP2":  "PRI * HTTP/2.0\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", r.Addr())
			require.NoError(t, err)
			defer conn.Close()
			_, err = io.WriteString(conn, said)
			require.NoError(t, err)
			require.NoError(t, conn.SetReadDeadline(time.Now().Add(soon)))
			answer, err := io.ReadAll(conn)
			if err != nil {
				require.ErrorContains(t, err, "connection reset")
			}
			require.NotContains(t, string(answer), "200 OK")
		})
	}
}

func TestHeadersAreBounded(t *testing.T) {
	r := start(t, settings(t))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+r.Addr()+"/healthz", nil)
	require.NoError(t, err)
	req.Header.Set("X-Long", strings.Repeat("x", 32<<10))
	res, err := httpClient(t, false).Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusRequestHeaderFieldsTooLarge, res.StatusCode)
}

// TestMadeToken: the token that the server made is shown once, to whoever
// started it, and it works.
func TestMadeToken(t *testing.T) {
	cfg := settings(t)
	cfg.DevToken = ""
	r := start(t, cfg)
	var announced bytes.Buffer
	r.Announce(&announced)
	found := regexp.MustCompile(`(?m)^token for this run: (dev_[A-Z2-7]{26})$`).FindAllStringSubmatch(announced.String(), -1)
	require.Len(t, found, 1, announced.String())
	made := found[0][1]
	require.Equal(t, 1, strings.Count(announced.String(), made))
	require.Contains(t, announced.String(), "http://"+r.Addr()+" (development mode: this machine only)")

	c := r.clients(false, made)
	require.NoError(t, c.reserve(c.newKey(t), "s"))
	err := r.clients(false, made[:len(made)-1]).reserve("00000000-0000-0000-0000-000000000000", "s")
	require.Equal(t, connect.CodeUnauthenticated, connect.CodeOf(err))
	r.end()
	require.Contains(t, r.log.String(), "ReserveSpend")
	require.NotContains(t, r.log.String(), made[len("dev_"):len(made)-1])

	cfg = settings(t)
	cfg.DevToken = ""
	another := start(t, cfg)
	announced.Reset()
	another.Announce(&announced)
	require.NotContains(t, announced.String(), made, "every run has its own")
}

// TestGivenToken: a token that was given is shown nowhere.
func TestGivenToken(t *testing.T) {
	cfg := settings(t)
	cfg.DevToken = "given-token-hunter2"
	r := start(t, cfg)
	c := r.clients(true, cfg.DevToken)
	require.NoError(t, c.reserve(c.newKey(t), "s"))
	err := r.clients(true, token).reserve("00000000-0000-0000-0000-000000000000", "s")
	require.Equal(t, connect.CodeUnauthenticated, connect.CodeOf(err))
	var announced bytes.Buffer
	r.Announce(&announced)
	r.end()
	require.NotContains(t, announced.String(), "token")
	require.NotContains(t, announced.String()+r.log.String(), "hunter2")
	require.NotContains(t, r.log.String(), token, "the wrong one neither")
}
