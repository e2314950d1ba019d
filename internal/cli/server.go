// The commands that are the server, or work on its database.

package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/satcap/satcap/internal/config"
	"github.com/satcap/satcap/internal/server"
	"github.com/satcap/satcap/internal/store"
	"github.com/satcap/satcap/internal/telemetry"
)

// groupServer is the heading under which the help lists these commands.
const groupServer = "server"

const serveLong = `Serve the API on one port: gRPC, gRPC-Web and JSON.

With no callers configured (see satcap tokens, --jwt-jwks and --tls-client-ca) the
server is in development mode: it listens on this machine only, and every call needs "Authorization: Bearer TOKEN", where
TOKEN is SATCAP_DEV_TOKEN or, without that, made at start and printed once. The
token is the core API and an owner with the subject "dev" at once.

With --blink-listen a second port serves Blink's contract, services.api_keys.v1, to
whoever reaches it: keep it in a private network.

SIGINT and SIGTERM finish the calls in progress and end the server; a second
one ends it at once.`

// collectLess lets garbage grow to four times of what is in use, unless GOGC says
// otherwise. What a server keeps is a few megabytes, whatever its database holds,
// and at Go's default it would be collected many times a second.
func collectLess() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
}

func newServeCommand(a *app) *cobra.Command {
	cfg := config.Defaults()
	cmd := &cobra.Command{
		Use: "serve", Short: "Serve the API", Long: serveLong, Args: wantArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg.DevToken = strings.TrimSpace(a.env[envDevToken]) // as the client commands do
			cfg.SessionKey, cfg.OIDC.ClientSecret = strings.TrimSpace(a.env[envSessionKey]), strings.TrimSpace(a.env[envOIDCSecret])
			if err := cfg.Validate(); err != nil {
				return usageErrorf("%v", err)
			}
			level, err := cfg.Level()
			if err != nil {
				return usageErrorf("%v", err)
			}
			collectLess()
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			context.AfterFunc(ctx, stop) // from here on a signal does what it does by itself
			s, err := server.New(ctx, cfg, telemetry.NewLogger(a.stderr, level, cfg.LogFormat))
			if exposed := new(config.ExposedError); errors.As(err, &exposed) {
				return usageErrorf("%v", err)
			}
			if err != nil {
				return err
			}
			s.Announce(a.stderr)
			return s.Serve(ctx)
		},
	}
	f := cmd.Flags()
	f.StringVar(&cfg.Listen, "listen", cfg.Listen, "address to listen on, HOST:PORT")
	f.StringVar(&cfg.BlinkListen, "blink-listen", "", "address for Blink's contract, HOST:PORT, plaintext and without credentials: for private networks only")
	addDBFlag(cmd, &cfg.DB)
	f.StringVar(&cfg.TLSCert, "tls-cert", "", "PEM file with the certificate; plaintext without it")
	f.StringVar(&cfg.TLSKey, "tls-key", "", "PEM file with the certificate's key")
	f.StringVar(&cfg.TLSClientCA, "tls-client-ca", "", "PEM file with the authorities of client certificates")
	f.StringSliceVar(&cfg.ClientSANs, "tls-client-san", nil, "`NAME=ROLE+ROLE`: what the client with this name in its certificate may do")
	f.StringVar(&cfg.JWT.JWKS, "jwt-jwks", "", "URL or file of the key set that the tokens of owners are signed with")
	f.StringVar(&cfg.JWT.Issuer, "jwt-issuer", "", "issuer that tokens must name")
	f.StringVar(&cfg.JWT.Audience, "jwt-audience", "", "audience that tokens must name")
	f.StringVar(&cfg.JWT.SubjectClaim, "jwt-subject-claim", cfg.JWT.SubjectClaim, "claim that names the owner")
	f.StringVar(&cfg.JWT.ScopeClaim, "jwt-scope-claim", cfg.JWT.ScopeClaim, "claim with the scopes")
	f.StringVar(&cfg.JWT.KeyClaim, "jwt-key-claim", cfg.JWT.KeyClaim, "claim with the API key that a token was minted from")
	f.StringVar(&cfg.JWT.DefaultScope, "jwt-default-scope", "", "what a token without a scope claim may do: read, write, or \"read write\"")
	f.StringVar(&cfg.APIKeyHeader, "api-key-header", cfg.APIKeyHeader, "header that carries the secret of an API key")
	f.StringSliceVar(&cfg.CORSOrigins, "cors-origin", nil, "origin whose pages may call directly, such as https://app.example.com")
	f.StringVar(&cfg.OIDC.Issuer, "oidc-issuer", "", "issuer of the OpenID provider that people sign in at")
	f.StringVar(&cfg.OIDC.ClientID, "oidc-client-id", "", "what the OpenID provider knows this server as")
	f.StringVar(&cfg.PublicURL, "public-url", "", "where browsers reach this server, such as https://satcap.example.com")
	f.StringSliceVar(&cfg.EmbedOrigins, "embed-origin", nil, "origin whose pages may show the dashboard in a frame")
	f.StringSliceVar(&cfg.TrustedProxies, "trusted-proxy", nil, "address or network whose X-Forwarded-For is believed")
	f.StringVar(&cfg.SecretPrefix, "secret-prefix", cfg.SecretPrefix, "what the secrets of new API keys begin with")
	f.StringVar(&cfg.ImportedSecretPrefix, "imported-secret-prefix", "", "what the secrets of imported API keys begin with (see satcap import)")
	f.DurationVar(&cfg.HoldTTL, "hold-ttl", cfg.HoldTTL, "how long a hold counts if the request does not say")
	f.DurationVar(&cfg.ShutdownTimeout, "shutdown-timeout", cfg.ShutdownTimeout, "how long calls in progress may take at shutdown")
	f.StringVar(&cfg.LogLevel, "log-level", cfg.LogLevel, "debug, info, warn or error")
	f.StringVar(&cfg.LogFormat, "log-format", cfg.LogFormat, "text or json")
	return cmd
}

