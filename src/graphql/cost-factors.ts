import { TypeInfo, visit, visitWithTypeInfo, type ASTNode, type DocumentNode, type GraphQLSchema } from 'graphql';

export type VariableValues = Readonly<Record<string, unknown>>;

/**
 * Returns a function that takes from the variables of a request what the cost of the document depends on: requests for
 * which it returns the same have the same cost. That is the value of each variable in a directive, as a page size, or in an
 * argument of a field that computes its own cost. Of the other variables, such as ids, it is whether they are given, and
 * whether they are null: an argument may have no usable value then.
 */
export function costFactorsOf(schema: GraphQLSchema, document: DocumentNode): (values: VariableValues) => unknown[] {
  const declared = new Set<string>();
  const counted = new Set<string>();
  const types = new TypeInfo(schema);
  visit(
    document,
    visitWithTypeInfo(types, {
      VariableDefinition: ({ variable }) => void declared.add(variable.name.value),
      Directive: (directive) => addVariables(directive, counted),
      Argument: (argument) => {
        const computesItsCost = typeof types.getFieldDef()?.extensions['complexity'] === 'function';
        if (computesItsCost || argument.name.value === 'first') addVariables(argument, counted);
      },
    }),
  );
  return (values) =>
    [...declared]
      .filter((name) => values[name] !== undefined)
      .map((name) => [name, counted.has(name) ? values[name] : values[name] === null]);
}

function addVariables(node: ASTNode, names: Set<string>): void {
  visit(node, { Variable: ({ name }) => void names.add(name.value) });
}
