// The title of the window.
import { useEffect } from "react";
import { t } from "../i18n/en";

// useTitle names the page, for tabs, the history and screen readers.
export function useTitle(title: string | undefined): void {
  useEffect(() => {
    document.title = title ? `${title} · ${t.appName}` : t.appName;
  }, [title]);
}
