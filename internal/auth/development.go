// Development mode: one token that is the core API and one owner at once.

package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"strings"
)

// DevelopmentSubject is the owner that the development token acts as.
const DevelopmentSubject = "dev"

// Authenticator finds out who is calling.
type Authenticator interface {
	// Authenticate returns the caller that the Authorization header proves, or
	// [ErrUnauthenticated].
	Authenticate(authorization string) (Caller, error)
}

// Development is the authenticator of a server that has no other.
type Development struct{ hash [sha256.Size]byte }

// NewDevelopment accepts the given token, and no other.
func NewDevelopment(token string) *Development {
	return &Development{hash: sha256.Sum256([]byte(token))}
}

// NewDevelopmentToken makes a token that nobody can guess.
func NewDevelopmentToken() string { return "dev_" + rand.Text() }

// Authenticate implements [Authenticator].
func (d *Development) Authenticate(authorization string) (Caller, error) {
	scheme, token, _ := strings.Cut(authorization, " ")
	hash := sha256.Sum256([]byte(strings.TrimSpace(token)))
	if !strings.EqualFold(scheme, "Bearer") || subtle.ConstantTimeCompare(hash[:], d.hash[:]) != 1 {
		return Caller{}, ErrUnauthenticated
	}
	return Caller{
		Kinds: Owner | Service, Subject: DevelopmentSubject, Authentication: "development token",
	}, nil
}
