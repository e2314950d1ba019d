// The settings of the dashboard: every rule names the flag and the fix, and no
// message shows a secret.

package config_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/auth"
	"github.com/satcap/satcap/internal/config"
)

// oidc are settings that are valid.
func oidc(s *config.Server) {
	s.OIDC = config.OIDC{Issuer: "https://id.example.com", ClientID: "satcap", ClientSecret: "hush-hush"}
	s.PublicURL = "https://satcap.example.com"
}

func issuer(text string) func(*config.Server) {
	return func(s *config.Server) { oidc(s); s.OIDC.Issuer = text }
}

func public(text string) func(*config.Server) {
	return func(s *config.Server) { s.PublicURL = text }
}

func embed(list ...string) func(*config.Server) {
	return func(s *config.Server) { s.EmbedOrigins = list }
}

func sessionKey(text string) func(*config.Server) {
	return func(s *config.Server) { s.SessionKey = text }
}

func TestValidateSessions(t *testing.T) {
	t.Parallel()
	together := []string{"--oidc-issuer", "--oidc-client-id", "give both or neither"}
	anIssuer := []string{"--oidc-issuer must be an https URL such as https://id.example.com", "or http on this machine"}
	aPublic := []string{"--public-url must be such as https://satcap.example.com, without a path, or http on this machine"}
	anOrigin := []string{"--embed-origin", "an origin such as https://app.example.com", "lower case, without a path, *"}
	aKey := []string{"SATCAP_SESSION_KEY must be 64 hexadecimal digits", "openssl rand -hex 32"}
	for _, c := range []struct {
		name string
		edit func(*config.Server)
		want []string // in the message; none: the settings are valid
	}{
		{"OIDC", oidc, nil},
		{"OIDCWithoutSecret", func(s *config.Server) { oidc(s); s.OIDC.ClientSecret = "" }, nil},
		{"OIDCWithoutClient", func(s *config.Server) { oidc(s); s.OIDC.ClientID = "" }, together},
		{"OIDCWithoutIssuer", func(s *config.Server) { oidc(s); s.OIDC.Issuer = "" }, together},
		{"OIDCWithoutPublicURL", func(s *config.Server) { oidc(s); s.PublicURL = "" }, []string{"--oidc-issuer needs --public-url"}},
		{"OIDCSecretAlone", func(s *config.Server) { s.OIDC.ClientSecret = "hush-hush" }, []string{"SATCAP_OIDC_CLIENT_SECRET needs --oidc-issuer and --oidc-client-id"}},
		{"IssuerPath", issuer("https://id.example.com/realms/satcap"), nil},
		{"IssuerSlash", issuer("https://id.example.com/"), nil},
		{"IssuerLocal", issuer("http://localhost:9000/realms/satcap"), nil},
		{"IssuerLocalIPv6", issuer("http://[::1]:9000"), nil},
		{"IssuerPlain", issuer("http://id.example.com"), anIssuer},
		{"IssuerAlmostLocal", issuer("http://localhost.example.com"), anIssuer},
		{"IssuerBare", issuer("id.example.com"), anIssuer},
		{"IssuerNoHost", issuer("https://"), anIssuer},
		{"IssuerOnlyPort", issuer("https://:443"), anIssuer},
		{"IssuerOther", issuer("ftp://id.example.com"), anIssuer},
		{"IssuerUser", issuer("https://hush-hush@id.example.com"), anIssuer},
		{"IssuerQuery", issuer("https://id.example.com?a=b"), anIssuer},
		{"IssuerFragment", issuer("https://id.example.com#"), anIssuer},
		{"IssuerSpace", issuer("https://id example.com"), anIssuer},

		{"Public", public("https://satcap.example.com:8443"), nil},
		{"PublicLocal", public("http://localhost:8080"), nil},
		{"PublicLocalIPv6", public("http://[::1]:8080"), nil},
		{"PublicIPv6", public("https://[2001:db8::1]"), nil},
		{"PublicPlain", public("http://satcap.example.com"), aPublic},
		{"PublicPath", public("https://satcap.example.com/"), aPublic},
		{"PublicQuery", public("https://satcap.example.com?x"), aPublic},
		{"PublicFragment", public("https://satcap.example.com#x"), aPublic},
		{"PublicUser", public("https://u@satcap.example.com"), aPublic},
		{"PublicBare", public("satcap.example.com"), aPublic},
		{"PublicNoHost", public("https://:8443"), aPublic},
		{"PublicNoPort", public("https://satcap.example.com:"), aPublic},
		{"PublicPortZero", public("https://satcap.example.com:0"), aPublic},
		{"PublicPortLarge", public("https://satcap.example.com:65536"), aPublic},
		{"PublicPortLargest", public("https://satcap.example.com:65535"), nil},
		{"PublicPlainWithTLS", func(s *config.Server) { s.TLSCert, s.TLSKey, s.PublicURL = "c.pem", "k.pem", "http://localhost:8443" },
			[]string{"--public-url must begin with https", "--tls-cert"}},
		{"PublicWithTLS", func(s *config.Server) { s.TLSCert, s.TLSKey, s.PublicURL = "c.pem", "k.pem", "https://localhost:8443" }, nil},

		{"KeyShort", sessionKey(strings.Repeat("5a", 31)), aKey},
		{"KeyLong", sessionKey(strings.Repeat("5a", 33)), aKey},
		{"KeyOdd", sessionKey(strings.Repeat("5a", 31) + "5"), aKey},
		{"KeyOther", sessionKey(strings.Repeat("hush-hus", 8)), aKey},
		{"KeyPrefix", sessionKey("0x" + strings.Repeat("5a", 31)), aKey},
		{"Key", sessionKey(strings.Repeat("5a", 32)), nil},
		{"KeyUpper", sessionKey(strings.Repeat("5A", 32)), nil},

		{"Embed", embed("https://shop.example.com", "http://localhost:3000", "https://[2001:db8::1]:8443"), nil},
		{"EmbedAny", embed("*"), anOrigin},
		{"EmbedWildcard", embed("https://*.example.com"), anOrigin},
		{"EmbedPath", embed("https://shop.example.com/"), anOrigin},
		{"EmbedQuery", embed("https://shop.example.com?x"), anOrigin},
		{"EmbedUser", embed("https://u@shop.example.com"), anOrigin},
		{"EmbedBare", embed("shop.example.com"), anOrigin},
		{"EmbedNull", embed("null"), anOrigin},
		{"EmbedSelf", embed("'self'"), anOrigin},
		{"EmbedScheme", embed("https:"), anOrigin},
		{"EmbedDirective", embed("https://shop.example.com;script-src"), anOrigin},
		{"EmbedList", embed("https://a.example.com https://b.example.com"), anOrigin},
		{"EmbedNewline", embed("https://shop.example.com\n"), anOrigin},
		{"EmbedUpper", embed("https://Shop.example.com"), anOrigin},
		{"EmbedUmlaut", embed("https://läden.example.com"), anOrigin},
		{"EmbedDefaultPort", embed("https://shop.example.com:443"), anOrigin},
		{"EmbedDefaultPortPlain", embed("http://shop.example.com:80"), anOrigin},
		{"EmbedNoPort", embed("https://shop.example.com:"), anOrigin},
		{"EmbedSecond", embed("https://shop.example.com", "x"), anOrigin},
		{"EmbedEmpty", embed(""), anOrigin},
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
			require.NotContains(t, err.Error(), "hush")
			require.NotContains(t, err.Error(), "5a5a")
		})
	}
}

func TestSessionKeyIsRead(t *testing.T) {
	t.Parallel()
	key, err := config.Server{SessionKey: strings.Repeat("0f", auth.SessionKeyBytes)}.SessionKeyBytes()
	require.NoError(t, err)
	require.Equal(t, []byte(strings.Repeat("\x0f", auth.SessionKeyBytes)), key)
	key, err = config.Server{}.SessionKeyBytes()
	require.NoError(t, err)
	require.Nil(t, key, "the server makes one")
}
