import { type ReactNode, useState } from "react";
import type { Message, Rating } from "@/api/chat";
import { useFeedback, type Verdict } from "@/chat/feedback";
import { Button, IconButton } from "@/components/button";
import { explained } from "@/components/form";
import { useToast } from "@/components/toasts";
import { useWords } from "@/i18n";

const COMMENT_CHARACTERS = 2000;

/** Thumbs up or down, and words to it for whoever likes. Pressing a thumb again takes the verdict back. */
export function FeedbackButtons({ message }: { message: Message }): ReactNode {
  const { t } = useWords();
  const toast = useToast();
  const { mutateAsync } = useFeedback(message);
  const [writing, setWriting] = useState(false);
  const given = message.feedback ?? null;
  const send = (verdict: Verdict): void =>
    void mutateAsync(verdict).catch((failure: unknown) => toast(explained(failure, t)));
  const press = (rating: Rating): void => {
    const again = given?.rating === rating;
    send(again ? null : { rating, comment: null });
    setWriting(!again);
  };
  return (
    <>
      <IconButton
        icon="thumbUp"
        label={t("feedback.up")}
        aria-pressed={given?.rating === "up"}
        onClick={() => press("up")}
      />
      <IconButton
        icon="thumbDown"
        label={t("feedback.down")}
        aria-pressed={given?.rating === "down"}
        onClick={() => press("down")}
      />
      {given && !writing && (
        <button type="button" className="link small" onClick={() => setWriting(true)}>
          {t(given.comment ? "feedback.change" : "feedback.comment")}
        </button>
      )}
      {given && writing && (
        <CommentForm
          comment={given.comment ?? ""}
          onCancel={() => setWriting(false)}
          onSave={(comment) => {
            send({ rating: given.rating, comment: comment || null });
            setWriting(false);
          }}
        />
      )}
    </>
  );
}

interface CommentProps {
  comment: string;
  onCancel(): void;
  onSave(comment: string): void;
}

function CommentForm({ comment, onCancel, onSave }: CommentProps): ReactNode {
  const { t } = useWords();
  const [text, setText] = useState(comment);
  return (
    <form
      className="feedback-form"
      onSubmit={(event) => {
        event.preventDefault();
        onSave(text.trim());
      }}
    >
      <textarea
        className="input"
        rows={2}
        maxLength={COMMENT_CHARACTERS}
        value={text}
        aria-label={t("feedback.why")}
        placeholder={t("feedback.why")}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          event.preventDefault();
          onCancel();
        }}
      />
      <div className="row end">
        <Button onClick={onCancel}>{t("common.cancel")}</Button>
        <Button type="submit" kind="primary">
          {t("common.save")}
        </Button>
      </div>
    </form>
  );
}
