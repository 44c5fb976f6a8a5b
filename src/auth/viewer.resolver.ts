import { Ctx, Field, ID, ObjectType, Query, registerEnumType, Resolver } from 'type-graphql';
import { Role, type Viewer } from './viewer.js';

registerEnumType(Role, { name: 'Role', description: 'The role of a signed-in viewer.' });

@ObjectType('Viewer', { description: 'The person or program that sends the request.', simpleResolvers: true })
class ViewerType implements Viewer {
  @Field(() => ID, { description: 'The `sub` of the token.' })
  id!: string;

  @Field(() => Role)
  role!: Role;
}

@Resolver()
export class ViewerResolver {
  @Query(() => ViewerType, { nullable: true, description: 'You, or null without a token.' })
  viewer(@Ctx() context: { readonly viewer: Viewer | null }): Viewer | null {
    return context.viewer;
  }
}
