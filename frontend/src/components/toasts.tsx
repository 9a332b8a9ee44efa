import { createContext, type ReactNode, useCallback, useContext, useMemo, useRef, useState } from "react";

interface Toast {
  id: number;
  text: string;
  action?: { label: string; run(): void } | undefined;
}

export type ShowToast = (text: string, action?: { label: string; run(): void }) => void;

const SHOWN_MS = 6000;
const SHOWN_WITH_ACTION_MS = 10_000;
const ToastContext = createContext<ShowToast>(() => undefined);

/** Short messages at the lower edge, read aloud; one with an action stays longer. */
export function ToastProvider({ children }: { children: ReactNode }): ReactNode {
  const [toasts, setToasts] = useState<Toast[]>([]);
  const last = useRef(0);
  const remove = useCallback((id: number) => setToasts((all) => all.filter((toast) => toast.id !== id)), []);
  const show = useCallback<ShowToast>(
    (text, action) => {
      last.current += 1;
      const id = last.current;
      setToasts((all) => [...all.slice(-2), { id, text, action }]);
      setTimeout(() => remove(id), action ? SHOWN_WITH_ACTION_MS : SHOWN_MS);
    },
    [remove],
  );
  const shown = useMemo(() => toasts, [toasts]);
  return (
    <ToastContext.Provider value={show}>
      {children}
      <div className="toasts" role="status" aria-live="polite">
        {shown.map((toast) => (
          <div className="toast" key={toast.id}>
            <span className="grow">{toast.text}</span>
            {toast.action && (
              <button
                type="button"
                onClick={() => {
                  toast.action?.run();
                  remove(toast.id);
                }}
              >
                {toast.action.label}
              </button>
            )}
          </div>
        ))}
      </div>
    </ToastContext.Provider>
  );
}

export function useToast(): ShowToast {
  return useContext(ToastContext);
}
