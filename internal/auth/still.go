// Callers of long calls, looked at again.

package auth

import (
	"context"
	"strings"
)

// Still returns nil as long as a caller that is a key would be let in again with
// what it sent, and else [ErrUnauthenticated] or the store's error. It is made to
// be asked several times a second: then it finds out within a second that the
// key was paused, revoked or has expired, or that its secret was rotated away. A
// token that was minted from a key is not read again; that it expires is not seen.
func (k *Keys) Still(ctx context.Context, c Caller, sent Credentials) error {
	var err error
	switch {
	case c.Authentication == byToken:
		_, err = k.byID(ctx, c.KeyID, sent.Exhausted)
	case sent.APIKey != "":
		_, err = k.bySecret(ctx, sent.APIKey, sent.Exhausted)
	default:
		_, secret, _ := strings.Cut(sent.Authorization, " ")
		_, err = k.bySecret(ctx, strings.TrimSpace(secret), sent.Exhausted)
	}
	return err
}
