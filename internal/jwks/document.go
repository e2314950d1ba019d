// The document: fetched within bounds, and only what can verify a signature.

package jwks

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/MicahParks/jwkset"
)

const (
	// maxDocument is the largest document that is read.
	maxDocument = 1 << 20
	// minRSABits is the smallest RSA key (RFC 7518, section 3.3).
	minRSABits = 2048
)

// read fetches the document from its URL or file.
func (s *Set) read(ctx context.Context) ([]byte, error) {
	if !strings.HasPrefix(s.cfg.Source, "https://") && !strings.HasPrefix(s.cfg.Source, "http://") {
		f, err := os.Open(s.cfg.Source)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return bounded(f)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.cfg.Source, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/jwk-set+json, application/json")
	res, err := s.cfg.Client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("jwks: status %d", res.StatusCode)
	}
	return bounded(res.Body)
}

func bounded(r io.Reader) ([]byte, error) {
	document, err := io.ReadAll(io.LimitReader(r, maxDocument+1))
	if err != nil {
		return nil, err
	}
	if len(document) > maxDocument {
		return nil, fmt.Errorf("jwks: the document is larger than %d bytes", maxDocument)
	}
	return document, nil
}

// parse reads the keys of a document. Keys that cannot verify a signature are
// passed over: a set may hold others. A document without a single usable key is
// taken for a broken one.
func parse(document []byte) (map[string]Key, error) {
	// Each entry by itself, so that one that is malformed spoils no other.
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(document, &set); err != nil {
		return nil, fmt.Errorf("jwks: not a key set: %w", err)
	}
	keys := make(map[string]Key, len(set.Keys))
	ambiguous := make(map[string]bool)
	for _, raw := range set.Keys {
		var entry jwkset.JWKMarshal
		if json.Unmarshal(raw, &entry) != nil {
			continue
		}
		key, ok := usable(entry)
		if !ok {
			continue
		}
		if known, twice := keys[entry.KID]; twice && !known.equal(key) {
			ambiguous[entry.KID] = true
		}
		keys[entry.KID] = key
	}
	for id := range ambiguous {
		delete(keys, id) // an id that names two keys names neither
	}
	if len(keys) == 0 {
		return nil, errors.New("jwks: the document has no public key with an id that verifies signatures")
	}
	return keys, nil
}

// usable is the key of an entry, if it is a public one that verifies signatures.
func usable(entry jwkset.JWKMarshal) (Key, bool) {
	switch {
	case entry.KID == "",
		entry.USE != "" && entry.USE != jwkset.UseSig,
		entry.KEYOPS != nil && !slices.Contains(entry.KEYOPS, jwkset.KeyOpsVerify),
		// Secret keys, and private ones: whoever reads the document can sign
		// with them.
		entry.KTY == jwkset.KtyOct, entry.K != "",
		entry.D != "", entry.P != "", entry.Q != "", entry.DP != "", entry.DQ != "", entry.QI != "", len(entry.OTH) > 0:
		return Key{}, false
	}
	// Certificates are not looked at, and certificate URLs never fetched.
	entry.X5U, entry.X5C, entry.X5T, entry.X5TS256 = "", nil, "", ""
	jwk, err := jwkset.NewJWKFromMarshal(entry, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{})
	if err != nil {
		return Key{}, false
	}
	key := Key{Algorithm: string(entry.ALG)}
	var fitting []string
	switch k := jwk.Key().(type) {
	case *rsa.PublicKey:
		if k.N.BitLen() < minRSABits || k.E < 3 || k.E%2 == 0 {
			return Key{}, false
		}
		key.Public, fitting = k, []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
	case *ecdsa.PublicKey:
		// RFC 7518, section 3.4: each algorithm has its curve.
		key.Public, fitting = k, []string{map[jwkset.CRV]string{jwkset.CrvP256: "ES256", jwkset.CrvP384: "ES384", jwkset.CrvP521: "ES512"}[entry.CRV]}
	case ed25519.PublicKey:
		key.Public, fitting = k, []string{"EdDSA"}
	default:
		return Key{}, false
	}
	if key.Algorithm == "" && len(fitting) == 1 {
		key.Algorithm = fitting[0]
	}
	return key, key.Algorithm == "" || slices.Contains(fitting, key.Algorithm)
}

// equal says whether two keys are the same one, for the same use.
func (k Key) equal(other Key) bool {
	public, ok := k.Public.(interface{ Equal(crypto.PublicKey) bool })
	return ok && k.Algorithm == other.Algorithm && public.Equal(other.Public)
}
