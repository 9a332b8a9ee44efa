import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { isProblem } from "@/api/problem";
import type { SharedConversation } from "@/api/prompts";
import { Brand } from "@/components/brand";
import { explained } from "@/components/form";
import { PreferenceButtons } from "@/components/preferences";
import { useTitle } from "@/components/use-title";
import { useWords } from "@/i18n";
import { Markdown } from "@/markdown/markdown";
import type { PageProps } from "@/routes";
import { useApi } from "@/session/context";
import "@/styles/chat.css";
import "@/styles/shared.css";

/** What somebody shares, for whoever has the link; nobody has to sign in. */
export default function Shared({ params }: PageProps): ReactNode {
  const { t } = useWords();
  const api = useApi();
  const { data, error } = useQuery({
    queryKey: ["shared", params.token],
    queryFn: ({ signal }) =>
      api.get<SharedConversation>(`/api/shared/${encodeURIComponent(params.token ?? "")}`, signal),
    staleTime: Number.POSITIVE_INFINITY,
  });
  useTitle(data?.title);
  return (
    <div className="shared">
      <header className="row">
        <Brand />
        <span className="grow" />
        <PreferenceButtons />
      </header>
      <main aria-busy={!data && !error}>
        {error && (
          <div className="stack" role="alert">
            <h1>{t(isProblem(error, "not_found") ? "shared.gone" : "chat.failed")}</h1>
            <p className="soft">{isProblem(error, "not_found") ? t("shared.gone.text") : explained(error, t)}</p>
          </div>
        )}
        {!data && !error && <p className="soft">{t("app.loading")}</p>}
        {data && <Snapshot shared={data} />}
      </main>
    </div>
  );
}

function Snapshot({ shared }: { shared: SharedConversation }): ReactNode {
  const { t, date } = useWords();
  return (
    <>
      <h1>{shared.title}</h1>
      <p className="soft small">{t("shared.when", { date: date(shared.created_at, { dateStyle: "long" }) })}</p>
      {shared.messages.map((message, index) =>
        message.role === "user" ? (
          <article key={index} className="question" aria-label={t("shared.question")}>
            <div className="bubble">{message.content}</div>
          </article>
        ) : (
          <SharedAnswer key={index} agent={message.agent ?? ""} text={message.content} />
        ),
      )}
    </>
  );
}

function SharedAnswer({ agent, text }: { agent: string; text: string }): ReactNode {
  const { t } = useWords();
  // Readers without an account cannot ask for the roster; the agents' ids are their names.
  const known: Record<string, string> = { team: t("agent.team"), quick: t("agent.quick"), "": t("app.name") };
  const name = known[agent] ?? agent.slice(0, 1).toUpperCase() + agent.slice(1);
  return (
    <article className="answer" aria-label={name}>
      <header>
        <span className="agent-sign" data-agent={agent} aria-hidden="true">
          {name.slice(0, 1)}
        </span>
        <span className="answer-agent">{name}</span>
      </header>
      <Markdown text={text} />
    </article>
  );
}
