// The settings of who may call: every rule names the flag and the fix.

package config_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/auth"
	"github.com/satcap/satcap/internal/config"
)

// jwt, ca and proxies are settings that are valid.
func jwt(s *config.Server) {
	s.JWT.JWKS, s.JWT.Issuer, s.JWT.Audience = "https://id.example.com/jwks.json", "https://id.example.com", "satcap"
}

func ca(s *config.Server) {
	s.TLSCert, s.TLSKey, s.TLSClientCA, s.ClientSANs = "c.pem", "k.pem", "ca.pem", []string{"core.internal=spend+usage"}
}

func sans(list ...string) func(*config.Server) {
	return func(s *config.Server) { ca(s); s.ClientSANs = list }
}

func origins(list ...string) func(*config.Server) {
	return func(s *config.Server) { s.CORSOrigins = list }
}

func proxies(list ...string) func(*config.Server) {
	return func(s *config.Server) { s.TrustedProxies = list }
}

func header(name string) func(*config.Server) {
	return func(s *config.Server) { s.APIKeyHeader = name }
}

func scope(text string) func(*config.Server) {
	return func(s *config.Server) { s.JWT.DefaultScope = text }
}

func TestValidateAccess(t *testing.T) {
	t.Parallel()
	together := []string{"--jwt-jwks", "--jwt-issuer", "--jwt-audience", "give all three or none"}
	claims := []string{"--jwt-subject-claim", "--jwt-scope-claim", "--jwt-key-claim", "must not be empty"}
	different := []string{"--jwt-subject-claim", "--jwt-scope-claim", "--jwt-key-claim", "three different claims"}
	both := []string{"--tls-client-ca", "--tls-client-san", "give both or neither"}
	origin := []string{"--cors-origin", "an origin such as https://app.example.com, without a path or *"}
	apiKey := []string{"--api-key-header", "a header without another meaning"}
	for _, c := range []struct {
		name string
		edit func(*config.Server)
		want []string // in the message; none: the settings are valid
	}{
		{"JWT", jwt, nil},
		{"JWTOnlyJWKS", func(s *config.Server) { s.JWT.JWKS = "x" }, together},
		{"JWTOnlyIssuer", func(s *config.Server) { s.JWT.Issuer = "x" }, together},
		{"JWTOnlyAudience", func(s *config.Server) { s.JWT.Audience = "x" }, together},
		{"JWTNoJWKS", func(s *config.Server) { jwt(s); s.JWT.JWKS = "" }, together},
		{"JWTNoIssuer", func(s *config.Server) { jwt(s); s.JWT.Issuer = "" }, together},
		{"JWTNoAudience", func(s *config.Server) { jwt(s); s.JWT.Audience = "" }, together},
		{"NoSubjectClaim", func(s *config.Server) { s.JWT.SubjectClaim = "" }, claims},
		{"NoScopeClaim", func(s *config.Server) { s.JWT.ScopeClaim = "" }, claims},
		{"NoKeyClaim", func(s *config.Server) { s.JWT.KeyClaim = "" }, claims},
		{"ScopeOther", scope("admin"), []string{"--jwt-default-scope", "read, write, or both"}},
		{"ScopeComma", scope("read,write"), []string{"--jwt-default-scope", "with a space between"}},
		{"ScopeRead", scope("read"), nil},
		{"ScopeBoth", scope("read write"), nil},

		{"CA", ca, nil},
		{"CAWithoutSAN", sans(), both},
		{"SANWithoutCA", func(s *config.Server) { s.ClientSANs = []string{"a=spend"} }, both},
		{"CAWithoutCert", func(s *config.Server) { ca(s); s.TLSCert, s.TLSKey = "", "" }, []string{"--tls-client-ca", "--tls-cert and --tls-key"}},
		{"SANWithoutRole", sans("core"), []string{"--tls-client-san", `"core"`, "NAME=ROLE+ROLE"}},
		{"SANEmptyRole", sans("core="), []string{"--tls-client-san", "spend, usage or verify"}},
		{"SANEmptyName", sans("=spend"), []string{"--tls-client-san", "NAME=ROLE+ROLE"}},
		{"SANOtherRole", sans("core=spend+admin"), []string{"--tls-client-san", `"admin"`, "spend, usage or verify"}},
		{"SANURI", sans("spiffe://a/b?c=d=spend"), nil},

		{"Origin", origins("https://app.example.com", "http://localhost:3000"), nil},
		{"OriginAny", origins("*"), origin},
		{"OriginWildcard", origins("https://*.example.com"), origin},
		{"OriginPath", origins("https://app.example.com/"), origin},
		{"OriginQuery", origins("https://app.example.com?x"), origin},
		{"OriginUser", origins("https://u@app.example.com"), origin},
		{"OriginBare", origins("app.example.com"), origin},
		{"OriginNull", origins("null"), origin},
		{"OriginFile", origins("file://x"), origin},
		{"OriginSecond", origins("https://app.example.com", "x"), origin},

		{"SameClaims", func(s *config.Server) { s.JWT.ScopeClaim = "sub" }, different},
		{"SameClaimsKey", func(s *config.Server) { s.JWT.KeyClaim = "scope" }, different},
		{"SameClaimsSubject", func(s *config.Server) { s.JWT.SubjectClaim = "api_key_id" }, different},

		{"HeaderEmpty", header(""), apiKey},
		{"HeaderCookie", header("Cookie"), apiKey},
		{"HeaderHost", header("HOST"), apiKey},
		{"HeaderForwarded", header("X-Forwarded-For"), apiKey},
		{"HeaderAuthorization", header("authorization"), apiKey},
		{"HeaderSpace", header("X-API KEY"), apiKey},
		{"HeaderColon", header("X-API-KEY:"), apiKey},
		{"HeaderNewline", header("X-API-KEY\n"), apiKey},
		{"Header", header("X-Shop-Key"), nil},

		{"Proxy", proxies("127.0.0.1", "10.0.0.0/8", "::1", "fd00::/8"), nil},
		{"ProxyName", proxies("proxy.internal"), []string{"--trusted-proxy", `"proxy.internal"`, "an address nor a network such as 10.0.0.0/8"}},
		{"ProxyPort", proxies("10.0.0.1:80"), []string{"--trusted-proxy"}},
		{"ProxyMask", proxies("10.0.0.0/33"), []string{"--trusted-proxy"}},
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
			require.Error(t, err)
			for _, want := range c.want {
				require.ErrorContains(t, err, want)
			}
		})
	}
}

func TestCertificatesAreRead(t *testing.T) {
	t.Parallel()
	s := config.Server{ClientSANs: []string{"core=spend+usage", "core=verify", "spiffe://a?b=c=usage"}}
	names, err := s.Certificates()
	require.NoError(t, err)
	require.Equal(t, auth.Certificates{
		"core": auth.RoleSpend | auth.RoleUsage | auth.RoleVerify, "spiffe://a?b=c": auth.RoleUsage,
	}, names)
}

// TestDevelopmentSaysTheWayOut: whoever wants to be reached is told how.
func TestDevelopmentSaysTheWayOut(t *testing.T) {
	t.Parallel()
	err := config.Server{Listen: "0.0.0.0:8080"}.CheckDevelopment()
	for _, want := range []string{"satcap tokens create", "--jwt-jwks", "--tls-client-ca"} {
		require.ErrorContains(t, err, want)
	}
}
