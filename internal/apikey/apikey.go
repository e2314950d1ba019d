// Package apikey makes and recognises the secrets of API keys.
//
// A secret is a prefix that says what it is ("satcap_"), 43 random characters
// of base 62 (256 bits), and 6 characters of checksum. The checksum is not a
// protection: it lets a typing error, and a scanner for leaked secrets, be told
// without asking a database. Only the SHA-256 of what follows the prefix is
// ever stored: with 256 random bits there is nothing for a slow hash to protect.
package apikey

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/crc32"
	"math/big"
	"strings"
)

const (
	alphabet    = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	randomLen   = 43 // 62^43 > 2^256
	checksumLen = 6  // 62^6 > 2^32
	// shownLen is how many random characters an owner sees to tell keys apart.
	shownLen = 6
)

// DefaultPrefix is the prefix of secrets unless the platform sets its own.
const DefaultPrefix = "satcap_"

// ErrMalformed says that a string cannot be a secret.
var ErrMalformed = errors.New("apikey: not a secret")

// Prefix is what all secrets of a platform begin with.
type Prefix string

// Validate says whether p can be a prefix: 1 to 32 letters, digits, "_" or "-".
func (p Prefix) Validate() error {
	foreign := func(r rune) bool { return !strings.ContainsRune(alphabet+"_-", r) }
	if len(p) < 1 || len(p) > 32 || strings.ContainsFunc(string(p), foreign) {
		return fmt.Errorf("apikey: the prefix %q must be 1 to 32 letters, digits, underscores or hyphens", string(p))
	}
	return nil
}

// Secret is a new secret: what its holder gets, once, and what is stored.
type Secret struct {
	// Text is the secret itself.
	Text string
	// Hash is the SHA-256 of what follows the prefix.
	Hash [sha256.Size]byte
	// Shown is the first characters, to tell keys apart. Not secret.
	Shown string
}

// New makes a secret.
func (p Prefix) New() (Secret, error) {
	var body strings.Builder
	for range randomLen {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(alphabet))))
		if err != nil {
			return Secret{}, fmt.Errorf("apikey: %w", err)
		}
		body.WriteByte(alphabet[n.Int64()])
	}
	text := body.String() + checksum(body.String())
	return Secret{
		Text: string(p) + text, Hash: sha256.Sum256([]byte(text)), Shown: string(p) + text[:shownLen],
	}, nil
}

// Hash returns the stored form of a secret, or [ErrMalformed] if text cannot be
// one of this platform's: it costs no query to find that out.
func (p Prefix) Hash(text string) ([sha256.Size]byte, error) {
	rest, ok := strings.CutPrefix(text, string(p))
	if !ok || len(rest) != randomLen+checksumLen || checksum(rest[:randomLen]) != rest[randomLen:] {
		return [sha256.Size]byte{}, ErrMalformed
	}
	return sha256.Sum256([]byte(rest)), nil
}

// checksum is the CRC-32 (IEEE) of body in base 62, most significant digit first.
func checksum(body string) string {
	sum := crc32.ChecksumIEEE([]byte(body))
	var digits [checksumLen]byte
	for i := checksumLen - 1; i >= 0; i-- {
		digits[i] = alphabet[sum%62]
		sum /= 62
	}
	return string(digits[:])
}
