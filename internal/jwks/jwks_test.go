// The key set against servers and files that are good, broken, slow or hostile.
// Where time matters it is that of a synctest bubble, and the server is a
// transport inside it.

package jwks_test

import (
	"bytes"
	"compress/gzip"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/jwks"
)

// entry is one key of a document.
type entry map[string]any

func (e entry) with(name string, value any) entry {
	e = maps.Clone(e)
	e[name] = value
	return e
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// publicEntry writes a key down as RFC 7518 says, by no library.
func publicEntry(kid string, key crypto.PublicKey) entry {
	switch k := key.(type) {
	case *rsa.PublicKey:
		return entry{"kid": kid, "kty": "RSA", "n": b64(k.N.Bytes()), "e": b64(big.NewInt(int64(k.E)).Bytes())}
	case *ecdsa.PublicKey:
		point, err := k.Bytes()
		if err != nil {
			panic(err)
		}
		half := (len(point) - 1) / 2
		return entry{"kid": kid, "kty": "EC", "crv": k.Curve.Params().Name, "x": b64(point[1 : 1+half]), "y": b64(point[1+half:])}
	case ed25519.PublicKey:
		return entry{"kid": kid, "kty": "OKP", "crv": "Ed25519", "x": b64(k)}
	}
	panic("no such key")
}

func document(entries ...entry) []byte {
	text, err := json.Marshal(map[string]any{"keys": entries})
	if err != nil {
		panic(err)
	}
	return text
}

var testRSA = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func newEC(curve elliptic.Curve) *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}

func newEd() ed25519.PublicKey {
	key, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}

var discard = slog.New(slog.DiscardHandler)

// serve is a server whose answer can be changed, and how often it was asked.
func serve(t *testing.T, first http.HandlerFunc) (url string, answer *atomic.Pointer[http.HandlerFunc], asked *atomic.Int64) {
	t.Helper()
	answer, asked = new(atomic.Pointer[http.HandlerFunc]), new(atomic.Int64)
	answer.Store(&first)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		(*answer.Load())(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL, answer, asked
}

func answering(status int, body []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		w.Write(body) //nolint:errcheck // the test sees what arrived
	}
}

// open follows a source; every unknown key is reason enough to read it again.
func open(t *testing.T, cfg jwks.Config) *jwks.Set {
	t.Helper()
	cfg.Log = discard
	if cfg.RefreshEvery == 0 {
		cfg.RefreshEvery = time.Hour
	}
	if cfg.UnknownEvery == 0 {
		cfg.UnknownEvery = time.Nanosecond
	}
	s := jwks.New(t.Context(), cfg)
	t.Cleanup(s.Close)
	return s
}

func TestLoads(t *testing.T) {
	t.Parallel()
	rsaKey, ed := testRSA().Public(), newEd()
	p256, p384, p521 := newEC(elliptic.P256()).Public(), newEC(elliptic.P384()).Public(), newEC(elliptic.P521()).Public()
	type loaded struct {
		entry     entry
		algorithm string
	}
	want := map[string]loaded{
		"rsa":       {publicEntry("rsa", rsaKey), ""},
		"rsa-rs256": {publicEntry("rsa-rs256", rsaKey).with("alg", "RS256").with("use", "sig"), "RS256"},
		"rsa-ps512": {publicEntry("rsa-ps512", rsaKey).with("alg", "PS512").with("key_ops", []string{"verify"}), "PS512"},
		// Without alg, a curve leaves only one.
		"p256":   {publicEntry("p256", p256), "ES256"},
		"p384":   {publicEntry("p384", p384).with("alg", "ES384"), "ES384"},
		"p521":   {publicEntry("p521", p521), "ES512"},
		"ed":     {publicEntry("ed", ed), "EdDSA"},
		"ed-alg": {publicEntry("ed-alg", ed).with("alg", "EdDSA"), "EdDSA"},
		// What is not known about a key is passed over, and so are certificates.
		"extra": {publicEntry("extra", ed).with("exp", 1).with("x5c", []string{"no certificate"}).with("x5t", "?"), "EdDSA"},
		// Listed twice alike is no contradiction.
		"twice": {publicEntry("twice", ed), "EdDSA"},
	}
	public := map[string]crypto.PublicKey{
		"rsa": rsaKey, "rsa-rs256": rsaKey, "rsa-ps512": rsaKey, "p256": p256, "p384": p384, "p521": p521,
		"ed": ed, "ed-alg": ed, "extra": ed, "twice": ed,
	}
	entries := []entry{want["twice"].entry}
	for _, l := range want {
		entries = append(entries, l.entry)
	}
	text := document(entries...)

	url, _, _ := serve(t, answering(http.StatusOK, text))
	file := filepath.Join(t.TempDir(), "jwks.json")
	require.NoError(t, os.WriteFile(file, text, 0o600))
	for _, source := range []string{url, file} {
		s := open(t, jwks.Config{Source: source})
		require.NoError(t, s.Ready())
		for kid, l := range want {
			key, err := s.Key(t.Context(), kid)
			require.NoError(t, err, kid)
			require.Equal(t, l.algorithm, key.Algorithm, kid)
			require.True(t, key.Public.(interface{ Equal(crypto.PublicKey) bool }).Equal(public[kid]), kid)
		}
		_, err := s.Key(t.Context(), "another")
		require.ErrorIs(t, err, jwks.ErrUnknownKey)
		_, err = s.Key(t.Context(), "")
		require.ErrorIs(t, err, jwks.ErrUnknownKey)
	}
}

