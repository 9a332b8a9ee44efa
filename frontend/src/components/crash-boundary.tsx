import { Component, type ReactNode } from "react";
import { Button } from "@/components/button";
import { useWords } from "@/i18n";

/** A component that throws takes its page with it, not the whole window without a word. */
export class CrashBoundary extends Component<{ children: ReactNode }, { crashed: boolean }> {
  override state = { crashed: false };

  static getDerivedStateFromError(): { crashed: boolean } {
    return { crashed: true };
  }

  override render(): ReactNode {
    return this.state.crashed ? <Crashed /> : this.props.children;
  }
}

function Crashed(): ReactNode {
  const { t } = useWords();
  return (
    <main className="centre">
      <div className="card stack" role="alert">
        <h1>{t("app.crash")}</h1>
        <p className="soft">{t("app.crash.text")}</p>
        <Button kind="primary" onClick={() => location.reload()}>
          {t("app.reload")}
        </Button>
      </div>
    </main>
  );
}
