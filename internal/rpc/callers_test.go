// Callers with real credentials: tokens signed by a key that the server knows,
// secrets of keys, tokens of services, and certificates.

package rpc_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
	"github.com/satcap/satcap/internal/auth"
	"github.com/satcap/satcap/internal/jwks"
	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

// platform is the identity provider of a server under test.
type platform struct {
	*env
	signing ed25519.PrivateKey
	seal    *auth.Seal
	tokens  int64
}

// newPlatform is a server that knows every kind of caller, and alice's owner.
func newPlatform(t *testing.T) *platform {
	t.Helper()
	s := newServer(t, "sqlite", nil)
	public, private, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	document, err := json.Marshal(map[string]any{"keys": []any{map[string]string{
		"kty": "OKP", "crv": "Ed25519", "kid": "one", "use": "sig", "x": base64.RawURLEncoding.EncodeToString(public),
	}}})
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "jwks.json")
	require.NoError(t, os.WriteFile(path, document, 0o600))
	set := jwks.New(t.Context(), jwks.Config{Source: path, Log: slog.New(slog.DiscardHandler)})
	t.Cleanup(set.Close)
	require.NoError(t, set.Ready())
	s.real.JWT = auth.NewJWT(auth.JWTConfig{
		Keys: set, Issuer: "issuer", Audience: "satcap", SubjectClaim: "sub", ScopeClaim: "scope", KeyClaim: "api_key_id",
	})
	s.real.Certificates = auth.Certificates{
		"spend.internal": auth.RoleSpend, "usage.internal": auth.RoleUsage, "verify.internal": auth.RoleVerify,
		"core.internal": auth.RoleSpend | auth.RoleUsage | auth.RoleVerify,
	}
	seal := auth.NewSeal(nil)
	s.real.Sessions = auth.NewSessions(seal, true, time.Now)
	// A request says in this header which name the certificate of its connection has.
	withCertificate := func(r *http.Request) {
		if name := r.Header.Get("Test-Certificate"); name != "" {
			r.TLS = &tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{{{DNSNames: []string{name}}}}}
		}
	}
	s.connection.Store(&withCertificate)
	return &platform{env: &env{t: t, s: s, c: plainJSON(t, s.url), subject: "alice", made: &calls{}}, signing: private, seal: seal}
}

// sign is a bearer token with claims over the usual ones.
func (p *platform) sign(claims jwt.MapClaims) string {
	p.t.Helper()
	all := jwt.MapClaims{"iss": "issuer", "aud": "satcap", "sub": "alice", "exp": time.Now().Add(time.Hour).Unix()}
	for name, value := range claims {
		all[name] = value
	}
	token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, all)
	token.Header["kid"] = "one"
	text, err := token.SignedString(p.signing)
	require.NoError(p.t, err)
	return "Bearer " + text
}

// token makes a token of a service.
func (p *platform) token(roles auth.Roles, revoked bool) string {
	p.t.Helper()
	secret, err := auth.TokenPrefix.New()
	require.NoError(p.t, err)
	p.tokens++
	id := ledger.KeyID(uuid.New())
	require.NoError(p.t, p.s.store.CreateServiceToken(p.t.Context(), store.ServiceToken{
		ID: id, Name: "service", Hash: secret.Hash[:], Prefix: secret.Shown, Roles: int64(roles), CreatedAtUs: p.tokens,
	}))
	if revoked {
		_, err := p.s.store.RevokeServiceToken(p.t.Context(), id, 1)
		require.NoError(p.t, err)
	}
	return "Bearer " + secret.Text
}

// session is the cookie of somebody who signed in, as it is sent: good for an
// hour, unless change says something else.
func (p *platform) session(seal *auth.Seal, subject string, change func(*auth.Session)) string {
	p.t.Helper()
	s := auth.Session{ID: uuid.NewString(), Subject: subject, How: auth.SignedInOIDC, Expires: time.Now().Add(time.Hour).Unix()}
	if change != nil {
		change(&s)
	}
	text, err := seal.Close(auth.SessionCookie, s)
	require.NoError(p.t, err)
	return auth.SessionCookie + "=" + text
}

// signedOut is the cookie of a session that was ended.
func (p *platform) signedOut() string {
	cookie := p.session(p.seal, p.subject, nil)
	p.s.real.Sessions.SignOut(strings.TrimPrefix(cookie, auth.SessionCookie+"="))
	return cookie
}

// caller is who calls, and what the promise says that it may do.
type caller struct {
	name    string
	headers []string
	// may are the words of promise that fit this caller; nil: it is nobody.
	may []string
	// key is the key that the caller is.
	key string
}

