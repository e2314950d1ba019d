// ApiKeyService: what an owner does with API keys.

package rpc

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"math"
	"time"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
	"github.com/satcap/satcap/internal/apikey"
	"github.com/satcap/satcap/internal/auth"
	"github.com/satcap/satcap/internal/engine"
	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

type keyService struct {
	engine *engine.Engine
	prefix apikey.Prefix
}

func (s *keyService) CreateApiKey(ctx context.Context, req *satcapv1.CreateApiKeyRequest) (*satcapv1.CreateApiKeyResponse, error) {
	if req.GetExpireTime() != nil && micros(req.GetExpireTime()) <= 0 {
		return nil, engine.ErrExpireTimePast // 0 would mean: never
	}
	secret, err := s.prefix.New()
	if err != nil {
		return nil, err
	}
	key := ledger.Key{
		Subject: auth.GrantOf(ctx).Caller.Subject, Name: req.GetName(), Scopes: scopesFromProto(req.GetScopes()),
		SecretPrefix: secret.Shown, ExpiresAtUs: micros(req.GetExpireTime()),
	}
	for _, l := range req.GetLimits() {
		key.Limits[windowFromProto(l.GetWindow())] = l.GetLimitSats()
	}
	hash, err := requestHash(key)
	if err != nil {
		return nil, err
	}
	created, err := s.engine.CreateKey(ctx, store.CreateKeyParams{
		Key: key, SecretHash: secret.Hash[:], RequestID: req.GetRequestId(), RequestHash: hash,
	})
	if err != nil {
		return nil, err
	}
	if created.New {
		return &satcapv1.CreateApiKeyResponse{
			ApiKey: keyToProto(created.Key, created.Key.AsOfUs, created.Key.Usage()), Secret: secret.Text,
		}, nil
	}
	view, err := s.engine.View(ctx, ledger.KeyRef{KeyID: created.Key.ID})
	if err != nil {
		return nil, err
	}
	return &satcapv1.CreateApiKeyResponse{ApiKey: viewToProto(view)}, nil
}

// requestHash identifies what a creation asks for, whoever asks and however
// the message is written.
func requestHash(k ledger.Key) ([]byte, error) {
	content, err := json.Marshal(struct {
		Name        string
		Scopes      ledger.Scopes
		ExpiresAtUs int64
		Limits      ledger.Limits
	}{k.Name, k.Scopes, k.ExpiresAtUs, k.Limits})
	if err != nil {
		return nil, err
	}
	hash := sha256.Sum256(content)
	return hash[:], nil
}

func (s *keyService) GetApiKey(ctx context.Context, req *satcapv1.GetApiKeyRequest) (*satcapv1.GetApiKeyResponse, error) {
	ref, err := auth.GrantOf(ctx).Key(keyID(req.GetApiKeyId()))
	if err != nil {
		return nil, err
	}
	view, err := s.engine.View(ctx, ref)
	if err != nil {
		return nil, err
	}
	return &satcapv1.GetApiKeyResponse{ApiKey: viewToProto(view)}, nil
}

// listedStates pairs the states of the API with the store's.
var listedStates = map[satcapv1.ApiKey_State]store.KeyStates{
	satcapv1.ApiKey_STATE_ACTIVE:  store.StateActive,
	satcapv1.ApiKey_STATE_PAUSED:  store.StatePaused,
	satcapv1.ApiKey_STATE_REVOKED: store.StateRevoked,
	satcapv1.ApiKey_STATE_EXPIRED: store.StateExpired,
}

