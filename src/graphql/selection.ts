import {
  getNamedType,
  isObjectType,
  Kind,
  type FieldNode,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
} from 'graphql';
import { Extensions } from 'type-graphql';

/** In the extensions of a field of the schema: the paths of the fields of its record that its resolver reads. */
const READS = 'reads';

type Parent = Pick<FieldNode, 'selectionSet'>;

/**
 * Declares which fields of its record the resolver of a field reads, as paths, such as `file.contentType`. A list then
 * reads from the database only what the query needs. A field without a resolver reads the field of the same name. A
 * resolver that does not declare what it reads gets whole records.
 */
export function Reads(...paths: readonly string[]): MethodDecorator & PropertyDecorator {
  return Extensions({ [READS]: paths });
}

/**
 * Returns the paths of the fields that the query needs of the items of a connection. Returns undefined when it needs
 * whole items. Call it in the resolver of the connection.
 */
export function pathsOfItems(info: GraphQLResolveInfo): readonly string[] | undefined {
  const type = itemType(info);
  const paths = new Set<string>();
  for (const { name } of itemFields(info)) {
    const field = type.getFields()[name.value];
    // `__typename` is not a field of the type.
    if (!field) continue;
    const reads = field.resolve ? (field.extensions[READS] as readonly string[] | undefined) : [name.value];
    if (!reads) return undefined;
    for (const path of reads) paths.add(path);
  }
  return [...paths];
}

function itemType({ returnType }: GraphQLResolveInfo): GraphQLObjectType {
  const connection = getNamedType(returnType);
  const item = isObjectType(connection) ? getNamedType(connection.getFields()['nodes']?.type) : undefined;
  if (!isObjectType(item)) throw new TypeError(`${returnType.toString()} is not a connection.`);
  return item;
}

/** The fields of the items that a query selects, in `nodes` and in `edges { node }`. */
function itemFields(info: GraphQLResolveInfo): FieldNode[] {
  const named = (parents: readonly Parent[], name: string): FieldNode[] =>
    selectedIn(info, parents).filter((field) => field.name.value === name);
  const nodes = named(info.fieldNodes, 'nodes');
  const nodesOfEdges = named(named(info.fieldNodes, 'edges'), 'node');
  return selectedIn(info, [...nodes, ...nodesOfEdges]);
}

/**
 * The fields selected in these parents, also by fragments. `@skip` and `@include` are not evaluated. The conditions of
 * fragments are not either: in a valid query they hold, because the schema has neither interfaces nor unions.
 */
function selectedIn(info: GraphQLResolveInfo, parents: readonly Parent[]): FieldNode[] {
  const selections = parents.flatMap(({ selectionSet }) => selectionSet?.selections ?? []);
  return selections.flatMap((selection) => {
    if (selection.kind === Kind.FIELD) return [selection];
    const isSpread = selection.kind === Kind.FRAGMENT_SPREAD;
    const fragment: Parent | undefined = isSpread ? info.fragments[selection.name.value] : selection;
    return fragment ? selectedIn(info, [fragment]) : [];
  });
}