// TestPassesOver what cannot, or must not, verify a signature; the rest of the
// document counts.
func TestPassesOver(t *testing.T) {
	t.Parallel()
	url, _, fetched := serve(t, answering(http.StatusOK, nil))
	rsaKey, ec, ed := testRSA(), newEC(elliptic.P256()), newEd()
	rsaEntry, ecEntry, edEntry := publicEntry("bad", rsaKey.Public()), publicEntry("bad", ec.Public()), publicEntry("bad", ed)
	weak := &rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 2046, 1), E: 65537} // 2047 bits
	scalar, err := ec.Bytes()
	require.NoError(t, err)
	privateRSA := rsaEntry.with("d", b64(rsaKey.D.Bytes()))
	fullRSA := privateRSA.with("p", b64(rsaKey.Primes[0].Bytes())).with("q", b64(rsaKey.Primes[1].Bytes())).
		with("dp", b64(rsaKey.Precomputed.Dp.Bytes())).with("dq", b64(rsaKey.Precomputed.Dq.Bytes())).
		with("qi", b64(rsaKey.Precomputed.Qinv.Bytes()))
	for name, bad := range map[string][]entry{
		"secret":                       {{"kid": "bad", "kty": "oct", "k": b64(make([]byte, 32)), "alg": "HS256"}},
		"secret without alg":           {{"kid": "bad", "kty": "oct", "k": b64(make([]byte, 32))}},
		"secret in an RSA key":         {rsaEntry.with("k", b64(make([]byte, 32)))},
		"for encryption":               {rsaEntry.with("use", "enc")},
		"for encryption by operations": {rsaEntry.with("key_ops", []string{"encrypt"})},
		"for no operation":             {rsaEntry.with("key_ops", []string{})},
		"unknown use":                  {rsaEntry.with("use", "SIG")},
		"encryption algorithm":         {rsaEntry.with("alg", "RSA-OAEP")},
		"RSA for HMAC":                 {rsaEntry.with("alg", "HS256")},
		"alg none":                     {rsaEntry.with("alg", "none")},
		"RSA for ECDSA":                {rsaEntry.with("alg", "ES256")},
		"P-256 for P-384":              {ecEntry.with("alg", "ES384")},
		"Ed25519 for ECDSA":            {edEntry.with("alg", "ES256")},
		"RSA of 2047 bits":             {publicEntry("bad", weak)},
		"RSA exponent 1":               {rsaEntry.with("e", "AQ")},
		"RSA exponent 2":               {rsaEntry.with("e", "Ag")},
		"RSA exponent 65538":           {rsaEntry.with("e", "AQAC")},
		"RSA without n":                {{"kid": "bad", "kty": "RSA", "e": "AQAB"}},
		"EC point off the curve":       {ecEntry.with("x", b64(make([]byte, 32)))},
		"secp256k1":                    {ecEntry.with("crv", "secp256k1")},
		"X25519":                       {edEntry.with("crv", "X25519")},
		"Ed25519 too short":            {edEntry.with("x", b64(ed[:31]))},
		"unknown type":                 {edEntry.with("kty", "AKP")},
		"no type":                      {edEntry.with("kty", "")},
		"private RSA, d only":          {privateRSA},
		"private RSA":                  {fullRSA},
		"private EC":                   {ecEntry.with("d", b64(scalar))},
		"private Ed25519":              {edEntry.with("d", b64(make([]byte, 32)))},
		"type of a field":              {edEntry.with("x", 5)},
		"null":                         {nil},
		"one id for two keys":          {edEntry, ecEntry},
		"one id for three keys":        {edEntry, ecEntry, edEntry},
		"one id for two algorithms":    {rsaEntry.with("alg", "RS256"), rsaEntry.with("alg", "PS256")},
		"only a certificate":           {{"kid": "bad", "kty": "RSA", "x5u": url, "x5c": []string{"MIIB"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "jwks.json")
			good := publicEntry("good", newEd()).with("x5u", url)
			text := document(append(slices.Clone(bad), good, edEntry.with("kid", ""), entry{"kty": "OKP", "crv": "Ed25519", "x": b64(ed)})...)
			require.NoError(t, os.WriteFile(file, text, 0o600))
			s := open(t, jwks.Config{Source: file})
			require.NoError(t, s.Ready())
			_, err := s.Key(t.Context(), "good")
			require.NoError(t, err)
			for _, kid := range []string{"bad", ""} {
				_, err = s.Key(t.Context(), kid)
				require.ErrorIs(t, err, jwks.ErrUnknownKey)
			}

			// And by itself it makes no key set.
			require.NoError(t, os.WriteFile(file, document(bad...), 0o600))
			alone := open(t, jwks.Config{Source: file})
			require.ErrorIs(t, alone.Ready(), jwks.ErrNotLoaded)
			_, err = alone.Key(t.Context(), "bad")
			require.ErrorIs(t, err, jwks.ErrNotLoaded)
		})
	}
	t.Cleanup(func() { require.Zero(t, fetched.Load(), "a certificate URL was fetched") })
}

