import type { ReactNode } from "react";
import { Button } from "@/components/button";
import { type Cell, csv } from "@/components/csv";
import { Icon } from "@/components/icon";
import { saveFile } from "@/components/save-file";
import { useWords } from "@/i18n";
import "@/styles/figures.css";

export interface Column<Row> {
  label: string;
  /** As people read it, where that is not its value. */
  text?(row: Row): ReactNode;
  /** As programs read it, for the CSV file. */
  value(row: Row): Cell;
  /** Numbers stand at the right. */
  numeric?: boolean;
  /** Long text, which may take several lines. */
  wrap?: boolean;
  /** Buttons: they stay in sight where the table scrolls. */
  actions?: boolean;
  /** A bar below the number: its share of the longest one, 0 to 1. */
  bar?(row: Row): number;
}

interface Props<Row> {
  /** What the table shows; read by screen readers. */
  caption: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  keyOf(row: Row): string;
}

/** A table that scrolls by itself where the window is narrow. */
export function Table<Row>({ caption, columns, rows, keyOf }: Props<Row>): ReactNode {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for what is filled in
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is scrolled with the keyboard too
    <div className="table-frame" role="group" tabIndex={0} aria-label={caption}>
      <table>
        <caption className="unseen">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.label} scope="col" className={column.numeric ? "numeric" : undefined}>
                {column.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map((column) => (
                <TableCell key={column.label} column={column} row={row} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function classOf<Row>({ numeric, wrap, actions }: Column<Row>): string | undefined {
  if (actions) return "actions";
  return numeric ? "numeric" : wrap ? "wrap" : undefined;
}

function TableCell<Row>({ column, row }: { column: Column<Row>; row: Row }): ReactNode {
  const content = column.text ? column.text(row) : column.value(row);
  return (
    <td className={classOf(column)}>
      {content ?? "–"}
      {column.bar && (
        <span className="table-bar" aria-hidden="true">
          <span style={{ width: `${Math.round(column.bar(row) * 100)}%` }} />
        </span>
      )}
    </td>
  );
}

interface CsvProps<Row> {
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  /** Of the file, without ".csv". */
  name: string;
}

/** Saves what a table shows as a CSV file. */
export function CsvButton<Row>({ columns, rows, name }: CsvProps<Row>): ReactNode {
  const { t } = useWords();
  const save = (): void => {
    const cells = rows.map((row) => columns.map((column) => column.value(row)));
    saveFile(csv([columns.map((column) => column.label), ...cells]), `${name}.csv`);
  };
  return (
    <Button kind="plain" className="csv small" onClick={save}>
      <Icon name="download" />
      {t("figure.csv")}
    </Button>
  );
}
