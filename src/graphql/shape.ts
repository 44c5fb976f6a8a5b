import { Kind, type DirectiveNode, type DocumentNode, type SelectionNode, type SelectionSetNode } from 'graphql';

/** The size of a document, computed from its text without the schema, in time proportional to its length. */
export interface Shape {
  /** The number of aliases in the document. */
  readonly aliases: number;
  /** The number of directives in the document. */
  readonly directives: number;
  /** The number of repetitions of fields, fragments and directives at the same place. */
  readonly duplicates: number;
  /** The levels of nested fields in the deepest operation, with fragments expanded. */
  readonly depth: number;
  /** The number of fields and fragments in all operations, with fragments expanded: each use of a fragment counts. */
  readonly selections: number;
}

/** The size of a selection set with its fragments expanded. */
interface Extent {
  readonly depth: number;
  readonly selections: number;
}

const NOTHING: Extent = { depth: 0, selections: 0 };
/** The use of a fragment, without the fields in it. */
const ONE: Extent = { depth: 0, selections: 1 };

/** Measures a document. A fragment is measured once, however often it is used. A use of it within itself counts as 0. */
export function shapeOf(document: DocumentNode): Shape {
  return new ShapeOfDocument(document).measure();
}

class ShapeOfDocument {
  private aliases = 0;
  private directives = 0;
  private duplicates = 0;
  private readonly fragments: ReadonlyMap<string, SelectionSetNode>;
  /** The sizes of fragments by name. A fragment that is being measured has size 0, so that cycles end. */
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
        // Unused fragments are measured too, because validation reads them.
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

  /** @param seen The names at this place. Passed to inline fragments, whose fields are at the same place. */
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

/** The name of a selection in the result. */
function nameOf(selection: Exclude<SelectionNode, { kind: Kind.INLINE_FRAGMENT }>): string {
  if (selection.kind === Kind.FRAGMENT_SPREAD) return `...${selection.name.value}`;
  return (selection.alias ?? selection.name).value;
}

function beside(a: Extent, b: Extent): Extent {
  return { depth: Math.max(a.depth, b.depth), selections: a.selections + b.selections };
}
