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
import { Connection } from "@/offline/connection";
import { OfflineCopies } from "@/offline/copies";
import { OfflineDatabase } from "@/offline/database";
import { ServicesProvider } from "@/session/context";
import { Session } from "@/session/session";
import { NewVersion } from "@/worker/new-version";
import "@/styles/tokens.css";
import "@/styles/base.css";
import "@/styles/controls.css";

const RETRIES = 2;

async function main(): Promise<void> {
  const database = new OfflineDatabase();
  const copies = new OfflineCopies(database);
  const connection = new Connection();
  const session = new Session(undefined, undefined, () => copies.lastUser());
  const api = new ApiClient(session, undefined, copies, connection);
  const answers = new Answers(api, connection, database);
  const queries = new QueryClient({
    defaultOptions: {
      // Without a network there are the copies; what is changed then fails, and says so.
      mutations: { networkMode: "always" },
      queries: {
        networkMode: "always",
        staleTime: 30_000,
        retry: (failures, error) => failures < RETRIES && isProblem(error) && error.passing,
      },
    },
  });
  const updates = new LiveUpdates(api, new UpdateReader(queries, api, answers).take);
  let previous = session.snapshot().status;
  session.subscribe(() => {
    const state = session.snapshot();
    const { status } = state;
    if (state.status === "signed-in") {
      updates.start();
      void copies.belongTo(state.user);
    } else updates.stop();
    // What one account has seen is not for the next one.
    if (status === "signed-out" && previous === "signed-in") {
      answers.clear();
      queries.clear();
    }
    if (status === "signed-out") void copies.erase();
    previous = status;
  });
  connection.subscribe(() => {
    // What was read from copies may be old.
    if (!connection.snapshot()) void queries.invalidateQueries();
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
          <ServicesProvider value={{ session, api, answers, connection }}>
            <QueryClientProvider client={queries}>
              <ToastProvider>
                <App />
                <NewVersion />
              </ToastProvider>
            </QueryClientProvider>
          </ServicesProvider>
        </CrashBoundary>
      </WordsProvider>
    </StrictMode>,
  );
}

void main();
