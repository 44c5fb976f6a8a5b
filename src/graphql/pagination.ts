import { Field, Int, ObjectType, type ClassType } from 'type-graphql';
import { LecternError } from '../errors.js';

/** The page size when the client sends none. */
export const DEFAULT_PAGE_SIZE = 20;
/** The largest page size. A client that requests more gets this many items. */
export const MAX_PAGE_SIZE = 100;
/** Longer cursors are refused without decoding them, in characters. Ours are shorter. */
const MAX_CURSOR_LENGTH = 2_048;

@ObjectType({ description: 'The position of a page in its list (Relay Cursor Connections).', simpleResolvers: true })
export class PageInfo {
  @Field(() => Boolean, { description: 'Whether more items follow this page.' })
  hasNextPage!: boolean;

  @Field(() => Boolean, { description: 'True when the page was requested with `after`: there are items before it.' })
  hasPreviousPage!: boolean;

  @Field(() => String, { nullable: true, description: 'The cursor of the first item of the page.' })
  startCursor!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'The cursor of the last item. Send it as `after` to get the next page.',
  })
  endCursor!: string | null;
}

export interface Edge<T> {
  readonly node: T;
  readonly cursor: string;
}

export interface Connection<T> {
  readonly edges: readonly Edge<T>[];
  readonly nodes: readonly T[];
  readonly pageInfo: PageInfo;
  /** Counted only when the field is selected. */
  readonly totalCount: () => Promise<number>;
}

/** Declares `{Name}Connection` and `{Name}Edge` for a node class, and returns the connection's class. */
export function connectionType<T extends object>(name: string, node: () => ClassType<T>): ClassType<Connection<T>> {
  @ObjectType(`${name}Edge`, {
    description: `${articleOf(name)} ${name} in a list, with its cursor.`,
    simpleResolvers: true,
  })
  class EdgeType {
    @Field(node)
    node!: T;

    @Field(() => String, {
      description: 'Marks this place in the list. Give it as `after` to go on from here; do not take it apart.',
    })
    cursor!: string;
  }

  @ObjectType(`${name}Connection`, {
    description: `A page of a list of ${name.toLowerCase()}s.`,
    simpleResolvers: true,
  })
  class ConnectionType {
    @Field(() => [EdgeType])
    edges!: EdgeType[];

    @Field(() => [node()], { description: 'The items alone, for clients that need no cursors.' })
    nodes!: T[];

    @Field(() => PageInfo)
    pageInfo!: PageInfo;

    @Field(() => Int, {
      description: 'How many items the whole list has, of those that you may see. Counted only when you select it.',
    })
    totalCount!: () => Promise<number>;
  }
  return ConnectionType;
}

function articleOf(name: string): 'A' | 'An' {
  return /^[AEIOU]/.test(name) ? 'An' : 'A';
}

/** Returns the page size for `first`: at most MAX_PAGE_SIZE, the default when absent. Throws BAD_USER_INPUT below 0. */
export function pageSize(first: number | null | undefined): number {
  if (first === null || first === undefined) return DEFAULT_PAGE_SIZE;
  if (first < 0) throw new LecternError('BAD_USER_INPUT', 'first must not be negative.', { fields: ['first'] });
  return Math.min(first, MAX_PAGE_SIZE);
}

/** A cursor contains the sort values of its item, so it stays valid when items are added or deleted. */
export function encodeCursor(values: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(values)).toString('base64url');
}

/** Returns the values of a cursor. Throws BAD_USER_INPUT when they do not have the expected number and types. */
export function decodeCursor(cursor: string, types: readonly ('string' | 'number')[]): (string | number)[] {
  const values =
    cursor.length <= MAX_CURSOR_LENGTH ? parseJson(Buffer.from(cursor, 'base64url').toString()) : undefined;
  if (Array.isArray(values) && values.length === types.length && values.every((v, i) => typeof v === types[i])) {
    return values as (string | number)[];
  }
  throw notACursor();
}

export function notACursor(): LecternError {
  return new LecternError('BAD_USER_INPUT', 'after is not a cursor of this list.', { fields: ['after'] });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Makes a connection of the items of one page.
 * @param parts.found The items. One more than `size` was read, to find out whether there is a next page.
 */
export function connection<T>(parts: {
  readonly found: readonly T[];
  readonly size: number;
  readonly after: string | null | undefined;
  readonly cursorOf: (item: T) => string;
  readonly count: () => Promise<number>;
}): Connection<T> {
  const { found, size, after, cursorOf, count } = parts;
  const nodes = found.slice(0, size);
  const cursorOrNull = (item: T | undefined): string | null => (item === undefined ? null : cursorOf(item));
  return {
    nodes,
    // Getters, because most queries select no cursor.
    get edges() {
      return nodes.map((node) => ({ node, cursor: cursorOf(node) }));
    },
    totalCount: count,
    pageInfo: {
      hasNextPage: found.length > size,
      hasPreviousPage: after !== null && after !== undefined,
      get startCursor() {
        return cursorOrNull(nodes[0]);
      },
      get endCursor() {
        return cursorOrNull(nodes.at(-1));
      },
    },
  };
}
