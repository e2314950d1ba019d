// Which proof counts where several come, and what services prove themselves by.

package auth_test

import (
	"crypto/x509"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/auth"
	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

// TestPrecedence: the proof that can do least counts, and a wrong one is not
// made good by the next.
func TestPrecedence(t *testing.T) {
	t.Parallel()
	f, s := &keyStore{}, &tokenStore{}
	secret, _ := f.add(t, 1, ledger.ScopeRead)
	writes, _ := f.add(t, 2, ledger.ScopeWrite|ledger.ScopeReceive)
	token := s.add(t, auth.RoleSpend|auth.RoleVerify)
	c := &auth.Callers{
		Keys: knowKeys(t, f), Tokens: auth.NewTokens(s), Development: auth.NewDevelopment("dev_token"),
		Certificates: auth.Certificates{"core.internal": auth.RoleUsage},
	}
	cert := &x509.Certificate{DNSNames: []string{"core.internal"}}
	strange := &x509.Certificate{DNSNames: []string{"other.internal"}}
	asKey := auth.Caller{Kinds: auth.KeyItself, IsKey: true, Subject: "alice", KeyID: ledger.KeyID{1}, Authentication: "api key"}
	asService := auth.Caller{Kinds: auth.ServiceSpends | auth.ServiceVerifies, Subject: "core", Authentication: "service token"}
	asPeer := auth.Caller{Kinds: auth.ServiceReads, Subject: "core.internal", Authentication: "client certificate"}
	asDev := auth.Caller{Kinds: auth.Owner | auth.Service, Subject: "dev", Authentication: "development token"}
	for name, test := range map[string]struct {
		sent auth.Credentials
		want auth.Caller // zero: nobody
	}{
		"nothing":                      {},
		"a secret":                     {auth.Credentials{APIKey: secret}, asKey},
		"a secret as a token":          {bearing("Bearer " + secret), asKey},
		"a key that may not read":      {auth.Credentials{APIKey: writes}, auth.Caller{IsKey: true, Subject: "alice", KeyID: ledger.KeyID{2}, Authentication: "api key"}},
		"a token":                      {bearing("bearer " + token), asService},
		"a certificate":                {auth.Credentials{Certificate: cert}, asPeer},
		"a strange certificate":        {sent: auth.Credentials{Certificate: strange}},
		"the development token":        {bearing("Bearer dev_token"), asDev},
		"a secret over a token":        {auth.Credentials{APIKey: secret, Authorization: "Bearer " + token, Certificate: cert}, asKey},
		"a secret over development":    {auth.Credentials{APIKey: secret, Authorization: "Bearer dev_token"}, asKey},
		"a token over a certificate":   {auth.Credentials{Authorization: "Bearer " + token, Certificate: cert}, asService},
		"a secret over a certificate":  {auth.Credentials{Authorization: "Bearer " + secret, Certificate: cert}, asKey},
		"a wrong secret, a good token": {sent: auth.Credentials{APIKey: "wrong", Authorization: "Bearer " + token, Certificate: cert}},
		"a wrong token, a certificate": {sent: auth.Credentials{Authorization: "Bearer wrong", Certificate: cert}},
		"another scheme, certificate":  {sent: auth.Credentials{Authorization: "Basic wrong", Certificate: cert}},
		"a token where a secret is":    {sent: auth.Credentials{APIKey: token}},
		"a scheme where a secret is":   {sent: auth.Credentials{APIKey: "Bearer " + secret}},
		"a jwt nobody can judge":       {sent: bearing("Bearer a.b.c")},
	} {
		got, err := c.Authenticate(t.Context(), test.sent)
		require.Equal(t, test.want, got, name)
		if test.want == (auth.Caller{}) {
			require.ErrorIs(t, err, auth.ErrUnauthenticated, name)
		} else {
			require.NoError(t, err, name)
		}
	}
	require.True(t, auth.Credentials{Exhausted: always}.None())
	for _, some := range []auth.Credentials{{Authorization: "x"}, {APIKey: "x"}, {Unclear: true}, {Certificate: cert}} {
		require.False(t, some.None())
	}
}

// TestNobodyToJudge: without the part that judges it, no proof is any good.
func TestNobodyToJudge(t *testing.T) {
	t.Parallel()
	secret, _ := (&keyStore{}).add(t, 1, ledger.ScopeRead)
	token := (&tokenStore{}).add(t, auth.RoleSpend)
	for _, sent := range []auth.Credentials{
		{}, {APIKey: secret}, bearing("Bearer " + secret), bearing("Bearer " + token), bearing("Bearer a.b.c"), bearing("Bearer dev_token"),
		{Certificate: &x509.Certificate{DNSNames: []string{"core.internal", ""}}},
	} {
		got, err := (&auth.Callers{}).Authenticate(t.Context(), sent)
		require.ErrorIs(t, err, auth.ErrUnauthenticated)
		require.Zero(t, got)
	}
}

func TestCertificates(t *testing.T) {
	t.Parallel()
	c := auth.Certificates{
		"core.internal": auth.RoleSpend, "usage.internal": auth.RoleUsage, "spiffe://satcap/gateway": auth.RoleVerify, "10.0.0.1": auth.RoleSpend,
	}
	gateway, err := url.Parse("spiffe://satcap/gateway")
	require.NoError(t, err)
	named := func(edit func(*x509.Certificate)) *x509.Certificate {
		cert := &x509.Certificate{}
		edit(cert)
		return cert
	}
	for name, test := range map[string]struct {
		cert    *x509.Certificate
		kinds   auth.Kinds
		subject string
	}{
		"none":         {},
		"no name":      {cert: &x509.Certificate{}},
		"a name":       {named(func(c *x509.Certificate) { c.DNSNames = []string{"core.internal"} }), auth.ServiceSpends, "core.internal"},
		"a URI":        {named(func(c *x509.Certificate) { c.URIs = []*url.URL{gateway} }), auth.ServiceVerifies, "spiffe://satcap/gateway"},
		"among others": {named(func(c *x509.Certificate) { c.DNSNames = []string{"x", "usage.internal", "y"} }), auth.ServiceReads, "usage.internal"},
		"two names":    {named(func(c *x509.Certificate) { c.DNSNames = []string{"core.internal", "usage.internal"} }), auth.ServiceSpends | auth.ServiceReads, "usage.internal"},
		"another name": {cert: named(func(c *x509.Certificate) {
			c.DNSNames = []string{"core.internal.evil", "xcore.internal", "*.internal", ""}
		})},
		"a common name": {cert: named(func(c *x509.Certificate) { c.Subject.CommonName = "core.internal" })},
		"an address":    {cert: named(func(c *x509.Certificate) { c.EmailAddresses = []string{"core.internal"} })},
	} {
		got, err := auth.CertificateCaller(c, test.cert)
		if test.kinds == 0 {
			require.ErrorIs(t, err, auth.ErrUnauthenticated, name)
			require.Zero(t, got, name)
			continue
		}
		require.NoError(t, err, name)
		require.Equal(t, auth.Caller{Kinds: test.kinds, Subject: test.subject, Authentication: "client certificate"}, got, name)
	}

	// Calls on one connection share its certificate.
	names := append(make([]string, 0, 4), "core.internal")
	shared := &x509.Certificate{DNSNames: names, URIs: []*url.URL{gateway}}
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() { _, _ = auth.CertificateCaller(c, shared) })
	}
	wait.Wait()
	require.Equal(t, []string{"core.internal", "", "", ""}, names[:4], "and it is left as it is")
}

