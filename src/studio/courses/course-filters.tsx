import { useId } from 'react';
import { Button } from '../ui/button.js';
import controls from '../ui/controls.module.css';
import { Select, TextField } from '../ui/field.js';
import { SearchIcon } from '../ui/icons.js';
import { words } from '../words.js';
import css from './courses.module.css';
import type { CourseFilterState } from './use-course-filter.js';

interface CourseFiltersProps extends Omit<CourseFilterState, 'variables'> {
  /** Whether the viewer can see courses that are not published. */
  readonly withStatus: boolean;
  /** Offered as choices. */
  readonly categories: readonly string[];
}

export function CourseFilters({ values, change, clear, isFiltered, withStatus, categories }: CourseFiltersProps) {
  const id = useId();
  return (
    <search className={css.filters}>
      <div className={css.search}>
        <SearchIcon />
        <input
          type="search"
          className={controls.input}
          aria-label={words.courses.search}
          placeholder={words.courses.search}
          value={values.search}
          maxLength={200}
          onChange={({ target }) => change({ search: target.value })}
        />
      </div>
      <div className={css.choices} role="group" aria-label={words.courses.filters}>
        {withStatus && (
          <Choice
            label={words.courses.status}
            options={words.status}
            value={values.status}
            onChange={(status) => change({ status })}
          />
        )}
        <Choice
          label={words.courses.level}
          options={words.levels}
          value={values.level}
          onChange={(level) => change({ level })}
        />
        <TextField
          label={words.courses.category}
          placeholder={words.courses.any}
          list={id}
          maxLength={100}
          value={values.category}
          onChange={({ target }) => change({ category: target.value })}
        />
        <datalist id={id}>
          {categories.map((category) => (
            <option key={category} value={category} />
          ))}
        </datalist>
        <Select
          label={words.courses.order}
          value={values.order || 'CREATED_AT_DESC'}
          onChange={({ target }) => change({ order: target.value === 'CREATED_AT_DESC' ? '' : target.value })}
        >
          {Object.entries(words.orders).map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </Select>
        {isFiltered && (
          <Button look="quiet" onClick={clear}>
            {words.courses.clear}
          </Button>
        )}
      </div>
    </search>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly options: Readonly<Record<string, string>>;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

function Choice({ label, options, value, onChange }: ChoiceProps) {
  return (
    <Select label={label} value={value} onChange={({ target }) => onChange(target.value)}>
      <option value="">{words.courses.any}</option>
      {Object.entries(options).map(([key, text]) => (
        <option key={key} value={key}>
          {text}
        </option>
      ))}
    </Select>
  );
}
