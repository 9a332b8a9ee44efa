import type { ReactNode } from "react";
import { Link } from "@/components/button";
import { useWords } from "@/i18n";
import { GuestPage } from "@/pages/account/guest-page";
import type { PageProps } from "@/routes";

/** Where the browser comes back to from an identity provider that did not sign anybody in. */
export default function SignInFailed({ params }: PageProps): ReactNode {
  const { t } = useWords();
  return (
    <GuestPage title={t("signin.failed")}>
      <p role="alert">{t("signin.failed.text", { code: params.code ?? "" })}</p>
      <p className="after">
        <Link className="button primary" to="/sign-in">
          {t("app.retry")}
        </Link>
      </p>
    </GuestPage>
  );
}