func TestRoles(t *testing.T) {
	t.Parallel()
	for names, want := range map[string][]string{"spend": {"spend"}, "verify": {"verify"}, "usage": {"usage"}} {
		r, err := auth.ParseRoles(want)
		require.NoError(t, err)
		require.Equal(t, want, r.Names(), names)
	}
	// The numbers stand in the database.
	require.Equal(t, []auth.Roles{1, 2, 4}, []auth.Roles{auth.RoleSpend, auth.RoleUsage, auth.RoleVerify})
	all, err := auth.ParseRoles([]string{"verify", "usage", "spend", "verify"})
	require.NoError(t, err)
	require.Equal(t, auth.Roles(7), all)
	require.Equal(t, []string{"spend", "usage", "verify"}, all.Names())
	for _, bad := range [][]string{nil, {}, {""}, {"Spend"}, {"spend", "admin"}, {"spend usage"}, {"spend,usage"}, {" spend"}} {
		r, err := auth.ParseRoles(bad)
		require.Error(t, err, "%q", bad)
		require.ErrorContains(t, err, "spend, usage or verify")
		require.Zero(t, r)
	}
	require.Empty(t, auth.Roles(0).Names())
	require.Empty(t, auth.Roles(8).Names())
}

func TestTokens(t *testing.T) {
	t.Parallel()
	for roles := auth.Roles(0); roles < 16; roles++ {
		s := &tokenStore{}
		c := &auth.Callers{Tokens: auth.NewTokens(s)}
		token := s.add(t, roles)
		var want auth.Kinds
		for role, kind := range map[auth.Roles]auth.Kinds{1: auth.ServiceSpends, 2: auth.ServiceReads, 4: auth.ServiceVerifies} {
			if roles&role != 0 {
				want |= kind
			}
		}
		for range 3 {
			got, err := c.Authenticate(t.Context(), bearing("Bearer "+token))
			require.NoError(t, err)
			require.Equal(t, auth.Caller{Kinds: want, Subject: "core", Authentication: "service token"}, got)
		}
		require.Equal(t, 1, s.count())
		other, err := auth.TokenPrefix.New()
		require.NoError(t, err)
		for range 3 {
			_, err = c.Authenticate(t.Context(), bearing("Bearer "+other.Text))
			require.ErrorIs(t, err, auth.ErrUnauthenticated)
		}
		require.Equal(t, 2, s.count())
		_, err = c.Authenticate(t.Context(), bearing("Bearer "+token[:len(token)-1]+"!"))
		require.ErrorIs(t, err, auth.ErrUnauthenticated)
		require.Equal(t, 2, s.count(), "what cannot be a token costs no query")
	}
}

