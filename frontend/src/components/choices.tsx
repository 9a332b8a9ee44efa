import { type ReactNode, useId } from "react";
import "@/styles/figures.css";

interface Props<Value extends string> {
  label: string;
  choices: readonly { value: Value; label: string }[];
  chosen: Value;
  onChoose(value: NoInfer<Value>): void;
}

/** One of a few, all of them in sight. */
export function Choices<Value extends string>({ label, choices, chosen, onChoose }: Props<Value>): ReactNode {
  const name = useId();
  return (
    <fieldset className="segments">
      <legend className="unseen">{label}</legend>
      {choices.map((choice) => (
        <label key={choice.value}>
          <input
            type="radio"
            className="unseen"
            name={name}
            checked={choice.value === chosen}
            onChange={() => onChoose(choice.value)}
          />
          {choice.label}
        </label>
      ))}
    </fieldset>
  );
}
