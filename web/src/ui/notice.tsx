import type { ReactNode } from "react";
import { failureOf } from "../api/errors";
import { en } from "../i18n/en";

export function Notice({ tone, children }: { tone: "warning" | "error" | "info"; children: ReactNode }) {
  return (
    <div class={`notice ${tone}`} role={tone === "error" ? "alert" : tone === "info" ? "status" : undefined}>
      {children}
    </div>
  );
}

/** What failed, in words, with what a support team asks for. */
export function Failed({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  if (error == null) return null;
  const failure = failureOf(error);
  return (
    <Notice tone="error">
      <p>{en.failure(failure)}</p>
      {(failure.reason || failure.requestId) && (
        <p class="small muted">
          {failure.reason} {failure.requestId && en.requestId(failure.requestId)}
        </p>
      )}
      {onRetry && (
        <button type="button" onClick={onRetry}>
          {en.retry}
        </button>
      )}
    </Notice>
  );
}

export function Skeleton({ rows }: { rows: number }) {
  return (
    <div class="skeleton" role="status" aria-label={en.loading}>
      {Array.from({ length: rows }, (_, i) => (
        <div key={i} />
      ))}
    </div>
  );
}
