import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useEffect, useRef } from "react";
import { isProblem } from "@/api/problem";
import { Link } from "@/components/button";
import { explained } from "@/components/form";
import { useWords } from "@/i18n";
import { GuestPage } from "@/pages/account/guest-page";
import type { PageProps } from "@/routes";
import { useApi } from "@/session/context";

/** Follows the link of a mail, once: it cannot be used a second time. */
export default function VerifyEmail({ params }: PageProps): ReactNode {
  const { t } = useWords();
  const api = useApi();
  const followed = useRef(false);
  const { mutate, status, error } = useMutation({
    mutationFn: (token: string) => api.post("/api/auth/verify-email", { token }),
  });
  useEffect(() => {
    if (followed.current || !params.token) return;
    followed.current = true;
    mutate(params.token);
  }, [mutate, params.token]);
  return (
    <GuestPage title={t("verify.title")}>
      <p role="status">
        {status === "error" && (isProblem(error, "link_invalid") ? t("link.invalid") : explained(error, t))}
        {status === "success" && t("verify.done")}
        {(status === "idle" || status === "pending") && t("verify.working")}
      </p>
      <p className="after">
        <Link to="/sign-in">{t("signin.title")}</Link>
      </p>
    </GuestPage>
  );
}
