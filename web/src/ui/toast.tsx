import type { ReactNode } from "react";
import { createContext, useCallback, useContext, useRef, useState } from "react";

const Context = createContext<(text: string) => void>(() => undefined);

export function useToast(): (text: string) => void {
  return useContext(Context);
}

/** One line at the foot of the page that says what was done. */
export function ToastProvider({ children }: { children: ReactNode }) {
  const [text, setText] = useState("");
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const show = useCallback((next: string) => {
    clearTimeout(timer.current);
    setText(next);
    timer.current = setTimeout(() => setText(""), 5000);
  }, []);
  return (
    <Context.Provider value={show}>
      {children}
      <div class="toast" role="status">
        {text && <span>{text}</span>}
      </div>
    </Context.Provider>
  );
}