// everyCaller is each kind of caller.
func everyCaller(p *platform) (all []caller) {
	p.t.Helper()
	nobody := func(name string, headers ...string) { all = append(all, caller{name: name, headers: headers}) }
	add := func(name string, may []string, headers ...string) {
		all = append(all, caller{name: name, headers: headers, may: may})
	}

	nobody("anonymous")
	nobody("an unknown scheme", "Authorization", "Basic YWxpY2U6YWxpY2U=")
	nobody("an unknown token", "Authorization", "Bearer nobody")
	nobody("an expired owner", "Authorization", p.sign(jwt.MapClaims{"scope": "read write", "exp": time.Now().Add(-time.Hour).Unix()}))
	nobody("an owner of another audience", "Authorization", p.sign(jwt.MapClaims{"scope": "read write", "aud": "others"}))
	nobody("an unknown secret", "X-API-KEY", otherSecret(p.t))
	nobody("an unknown secret as a token", "Authorization", "Bearer "+otherSecret(p.t))
	nobody("a revoked service", "Authorization", p.token(auth.RoleSpend|auth.RoleUsage|auth.RoleVerify, true))
	nobody("a certificate with an unknown name", "Test-Certificate", "other.internal")
	nobody("a token of a key that is not there", "Authorization", p.sign(jwt.MapClaims{"scope": "read write", "api_key_id": uuid.NewString()}))
	session := p.session(p.seal, p.subject, nil)
	nobody("an unknown session", "Cookie", auth.SessionCookie+"=x")
	nobody("an empty session", "Cookie", auth.SessionCookie+"=")
	nobody("a session twice", "Cookie", session+"; "+session)
	nobody("a session of another server", "Cookie", p.session(auth.NewSeal(nil), p.subject, nil))
	nobody("a session without a subject", "Cookie", p.session(p.seal, "", nil))
	nobody("an expired session", "Cookie", p.session(p.seal, p.subject, func(s *auth.Session) { s.Expires = time.Now().Unix() }))
	nobody("a session of development mode", "Cookie", p.session(p.seal, p.subject, func(s *auth.Session) { s.How = auth.SignedInDevelopment }))
	nobody("a session that was signed out", "Cookie", p.signedOut())
	nobody("a session beside a wrong header", "Cookie", session, "Authorization", "Bearer nobody")
	for state, change := range map[string]func(key string){
		"paused": func(key string) { p.pause(key).ok() }, "revoked": func(key string) { p.revoke(key).ok() },
	} {
		key, secret := p.newSecret(&satcapv1.CreateApiKeyRequest{Scopes: []satcapv1.ApiKey_Scope{1, 2, 3}})
		change(key)
		nobody("a "+state+" key", "X-API-KEY", secret)
		nobody("a token of a "+state+" key", "Authorization", p.sign(jwt.MapClaims{"scope": "read write", "api_key_id": key}))
	}

	add("owner, read", []string{"read"}, "Authorization", p.sign(jwt.MapClaims{"scope": "read"}))
	add("owner, write", []string{"write"}, "Authorization", p.sign(jwt.MapClaims{"scope": "write"}))
	add("owner, both", []string{"read", "write"}, "Authorization", p.sign(jwt.MapClaims{"scope": "openid write read"}))
	add("owner, session", []string{"read", "write"}, "Cookie", session)
	add("owner, session beside a certificate", []string{"read", "write"}, "Cookie", session, "Test-Certificate", "core.internal")
	add("owner, a header beside a session", []string{"read"}, "Cookie", session, "Authorization", p.sign(jwt.MapClaims{"scope": "read"}))
	add("owner, other scopes", []string{}, "Authorization", p.sign(jwt.MapClaims{"scope": "openid Read writes"}))
	add("owner, no scope", []string{}, "Authorization", p.sign(nil))
	add("owner, no key", []string{"read"}, "Authorization", p.sign(jwt.MapClaims{"scope": "read", "api_key_id": "<no value>"}))

	for set := 1; set < 8; set++ {
		var scopes []satcapv1.ApiKey_Scope
		for bit := range 3 {
			if set&(1<<bit) != 0 {
				scopes = append(scopes, satcapv1.ApiKey_Scope(bit+1))
			}
		}
		may := []string{}
		if set&1 != 0 { // SCOPE_READ
			may = []string{"itself"}
		}
		key, secret := p.newSecret(&satcapv1.CreateApiKeyRequest{Scopes: scopes})
		name := strings.ToLower(strings.ReplaceAll(strings.Trim(strings.Join(scopeTexts(scopes), "+"), " "), "SCOPE_", ""))
		for how, headers := range map[string][]string{
			"key":              {"X-API-KEY", secret},
			"key as a token":   {"Authorization", "Bearer " + secret},
			"token from a key": {"Authorization", p.sign(jwt.MapClaims{"scope": "read write", "api_key_id": key})},
		} {
			all = append(all, caller{name: how + ", " + name, headers: headers, may: may, key: key})
		}
	}

	for name, roles := range map[string]auth.Roles{
		"spend": auth.RoleSpend, "usage": auth.RoleUsage, "verify": auth.RoleVerify, "core": auth.RoleSpend | auth.RoleUsage | auth.RoleVerify,
	} {
		may := []string{name}
		if name == "core" {
			may = []string{"spend", "usage", "verify"}
		}
		add("service, "+name, may, "Authorization", p.token(roles, false))
		add("certificate, "+name, may, "Test-Certificate", name+".internal")
	}
	return all
}

func scopeTexts(scopes []satcapv1.ApiKey_Scope) (texts []string) {
	for _, s := range scopes {
		texts = append(texts, s.String())
	}
	return texts
}
