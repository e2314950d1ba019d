import { useEffect, useState } from "react";
import { POLL_MS } from "../api/queries";

/** Whether somebody can see the page. */
export function useVisible(): boolean {
  const [visible, setVisible] = useState(() => !document.hidden);
  useEffect(() => {
    const read = () => setVisible(!document.hidden);
    document.addEventListener("visibilitychange", read);
    return () => document.removeEventListener("visibilitychange", read);
  }, []);
  return visible;
}

/** How often to ask while the page is seen; false stops asking. */
export function usePoll(every = POLL_MS): number | false {
  return useVisible() && every;
}
