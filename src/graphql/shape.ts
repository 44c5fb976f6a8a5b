import { Kind, type DirectiveNode, type DocumentNode, type SelectionNode, type SelectionSetNode } from 'graphql';

/** How much of a document there is, by its text alone: no schema is asked, and the work grows with its length only. */
export interface Shape {
  /** Aliases in all of the document. */
  readonly aliases: number;
  /** Directives in all of the document. */
  readonly directives: number;
  /** Fields, fragments and directives that are asked for again at the same place. */
  readonly duplicates: number;
  /** Levels of fields within fields, fragments spread out, in the deepest operation. */
  readonly depth: number;
  /** Fields and fragments of all operations, spread out: what stands in a fragment that is spread twice counts twice. */
  readonly selections: number;
}

/** What a selection set comes to when its fragments are spread out. */
interface Extent {
  readonly depth: number;
  readonly selections: number;
}

const NOTHING: Extent = { depth: 0, selections: 0 };
/** A fragment by itself, without what it holds. */
const ONE: Extent = { depth: 0, selections: 1 };

/** Measures a document. A fragment is measured once, however often it is spread; one within itself counts as nothing. */
export function shapeOf(document: DocumentNode): Shape {
  return new ShapeOfDocument(document).measure();
}

class ShapeOfDocument {
  private aliases = 0;
  private directives = 0;
  private duplicates = 0;
  private readonly fragments: ReadonlyMap<string, SelectionSetNode>;
  /** By name; a fragment that is being measured is in it as nothing, which ends a circle. */
  private readonly measured = new Map<string, Extent>();

  constructor(private readonly document: DocumentNode) {
    const fragments = document.definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
    this.fragments = new Map(fragments.map((fragment) => [fragment.name.value, fragment.selectionSet]));
  }

  measure(): Shape {
    let all = NOTHING;
    for (const definition of this.document.definitions) {
      if (definition.kind === Kind.FRAGMENT_DEFINITION) {
        this.countDirectives(definition.directives);
        // Also one that nobody spreads: validation will read it.
        this.extentOfFragment(definition.name.value);
      } else if (definition.kind === Kind.OPERATION_DEFINITION) {
        this.countDirectives(definition.directives);
        for (const variable of definition.variableDefinitions ?? []) this.countDirectives(variable.directives);
        all = beside(all, this.extentOf(definition.selectionSet));
      }
    }
    const { aliases, directives, duplicates } = this;
    return { aliases, directives, duplicates, ...all };
  }

  private extentOf(selectionSet: SelectionSetNode | undefined): Extent {
    return selectionSet ? this.extentOfSelections(selectionSet, '', new Set()) : NOTHING;
  }

  /** Inline fragments are parts of the selection set that they stand in, so `seen` goes into them. */
  private extentOfSelections({ selections }: SelectionSetNode, condition: string, seen: Set<string>): Extent {
    let all = NOTHING;
    for (const selection of selections) {
      this.countDirectives(selection.directives);
      if (selection.kind === Kind.INLINE_FRAGMENT) {
        const narrowed = selection.typeCondition?.name.value ?? condition;
        all = beside(all, beside(ONE, this.extentOfSelections(selection.selectionSet, narrowed, seen)));
        continue;
      }
      const name = `${condition} ${nameOf(selection)}`;
      if (seen.has(name)) this.duplicates++;
      seen.add(name);
      if (selection.kind === Kind.FIELD) {
        if (selection.alias) this.aliases++;
        const { depth, selections: within } = this.extentOf(selection.selectionSet);
        all = beside(all, { depth: depth + 1, selections: within + 1 });
      } else {
        all = beside(all, beside(ONE, this.extentOfFragment(selection.name.value)));
      }
    }
    return all;
  }

  private extentOfFragment(name: string): Extent {
    const known = this.measured.get(name);
    if (known) return known;
    this.measured.set(name, NOTHING);
    const extent = this.extentOf(this.fragments.get(name));
    this.measured.set(name, extent);
    return extent;
  }

  private countDirectives(directives: readonly DirectiveNode[] | undefined): void {
    if (!directives) return;
    this.directives += directives.length;
    this.duplicates += directives.length - new Set(directives.map(({ name }) => name.value)).size;
  }
}

/** Under which name a selection comes into its result. */
function nameOf(selection: Exclude<SelectionNode, { kind: Kind.INLINE_FRAGMENT }>): string {
  if (selection.kind === Kind.FRAGMENT_SPREAD) return `...${selection.name.value}`;
  return (selection.alias ?? selection.name).value;
}

function beside(a: Extent, b: Extent): Extent {
  return { depth: Math.max(a.depth, b.depth), selections: a.selections + b.selections };
}
