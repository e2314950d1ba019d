// Whose a secret or a token is.

package postgres

import (
	"context"
	"fmt"

	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
	"github.com/satcap/satcap/internal/store/postgres/internal/dbsqlc"
)

// FindKeyBySecret implements [store.Access].
func (s *Store) FindKeyBySecret(ctx context.Context, hash []byte) (*store.Credential, error) {
	rows, err := dbsqlc.New(s.pool).FindKeyBySecret(ctx, dbsqlc.FindKeyBySecretParams{Hash: hash, ClockUs: s.clock()})
	if err != nil || len(rows) == 0 {
		return nil, ifAny("find key by secret", err)
	}
	c := &store.Credential{Key: keyOf(rows[0].ApiKey), ClockUs: rows[0].ClockUs}
	if !rows[0].CurrentSecret {
		c.UntilUs = rows[0].ApiKey.PreviousSecretUntilUs
	}
	return c, nil
}

// ifAny classifies an error, if there is one.
func ifAny(doing string, err error) error {
	if err == nil {
		return nil
	}
	return classify(doing, err)
}

// TouchKeys implements [store.Access].
func (s *Store) TouchKeys(ctx context.Context, lastUsedAtUs map[ledger.KeyID]int64) error {
	var p dbsqlc.TouchKeysParams
	for id, us := range lastUsedAtUs {
		p.Ids = append(p.Ids, id)
		p.AtUs = append(p.AtUs, us)
	}
	return ifAny("touch keys", dbsqlc.New(s.pool).TouchKeys(ctx, p))
}

// CreateServiceToken implements [store.Access].
func (s *Store) CreateServiceToken(ctx context.Context, t store.ServiceToken) error {
	err := dbsqlc.New(s.pool).InsertServiceToken(ctx, dbsqlc.InsertServiceTokenParams{
		ID: t.ID, Name: t.Name, TokenHash: t.Hash, TokenPrefix: t.Prefix, Roles: t.Roles, CreatedAtUs: t.CreatedAtUs,
	})
	if err != nil && !reported(err) {
		return fmt.Errorf("%w: create service token: %w", store.ErrOutcomeUnknown, err)
	}
	return ifAny("create service token", err)
}

// FindServiceToken implements [store.Access].
func (s *Store) FindServiceToken(ctx context.Context, hash []byte) (*store.ServiceToken, error) {
	rows, err := dbsqlc.New(s.pool).FindServiceToken(ctx, hash)
	if err != nil || len(rows) == 0 {
		return nil, ifAny("find service token", err)
	}
	t := serviceTokenOf(rows[0])
	return &t, nil
}

// ListServiceTokens implements [store.Access].
func (s *Store) ListServiceTokens(ctx context.Context) ([]store.ServiceToken, error) {
	rows, err := dbsqlc.New(s.pool).ListServiceTokens(ctx)
	if err != nil {
		return nil, classify("list service tokens", err)
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
	n, err := dbsqlc.New(s.pool).RevokeServiceToken(ctx, dbsqlc.RevokeServiceTokenParams{ID: id, RevokedAtUs: revokedAtUs})
	return n > 0, ifAny("revoke service token", err)
}
