// Development mode: one token that is the core API and one owner at once.

package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"sync/atomic"
)

// DevelopmentSubject is the owner that the development token acts as.
const DevelopmentSubject = "dev"

// Development is the token of a server that has no other kind of caller.
type Development struct {
	hash [sha256.Size]byte
	// Gone says whether another kind of caller exists meanwhile: then the token
	// is worth nothing. Nil: never.
	Gone func(context.Context) (bool, error)
	gone atomic.Bool // it was so once, and stays so until the program ends
}

// NewDevelopment accepts the given token, and no other.
func NewDevelopment(token string) *Development {
	return &Development{hash: sha256.Sum256([]byte(token))}
}

// NewDevelopmentToken makes a token that nobody can guess.
func NewDevelopmentToken() string { return "dev_" + rand.Text() }

func (d *Development) matches(token string) bool {
	hash := sha256.Sum256([]byte(token))
	return subtle.ConstantTimeCompare(hash[:], d.hash[:]) == 1
}

// Still returns nil as long as the token is worth something, else
// [ErrUnauthenticated], or the store's error.
func (d *Development) Still(ctx context.Context) error {
	if d.gone.Load() {
		return ErrUnauthenticated
	}
	if d.Gone != nil {
		gone, err := d.Gone(ctx)
		if err != nil {
			return err
		}
		if gone {
			d.gone.Store(true)
			return ErrUnauthenticated
		}
	}
	return nil
}

func (d *Development) caller(ctx context.Context) (Caller, error) {
	if err := d.Still(ctx); err != nil {
		return Caller{}, err
	}
	return Caller{Kinds: owner | service, Subject: DevelopmentSubject, Authentication: "development token"}, nil
}
