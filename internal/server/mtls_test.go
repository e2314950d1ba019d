// Services by the certificate of their connection.

package server_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// authority signs the certificates of clients.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) (a authority, file string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	file = filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	return authority{cert, key}, file
}

// client makes a client's certificate.
func (a authority) client(t *testing.T, edit func(*x509.Certificate)) []tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	edit(template)
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	require.NoError(t, err)
	return []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}
}

func dns(names ...string) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.DNSNames = names }
}

// anyKey is the id of no key.
const anyKey = `"apiKeyId":"00000000-0000-4000-8000-000000000000"`

// calls is one call for every role, and one that only an owner may make.
var calls = map[string]struct{ path, body string }{
	"spend":  {"SpendService/ReleaseSpend", `{` + anyKey + `,"spendId":"s"}`},
	"usage":  {"UsageService/GetUsage", `{` + anyKey + `}`},
	"verify": {"AuthService/VerifyApiKey", `{"secret":"no secret at all"}`},
	"owner":  {"ApiKeyService/ListApiKeys", `{}`},
}

// post makes a call in JSON.
func post(t *testing.T, c *http.Client, url, path, body string, headers http.Header) (*http.Response, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url+"/satcap.v1."+path, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	for name, values := range headers {
		req.Header[name] = values
	}
	res, err := c.Do(req)
	if err == nil {
		t.Cleanup(func() { _ = res.Body.Close() })
	}
	return res, err
}

// spoofed is what proxies of other platforms send, which proves nothing here.
var spoofed = http.Header{
	"X-Forwarded-For": {"127.0.0.1"}, "X-Forwarded-User": {"core.internal"}, "X-Forwarded-Proto": {"https"}, "Forwarded": {"for=127.0.0.1"},
	"X-Forwarded-Client-Cert": {`By=spiffe://x;Hash=00;URI=spiffe://platform/gateway;DNS=core.internal`},
	"X-User-Id":               {"dev"}, "X-Auth-Subject": {"dev"}, "X-Ssl-Client-S-Dn": {"CN=core.internal"}, "X-Ssl-Client-Verify": {"SUCCESS"},
}

func TestClientCertificates(t *testing.T) {
	own, file := newAuthority(t)
	other, _ := newAuthority(t)
	cfg := settings(t)
	var roots *x509.CertPool
	cfg.TLSCert, cfg.TLSKey, roots = newCertificate(t)
	cfg.TLSClientCA = file
	cfg.ClientSANs = []string{"core.internal=spend", "spiffe://platform/gateway=verify", "dash.internal=usage", "both.internal=spend+usage"}
	cfg.Listen = "0.0.0.0:0" // with an authority it may
	r := start(t, cfg)
	_, port, _ := strings.Cut(r.Addr(), "]:")
	address := "https://127.0.0.1:" + port

	// https is a client with these certificates, at an address of its own: what
	// others failed at does not count against it. It sends them even to a server
	// that says it trusts another authority.
	clients := byte(0)
	https := func(t *testing.T, certificates []tls.Certificate) *http.Client {
		config := &tls.Config{RootCAs: roots}
		if certificates != nil {
			config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &certificates[0], nil }
		}
		clients++
		c := tlsClient(t, config, false)
		dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 1, clients)}}
		c.Transport.(*http.Transport).DialContext = dialer.DialContext
		return c
	}

	for name, certificates := range map[string][]tls.Certificate{
		"WrongCA": other.client(t, dns("core.internal")),
		"Expired": own.client(t, func(c *x509.Certificate) {
			c.DNSNames, c.NotAfter = []string{"core.internal"}, time.Now().Add(-time.Minute)
		}),
		"NotYet": own.client(t, func(c *x509.Certificate) {
			c.DNSNames, c.NotBefore = []string{"core.internal"}, time.Now().Add(time.Minute)
		}),
		"OfServer": own.client(t, func(c *x509.Certificate) {
			c.DNSNames, c.ExtKeyUsage = []string{"core.internal"}, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		}),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := post(t, https(t, certificates), address, calls["spend"].path, calls["spend"].body, nil)
			require.ErrorContains(t, err, "remote error: tls", "the handshake must fail")
		})
	}

	gateway, err := url.Parse("spiffe://platform/gateway")
	require.NoError(t, err)
	for name, c := range map[string]struct {
		certificates []tls.Certificate
		roles        string // empty: nobody
	}{
		"None":       {nil, ""},
		"OtherName":  {own.client(t, dns("evil.internal")), ""},
		"Subdomain":  {own.client(t, dns("x.core.internal")), ""},
		"Wildcard":   {own.client(t, dns("*.internal")), ""},
		"CommonName": {own.client(t, func(c *x509.Certificate) { c.Subject.CommonName = "core.internal" }), ""},
		"NoName":     {own.client(t, dns()), ""},
		"Spend":      {own.client(t, dns("core.internal")), "spend"},
		"Verify":     {own.client(t, func(c *x509.Certificate) { c.URIs = []*url.URL{gateway} }), "verify"},
		"Usage":      {own.client(t, dns("evil.internal", "dash.internal")), "usage"},
		"TwoRoles":   {own.client(t, dns("both.internal")), "spend usage"},
		"TwoNames":   {own.client(t, dns("core.internal", "dash.internal")), "spend usage"},
	} {
		t.Run(name, func(t *testing.T) {
			client := https(t, c.certificates)
			for role, call := range calls {
				for _, headers := range []http.Header{nil, spoofed} {
					res, err := post(t, client, address, call.path, call.body, headers)
					require.NoError(t, err)
					switch {
					case c.roles == "":
						require.Equal(t, http.StatusUnauthorized, res.StatusCode, role)
					case !strings.Contains(c.roles, role):
						require.Equal(t, http.StatusForbidden, res.StatusCode, role)
					case role == "verify": // the caller is let in, the secret is not
						require.Contains(t, readAll(t, res), "SECRET_REFUSED")
					default:
						require.Contains(t, readAll(t, res), "_NOT_FOUND", role)
					}
				}
			}
		})
	}
	// The development token is not there any more.
	res, err := post(t, https(t, nil), address, calls["owner"].path, `{}`, http.Header{"Authorization": {"Bearer " + token}})
	require.NoError(t, err)
	require.Equal(t, http.StatusUnauthorized, res.StatusCode)
}
