// Whose a secret or a token is.

package sqlite

import (
	"context"

	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
	"github.com/satcap/satcap/internal/store/sqlite/internal/dbsqlc"
)

// FindKeyBySecret implements [store.Access].
func (s *Store) FindKeyBySecret(ctx context.Context, hash []byte) (*store.Credential, error) {
	rows, err := s.reads.FindKeyBySecret(ctx, hash)
	if err != nil || len(rows) == 0 {
		return nil, ifAny("find key by secret", err)
	}
	c := &store.Credential{Key: keyOf(rows[0].ApiKey), ClockUs: s.clock()}
	if rows[0].CurrentSecret == 0 {
		c.UntilUs = rows[0].ApiKey.PreviousSecretUntilUs
	}
	return c, nil
}

// ifAny classifies an error, if there is one.
func ifAny(doing string, err error) error {
	if err == nil {
		return nil
	}
	return unavailable(doing, err)
}

// TouchKeys implements [store.Access].
func (s *Store) TouchKeys(ctx context.Context, lastUsedAtUs map[ledger.KeyID]int64) error {
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return unavailable("begin", err)
	}
	defer func() { _ = tx.Rollback() }()
	q := s.writes.WithTx(tx)
	for id, us := range lastUsedAtUs {
		if err := q.TouchKeys(ctx, dbsqlc.TouchKeysParams{ID: id[:], AtUs: us}); err != nil {
			return unavailable("touch keys", err)
		}
	}
	return ifAny("touch keys", tx.Commit())
}

// CreateServiceToken implements [store.Access].
func (s *Store) CreateServiceToken(ctx context.Context, t store.ServiceToken) error {
	return ifAny("create service token", s.writes.InsertServiceToken(ctx, dbsqlc.InsertServiceTokenParams{
		ID: t.ID[:], Name: t.Name, TokenHash: t.Hash, TokenPrefix: t.Prefix, Roles: t.Roles, CreatedAtUs: t.CreatedAtUs,
	}))
}

// FindServiceToken implements [store.Access].
func (s *Store) FindServiceToken(ctx context.Context, hash []byte) (*store.ServiceToken, error) {
	rows, err := s.reads.FindServiceToken(ctx, hash)
	if err != nil || len(rows) == 0 {
		return nil, ifAny("find service token", err)
	}
	t := serviceTokenOf(rows[0])
	return &t, nil
}

// ListServiceTokens implements [store.Access].
func (s *Store) ListServiceTokens(ctx context.Context) ([]store.ServiceToken, error) {
	rows, err := s.reads.ListServiceTokens(ctx)
	if err != nil {
		return nil, unavailable("list service tokens", err)
	}
	tokens := make([]store.ServiceToken, len(rows))
	for i, r := range rows {
		tokens[i] = serviceTokenOf(r)
	}
	return tokens, nil
}

func serviceTokenOf(r dbsqlc.ServiceToken) store.ServiceToken {
	return store.ServiceToken{
		ID: ledger.KeyID(r.ID), Name: r.Name, Hash: r.TokenHash, Prefix: r.TokenPrefix, Roles: r.Roles,
		CreatedAtUs: r.CreatedAtUs, RevokedAtUs: r.RevokedAtUs,
	}
}

// RevokeServiceToken implements [store.Access].
func (s *Store) RevokeServiceToken(ctx context.Context, id ledger.KeyID, revokedAtUs int64) (bool, error) {
	n, err := s.writes.RevokeServiceToken(ctx, dbsqlc.RevokeServiceTokenParams{ID: id[:], RevokedAtUs: revokedAtUs})
	return n > 0, ifAny("revoke service token", err)
}
