import type { ReactNode } from "react";
import type { Health } from "@/api/admin";
import { Tiles } from "@/components/tiles";
import { useWords } from "@/i18n";
import { Loaded } from "@/pages/account/loaded";
import { useHealth } from "@/pages/admin/queries";
import { useUnits } from "@/pages/admin/units";

export default function HealthPage(): ReactNode {
  return <Loaded query={useHealth()}>{(health) => <Report health={health} />}</Loaded>;
}

function Report({ health }: { health: Health }): ReactNode {
  const { t } = useWords();
  const { age, duration } = useUnits();
  return (
    <div className="stack">
      <p className={`notice ${KINDS[health.status]}`} role="status">
        {t(`health.${health.status}`)}
      </p>
      <Tiles
        tiles={[
          { label: t("health.version"), value: health.version },
          { label: t("health.uptime"), value: age(health.uptime) },
          { label: t("health.answers"), value: t(health.simulated ? "health.simulated" : "health.real") },
        ]}
      />
      <ul className="checks">
        {Object.entries(health.checks).map(([name, check]) => (
          <li key={name} className="figure">
            <h2>
              {name} <span className={`badge ${check.status}`}>{t(`health.check.${check.status}`)}</span>
            </h2>
            <p>{check.detail}</p>
            <p className="soft small">{t("health.latency", { time: duration(check.latency_ms / 1000) })}</p>
          </li>
        ))}
      </ul>
    </div>
  );
}

const KINDS = { ok: "", degraded: "warn", down: "danger" } as const;