func (s *keyService) ListApiKeys(ctx context.Context, req *satcapv1.ListApiKeysRequest) (*satcapv1.ListApiKeysResponse, error) {
	size := pageSize(req)
	p := store.ListKeysParams{
		Subject: auth.GrantOf(ctx).Caller.Subject, Limit: size + 1,
		BeforeUs: math.MaxInt64, BeforeID: ledger.KeyID(bytes.Repeat([]byte{0xff}, len(ledger.KeyID{}))),
	}
	high, low := halves(p.BeforeID)
	if err := pagePlace(req, &p.BeforeUs, &high, &low); err != nil {
		return nil, err
	}
	p.BeforeID = joined(high, low)
	for _, state := range req.GetStates() {
		p.States |= listedStates[state]
	}
	views, err := s.engine.ListKeys(ctx, p)
	if err != nil {
		return nil, err
	}
	res := &satcapv1.ListApiKeysResponse{}
	if len(views) > size {
		views = views[:size]
		last := views[size-1].Key
		high, low := halves(last.ID)
		res.NextPageToken = pageToken(req, last.CreatedAtUs, high, low)
	}
	for _, v := range views {
		res.ApiKeys = append(res.ApiKeys, viewToProto(&v))
	}
	return res, nil
}

// change runs an operation on a key of the caller's and returns the key after it.
func (s *keyService) change(ctx context.Context, id string, op func(ledger.KeyRef) ledger.Operation) (*satcapv1.ApiKey, error) {
	ref, err := auth.GrantOf(ctx).Key(keyID(id))
	if err != nil {
		return nil, err
	}
	r, err := doOwned(ctx, s.engine, op(ref))
	if err != nil {
		return nil, err
	}
	return resultToProto(r), nil
}

// doOwned runs an owner's operation. The look before it locks nothing: who does
// not own the key neither waits for its lock nor holds it, and cannot tell it
// from one that does not exist.
func doOwned(ctx context.Context, e *engine.Engine, op ledger.Operation) (ledger.Result, error) {
	if _, err := e.View(ctx, op.Target()); err != nil {
		return ledger.Result{}, err
	}
	return e.Do(ctx, op)
}

func (s *keyService) RenameApiKey(ctx context.Context, req *satcapv1.RenameApiKeyRequest) (*satcapv1.RenameApiKeyResponse, error) {
	key, err := s.change(ctx, req.GetApiKeyId(), func(r ledger.KeyRef) ledger.Operation {
		return ledger.Rename{KeyRef: r, Name: req.GetName()}
	})
	return &satcapv1.RenameApiKeyResponse{ApiKey: key}, err
}

func (s *keyService) PauseApiKey(ctx context.Context, req *satcapv1.PauseApiKeyRequest) (*satcapv1.PauseApiKeyResponse, error) {
	key, err := s.change(ctx, req.GetApiKeyId(), func(r ledger.KeyRef) ledger.Operation { return ledger.Pause{KeyRef: r} })
	return &satcapv1.PauseApiKeyResponse{ApiKey: key}, err
}

func (s *keyService) ResumeApiKey(ctx context.Context, req *satcapv1.ResumeApiKeyRequest) (*satcapv1.ResumeApiKeyResponse, error) {
	key, err := s.change(ctx, req.GetApiKeyId(), func(r ledger.KeyRef) ledger.Operation { return ledger.Resume{KeyRef: r} })
	return &satcapv1.ResumeApiKeyResponse{ApiKey: key}, err
}

func (s *keyService) RevokeApiKey(ctx context.Context, req *satcapv1.RevokeApiKeyRequest) (*satcapv1.RevokeApiKeyResponse, error) {
	key, err := s.change(ctx, req.GetApiKeyId(), func(r ledger.KeyRef) ledger.Operation { return ledger.Revoke{KeyRef: r} })
	return &satcapv1.RevokeApiKeyResponse{ApiKey: key}, err
}

func (s *keyService) RotateApiKey(ctx context.Context, req *satcapv1.RotateApiKeyRequest) (*satcapv1.RotateApiKeyResponse, error) {
	secret, err := s.prefix.New()
	if err != nil {
		return nil, err
	}
	key, err := s.change(ctx, req.GetApiKeyId(), func(r ledger.KeyRef) ledger.Operation {
		grace := time.Duration(req.GetGraceSeconds()) * time.Second
		return ledger.Rotate{
			KeyRef: r, SecretHash: secret.Hash[:], SecretPrefix: secret.Shown,
			GraceUs: grace.Microseconds(), RequestID: req.GetRequestId(),
		}
	})
	if err != nil {
		return nil, err
	}
	return &satcapv1.RotateApiKeyResponse{ApiKey: key, Secret: secret.Text}, nil
}
