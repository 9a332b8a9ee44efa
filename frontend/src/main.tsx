/** READ FIRST. Builds what the page needs, once, and shows it. */
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { ApiClient } from "@/api/client";
import { isProblem } from "@/api/problem";
import { App } from "@/app";
import { Answers } from "@/chat/answers";
import { UpdateReader } from "@/chat/apply-update";
import { LiveUpdates } from "@/chat/live-updates";
import { CrashBoundary } from "@/components/crash-boundary";
import { ToastProvider } from "@/components/toasts";
import { initialLocale, loadCatalogue, WordsProvider } from "@/i18n";
import { ServicesProvider } from "@/session/context";
import { Session } from "@/session/session";
import "@/styles/tokens.css";
import "@/styles/base.css";
import "@/styles/controls.css";

const RETRIES = 2;

async function main(): Promise<void> {
  const session = new Session();
  const api = new ApiClient(session);
  const answers = new Answers(api);
  const queries = new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 30_000,
        retry: (failures, error) => failures < RETRIES && isProblem(error) && error.passing,
      },
    },
  });
  const updates = new LiveUpdates(api, new UpdateReader(queries, api, answers).take);
  let previous = session.snapshot().status;
  session.subscribe(() => {
    const { status } = session.snapshot();
    if (status === "signed-in") updates.start();
    else updates.stop();
    // What one account has seen is not for the next one.
    if (status === "signed-out" && previous === "signed-in") {
      answers.clear();
      queries.clear();
    }
    previous = status;
  });
  void session.start();
  const locale = initialLocale();
  const catalogue = await loadCatalogue(locale);
  const root = document.getElementById("root");
  if (!root) throw new Error("index.html has no element #root.");
  createRoot(root).render(
    <StrictMode>
      <WordsProvider locale={locale} catalogue={catalogue}>
        <CrashBoundary>
          <ServicesProvider value={{ session, api, answers }}>
            <QueryClientProvider client={queries}>
              <ToastProvider>
                <App />
              </ToastProvider>
            </QueryClientProvider>
          </ServicesProvider>
        </CrashBoundary>
      </WordsProvider>
    </StrictMode>,
  );
}

void main();
