// Search, filter and sort of the list.
import { t } from "../../i18n/en";
import { formatCount } from "../../lib/sats";
import { FILTERS, SORTS, type Filter, type Sort } from "./filter";

interface Props {
  search: string;
  setSearch: (text: string) => void;
  filter: Filter;
  setFilter: (filter: Filter) => void;
  sort: Sort;
  setSort: (sort: Sort) => void;
  counts: Record<Filter, number>;
  // More keys are on the server than are counted here.
  partial: boolean;
}

export function KeysBar({ search, setSearch, filter, setFilter, sort, setSort, counts, partial }: Props) {
  return (
    <div className="bar" role="search">
      <input
        type="search"
        className="search"
        aria-label={t.keys.search}
        placeholder={t.keys.search}
        value={search}
        onInput={(e) => setSearch(e.currentTarget.value)}
      />
      <fieldset className="chips">
        <legend className="hidden">{t.keys.filterLabel}</legend>
        {FILTERS.filter((name) => name === "all" || partial || counts[name] > 0 || name === filter).map((name) => (
          <label key={name} className={`chip ${name}`}>
            <input type="radio" name="filter" checked={filter === name} onChange={() => setFilter(name)} />
            <span>
              {t.keys.filters[name]}{" "}
              <b>{formatCount(counts[name], partial)}</b>
            </span>
          </label>
        ))}
      </fieldset>
      <label className="sort">
        <span>{t.keys.sort}</span>
        <select value={sort} onChange={(e) => setSort(e.currentTarget.value as Sort)}>
          {SORTS.map((name) => (
            <option key={name} value={name}>
              {t.keys.sorts[name]}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}