// TestTokenRevoked within a second.
func TestTokenRevoked(t *testing.T) {
	t.Parallel()
	s := &tokenStore{}
	tokens := auth.NewTokens(s)
	c := &auth.Callers{Tokens: tokens}
	anyToken, err := tokens.Any(t.Context())
	require.NoError(t, err)
	require.False(t, anyToken)
	token := s.add(t, auth.RoleSpend)
	lets := func() bool {
		_, err := c.Authenticate(t.Context(), bearing("Bearer "+token))
		return err == nil
	}
	require.True(t, lets())
	within(t, func() bool { found, err := tokens.Any(t.Context()); return err == nil && found })
	s.edit(func() { s.tokens[0].RevokedAtUs = 1 })
	within(t, func() bool { return !lets() })
	within(t, func() bool { found, err := tokens.Any(t.Context()); return err == nil && !found })

	s.edit(func() { s.err = store.ErrUnavailable })
	_, err = auth.NewTokens(s).Any(t.Context())
	require.ErrorIs(t, err, store.ErrUnavailable)
	_, err = (&auth.Callers{Tokens: auth.NewTokens(s)}).Authenticate(t.Context(), bearing("Bearer "+token))
	require.ErrorIs(t, err, store.ErrUnavailable)
}

// TestExpiredCertificate: a connection may stay open longer than its certificate
// is good.
func TestExpiredCertificate(t *testing.T) {
	t.Parallel()
	c := &auth.Callers{Certificates: auth.Certificates{"core.internal": auth.RoleSpend}}
	for name, test := range map[string]struct {
		from, to time.Duration
		good     bool
	}{"good": {-time.Hour, time.Hour, true}, "expired": {-2 * time.Hour, -time.Hour, false}, "not yet": {time.Hour, 2 * time.Hour, false}} {
		cert := &x509.Certificate{DNSNames: []string{"core.internal"}, NotBefore: time.Now().Add(test.from), NotAfter: time.Now().Add(test.to)}
		_, err := c.Authenticate(t.Context(), auth.Credentials{Certificate: cert})
		require.Equal(t, test.good, err == nil, name)
	}
}
