import { type ReactNode, useId } from "react";
import { type Column, CsvButton, Table } from "@/components/table";
import { useWords } from "@/i18n";
import "@/styles/figures.css";

interface Props<Row> {
  title: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  keyOf(row: Row): string;
  /** Of the CSV file, without ".csv". */
  name: string;
  /** What is said where there are no rows. */
  empty?: string;
  /** What can be done with a row: a last column, which is not in the file. */
  actions?: Pick<Column<Row>, "label"> & { of(row: Row): ReactNode };
}

/** A table with its heading and its CSV file. */
export function TableFigure<Row>({ title, columns, rows, keyOf, name, empty, actions }: Props<Row>): ReactNode {
  const { t } = useWords();
  const id = useId();
  const last = actions && { label: actions.label, value: () => null, text: actions.of, actions: true };
  const shown = last ? [...columns, last] : columns;
  return (
    <section className="figure" aria-labelledby={id}>
      <div className="row">
        <h2 id={id} className="grow">
          {title}
        </h2>
        {rows.length > 0 && <CsvButton columns={columns} rows={rows} name={name} />}
      </div>
      {rows.length === 0 ? (
        <p className="soft">{empty ?? t("figure.none")}</p>
      ) : (
        <Table caption={title} columns={shown} rows={rows} keyOf={keyOf} />
      )}
    </section>
  );
}
