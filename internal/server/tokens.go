// Making the tokens of services.

package server

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/satcap/satcap/internal/auth"
	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

// ErrTokenArgument: the name or the roles of a token are not valid.
var ErrTokenArgument = errors.New("not a valid token")

// CreateToken makes a token for a service, stores its hash and returns it.
func CreateToken(ctx context.Context, s store.Access, name string, roleNames []string) (string, error) {
	if n := utf8.RuneCountInString(name); n < 1 || n > 128 {
		return "", fmt.Errorf("%w: the name must have 1 to 128 characters", ErrTokenArgument)
	}
	for _, r := range name {
		if !unicode.IsPrint(r) || r == utf8.RuneError {
			return "", fmt.Errorf("%w: the name must have printable characters only", ErrTokenArgument)
		}
	}
	roles, err := auth.ParseRoles(roleNames)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrTokenArgument, err)
	}
	secret, err := auth.TokenPrefix.New()
	if err != nil {
		return "", err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return "", err
	}
	return secret.Text, s.CreateServiceToken(ctx, store.ServiceToken{
		ID: ledger.KeyID(id), Name: name, Hash: secret.Hash[:], Prefix: secret.Shown,
		Roles: int64(roles), CreatedAtUs: time.Now().UnixMicro(),
	})
}

// RoleNames are the roles of a stored token as people write them.
func RoleNames(roles int64) []string { return auth.Roles(roles).Names() }
