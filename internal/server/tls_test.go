// TLS by certificate files: both versions of HTTP, and nothing in the clear.

package server_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/satcap/satcap/internal/server"
)

// newCertificate writes a self-signed certificate for 127.0.0.1 and its key.
func newCertificate(t *testing.T) (certFile, keyFile string, roots *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "satcap test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	require.NoError(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	require.NoError(t, os.WriteFile(certFile, cert, 0o600))
	require.NoError(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), 0o600))
	roots = x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(cert))
	return certFile, keyFile, roots
}

func startTLS(t *testing.T) (*running, *x509.CertPool) {
	t.Helper()
	cfg := settings(t)
	var roots *x509.CertPool
	cfg.TLSCert, cfg.TLSKey, roots = newCertificate(t)
	return start(t, cfg), roots
}

// tlsClient speaks one version of HTTP over TLS.
func tlsClient(t *testing.T, config *tls.Config, http2 bool) *http.Client {
	t.Helper()
	var protocols http.Protocols
	protocols.SetHTTP1(!http2)
	protocols.SetHTTP2(http2)
	transport := &http.Transport{TLSClientConfig: config, Protocols: &protocols}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: soon}
}

func TestTLS(t *testing.T) {
	r, roots := startTLS(t)
	for version, http2 := range map[int]bool{1: false, 2: true} {
		res, body := get(t, tlsClient(t, &tls.Config{RootCAs: roots}, http2), "https://"+r.Addr()+"/readyz")
		require.Equal(t, http.StatusOK, res.StatusCode, body)
		require.Equal(t, version, res.ProtoMajor)
	}
	conn, err := grpc.NewClient(r.Addr(), grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{RootCAs: roots})))
	require.NoError(t, err)
	defer conn.Close()
	res, err := grpc_health_v1.NewHealthClient(conn).Check(t.Context(), &grpc_health_v1.HealthCheckRequest{})
	require.NoError(t, err)
	require.Equal(t, grpc_health_v1.HealthCheckResponse_SERVING, res.GetStatus())
}

func TestTLSRefuses(t *testing.T) {
	r, roots := startTLS(t)
	t.Run("PlaintextHTTP1", func(t *testing.T) {
		res, body := get(t, httpClient(t, false), "http://"+r.Addr()+"/healthz")
		require.Equal(t, http.StatusBadRequest, res.StatusCode)
		require.NotContains(t, body, "alive")
	})
	t.Run("PlaintextHTTP2", func(t *testing.T) {
		_, err := httpClient(t, true).Get("http://" + r.Addr() + "/healthz")
		require.Error(t, err)
	})
	t.Run("OldTLS", func(t *testing.T) {
		config := &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
		_, err := tlsClient(t, config, false).Get("https://" + r.Addr() + "/healthz")
		require.ErrorContains(t, err, "protocol version")
	})
}

func TestTLSFilesAreWrong(t *testing.T) {
	requireNoLeak(t)
	cert, _, _ := newCertificate(t)
	_, otherKey, _ := newCertificate(t)
	for name, c := range map[string]struct{ cert, key, want string }{
		"Missing":  {"/nowhere/cert.pem", otherKey, "no such file"},
		"OtherKey": {cert, otherKey, "does not match"},
		"Swapped":  {otherKey, cert, "may have been switched"},
		"NotPEM":   {"tls_test.go", "tls_test.go", "PEM"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := settings(t)
			cfg.TLSCert, cfg.TLSKey = c.cert, c.key
			_, err := server.New(t.Context(), cfg, slog.New(slog.DiscardHandler))
			require.ErrorContains(t, err, "--tls-cert, --tls-key")
			require.ErrorContains(t, err, c.want)
		})
	}
}
