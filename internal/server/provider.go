// The OpenID provider: finding out where to ask it what.

package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/sync/singleflight"
)

const (
	// oidcTimeout bounds each question to the provider, and discoverTimeout the
	// first one, which people wait for who want to sign in.
	oidcTimeout     = 10 * time.Second
	discoverTimeout = 5 * time.Second
	// askAgainAfter is how long a provider that did not answer is left alone:
	// meanwhile whoever wants to sign in is told so at once.
	askAgainAfter = 5 * time.Second
	// complainEvery is how often the log says that it still does not answer.
	complainEvery = time.Minute
)

// errProviderSilent: the provider does not answer, or not what a provider must.
var errProviderSilent = errors.New("the OpenID provider does not answer")

// provider is asked at the first login and not at start: one that is down must
// not keep spends from being checked.
type provider struct {
	issuer string
	client *http.Client
	log    *slog.Logger
	now    func() time.Time
	// life ends with the server.
	life   context.Context
	end    context.CancelFunc
	asking singleflight.Group

	mu               sync.Mutex
	found            *oidc.Provider
	failed, complain time.Time // when it failed, and when it may be logged again
}

func newProvider(issuer string, log *slog.Logger) *provider {
	p := &provider{issuer: issuer, log: log, now: time.Now}
	p.client = &http.Client{Transport: http.DefaultTransport.(*http.Transport).Clone(), Timeout: oidcTimeout}
	p.life, p.end = context.WithCancel(context.Background())
	return p
}

// get returns what the provider says about itself, or [errProviderSilent], or
// the context's error. All who ask at once wait for one answer, and none of them
// longer than for that one.
func (p *provider) get(ctx context.Context) (*oidc.Provider, error) {
	if found, known := p.known(); known {
		return found, silentIfNil(found)
	}
	asked := p.asking.DoChan("", func() (any, error) {
		if found, known := p.known(); known { // since this caller looked
			return found, nil
		}
		return p.discover(), nil
	})
	select {
	case answer := <-asked:
		found, _ := answer.Val.(*oidc.Provider)
		return found, silentIfNil(found)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func silentIfNil(found *oidc.Provider) error {
	if found == nil {
		return errProviderSilent
	}
	return nil
}

// known returns the answer that there is; nil: there was none a moment ago.
func (p *provider) known() (found *oidc.Provider, known bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.found, p.found != nil || p.now().Sub(p.failed) < askAgainAfter
}

// discover asks the provider; nil: in vain.
func (p *provider) discover() *oidc.Provider {
	// Not a request's context: the answer is for others as well.
	ctx, cancel := context.WithTimeout(oidc.ClientContext(p.life, p.client), discoverTimeout)
	defer cancel()
	found, err := oidc.NewProvider(ctx, p.issuer)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil {
		if !p.failed.IsZero() {
			p.log.Info("the OpenID provider answers again", "issuer", p.issuer)
		}
		p.found = found
		return found
	}
	p.failed = p.now()
	if !p.failed.Before(p.complain) {
		p.complain = p.failed.Add(complainEvery)
		p.log.Error("the OpenID provider does not answer: nobody can sign in", "issuer", p.issuer, "error", shortened(err.Error()))
	}
	return nil
}

// shortened keeps the log readable: an error may hold the whole page that came
// instead of an answer.
func shortened(text string) string {
	const most = 300
	if len(text) > most {
		return text[:most] + "..."
	}
	return text
}

// Close gives up what is under way and the connections.
func (p *provider) Close() {
	p.end()
	p.client.CloseIdleConnections()
}
