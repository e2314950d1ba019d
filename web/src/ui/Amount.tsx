// Amounts on the screen, in the unit that the user chose.
import { t } from "../i18n/en";
import { formatSats, type Unit } from "../lib/sats";
import { setUnit, useUnit } from "./unit";

// amountText is an amount with its unit, for sentences.
export const amountText = (sats: bigint, unit: Unit): string => `${formatSats(sats, unit)} ${t.unit[unit]}`;

export const useAmountText = (): ((sats: bigint) => string) => {
  const unit = useUnit();
  return (sats) => amountText(sats, unit);
};

export function Amount({ sats, bare }: { sats: bigint; bare?: boolean }) {
  const unit = useUnit();
  return (
    <data className="amount" value={sats.toString()}>
      {formatSats(sats, unit)}
      {!bare && <span className="unit"> {t.unit[unit]}</span>}
    </data>
  );
}

export function UnitSwitch() {
  const unit = useUnit();
  return (
    <fieldset className="segments">
      <legend className="hidden">{t.unit.label}</legend>
      {(["sats", "btc"] as const).map((name) => (
        <label key={name}>
          <input type="radio" name="unit" checked={unit === name} onChange={() => setUnit(name)} />
          <span>{t.unit[name]}</span>
        </label>
      ))}
    </fieldset>
  );
}