func addDBFlag(cmd *cobra.Command, db *string) {
	cmd.Flags().StringVar(db, "db", config.Defaults().DB, "database: sqlite:PATH or postgres://...")
}

func newMigrateCommand(a *app) *cobra.Command {
	var db string
	cmd := &cobra.Command{
		Use: "migrate", Short: "Bring the database's schema up to date", Args: wantArgs(),
		Long: "Bring the database's schema up to date, as serve does at start. A schema that is\nnewer than this program knows is refused and left alone.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withStore(cmd.Context(), db, func(s store.Store) error {
				version, err := s.Migrate(cmd.Context())
				if err != nil {
					return err
				}
				fmt.Fprintf(a.stdout, "schema version %d\n", version)
				return nil
			})
		},
	}
	addDBFlag(cmd, &db)
	return cmd
}

const verifyLong = `Recompute every API key's held and spent sums and tails from the rows of the
database, and report what differs from what is stored. It only reads, and may
run beside a server. Exit code 1 if anything differs.`

func newVerifyCommand(a *app) *cobra.Command {
	var db string
	cmd := &cobra.Command{
		Use: "verify", Short: "Recompute all sums and report differences", Long: verifyLong, Args: wantArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := requireDatabase(db, "verify"); err != nil {
				return err
			}
			return withStore(cmd.Context(), db, func(s store.Store) error { return a.verify(cmd.Context(), s) })
		},
	}
	addDBFlag(cmd, &db)
	return cmd
}

func (a *app) verify(ctx context.Context, s store.Store) error {
	if err := s.CheckSchema(ctx); err != nil {
		return err
	}
	report, err := server.Verify(ctx, s, func(keyID, difference string) {
		fmt.Fprintf(a.stdout, "%s\t%s\n", keyID, difference)
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(a.stderr, "%d API keys and %d spends checked, %d differences\n", report.Keys, report.Spends, report.Differences)
	if report.Differences > 0 {
		return errors.New("the stored sums are not what the rows add up to")
	}
	return nil
}

// requireDatabase refuses an SQLite file that does not exist, which opening it
// would make: an empty database has no differences, and a token in a database
// that no server uses lets nobody in.
func requireDatabase(db, purpose string) error {
	parsed, err := config.ParseDB(db)
	if err != nil || parsed.SQLitePath == "" {
		return nil // withStore says what is wrong
	}
	if _, err := os.Stat(parsed.SQLitePath); err != nil {
		return fmt.Errorf("--db: there is no database to %s (satcap migrate makes one): %w", purpose, err)
	}
	return nil
}

// withDatabase uses a database that is there and has the schema that this
// program knows. It changes neither.
func withDatabase(ctx context.Context, db, purpose string, use func(store.Store) error) error {
	if err := requireDatabase(db, purpose); err != nil {
		return err
	}
	return withStore(ctx, db, func(s store.Store) error {
		if err := s.CheckSchema(ctx); err != nil {
			return err
		}
		return use(s)
	})
}

func withStore(ctx context.Context, db string, use func(store.Store) error) error {
	parsed, err := config.ParseDB(db)
	if err != nil {
		return usageErrorf("%v", err)
	}
	s, err := server.OpenStore(ctx, parsed)
	if err != nil {
		return err
	}
	return errors.Join(use(s), s.Close())
}
