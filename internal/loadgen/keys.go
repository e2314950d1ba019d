// The keys that a run spends with: finding them, making them, revoking them.

package loadgen

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
	"github.com/satcap/satcap/gen/satcap/v1/satcapv1connect"
)

const (
	// keyCallsAtOnce bounds how many keys are made or revoked at once.
	keyCallsAtOnce = 16
	// revokePatience is how long revoking goes on after a run.
	revokePatience = time.Minute
	// listPageSize is the largest that the server allows.
	listPageSize = 1000
)

// key is what a run needs to know of a key.
type key struct {
	id string
	// secret is only known where the mix verifies.
	secret string
}

// keyring is the keys of a run, the hot one first.
type keyring struct {
	owner satcapv1connect.ApiKeyServiceClient
	keys  []*key

	mu      sync.Mutex
	created []string
}

func keyName(i int) string { return fmt.Sprintf("bench-%04d", i+1) }

// prepare finds the keys and makes those that are missing. What it made is to be
// revoked also after an error.
func (r *keyring) prepare(ctx context.Context, cfg *Config) error {
	if len(cfg.KeyIDs) > 0 {
		for _, id := range cfg.KeyIDs {
			r.keys = append(r.keys, &key{id: id})
		}
		return nil
	}
	known, err := r.find(ctx, cfg.Keys)
	if err != nil {
		return err
	}
	r.keys = make([]*key, cfg.Keys)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(keyCallsAtOnce)
	for i := range r.keys {
		id := known[keyName(i)]
		switch {
		case id == "":
			group.Go(func() (err error) { r.keys[i], err = r.create(ctx, keyName(i)); return err })
		case cfg.Mix.has(opVerify):
			group.Go(func() (err error) { r.keys[i], err = r.rotate(ctx, id); return err })
		default:
			r.keys[i] = &key{id: id}
		}
	}
	return group.Wait()
}

// find is the ids of the owner's active keys that have the names of a run's keys.
func (r *keyring) find(ctx context.Context, count int) (map[string]string, error) {
	wanted := make(map[string]bool, count)
	for i := range count {
		wanted[keyName(i)] = true
	}
	known := make(map[string]string)
	req := &satcapv1.ListApiKeysRequest{PageSize: listPageSize, States: []satcapv1.ApiKey_State{satcapv1.ApiKey_STATE_ACTIVE}}
	for {
		res, err := r.owner.ListApiKeys(ctx, req)
		if err != nil {
			return nil, err
		}
		for _, k := range res.GetApiKeys() {
			if wanted[k.GetName()] {
				known[k.GetName()] = k.GetApiKeyId()
			}
		}
		if req.PageToken = res.GetNextPageToken(); req.PageToken == "" || len(known) == count {
			return known, nil
		}
	}
}

// create makes a key whose limits are there, so that they are counted, and are as
// high as they can be, so that they refuse nothing.
func (r *keyring) create(ctx context.Context, name string) (*key, error) {
	req := &satcapv1.CreateApiKeyRequest{Name: name, Scopes: []satcapv1.ApiKey_Scope{satcapv1.ApiKey_SCOPE_READ, satcapv1.ApiKey_SCOPE_WRITE}}
	for _, window := range []satcapv1.LimitWindow{
		satcapv1.LimitWindow_LIMIT_WINDOW_DAILY, satcapv1.LimitWindow_LIMIT_WINDOW_WEEKLY,
		satcapv1.LimitWindow_LIMIT_WINDOW_MONTHLY, satcapv1.LimitWindow_LIMIT_WINDOW_ANNUAL,
	} {
		req.Limits = append(req.Limits, &satcapv1.CreateApiKeyLimit{Window: window, LimitSats: MaxSats})
	}
	res, err := r.owner.CreateApiKey(ctx, req)
	if err != nil {
		return nil, err
	}
	id := res.GetApiKey().GetApiKeyId()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.created = append(r.created, id)
	return &key{id: id, secret: res.GetSecret()}, nil
}

// rotate gives a key of an earlier run a secret that this run knows.
func (r *keyring) rotate(ctx context.Context, id string) (*key, error) {
	res, err := r.owner.RotateApiKey(ctx, &satcapv1.RotateApiKeyRequest{ApiKeyId: id})
	if err != nil {
		return nil, err
	}
	return &key{id: id, secret: res.GetSecret()}, nil
}

// revoke revokes the keys that the run made, also if the run was interrupted.
func (r *keyring) revoke(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), revokePatience)
	defer cancel()
	var group errgroup.Group
	group.SetLimit(keyCallsAtOnce)
	var mu sync.Mutex
	var failed []error
	for _, id := range r.created {
		group.Go(func() error {
			if _, err := r.owner.RevokeApiKey(ctx, &satcapv1.RevokeApiKeyRequest{ApiKeyId: id}); err != nil {
				mu.Lock()
				defer mu.Unlock()
				failed = append(failed, err)
			}
			return nil
		})
	}
	_ = group.Wait() // the errors are in failed
	if len(failed) > 0 {
		return &RevokeError{Count: len(failed), Cause: failed[0]}
	}
	return nil
}

// RevokeError says that keys which the run made are still active.
type RevokeError struct {
	// Count of the keys, 1 or more.
	Count int
	// Cause is why the first of them was not revoked.
	Cause error
}

// Error is part of error.
func (e *RevokeError) Error() string {
	return fmt.Sprintf("%d keys that the run made could not be revoked, and stay active", e.Count)
}

// Unwrap is why.
func (e *RevokeError) Unwrap() error { return e.Cause }
