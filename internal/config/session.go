// Settings of the dashboard and of signing in to it.

package config

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/satcap/satcap/internal/auth"
)

// OIDC is the provider that people sign in at. Issuer and ClientID go together,
// and need the server's public URL.
type OIDC struct{ Issuer, ClientID, ClientSecret string }

// Configured says whether people sign in at a provider.
func (o OIDC) Configured() bool { return o.Issuer != "" }

// SessionKeyBytes is SessionKey, or nil if none is set.
func (s Server) SessionKeyBytes() ([]byte, error) {
	if s.SessionKey == "" {
		return nil, nil
	}
	key, err := hex.DecodeString(s.SessionKey)
	if err != nil || len(key) != auth.SessionKeyBytes { // without err: it shows what was given
		return nil, errors.New("SATCAP_SESSION_KEY must be 64 hexadecimal digits, such as from: openssl rand -hex 32")
	}
	return key, nil
}

// isOrigin says whether text is scheme, host and port alone.
func isOrigin(text string) bool {
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || strings.ContainsAny(text, "*;, '\"") {
		return false
	}
	if port, err := strconv.ParseUint(u.Port(), 10, 16); strings.HasSuffix(u.Host, ":") || u.Port() != "" && (err != nil || port == 0) {
		return false
	}
	return u.Scheme+"://"+u.Host == text
}

// isBrowserOrigin says whether text is an origin as browsers write it: pages
// compare it letter by letter.
func isBrowserOrigin(text string) bool {
	u, err := url.Parse(text)
	return err == nil && isOrigin(text) && text == strings.ToLower(text) && !strings.ContainsFunc(text, func(r rune) bool { return r > '~' }) &&
		!(u.Scheme == "https" && u.Port() == "443") && !(u.Scheme == "http" && u.Port() == "80")
}

// checkSessions says what is wrong with the settings of signing in.
func (s Server) checkSessions() []error {
	errs := s.checkOIDC()
	if u, err := url.Parse(s.PublicURL); s.PublicURL != "" {
		if err != nil || !isOrigin(s.PublicURL) || !secureOrLocal(u) {
			errs = append(errs, errors.New("--public-url must be such as https://satcap.example.com, without a path, or http on this machine"))
		} else if u.Scheme == "http" && s.TLSCert != "" {
			errs = append(errs, errors.New("--public-url must begin with https: with --tls-cert the server speaks nothing else"))
		}
	}
	for _, origin := range s.EmbedOrigins {
		if !isBrowserOrigin(origin) {
			errs = append(errs, fmt.Errorf("--embed-origin %q must be an origin such as https://app.example.com, as browsers write it: "+
				"lower case, without a path, * or the port that goes without saying", origin))
		}
	}
	if _, err := s.SessionKeyBytes(); err != nil {
		errs = append(errs, err)
	}
	return errs
}

// checkOIDC says what is wrong with the settings of the provider.
func (s Server) checkOIDC() []error {
	var errs []error
	if (s.OIDC.Issuer != "") != (s.OIDC.ClientID != "") {
		errs = append(errs, errors.New("--oidc-issuer and --oidc-client-id go together: give both or neither"))
	}
	if !s.OIDC.Configured() {
		if s.OIDC.ClientSecret != "" {
			errs = append(errs, errors.New("SATCAP_OIDC_CLIENT_SECRET needs --oidc-issuer and --oidc-client-id: give them too, or take it away"))
		}
		return errs
	}
	if s.PublicURL == "" {
		errs = append(errs, errors.New("--oidc-issuer needs --public-url: the provider sends people back to it"))
	}
	u, err := url.Parse(s.OIDC.Issuer)
	if err != nil || u.Hostname() == "" || u.User != nil || strings.ContainsAny(s.OIDC.Issuer, "?#") || !secureOrLocal(u) {
		// Without what was given: it may hold a password.
		errs = append(errs, errors.New("--oidc-issuer must be an https URL such as https://id.example.com, without ? or #, or http on this machine"))
	}
	return errs
}

// secureOrLocal says whether nobody on the way can read what goes there.
func secureOrLocal(u *url.URL) bool {
	host := u.Hostname()
	return u.Scheme == "https" || (u.Scheme == "http" && (host == "localhost" || host == "127.0.0.1" || host == "::1"))
}
