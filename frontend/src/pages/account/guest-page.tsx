import { type ReactNode, useEffect, useRef } from "react";
import { Brand } from "@/components/brand";
import { PreferenceButtons } from "@/components/preferences";
import { useTitle } from "@/components/use-title";

/** The frame of the pages around signing in. The heading gets the focus, so that screen readers say where they are. */
export function GuestPage({ title, children }: { title: string; children: ReactNode }): ReactNode {
  const heading = useRef<HTMLHeadingElement>(null);
  useTitle(title);
  useEffect(() => {
    if (!document.activeElement || document.activeElement === document.body) heading.current?.focus();
  }, []);
  return (
    <div className="guest">
      <header>
        <Brand />
        <PreferenceButtons />
      </header>
      <main>
        <div className="card">
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {children}
        </div>
      </main>
    </div>
  );
}
