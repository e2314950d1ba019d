// Secrets that another system made.

package apikey

import (
	"crypto/sha256"
	"strings"
)

// The lengths of what follows the prefix of an imported secret. The shortest is
// what 95 bits take in base 62: nobody guesses that.
const (
	importedMin = 16
	importedMax = 128
)

// Accepted is what secrets may look like: those that this platform makes, and
// those of the system that its keys were imported from.
type Accepted struct {
	// Own begins the secrets that are made here.
	Own Prefix
	// Imported begins the secrets that were made there. They have no checksum.
	// Empty: there are none; it may be the same as Own.
	Imported Prefix
}

// Hash returns the stored form of a secret, or [ErrMalformed] if text cannot be
// one of either kind: it costs no query to find that out.
func (a Accepted) Hash(text string) ([sha256.Size]byte, error) {
	hash, err := a.Own.Hash(text)
	if err == nil || a.Imported == "" {
		return hash, err
	}
	rest, ok := strings.CutPrefix(text, string(a.Imported))
	if !ok || len(rest) < importedMin || len(rest) > importedMax || strings.ContainsFunc(rest, unprintable) {
		return [sha256.Size]byte{}, ErrMalformed
	}
	return sha256.Sum256([]byte(rest)), nil
}

// unprintable says whether no header can be relied on to carry r.
func unprintable(r rune) bool { return r <= ' ' || r > '~' }
