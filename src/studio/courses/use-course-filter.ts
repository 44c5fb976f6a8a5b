import { useDeferredValue, useEffect, useState } from 'react';
import { useSearchParams } from 'wouter';
import type { CourseFilter, CourseLevel, CourseOrder, CourseStatus, CoursesQueryVariables } from '../gql/graphql.js';
import { words } from '../words.js';

/** What the list is filtered and ordered by, as text of the address. An empty text is no condition. */
export interface FilterValues {
  readonly search: string;
  readonly status: string;
  readonly level: string;
  readonly category: string;
  readonly order: string;
}

export interface CourseFilterState {
  readonly values: FilterValues;
  readonly change: (values: Partial<FilterValues>) => void;
  readonly clear: () => void;
  readonly isFiltered: boolean;
  readonly variables: CoursesQueryVariables;
}

const NAMES = ['search', 'status', 'level', 'category', 'order'] as const;
const NONE: FilterValues = { search: '', status: '', level: '', category: '', order: '' };
/** A search begins when nothing was typed for so long, in milliseconds. */
const TYPING = 200;

/** The filter stands in the address, so that it survives a reload and can be sent to someone. */
export function useCourseFilter(): CourseFilterState {
  const [params, setParams] = useSearchParams();
  const values = { ...NONE };
  for (const name of NAMES) values[name] = params.get(name) ?? '';
  const change = (changed: Partial<FilterValues>): void =>
    setParams(
      (before) => {
        for (const [name, value] of Object.entries(changed)) {
          if (value === '') before.delete(name);
          else before.set(name, value);
        }
        return before;
      },
      { replace: true },
    );
  const { search, status, level, category } = values;
  const settled = { ...values, ...useSettled({ search, category }) };
  return {
    values,
    change,
    clear: () => change(NONE),
    isFiltered: [search, status, level, category].some((value) => value !== ''),
    variables: useDeferredValue(variablesOf(settled)),
  };
}

function variablesOf({ search, status, level, category, order }: FilterValues): CoursesQueryVariables {
  const filter: CourseFilter = {
    ...(search.trim() !== '' && { search: search.trim() }),
    ...(status in words.status && { status: status as CourseStatus }),
    ...(level in words.levels && { level: level as CourseLevel }),
    ...(category.trim() !== '' && { category: category.trim() }),
  };
  return {
    ...(Object.keys(filter).length > 0 && { filter }),
    orderBy: order in words.orders ? (order as CourseOrder) : 'CREATED_AT_DESC',
  };
}

type Typed = Pick<FilterValues, 'search' | 'category'>;

/** The texts as they were when the person stopped typing. */
function useSettled({ search, category }: Typed): Typed {
  const [settled, setSettled] = useState<Typed>({ search, category });
  useEffect(() => {
    const timer = setTimeout(() => setSettled({ search, category }), TYPING);
    return () => clearTimeout(timer);
  }, [search, category]);
  return settled;
}