// padded is a document of exactly so many bytes.
func padded(text []byte, size int) []byte {
	return append(bytes.Repeat([]byte(" "), size-len(text)), text...)
}

// TestBrokenAnswers: the keys that are known stay, and nothing of the answer is
// used; without known keys there are none.
func TestBrokenAnswers(t *testing.T) {
	t.Parallel()
	good := document(publicEntry("old", newEd()))
	renewed := document(publicEntry("new", newEd())) // valid, to show that it was not taken
	elsewhere, _, followed := serve(t, answering(http.StatusOK, renewed))
	var bomb bytes.Buffer
	zip := gzip.NewWriter(&bomb)
	_, err := zip.Write(padded(renewed, 50<<20))
	require.NoError(t, errors.Join(err, zip.Close()))
	const most = 1 << 20
	for name, broken := range map[string]http.HandlerFunc{
		"500":              answering(http.StatusInternalServerError, renewed),
		"404":              answering(http.StatusNotFound, renewed),
		"201":              answering(http.StatusCreated, renewed),
		"204":              answering(http.StatusNoContent, nil),
		"1 MiB + 1":        answering(http.StatusOK, padded(renewed, most+1)),
		"nothing":          answering(http.StatusOK, nil),
		"empty set":        answering(http.StatusOK, document()),
		"no keys":          answering(http.StatusOK, []byte(`{}`)),
		"null":             answering(http.StatusOK, []byte(`null`)),
		"garbage":          answering(http.StatusOK, []byte(`<html>`)),
		"cut off":          answering(http.StatusOK, renewed[:len(renewed)-1]),
		"trailing garbage": answering(http.StatusOK, append(slices.Clone(renewed), '}')),
		"redirect":         http.RedirectHandler(elsewhere, http.StatusFound).ServeHTTP,
		"redirect with document": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", elsewhere)
			w.WriteHeader(307)
			w.Write(renewed)
		}, //nolint:errcheck
		"compressed 50 MB": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Write(bomb.Bytes()) //nolint:errcheck
		},
		"connection cut": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100000")
			w.Write(renewed) //nolint:errcheck
		},
		"no answer": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"half an answer": func(w http.ResponseWriter, r *http.Request) {
			w.Write(renewed[:20])    //nolint:errcheck
			w.(http.Flusher).Flush() //nolint:forcetypeassert
			<-r.Context().Done()     // until the client gives up
			w.Write(renewed[20:])    //nolint:errcheck
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			timeout := 10 * time.Second
			if name == "no answer" || name == "half an answer" {
				timeout = 200 * time.Millisecond
			}
			url, answer, asked := serve(t, answering(http.StatusOK, good))
			s := open(t, jwks.Config{Source: url, Timeout: timeout})
			require.NoError(t, s.Ready())

			answer.Store(&broken)
			before := asked.Load()
			_, err := s.Key(t.Context(), "new")
			require.ErrorIs(t, err, jwks.ErrUnknownKey)
			require.Equal(t, before+1, asked.Load())
			_, err = s.Key(t.Context(), "old")
			require.NoError(t, err)
			require.NoError(t, s.Ready())

			s = open(t, jwks.Config{Source: url, Timeout: timeout})
			require.ErrorIs(t, s.Ready(), jwks.ErrNotLoaded)
			_, err = s.Key(t.Context(), "new")
			require.ErrorIs(t, err, jwks.ErrNotLoaded)
		})
	}
	t.Run("1 MiB", func(t *testing.T) {
		t.Parallel()
		url, _, _ := serve(t, answering(http.StatusOK, padded(renewed, most)))
		require.NoError(t, open(t, jwks.Config{Source: url}).Ready())
	})
	t.Run("files", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		file := filepath.Join(dir, "jwks.json")
		require.NoError(t, os.WriteFile(file, padded(renewed, most+1), 0o600))
		for _, source := range []string{file, dir, filepath.Join(dir, "none"), "/dev/zero"} {
			require.ErrorIs(t, open(t, jwks.Config{Source: source}).Ready(), jwks.ErrNotLoaded, source)
		}
	})
	t.Cleanup(func() { require.Zero(t, followed.Load(), "a redirect was followed") })
}
