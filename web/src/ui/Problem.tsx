// What failed, in place: the words, what to quote to an operator, and a retry.
import { explain } from "../api/errors";
import { t } from "../i18n/en";

export function Problem({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const failure = explain(error);
  return (
    <div className="problem" role="alert">
      <p>
        <strong>{failure.message}</strong>
      </p>
      <p className="help">
        {t.errors.code(failure.reason)}
        {failure.requestId && <> · {t.errors.request(failure.requestId)}</>}
      </p>
      {onRetry && (
        <button type="button" onClick={onRetry}>
          {t.retry}
        </button>
      )}
    </div>
  );
}
