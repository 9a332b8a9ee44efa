import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import type { Prompt } from "@/api/prompts";
import { Button, IconButton } from "@/components/button";
import { Confirm, Dialog } from "@/components/dialog";
import { Field, TextField } from "@/components/field";
import { explained, Form } from "@/components/form";
import { useToast } from "@/components/toasts";
import { useWords } from "@/i18n";
import { Loaded } from "@/pages/account/loaded";
import { SettingsPage } from "@/pages/account/settings-page";
import { PROMPTS, PROMPTS_KEY, usePrompts } from "@/pages/prompts/library";
import { useApi } from "@/session/context";

const LONGEST_TITLE = 120;
const LONGEST_TEXT = 8000;

/** The library of prompts. */
export default function Prompts(): ReactNode {
  const { t } = useWords();
  const query = usePrompts();
  const [open, setOpen] = useState<"new" | Prompt | null>(null);
  return (
    <SettingsPage title={t("prompts.title")} text={t("prompts.text")}>
      <div>
        <Button kind="primary" onClick={() => setOpen("new")}>
          {t("prompts.new")}
        </Button>
      </div>
      <Loaded query={query}>
        {(prompts) =>
          prompts.length === 0 ? (
            <p className="soft">{t("prompts.none")}</p>
          ) : (
            <ul className="items">
              {prompts.map((prompt) => (
                <PromptRow key={prompt.id} prompt={prompt} onEdit={() => setOpen(prompt)} />
              ))}
            </ul>
          )
        }
      </Loaded>
      {open !== null && <PromptDialog prompt={open === "new" ? null : open} onClose={() => setOpen(null)} />}
    </SettingsPage>
  );
}

function PromptRow({ prompt, onEdit }: { prompt: Prompt; onEdit(): void }): ReactNode {
  const { t } = useWords();
  const api = useApi();
  const queries = useQueryClient();
  const toast = useToast();
  const [asking, setAsking] = useState(false);
  const { title, text, variables } = prompt;
  const { mutate } = useMutation({
    mutationFn: () => api.delete(`${PROMPTS}/${prompt.id}`),
    onError: (failure) => toast(explained(failure, t)),
    onSettled: () => queries.invalidateQueries({ queryKey: PROMPTS_KEY }),
  });
  return (
    <li className="item">
      <div className="grow">
        <p className="item-title">{title}</p>
        <p className="soft small prompt-text">{text}</p>
        {variables.length > 0 && <p className="small">{t("prompts.variables", { names: variables.join(", ") })}</p>}
      </div>
      <IconButton icon="edit" label={t("prompts.edit.label", { title })} onClick={onEdit} />
      <IconButton icon="trash" label={t("prompts.delete.label", { title })} onClick={() => setAsking(true)} />
      {asking && (
        <Confirm
          title={t("prompts.delete.label", { title })}
          text={t("prompts.delete.text")}
          action={t("common.delete")}
          onConfirm={() => mutate()}
          onClose={() => setAsking(false)}
        />
      )}
    </li>
  );
}

/** prompt null: a new one. */
function PromptDialog({ prompt, onClose }: { prompt: Prompt | null; onClose(): void }): ReactNode {
  const { t } = useWords();
  const api = useApi();
  const queries = useQueryClient();
  const save = async ({ title = "", text = "" }: Record<string, string>): Promise<void> => {
    const body = { title: title.trim(), text: text.trim() };
    await (prompt ? api.put(`${PROMPTS}/${prompt.id}`, body) : api.post(PROMPTS, body));
    await queries.invalidateQueries({ queryKey: PROMPTS_KEY });
    onClose();
  };
  return (
    <Dialog title={prompt ? t("prompts.edit.label", { title: prompt.title }) : t("prompts.new")} onClose={onClose}>
      <Form submit={t("common.save")} onSubmit={save}>
        <Field
          label={t("side.title")}
          name="title"
          defaultValue={prompt?.title}
          maxLength={LONGEST_TITLE}
          pattern=".*\S.*"
          required
          autoFocus
        />
        <TextField
          label={t("prompts.body")}
          hint={t("prompts.body.hint", { example: "{{topic}}" })}
          name="text"
          rows={8}
          defaultValue={prompt?.text}
          maxLength={LONGEST_TEXT}
          required
        />
      </Form>
    </Dialog>
  );
}
