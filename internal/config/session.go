// Settings of the dashboard and of signing in to it.

package config

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
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
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && !strings.ContainsAny(text, "*;, '\"") && u.Scheme+"://"+u.Host == text
}

// checkSessions says what is wrong with the settings of signing in.
func (s Server) checkSessions() []error {
	var errs []error
	if (s.OIDC.Issuer != "") != (s.OIDC.ClientID != "") {
		errs = append(errs, errors.New("--oidc-issuer and --oidc-client-id go together: give both or neither"))
	}
	if s.OIDC.Configured() && s.PublicURL == "" {
		errs = append(errs, errors.New("--oidc-issuer needs --public-url: the provider sends people back to it"))
	}
	if u, err := url.Parse(s.OIDC.Issuer); s.OIDC.Configured() && (err != nil || u.Host == "" || !secureOrLocal(u)) {
		errs = append(errs, errors.New("--oidc-issuer must be an https URL, or http on this machine"))
	}
	if u, err := url.Parse(s.PublicURL); s.PublicURL != "" && (err != nil || !isOrigin(s.PublicURL) || !secureOrLocal(u)) {
		errs = append(errs, errors.New("--public-url must be such as https://satcap.example.com, without a path, or http on this machine"))
	}
	for _, origin := range s.EmbedOrigins {
		if !isOrigin(origin) {
			errs = append(errs, fmt.Errorf("--embed-origin %q must be an origin such as https://app.example.com, without a path or *", origin))
		}
	}
	if _, err := s.SessionKeyBytes(); err != nil {
		errs = append(errs, err)
	}
	return errs
}

// secureOrLocal says whether nobody on the way can read what goes there.
func secureOrLocal(u *url.URL) bool {
	host := u.Hostname()
	return u.Scheme == "https" || (u.Scheme == "http" && (host == "localhost" || host == "127.0.0.1" || host == "::1"))
}
